/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/scrub.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/harness.h"

#define RSA     "0123456789ABCDEF0123456789ABCDEF01234567"
#define ED25519 "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789+/AbCdE"

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
    expect_kept("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (52 of them)");
    expect_kept("no proxy supports the bridge's transport 'obfs4'");
    expect_kept("curl=x and 'a' (b)");
    expect_kept("1.2.3 and 1.2.3.4.5 and a1.2.3.4 and certain");
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
