/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "tests/unit/harness.h"

static void parse(struct http_head *head, char text[8192], const char *target, const char *host)
{
    int n = snprintf(text, 8192, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, host);
    cr_assert_eq(http_head_parse(text, (size_t)n, HTTP_REQUEST, head), n, "%s", target);
}

static void leads(const char *url, const char *target, const char *host, const char *fields)
{
    static char text[8192], out[PLAIN_FIELDS_SIZE];
    struct endpoint_base base;
    struct http_head head;
    struct addr at;
    cr_assert_eq(addr_ip("127.0.0.1", 9, 443, &at), 0);
    cr_assert_eq(endpoint_base_init(url, "", &at, true, &base, NULL), 0);
    parse(&head, text, target, host);
    cr_assert(plain_redirect(&base, &head, out));
    cr_expect_str_eq(out, fields);
}

BEAM_TEST(plain, leads_to_the_same_over_https)
{
    leads("https://relay.example", "/t/x/?a=b", "relay.example",
          "Location: https://relay.example/t/x/?a=b\r\n");
    leads("https://relay.example", "/", "a.relay.example:80",
          "Location: https://a.relay.example/\r\n");
    leads("https://relay.example:8443", "/", "a.relay.example:8080",
          "Location: https://a.relay.example:8443/\r\n");
    leads("https://relay.example:8443", "/", "[::1]:8080", "Location: https://[::1]:8443/\r\n");
    leads("https://relay.example", "/", "", "Location: https://relay.example/\r\n");
}

BEAM_TEST(plain, what_is_too_long_leads_nowhere)
{
    static char text[8192], out[PLAIN_FIELDS_SIZE], target[PLAIN_TARGET_MAX + 2];
    struct endpoint_base base;
    struct http_head head;
    struct addr at;
    cr_assert_eq(addr_ip("127.0.0.1", 9, 443, &at), 0);
    cr_assert_eq(endpoint_base_init("", "", &at, true, &base, NULL), 0);
    memset(target, 'a', PLAIN_TARGET_MAX + 1);
    target[0] = '/';
    parse(&head, text, target, "relay.example");
    cr_assert(!plain_redirect(&base, &head, out));
    target[PLAIN_TARGET_MAX] = '\0';
    parse(&head, text, target, "relay.example");
    cr_assert(plain_redirect(&base, &head, out));
}

BEAM_TEST(plain, challenges_and_what_is_none)
{
    static const char *const bad[] = {
        "/.well-known/acme-challenge/",    "/.well-known/acme-challenge",
        "/.well-known/acme-challenge/a/b", "/.well-known/acme-challenge/..",
        "/.well-known/acme-challenge/a?b", "/t/x/"};
    static char text[8192];
    char token[PLAIN_TOKEN_SIZE], out[PLAIN_ANSWER_MAX], dir[] = "/tmp/beam-plain-XXXXXX";
    struct http_head head;
    parse(&head, text, "/.well-known/acme-challenge/aZ09-_", "h");
    cr_assert(plain_asks(&head, token));
    cr_assert_str_eq(token, "aZ09-_");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        parse(&head, text, bad[i], "h");
        cr_expect(!plain_asks(&head, token), "%s", bad[i]);
    }
    cr_assert_not_null(mkdtemp(dir));
    char *path = file_join(dir, "token");
    cr_assert_not_null(path);
    cr_assert_eq(plain_answer(dir, "token", out), BEAM_ENOTFOUND);
    cr_assert_eq(file_write(path, 0600, "token.key", 9), 0);
    cr_assert_eq(plain_answer(dir, "token", out), 9);
    cr_assert_eq(memcmp(out, "token.key", 9), 0);
    free(path);
    cr_assert_eq(file_remove_tree(dir), 0);
}
