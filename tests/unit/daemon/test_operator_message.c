/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator_message.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/harness.h"

static int parse(const char *text, struct operator_message *out, struct beam_why *why)
{
    cJSON *o = cJSON_Parse(text);
    cr_assert_not_null(o);
    int err = operator_message_parse(o, out, why);
    if (err == 0) /* texts are the object's */
        out->what = out->why = NULL;
    cJSON_Delete(o);
    return err;
}

BEAM_TEST(operator_message, is_read)
{
    cJSON *o =
        cJSON_Parse("{\"op\":\"ban\",\"id\":1,\"what\":\"192.0.2.1\",\"why\":\"spam\",\"x\":1}");
    struct operator_message m;
    struct beam_why why = {.text = ""};
    cr_assert_not_null(o);
    cr_assert_eq(operator_message_parse(o, &m, &why), 0, "%s", why.text);
    cr_expect_eq(m.op, OPERATOR_BAN);
    cr_expect_eq(m.id, 1u);
    cr_expect_str_eq(m.what, "192.0.2.1");
    cr_expect_str_eq(m.why, "spam");
    cJSON_Delete(o);
    cr_assert_eq(parse("{\"op\":\"list\",\"id\":2,\"after\":256}", &m, &why), 0);
    cr_expect_eq(m.op, OPERATOR_LIST);
    cr_expect_eq(m.after, 256u);
    cr_assert_eq(parse("{\"op\":\"unban\",\"id\":2,\"what\":\"x\"}", &m, &why), 0);
    cr_assert_eq(parse("{\"op\":\"drop\",\"id\":2,\"what\":\"x\"}", &m, &why), 0);
    cr_assert_eq(parse("{\"op\":\"denylists\",\"id\":2}", &m, &why), 0);
    cr_expect_eq(m.op, OPERATOR_DENYLISTS);
    cr_assert_eq(parse("{\"op\":\"bans\",\"id\":2}", &m, &why), 0);
    cr_expect_eq(m.after, 0u);
}

BEAM_TEST(operator_message, what_is_none_is_refused_with_words)
{
    static const struct {
        const char *text;
        int err;
    } cases[] = {
        {"{}", BEAM_EINVAL},
        {"{\"op\":\"publish\",\"id\":1}", BEAM_EINVAL},
        {"{\"op\":1,\"id\":1}", BEAM_EINVAL},
        {"{\"op\":\"list\"}", BEAM_EINVAL},
        {"{\"op\":\"list\",\"id\":0}", BEAM_EINVAL},
        {"{\"op\":\"list\",\"id\":1,\"after\":-1}", BEAM_EINVAL},
        {"{\"op\":\"list\",\"id\":1,\"after\":1.5}", BEAM_EINVAL},
        {"{\"op\":\"ban\",\"id\":1}", BEAM_EUSAGE},
        {"{\"op\":\"ban\",\"id\":1,\"what\":\"\"}", BEAM_EUSAGE},
        {"{\"op\":\"ban\",\"id\":1,\"what\":7}", BEAM_EUSAGE},
        {"{\"op\":\"ban\",\"id\":1,\"what\":\"x\",\"why\":7}", BEAM_EUSAGE},
    };
    struct operator_message m;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct beam_why why = {.text = ""};
        cr_expect_eq(parse(cases[i].text, &m, &why), cases[i].err, "%s", cases[i].text);
        cr_expect_neq(why.text[0], '\0', "%s", cases[i].text);
    }
    char text[OPERATOR_WHAT_MAX + 100];
    struct beam_why why = {.text = ""};
    snprintf(text, sizeof(text), "{\"op\":\"ban\",\"id\":1,\"what\":\"%0*d\"}",
             OPERATOR_WHAT_MAX + 1, 1);
    cr_expect_eq(parse(text, &m, &why), BEAM_EUSAGE, "too long");
}
