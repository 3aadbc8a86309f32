/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/cookie.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/file.h"
#include "tests/unit/harness.h"
#include "tests/unit/tor/kit.h"

static char *dir;

static void make(const char *name, mode_t mode, size_t len, char *path, size_t size)
{
    uint8_t bytes[64] = {7};
    snprintf(path, size, "%s/%s", dir, name);
    cr_assert_eq(file_write(path, mode, bytes, len), 0);
}

static void refused(const char *path, bool proof, int code, const char *words)
{
    uint8_t *cookie = NULL;
    struct beam_why why = {.text = ""};
    const uid_t me = geteuid();
    cr_assert_eq(cookie_read(path, proof ? &me : NULL, &cookie, &why), code, "%s: %s", path,
                 why.text);
    cr_assert_not_null(strstr(why.text, words), "%s", why.text);
    cr_assert_null(cookie);
}

BEAM_TEST(cookie, of_another_tor)
{
    const uid_t me = geteuid();
    char path[256], link[256];
    uint8_t *cookie = NULL;
    struct beam_why why;
    kit_init();
    dir = kit_dir();
    make("cookie", 0640, AUTH_COOKIE, path, sizeof(path));
    cr_assert_eq(cookie_read(path, &me, &cookie, &why), 0, "%s", why.text);
    cr_assert_eq(cookie[0], 7);
    sodium_free(cookie);

    snprintf(link, sizeof(link), "%s/link", dir);
    cr_assert_eq(symlink(path, link), 0);
    refused(link, false, BEAM_EIO, "link");
    make("short", 0600, AUTH_COOKIE - 1, path, sizeof(path));
    refused(path, false, BEAM_EIO, "31 bytes");
    make("long", 0600, AUTH_COOKIE + 1, path, sizeof(path));
    refused(path, false, BEAM_EIO, "33 bytes");
    make("loose", 0620, AUTH_COOKIE, path, sizeof(path));
    cr_assert_eq(chmod(path, 0620), 0);
    refused(path, false, BEAM_EPERM, "others can write it");
    make("open", 0600, AUTH_COOKIE, path, sizeof(path));
    for (mode_t others = 01; others <= 04; others <<= 1) {
        cr_assert_eq(chmod(path, 0640 | others), 0);
        for (int proof = 0; proof <= 1; proof++)
            refused(path, proof, BEAM_EPERM,
                    others == 02 ? "others can write it" : "everybody can read it");
    }
    refused(dir, false, BEAM_EIO, "not a file");
    refused("/dev/zero", false, BEAM_EIO, "not a file");
    refused("relative", false, BEAM_EIO, "absolute");
    refused("", false, BEAM_EIO, "absolute");
    refused("/nowhere\x1b[0m/cookie", false, BEAM_EIO, "/nowhere\\x1b");
    kit_remove(dir);
}

/* Who owns it matters only where a proof is wanted; to see that takes root. */
BEAM_TEST(cookie, of_another_user)
{
    const uid_t me = geteuid(), owner = 102, other = 33;
    char path[256];
    uint8_t *cookie = NULL;
    struct beam_why why;
    kit_init();
    dir = kit_dir();
    make("cookie", 0640, AUTH_COOKIE, path, sizeof(path));
    if (geteuid() == 0) {
        cr_assert_eq(chown(path, 102, 0), 0);
        cr_assert_eq(cookie_read(path, &me, &cookie, &why), 0, "a system account's");
        sodium_free(cookie);
        cr_assert_eq(cookie_read(path, &owner, &cookie, &why), 0, "and it listens there");
        sodium_free(cookie);
        cookie = NULL;
        cr_assert_eq(cookie_read(path, &other, &cookie, &why), BEAM_EPERM);
        cr_assert_not_null(strstr(why.text, "not of the user who listens"), "%s", why.text);
        cr_assert_null(cookie);
        cr_assert_eq(chown(path, 4711, 0), 0);
        refused(path, true, BEAM_EPERM, "another user's");
    }
    cr_assert_eq(cookie_read(path, NULL, &cookie, &why), 0, "%s", why.text);
    sodium_free(cookie);
    kit_remove(dir);
}

BEAM_TEST(cookie, of_a_tor_of_ours)
{
    char path[256];
    uint8_t *cookie = NULL;
    struct beam_why why;
    kit_init();
    dir = kit_dir();
    make("cookie", 0600, AUTH_COOKIE, path, sizeof(path));
    cr_assert_eq(cookie_read_own(path, &cookie, &why), 0);
    sodium_free(cookie);
    cookie = NULL;
    cr_assert_eq(chmod(path, 0640), 0);
    cr_assert_eq(cookie_read_own(path, &cookie, &why), BEAM_EIO);
    cr_assert_not_null(strstr(why.text, "0600"));
    cr_assert_null(cookie);
    kit_remove(dir);
}
