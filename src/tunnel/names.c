/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/names.h"

#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/wire.h"
#include "tunnel/legacy.h"

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

enum { DRAWN = 3 /* numbers that a name is made of */ };

/* docs/protocol/keystore.md: the same seed must make the same name for ever. */
static void make(const uint8_t *seed, char *out)
{
    struct wire_reader r;
    wire_read_init(&r, seed, DRAWN * sizeof(uint32_t));
    const char *adjective = adjectives[wire_read_be32(&r) % COUNT(adjectives)];
    const char *noun = nouns[wire_read_be32(&r) % COUNT(nouns)];
    snprintf(out, NAMES_SIZE, "%s-%s-%u", adjective, noun, 100 + wire_read_be32(&r) % 900);
}

void names_make(const struct rng *rng, char *out)
{
    uint8_t seed[DRAWN * sizeof(uint32_t)];
    rng->fill(rng->arg, seed, sizeof(seed));
    make(seed, out);
}

static int derive(struct keystore *keys, const char *target, char *out, struct beam_why *why)
{
    uint8_t seed[DERIVE_SEED_SIZE];
    int err = keystore_seed(keys, DERIVE_LABEL, target, strlen(target), seed, why);
    if (err < 0)
        return err;
    make(seed, out);
    sodium_memzero(seed, sizeof(seed));
    return 0;
}

int names_for(struct keystore *keys, const char *target, char *out, struct beam_why *why)
{
    const uint8_t *name;
    size_t len;
    int err = legacy_move(keys, why);
    if (err < 0)
        return err;
    err = keystore_entry(keys, DERIVE_LABEL, target, strlen(target), &name, &len, why);
    if (err == BEAM_ENOTFOUND)
        return derive(keys, target, out, why);
    if (err < 0)
        return err;
    char text[NAMES_SIZE] = "";
    if (len < sizeof(text))
        memcpy(text, name, len);
    if (!text_label_valid(text))
        return beam_why(why, BEAM_EINVAL, "key store: the name that it has for %s is none", target);
    memcpy(out, text, sizeof(text));
    return 0;
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
