/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate/passwords.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/file.h"
#include "base/text.h"
#include "tests/unit/harness.h"

static struct passwords *parse(const char *text)
{
    struct passwords *p = NULL;
    struct beam_why why = {0};
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(passwords_parse("file", text, strlen(text), rng_system(), &p, &why), 0, "%s",
                 why.text);
    cr_assert_not_null(p);
    return p;
}

/* What a visitor's program makes of a pair. */
static bool enters(const struct passwords *p, const char *pair)
{
    char value[1024] = "Basic ";
    cr_assert_eq(text_base64_encode(pair, strlen(pair), value + 6, sizeof(value) - 6), 0);
    return passwords_check(p, value, strlen(value));
}

static bool value_enters(const struct passwords *p, const char *value)
{
    return passwords_check(p, value, strlen(value));
}

static void refused(const char *text, size_t len, int code, const char *words)
{
    struct passwords *p = NULL;
    struct beam_why why = {0};
    cr_assert_geq(sodium_init(), 0);
    int err = passwords_parse("file", text, len, rng_system(), &p, &why);
    passwords_free(p);
    cr_expect_eq(err, code, "\"%s\": %d", text, err);
    cr_expect_not_null(strstr(why.text, words), "\"%s\": %s", text, why.text);
    cr_expect_null(strstr(why.text, "secret"), "%s", why.text);
    cr_expect_null(p);
}

BEAM_TEST(passwords, pairs_enter_and_nothing_else)
{
    struct passwords *p =
        parse("# who may\n\nalice:open sesame\nbob:a:b:c\n#carol:x\nd\xc3\xa9:\xc3\xa9");
    cr_assert_eq(passwords_count(p), 3);
    cr_expect(enters(p, "alice:open sesame"));
    cr_expect(enters(p, "bob:a:b:c"));
    cr_expect(enters(p, "d\xc3\xa9:\xc3\xa9"));
    cr_expect_not(enters(p, "alice:open sesam"));
    cr_expect_not(enters(p, "alice:open sesame "));
    cr_expect_not(enters(p, "alice:open sesame\n"));
    cr_expect_not(enters(p, "Alice:open sesame"));
    cr_expect_not(enters(p, "alice:a:b:c"));
    cr_expect_not(enters(p, "bob:open sesame"));
    cr_expect_not(enters(p, "bob"));
    cr_expect_not(enters(p, "bob:"));
    cr_expect_not(enters(p, ""));
    cr_expect_not(enters(p, "#carol:x"));
    cr_expect_not(enters(p, "carol:x"));
    passwords_free(p);
}

