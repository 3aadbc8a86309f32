/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/memory.h"
#include "tests/unit/relay/scene.h"

/* The owner's end of visits, which says back what it hears. */
struct echo {
    struct scene *scene;
    struct visits *visits;
    struct visits_entry entry;
    struct stream *visitor;
    struct buf in;
    uint64_t via;
    int visitors;
    bool noticed;
};

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    struct echo *e = arg;
    ssize_t n;
    (void)ready;
    while ((n = stream_read(s, &e->in, 4000)) > 0)
        (void)stream_write(s, &e->in);
    if (n == BEAM_ECLOSED)
        (void)stream_shut(s);
}

static void on_visitor(void *arg, struct stream *s, const struct visit_head *head)
{
    struct echo *e = arg;
    stream_free(e->visitor);
    e->visitor = s;
    e->via = head->via;
    e->visitors++;
    stream_own(s, on_ready, e);
    on_ready(e, s, STREAM_READABLE);
}

static void on_notice(void *arg, const struct visit_head *head)
{
    struct echo *e = arg;
    (void)head;
    e->noticed = true;
}

static const struct lease *reserve(struct scene *s)
{
    struct reservation_request r = {
        .verb = RESERVATION_RESERVE, .kind = RESERVATION_TLS, .name = "app"};
    uint8_t token[RESERVATION_TOKEN_SIZE];
    const struct lease *l = NULL;
    const struct clock_source *clock = clock_system();
    cr_assert_eq(lease_ask(s->store, host_id(s->owner->host), &r, true, clock->wall_ms(clock->arg),
                           token, &l),
                 RESERVATION_OK);
    return l;
}

static const struct lease *begin(struct scene *s)
{
    scene_begin(s, NULL);
    scene_relay_down(s);
    s->domain = "relay.example";
    s->wanted.kinds = "http tls-passthrough";
    s->wanted.hosts = s->wanted.https = true;
    scene_relay_up(s, "https://relay.example");
    return reserve(s);
}

static void echo_begin(struct echo *e, struct scene *s, const struct lease *l)
{
    memset(e, 0, sizeof(*e));
    e->scene = s;
    buf_init(&e->in, loop_pool(s->world.loop), 4096);
    struct asked_of c = world_connect(s->owner, NULL, &s->relay_at, 1, PERMIT_TYPED);
    cr_assert_eq(c.err, 0, "%s", c.why.text);
    cr_assert_eq(visits_new(s->world.loop, s->owner->host, &e->visits), 0);
    e->entry = (struct visits_entry){
        .relay = *host_id(s->relay->host), .visitor = on_visitor, .notice = on_notice, .arg = e};
    memcpy(e->entry.id, l->id, sizeof(l->id));
    visits_add(e->visits, &e->entry);
}

static void echo_end(struct echo *e)
{
    stream_free(e->visitor);
    visits_free(e->visits);
    buf_clear(&e->in);
}

/* One who says `text`, of TLS for a host. */
static void comes_to(struct visitor *v, struct scene *s, const char *host, const char *text)
{
    struct stream *far = NULL;
    struct addr whence;
    struct buf out;
    memset(v, 0, sizeof(*v));
    v->scene = s;
    buf_init(&v->in, loop_pool(s->world.loop), sizeof(v->text) - 1);
    cr_assert_eq(stream_memory(s->world.loop, 65536, &v->s, &far), 0);
    buf_init(&out, loop_pool(s->world.loop), 4096);
    cr_assert_eq(buf_add(&out, text, strlen(text)), 0);
    cr_assert_eq(stream_write(v->s, &out), (ssize_t)strlen(text));
    front_visitor_unopened(s->front, far, scene_whence(s, &whence), host);
}

static void comes(struct visitor *v, struct scene *s, const char *text)
{
    comes_to(v, s, "app.tls.relay.example", text);
}

enum { internal = 80, unrecognized = 112 }; /* RFC 8446, 6 */

static void is_refused_by(struct scene *s, const char *host, char alert)
{
    struct visitor v;
    const char whole[] = {21, 3, 3, 0, 2, 2, alert};
    comes_to(&v, s, host, "hello");
    cr_expect(!visitor_hears(&v, "nothing more"));
    cr_expect(v.ended);
    cr_expect(memcmp(v.text, whole, sizeof(whole)) == 0, "%s: the alert", host);
    visitor_end(&v);
}

static void is_refused(struct scene *s)
{
    is_refused_by(s, "app.tls.relay.example", internal);
}

