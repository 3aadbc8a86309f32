/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/front.h"

#include "relay/front_parts.h"
#include "stream/memory.h"
#include "tests/unit/relay/scene.h"

/* An application behind an owner: answers each visit with what it is told to. */
struct app {
    struct scene *scene;
    struct visits *visits;
    struct visits_entry entry;
    const char *answer; /* NULL: none */
    struct stream *visitor;
    struct buf in, out;
    char heard[4096];
    int visitors;
    struct visit_head notice; /* the last one */
    bool noticed;
};

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    struct app *a = arg;
    (void)ready;
    while (stream_read(s, &a->in, 4000) > 0)
        continue;
    a->heard[buf_peek(&a->in, 0, a->heard, sizeof(a->heard) - 1)] = '\0';
    if (a->answer && strstr(a->heard, "\r\n\r\n")) {
        buf_clear(&a->in);
        cr_assert_eq(buf_add(&a->out, a->answer, strlen(a->answer)), 0);
        (void)stream_write(s, &a->out);
    }
}

static void on_visitor(void *arg, struct stream *s, const struct visit_head *head)
{
    struct app *a = arg;
    (void)head;
    stream_free(a->visitor);
    a->visitor = s;
    a->visitors++;
    stream_own(s, on_ready, a);
    on_ready(a, s, STREAM_READABLE);
}

static void on_notice(void *arg, const struct visit_head *head)
{
    struct app *a = arg;
    a->notice = *head;
    a->noticed = true;
}

static const struct lease *reserve(struct scene *s)
{
    struct reservation_request r = {.verb = RESERVATION_RESERVE, .kind = RESERVATION_HTTP};
    uint8_t token[RESERVATION_TOKEN_SIZE];
    const struct lease *l = NULL;
    const struct clock_source *clock = clock_system();
    cr_assert_eq(lease_ask(s->store, host_id(s->owner->host), &r, false, clock->wall_ms(clock->arg),
                           token, &l),
                 RESERVATION_OK);
    return l;
}

static void app_begin(struct app *a, struct scene *s, const struct lease *l, const char *answer)
{
    memset(a, 0, sizeof(*a));
    a->scene = s;
    a->answer = answer;
    buf_init(&a->in, loop_pool(s->world.loop), 4096);
    buf_init(&a->out, loop_pool(s->world.loop), 4096);
    struct asked_of c = world_connect(s->owner, NULL, &s->relay_at, 1, PERMIT_TYPED);
    cr_assert_eq(c.err, 0, "%s", c.why.text);
    cr_assert_eq(visits_new(s->world.loop, s->owner->host, &a->visits), 0);
    a->entry = (struct visits_entry){
        .relay = *host_id(s->relay->host), .visitor = on_visitor, .notice = on_notice, .arg = a};
    memcpy(a->entry.id, l->id, sizeof(l->id));
    visits_add(a->visits, &a->entry);
}

static void app_end(struct app *a)
{
    stream_free(a->visitor);
    visits_free(a->visits);
    buf_clear(&a->in);
    buf_clear(&a->out);
}

static const char *request_for(const struct lease *l, const char *rest)
{
    static char text[1024];
    char id[RESERVATION_ID_TEXT];
    reservation_id_text(l->id, id);
    snprintf(text, sizeof(text), "%.*s/t/%s%s", (int)strcspn(rest, "/"), rest, id,
             rest + strcspn(rest, "/"));
    return text;
}

static void answers(struct scene *s, const char *request, const char *word, char *all)
{
    struct visitor v = {.s = NULL};
    visitor_ask(&v, s, request);
    cr_assert(visitor_hears(&v, word), "%s\n%s", request, v.text);
    (void)visitor_hears(&v, "\r\n\r\n");
    if (all)
        snprintf(all, sizeof(v.text), "%s", v.text);
    visitor_end(&v);
}

