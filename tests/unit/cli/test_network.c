/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/network.h"

#include <string.h>

#include "tests/unit/harness.h"

static const char *checked;

static int check(const char *text, struct beam_why *why)
{
    checked = text;
    return beam_why(why, BEAM_EUSAGE, "%s: refused", text);
}

static int run(struct beam_why *why, size_t n, const char *const *words)
{
    struct options o = {.command = COMMAND_NETWORK, .operand_count = n};
    for (size_t i = 0; i < n; i++)
        o.operands[i] = words[i];
    o.operand = n > 0 ? words[0] : NULL;
    checked = NULL;
    return network_command(&o, check, why);
}

BEAM_TEST(network, what_stands_for_a_peer_is_checked_too)
{
    static const char *const ping[] = {"ping", "alice"}, *const bootstrap[] = {"bootstrap", "bob"};
    struct beam_why why = {0};
    cr_expect_eq(run(&why, 2, ping), BEAM_EUSAGE);
    cr_expect_str_eq(checked, "alice");
    cr_expect_str_eq(why.text, "alice: refused");
    cr_expect_eq(run(&why, 2, bootstrap), BEAM_EUSAGE);
    cr_expect_str_eq(checked, "bob");
}