/* RFC 7617, 2: its own example; the scheme's name in any case. */
BEAM_TEST(passwords, values_as_they_come)
{
    struct passwords *p = parse("Aladdin:open sesame\n");
    cr_expect(value_enters(p, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    cr_expect(value_enters(p, "bAsIc  QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    cr_expect_not(value_enters(p, "Basic"));
    cr_expect_not(value_enters(p, "Basic "));
    cr_expect_not(value_enters(p, ""));
    cr_expect_not(value_enters(p, "BasicQWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    cr_expect_not(value_enters(p, "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    cr_expect_not(value_enters(p, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ== x"));
    cr_expect_not(value_enters(p, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==, Basic eDp4"));
    cr_expect_not(value_enters(p, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZR=="));
    passwords_free(p);
}

BEAM_TEST(passwords, long_values_are_not_looked_at)
{
    static char value[2 * PASSWORDS_CREDENTIALS_MAX];
    struct passwords *p = parse("a:b\n");
    memset(value, 'A', sizeof(value));
    memcpy(value, "Basic ", 6);
    cr_expect_not(passwords_check(p, value, sizeof(value)));
    cr_expect_not(passwords_check(p, value, PASSWORDS_CREDENTIALS_MAX));
    cr_expect_not(passwords_check(p, value, PASSWORDS_CREDENTIALS_MAX - 2));
    passwords_free(p);
}

BEAM_TEST(passwords, bad_lines_are_named_and_not_shown)
{
    refused("a:b\nsecret:x\r\n", 14, BEAM_EINVAL, "line 2: it ends in CR LF");
    refused("\r\n", 2, BEAM_EINVAL, "line 1: it ends in CR LF");
    refused("\xef\xbb\xbfsecret:x\n", 12, BEAM_EINVAL, "line 1: it begins with a byte order mark");
    refused("#\nsecret\tx:y\n", 13, BEAM_EINVAL, "line 2: a control character");
    refused("secret:\0x\n", 10, BEAM_EINVAL, "line 1: a control character");
    refused("secret:\xff\n", 9, BEAM_EINVAL, "line 1: not UTF-8");
    refused("a:b\n\nsecret\n", 12, BEAM_EINVAL, "line 3: no colon");
    refused(":secret\n", 8, BEAM_EINVAL, "line 1: no user");
    refused("secret:\n", 8, BEAM_EINVAL, "line 1: no password");
    refused("secret:x\nb:c\nsecret:y\n", 22, BEAM_EINVAL, "line 3: the user of line 1 once more");
    refused("", 0, BEAM_EINVAL, "names no user");
    refused("# secret\n\n", 10, BEAM_EINVAL, "names no user");
}

BEAM_TEST(passwords, limits)
{
    static char text[PASSWORDS_FILE_MAX + 1];
    size_t len = 0;
    memset(text, 'x', PASSWORDS_LINE_MAX + 1);
    text[1] = ':';
    refused(text, PASSWORDS_LINE_MAX + 1, BEAM_ELIMIT, "line 1: longer than 512 bytes");
    refused(text, sizeof(text), BEAM_ELIMIT, "larger than");
    text[PASSWORDS_LINE_MAX] = '\0';
    struct passwords *p = parse(text);
    cr_expect(enters(p, text));
    passwords_free(p);

    for (int i = 0; i < PASSWORDS_MAX; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "u%d:p%d\n", i, i);
    p = parse(text);
    cr_expect_eq(passwords_count(p), PASSWORDS_MAX);
    cr_expect(enters(p, "u1023:p1023"));
    cr_expect_not(enters(p, "u1023:p0"));
    passwords_free(p);
    snprintf(text + len, sizeof(text) - len, "one:more\n");
    refused(text, strlen(text), BEAM_ELIMIT, "more than 1024 users");
}

/* A file of that mode, and what loading it gives. */
static int load(const char *path, const char *text, mode_t mode, struct beam_why *why)
{
    struct passwords *p = NULL;
    cr_assert_eq(file_write(path, mode, text, strlen(text)), 0);
    int err = passwords_load(path, rng_system(), &p, why);
    passwords_free(p);
    return err;
}

BEAM_TEST(passwords, files)
{
    char dir[] = "/tmp/beam-passwords-XXXXXX", path[64], other[64];
    struct beam_why why = {0};
    struct passwords *p = NULL;
    cr_assert_geq(sodium_init(), 0);
    cr_assert_not_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/file", dir);
    snprintf(other, sizeof(other), "%s/link", dir);

    cr_expect_eq(passwords_load(path, rng_system(), &p, &why), BEAM_ENOTFOUND);
    cr_expect_eq(load(path, "a:b\n", 0600, &why), 0);
    cr_expect_eq(load(path, "a:b\n", 0640, &why), BEAM_EPERM);
    cr_expect_not_null(strstr(why.text, "chmod 600"), "%s", why.text);
    cr_expect_eq(load(path, "a:b\r\n", 0600, &why), BEAM_EINVAL);
    cr_expect_not_null(strstr(why.text, "line 1: it ends in CR LF"), "%s", why.text);
    cr_assert_eq(symlink(path, other), 0);
    cr_expect_eq(passwords_load(other, rng_system(), &p, &why), BEAM_EPERM);
    cr_expect_not_null(strstr(why.text, "link"), "%s", why.text);
    cr_expect_null(p);
    cr_expect_eq(file_remove_tree(dir), 0);
}
