/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/json.h"

#include "tests/unit/harness.h"

BEAM_TEST(json, members_of_another_kind_are_none)
{
    cJSON *o = cJSON_Parse("{\"text\": \"a\", \"number\": 7, \"true\": true, \"null\": null}");
    cr_assert_not_null(o);
    cr_expect_str_eq(json_text(o, "text"), "a");
    cr_expect_eq((int)json_number(o, "number"), 7);
    cr_expect(json_true(o, "true"));
    static const char *const others[] = {"null", "missing", "Text"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        cr_expect_str_eq(json_text(o, others[i]), "");
        cr_expect_eq((int)json_number(o, others[i]), 0);
        cr_expect(!json_true(o, others[i]));
    }
    cr_expect_str_eq(json_text(o, "number"), "");
    cr_expect_eq((int)json_number(o, "text"), 0);
    cr_expect(!json_true(o, "number"));
    cJSON_Delete(o);
}

BEAM_TEST(json, what_is_not_whole_is_gone)
{
    cr_expect_null(json_whole(cJSON_CreateObject(), false));
    cr_expect_null(json_whole(NULL, false));
    cJSON *o = cJSON_CreateArray();
    if (!o)
        return;
    cr_expect_eq(json_whole(o, true), o);
    cJSON *row = json_append(o);
    if (row && json_add_time(row, "at", 0))
        cr_expect_str_eq(json_text(cJSON_GetArrayItem(o, 0), "at"), "1970-01-01T00:00:00.000Z");
    cr_expect_null(json_append(NULL));
    cJSON_Delete(o);
}
