/* SPDX-License-Identifier: BSD-3-Clause */
/* Which words make a command; what the commands do is in tests/e2e/cases/keys.py. */
#include "cli/keys.h"

#include <string.h>

#include "tests/unit/harness.h"

static void refuses(const char *verb, const char *file, const char *words)
{
    const struct options o = {.operand = verb,
                              .operands = {verb, file},
                              .operand_count = file   ? 2
                                               : verb ? 1
                                                      : 0};
    struct beam_why why = {.text = ""};
    cr_assert_eq(keys_command(&o, &why), BEAM_EUSAGE);
    cr_assert_not_null(strstr(why.text, words), "%s", why.text);
}

BEAM_TEST(keys, words_that_make_no_command)
{
    refuses(NULL, NULL, "init, show, lock, unlock, export FILE, import FILE or passphrase");
    refuses(NULL, NULL, "keys: what to do?");
    refuses("rot", NULL, "keys rot: no such command (init,");
    refuses("show", "file", "keys show: takes no FILE");
    refuses("unlock", "hunter2", "keys unlock: takes no FILE");
    refuses("export", NULL, "keys export: takes a FILE");
    refuses("import", NULL, "keys import: takes a FILE");
}
