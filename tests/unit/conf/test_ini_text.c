/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/ini_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "tests/unit/harness.h"
#include "tests/unit/seed.h"

/* What was read, one "LINE[section]" or "LINE key=value" a line. */
struct record {
    char text[2 * CONF_LINE_MAX];
    size_t len;
    int refuse; /* returned for what comes at line `refuse_at` */
    unsigned refuse_at;
};

static int note(struct record *r, unsigned line, const char *text)
{
    int n = snprintf(r->text + r->len, sizeof(r->text) - r->len, "%u%s\n", line, text);
    r->len += (size_t)n;
    return line == r->refuse_at ? r->refuse : 0;
}

static int on_section(void *arg, unsigned line, const char *name)
{
    char text[CONF_LINE_MAX + 8];
    snprintf(text, sizeof(text), "[%s]", name);
    return note(arg, line, text);
}

static int on_value(void *arg, unsigned line, const char *key, const char *value)
{
    char text[CONF_LINE_MAX + 8];
    snprintf(text, sizeof(text), " %s=%s", key, value);
    return note(arg, line, text);
}

static const struct ini_text_sink sink = {on_section, on_value};

static int parse(struct record *r, const char *text, size_t len, struct beam_why *why)
{
    return ini_text_read("x.conf", text, len, &sink, r, why);
}

static void reads_as(const char *text, const char *want)
{
    struct record r = {.len = 0};
    struct beam_why why = {0};
    cr_assert_eq(parse(&r, text, strlen(text), &why), 0, "%s", why.text);
    cr_assert_str_eq(r.text, want);
}

BEAM_TEST(ini_text, what_it_reads)
{
    reads_as("", "");
    reads_as("\n\n  \n\t\n", "");
    reads_as("; one\n# two\n  ; three\n", "");
    reads_as("[a]\nk=v\n", "1[a]\n2 k=v\n");
    reads_as("[a]\nk=v", "1[a]\n2 k=v\n");
    reads_as("[a]\r\nk = v\r\n", "1[a]\n2 k=v\n");
    reads_as("\xef\xbb\xbf[a]\n", "1[a]\n");
    reads_as("\xef\xbb\xbfk=v\n", "1 k=v\n");
    reads_as("  [a]  ; comment\n\tk\t=\tv w \t; comment\n", "1[a]\n2 k=v w\n");
    reads_as("[a]# comment\n[b] # comment\n", "1[a]\n2[b]\n");
    reads_as("[empty]\n[]\n", "1[empty]\n2[]\n");
    reads_as("k = a;b # c = d\n", "1 k=a;b # c = d\n");
    reads_as("k =\nl= ; nothing\n", "1 k=\n2 l=\n");
    reads_as("k = \xf0\x9f\xa7\x85\n", "1 k=\xf0\x9f\xa7\x85\n");
    reads_as("[policy \"x\"]\n", "1[policy \"x\"]\n");
    reads_as("k : v\n", "1 k=v\n");
    reads_as("k = \"quoted\"\n", "1 k=\"quoted\"\n");
}

/* inih would join these to the value before. */
BEAM_TEST(ini_text, an_indented_line_is_a_line)
{
    reads_as("[a]\nk = v\n  l = w\n\tm = x\n", "1[a]\n2 k=v\n3 l=w\n4 m=x\n");
    reads_as("[a]\nk = v\n [b]\n", "1[a]\n2 k=v\n3[b]\n");
}

