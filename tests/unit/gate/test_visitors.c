/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate/visitors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/file.h"
#include "tests/unit/harness.h"

/* RFC 7748, section 6.1. */
#define ALICE "QUQPACMJGCTVI5ELPXOLIPXXLIG36OQNEY4BV5HLUSUY5KU3JZVA"
#define BOB   "32PNW7L3PXA3JU23MHBOZZBVG47YGQ6ILN4GOTNN7R7BI34IFNHQ"

static struct visitors *parse(const char *text)
{
    struct visitors *v = NULL;
    struct beam_why why = {.text = ""};
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(visitors_parse("file", text, strlen(text), &v, &why), 0, "%s", why.text);
    return v;
}

static void fresh(uint8_t *public)
{
    uint8_t secret[VISITOR_KEY_LEN];
    visitor_key_make(rng_system(), secret, public);
}

BEAM_TEST(visitors, are_read)
{
    struct visitors *v = parse("# who may\n\nallow alice " ALICE "\nrevoked bob-2 " BOB);
    cr_assert_eq(visitors_count(v), 2);
    cr_expect_eq(visitors_allowed(v), 1);
    cr_expect_str_eq(visitors_at(v, 0)->name, "alice");
    cr_expect(!visitors_at(v, 0)->revoked);
    cr_expect_str_eq(visitors_at(v, 1)->name, "bob-2");
    cr_expect(visitors_at(v, 1)->revoked);
    visitors_free(v);
}

BEAM_TEST(visitors, of_another_form_are_refused_by_their_line)
{
    static const struct {
        const char *text;
        int err;
        const char *words;
    } rows[] = {
        {"allow alice " ALICE "\r\n", BEAM_EINVAL, "line 1: it ends in CR LF"},
        {"#\nallow alice\n", BEAM_EINVAL, "line 2: neither"},
        {"let alice " ALICE "\n", BEAM_EINVAL, "line 1: neither"},
        {"allow Alice " ALICE "\n", BEAM_EINVAL, "the name has"},
        {"allow alice  " ALICE "\n", BEAM_EINVAL, "the key is"},
        {"allow alice " ALICE "\nallow bob " ALICE "\n", BEAM_EEXIST, "line 2: bob: this key"},
        {"allow alice " ALICE "\nallow alice " BOB "\n", BEAM_EEXIST, "line 2: alice: there is"},
        {"revoked alice " ALICE "\nallow bob " ALICE "\n", BEAM_EEXIST, "which was revoked"},
    };
    cr_assert_geq(sodium_init(), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct visitors *v = NULL;
        struct beam_why why = {.text = ""};
        int err = visitors_parse("file", rows[i].text, strlen(rows[i].text), &v, &why);
        cr_expect_eq(err, rows[i].err, "%s: %d", rows[i].text, err);
        cr_expect_not_null(strstr(why.text, rows[i].words), "%s: %s", rows[i].text, why.text);
        cr_expect_null(v);
        visitors_free(v);
    }
}

BEAM_TEST(visitors, are_added_once_and_revoked_for_good)
{
    struct visitors *v = parse("");
    uint8_t key[VISITOR_KEY_LEN], other[VISITOR_KEY_LEN];
    struct beam_why why = {.text = ""};
    fresh(key);
    fresh(other);
    cr_expect_eq(visitors_add(v, "Alice", key, &why), BEAM_EINVAL);
    cr_expect_eq(visitors_add(v, "alice", key, &why), 0);
    cr_expect_eq(visitors_add(v, "alice", other, &why), BEAM_EEXIST);
    cr_expect_eq(visitors_add(v, "bob", key, &why), BEAM_EEXIST);
    cr_expect_eq(visitors_revoke(v, "bob", &why), BEAM_ENOTFOUND);
    cr_expect_eq(visitors_revoke(v, "alice", &why), 0);
    cr_expect_eq(visitors_revoke(v, "alice", &why), BEAM_EEXIST);
    cr_expect_eq(visitors_allowed(v), 0);
    cr_expect_eq(visitors_add(v, "bob", key, &why), BEAM_EEXIST, "a revoked key came in again");
    cr_expect_not_null(strstr(why.text, "that of alice, which was revoked"), "%s", why.text);
    cr_expect_eq(visitors_add(v, "alice", other, &why), BEAM_EEXIST);
    cr_expect_eq(visitors_add(v, "bob", other, &why), 0);
    visitors_free(v);
}

BEAM_TEST(visitors, are_no_more_than_a_descriptor_holds)
{
    struct visitors *v = parse("");
    struct beam_why why = {.text = ""};
    char name[16];
    uint8_t key[VISITOR_KEY_LEN];
    for (int i = 0; i < VISITORS_ALLOWED_MAX; i++) {
        snprintf(name, sizeof(name), "v%d", i);
        fresh(key);
        cr_assert_eq(visitors_add(v, name, key, &why), 0, "%s", why.text);
    }
    fresh(key);
    cr_expect_eq(visitors_add(v, "late", key, &why), BEAM_ELIMIT);
    cr_expect_eq(visitors_revoke(v, "v7", &why), 0);
    cr_expect_eq(visitors_add(v, "late", key, &why), 0);
    visitors_free(v);
}

BEAM_TEST(visitors, survive_their_file)
{
    char dir[] = "/tmp/beam-visitors-XXXXXX";
    cr_assert_not_null(mkdtemp(dir));
    char *path = file_join(dir, "file");
    struct visitors *v = parse("allow alice " ALICE "\nrevoked bob " BOB), *again = NULL;
    struct beam_why why = {.text = ""};
    struct stat st;
    cr_assert_not_null(path);
    cr_expect_eq(visitors_load(path, &again, &why), BEAM_ENOTFOUND);
    cr_assert_eq(visitors_save(v, path, &why), 0, "%s", why.text);
    cr_assert_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0600);
    cr_assert_eq(visitors_load(path, &again, &why), 0, "%s", why.text);
    cr_assert_eq(visitors_count(again), 2);
    cr_expect_eq(memcmp(visitors_at(v, 0), visitors_at(again, 0), sizeof(*visitors_at(v, 0))), 0);
    cr_expect(visitors_at(again, 1)->revoked);
    visitors_free(again);
    again = NULL;
    cr_assert_eq(chmod(path, 0644), 0);
    cr_expect_eq(visitors_load(path, &again, &why), BEAM_EPERM);
    cr_expect_null(again);
    visitors_free(v);
    cr_assert_eq(file_remove_tree(dir), 0);
    free(path);
}
