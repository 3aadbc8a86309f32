/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/visitors.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <sodium.h>

#include "base/file.h"
#include "gate/visitors.h"
#include "tests/unit/harness.h"

#define KEY   "QUQPACMJGCTVI5ELPXOLIPXXLIG36OQNEY4BV5HLUSUY5KU3JZVA" /* RFC 7748, section 6.1 */
#define ONION "25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid"

struct room {
    char dir[32];
    char *file, *printed;
};

static void open_room(struct room *r)
{
    cr_assert_geq(sodium_init(), 0);
    snprintf(r->dir, sizeof(r->dir), "/tmp/beam-visitors-XXXXXX");
    cr_assert_not_null(mkdtemp(r->dir));
    r->file = file_join(r->dir, "file");
    r->printed = file_join(r->dir, "printed");
    cr_assert(r->file && r->printed);
}

static void close_room(struct room *r)
{
    cr_assert_eq(file_remove_tree(r->dir), 0);
    free(r->file);
    free(r->printed);
}

/* Runs `beam visitors --json WORD FILE a b`; what it printed goes to `said`. */
static int run(struct room *r, const char *word, const char *a, const char *b, char *said,
               struct beam_why *why)
{
    struct options o = {.command = COMMAND_VISITORS, .json = true};
    const char *const words[] = {word, r->file, a, b};
    char *text = NULL;
    size_t len;
    for (; o.operand_count < 4 && words[o.operand_count]; o.operand_count++)
        o.operands[o.operand_count] = words[o.operand_count];
    o.operand = o.operands[0];
    why->text[0] = '\0';
    cr_assert_not_null(freopen(r->printed, "w", stdout));
    int err = visitors_command(&o, why);
    cr_assert_eq(fflush(stdout), 0);
    cr_assert_eq(file_read(r->printed, 4000, &text, &len), 0);
    memcpy(said, text, len + 1);
    free(text);
    return err;
}

static const char *text_of(const cJSON *o, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
    cr_assert_not_null(text);
    return text;
}

BEAM_TEST(visitors, are_made_with_what_their_programs_need)
{
    struct room r;
    struct beam_why why;
    char said[4096], line[256];
    uint8_t secret[VISITOR_KEY_LEN], public[VISITOR_KEY_LEN], listed[VISITOR_KEY_LEN];
    open_room(&r);
    cr_assert_eq(run(&r, "make", "alice", "http://" ONION ".onion/", said, &why), 0, "%s",
                 why.text);
    cJSON *o = cJSON_Parse(said);
    cr_expect_str_eq(text_of(o, "name"), "alice");
    /* The secret's own public half is in the list. */
    cr_assert_eq(visitor_key_parse(text_of(o, "secret"), secret, &why), 0);
    cr_assert_eq(crypto_scalarmult_base(public, secret), 0);
    cr_assert_eq(visitor_key_parse(text_of(o, "public"), listed, &why), 0);
    cr_expect_arr_eq(public, listed, sizeof(public));
    snprintf(line, sizeof(line), ONION ":descriptor:x25519:%s", text_of(o, "secret"));
    cr_expect_str_eq(text_of(o, "auth_private"), line);
    cJSON_Delete(o);
    struct visitors *v = NULL;
    cr_assert_eq(visitors_load(r.file, &v, &why), 0, "%s", why.text);
    cr_expect_arr_eq(visitors_at(v, 0)->key, public, sizeof(public));
    visitors_free(v);
    close_room(&r);
}

BEAM_TEST(visitors, come_and_go)
{
    struct room r;
    struct beam_why why;
    char said[4096];
    open_room(&r);
    cr_expect_eq(run(&r, "list", NULL, NULL, said, &why), BEAM_ENOTFOUND);
    cr_expect_eq(run(&r, "revoke", "bob", NULL, said, &why), BEAM_ENOTFOUND);
    cr_assert_eq(run(&r, "add", "bob", KEY, said, &why), 0, "%s", why.text);
    cr_assert_eq(run(&r, "list", NULL, NULL, said, &why), 0);
    cr_expect_str_eq(said, "{\"name\":\"bob\",\"public\":\"" KEY "\",\"revoked\":false}\n");
    cr_assert_eq(run(&r, "revoke", "bob", NULL, said, &why), 0);
    cr_assert_eq(run(&r, "list", NULL, NULL, said, &why), 0);
    cr_expect_not_null(strstr(said, "\"revoked\":true"), "%s", said);
    cr_expect_eq(run(&r, "add", "carol", KEY, said, &why), BEAM_EEXIST);
    close_room(&r);
}

BEAM_TEST(visitors, a_folder_that_is_not_there_is_told)
{
    struct room r;
    struct beam_why why;
    char said[4096];
    open_room(&r);
    free(r.file);
    r.file = file_join(r.dir, "none/file");
    cr_assert_not_null(r.file);
    cr_assert_lt(run(&r, "make", "alice", NULL, said, &why), 0);
    cr_assert(strstr(why.text, "none/file: cannot be written"), "%s", why.text);
    cr_assert(strstr(why.text, "(name a file in a folder of yours)"), "%s", why.text);
    cr_assert_str_eq(said, "", "no key that nobody may use");
    close_room(&r);
}

BEAM_TEST(visitors, wrong_words_are_said)
{
    static const struct {
        const char *word, *a, *b, *words;
    } rows[] = {
        {"add", "bob", "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
         "in hexadecimal"},
        {"make", "bob", "example.com", "not a v3 onion address"},
        {"make", "bob", ONION ".onion.example", "not a v3 onion address"},
        {"make", "bob", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "no onion service has this address"},
        {"make", "Bob!", NULL, "a name has a to z"},
    };
    struct room r;
    char said[4096];
    open_room(&r);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct beam_why why;
        cr_expect_eq(run(&r, rows[i].word, rows[i].a, rows[i].b, said, &why), BEAM_EUSAGE);
        cr_expect_not_null(strstr(why.text, rows[i].words), "%s", why.text);
    }
    close_room(&r);
}
