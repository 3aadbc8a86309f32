/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/address_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "tests/unit/harness.h"
#include "tests/unit/tunnel/folder.h"

static struct address_file f, again;
static char text[ADDRESS_FILE_MAX];

static struct peer_id peer(uint8_t n)
{
    uint8_t bytes[38] = {0x00, 0x24, 0x08, 0x01, 0x12, 0x20, n};
    struct peer_id id;
    cr_assert_eq(peer_id_decode(bytes, sizeof(bytes), &id, NULL), 0);
    return id;
}

static void put(uint8_t n, enum address_word word, uint64_t until, const char *addr)
{
    struct address_file_row *row = &f.rows[f.n++];
    *row = (struct address_file_row){.peer = peer(n), .word = word, .until = until};
    cr_assert_eq(multiaddr_parse(addr, strlen(addr), &row->addr, NULL), 0);
}

static int read_again(const char *given, const struct peer_id *owner)
{
    return address_file_read(given, strlen(given), owner, &again);
}

BEAM_TEST(address_file, what_is_written_is_read)
{
    struct peer_id owner = peer(9);
    put(1, ADDRESS_PROVEN, 1790000000000, "/ip4/192.0.2.1/tcp/4001");
    put(1, ADDRESS_SIGNED, 1790000000001, "/dns4/relay.example/tcp/443");
    put(2, ADDRESS_TOLD, 0,
        "/onion3/pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd:4001");
    put(2, ADDRESS_SAID, INT64_MAX, "/ip6/2001:db8::1/tcp/1");
    size_t len = address_file_write(&f, &owner, text);
    cr_assert_lt(len, sizeof(text));
    cr_assert_eq(address_file_read(text, len, &owner, &again), 0);
    cr_assert_eq(again.n, f.n);
    for (size_t i = 0; i < f.n; i++) {
        cr_expect(peer_id_equal(&again.rows[i].peer, &f.rows[i].peer));
        cr_expect(multiaddr_equal(&again.rows[i].addr, &f.rows[i].addr));
        cr_expect_eq(again.rows[i].word, f.rows[i].word);
        cr_expect_eq(again.rows[i].until, f.rows[i].until);
    }
}

BEAM_TEST(address_file, another_personas_is_not_read)
{
    struct peer_id owner = peer(9), other = peer(8);
    put(1, ADDRESS_PROVEN, 1, "/ip4/192.0.2.1/tcp/4001");
    size_t len = address_file_write(&f, &owner, text);
    again.n = 7;
    cr_expect_eq(address_file_read(text, len, &other, &again), BEAM_EAUTH);
    cr_expect_eq(again.n, 7u, "untouched");
}

BEAM_TEST(address_file, what_is_none_is_passed_over)
{
    static const char good[] = " proven 5 /ip4/192.0.2.1/tcp/4001";
    struct peer_id owner = peer(9), p = peer(1);
    char own[PEER_ID_TEXT_SIZE], id[PEER_ID_TEXT_SIZE];
    peer_id_text(&owner, own);
    peer_id_text(&p, id);
    cr_expect_eq(read_again("", &owner), BEAM_EINVAL);
    cr_expect_eq(read_again("beam-peers 1 ", &owner), BEAM_EINVAL);
    cr_expect_eq(read_again("beam-peers 2 x\n", &owner), BEAM_EINVAL);
    (void)snprintf(text, sizeof(text),
                   "beam-peers 1 %s\n\n%s\n%s%s\n%s proven -5 /ip4/192.0.2.1/tcp/4001\n"
                   "%s maybe 5 /ip4/192.0.2.1/tcp/4001\n%s proven 5 /ip4/192.0.2.1\\tcp\n"
                   "%s proven 5 /ip4/192.0.2.1/tcp/4001/p2p/%s\nx%s\n%s%s",
                   own, id, id, good, id, id, id, id, id, good, id, good);
    cr_assert_eq(read_again(text, &owner), 0);
    cr_expect_eq(again.n, 2u, "the good ones, the last of which has no end of line");
}

BEAM_TEST(address_file, is_bounded)
{
    struct peer_id owner = peer(9), p = peer(1);
    char own[PEER_ID_TEXT_SIZE], id[PEER_ID_TEXT_SIZE];
    peer_id_text(&owner, own);
    peer_id_text(&p, id);
    size_t len = (size_t)snprintf(text, sizeof(text), "beam-peers 1 %s\n", own);
    for (size_t i = 0; i < ADDRESS_FILE_ROWS + 5; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len,
                                "%s told 5 /ip4/192.0.2.1/tcp/%zu\n", id, i + 1);
    cr_assert_eq(address_file_read(text, len, &owner, &again), 0);
    cr_expect_eq(again.n, (size_t)ADDRESS_FILE_ROWS);
}

BEAM_TEST(address_file, is_kept_where_nobody_else_looks)
{
    struct folder folder = folder_make();
    struct peer_id owner = peer(9);
    struct beam_why why;
    struct stat st;
    char *path = file_join(folder.path, "peers");
    cr_assert_not_null(path);
    cr_expect_eq(address_file_load(path, &owner, &again, &why), BEAM_ENOTFOUND);
    put(1, ADDRESS_PROVEN, 1, "/ip4/192.0.2.1/tcp/4001");
    cr_assert_eq(address_file_save(path, &owner, &f, &why), 0);
    cr_assert_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0600u);
    cr_expect_eq(address_file_load(path, &owner, &again, &why), 0);
    cr_expect_eq(again.n, 1u);
    cr_assert_eq(chmod(path, 0644), 0);
    cr_expect_eq(address_file_load(path, &owner, &again, &why), BEAM_EPERM);
    free(path);
    folder_remove(&folder);
}
