/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/cookie.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/harness.h"

static void has(const char *fields, const char *value)
{
    char text[512];
    struct http_head head;
    struct http_text found = {"", 0};
    snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n%s\r\n", fields);
    cr_assert_gt(http_head_parse(text, strlen(text), HTTP_REQUEST, &head), 0, "%s", text);
    cr_expect_eq(cookie_find(&head, "a", &found), value != NULL, "%s", fields);
    if (value)
        cr_expect(found.len == strlen(value) && memcmp(found.at, value, found.len) == 0, "%s",
                  fields);
}

BEAM_TEST(cookie, is_found_by_its_whole_name)
{
    has("Cookie: a=1\r\n", "1");
    has("cookie: b=2; a=1\r\n", "1");
    has("Cookie: b=2;a = 1 ;c\r\n", "1");
    has("Cookie: b=2\r\nX: a=3\r\nCookie: a=1; a=2\r\n", "1");
    has("Cookie: a\r\n", "");
    has("Cookie: a=b=c\r\n", "b=c");
    has("Cookie: A=1; aa=1; b=a\r\n", NULL);
    has("Cookie: ;; ;\r\n", NULL);
    has("X: a=1\r\n", NULL);
}
