/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/endpoint.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/harness.h"

#define ID "aaaqeayeaudaocajbifqydiob4"

static const struct lease lease = {.id = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};
static char urls[RESERVATION_URLS_MAX][RESERVATION_URL_SIZE];

static int init(const char *url, const char *domain, const char *ip, uint16_t port,
                struct endpoint_base *out)
{
    struct addr at;
    cr_assert_eq(addr_ip(ip, strlen(ip), port, &at), 0);
    return endpoint_base_init(url, domain, &at, false, out, NULL);
}

static struct endpoint_base base(const char *url, const char *domain)
{
    struct endpoint_base b;
    cr_assert_eq(init(url, domain, "127.0.0.1", 8080, &b), 0);
    return b;
}

BEAM_TEST(endpoint, has_a_url_below_the_relays_own)
{
    struct endpoint_base b = base("", "");
    cr_assert_eq(endpoint_urls(&b, &lease, urls), 1u);
    cr_assert_str_eq(urls[0], "http://127.0.0.1:8080/t/" ID "/");
    b = base("http://relay.example", "");
    cr_assert_eq(endpoint_urls(&b, &lease, urls), 1u);
    cr_assert_str_eq(urls[0], "http://relay.example/t/" ID "/");
    cr_assert_eq(init("", "", "::1", 80, &b), 0);
    cr_assert_eq(endpoint_urls(&b, &lease, urls), 1u);
    cr_assert_str_eq(urls[0], "http://[::1]:80/t/" ID "/");
}

BEAM_TEST(endpoint, has_a_host_of_its_own_where_there_is_a_domain)
{
    struct lease named = lease;
    struct endpoint_base b = base("", "relay.example");
    cr_assert_eq(endpoint_urls(&b, &lease, urls), 2u);
    cr_assert_str_eq(urls[0], "http://" ID ".relay.example:8080/");
    cr_assert_str_eq(urls[1], "http://relay.example:8080/t/" ID "/");
    snprintf(named.name, sizeof(named.name), "myapp");
    b = base("http://www.example:81", "relay.example");
    cr_assert_eq(endpoint_urls(&b, &named, urls), 2u);
    cr_assert_str_eq(urls[0], "http://myapp.relay.example:81/");
    cr_assert_eq(init("", "relay.example", "127.0.0.1", 80, &b), 0);
    cr_assert_eq(endpoint_urls(&b, &named, urls), 2u);
    cr_assert_str_eq(urls[0], "http://myapp.relay.example/");
}

BEAM_TEST(endpoint, all_of_it_may_be_https)
{
    struct addr at;
    struct endpoint_base b = base("https://relay.example", "relay.example");
    cr_assert_str_eq(endpoint_scheme(&b), "https");
    cr_assert_eq(endpoint_urls(&b, &lease, urls), 2u);
    cr_assert_str_eq(urls[0], "https://" ID ".relay.example/");
    cr_assert_str_eq(urls[1], "https://relay.example/t/" ID "/");
    cr_assert_eq(addr_ip("192.0.2.1", 9, 443, &at), 0);
    cr_assert_eq(endpoint_base_init("", "relay.example", &at, true, &b, NULL), 0);
    cr_assert_eq(endpoint_urls(&b, &lease, urls), 2u);
    cr_assert_str_eq(urls[1], "https://relay.example/t/" ID "/");
    cr_assert_eq(addr_ip("192.0.2.1", 9, 80, &at), 0);
    cr_assert_eq(endpoint_base_init("", "", &at, true, &b, NULL), 0);
    cr_assert_eq(endpoint_urls(&b, &lease, urls), 1u);
    cr_assert_str_eq(urls[0], "https://192.0.2.1:80/t/" ID "/");
}

BEAM_TEST(endpoint, what_is_no_base_is_refused)
{
    static const char *const bad[] = {
        "relay.example",          "ftp://relay.example",    "http://",
        "http://relay.example/",  "http://Relay.example",   "http://relay.example:0",
        "http://relay.example:x", "http://u@relay.example", "http://[::1",
        "http://[x]:80",          "http://[::1]x",          "http://a..example"};
    struct endpoint_base b;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_eq(init(bad[i], "", "127.0.0.1", 80, &b), BEAM_EINVAL, "%s", bad[i]);
    cr_assert_eq(init("", ".example", "127.0.0.1", 80, &b), BEAM_EINVAL);
    cr_assert_eq(init("", "Example", "127.0.0.1", 80, &b), BEAM_EINVAL);
    cr_assert_eq(init("http://[::1]:8080", "", "127.0.0.1", 80, &b), 0);
}

static bool sealed(const struct endpoint_base *b, const char *host)
{
    return endpoint_is_sealed(b, (struct http_text){host, strlen(host)});
}

BEAM_TEST(endpoint, of_tls_passthrough_is_where_the_relays_certificate_is_not_for)
{
    struct lease l = lease;
    struct endpoint_base b = base("https://relay.example:444", "relay.example");
    struct endpoint e;
    l.kind = RESERVATION_TLS;
    cr_assert_eq(endpoint_urls(&b, &l, urls), 1u);
    cr_assert_str_eq(urls[0], "https://" ID ".tls.relay.example:444/");
    snprintf(l.name, sizeof(l.name), "myapp");
    cr_assert_eq(endpoint_urls(&b, &l, urls), 1u);
    cr_assert_str_eq(urls[0], "https://myapp.tls.relay.example:444/");
    static const char host[] = "MyApp.TLS.relay.example:444";
    cr_assert(endpoint_find_host(&b, (struct http_text){host, sizeof(host) - 1}, &e));
    cr_expect_str_eq(e.name, "myapp");
    cr_expect(e.sealed);
    static const char open[] = "myapp.relay.example";
    cr_assert(endpoint_find_host(&b, (struct http_text){open, sizeof(open) - 1}, &e));
    cr_expect_not(e.sealed);
}

