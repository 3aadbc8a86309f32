/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/addr.h"

#include <string.h>

#include "base/err.h"
#include "tests/unit/harness.h"

static struct addr ip(const char *host, uint16_t port)
{
    struct addr a;
    cr_assert_eq(addr_ip(host, strlen(host), port, &a), 0, "%s", host);
    return a;
}

BEAM_TEST(addr, text_of_each_kind)
{
    char out[ADDR_TEXT_SIZE];
    struct addr a = ip("127.0.0.1", 3000);
    addr_text(&a, out);
    cr_assert_str_eq(out, "127.0.0.1:3000");
    cr_assert_eq(addr_port(&a), 3000);
    cr_assert_null(addr_path(&a));

    a = ip("0:0::0:1", 1);
    addr_text(&a, out);
    cr_assert_str_eq(out, "[::1]:1");
    cr_assert_eq(addr_port(&a), 1);
    cr_assert_null(addr_path(&a));

    a = ip("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", 65535);
    addr_text(&a, out);
    cr_assert_str_eq(out, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");

    cr_assert_eq(addr_unix("/run/x.sock", &a), 0);
    addr_text(&a, out);
    cr_assert_str_eq(out, "unix:/run/x.sock");
    cr_assert_str_eq(addr_path(&a), "/run/x.sock");
    cr_assert_eq(addr_port(&a), 0);
}

BEAM_TEST(addr, unix_paths_up_to_the_limit)
{
    char path[109], out[ADDR_TEXT_SIZE];
    struct addr a, untouched;
    memset(path, 'p', sizeof(path));
    path[107] = '\0';
    cr_assert_eq(addr_unix(path, &a), 0);
    cr_assert_str_eq(addr_path(&a), path);
    addr_text(&a, out);
    cr_assert_eq(strlen(out), 5u + 107u);

    untouched = a;
    path[107] = 'p';
    path[108] = '\0';
    cr_assert_eq(addr_unix(path, &a), BEAM_ELIMIT);
    cr_assert_eq(addr_unix("", &a), BEAM_EINVAL);
    cr_assert_eq(memcmp(&a, &untouched, sizeof(a)), 0);
}

BEAM_TEST(addr, refuses_what_is_not_a_literal)
{
    static const char *const bad[] = {"",           "localhost",  "127.0.0.1 ", " 127.0.0.1",
                                      "127.1",      "127.0.0.01", "1.2.3.4.",   "256.0.0.1",
                                      "0x7f.0.0.1", "[::1]",      "fe80::1%lo", "1:2:3:4:5:6:7:8:9",
                                      ":::",        "::1/128",    "1.2.3"};
    struct addr a = {0}, untouched = {0};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_eq(addr_ip(bad[i], strlen(bad[i]), 80, &a), BEAM_EINVAL, "%s", bad[i]);
    cr_assert_eq(addr_ip("127.0.0.1", 9, 0, &a), BEAM_EINVAL);
    cr_assert_eq(addr_ip("127.0.0.1\0x", 11, 80, &a), BEAM_EINVAL);
    char is_long[200];
    memset(is_long, '1', sizeof(is_long));
    cr_assert_eq(addr_ip(is_long, sizeof(is_long), 80, &a), BEAM_EINVAL);
    cr_assert_eq(memcmp(&a, &untouched, sizeof(a)), 0);
    /* Only host_len bytes count. */
    cr_assert_eq(addr_ip("127.0.0.1:80", 9, 80, &a), 0);
}

BEAM_TEST(addr, scopes_and_their_borders)
{
    static const struct {
        const char *host;
        enum addr_scope scope;
    } rows[] = {
        {"127.0.0.1", ADDR_LOOPBACK},
        {"127.0.0.0", ADDR_LOOPBACK},
        {"127.255.255.255", ADDR_LOOPBACK},
        {"126.255.255.255", ADDR_GLOBAL},
        {"128.0.0.0", ADDR_GLOBAL},
        {"::1", ADDR_LOOPBACK},
        {"::2", ADDR_LAN},
        {"::127.0.0.1", ADDR_LAN},
        {"::8.8.8.8", ADDR_GLOBAL},
        {"64:ff9b::10.0.0.1", ADDR_LAN},
        {"64:ff9b::127.0.0.1", ADDR_LAN},
        {"64:ff9b::0.0.0.1", ADDR_LAN},
        {"64:ff9b::8.8.8.8", ADDR_GLOBAL},
        {"64:ff9b:0:1::10.0.0.1", ADDR_GLOBAL},
        {"64:ff9b:1::1", ADDR_LAN},
        {"64:ff9b:1:ffff::8.8.8.8", ADDR_LAN},
        {"64:ff9b:2::10.0.0.1", ADDR_GLOBAL},
        {"2002:a00:1::1", ADDR_LAN},
        {"2002:7f00:1::1", ADDR_LAN},
        {"2002:808:808::1", ADDR_GLOBAL},
        {"2003:a00:1::1", ADDR_GLOBAL},
        {"::ffff:127.0.0.1", ADDR_LOOPBACK},
        {"::ffff:10.0.0.1", ADDR_LAN},
        {"::ffff:9.255.255.255", ADDR_GLOBAL},
        {"10.0.0.0", ADDR_LAN},
        {"10.255.255.255", ADDR_LAN},
        {"11.0.0.0", ADDR_GLOBAL},
        {"172.15.255.255", ADDR_GLOBAL},
        {"172.16.0.0", ADDR_LAN},
        {"172.31.255.255", ADDR_LAN},
        {"172.32.0.0", ADDR_GLOBAL},
        {"192.167.255.255", ADDR_GLOBAL},
        {"192.168.0.0", ADDR_LAN},
        {"192.169.0.0", ADDR_GLOBAL},
        {"169.254.0.1", ADDR_LAN},
        {"169.255.0.0", ADDR_GLOBAL},
        {"100.63.255.255", ADDR_GLOBAL},
        {"100.64.0.0", ADDR_LAN},
        {"100.127.255.255", ADDR_LAN},
        {"100.128.0.0", ADDR_GLOBAL},
        {"fe80::1", ADDR_LAN},
        {"febf::1", ADDR_LAN},
        {"fec0::1", ADDR_LAN},
        {"feff::1", ADDR_LAN},
        {"fc00::1", ADDR_LAN},
        {"fdff::1", ADDR_LAN},
        {"fbff::1", ADDR_GLOBAL},
        {"fe00::1", ADDR_GLOBAL},
        {"0.0.0.0", ADDR_GLOBAL},
        {"::", ADDR_GLOBAL},
        {"224.0.0.1", ADDR_GLOBAL},
        {"ff02::1", ADDR_GLOBAL},
        {"93.184.216.34", ADDR_GLOBAL},
        {"2001:db8::1", ADDR_GLOBAL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct addr a = ip(rows[i].host, 80);
        cr_assert_eq(addr_scope(&a), rows[i].scope, "%s", rows[i].host);
    }
    struct addr a;
    cr_assert_eq(addr_unix("/x", &a), 0);
    cr_assert_eq(addr_scope(&a), ADDR_UNIX);
    memset(&a, 0, sizeof(a));
    cr_assert_eq(addr_scope(&a), ADDR_GLOBAL, "an unknown kind is never near");
}

BEAM_TEST(addr, unspecified)
{
    static const char *const yes[] = {"0.0.0.0", "0.1.2.3", "::", "::ffff:0.0.0.0"};
    static const char *const no[] = {"1.0.0.0", "127.0.0.1", "::1", "::ffff:1.0.0.0", "::0.0.0.2"};
    struct addr a;
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        a = ip(yes[i], 80);
        cr_assert(addr_unspecified(&a), "%s", yes[i]);
    }
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        a = ip(no[i], 80);
        cr_assert_not(addr_unspecified(&a), "%s", no[i]);
    }
    cr_assert_eq(addr_unix("/x", &a), 0);
    cr_assert_not(addr_unspecified(&a));
}

BEAM_TEST(addr, parse_reads_what_text_writes)
{
    static const char *const good[] = {"127.0.0.1:3000", "[::1]:3000",  "[2001:db8::1]:1",
                                       "10.1.2.3:65535", "unix:/a/b:1", "unix:relative"};
    static const char *const bad[] = {
        "",      "127.0.0.1",      "127.0.0.1:",    "127.0.0.1:0", "::1:3000",
        "[::1]", "[127.0.0.1]:80", "[]:80",         "host:80",     ":80",
        "unix:", "1.2.3.4:+8",     "1.2.3.4:65536", "[::1:80",     "::1]:80"};
    struct addr a;
    char text[ADDR_TEXT_SIZE];
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        cr_assert_eq(addr_parse(good[i], &a), 0, "%s", good[i]);
        addr_text(&a, text);
        cr_assert_str_eq(text, good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_eq(addr_parse(bad[i], &a), BEAM_EINVAL, "%s", bad[i]);
}
