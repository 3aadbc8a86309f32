/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/target.h"

#include <string.h>

#include "tests/unit/harness.h"

static void good(const char *text, const char *canonical, int count)
{
    struct target t;
    struct beam_why why = {0};
    cr_assert_eq(target_parse(text, "/srv/app", &t, &why), 0, "%s: %s", text, why.text);
    cr_assert_str_eq(t.text, canonical);
    cr_assert_eq(t.addr_count, count);
    char again[ADDR_TEXT_SIZE];
    addr_text(&t.addr[0], again);
    cr_assert_str_eq(again, canonical);
}

/* Refused with `code`, saying `words`, and the output is left alone. */
static void bad(const char *text, int code, const char *words)
{
    struct target t, before;
    struct beam_why why = {0};
    memset(&t, 0x5a, sizeof(t));
    before = t;
    cr_assert_eq(target_parse(text, "/srv/app", &t, &why), code, "%s", text);
    cr_assert_eq(why.code, code);
    cr_assert_not_null(strstr(why.text, words), "%s: said \"%s\", not \"%s\"", text, why.text,
                       words);
    cr_assert_eq(memcmp(&t, &before, sizeof(t)), 0, "%s: output touched", text);
    cr_assert_eq(target_parse(text, "/srv/app", &t, NULL), code);
}

BEAM_TEST(target, a_bare_port_is_this_machine_by_both_families)
{
    struct target t;
    good("3000", "127.0.0.1:3000", 2);
    good("1", "127.0.0.1:1", 2);
    good("65535", "127.0.0.1:65535", 2);
    good("localhost:80", "127.0.0.1:80", 2);
    good("LocalHost:80", "127.0.0.1:80", 2);
    cr_assert_eq(target_parse("3000", "/", &t, NULL), 0);
    char text[ADDR_TEXT_SIZE];
    addr_text(&t.addr[1], text);
    cr_assert_str_eq(text, "[::1]:3000");
}

BEAM_TEST(target, literals_are_taken_as_they_are)
{
    good("127.0.0.1:3000", "127.0.0.1:3000", 1);
    good("192.168.1.5:80", "192.168.1.5:80", 1);
    good("[::1]:80", "[::1]:80", 1);
    good("[0:0::0:1]:80", "[::1]:80", 1);
    good("[2001:db8::7]:65535", "[2001:db8::7]:65535", 1);
}

BEAM_TEST(target, unix_paths_are_made_absolute_and_plain)
{
    good("unix:/run/app.sock", "unix:/run/app.sock", 1);
    good("unix:app.sock", "unix:/srv/app/app.sock", 1);
    good("unix:./app.sock", "unix:/srv/app/app.sock", 1);
    good("unix:../app.sock", "unix:/srv/app/../app.sock", 1);
    good("unix://run//app.sock/", "unix:/run/app.sock", 1);
    good("unix:///run/app.sock", "unix:/run/app.sock", 1);
    good("unix:/", "unix:/", 1);
    good("unix:/with space/\xc3\xa9:1", "unix:/with space/\xc3\xa9:1", 1);
}

BEAM_TEST(target, ports_out_of_range_are_named)
{
    bad("0", BEAM_EINVAL, "port 0: a port is a number from 1 to 65535");
    bad("65536", BEAM_EINVAL, "port 65536:");
    bad("007", BEAM_EINVAL, "port 007:");
    bad("99999999999999999999999", BEAM_EINVAL, "port 99999999999999999999999:");
    bad("127.0.0.1:0", BEAM_EINVAL, "port 0:");
    bad("127.0.0.1:http", BEAM_EINVAL, "port http:");
    bad("[::1]:-1", BEAM_EINVAL, "port -1:");
    bad("localhost:+80", BEAM_EINVAL, "port +80:");
    bad("localhost:80 ", BEAM_EINVAL, "port 80 :");
}

BEAM_TEST(target, what_is_no_target_is_told_what_one_is)
{
    bad("", BEAM_EINVAL, "empty (give PORT, HOST:PORT or unix:PATH)");
    bad("abc", BEAM_EINVAL, "neither a port nor HOST:PORT nor unix:PATH");
    bad("-3000", BEAM_EINVAL, "neither a port");
    bad(" 3000", BEAM_EINVAL, "neither a port");
    bad(":80", BEAM_EINVAL, "no host before the colon (give the port alone, 80,");
    bad("host:", BEAM_EINVAL, "no port after the colon");
    bad(":", BEAM_EINVAL, "no port after the colon");
    bad("::1:80", BEAM_EINVAL, "in brackets: [::1]:3000");
    bad("[::1]", BEAM_EINVAL, "[ADDRESS]:PORT");
    bad("[::1]80", BEAM_EINVAL, "[ADDRESS]:PORT");
    bad("[::1]:", BEAM_EINVAL, "[ADDRESS]:PORT");
    bad("[::1:80", BEAM_EINVAL, "[ADDRESS]:PORT");
    bad("[127.0.0.1]:80", BEAM_EINVAL, "brackets are for IPv6");
    bad("[]:80", BEAM_EINVAL, "brackets are for IPv6");
    bad("[fe80::1%eth0]:80", BEAM_EINVAL, "neither an IP address nor localhost");
    bad("unix:", BEAM_EINVAL, "no path after the colon");
}

BEAM_TEST(target, names_are_not_asked_of_dns)
{
    bad("app.example:80", BEAM_EINVAL, "beam asks no DNS for a target (give its IP address)");
    bad("127.1:80", BEAM_EINVAL, "neither an IP address nor localhost");
    bad("localhost.:80", BEAM_EINVAL, "neither an IP address nor localhost");
}

BEAM_TEST(target, an_address_that_cannot_be_dialled_is_refused)
{
    bad("0.0.0.0:3000", BEAM_EINVAL, "give the port alone, 3000,");
    bad("[::]:3000", BEAM_EINVAL, "give the port alone, 3000,");
}

BEAM_TEST(target, a_url_is_told_which_part_is_the_target)
{
    bad("http://localhost:3000", BEAM_EINVAL, "a target is no URL (give localhost:3000;");
    bad("https://127.0.0.1:3000/x?y#z", BEAM_EINVAL, "(give 127.0.0.1:3000;");
    bad("http://localhost", BEAM_EINVAL, "a target is no URL (give PORT, HOST:PORT");
    bad("http://app.example:80/", BEAM_EINVAL, "a target is no URL (give PORT, HOST:PORT");
    bad("http://http://3000", BEAM_EINVAL, "a target is no URL (give PORT");
    bad("http://", BEAM_EINVAL, "a target is no URL");
}

BEAM_TEST(target, odd_bytes_are_shown_escaped)
{
    bad("3000\x1b[31m", BEAM_EINVAL, "3000\\x1b[31m");
    bad("\xf0\x9f\xa7\x85", BEAM_EINVAL, "neither a port");
    bad("unix:/run/a\nb", BEAM_EINVAL, "a\\x0ab");
    bad("unix:/run/\xff", BEAM_EINVAL, "not UTF-8");
}

BEAM_TEST(target, a_unix_path_fits_or_is_refused)
{
    char path[400] = "unix:/";
    memset(path + 6, 'a', 106);
    good(path, path, 1);
    path[6 + 106] = 'a';
    bad(path, BEAM_ELIMIT, "at most 107 bytes");
    memset(path + 6, 'a', sizeof(path) - 7);
    bad(path, BEAM_ELIMIT, "at most 107 bytes");
    memset(path, 'a', sizeof(path) - 1);
    bad(path, BEAM_EINVAL, "neither a port");
}
