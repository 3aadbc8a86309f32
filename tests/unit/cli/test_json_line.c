/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/json_line.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"

static cJSON *object_of(const char *text)
{
    cJSON *o = cJSON_Parse(text);
    cr_assert_not_null(o, "%s", text);
    return o;
}

static void is_line(char *line, const char *text)
{
    cr_assert_not_null(line);
    cr_expect_str_eq(line, text);
    free(line);
}

BEAM_TEST(json_line, is_ascii_and_means_the_same)
{
    static const char text[] = "{\"a\":\"\x7f \xc2\x9b \xc3\xa4 \xe2\x80\xae \xf0\x9f\xa7\x85 ~\"}";
    cJSON *o = object_of(text);
    char *line = json_line(o);
    cr_assert_not_null(line);
    cr_expect_str_eq(line, "{\"a\":\"\\u007f \\u009b \\u00e4 \\u202e \\ud83e\\uddc5 ~\"}\n");
    cJSON *again = object_of(line);
    cr_expect(cJSON_Compare(o, again, true));
    cJSON_Delete(again);
    cJSON_Delete(o);
    free(line);
}

BEAM_TEST(json_line, what_is_no_utf_8_is_no_line)
{
    cJSON *o = object_of("{\"a\":\"x\"}");
    o->child->valuestring[0] = '\x9b';
    cr_expect_null(json_line(o));
    cJSON_Delete(o);
}

BEAM_TEST(json_line, an_event_goes_without_its_tunnel)
{
    cJSON *o = object_of("{\"event\":\"stopped\",\"time\":\"t\",\"tunnel\":17}");
    is_line(json_line_event(o), "{\"event\":\"stopped\",\"time\":\"t\"}\n");
    cr_expect_not_null(cJSON_GetObjectItem(o, "tunnel"), "the object was changed");
    cJSON_Delete(o);
}

BEAM_TEST(json_line, one_of_our_own)
{
    struct beam_why why;
    beam_why(&why, BEAM_ENODAEMON, "x");
    is_line(json_line_own("error", 1767323045678, &why),
            "{\"event\":\"error\",\"time\":\"2026-01-02T03:04:05.678Z\",\"code\":\"nodaemon\","
            "\"text\":\"x\"}\n");
}
