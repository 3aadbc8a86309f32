/* SPDX-License-Identifier: BSD-3-Clause */
/* Both ends of /beam/visit/1.0.0: relay/visit_open and relay/visits. */
#include "relay/visits.h"

#include "relay/visit_open.h"
#include "tests/unit/relay/scene.h"

struct end {
    bool done;
    int err;
    struct stream *s;
    struct visit_head head;
};

static void on_opened(void *arg, int err, struct stream *s)
{
    struct end *e = arg;
    e->done = true;
    e->err = err;
    e->s = s;
}

static void on_visitor(void *arg, struct stream *s, const struct visit_head *head)
{
    struct end *e = arg;
    e->done = true;
    e->s = s;
    e->head = *head;
}

static struct visits *begin(struct scene *s)
{
    struct visits *v = NULL;
    scene_hosts(s);
    struct asked_of a = world_connect(s->owner, NULL, &s->relay_at, 1, PERMIT_TYPED);
    cr_assert_eq(a.err, 0, "%s", a.why.text);
    cr_assert_eq(visits_new(s->world.loop, s->owner->host, &v), 0);
    return v;
}

static void open_visit(struct scene *s, uint8_t id, struct end *e)
{
    struct visit_head head = {.id = {id}, .via = VISIT_HEAD_HTTP, .visitor = "192.0.2.7"};
    struct visit_open *open = NULL;
    memset(e, 0, sizeof(*e));
    cr_assert_eq(visit_open_start(s->world.loop, s->relay->host, host_id(s->owner->host), &head,
                                  5000, on_opened, e, &open),
                 0);
    cr_assert(until_flag(s->world.loop, &e->done));
    cr_assert_eq(e->err, 0);
}

struct reading {
    struct stream *s;
    struct buf in;
    ssize_t n;
};

static bool something_came(void *arg)
{
    struct reading *r = arg;
    r->n = stream_read(r->s, &r->in, 100);
    return r->n != BEAM_EAGAIN;
}

BEAM_TEST(visits, come_to_whoever_has_the_reservation)
{
    static struct scene s;
    struct visits *v = begin(&s);
    struct end relay, owner = {.done = false};
    struct visits_entry e = {
        .relay = *host_id(s.relay->host), .visitor = on_visitor, .arg = &owner};
    struct buf out;
    e.id[0] = 7;
    visits_add(v, &e);
    open_visit(&s, 7, &relay);
    buf_init(&out, loop_pool(s.world.loop), 100);
    cr_assert_eq(buf_add(&out, "GET /", 5), 0);
    cr_expect_eq(stream_write(relay.s, &out), 5);
    cr_assert(until_flag(s.world.loop, &owner.done));
    cr_expect_eq(owner.head.id[0], 7);
    cr_expect_str_eq(owner.head.visitor, "192.0.2.7");
    struct reading r = {.s = owner.s};
    buf_init(&r.in, loop_pool(s.world.loop), 100);
    cr_assert(until(s.world.loop, something_came, &r));
    cr_expect_eq(r.n, 5, "what follows the head, and all of it");
    buf_clear(&r.in);
    stream_free(owner.s);
    stream_free(relay.s);
    visits_free(v);
    scene_end(&s);
}

BEAM_TEST(visits, others_are_reset)
{
    static struct scene s;
    struct visits *v = begin(&s);
    struct end relay, owner = {.done = false};
    struct visits_entry e = {
        .relay = *host_id(s.relay->host), .visitor = on_visitor, .arg = &owner};
    e.id[0] = 7;
    visits_add(v, &e);
    open_visit(&s, 8, &relay);
    struct reading r = {.s = relay.s};
    buf_init(&r.in, loop_pool(s.world.loop), 100);
    cr_assert(until(s.world.loop, something_came, &r));
    cr_expect_eq(r.n, BEAM_ERESET, "another id");
    stream_free(relay.s);

    visits_remove(&e);
    open_visit(&s, 7, &relay);
    r.s = relay.s;
    cr_assert(until(s.world.loop, something_came, &r));
    cr_expect_eq(r.n, BEAM_ERESET, "one that is no more");
    cr_expect_not(owner.done);
    buf_clear(&r.in);
    stream_free(relay.s);
    visits_free(v);
    scene_end(&s);
}

enum { RELAYS = 2, EACH = 900, SILENT = RELAYS * EACH };

struct silent {
    struct scene *scene;
    struct stream *streams[SILENT];
    size_t n;
};

/* The first byte of a head, and no other. */
static void on_silent(void *arg, int err, const struct beam_why *why, struct stream *s,
                      const char *protocol, const struct host_peer *peer)
{
    struct silent *x = arg;
    struct buf out;
    (void)protocol;
    (void)peer;
    cr_assert_eq(err, 0, "%s", why->text);
    buf_init(&out, loop_pool(x->scene->world.loop), 1);
    cr_assert_eq(buf_add(&out, "\x20", 1), 0);
    cr_assert_eq(stream_write(s, &out), 1);
    x->streams[x->n++] = s;
}

static bool all_silent(void *arg)
{
    return ((struct silent *)arg)->n == SILENT;
}

BEAM_TEST(visits, of_relays_that_say_nothing_keep_no_others_out)
{
    static struct scene s;
    static struct silent bad;
    static const char *const protocols[] = {VISIT_HEAD_PROTOCOL};
    struct visits *v = begin(&s);
    struct end relay, owner = {.done = false};
    struct visits_entry e = {
        .relay = *host_id(s.relay->host), .visitor = on_visitor, .arg = &owner};
    const struct connect_spec to = {.peer = host_id(s.owner->host)};
    e.id[0] = 7;
    visits_add(v, &e);
    bad = (struct silent){.scene = &s};
    for (size_t i = 0; i < RELAYS; i++) {
        struct node *other = world_add(&s.world, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
        const struct multiaddr at = world_listen(other);
        cr_assert_eq(world_connect(s.owner, NULL, &at, 1, PERMIT_TYPED).err, 0);
        for (size_t k = 0; k < EACH; k++) {
            struct open *open;
            cr_assert_eq(open_start(other->host, &to, protocols, 1, on_silent, &bad, &open), 0);
        }
    }
    cr_assert(until(s.world.loop, all_silent, &bad));
    open_visit(&s, 7, &relay);
    cr_assert(until_flag(s.world.loop, &owner.done), "the visit did not come");
    stream_free(owner.s);
    stream_free(relay.s);
    for (size_t i = 0; i < SILENT; i++)
        stream_free(bad.streams[i]);
    visits_free(v);
    scene_end(&s);
}
