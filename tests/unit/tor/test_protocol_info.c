/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/protocol_info.h"

#include <string.h>

#include "tests/unit/harness.h"

BEAM_TEST(protocol_info, versions)
{
    static const char *const good[] = {"0.4.7.0",  "0.4.7.16",       "0.4.8",
                                       "0.4.9.11", "0.4.10.1-alpha", "0.5.0.1",
                                       "1.0",      "0.4.7-dev",      "0.4.8.99 (git-245ecfff)"};
    static const char *const bad[] = {"0.4.6.12",
                                      "0.4.6",
                                      "0.3.5.18",
                                      "0.4",
                                      "0",
                                      "",
                                      "x",
                                      "0..7",
                                      "-1.4.7",
                                      "0.4.x",
                                      "99999999999999999999.0.0"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        cr_assert(protocol_version_ok(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_not(protocol_version_ok(bad[i]), "%s", bad[i]);
}

/* Of a reply with these three lines, the last of them "OK" where it is NULL. */
static int parse(unsigned code, const char *a, const char *b, struct protocol_info *out)
{
    const struct control_line lines[] = {{.text = "PROTOCOLINFO 1", .data = ""},
                                         {.text = a, .data = ""},
                                         {.text = b, .data = ""},
                                         {.text = "OK", .data = ""}};
    const struct control_reply r = {.code = code, .count = 4, .lines = lines};
    return protocol_info_parse(&r, out);
}

BEAM_TEST(protocol_info, what_it_tells)
{
    struct protocol_info info;
    cr_assert_eq(parse(250, "AUTH METHODS=COOKIE,SAFECOOKIE,HASHEDPASSWORD COOKIEFILE=\"/a \\\"b\"",
                       "VERSION Tor=\"0.4.9.11\"", &info),
                 0);
    cr_assert_eq(info.methods, PROTOCOL_COOKIE | PROTOCOL_SAFECOOKIE | PROTOCOL_PASSWORD);
    cr_assert_str_eq(info.cookie_file, "/a \"b");
    cr_assert_str_eq(info.version, "0.4.9.11");
    cr_assert_eq(parse(250, "AUTH METHODS=NULL", "VERSION Tor=\"0.4.8\x1b[0m\"", &info), 0);
    cr_assert_eq(info.methods, PROTOCOL_NULL);
    cr_assert_str_eq(info.cookie_file, "");
    cr_assert_null(strchr(info.version, '\x1b'), "it is shown");
    cr_assert_eq(parse(250, "AUTH METHODS=XCOOKIE,COOKIEX,", "VERSION Tor=\"1\"", &info), 0);
    cr_assert_eq(info.methods, 0);
}

BEAM_TEST(protocol_info, what_is_none)
{
    struct protocol_info info = {.methods = 77};
    cr_assert_eq(parse(514, "AUTH METHODS=NULL", "VERSION Tor=\"0.4.8\"", &info), BEAM_EPROTO);
    cr_assert_eq(parse(250, "AUTH METHODS=NULL", "VERSION Tar=\"0.4.8\"", &info), BEAM_EPROTO);
    cr_assert_eq(info.methods, 77);
}

BEAM_TEST(protocol_info, names_of_methods)
{
    cr_assert_str_eq(protocol_method_name(PROTOCOL_SAFECOOKIE), "SAFECOOKIE");
    cr_assert_str_eq(protocol_method_name(PROTOCOL_NULL), "NULL");
}
