/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator_fault.h"

#include <string.h>

#include "tests/unit/harness.h"

BEAM_TEST(operator_fault, is_the_command_lines_where_it_has_the_value)
{
    static const char *const said[] = {"relay.class=any", "relay.tls_key=/x", "log.level=info"};
    const struct operator_options o = {.daemon = {.assignments = said, .assignment_count = 3},
                                       .acme = "a.b"};
    static const struct {
        const char *words;
        int err, told;
    } all[] = {
        {"relay.class any: must be webhook", BEAM_EINVAL, BEAM_EUSAGE},
        {"relay.class: at most 3", BEAM_ELIMIT, BEAM_EUSAGE},
        {"relay.tls_certificate, relay.tls_key: each", BEAM_EUSAGE, BEAM_EUSAGE},
        {"relay.acme a.b: reserved", BEAM_EUSAGE, BEAM_EUSAGE},
        {"relay.acme_email x: no address", BEAM_EUSAGE, BEAM_EINVAL},
        {"relay.tls_listen: needs", BEAM_EUSAGE, BEAM_EINVAL},
        {"relay.kinds smtp: none", BEAM_EINVAL, BEAM_EINVAL},
        {"relay.classes any: of another key", BEAM_EINVAL, BEAM_EINVAL},
        {"relay.clas any: of another key", BEAM_EINVAL, BEAM_EINVAL},
        {"metrics.listen x: not an address", BEAM_EUSAGE, BEAM_EINVAL},
        {"--listen x: not an address", BEAM_EUSAGE, BEAM_EUSAGE},
        {"relay.class x: cannot be read", BEAM_ENOTFOUND, BEAM_ENOTFOUND},
        {"relay: out of memory", BEAM_ENOMEM, BEAM_ENOMEM},
        {"relay.class", BEAM_EINVAL, BEAM_EUSAGE},
        {"relay.kinds relay.class: a value", BEAM_EINVAL, BEAM_EINVAL},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct beam_why why;
        beam_why(&why, all[i].err, "%s", all[i].words);
        cr_expect_eq(operator_fault(&o, all[i].err, &why), all[i].told, "%s", all[i].words);
        cr_expect_eq(why.code, all[i].told, "%s", all[i].words);
    }
}