BEAM_TEST(front_tls, which_hosts_are_an_owners)
{
    static struct scene s;
    struct lease *l = (struct lease *)begin(&s);
    cr_expect(front_passes_tls(s.front, "app.tls.relay.example"));
    cr_expect(!front_passes_tls(s.front, "relay.example"));
    cr_expect(!front_passes_tls(s.front, "app.relay.example"));
    cr_expect(!front_passes_tls(s.front, "app.tls.relay.example.org"));
    cr_expect(!front_passes_tls(s.front, ""));
    cr_expect(front_passes_tls(s.front, "tls.relay.example"));
    cr_expect(front_passes_tls(s.front, "other.tls.relay.example"), "whoever has it");
    cr_expect(front_passes_tls(s.front, "a.app.tls.relay.example"));
    char urls[RESERVATION_URLS_MAX][RESERVATION_URL_SIZE];
    cr_assert_eq(endpoint_urls(&s.base, l, urls), 1u, "none on the relay's own host");
    cr_expect_str_eq(urls[0], "https://app.tls.relay.example/");
    l->kind = RESERVATION_HTTP;
    cr_expect(front_passes_tls(s.front, "app.tls.relay.example"));
    l->kind = RESERVATION_TLS;
    s.terms.kinds = reservation_kind_bit(RESERVATION_HTTP);
    cr_expect(front_passes_tls(s.front, "app.tls.relay.example"));
    scene_end(&s);
}

BEAM_TEST(front_tls, what_nobody_has_is_opened_by_nobody)
{
    static struct scene s;
    static struct echo e;
    struct lease *l = (struct lease *)begin(&s);
    echo_begin(&e, &s, l);
    is_refused_by(&s, "other.tls.relay.example", unrecognized);
    is_refused_by(&s, "tls.relay.example", unrecognized);
    is_refused_by(&s, "a.app.tls.relay.example", unrecognized);
    l->kind = RESERVATION_HTTP;
    is_refused_by(&s, "app.tls.relay.example", unrecognized);
    l->kind = RESERVATION_TLS;
    s.terms.kinds = reservation_kind_bit(RESERVATION_HTTP);
    is_refused_by(&s, "app.tls.relay.example", unrecognized);
    cr_expect_eq(e.visitors, 0);
    cr_expect_eq(s.counts.unopened, 0u);
    echo_end(&e);
    scene_end(&s);
}

/* What is said to a request with this host on a connection that the relay has opened, or plain. */
static void is_answered(struct scene *s, const char *host, bool tls, const char *words)
{
    char request[256];
    struct visitor v;
    struct stream *far = NULL;
    struct addr whence;
    memset(&v, 0, sizeof(v));
    v.scene = s;
    buf_init(&v.in, loop_pool(s->world.loop), sizeof(v.text) - 1);
    cr_assert_eq(stream_memory(s->world.loop, 65536, &v.s, &far), 0);
    front_visitor(s->front, far, scene_whence(s, &whence), tls);
    snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", host);
    visitor_ask(&v, s, request);
    cr_expect(visitor_hears(&v, words), "%s: %s", host, v.text);
    visitor_end(&v);
}

BEAM_TEST(front_tls, a_request_that_the_relay_should_not_see_is_misdirected)
{
    static struct scene s;
    static struct echo e;
    echo_begin(&e, &s, begin(&s));
    is_answered(&s, "app.tls.relay.example", true, "HTTP/1.1 421 Misdirected Request\r\n");
    is_answered(&s, "APP.tls.relay.example.:443", true, "HTTP/1.1 421 ");
    is_answered(&s, "gone.tls.relay.example", true, "HTTP/1.1 421 ");
    is_answered(&s, "app.relay.example", true, "HTTP/1.1 404 ");
    is_answered(&s, "app.tls.relay.example", false, "HTTP/1.1 404 ");
    cr_expect_eq(e.visitors, 0);
    echo_end(&e);
    scene_end(&s);
}

BEAM_TEST(front_tls, bytes_go_on_as_they_are_both_ways)
{
    static struct scene s;
    static struct echo e;
    struct visitor v;
    const struct lease *l = begin(&s);
    echo_begin(&e, &s, l);
    comes(&v, &s, "\x16\x03\x01 whatever");
    cr_assert(visitor_hears(&v, "\x16\x03\x01 whatever"));
    cr_expect_eq(e.via, (uint64_t)VISIT_HEAD_TLS);
    cr_expect_eq(front_visitors(s.front), 1u);
    cr_expect_eq(front_visitors_of(s.front, l->id), 1u);
    cr_assert_eq(stream_shut(v.s), 0);
    cr_expect(!visitor_hears(&v, "more"), "its end goes through as well");
    cr_expect(v.ended);
    visitor_end(&v);
    cr_expect_eq(s.counts.unopened, 1u);
    cr_expect_eq(front_visitors(s.front), 0u);
    echo_end(&e);
    scene_end(&s);
}