BEAM_TEST(front, an_endpoint_of_another_kind_is_none_for_requests)
{
    static struct scene s;
    char seen[4096];
    scene_begin(&s, NULL);
    struct lease *l = (struct lease *)reserve(&s);
    const char *request = request_for(l, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    answers(&s, request, " 503 ", seen);
    l->kind = RESERVATION_TLS;
    answers(&s, request, " 404 ", seen);
    l->kind = RESERVATION_HTTP;
    s.terms.kinds = reservation_kind_bit(RESERVATION_TLS);
    answers(&s, request, " 404 ", seen);
    scene_end(&s);
}

BEAM_TEST(front, unknown_and_gone_are_the_same)
{
    static struct scene s;
    static char unknown[4096], gone[4096];
    scene_begin(&s, NULL);
    const struct lease *l = reserve(&s);
    answers(&s, "GET /t/aaaaaaaaaaaaaaaaaaaaaaaaaa/ HTTP/1.1\r\nHost: a\r\n\r\n", " 404 ", unknown);
    answers(&s, request_for(l, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"), " 503 ", gone);
    cr_expect_not_null(strstr(gone, "Retry-After: "), "%s", gone);
    lease_store_close(s.store);
    s.store = NULL;
    char request[1024];
    scene_relay_down(&s);
    scene_relay_up(&s, NULL);
    l = reserve(&s);
    snprintf(request, sizeof(request), "%s", request_for(l, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"));
    lease_sweep(s.store, UINT64_MAX / 2);
    answers(&s, request, " 404 ", gone);
    cr_expect_str_eq(gone, unknown);
    answers(&s, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", " 404 ", gone);
    cr_expect_str_eq(gone, unknown);
    scene_end(&s);
}

BEAM_TEST(front, brings_requests_to_the_owner_and_answers_back)
{
    static struct scene s;
    static struct app a;
    struct visitor v = {.s = NULL};
    scene_begin(&s, NULL);
    const struct lease *l = reserve(&s);
    app_begin(&a, &s, l, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    visitor_ask(&v, &s, request_for(l, "GET /x?y HTTP/1.1\r\nHost: a\r\nx-One: 1\r\n\r\n"));
    cr_assert(visitor_hears(&v, "\r\n\r\nok"), "%s", v.text);
    cr_expect_not_null(strstr(a.heard, "GET /x?y HTTP/1.1\r\n"), "%s", a.heard);
    cr_expect_not_null(strstr(a.heard, "\r\nx-One: 1\r\n"), "%s", a.heard);
    cr_expect_not_null(strstr(a.heard, "\r\nX-Forwarded-Prefix: /t/"), "%s", a.heard);
    cr_expect_null(strstr(a.heard, "X-Forwarded-For"), "the owner did not ask: %s", a.heard);
    buf_clear(&v.in);
    visitor_ask(&v, &s, request_for(l, "GET /again HTTP/1.1\r\nHost: a\r\n\r\n"));
    cr_assert(visitor_hears(&v, "\r\n\r\nok"), "%s", v.text);
    cr_expect_eq(a.visitors, 1, "both on one visit");
    visitor_end(&v);
    app_end(&a);
    scene_end(&s);
}

BEAM_TEST(front, an_owner_that_answers_no_http_is_502)
{
    static struct scene s;
    static struct app a;
    scene_begin(&s, NULL);
    const struct lease *l = reserve(&s);
    app_begin(&a, &s, l, "this is no HTTP\r\n\r\n");
    answers(&s, request_for(l, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"), " 502 ", NULL);
    app_end(&a);
    scene_end(&s);
}

BEAM_TEST(front, a_body_too_large_is_refused_before_it_is_read)
{
    static struct scene s;
    static struct app a;
    scene_begin(&s, NULL);
    const struct lease *l = reserve(&s);
    app_begin(&a, &s, l, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    answers(&s, request_for(l, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n"),
            " 413 ", NULL);
    cr_expect_eq(a.visitors, 0);
    app_end(&a);
    scene_end(&s);
}

BEAM_TEST(front, an_endpoint_has_so_many_visitors_at_once)
{
    static struct scene s;
    static struct app a;
    struct visitor v[3] = {{.s = NULL}};
    scene_begin(&s, NULL);
    const struct lease *l = reserve(&s);
    app_begin(&a, &s, l, NULL);
    for (int i = 0; i < 3; i++)
        visitor_ask(&v[i], &s, request_for(l, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"));
    cr_assert(visitor_hears(&v[2], " 503 "), "%s", v[2].text);
    for (int i = 0; i < 3; i++)
        visitor_end(&v[i]);
    app_end(&a);
    scene_end(&s);
}

BEAM_TEST(front, a_source_has_its_share_of_an_endpoint)
{
    static struct scene s;
    static struct app a;
    static const char *const whence[] = {"192.0.2.1", "192.0.2.77", "198.51.100.1"};
    struct visitor v[3] = {{.s = NULL}};
    scene_begin(&s, NULL);
    scene_relay_down(&s);
    s.source_streams = 1;
    scene_relay_up(&s, NULL);
    const struct lease *l = reserve(&s);
    app_begin(&a, &s, l,
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n");
    for (int i = 0; i < 3; i++) {
        s.whence = whence[i];
        visitor_ask(&v[i], &s, request_for(l, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"));
        cr_expect(visitor_hears(&v[i], i == 1 ? " 503 " : " 200 "), "%s: %s", whence[i], v[i].text);
    }
    for (int i = 0; i < 3; i++)
        visitor_end(&v[i]);
    app_end(&a);
    scene_end(&s);
}

BEAM_TEST(front, what_the_terms_refuse_is_403_and_the_owner_hears_why)
{
    static struct scene s;
    static struct app a;
    static char nothing[4096], page[4096];
    scene_begin(&s, NULL);
    scene_relay_down(&s);
    s.wanted.local = false;
    scene_relay_up(&s, NULL);
    const struct lease *l = reserve(&s);
    app_begin(&a, &s, l,
              "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nno");
    answers(&s, request_for(l, "GET /x HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n"), " 403 ",
            nothing);
    cr_assert(until_flag(s.world.loop, &a.noticed));
    cr_expect_str_eq(a.notice.rule, "navigation");
    cr_expect_eq(a.notice.count, 1u);
    cr_expect_eq(a.visitors, 0);
    a.noticed = false;
    answers(&s, request_for(l, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"), " 403 ", page);
    cr_expect_str_eq(page, nothing, "%s", page);
    cr_assert(until_flag(s.world.loop, &a.noticed));
    cr_expect_str_eq(a.notice.rule, "content-type");
    app_end(&a);
    scene_end(&s);
}

BEAM_TEST(front, on_a_shared_host_there_are_no_cookies_and_no_pages)
{
    static struct scene s;
    static struct app a;
    struct visitor v = {.s = NULL};
    scene_begin(&s, NULL);
    scene_relay_down(&s);
    s.wanted.local = false;
    scene_relay_up(&s, NULL);
    const struct lease *l = reserve(&s);
    app_begin(&a, &s, l,
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nSet-Cookie: a=b\r\n"
              "Content-Length: 2\r\n\r\nok");
    visitor_ask(&v, &s, request_for(l, "GET /x HTTP/1.1\r\nHost: a\r\nCookie: c=d\r\n\r\n"));
    cr_assert(visitor_hears(&v, "\r\n\r\nok"), "%s", v.text);
    cr_expect_not_null(strstr(v.text, "X-Content-Type-Options: nosniff\r\n"), "%s", v.text);
    cr_expect_not_null(strstr(v.text, "Content-Security-Policy: sandbox"), "%s", v.text);
    cr_expect_null(strstr(v.text, "Set-Cookie"), "%s", v.text);
    cr_expect_null(strstr(a.heard, "Cookie"), "%s", a.heard);
    visitor_end(&v);
    app_end(&a);
    scene_end(&s);
}

/* What the page's button gives a browser, as it sends it. */
static void press(struct scene *s, const struct lease *l, char cookie[256])
{
    static char text[4096];
    answers(s,
            request_for(l, "POST /.well-known/beam-enter?x HTTP/1.1\r\nHost: a\r\n"
                           "Sec-Fetch-Site: same-origin\r\nContent-Length: 0\r\n\r\n"),
            " 303 ", text);
    const char *set = strstr(text, "Set-Cookie: ");
    cr_assert_not_null(set, "%s", text);
    set += strlen("Set-Cookie: ");
    snprintf(cookie, 256, "%.*s", (int)strcspn(set, ";"), set);
}

BEAM_TEST(front, browsers_see_a_page_first_and_nobody_else_does)
{
    static struct scene s;
    static struct app a;
    static const uint8_t key[INTERSTITIAL_KEY_SIZE] = {1};
    char cookie[256], browser[512];
    scene_begin(&s, NULL);
    scene_relay_down(&s);
    cr_assert_eq(interstitial_new(key, &s.interstitial), 0);
    s.wanted.interstitial = true;
    scene_relay_up(&s, NULL);
    const struct lease *l = reserve(&s);
    app_begin(&a, &s, l, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    static const char page[] = "GET /x HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n";
    answers(&s, request_for(l, page), "Before you go on", NULL);
    answers(&s,
            request_for(l, "POST /x HTTP/1.1\r\nHost: a\r\nSec-Fetch-Mode: navigate\r\n"
                           "Content-Length: 0\r\n\r\n"),
            "Before you go on", NULL);
    answers(&s,
            request_for(l, "POST /.well-known/beam-enter?x HTTP/1.1\r\nHost: a\r\n"
                           "Content-Length: 0\r\n\r\n"),
            " 403 ", NULL);
    cr_expect_eq(a.visitors, 0);
    answers(&s, request_for(l, "GET /x HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n"), "ok", NULL);
    press(&s, l, cookie);
    snprintf(browser, sizeof(browser),
             "GET /x HTTP/1.1\r\nHost: a\r\nCookie: one=1; %s\r\nAccept: text/html\r\n\r\n",
             cookie);
    answers(&s, request_for(l, browser), "ok", NULL);
    cr_expect_not_null(strstr(a.heard, "\r\nCookie: one=1\r\n"), "%s", a.heard);
    cr_expect_eq(a.visitors, 2);
    s.terms.interstitial = false;
    answers(&s, request_for(l, page), "ok", NULL);
    app_end(&a);
    scene_end(&s);
}

BEAM_TEST(front, says_whom_to_write_to_at_its_root)
{
    static struct scene s;
    static char text[4096];
    scene_begin(&s, NULL);
    scene_relay_down(&s);
    s.notice = "write to alice\n";
    scene_relay_up(&s, NULL);
    answers(&s, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "write to alice\n", text);
    cr_expect_not_null(strstr(text, " 200 "), "%s", text);
    answers(&s, "POST / HTTP/1.1\r\nHost: a\r\n\r\n", " 404 ", NULL);
    answers(&s, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n", " 404 ", NULL);
    cr_expect_eq(s.counts.unknown, 2u);
    scene_end(&s);
}

BEAM_TEST(front, what_visitors_make_it_hold_is_bounded)
{
    static struct scene s;
    struct visitor v[3] = {{.s = NULL}};
    struct stream *near = NULL, *far = NULL;
    scene_begin(&s, NULL);
    scene_relay_down(&s);
    s.max_memory = 100 * 1024; /* three windows of 16 KiB each way */
    scene_relay_up(&s, NULL);
    for (int i = 0; i < 3; i++)
        visitor_ask(&v[i], &s, "GET /x HTTP/1.1\r\nHost: a\r\n");
    cr_expect_eq(front_visitors(s.front), 3u);
    cr_assert_eq(stream_memory(s.world.loop, 65536, &near, &far), 0);
    front_visitor(s.front, far, NULL, false);
    cr_expect_eq(front_visitors(s.front), 3u, "one more was turned away");
    stream_free(near);
    visitor_ask(&v[0], &s, "\r\n");
    cr_expect(visitor_hears(&v[0], " 404 "), "%s", v[0].text);
    for (int i = 0; i < 3; i++)
        visitor_end(&v[i]);
    scene_end(&s);
}

/* relay.max_memory and relay.max_visitors as they are by default. */
BEAM_TEST(front, ten_thousand_visitors_have_room)
{
    struct front f = {.spec.max_memory = 1073741824};
    uint64_t promised;
    cr_expect_eq(front_window(&f, false, &promised), 128u * 1024);
    for (int i = 0; i < 10000; i++) {
        cr_assert_geq(front_window(&f, false, &promised), 16u * 1024, "%d", i);
        f.promised += promised;
    }
    cr_expect_leq(f.promised, f.spec.max_memory);
}
