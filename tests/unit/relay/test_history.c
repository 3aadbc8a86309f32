/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "tests/unit/harness.h"

static struct peer_id peer(uint8_t no)
{
    struct peer_id id = {.len = 38, .bytes = {0x00, 0x24, 0x08, 0x01, 0x12, 0x20, no}};
    return id;
}

static char *temporary(void)
{
    char *dir = strdup("/tmp/beam-history-XXXXXX");
    cr_assert_not_null(dir);
    cr_assert_not_null(mkdtemp(dir));
    return dir;
}

BEAM_TEST(history, is_kept)
{
    char *dir = temporary(), *path = file_join(dir, "history");
    struct history *h = calloc(1, sizeof(*h));
    struct beam_why why;
    struct peer_id a = peer(1), b = peer(2);
    cr_assert(path && h);
    cr_expect_eq(history_load(h, path, &why), BEAM_ENOTFOUND);
    history_note(h, &a, true, 400);
    history_note(h, &b, false, 0);
    history_note(h, &a, true, 800);
    cr_assert_eq(history_save(h, path, &why), 0);
    memset(h, 0xff, sizeof(*h));
    cr_assert_eq(history_load(h, path, &why), 0);
    cr_expect_eq(h->n, 2u);
    struct pick_history seen = history_of(h, &a);
    cr_expect_eq(seen.served, 2u);
    cr_expect_eq(seen.failed, 0u);
    cr_expect_eq(seen.ms, 500u, "the newest counts a quarter");
    cr_expect_eq(history_of(h, &b).failed, 1u);
    struct peer_id nobody = peer(3);
    cr_expect_eq(history_of(h, &nobody).served, 0u);
    (void)remove(path);
    (void)remove(dir);
    free(h);
    free(path);
    free(dir);
}

BEAM_TEST(history, lines_that_are_none_are_passed_over)
{
    static const char text[] = "\n12D3KooW 1 2 3\nx\n"
                               "12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB 1 2\n"
                               "12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB 1 2 3 4\n"
                               "12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB 1 2 -3\n"
                               "12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB 7 8 9";
    char *dir = temporary(), *path = file_join(dir, "history");
    struct history *h = calloc(1, sizeof(*h));
    struct beam_why why;
    cr_assert(path && h);
    cr_assert_eq(file_write(path, 0600, text, strlen(text)), 0);
    cr_assert_eq(history_load(h, path, &why), 0);
    cr_expect_eq(h->n, 1u);
    cr_expect_eq(h->rows[0].seen.failed, 8u);
    (void)remove(path);
    (void)remove(dir);
    free(h);
    free(path);
    free(dir);
}

BEAM_TEST(history, the_oldest_make_room_and_fade)
{
    struct history *h = calloc(1, sizeof(*h));
    cr_assert_not_null(h);
    for (int i = 0; i < HISTORY_MAX + 1; i++) {
        struct peer_id p = peer((uint8_t)(i % 256));
        p.bytes[7] = (uint8_t)(i / 256);
        history_note(h, &p, true, 1);
    }
    struct peer_id first = peer(0), second = peer(1);
    cr_expect_eq(h->n, (size_t)HISTORY_MAX);
    cr_expect_eq(history_of(h, &first).served, 0u);
    cr_expect_eq(history_of(h, &second).served, 1u);
    for (int i = 0; i < 1000; i++)
        history_note(h, &second, false, 0);
    cr_expect_lt(history_of(h, &second).failed, 66u);
    free(h);
}