BEAM_TEST(front_tls, who_is_away_banned_or_full_is_told_in_an_alert)
{
    static struct scene s;
    static struct echo e;
    struct visitor v[2];
    const struct lease *l = begin(&s);
    is_refused(&s);
    cr_expect_eq(s.counts.away, 1u);
    echo_begin(&e, &s, l);
    comes(&v[0], &s, "one");
    cr_assert(visitor_hears(&v[0], "one"));
    comes(&v[1], &s, "two");
    cr_assert(visitor_hears(&v[1], "two"));
    is_refused(&s); /* an endpoint has two at most here */
    cr_expect_eq(front_drop(s.front, l->id), 2u);
    for (int i = 0; i < 2; i++) {
        cr_expect(!visitor_hears(&v[i], "more"));
        visitor_end(&v[i]);
    }
    cr_expect_eq(front_visitors(s.front), 0u);
    cr_expect_eq(s.counts.unopened, 2u);
    echo_end(&e);
    scene_end(&s);
}

BEAM_TEST(front_tls, quotas_and_caps_hold_for_them_too)
{
    static struct scene s;
    static struct echo e;
    struct visitor v;
    begin(&s);
    scene_relay_down(&s);
    s.limits.tunnel_requests = 1;
    s.carried.tunnel_month = 30;
    scene_relay_up(&s, "https://relay.example");
    const struct lease *l = reserve(&s);
    echo_begin(&e, &s, l);
    comes(&v, &s, "forty bytes, of which not all may pass..");
    cr_expect(!visitor_hears(&v, "may pass.."), "the cap cuts it off");
    visitor_end(&v);
    is_refused(&s);
    cr_expect_eq(s.counts.refused[TERMS_TRAFFIC], 1u);
    cr_expect(until_flag(s.world.loop, &e.noticed), "its owner is told");
    for (int i = 0; i < 9; i++)
        is_refused(&s);
    cr_expect_gt(s.counts.put_off, 0u, "ten at once, and then one a second");
    echo_end(&e);
    scene_end(&s);
}

BEAM_TEST(front_tls, one_that_rests_for_long_is_left)
{
    static struct scene s;
    static struct echo e;
    struct visitor v;
    begin(&s);
    scene_relay_down(&s);
    s.idle_ms = 50;
    scene_relay_up(&s, "https://relay.example");
    echo_begin(&e, &s, reserve(&s));
    comes(&v, &s, "one");
    cr_assert(visitor_hears(&v, "one"));
    cr_expect(!visitor_hears(&v, "more"));
    cr_expect(v.ended);
    visitor_end(&v);
    cr_expect_eq(front_visitors(s.front), 0u);
    echo_end(&e);
    scene_end(&s);
}

/* Whether one who says `text` gets through. */
static bool enters(struct visitor *v, struct scene *s, const char *whence, const char *text)
{
    s->whence = whence;
    comes(v, s, text);
    return visitor_hears(v, text);
}

static bool all_left(void *arg)
{
    const struct scene *s = arg;
    return front_visitors(s->front) == 0;
}

BEAM_TEST(front_tls, one_source_does_not_shut_a_tunnel_to_others)
{
    static struct scene s;
    static struct echo e;
    struct visitor v[4];
    begin(&s);
    scene_relay_down(&s);
    s.source_streams = 1;
    scene_relay_up(&s, "https://relay.example");
    echo_begin(&e, &s, reserve(&s));
    cr_expect(enters(&v[0], &s, "192.0.2.1", "first"));
    cr_expect(!enters(&v[1], &s, "192.0.2.77", "second"), "of the same /24");
    cr_expect(enters(&v[2], &s, "198.51.100.1", "honest"));
    for (int i = 0; i < 3; i++)
        visitor_end(&v[i]);
    cr_assert(until(s.world.loop, all_left, &s));
    cr_expect(enters(&v[3], &s, "192.0.2.77", "again"));
    visitor_end(&v[3]);
    echo_end(&e);
    scene_end(&s);
}
