/* SPDX-License-Identifier: BSD-3-Clause */
/* Both ends of /beam/relay/1.0.0: relay/registrar and relay/exchange. */
#include "relay/registrar.h"

#include "relay/exchange.h"
#include "stream/frame.h"
#include "tests/unit/relay/scene.h"

struct outcome {
    bool done;
    int err;
    struct beam_why why;
    struct reservation_answer answer;
};

static void on_answer(void *arg, int err, const struct beam_why *why,
                      const struct reservation_answer *answer, const struct peer_id *peer,
                      enum way way)
{
    struct outcome *o = arg;
    (void)peer;
    (void)way;
    o->done = true;
    o->err = err;
    if (why)
        o->why = *why;
    if (answer)
        o->answer = *answer;
}

static void ask(struct scene *s, struct node *from, const struct reservation_request *r,
                struct outcome *o)
{
    struct exchange *e = NULL;
    const struct connect_spec spec = {.addrs = &s->relay_at, .n = 1, .origin = PERMIT_TYPED};
    memset(o, 0, sizeof(*o));
    cr_assert_eq(exchange_start(s->world.loop, from->host, &spec, "the relay", r, on_answer, o, &e),
                 0);
    cr_assert(until_flag(s->world.loop, &o->done));
}

BEAM_TEST(registrar, grants_renews_and_ends)
{
    static struct scene s;
    static struct outcome o;
    struct reservation_request r = {.verb = RESERVATION_RESERVE,
                                    .kind = RESERVATION_HTTP,
                                    .name = "passed-over",
                                    .visitor_address = true};
    char id[RESERVATION_ID_TEXT];
    scene_begin(&s, "http://relay.example");
    ask(&s, s.owner, &r, &o);
    cr_assert_eq(o.err, 0, "%s", o.why.text);
    cr_assert_eq(o.answer.status, (uint64_t)RESERVATION_OK);
    reservation_id_text(o.answer.id, id);
    cr_assert_not_null(strstr(o.answer.url[0], id));
    cr_expect_eq(o.answer.lease, 60u);
    cr_expect_eq(o.answer.max_body, 1000u);
    cr_expect(o.answer.visitor_address);
    const struct lease *l = lease_by_id(s.store, o.answer.id, 0);
    cr_assert_not_null(l);
    cr_expect(peer_id_equal(&l->owner, host_id(s.owner->host)));

    r = (struct reservation_request){.verb = RESERVATION_RENEW, .has_id = true};
    memcpy(r.id, o.answer.id, sizeof(r.id));
    memcpy(r.token, o.answer.token, sizeof(r.token));
    struct node *other = world_add(&s.world, HOST_ANONYMOUS, POLICY_EGRESS_TOR, NULL);
    ask(&s, other, &r, &o);
    cr_expect_eq(o.answer.status, (uint64_t)RESERVATION_FORBIDDEN, "from another key");
    cr_expect_eq(o.answer.url_count, 0u);
    ask(&s, s.owner, &r, &o);
    cr_expect_eq(o.answer.status, (uint64_t)RESERVATION_OK);
    r.verb = RESERVATION_FORGET;
    ask(&s, s.owner, &r, &o);
    cr_expect_eq(o.answer.status, (uint64_t)RESERVATION_OK);
    cr_expect_eq(lease_count(s.store), 0u);
    scene_end(&s);
}

BEAM_TEST(registrar, a_peer_that_is_no_relay_is_told_from_one)
{
    static struct scene s;
    static struct outcome o;
    struct reservation_request r = {.verb = RESERVATION_RESERVE, .kind = RESERVATION_HTTP};
    scene_hosts(&s);
    /* It takes what the peer says of itself to be sure. */
    for (int i = 0; i < 100 && (i == 0 || o.err == BEAM_ERESET); i++)
        ask(&s, s.owner, &r, &o);
    cr_expect_eq(o.err, BEAM_ENOTFOUND, "%s", o.why.text);
    cr_expect_not_null(strstr(o.why.text, "not a relay"), "%s", o.why.text);
    scene_end(&s);
}