BEAM_TEST(ini_text, what_it_refuses_and_where)
{
    static const struct {
        const char *text, *at, *word;
    } rows[] = {
        {"k=v\nword\nl=w\n", "x.conf:2: ", "key = value"},
        {"word\n[x\n", "x.conf:1: ", "key = value"},
        {"k ; = v\n", "x.conf:1: ", "key = value"},
        {"\n[a\n", "x.conf:2: ", "missing"},
        {"[a] b\n", "x.conf:1: ", "only a comment"},
        {"[a]] \n", "x.conf:1: ", "only a comment"},
        {"[a ;b]\n", "x.conf:1: ", "only a comment"},
        {"k=v\n\nk=\x1b[31m\n", "x.conf:3: ", "control"},
        {"k=a\rb\n", "x.conf:1: ", "control"},
        {"k=v\r", "x.conf:1: ", "control"},
        {"k=\x7f\n", "x.conf:1: ", "control"},
        {"; \xff\n", "x.conf:1: ", "UTF-8"},
        {"k=\xc3\n", "x.conf:1: ", "UTF-8"},
        {"[\x01]\n", "x.conf:1: ", "control"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct record r = {.len = 0};
        struct beam_why why = {0};
        cr_assert_eq(parse(&r, rows[i].text, strlen(rows[i].text), &why), BEAM_EINVAL, "%zu", i);
        cr_assert_eq(why.code, BEAM_EINVAL);
        cr_assert_eq(strncmp(why.text, rows[i].at, strlen(rows[i].at)), 0, "%s", why.text);
        cr_assert_not_null(strstr(why.text, rows[i].word), "%s", why.text);
    }
    struct record r = {.len = 0};
    struct beam_why why;
    cr_assert_eq(parse(&r, "k=a\0b\n", 6, &why), BEAM_EINVAL);
    cr_assert_eq(parse(&r, "k=v\n\0", 5, &why), BEAM_EINVAL);
    cr_assert_not_null(strstr(why.text, "x.conf:2: "));
    cr_assert_eq(parse(&r, "word\n", 5, NULL), BEAM_EINVAL);
}

BEAM_TEST(ini_text, the_first_fault_is_the_one_told)
{
    struct record r = {.refuse = BEAM_EEXIST, .refuse_at = 4};
    struct beam_why why = {0};
    static const char sink_first[] = "[a]\nk=v\n\nl=w\nword\n";
    cr_assert_eq(parse(&r, sink_first, strlen(sink_first), &why), BEAM_EEXIST);
    cr_assert_str_eq(r.text, "1[a]\n2 k=v\n4 l=w\n", "and nothing is read after it");

    r = (struct record){.refuse = BEAM_EEXIST, .refuse_at = 4};
    static const char form_first[] = "[a]\nk=v\nword\nl=w\n";
    cr_assert_eq(parse(&r, form_first, strlen(form_first), &why), BEAM_EINVAL);
    cr_assert_not_null(strstr(why.text, "x.conf:3: "));

    r = (struct record){.refuse = BEAM_EPERM, .refuse_at = 1};
    cr_assert_eq(parse(&r, "[a]\nk=v\n", 8, &why), BEAM_EPERM, "a section may be refused too");
    cr_assert_str_eq(r.text, "1[a]\n");

    r = (struct record){.refuse = 0};
    static const char vet_late[] = "word\nk=\x01\n";
    cr_assert_eq(parse(&r, vet_late, strlen(vet_late), &why), BEAM_EINVAL);
    cr_assert_not_null(strstr(why.text, "x.conf:1: "));
}

BEAM_TEST(ini_text, lines_up_to_the_limit)
{
    char *text = malloc(CONF_LINE_MAX + 64);
    cr_assert_not_null(text);
    for (int over = 0; over < 2; over++) {
        struct record r = {.len = 0};
        struct beam_why why = {0};
        /* Blanks around a line do not count. */
        memcpy(text, "  k=", 4);
        memset(text + 4, 'v', (size_t)(CONF_LINE_MAX - 2 + over));
        memcpy(text + 4 + CONF_LINE_MAX - 2 + over, " \r\nl=w\n", 8);
        int err = parse(&r, text, strlen(text), &why);
        if (over) {
            cr_assert_eq(err, BEAM_ELIMIT);
            cr_assert_not_null(strstr(why.text, "x.conf:1: "));
            cr_assert_not_null(strstr(why.text, "4096"));
            cr_assert_eq(r.len, 0u);
        } else {
            cr_assert_eq(err, 0, "%s", why.text);
            cr_assert_eq(r.len, strlen("1 k=\n2 l=w\n") + CONF_LINE_MAX - 2);
        }
    }
    free(text);
}

BEAM_TEST(ini_text, section_names_up_to_the_limit)
{
    char text[INI_TEXT_SECTION_MAX + 16], want[INI_TEXT_SECTION_MAX + 32];
    char name[INI_TEXT_SECTION_MAX + 2];
    memset(name, 's', sizeof(name));
    name[INI_TEXT_SECTION_MAX] = '\0';
    snprintf(text, sizeof(text), "[%s]\nk=v\n", name);
    snprintf(want, sizeof(want), "1[%s]\n2 k=v\n", name);
    reads_as(text, want);

    name[INI_TEXT_SECTION_MAX] = 's';
    name[INI_TEXT_SECTION_MAX + 1] = '\0';
    snprintf(text, sizeof(text), "[%s]\nk=v\n", name);
    struct record r = {.len = 0};
    struct beam_why why = {0};
    cr_assert_eq(parse(&r, text, strlen(text), &why), BEAM_ELIMIT);
    cr_assert_not_null(strstr(why.text, "x.conf:1: "));
}

/*
 * Random lines, written down on the way: what is read is exactly that, so
 * nothing is cut, joined or passed over on its way through the library.
 */
BEAM_TEST(ini_text, random_lines_come_back)
{
    struct seed s = seed_start("ini_text");
    static const char letters[] = "abcxyz019_-.\"'/\\()<>[]{}#!?*&%$";
    for (int round = 0; round < 300; round++) {
        char text[8192], want[8192];
        size_t len = 0, want_len = 0;
        for (unsigned line = 1; line < 40; line++) {
            char key[60], value[120];
            size_t key_len = 1 + seed_below(&s, sizeof(key) - 2);
            size_t value_len = seed_below(&s, sizeof(value) - 1);
            for (size_t i = 0; i < key_len; i++)
                key[i] = (char)('a' + seed_below(&s, 26));
            for (size_t i = 0; i < value_len; i++)
                value[i] = letters[seed_below(&s, sizeof(letters) - 1)];
            key[key_len] = value[value_len] = '\0';
            static const char *const before[] = {"", " ", "\t"};
            static const char *const after[] = {"", " ", " ; c=d", "\r"};
            bool section = seed_below(&s, 5) == 0;
            if (section)
                key[key_len < 49 ? key_len : 49] = '\0';
            int n = snprintf(text + len, sizeof(text) - len,
                             section ? "%s[%s]%s%s\n" : "%s%s=%s%s\n", before[seed_below(&s, 3)],
                             key, section ? "" : value, after[seed_below(&s, 4)]);
            if ((size_t)n >= sizeof(text) - len)
                break;
            len += (size_t)n;
            n = snprintf(want + want_len, sizeof(want) - want_len,
                         section ? "%u[%s]%s\n" : "%u %s=%s\n", line, key, section ? "" : value);
            want_len += (size_t)n;
        }
        static struct record r;
        struct beam_why why = {0};
        memset(&r, 0, sizeof(r));
        BEAM_CHECK(parse(&r, text, len, &why) == 0);
        BEAM_CHECK(strncmp(r.text, want, want_len) == 0 && r.len == want_len);
    }
}
