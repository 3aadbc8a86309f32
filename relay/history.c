/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

enum { LINE_MAX_SIZE = PEER_ID_TEXT_SIZE + 3 * 12, COUNT_MAX = 1000000, OLD = 64 };

static bool read_number(const char **at, const char *end, uint32_t *out)
{
    uint64_t value;
    if (*at == end || **at != ' ')
        return false;
    const char *start = *at + 1;
    size_t len = 0;
    while (start + len < end && start[len] != ' ')
        len++;
    if (text_number(start, len, COUNT_MAX, &value) < 0)
        return false;
    *out = (uint32_t)value;
    *at = start + len;
    return true;
}

static bool read_line(const char *at, size_t len, struct history_row *out)
{
    const char *end = at + len, *blank = memchr(at, ' ', len);
    if (!blank || peer_id_parse(at, (size_t)(blank - at), &out->peer, NULL) < 0)
        return false;
    return read_number(&blank, end, &out->seen.served) &&
           read_number(&blank, end, &out->seen.failed) && read_number(&blank, end, &out->seen.ms) &&
           blank == end;
}

int history_load(struct history *h, const char *path, struct beam_why *why)
{
    char *text;
    size_t len;
    h->n = 0;
    int err = file_check_mode(path, 0600, why);
    if (err < 0)
        return err;
    err = file_read(path, (size_t)HISTORY_MAX * LINE_MAX_SIZE, &text, &len);
    if (err < 0)
        return beam_why(why, err, "%s: %s", path, beam_err_text(err));
    for (const char *at = text; *at && h->n < HISTORY_MAX;) {
        size_t line = strcspn(at, "\n");
        if (read_line(at, line, &h->rows[h->n]))
            h->n++;
        at += line + (at[line] == '\n');
    }
    free(text);
    return 0;
}

int history_save(const struct history *h, const char *path, struct beam_why *why)
{
    char *text = malloc((size_t)HISTORY_MAX * LINE_MAX_SIZE);
    size_t len = 0;
    if (!text)
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", path);
    for (size_t i = 0; i < h->n; i++) {
        char id[PEER_ID_TEXT_SIZE];
        const struct pick_history *s = &h->rows[i].seen;
        peer_id_text(&h->rows[i].peer, id);
        int n =
            snprintf(text + len, LINE_MAX_SIZE, "%s %u %u %u\n", id, s->served, s->failed, s->ms);
        len += n > 0 && n < LINE_MAX_SIZE ? (size_t)n : 0;
    }
    int err = file_write(path, 0600, text, len);
    free(text);
    return err < 0 ? beam_why(why, err, "%s: %s", path, beam_err_text(err)) : 0;
}

static size_t row_of(const struct history *h, const struct peer_id *peer)
{
    size_t i = 0;
    while (i < h->n && !peer_id_equal(&h->rows[i].peer, peer))
        i++;
    return i;
}

struct pick_history history_of(const struct history *h, const struct peer_id *peer)
{
    size_t i = row_of(h, peer);
    return i < h->n ? h->rows[i].seen : (struct pick_history){.served = 0};
}

void history_note(struct history *h, const struct peer_id *peer, bool served, uint64_t ms)
{
    struct history_row row = {.peer = *peer, .seen = history_of(h, peer)};
    struct pick_history *s = &row.seen;
    size_t i = row_of(h, peer);
    if (i == h->n && h->n == HISTORY_MAX)
        i = 0;
    if (i < h->n) {
        memmove(&h->rows[i], &h->rows[i + 1], (h->n - i - 1) * sizeof(row));
        h->n--;
    }
    if (s->served + s->failed >= OLD) {
        s->served /= 2;
        s->failed /= 2;
    }
    s->served += served;
    s->failed += !served;
    if (served && ms < COUNT_MAX)
        s->ms = s->ms ? (uint32_t)((3 * (uint64_t)s->ms + ms) / 4) : (uint32_t)(ms ? ms : 1);
    h->rows[h->n++] = row;
}