struct raw {
    struct frame *frame;
    bool done;
    size_t len;
    uint8_t data[RESERVATION_MAX];
};

static void on_raw(void *arg, const uint8_t *data, size_t len)
{
    struct raw *r = arg;
    r->done = true;
    r->len = len;
    memcpy(r->data, data, len);
}

static void on_raw_end(void *arg, int err)
{
    (void)err;
    ((struct raw *)arg)->done = true;
}

BEAM_TEST(registrar, what_is_malformed_is_answered_and_ends_the_stream)
{
    static struct scene s;
    static struct raw r;
    static struct reservation_answer answer;
    static const char *const protocols[] = {RESERVATION_PROTOCOL};
    const struct connect_spec spec = {.addrs = &s.relay_at, .n = 1, .origin = PERMIT_TYPED};
    const struct frame_events events = {.message = on_raw, .ended = on_raw_end, .arg = &r};
    struct asked_of a = {.done = false};
    struct open *open = NULL;
    scene_begin(&s, NULL);
    cr_assert_eq(open_start(s.owner->host, &spec, protocols, 1, world_on_open, &a, &open), 0);
    cr_assert(until_flag(s.world.loop, &a.done));
    cr_assert_eq(a.err, 0, "%s", a.why.text);
    cr_assert_eq(frame_new(s.world.loop, a.stream, RESERVATION_MAX, &events, &r.frame), 0);
    cr_assert_eq(frame_send(r.frame, "\x08\x01\x08\x01", 4), 0);
    frame_read(r.frame, 5000);
    cr_assert(until_flag(s.world.loop, &r.done));
    cr_assert_eq(reservation_answer_decode(r.data, r.len, &answer), 0);
    cr_expect_eq(answer.status, (uint64_t)RESERVATION_MALFORMED);
    r.done = false;
    r.len = 0;
    frame_read(r.frame, 5000);
    cr_assert(until_flag(s.world.loop, &r.done));
    cr_expect_eq(r.len, 0u, "and no more");
    frame_free(r.frame);
    scene_end(&s);
}

BEAM_TEST(registrar, kinds_are_those_that_the_operator_offers)
{
    static struct scene s;
    static struct outcome o;
    struct reservation_request r = {.verb = RESERVATION_RESERVE, .kind = RESERVATION_TCP};
    scene_begin(&s, NULL);
    s.work_least = 8;
    ask(&s, s.owner, &r, &o);
    cr_expect_eq(o.answer.status, (uint64_t)RESERVATION_UNSUPPORTED, "and costs no work");
    s.work_least = 0;
    r.kind = RESERVATION_HTTP;
    ask(&s, s.owner, &r, &o);
    cr_assert_eq(o.answer.status, (uint64_t)RESERVATION_OK);
    struct reservation_request renew = {.verb = RESERVATION_RENEW, .has_id = true};
    memcpy(renew.id, o.answer.id, sizeof(renew.id));
    memcpy(renew.token, o.answer.token, sizeof(renew.token));
    s.terms.kinds = 0; /* its operator thought better of it */
    ask(&s, s.owner, &renew, &o);
    cr_expect_eq(o.answer.status, (uint64_t)RESERVATION_UNSUPPORTED);
    renew.verb = RESERVATION_FORGET;
    ask(&s, s.owner, &renew, &o);
    cr_expect_eq(o.answer.status, (uint64_t)RESERVATION_OK, "it can be given up all the same");
    scene_end(&s);
}

/* The first that does not solve it: one in 256 does by chance. */
static uint8_t a_bad_nonce(const struct peer_id *owner, const uint8_t seed[WORK_SEED_SIZE])
{
    uint8_t nonce[WORK_NONCE_SIZE];
    uint64_t next = 0;
    while (work_try(owner, seed, 8, &next, 1, nonce))
        next++;
    return (uint8_t)(next - 1);
}

