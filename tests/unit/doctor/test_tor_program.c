/* SPDX-License-Identifier: BSD-3-Clause */
#include "doctor/tor_program.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"
#include "tests/unit/tor/kit.h"

BEAM_TEST(tor_program, the_version_in_a_line)
{
    static const char *const bad[] = {
        "", "Tor version ", "Tor version .", "tor version 0.4.8",
        "Tor version 0000000000000000000000000000000000000000000000000000"};
    char out[TOR_PROGRAM_VERSION_SIZE];
    cr_assert(tor_program_version("Tor version 0.4.9.11.", 21, out));
    cr_assert_str_eq(out, "0.4.9.11");
    cr_assert(tor_program_version("Tor version 0.4.8.1-alpha (git-1).", 34, out));
    cr_assert_str_eq(out, "0.4.8.1-alpha");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_not(tor_program_version(bad[i], strlen(bad[i]), out), "%s", bad[i]);
}

/* What is found of a program with this script. */
static void checked(const char *script, mode_t mode, bool fine, const char *words)
{
    struct findings fs = {.count = 0};
    struct loop *l;
    kit_init();
    char *dir = kit_dir(), *path = kit_file(dir, "tor", mode, script);
    cr_assert_eq(loop_new(&l), 0);
    cr_assert_eq(tor_program_check(&fs, l, path), fine);
    cr_assert_eq(fs.count, 1);
    cr_assert_eq(fs.list[0].status, fine ? FINDINGS_OK : FINDINGS_FAIL);
    cr_assert_not_null(strstr(fs.list[0].text, words), "%s", fs.list[0].text);
    cr_assert(fine || fs.list[0].next[0], "no next step");
    loop_free(l);
    free(path);
    kit_remove(dir);
}

BEAM_TEST(tor_program, one_that_will_do)
{
    checked("#!/bin/sh\necho 'Tor version 0.4.8.16.'\necho more\n", 0700, true, "0.4.8.16");
}

BEAM_TEST(tor_program, those_that_will_not)
{
    checked("#!/bin/sh\necho 'Tor version 0.4.6.9.'\n", 0700, false, "too old");
    checked("#!/bin/sh\necho 'Tor version 0.4.8.16.'\nexit 1\n", 0700, false, "does not tell");
    checked("#!/bin/sh\n", 0700, false, "does not tell");
    checked("#!/bin/sh\n", 0600, false, "not a program");
}

BEAM_TEST(tor_program, none)
{
    struct findings fs = {.count = 0};
    struct loop *l;
    kit_init();
    cr_assert_eq(loop_new(&l), 0);
    cr_assert_not(tor_program_check(&fs, l, "/nowhere/tor"));
    cr_assert_not_null(strstr(fs.list[0].text, "no such program"), "%s", fs.list[0].text);
    cr_assert_not_null(strstr(fs.list[0].next, "install"), "%s", fs.list[0].next);
    loop_free(l);
}
