/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/reply.h"

#include <string.h>

#include "tests/unit/harness.h"

BEAM_TEST(reply, what_is_there_is_shown_and_harms_no_terminal)
{
    char text[REPLY_TEXT_SIZE];
    cJSON *o = cJSON_Parse("{\"name\": \"a\\u001b[2Jb\", \"n\": 4.5, \"not\": true}");
    cr_assert_not_null(o);
    cr_expect_null(strchr(reply_text(o, "name", text), '\033'));
    cr_expect_eq(text[0], 'a');
    cr_expect_str_eq(reply_text(o, "n", text), "");
    cr_expect_str_eq(reply_text(o, "missing", text), "");
    cr_expect_str_eq(reply_escape(NULL, text), "");
    cJSON_Delete(o);
}

BEAM_TEST(reply, what_is_too_long_is_cut)
{
    char text[REPLY_TEXT_SIZE], longer[2 * REPLY_TEXT_SIZE];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    cJSON *o = cJSON_CreateString(longer);
    cr_assert_not_null(o);
    cr_expect_lt(strlen(reply_escape(o, text)), sizeof(text));
    cJSON_Delete(o);
}