BEAM_TEST(registrar, a_new_reservation_may_cost_work_and_an_old_one_does_not)
{
    static struct scene s;
    static struct outcome o;
    struct reservation_request r = {.verb = RESERVATION_RESERVE, .kind = RESERVATION_HTTP};
    uint64_t next = 0;
    scene_begin(&s, NULL);
    s.work_least = 8;
    ask(&s, s.owner, &r, &o);
    cr_assert_eq(o.answer.status, (uint64_t)RESERVATION_WORK);
    cr_assert_eq(o.answer.bits, 8u);
    r.has_work = true;
    memcpy(r.seed, o.answer.seed, sizeof(r.seed));
    r.nonce[sizeof(r.nonce) - 1] = a_bad_nonce(host_id(s.owner->host), r.seed);
    ask(&s, s.owner, &r, &o);
    cr_expect_eq(o.answer.status, (uint64_t)RESERVATION_WORK, "a nonce that is none");
    cr_assert(work_try(host_id(s.owner->host), r.seed, 8, &next, 1 << 20, r.nonce));
    ask(&s, s.owner, &r, &o);
    cr_assert_eq(o.answer.status, (uint64_t)RESERVATION_OK);
    struct reservation_request renew = {.verb = RESERVATION_RENEW, .has_id = true};
    memcpy(renew.id, o.answer.id, sizeof(renew.id));
    memcpy(renew.token, o.answer.token, sizeof(renew.token));
    ask(&s, s.owner, &r, &o);
    cr_expect_eq(o.answer.status, (uint64_t)RESERVATION_WORK, "once alone");
    ask(&s, s.owner, &renew, &o);
    cr_expect_eq(o.answer.status, (uint64_t)RESERVATION_OK);
    cr_expect_eq(s.counts.granted, 2u);
    cr_expect_eq(s.counts.declined[RESERVATION_WORK - RESERVATION_MALFORMED], 3u);
    scene_end(&s);
}

BEAM_TEST(registrar, who_asks_too_often_is_told_when_to_ask_again)
{
    static struct scene s;
    static struct outcome o;
    struct reservation_request r = {.verb = RESERVATION_RESERVE, .kind = RESERVATION_HTTP};
    scene_begin(&s, NULL);
    scene_relay_down(&s);
    s.limits.key_reservations = 1;
    scene_relay_up(&s, NULL);
    for (int i = 0; i < 3; i++)
        ask(&s, s.owner, &r, &o);
    cr_expect_eq(o.answer.status, (uint64_t)RESERVATION_BUSY);
    cr_expect_gt(o.answer.retry, 1u);
    cr_expect_leq(o.answer.retry, 61u);
    scene_end(&s);
}

BEAM_TEST(registrar, a_key_has_so_many_new_names_an_hour)
{
    static struct scene s;
    static struct outcome o;
    struct reservation_request r = {
        .verb = RESERVATION_RESERVE, .kind = RESERVATION_HTTP, .name = "app"};
    scene_begin(&s, NULL);
    scene_relay_down(&s);
    s.domain = "relay.example";
    s.wanted.hosts = true;
    s.limits.key_names = 1;
    scene_relay_up(&s, "http://relay.example");
    for (int i = 0; i < 2; i++) {
        ask(&s, s.owner, &r, &o);
        cr_assert_eq(o.answer.status, (uint64_t)RESERVATION_OK,
                     "the same again is none that is new");
    }
    struct reservation_request forget = {.verb = RESERVATION_FORGET, .has_id = true};
    memcpy(forget.id, o.answer.id, sizeof(forget.id));
    memcpy(forget.token, o.answer.token, sizeof(forget.token));
    ask(&s, s.owner, &forget, &o);
    cr_assert_eq(o.answer.status, (uint64_t)RESERVATION_OK);
    snprintf(r.name, sizeof(r.name), "other");
    ask(&s, s.owner, &r, &o);
    cr_expect_eq(o.answer.status, (uint64_t)RESERVATION_BUSY);
    cr_expect_not_null(strstr(o.answer.reason, "new names"));
    cr_expect_gt(o.answer.retry, 3500u);
    cr_expect_leq(o.answer.retry, 3601u);
    r.name[0] = '\0';
    ask(&s, s.owner, &r, &o);
    cr_expect_eq(o.answer.status, (uint64_t)RESERVATION_BUSY, "a host by its id is one as well");
    scene_end(&s);
}
