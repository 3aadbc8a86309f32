/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/verbs.h"

#include <string.h>

#include "tests/unit/harness.h"

static int check(enum command command, size_t n, const char *const *words, struct beam_why *why)
{
    struct options o = {.command = command, .operand_count = n};
    for (size_t i = 0; i < n; i++)
        o.operands[i] = words[i];
    o.operand = n > 0 ? words[0] : NULL;
    return verbs_check(&o, why);
}

BEAM_TEST(verbs, each_takes_what_its_row_says)
{
    static const enum command commands[] = {COMMAND_VISITORS, COMMAND_KEYS, COMMAND_NETWORK,
                                            COMMAND_RELAY};
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        size_t n;
        const struct verbs_row *v = verbs_of(commands[i], &n);
        cr_assert_gt(n, 1);
        for (size_t j = 0; j < n; j++)
            for (size_t operands = 0; operands < OPTIONS_OPERANDS; operands++) {
                const char *const words[] = {v[j].name, "a", "b", "c"};
                struct beam_why why = {0};
                int err = check(commands[i], 1 + operands, words, &why);
                bool right = operands >= v[j].least && operands <= v[j].most;
                cr_expect_eq(err, right ? 0 : BEAM_EUSAGE, "%s with %zu", v[j].name, operands);
            }
    }
}

BEAM_TEST(verbs, what_is_wrong_is_said)
{
    static const struct {
        enum command command;
        const char *words[3];
        size_t n;
        const char *says;
    } wrong[] = {
        {COMMAND_KEYS,
         {NULL},
         0,
         "keys: what to do? (init, show, lock, unlock, export, import or "},
        {COMMAND_KEYS, {"rot"}, 1, "keys rot: no such command (init,"},
        {COMMAND_KEYS, {"export"}, 1, "keys export: a word is missing (write `beam keys export "},
        {COMMAND_NETWORK, {NULL}, 0, "network: what to do? (status, peers, routes, bootstrap or "},
        {COMMAND_NETWORK, {"pin"}, 1, "network pin: no such command (did you mean ping?)"},
        {COMMAND_NETWORK, {"ping"}, 1, "(write `beam network ping PEER`; `beam help network`"},
        {COMMAND_NETWORK, {"peers", "all"}, 2, "network peers: one word too many (write `beam"},
        {COMMAND_RELAY, {"3"}, 1, "relay 3: no such command (ban, unban, drop, export or list;"},
        {COMMAND_RELAY, {"ban"}, 1, "(write `beam relay ban WHAT [WHY]`;"},
        {COMMAND_VISITORS, {"make", "file"}, 2, "`beam visitors make FILE NAME [ADDRESS]`"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct beam_why why = {0};
        cr_expect_eq(check(wrong[i].command, wrong[i].n, wrong[i].words, &why), BEAM_EUSAGE);
        cr_expect_not_null(strstr(why.text, wrong[i].says), "%s", why.text);
    }
}

BEAM_TEST(verbs, a_word_that_may_be_a_passphrase_is_not_shown)
{
    static const char *const words[] = {"unlock", "hunter2"};
    struct beam_why why = {0};
    cr_expect_eq(check(COMMAND_KEYS, 2, words, &why), BEAM_EUSAGE);
    cr_expect_null(strstr(why.text, "hunter2"), "%s", why.text);
}

BEAM_TEST(verbs, other_commands_have_none)
{
    size_t n = 1;
    struct beam_why why = {0};
    cr_expect_null(verbs_of(COMMAND_STATUS, &n));
    cr_expect_eq(n, 0);
    cr_expect_eq(check(COMMAND_STOP, 0, NULL, &why), 0);
    cr_expect_eq(check(COMMAND_RELAY, 0, NULL, &why), 0); /* it runs one */
}
