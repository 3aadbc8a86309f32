/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/pins.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "relay/where.h"

enum { FILE_MAX = 256 * 1024, LINE_MAX_SIZE = WHERE_TEXT_SIZE + PEER_ID_TEXT_SIZE };

static int load(const char *path, char **out, size_t *len, struct beam_why *why)
{
    int err = file_check_mode(path, 0600, why);
    if (err < 0)
        return err;
    err = file_read(path, FILE_MAX, out, len);
    return err < 0 ? beam_why(why, err, "%s: %s", path, beam_err_text(err)) : 0;
}

/* The line of that relay: what stands behind the blank, and how long that is; or NULL. */
static const char *line_of(const char *text, const char *relay, size_t *len)
{
    size_t n = strlen(relay);
    while (*text) {
        size_t line = strcspn(text, "\n");
        if (line > n + 1 && memcmp(text, relay, n) == 0 && text[n] == ' ') {
            *len = line - n - 1;
            return text + n + 1;
        }
        text += line + (text[line] == '\n');
    }
    return NULL;
}

int pins_find(const char *path, const char *relay, struct peer_id *out, struct beam_why *why)
{
    char *text;
    size_t len;
    int err = load(path, &text, &len, why);
    if (err < 0)
        return err;
    const char *id = line_of(text, relay, &len);
    if (!id)
        err = beam_why(why, BEAM_ENOTFOUND, "%s: %s is not in it", path, relay);
    else if (peer_id_parse(id, len, out, NULL) < 0)
        err = beam_why(why, BEAM_EINVAL, "%s: %s has no peer id behind it (remove the line)", path,
                       relay);
    free(text);
    return err;
}

/* The old text and one line more. */
static int write_more(const char *path, const char *text, size_t len, const char *relay,
                      const struct peer_id *peer)
{
    char id[PEER_ID_TEXT_SIZE], line[LINE_MAX_SIZE];
    peer_id_text(peer, id);
    int n = snprintf(line, sizeof(line), "%s %s\n", relay, id);
    if (n < 0 || (size_t)n >= sizeof(line) || len + (size_t)n > FILE_MAX)
        return BEAM_ELIMIT;
    char *whole = malloc(len + (size_t)n);
    if (!whole)
        return BEAM_ENOMEM;
    memcpy(whole, text, len);
    memcpy(whole + len, line, (size_t)n);
    int err = file_write(path, 0600, whole, len + (size_t)n);
    free(whole);
    return err;
}

int pins_add(const char *path, const char *relay, const struct peer_id *peer, struct beam_why *why)
{
    char *text = NULL, *folder = strdup(path);
    size_t len = 0, found;
    if (!folder)
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", path);
    *strrchr(folder, '/') = '\0';
    int err = file_private_dir(folder, why);
    free(folder);
    if (err == 0)
        err = load(path, &text, &len, why);
    if (err < 0 && err != BEAM_ENOTFOUND)
        return err;
    if (text && line_of(text, relay, &found))
        err = 0;
    else
        err = write_more(path, text ? text : "", len, relay, peer);
    free(text);
    return err < 0 ? beam_why(why, err, "%s: %s", path, beam_err_text(err)) : 0;
}
