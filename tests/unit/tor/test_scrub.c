/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/scrub.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/harness.h"

#define RSA     "0123456789ABCDEF0123456789ABCDEF01234567"
#define ED25519 "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789+/AbCdE"

#define ONION  "abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvwx"
#define CLIENT "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOPQRST"

static void expect(const char *line, const char *want)
{
    char text[512];
    snprintf(text, sizeof(text), "%s", line);
    scrub_line(text, sizeof(text));
    cr_expect_str_eq(text, want);
}

static void expect_kept(const char *line)
{
    expect(line, line);
}

BEAM_TEST(scrub, what_says_where_a_relay_is_or_who)
{
    expect("with 192.0.2.7:9443 (\"x\")", "with [scrubbed] (\"x\")");
    expect("at 192.0.2.7, or 10.1.2.3. And", "at [scrubbed], or [scrubbed]. And");
    expect("HOSTADDR=\"192.0.2.7:443\"", "HOSTADDR=\"[scrubbed]\"");
    expect("at [2001:db8::7]:443: no", "at [scrubbed]: no");
    expect("at 2001:db8::7 and fe80::1.", "at [scrubbed] and [scrubbed].");
    expect("2001:db8::7: refused", "[scrubbed]: refused");
    expect("new bridge descriptor 'a' (fresh): $" RSA "~a [" ED25519 "] at 192.0.2.7",
           "new bridge descriptor '[scrubbed]' (fresh): $[scrubbed] [[scrubbed]] at [scrubbed]");
    expect("Bridge 'a1' has both", "Bridge '[scrubbed]' has both");
    expect("Adjusted bridge routerinfo for 'a' to match",
           "Adjusted bridge routerinfo for '[scrubbed]' to match");
    expect("Guard a1 ($" RSA ") is", "Guard [scrubbed] ($[scrubbed]) is");
    expect("RSA_ID=" RSA " too", "RSA_ID=[scrubbed] too");
    expect("192.0.2.7:443:" RSA, "[scrubbed]:[scrubbed]");
    expect("obfs4 192.0.2.7:1 cert=abc/DEF+1 iat-mode=0", "obfs4 [scrubbed] [scrubbed] iat-mode=0");
    expect("registerurl=https://a.example/api fronts=b.example,c.example transport=prefix",
           "[scrubbed] [scrubbed] transport=prefix");
    expect("doh=https://a.example/q pubkey=00ff domain=t.a.example addr=b.example",
           "[scrubbed] [scrubbed] [scrubbed] [scrubbed]");
    expect("(url=https://a.example/x?y=z), then", "([scrubbed]), then");
    expect("front=a.example, then", "[scrubbed], then");
    expect("Bridge 192.0.2.7:443 0123 4567 89AB cdef 0123 4567 89AB CDEF 0123 4567.",
           "Bridge [scrubbed] [scrubbed].");
    expect("[/bCdEfGhIjKlMnOpQrStUvWxYz0123456789+/AbCdE] and " ED25519 ".",
           "[[scrubbed]] and [scrubbed].");
}

BEAM_TEST(scrub, nothing_in_an_argument_ends_it_but_a_space)
{
    expect("url=https://a.example/x;y=192.0.2.7;z, then", "[scrubbed], then");
    expect("'url=https://a.example/it's(here)\"x' then", "'[scrubbed]' then");
    expect("--url=https://a.example/x\tand", "--[scrubbed]\tand");
    expect("cert=", "[scrubbed]");
}

BEAM_TEST(scrub, urls_that_are_not_tors)
{
    expect("dialling https://a.example:8/x?y: refused", "dialling [scrubbed]: refused");
    expect("by socks5://alice:secret@192.0.2.7:1 now", "by [scrubbed] now");
    expect("https://www.torproject.org@a.example/ https://a"
           "torproject.org/",
           "[scrubbed] [scrubbed]");
    expect("https://torproject.org:443@a.example/", "[scrubbed]");
    expect_kept("See https://bridges.torproject.org/ and https://torproject.org.");
}

BEAM_TEST(scrub, addresses_in_any_form_and_place)
{
    expect("tcp/192.0.2.7/1 192.0.2.7/24", "tcp/[scrubbed]/1 [scrubbed]/24");
    expect("192.0.2.1-192.0.2.7_192.0.2.8", "[scrubbed]-[scrubbed]_[scrubbed]");
    expect("failed...192.0.2.7...", "failed...[scrubbed]...");
    expect("192.0.2.7.443 1.2.3.4.5 2001:db8::7:12345",
           "[scrubbed].443 [scrubbed].5 [scrubbed]:12345");
    expect("::ffff:192.0.2.7 [::FFFF:c000:0207]:1 64:ff9b::192.0.2.7",
           "[scrubbed] [scrubbed] [scrubbed]");
    expect("fe80::1%eth0 [fe80::1%wlan0.1]:443, fe80::1%", "[scrubbed] [scrubbed], [scrubbed]");
    expect("x[2001:db8::7]:443 addr:2001:db8::7", "x[scrubbed] addr:[scrubbed]");
    expect("a\t192.0.2.7\n192.0.2.8", "a\t[scrubbed]\n[scrubbed]");
    /* As tor escapes what it was told. */
    expect("\"a\\t192.0.2.7\\n192.0.2.8\\033192.0.2.9\"",
           "\"a\\t[scrubbed]\\n[scrubbed]\\033[scrubbed]\"");
}

BEAM_TEST(scrub, onions_and_their_visitors_keys)
{
    expect("/run/beam/services/" ONION "/hostname", "/run/beam/services/[scrubbed]/hostname");
    expect("http://" ONION ".onion", "[scrubbed]");
    expect("service " ONION ".onion.", "service [scrubbed].onion.");
    expect("decoded: " CLIENT, "decoded: [scrubbed]");
}

BEAM_TEST(scrub, what_says_nothing_of_one)
{
    expect_kept("");
    expect_kept(
        "Could not bind to 127.0.0.1:9050: Address already in use. Is Tor already running?");
    expect_kept("Could not bind to [::1]:9050, ::1, 0.0.0.0:9050");
    expect_kept(
        "Tor 0.4.8.16 running on Linux with Libevent 2.1.12-stable, OpenSSL 3.0.11, Zlib 1.2.13");
    expect_kept("Bootstrapped 100% (done): Done; 12:34:56.789");
    expect_kept("/var/lib/aaaaaaaaaaaaaaaaaaaaaaa/bbbbbbbbbbbbbbbbbbbb/torrc");
    expect_kept("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (53 of them)");
    expect_kept("no proxy supports the bridge's transport 'obfs4'");
    expect_kept("curl=x and 'a' (b)");
    expect_kept("1.2.3 and a1.2.3.4 and certain, ://");
}

BEAM_TEST(scrub, what_has_no_room_is_cut)
{
    for (size_t size = 1; size < 64; size++) {
        char text[64];
        snprintf(text, size, "1.2.3.4 1.2.3.4 is there, and 5.6.7.8");
        scrub_line(text, size);
        cr_expect_lt(strlen(text), size);
        cr_expect(size < 9 || !strstr(text, "1.2.3.4"), "%s", text);
    }
}
