/* SPDX-License-Identifier: BSD-3-Clause */
#include "doctor/findings.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"

static const char *next_of(const char *words, char *text)
{
    static struct findings fs;
    struct beam_why why;
    fs = (struct findings){.count = 0};
    beam_why(&why, BEAM_EIO, "%s", words);
    findings_add_why(&fs, "tor", FINDINGS_FAIL, &why);
    cr_assert_eq(fs.count, 1);
    snprintf(text, 512, "%s", fs.list[0].text);
    return fs.list[0].next;
}

BEAM_TEST(findings, the_advice_is_what_the_last_brackets_hold)
{
    char text[512];
    cr_assert_str_eq(next_of("tor: not here (run: apt install tor)", text), "run: apt install tor");
    cr_assert_str_eq(text, "tor: not here");
    cr_assert_str_eq(next_of("a (b) c (do (this) now)", text), "do (this) now");
    cr_assert_str_eq(text, "a (b) c");
    static const char *const none[] = {
        "nothing to do", "(all of it)", "a(b)", "a) b)", "it said (this) so", "", ")"};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        cr_assert_str_eq(next_of(none[i], text), "", "%s", none[i]);
        cr_assert_str_eq(text, none[i]);
    }
}

BEAM_TEST(findings, advice_that_does_not_fit_stays_where_it_is)
{
    char words[400] = "why (", text[512];
    memset(words + 5, 'x', 300);
    memcpy(words + 305, ")", 2);
    cr_assert_str_eq(next_of(words, text), "");
    cr_assert_str_eq(text, words);
}

BEAM_TEST(findings, the_worst_counts)
{
    struct findings fs = {.count = 0};
    cr_assert_eq(findings_worst(&fs), FINDINGS_OK);
    findings_add(&fs, "a", FINDINGS_OK, "", "fine");
    findings_add(&fs, "b", FINDINGS_WARN, "look", "%d", 7);
    cr_assert_eq(findings_worst(&fs), FINDINGS_WARN);
    findings_add(&fs, "c", FINDINGS_FAIL, "mend", "broken");
    findings_add(&fs, "d", FINDINGS_OK, "", "fine");
    cr_assert_eq(findings_worst(&fs), FINDINGS_FAIL);
    cr_assert_str_eq(fs.list[1].text, "7");
    for (int i = 0; i < 2 * FINDINGS_MAX; i++)
        findings_add(&fs, "e", FINDINGS_OK, "", "more");
    cr_assert_eq(fs.count, FINDINGS_MAX);
}

BEAM_TEST(findings, printed_and_as_json)
{
    struct findings fs = {.count = 0};
    char *text = NULL;
    size_t len = 0;
    findings_add(&fs, "tor", FINDINGS_FAIL, "update it", "too\x1b[0m old");
    FILE *to = open_memstream(&text, &len);
    cr_assert_not_null(to);
    findings_print(to, &fs.list[0]);
    fclose(to);
    cr_assert_str_eq(text, "fail  tor            too\\x1b[0m old\n"
                           "                     -> update it\n");
    free(text);
    cJSON *o = findings_json(&fs);
    cr_assert_not_null(o);
    const cJSON *one = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(o, "findings"), 0);
    cr_assert_str_eq(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "status")), "fail");
    cr_assert_str_eq(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one, "check")), "tor");
    cr_assert_str_eq(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one, "next")),
                     "update it");
    cJSON_Delete(o);
}
