/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/interstitial.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"

enum { DAY_MS = 24 * 3600 * 1000 };

static const uint8_t key[INTERSTITIAL_KEY_SIZE] = {1, 2, 3};
static const uint8_t id[RESERVATION_ID_SIZE] = {9};
static const uint8_t other[RESERVATION_ID_SIZE] = {8};
static const uint64_t now = UINT64_C(1700000000000);
static const struct interstitial_place own = {.id = id, .prefix = "", .scheme = "https"};
static const struct interstitial_place shared = {.id = id, .prefix = "/t/x", .scheme = "http"};

static char text[16384], fields[INTERSTITIAL_ENTRY_MAX], page[INTERSTITIAL_PAGE_MAX];

static struct interstitial *make(void)
{
    struct interstitial *i = NULL;
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(interstitial_new(key, &i), 0);
    return i;
}

static const struct http_head *request(const char *line, const char *more)
{
    static struct http_head head;
    int n =
        snprintf(text, sizeof(text), "%s HTTP/1.1\r\nHost: a.relay.example\r\n%s\r\n", line, more);
    cr_assert_eq(http_head_parse(text, (size_t)n, HTTP_REQUEST, &head), n, "%s", text);
    return &head;
}

/* The cookie that a browser gets from the button, as it sends it. */
static const char *cookie(const struct interstitial *i, const struct interstitial_place *at)
{
    static char line[512];
    char post[128];
    snprintf(post, sizeof(post), "POST %s/.well-known/beam-enter?x", at->prefix);
    const struct http_head *h = request(post, "Sec-Fetch-Site: same-origin\r\n");
    cr_assert(interstitial_enters(at, h));
    cr_assert(interstitial_entry(i, at, h, now, fields));
    const char *set = strstr(fields, "Set-Cookie: ");
    cr_assert_not_null(set, "%s", fields);
    set += strlen("Set-Cookie: ");
    snprintf(line, sizeof(line), "Cookie: one=1; %.*s; two=2\r\n", (int)strcspn(set, ";"), set);
    return line;
}

static bool seen(const struct interstitial *i, const struct interstitial_place *at,
                 const char *line, uint64_t at_ms)
{
    return interstitial_seen(i, at, request("GET /", line), at_ms);
}

BEAM_TEST(interstitial, a_browser_that_pressed_the_button_is_remembered)
{
    struct interstitial *i = make();
    char line[512];
    cr_expect_not(seen(i, &own, "", now));
    snprintf(line, sizeof(line), "%s", cookie(i, &own));
    cr_expect(seen(i, &own, line, now));
    cr_expect(seen(i, &own, line, now + UINT64_C(6) * DAY_MS));
    cr_expect_not(seen(i, &own, line, now + UINT64_C(7) * DAY_MS), "not for ever");
    cr_expect_not(seen(i, &own, line, now - 1), "none is from later on");
    interstitial_free(i);
}

BEAM_TEST(interstitial, a_cookie_is_for_one_endpoint_and_made_by_the_relay)
{
    struct interstitial *i = make(), *another = NULL;
    struct interstitial_place at = own;
    char line[512];
    snprintf(line, sizeof(line), "%s", cookie(i, &own));
    at.id = other;
    cr_expect_not(seen(i, &at, line, now));
    cr_assert_eq(interstitial_new((const uint8_t[INTERSTITIAL_KEY_SIZE]){7}, &another), 0);
    cr_expect_not(seen(another, &own, line, now));
    strchr(line, '.')[1] ^= 1;
    cr_expect_not(seen(i, &own, line, now));
    static const char *const bad[] = {"",
                                      ".",
                                      "1",
                                      "1.",
                                      ".00",
                                      "1700000000001.zz",
                                      "99999999999999999999.00112233445566778899aabbccddeeff"};
    for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++) {
        snprintf(line, sizeof(line), "Cookie: __Host-beam-seen=%s\r\n", bad[n]);
        cr_expect_not(seen(i, &own, line, now), "%s", line);
    }
    interstitial_free(another);
    interstitial_free(i);
}

BEAM_TEST(interstitial, no_script_reads_the_cookie_and_no_other_host_gets_it)
{
    struct interstitial *i = make();
    (void)cookie(i, &own);
    cr_expect_not_null(strstr(fields, "Set-Cookie: __Host-beam-seen="), "%s", fields);
    cr_expect_not_null(
        strstr(fields, "; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax; Secure\r\n"), "%s",
        fields);
    (void)cookie(i, &shared);
    cr_expect_not_null(strstr(fields, "Set-Cookie: beam-seen="), "%s", fields);
    cr_expect_not_null(strstr(fields, "; Path=/t/x; Max-Age=604800; HttpOnly; SameSite=Lax\r\n"),
                       "%s", fields);
    interstitial_free(i);
}

static bool enters(const struct interstitial *i, const char *more)
{
    return interstitial_entry(i, &own, request("POST /.well-known/beam-enter?%2F", more), now,
                              fields);
}

