/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/bridge.h"

#include <string.h>

#include "tests/unit/harness.h"
#include "tor/bridges.h"

#define FINGERPRINT "0123456789ABCDEF0123456789abcdef01234567"
#define OBFS4       "obfs4 192.0.2.7:9443 " FINGERPRINT " cert=abc/DEF+12 iat-mode=0"

BEAM_TEST(bridge, lines_of_every_form)
{
    static const struct {
        const char *line, *transport;
    } rows[] = {
        {"192.0.2.7:443", ""},
        {"  192.0.2.7:443\t" FINGERPRINT "  ", ""},
        {"[2001:db8::7]:443 " FINGERPRINT, ""},
        {OBFS4, "obfs4"},
        {"obfs4 192.0.2.7:443 node-id=01 public-key=02", "obfs4"}, /* of before it had a cert */
        {"snowflake 192.0.2.3:80 " FINGERPRINT " url=https://example.org/?a=b fronts=a,b",
         "snowflake"},
        {"webtunnel [2001:db8::1]:443 url=https://example.org/x", "webtunnel"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bridge b;
        struct beam_why why = {.text = ""};
        cr_assert_eq(bridge_parse(rows[i].line, strlen(rows[i].line), &b, &why), 0, "%s: %s",
                     rows[i].line, why.text);
        cr_assert_str_eq(b.transport, rows[i].transport);
    }
}

BEAM_TEST(bridge, faults_show_the_word_that_is_wrong)
{
    static const struct {
        const char *line, *said;
    } rows[] = {
        {"", "an empty line"},
        {"   ", "an empty line"},
        {"192.0.2.7", "`192.0.2.7`: an address as"},
        {"192.0.2.7:0", "`192.0.2.7:0`: an address as"},
        {"192.0.2.7:65536", "`192.0.2.7:65536`"},
        {"192.0.2.700:1", "`192.0.2.700:1`"},
        {"2001:db8::1:443", "`2001:db8::1:443`"},
        {"example.org:443", "`example.org:443`"},
        {"obfs4", "``: an address as"},
        {"obfs4 obfs4 192.0.2.7:1", "`obfs4`: an address as"},
        {"4obfs 192.0.2.7:1", "`4obfs`: an address as"},
        {"192.0.2.7:443 0123456789ABCDEF0123456789abcdef0123456", "40 hex digits"},
        {"192.0.2.7:443 0123456789ABCDEF0123456789abcdef012345678", "40 hex digits"},
        {"192.0.2.7:443 0123456789ABCDEF0123456789abcdef0123456g", "40 hex digits"},
        {"192.0.2.7:443 " FINGERPRINT " " FINGERPRINT, "KEY=VALUE is wanted here"},
        {"192.0.2.7:443 " FINGERPRINT " a=b", "names no transport"},
        {"obfs4 192.0.2.7:443 cert=a#b", "a character that no bridge line has"},
        {"obfs4 192.0.2.7:443 cert=\"ab\"", "a character that no bridge line has"},
        {"obfs4 192.0.2.7:443 cert=\xc3\xa9", "a character that no bridge line has"},
        {"Bridge " OBFS4, "`Bridge`: leave out this word"},
        {"bridge 192.0.2.7:443", "`bridge`: leave out this word"},
        {"obfs4 192.0.2.7:443 " FINGERPRINT, "without cert="},
        {"obfs4 192.0.2.7:443 " FINGERPRINT " cert= iat-mode=0", "without cert="},
        {"a123456789012345678901234567890123 192.0.2.7:1", "an address as"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bridge b = {.transport = "kept"};
        struct beam_why why = {.text = ""};
        cr_assert_eq(bridge_parse(rows[i].line, strlen(rows[i].line), &b, &why), BEAM_EINVAL, "%s",
                     rows[i].line);
        cr_assert_not_null(strstr(why.text, rows[i].said), "%s: %s", rows[i].line, why.text);
        cr_assert_str_eq(b.transport, "kept");
    }
}

static void scrubbed(const char *text, size_t size, const char *want)
{
    static const struct bridges two = {OBFS4 "\n[2001:DB8:0::7]:443 " FINGERPRINT, ""};
    char out[160];
    cr_assert_lt(strlen(text), size);
    cr_assert_leq(size, sizeof(out));
    memcpy(out, text, strlen(text) + 1);
    bridges_scrub(&two, out, size);
    cr_assert_str_eq(out, want);
}

BEAM_TEST(bridge, what_is_secret_is_taken_out_of_a_text)
{
    enum { SIZE = 160 };
    scrubbed("nothing of it", SIZE, "nothing of it");
    scrubbed("with 192.0.2.7:9443 RSA_ID=0123456789ABCDEF0123456789ABCDEF01234567 (\"x\")", SIZE,
             "with [scrubbed] RSA_ID=[scrubbed] (\"x\")");
    scrubbed("$0123456789abcdef0123456789abcdef01234567~a at 192.0.2.7, 192.0.2.7:80", SIZE,
             "$[scrubbed]~a at [scrubbed], [scrubbed]:80");
    scrubbed("[2001:db8::7]:443 [2001:db8::7] 2001:db8::7 [2001:DB8:0::7]:443", SIZE,
             "[scrubbed] [scrubbed] [scrubbed] [scrubbed]");
    /* No room for what takes its place, for what follows, and just enough. */
    scrubbed("ab 192.0.2.7 c", 15, "ab [scrubbed] ");
    scrubbed("ab 192.0.2.7", 13, "ab ");
    scrubbed("ab 192.0.2.7", 14, "ab [scrubbed]");
    scrubbed("cert=abc/DEF+12 obfs4", SIZE, "cert=abc/DEF+12 obfs4");
}

BEAM_TEST(bridge, lines_of_transports)
{
    static const char line[] = "obfs3,obfs4 exec  /opt/p -log --x=1";
    struct transport t;
    cr_assert_eq(transport_parse(line, sizeof(line) - 1, &t, NULL), 0);
    cr_assert(transport_serves(&t, "obfs3"));
    cr_assert(transport_serves(&t, "obfs4"));
    cr_assert_not(transport_serves(&t, "obfs"));
    cr_assert_not(transport_serves(&t, ""));
    cr_assert_eq(t.path_len, strlen("/opt/p"));
    cr_assert_eq(t.command_len, strlen("/opt/p -log --x=1"));
    static const struct {
        const char *line, *said;
    } bad[] = {
        {"", "a transport's name is wanted"},
        {"obfs4, exec /p", "a transport's name is wanted"},
        {"obfs4", "`exec` is wanted"},
        {"obfs4 socks5 127.0.0.1:1", "`exec` is wanted"},
        {"obfs4 exec", "an absolute path is wanted"},
        {"obfs4 exec obfs4proxy", "an absolute path is wanted"},
        {"obfs4 exec /p a#b", "tor takes no #"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct beam_why why = {.text = ""};
        cr_assert_eq(transport_parse(bad[i].line, strlen(bad[i].line), &t, &why), BEAM_EINVAL);
        cr_assert_not_null(strstr(why.text, bad[i].said), "%s: %s", bad[i].line, why.text);
    }
}

static bool all_run(const char *path)
{
    (void)path;
    return true;
}

static bool none_runs(const char *path)
{
    (void)path;
    return false;
}

static bool second_runs(const char *path)
{
    return strcmp(path, "/usr/bin/lyrebird") == 0;
}

static void put(const struct bridges *b, bool (*runs)(const char *path), const char *want)
{
    char text[1024];
    struct page p;
    struct beam_why why = {.text = ""};
    page_init(&p, text, sizeof(text));
    cr_assert_eq(bridges_put(b, runs, &p, &why), 0, "%s", why.text);
    cr_assert_eq(p.err, 0);
    cr_assert_str_eq(text, want);
}

BEAM_TEST(bridges, lines_of_a_torrc)
{
    const struct bridges none = {0}, plain = {"192.0.2.7:443\n192.0.2.8:443", ""};
    const struct bridges two = {OBFS4 "\n" OBFS4, ""};
    const struct bridges own = {OBFS4, "obfs3 exec /opt/o\nobfs2,obfs4 exec /opt/p -x"};
    put(&none, none_runs, "");
    put(&plain, none_runs, "UseBridges 1\nBridge 192.0.2.7:443\nBridge 192.0.2.8:443\n");
    put(&two, all_run,
        "UseBridges 1\nBridge " OBFS4 "\nClientTransportPlugin obfs4 exec /usr/bin/obfs4proxy\n"
        "Bridge " OBFS4 "\n");
    put(&two, second_runs,
        "UseBridges 1\nBridge " OBFS4 "\nClientTransportPlugin obfs4 exec /usr/bin/lyrebird\n"
        "Bridge " OBFS4 "\n");
    put(&own, all_run,
        "UseBridges 1\nBridge " OBFS4 "\nClientTransportPlugin obfs2,obfs4 exec /opt/p -x\n");
}

BEAM_TEST(bridges, a_program_that_is_missing_is_named)
{
    static const struct {
        struct bridges b;
        const char *said;
    } rows[] = {
        {{OBFS4, ""}, "apt install obfs4proxy"},
        {{OBFS4, "obfs4 exec /opt/p"}, "/opt/p: cannot be run"},
        {{"strange 192.0.2.7:1", ""}, "transport strange: no program is known for it"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[1024];
        struct page p;
        struct beam_why why = {.text = ""};
        page_init(&p, text, sizeof(text));
        cr_assert_eq(bridges_check(&rows[i].b, &why), 0);
        cr_assert_eq(bridges_put(&rows[i].b, none_runs, &p, &why), BEAM_ENOTFOUND);
        cr_assert_not_null(strstr(why.text, rows[i].said), "%s", why.text);
    }
    const struct bridges bad = {"192.0.2.7:443\nnonsense", ""}, worse = {"", "obfs4"};
    cr_assert_eq(bridges_check(&bad, NULL), BEAM_EINVAL);
    cr_assert_eq(bridges_check(&worse, NULL), BEAM_EINVAL);
}
