/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/terms.h"

#include "tests/unit/relay/owners.h"

static const struct terms_spec usual = {.class = "",
                                        .methods = "GET,HEAD, POST",
                                        .content_types = "application/json,*+json,text/plain",
                                        .friends = ""};

static void make(const struct terms_spec *spec, struct terms *out)
{
    struct beam_why why = {.text = ""};
    cr_assert_eq(terms_init(spec, out, &why), 0, "%s", why.text);
}

static void refuses(const struct terms_spec *spec, const char *word)
{
    static struct terms t;
    struct beam_why why = {.text = ""};
    cr_assert_lt(terms_init(spec, &t, &why), 0);
    cr_expect_not_null(strstr(why.text, word), "%s", why.text);
}

static enum terms_rule ask(const struct terms *t, enum terms_class class, const char *text)
{
    struct http_head head;
    cr_assert_gt(http_head_parse(text, strlen(text), HTTP_REQUEST, &head), 0, "%s", text);
    return terms_request(t, class, &head);
}

static enum terms_rule answer(const struct terms *t, enum terms_class class, const char *fields)
{
    char text[512];
    struct http_head head;
    snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\n%s\r\n", fields);
    cr_assert_gt(http_head_parse(text, strlen(text), HTTP_RESPONSE, &head), 0, "%s", text);
    return terms_response(t, class, &head);
}

BEAM_TEST(terms, kinds_are_http_unless_the_operator_says_otherwise)
{
    static struct terms t;
    struct terms_spec spec = usual;
    make(&spec, &t);
    cr_expect(terms_offers(&t, RESERVATION_HTTP));
    for (uint64_t kind = RESERVATION_TCP; kind <= RESERVATION_KINDS + 1; kind++)
        cr_expect(!terms_offers(&t, kind));
    cr_expect(!terms_offers(&t, 0));
    spec.kinds = "http, http";
    make(&spec, &t);
    cr_expect_eq(t.kinds, 1u);
    spec.kinds = "http,gopher";
    refuses(&spec, "gopher");
}

BEAM_TEST(terms, the_class_is_closed_unless_only_this_machine_can_visit)
{
    static struct terms t;
    struct terms_spec spec = usual;
    make(&spec, &t);
    cr_expect_eq(t.class, TERMS_WEBHOOK);
    cr_expect_eq(terms_class(&t, false), TERMS_WEBHOOK);
    spec.local = true;
    make(&spec, &t);
    cr_expect_eq(terms_class(&t, true), TERMS_OPEN);
    spec.class = "webhook";
    make(&spec, &t);
    cr_expect_eq(terms_class(&t, true), TERMS_WEBHOOK);
    spec = usual;
    spec.class = "open";
    refuses(&spec, "relay.domain");
    spec.hosts = true;
    make(&spec, &t);
    cr_expect_eq(terms_class(&t, false), TERMS_OPEN);
    cr_expect_eq(terms_class(&t, true), TERMS_WEBHOOK, "on the host that all share");
}

BEAM_TEST(terms, what_makes_no_sense_is_said)
{
    struct terms_spec spec = usual;
    spec.class = "Open";
    refuses(&spec, "webhook, open or friends");
    spec = usual;
    spec.methods = "POST";
    refuses(&spec, "GET must be");
    spec = usual;
    spec.content_types = "application/json";
    refuses(&spec, "text/plain must be");
    spec = usual;
    spec.friends = "nobody";
    refuses(&spec, "not a peer id");
    spec = usual;
    spec.local = true;
    spec.class = "friends";
    refuses(&spec, "serves nobody");
    char many[4 * TERMS_WORDS_MAX];
    for (size_t i = 0; i < sizeof(many) - 1; i++)
        many[i] = i % 2 ? ',' : 'A';
    many[sizeof(many) - 1] = '\0';
    spec = usual;
    spec.methods = many;
    refuses(&spec, "at most");
}

