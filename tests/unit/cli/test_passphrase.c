/* SPDX-License-Identifier: BSD-3-Clause */
/* Files, and what keys make of a line. The terminal itself is in tests/e2e/cases/keys.py. */
#include "cli/passphrase.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "identity/seal.h"
#include "tests/unit/tunnel/folder.h"

/* What a file of these bytes and this mode gives; the text, if any, is in out. */
static int read_of(const char *data, size_t len, mode_t mode, char *out, size_t *out_len,
                   struct beam_why *why)
{
    struct folder f = folder_make();
    char path[96], *text = NULL;
    cr_assert_geq(sodium_init(), 0);
    snprintf(path, sizeof(path), "%s/passphrase", f.path);
    cr_assert_eq(file_write(path, mode, data, len), 0);
    const struct passphrase_ask ask = {.file = path};
    int err = passphrase_get(&ask, &text, out_len, why);
    if (err == 0)
        memcpy(out, text, *out_len);
    sodium_free(text);
    folder_remove(&f);
    return err;
}

static void gives(const char *data, size_t len, const char *want)
{
    char out[SEAL_PASSPHRASE_MAX];
    size_t out_len = 0;
    struct beam_why why = {.text = ""};
    cr_assert_eq(read_of(data, len, 0600, out, &out_len, &why), 0, "%s", why.text);
    cr_assert_eq(out_len, strlen(want));
    cr_assert_eq(memcmp(out, want, out_len), 0);
}

BEAM_TEST(passphrase, is_the_first_line_of_a_file)
{
    gives("correct horse\n", 14, "correct horse");
    gives("correct horse", 13, "correct horse");
    gives("correct horse\r\n", 15, "correct horse");
    gives(" a \nb\n", 6, " a ");
    gives("\xc3\xa9", 2, "\xc3\xa9");
}

BEAM_TEST(passphrase, files_that_are_refused)
{
    char out[SEAL_PASSPHRASE_MAX], long_one[SEAL_PASSPHRASE_MAX + 1];
    size_t len = 0;
    struct beam_why why = {.text = ""};
    memset(long_one, 'a', sizeof(long_one));
    cr_assert_eq(read_of("", 0, 0600, out, &len, &why), BEAM_EINVAL);
    cr_assert_eq(read_of("\nsecond", 7, 0600, out, &len, &why), BEAM_EINVAL);
    cr_assert_not_null(strstr(why.text, "its first line is empty"), "%s", why.text);
    cr_assert_eq(read_of("\r\n", 2, 0600, out, &len, &why), BEAM_EINVAL);
    cr_assert_eq(read_of("a\n", 2, 0640, out, &len, &why), BEAM_EPERM);
    cr_assert_not_null(strstr(why.text, "chmod 600"), "%s", why.text);
    cr_assert_eq(read_of(long_one, sizeof(long_one), 0600, out, &len, &why), BEAM_ELIMIT);
    cr_assert_eq(read_of(long_one, sizeof(long_one) - 1, 0600, out, &len, &why), 0);
    cr_assert_eq(len, SEAL_PASSPHRASE_MAX);

    char *none = NULL;
    const struct passphrase_ask missing = {.file = "/nonexistent"}, folder = {.file = "/"};
    cr_assert_eq(passphrase_get(&missing, &none, &len, &why), BEAM_ENOTFOUND);
    cr_assert_eq(passphrase_get(&folder, &none, &len, &why), BEAM_EINVAL);
    cr_assert_null(none);
}

/* Two lines of one pipe are two passphrases. */
BEAM_TEST(passphrase, takes_no_more_than_its_line)
{
    int pipe_of[2];
    char *first = NULL, *second = NULL, path[32];
    size_t first_len = 0, second_len = 0;
    struct beam_why why = {.text = ""};
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(pipe(pipe_of), 0);
    cr_assert_eq(write(pipe_of[1], "one\ntwo\n", 8), 8);
    close(pipe_of[1]);
    snprintf(path, sizeof(path), "/dev/fd/%d", pipe_of[0]);
    const struct passphrase_ask ask = {.file = path};
    int err = passphrase_get(&ask, &first, &first_len, &why);
    err = err < 0 ? err : passphrase_get(&ask, &second, &second_len, &why);
    bool right = err == 0 && first_len == 3 && second_len == 3 && memcmp(first, "one", 3) == 0 &&
                 memcmp(second, "two", 3) == 0;
    sodium_free(first);
    sodium_free(second);
    close(pipe_of[0]);
    cr_assert_eq(err, 0, "%s", why.text);
    cr_assert(right);
}

/* Types `keys`; what the last one gave, and the line. */
static int type(struct passphrase_line *line, const char *keys)
{
    int end = 0;
    for (; end == 0 && *keys; keys++)
        end = passphrase_key(line, (unsigned char)*keys);
    return end;
}

static void makes(const char *keys, int end, const char *want)
{
    char text[SEAL_PASSPHRASE_MAX];
    struct passphrase_line line = {.text = text};
    cr_assert_eq(type(&line, keys), end, "%s", want);
    cr_assert_eq(line.len, strlen(want), "%s", want);
    cr_assert_eq(memcmp(text, want, line.len), 0, "%s", want);
}

BEAM_TEST(passphrase, keys_make_a_line)
{
    makes("abc", 0, "abc");
    makes("abc\r", 1, "abc");
    makes("abc\n", 1, "abc");
    makes("abc\x04", 1, "abc");
    makes("\x04", BEAM_ECANCELED, "");
    makes("ab\x03", BEAM_ECANCELED, "ab");
    makes("abd\x7f\x63\r", 1, "abc");
    makes("ab\x08\x08\x08\x08z\r", 1, "z");
    makes("a\xc3\xa9\x7f\r", 1, "a");
    makes("abc\x15z\r", 1, "z");
    makes("\r", 1, "");
}

BEAM_TEST(passphrase, a_line_is_bounded)
{
    char text[SEAL_PASSPHRASE_MAX];
    struct passphrase_line line = {.text = text};
    for (size_t i = 0; i < SEAL_PASSPHRASE_MAX; i++)
        if (passphrase_key(&line, 'a') != 0)
            cr_assert_fail("key %zu", i);
    cr_assert_eq(passphrase_key(&line, 'a'), BEAM_ELIMIT);
    cr_assert_eq(passphrase_key(&line, '\r'), 1);
    cr_assert_eq(line.len, SEAL_PASSPHRASE_MAX);
}