BEAM_TEST(endpoint, all_below_its_label_is_sealed)
{
    struct endpoint_base b = base("", "relay.example"), none = base("", "");
    static const char *const is[] = {"tls.relay.example",         "a.tls.relay.example",
                                     "a.b.Tls.relay.EXAMPLE:443", "a.tls.relay.example.",
                                     "tls.relay.example.:443",    ".tls.relay.example"};
    static const char *const is_not[] = {"relay.example",
                                         "a.relay.example",
                                         "atls.relay.example",
                                         "tls.a.relay.example",
                                         "tls.xrelay.example",
                                         "a.tls.relay.example.org",
                                         "tls",
                                         ".",
                                         "",
                                         "[::1]:443"};
    for (size_t i = 0; i < sizeof(is) / sizeof(is[0]); i++) {
        cr_expect(sealed(&b, is[i]), "%s", is[i]);
        cr_expect_not(endpoint_is_relay(&b, (struct http_text){is[i], strlen(is[i])}), "%s", is[i]);
        cr_expect_not(sealed(&none, is[i]), "%s", is[i]);
    }
    for (size_t i = 0; i < sizeof(is_not) / sizeof(is_not[0]); i++)
        cr_expect_not(sealed(&b, is_not[i]), "%s", is_not[i]);
    cr_expect_eq(init("https://tls.relay.example", "relay.example", "127.0.0.1", 80, &b),
                 BEAM_EINVAL, "the relay's own host is to be opened");
    cr_expect_eq(init("", "tls.example", "127.0.0.1", 80, &b), 0);
}

static bool find(const struct endpoint_base *b, const char *target, const char *host,
                 struct endpoint *out)
{
    static char text[512];
    struct http_head head;
    int n = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, host);
    cr_assert_eq(http_head_parse(text, (size_t)n, HTTP_REQUEST, &head), n);
    return endpoint_find(b, &head, out);
}

BEAM_TEST(endpoint, is_found_by_its_path)
{
    struct endpoint_base b = base("", "");
    struct endpoint e;
    cr_assert(find(&b, "/t/" ID "/hook", "whatever", &e));
    cr_assert_str_eq(e.name, "");
    cr_assert_str_eq(e.prefix, "/t/" ID);
    cr_assert_eq(memcmp(e.id, lease.id, sizeof(e.id)), 0);
    cr_assert(find(&b, "/t/" ID, "x", &e));
    cr_assert(find(&b, "/t/" ID "?a=b", "x", &e));
    cr_assert_not(find(&b, "/t/" ID "x", "x", &e));
    cr_assert_not(find(&b, "/T/" ID "/", "x", &e));
    cr_assert_not(find(&b, "/t/AAAQEAYEAUDAOCAJBIFQYDIOB4/", "x", &e));
    cr_assert_not(find(&b, "/", "x", &e));
    cr_assert_not(find(&b, "*", "x", &e));
    /* RFC 9112, 3.2.2: a server takes the absolute form. */
    cr_assert(find(&b, "http://x/t/" ID "/a", "x", &e));
    cr_assert_str_eq(e.prefix, "/t/" ID);
    cr_assert_not(find(&b, "http://x/", "x", &e));
    cr_assert_not(find(&b, "http://x", "x", &e));
}

BEAM_TEST(endpoint, is_found_by_its_host)
{
    struct endpoint_base b = base("", "relay.example");
    struct endpoint e;
    cr_assert(find(&b, "/x", "MyApp.Relay.example:8080", &e));
    cr_assert_str_eq(e.name, "myapp");
    cr_assert_str_eq(e.prefix, "");
    cr_assert(find(&b, "/t/" ID "/", ID ".relay.example", &e));
    cr_assert_str_eq(e.name, "");
    cr_assert_str_eq(e.prefix, "");
    cr_assert_eq(memcmp(e.id, lease.id, sizeof(e.id)), 0);
    cr_assert_not(find(&b, "/", "relay.example", &e));
    cr_assert_not(find(&b, "/", "xrelay.example", &e));
    cr_assert_not(find(&b, "/", "a.relay.example.org", &e));
    cr_assert(find(&b, "http://myapp.relay.example/t/" ID "/", "myapp.relay.example", &e));
    cr_assert_str_eq(e.name, "myapp");
    cr_assert(find(&b, "/t/" ID "/", "relay.example", &e));
    cr_assert_str_eq(e.prefix, "/t/" ID);
    cr_assert_not(e.sealed);
    cr_assert(find(&b, "/t/" ID "/", "a.tls.relay.example.", &e));
    cr_assert(e.sealed, "what is not to come to the relay does not by a path either");
}

BEAM_TEST(endpoint, of_this_machine_is_no_name_that_begins_so)
{
    static const char *const yes[] = {"127.0.0.1",    "127.0.0.1:9464",    "127.1.2.3:1",
                                      "[::1]",        "[::1]:9464",        "localhost",
                                      "LocalHost:80", "[::ffff:127.0.0.1]"};
    static const char *const no[] = {
        "",           "127.0.0.1.example", "127.example:80", "localhost.example",
        "localhost.", "a.localhost",       "[::1].example",  "[::1",
        "::1",        "10.0.0.1",          "[::2]",          ":80"};
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
        cr_expect(endpoint_is_loopback((struct http_text){yes[i], strlen(yes[i])}), "%s", yes[i]);
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        cr_expect_not(endpoint_is_loopback((struct http_text){no[i], strlen(no[i])}), "%s", no[i]);
}