BEAM_TEST(interstitial, only_the_page_itself_presses_its_button)
{
    struct interstitial *i = make();
    cr_expect(enters(i, "Sec-Fetch-Site: same-origin\r\n"));
    cr_expect(enters(i, "Origin: https://a.relay.example\r\n"));
    cr_expect_not(enters(i, ""), "who says nothing");
    cr_expect_not(enters(i, "Sec-Fetch-Site: cross-site\r\nOrigin: https://a.relay.example\r\n"));
    cr_expect_not(enters(i, "Sec-Fetch-Site: same-site\r\n"));
    cr_expect_not(enters(i, "Sec-Fetch-Site: none\r\n"));
    cr_expect_not(enters(i, "Origin: null\r\n"));
    cr_expect_not(enters(i, "Origin: http://a.relay.example\r\n"));
    cr_expect_not(enters(i, "Origin: https://b.relay.example\r\n"));
    cr_expect_not(enters(i, "Origin: https://a.relay.example.evil.example\r\n"));
    cr_expect_not(interstitial_enters(&own, request("GET /.well-known/beam-enter?%2F", "")),
                  "a link is none");
    cr_expect_not(interstitial_enters(&own, request("POST /.well-known/beam-enter", "")));
    cr_expect_not(interstitial_enters(&shared, request("POST /.well-known/beam-enter?x", "")));
    interstitial_free(i);
}

static void leads(const struct interstitial *i, const struct interstitial_place *at,
                  const char *query, const char *location)
{
    char line[8192], wanted[4096];
    snprintf(line, sizeof(line), "POST %s/.well-known/beam-enter?%s", at->prefix, query);
    cr_assert(
        interstitial_entry(i, at, request(line, "Sec-Fetch-Site: same-origin\r\n"), now, fields));
    snprintf(wanted, sizeof(wanted), "Location: %s\r\n", location);
    cr_expect(strncmp(fields, wanted, strlen(wanted)) == 0, "%s: %s", query, fields);
}

BEAM_TEST(interstitial, it_leads_on_within_the_endpoint_alone)
{
    struct interstitial *i = make();
    char far[INTERSTITIAL_TARGET_MAX + 8];
    leads(i, &own, "/x%3Fa%3D1%2526b", "https://a.relay.example/x?a=1%26b");
    leads(i, &own, "//evil.example/", "https://a.relay.example//evil.example/");
    leads(i, &own, "/%5Cevil.example/", "https://a.relay.example/\\evil.example/");
    leads(i, &own, "https%3A%2F%2Fevil.example%2F", "https://a.relay.example/");
    leads(i, &own, "%40evil.example%2F", "https://a.relay.example/");
    leads(i, &own, "/x%0D%0ASet-Cookie%3A%20a%3Db", "https://a.relay.example/");
    leads(i, &own, "/x%20y", "https://a.relay.example/");
    leads(i, &own, "/x%00", "https://a.relay.example/");
    leads(i, &own, "/%zz%", "https://a.relay.example/%zz%");
    leads(i, &shared, "/t/x/y", "/t/x/y");
    leads(i, &shared, "/t/x", "/t/x");
    leads(i, &shared, "//evil.example/", "/t/x/");
    leads(i, &shared, "/t/xy/", "/t/x/");
    leads(i, &shared, "/", "/t/x/");
    memset(far, 'a', sizeof(far));
    far[0] = '/';
    far[INTERSTITIAL_TARGET_MAX + 1] = '\0';
    leads(i, &own, far, "https://a.relay.example/");
    interstitial_free(i);
}

static const char *shown(const struct interstitial_place *at, const char *line, const char *contact)
{
    size_t n = interstitial_page(at, request(line, ""), contact, page);
    cr_assert(n > 0 && n < INTERSTITIAL_PAGE_MAX);
    page[n] = '\0';
    return page;
}

BEAM_TEST(interstitial, nothing_of_a_request_means_anything_on_the_page)
{
    static char line[INTERSTITIAL_TARGET_MAX + 8];
    const char *html = shown(&own, "GET /\"><script>&'?a=b", "<a@relay.example>");
    cr_expect_not_null(
        strstr(html, "action=\"/.well-known/beam-enter?/%22%3E%3Cscript%3E%26%27%3Fa%3Db\""), "%s",
        html);
    cr_expect_not_null(strstr(html, "&#60;a@relay.example&#62;"), "%s", html);
    cr_expect_null(strstr(html, "<script"), "%s", html);
    cr_expect_not_null(strstr(html, "<b>a.relay.example</b>"), "%s", html);
    html = shown(&shared, "GET /t/x/y", "");
    cr_expect_not_null(strstr(html, "action=\"/t/x/.well-known/beam-enter?/t/x/y\""), "%s", html);
    cr_expect_null(strstr(html, "abuse"));
    memset(line, '"', sizeof(line));
    memcpy(line, "GET /", 5);
    line[4 + INTERSTITIAL_TARGET_MAX] = '\0';
    html = shown(&own, line, "");
    cr_expect_not_null(strstr(html, "</form>"), "the longest is there as a whole");
}
