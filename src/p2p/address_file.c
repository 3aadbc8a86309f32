/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/address_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

static const char first[] = "beam-peers 1 ";
static const char *const words[] = {
    [ADDRESS_TOLD] = "told",
    [ADDRESS_SAID] = "said",
    [ADDRESS_SIGNED] = "signed",
    [ADDRESS_PROVEN] = "proven",
};
enum { WORDS = sizeof(words) / sizeof(words[0]) };

/* ---- reading -------------------------------------------------------------------------------- */

struct view {
    const char *at;
    size_t len;
};

/* What is before the next `end`, which is taken with it; all of it where there is none. */
static struct view take(struct view *from, char end)
{
    const char *found = from->len > 0 ? memchr(from->at, end, from->len) : NULL;
    struct view taken = {from->at, found ? (size_t)(found - from->at) : from->len};
    size_t gone = taken.len + (found != NULL);
    from->at += gone;
    from->len -= gone;
    return taken;
}

static bool read_word(struct view text, enum address_word *out)
{
    for (size_t i = 0; i < WORDS; i++) {
        if (strlen(words[i]) == text.len && memcmp(words[i], text.at, text.len) == 0) {
            *out = (enum address_word)i;
            return true;
        }
    }
    return false;
}

static bool read_row(struct view line, struct address_file_row *out)
{
    struct view peer = take(&line, ' '), word = take(&line, ' '), until = take(&line, ' ');
    struct peer_id named;
    return peer_id_parse(peer.at, peer.len, &out->peer, NULL) == 0 && read_word(word, &out->word) &&
           text_number(until.at, until.len, INT64_MAX, &out->until) == 0 &&
           multiaddr_parse(line.at, line.len, &out->addr, NULL) == 0 &&
           multiaddr_peer(&out->addr, &named) < 0;
}

static int read_first(struct view line, const struct peer_id *owner)
{
    struct peer_id id;
    size_t len = sizeof(first) - 1;
    if (line.len <= len || memcmp(line.at, first, len) != 0 ||
        peer_id_parse(line.at + len, line.len - len, &id, NULL) < 0)
        return BEAM_EINVAL;
    return peer_id_equal(&id, owner) ? 0 : BEAM_EAUTH;
}

int address_file_read(const char *text, size_t len, const struct peer_id *owner,
                      struct address_file *out)
{
    struct view rest = {text, len};
    int err = read_first(take(&rest, '\n'), owner);
    if (err < 0)
        return err;
    out->n = 0;
    while (rest.len > 0 && out->n < ADDRESS_FILE_ROWS) {
        struct view line = take(&rest, '\n');
        if (line.len < ADDRESS_FILE_LINE && read_row(line, &out->rows[out->n]))
            out->n++;
    }
    return 0;
}

int address_file_load(const char *path, const struct peer_id *owner, struct address_file *out,
                      struct beam_why *why)
{
    char *text;
    size_t len;
    int err = file_check_mode(path, 0600, why);
    if (err < 0)
        return err;
    err = file_read(path, ADDRESS_FILE_MAX, &text, &len);
    if (err < 0)
        return beam_why(why, err, "%s: %s", path, beam_err_text(err));
    err = address_file_read(text, len, owner, out);
    free(text);
    if (err == BEAM_EAUTH)
        return beam_why(why, err, "%s: the peers in it are those of another identity", path);
    return err < 0 ? beam_why(why, err, "%s: no list of peers", path) : 0;
}

/* ---- writing -------------------------------------------------------------------------------- */

size_t address_file_write(const struct address_file *f, const struct peer_id *owner, char *out)
{
    char id[PEER_ID_TEXT_SIZE];
    size_t len;
    peer_id_text(owner, id);
    len = (size_t)snprintf(out, ADDRESS_FILE_LINE, "%s%s\n", first, id);
    for (size_t i = 0; i < f->n; i++) {
        const struct address_file_row *row = &f->rows[i];
        char addr[MULTIADDR_TEXT_SIZE], line[ADDRESS_FILE_LINE];
        peer_id_text(&row->peer, id);
        multiaddr_text(&row->addr, addr);
        int n = snprintf(line, sizeof(line), "%s %s %llu %s\n", id, words[row->word],
                         (unsigned long long)row->until, addr);
        if (n < 0 || n >= (int)sizeof(line))
            continue;
        memcpy(out + len, line, (size_t)n);
        len += (size_t)n;
    }
    return len;
}

int address_file_save(const char *path, const struct peer_id *owner, const struct address_file *f,
                      struct beam_why *why)
{
    char *text = malloc(ADDRESS_FILE_MAX);
    if (!text)
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", path);
    int err = file_write(path, 0600, text, address_file_write(f, owner, text));
    free(text);
    return err < 0 ? beam_why(why, err, "%s: %s", path, beam_err_text(err)) : 0;
}
