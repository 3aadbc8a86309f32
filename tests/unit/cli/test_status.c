/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/status.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"

static char *text_of(const char *status)
{
    char *text = NULL;
    size_t len = 0;
    cJSON *o = cJSON_Parse(status);
    cr_assert_not_null(o);
    FILE *to = open_memstream(&text, &len);
    cr_assert_not_null(to);
    status_print(to, o);
    cr_assert_eq(fclose(to), 0);
    cJSON_Delete(o);
    return text;
}

BEAM_TEST(status, a_table)
{
    char *text = text_of(
        "{\"beam\":\"0.1.0\",\"pid\":4711,\"tor\":{\"state\":\"ready\",\"version\":\"0.4\"},"
        "\"tunnels\":[{\"id\":1,\"name\":\"swift-beam-456\",\"target\":\"127.0.0.1:3000\","
        "\"requests\":12,\"paths\":[{\"path\":\"onion\",\"state\":\"up\","
        "\"url\":\"http://x.onion\"}]},"
        "{\"id\":22,\"name\":\"b\",\"target\":\"unix:/\\u001b[2J\",\"requests\":0,"
        "\"paths\":[{\"path\":\"onion\",\"state\":\"opening\"}]}]}");
    cr_expect_str_eq(
        text, "beam 0.1.0  pid 4711  tor ready  0.4\n"
              "  ID  NAME            TARGET          REQUESTS  PATH   STATE    URL\n"
              "   1  swift-beam-456  127.0.0.1:3000        12  onion  up       http://x.onion"
              "\n"
              "  22  b               unix:/\\x1b[2J          0  onion  opening\n");
    free(text);
}

BEAM_TEST(status, no_tunnels)
{
    char *text = text_of("{\"beam\":\"0\",\"pid\":1,\"tor\":{\"state\":\"off\",\"version\":\"\"},"
                         "\"tunnels\":[]}");
    cr_expect_str_eq(text, "beam 0  pid 1  tor off\nNo tunnels.\n");
    free(text);
}

BEAM_TEST(status, members_of_other_types_do_no_harm)
{
    char *text = text_of("{\"beam\":1,\"tor\":[],\"tunnels\":[{\"id\":\"x\",\"paths\":[1,{}]},7]}");
    cr_expect_not_null(strstr(text, "NAME"));
    free(text);
}
