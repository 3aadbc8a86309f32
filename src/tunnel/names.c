/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/names.h"

#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

enum {
    NAMES_FILE_MAX = 1024 * 1024, /* bytes; some ten thousand targets */
    NAMES_TRIES = 64              /* fresh names made before all are taken to be in use */
};

static const char *const adjectives[] = {
    "agile",  "amber", "balmy",  "bold",  "brave",  "brisk", "calm",   "clear",  "cosy",  "crisp",
    "dapper", "deft",  "eager",  "early", "fair",   "fleet", "fond",   "fresh",  "glad",  "golden",
    "grand",  "happy", "hardy",  "keen",  "kind",   "light", "lively", "lucid",  "lucky", "merry",
    "mild",   "misty", "modest", "neat",  "nimble", "noble", "open",   "plain",  "polar", "proud",
    "quick",  "quiet", "rapid",  "ready", "round",  "royal", "rustic", "silver", "sleek", "snug",
    "solar",  "spry",  "steady", "still", "stout",  "sunny", "swift",  "tidy",   "vivid", "warm",
    "wide",   "wise",  "witty",  "young",
};

static const char *const nouns[] = {
    "acorn",  "anchor",  "arch",   "aspen",  "badger", "beacon",  "beam",    "birch",
    "brook",  "cedar",   "cliff",  "clover", "comet",  "coral",   "crane",   "creek",
    "dawn",   "delta",   "dune",   "falcon", "fern",   "finch",   "fjord",   "forest",
    "garden", "grove",   "harbor", "hazel",  "heron",  "hill",    "island",  "ivy",
    "lagoon", "lantern", "lark",   "ledge",  "maple",  "marsh",   "meadow",  "moss",
    "oak",    "orchard", "otter",  "pebble", "pine",   "pond",    "prairie", "quartz",
    "reef",   "ridge",   "river",  "robin",  "sail",   "sparrow", "spruce",  "star",
    "summit", "thistle", "tide",   "valley", "violet", "wave",    "willow",  "wren",
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void make(const struct rng *rng, char *out)
{
    const char *adjective = adjectives[rng_below(rng, COUNT(adjectives))];
    const char *noun = nouns[rng_below(rng, COUNT(nouns))];
    snprintf(out, NAMES_SIZE, "%s-%s-%u", adjective, noun, 100 + rng_below(rng, 900));
}

/* A whole map from target to name, every name one of ours: else the file is not what we wrote. */
static bool well_formed(const cJSON *map)
{
    const cJSON *item;
    if (!cJSON_IsObject(map))
        return false;
    cJSON_ArrayForEach(item, map)
    {
        if (!cJSON_IsString(item) || !text_label_valid(item->valuestring))
            return false;
    }
    return true;
}

static int load(const char *path, cJSON **out, struct beam_why *why)
{
    char *text = NULL;
    size_t len = 0;
    int err = file_read(path, NAMES_FILE_MAX, &text, &len);
    if (err == BEAM_ENOTFOUND) {
        cJSON *empty = cJSON_CreateObject();
        if (!empty)
            return beam_why(why, BEAM_ENOMEM, "%s: out of memory", path);
        *out = empty;
        return 0;
    }
    if (err < 0)
        return beam_why(why, err, "%s: cannot be read: %s", path, beam_err_text(err));

    const char *end = NULL;
    cJSON *map = cJSON_ParseWithLengthOpts(text, len + 1, &end, 1);
    free(text);
    if (!well_formed(map)) {
        cJSON_Delete(map);
        return beam_why(why, BEAM_EINVAL,
                        "%s: not the list of names that beam wrote (mend it, or move it away and "
                        "new names are made)",
                        path);
    }
    *out = map;
    return 0;
}

static int save(const char *path, const cJSON *map, struct beam_why *why)
{
    char *text = cJSON_Print(map);
    if (!text)
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", path);
    size_t len = strlen(text);
    text[len] = '\n'; /* in place of the NUL: the file is text */
    int err = len + 1 > NAMES_FILE_MAX ? BEAM_ELIMIT : file_write(path, 0600, text, len + 1);
    cJSON_free(text);
    if (err < 0)
        return beam_why(why, err, "%s: cannot be written: %s", path, beam_err_text(err));
    return 0;
}

static bool taken(const cJSON *map, const char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, map)
    {
        if (strcmp(item->valuestring, name) == 0)
            return true;
    }
    return false;
}

static int make_free(const struct rng *rng, const cJSON *map, char *out, struct beam_why *why)
{
    for (int i = 0; i < NAMES_TRIES; i++) {
        make(rng, out);
        if (!taken(map, out))
            return 0;
    }
    return beam_why(why, BEAM_ELIMIT, "name: no free one was found (choose one with --name)");
}

/* Where the name of `target` is kept, it is found; else one is made and kept. */
static int find_or_make(const char *path, const struct rng *rng, const char *target, char *out,
                        struct beam_why *why)
{
    cJSON *map = NULL;
    char name[NAMES_SIZE];
    int err = load(path, &map, why);
    if (err < 0)
        return err;

    const cJSON *kept = cJSON_GetObjectItemCaseSensitive(map, target);
    if (kept) {
        snprintf(name, sizeof(name), "%s", kept->valuestring);
        goto out;
    }
    err = make_free(rng, map, name, why);
    if (err < 0)
        goto out;
    if (!cJSON_AddStringToObject(map, target, name)) {
        err = beam_why(why, BEAM_ENOMEM, "%s: out of memory", path);
        goto out;
    }
    err = save(path, map, why);
out:
    cJSON_Delete(map);
    if (!err)
        memcpy(out, name, sizeof(name));
    return err;
}

int names_for(const char *data_dir, const struct rng *rng, const char *target, bool ephemeral,
              char *out, struct beam_why *why)
{
    if (ephemeral) {
        make(rng, out);
        return 0;
    }
    char *path = file_join(data_dir, "names.json");
    if (!path)
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", data_dir);
    int err = find_or_make(path, rng, target, out, why);
    free(path);
    return err;
}

int names_check(const char *name, struct beam_why *why)
{
    char shown[100];
    if (text_label_valid(name))
        return 0;
    text_escape(name, strlen(name), shown, sizeof(shown));
    return beam_why(why, BEAM_EINVAL,
                    "name %s: a name is 1 to 63 of the characters a-z, 0-9 and -, and neither "
                    "begins nor ends with - (as in swift-beam-456)",
                    shown[0] ? shown : "\"\"");
}