BEAM_TEST(terms, friends_are_those_that_are_listed)
{
    static struct terms t;
    struct peer_id alice = owner(1), bob = owner(2), other = owner(3);
    char a[PEER_ID_TEXT_SIZE], b[PEER_ID_TEXT_SIZE], list[2 * PEER_ID_TEXT_SIZE];
    struct terms_spec spec = usual;
    peer_id_text(&alice, a);
    peer_id_text(&bob, b);
    snprintf(list, sizeof(list), "%s\n%s", a, b);
    spec.friends = list;
    spec.class = "friends";
    spec.hosts = true;
    make(&spec, &t);
    cr_expect(terms_serves(&t, &alice));
    cr_expect(terms_serves(&t, &bob));
    cr_expect_not(terms_serves(&t, &other));
    spec.class = "open";
    make(&spec, &t);
    cr_expect(terms_serves(&t, &other));
}

BEAM_TEST(terms, pages_are_not_for_webhooks)
{
    static struct terms t;
    static const struct {
        const char *text;
        enum terms_rule rule;
    } cases[] = {
        {"POST /hook HTTP/1.1\r\nAccept: */*\r\n\r\n", TERMS_PASS},
        {"GET / HTTP/1.1\r\nAccept: application/json, text/plain;q=0.9, *\r\n\r\n", TERMS_PASS},
        {"GET / HTTP/1.1\r\n\r\n", TERMS_PASS},
        /* Java's own, in a POST. */
        {"POST / HTTP/1.1\r\nAccept: text/html, image/gif, *; q=.2\r\n\r\n", TERMS_PASS},
        {"GET / HTTP/1.1\r\nAccept: application/json , Text/HTML ;q=0.9\r\n\r\n", TERMS_NAVIGATION},
        {"GET / HTTP/1.1\r\nAccept: */*\r\nAccept: text/html\r\n\r\n", TERMS_NAVIGATION},
        {"HEAD / HTTP/1.1\r\naccept: application/xhtml+xml\r\n\r\n", TERMS_NAVIGATION},
        {"POST / HTTP/1.1\r\nSec-Fetch-Mode: navigate\r\n\r\n", TERMS_NAVIGATION},
        {"GET / HTTP/1.1\r\nSec-Fetch-Dest: iframe\r\n\r\n", TERMS_NAVIGATION},
        {"GET / HTTP/1.1\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n\r\n", TERMS_PASS},
        {"PUT / HTTP/1.1\r\n\r\n", TERMS_METHOD},
        {"get / HTTP/1.1\r\n\r\n", TERMS_METHOD},
        {"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", TERMS_UPGRADE},
    };
    make(&usual, &t);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_expect_eq(ask(&t, TERMS_WEBHOOK, cases[i].text), cases[i].rule, "%s", cases[i].text);
        cr_expect_eq(ask(&t, TERMS_OPEN, cases[i].text),
                     cases[i].rule == TERMS_METHOD ? TERMS_METHOD : TERMS_PASS, "%s",
                     cases[i].text);
    }
}

BEAM_TEST(terms, answers_are_of_a_type_that_was_named)
{
    static struct terms t;
    static const struct {
        const char *fields;
        enum terms_rule rule;
    } cases[] = {
        {"", TERMS_PASS},
        {"Content-Type: application/json\r\n", TERMS_PASS},
        {"Content-Type: Application/Problem+JSON ; charset=utf-8\r\n", TERMS_PASS},
        {"Content-Type: text/plain;charset=utf-8\r\n", TERMS_PASS},
        {"Content-Type: text/html\r\n", TERMS_CONTENT_TYPE},
        {"Content-Type: text/plain\r\ncontent-type: text/html\r\n", TERMS_CONTENT_TYPE},
        {"Content-Type: text/plain, text/html\r\n", TERMS_CONTENT_TYPE},
        {"Content-Type: image/svg+xml\r\n", TERMS_CONTENT_TYPE},
        {"Content-Type:\r\n", TERMS_CONTENT_TYPE},
        {"Content-Type: +jso\r\n", TERMS_CONTENT_TYPE},
        {"Content-Type: json\r\n", TERMS_CONTENT_TYPE},
    };
    make(&usual, &t);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_expect_eq(answer(&t, TERMS_WEBHOOK, cases[i].fields), cases[i].rule, "%s",
                     cases[i].fields);
        cr_expect_eq(answer(&t, TERMS_OPEN, cases[i].fields), TERMS_PASS);
    }
    cr_expect_str_eq(terms_rule_name(TERMS_CONTENT_TYPE), "content-type");
}
