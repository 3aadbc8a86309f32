/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/circuit_line.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/harness.h"

#define OURS   "25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid"
#define OTHERS "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd"

/* As tor 0.4.9 writes them, but for the fingerprints. */
#define VISITOR                                                                                    \
    "7 BUILT $AB~a,$CD~b BUILD_FLAGS=IS_INTERNAL,NEED_CAPACITY PURPOSE=HS_SERVICE_REND "           \
    "HS_STATE=HSSR_JOINED REND_QUERY=" OURS " TIME_CREATED=2026-01-02T03:04:05.678901"
#define COMING "12 EXTENDED $AB~a PURPOSE=HS_SERVICE_REND HS_STATE=HSSR_CONNECTING REND_QUERY=" OURS
#define INTRO  "9 BUILT $AB~a PURPOSE=HS_SERVICE_INTRO HS_STATE=HSSI_ESTABLISHED REND_QUERY=" OURS
#define CONNECTING                                                                                 \
    "9 BUILT $AB~a PURPOSE=HS_SERVICE_INTRO HS_STATE=HSSI_CONNECTING REND_QUERY=" OURS
#define CLIENT "10 BUILT $AB~a PURPOSE=HS_CLIENT_REND REND_QUERY=" OURS
#define QUOTED "7 BUILT SOCKS_USERNAME=\"PURPOSE=HS_SERVICE_REND REND_QUERY=" OURS "\""

static struct circuit_line only(const char *text)
{
    struct circuit_line c, none;
    cr_assert(circuit_line_next(&text, &c));
    cr_assert(!circuit_line_next(&text, &none));
    return c;
}

BEAM_TEST(circuit_line, what_they_are_for)
{
    static const struct {
        const char *line, *id;
        bool visit, introduction;
    } cases[] = {
        {VISITOR, "7", true, false},     {COMING, "12", true, false},  {INTRO, "9", false, true},
        {CONNECTING, "9", false, false}, {CLIENT, "10", false, false}, {QUOTED, "7", false, false},
        {"7 BUILT", "7", false, false},  {"7", "7", false, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct circuit_line c = only(cases[i].line);
        cr_expect_str_eq(c.id, cases[i].id);
        cr_expect_eq(circuit_line_is_visit(&c, OURS), cases[i].visit, "%s", cases[i].line);
        cr_expect_eq(circuit_line_is_introduction(&c, OURS), cases[i].introduction, "%s",
                     cases[i].line);
        cr_expect(!circuit_line_is_visit(&c, OTHERS));
        cr_expect(!circuit_line_is_introduction(&c, OTHERS));
    }
}

BEAM_TEST(circuit_line, what_is_no_circuit_is_passed_over)
{
    char text[8192];
    struct circuit_line c;
    const char *at = text;
    int len =
        snprintf(text, sizeof(text), "\n%s\n12345678901234567 BUILT\n8 BUILT PURPOSE=", INTRO);
    memset(text + len, 'a', 5000);
    snprintf(text + len + 5000, sizeof(text) - (size_t)len - 5000, "\n%s\n", VISITOR);
    cr_assert(circuit_line_next(&at, &c));
    cr_expect_str_eq(c.id, "9");
    cr_assert(circuit_line_next(&at, &c));
    cr_expect_str_eq(c.id, "7");
    cr_expect(!circuit_line_next(&at, &c));
}
