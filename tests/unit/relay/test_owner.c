/* SPDX-License-Identifier: BSD-3-Clause */
/* An owner with a whole relay: relay/owner, relay/proof, relay/farewell. */
#include "relay/owner.h"

#include "tests/unit/relay/scene.h"

struct stage {
    struct scene scene;
    struct visits *visits;
    struct farewells *farewells;
    struct owner *owner;
    const char *name; /* wanted; NULL: none */
    enum owner_state state;
    struct beam_why why, warning;
    int visitors;
};

static void on_state(void *arg, enum owner_state state, const struct beam_why *why,
                     uint64_t retry_ms)
{
    struct stage *st = arg;
    (void)retry_ms;
    st->state = state;
    if (why)
        st->why = *why;
}

static void on_warning(void *arg, const struct beam_why *why)
{
    ((struct stage *)arg)->warning = *why;
}

static void on_visitor(void *arg, struct stream *s, const struct visit_head *head)
{
    (void)head;
    ((struct stage *)arg)->visitors++;
    stream_reset(s);
    stream_free(s);
}

static void start(struct stage *st, bool keep)
{
    struct scene *s = &st->scene;
    const struct owner_spec spec = {.loop = s->world.loop,
                                    .kind = RESERVATION_HTTP,
                                    .rng = &s->world.rng,
                                    .host = s->owner->host,
                                    .visits = st->visits,
                                    .farewells = st->farewells,
                                    .permit = s->owner->permit,
                                    .where = s->where,
                                    .name = st->name,
                                    .keep = keep,
                                    .dir = s->place.dir};
    const struct owner_events events = {
        .state = on_state, .warning = on_warning, .visitor = on_visitor, .arg = st};
    struct beam_why why = {.text = ""};
    st->state = OWNER_ASKING;
    cr_assert_eq(owner_start(&spec, &events, &st->owner, &why), 0, "%s", why.text);
}

static void begin(struct stage *st, const char *url)
{
    memset(st, 0, sizeof(*st));
    scene_begin(&st->scene, url);
    cr_assert_eq(visits_new(st->scene.world.loop, st->scene.owner->host, &st->visits), 0);
}

static void end(struct stage *st)
{
    owner_free(st->owner);
    farewells_free(st->farewells);
    visits_free(st->visits);
    scene_end(&st->scene);
}

static bool is_up(void *arg)
{
    return ((struct stage *)arg)->state == OWNER_UP;
}

static bool is_settled(void *arg)
{
    struct stage *st = arg;
    return st->state == OWNER_UP || st->state == OWNER_FAILED;
}

static bool is_resting(void *arg)
{
    return ((struct stage *)arg)->state == OWNER_RESTING;
}

BEAM_TEST(owner, comes_up_at_a_url_that_was_proved)
{
    static struct stage st;
    char peer[PEER_ID_TEXT_SIZE];
    begin(&st, NULL);
    start(&st, true);
    cr_assert(until(st.scene.world.loop, is_settled, &st), "%s", st.why.text);
    cr_assert_eq(st.state, OWNER_UP, "%s", st.why.text);
    cr_expect_eq(strncmp(owner_url(st.owner), "http://127.0.0.1:", 17), 0);
    peer_id_text(host_id(st.scene.relay->host), peer);
    cr_expect_str_eq(owner_peer(st.owner), peer);
    cr_expect_str_eq(st.warning.text, "", "whom to expect was said");
    cr_expect_eq(st.visitors, 0, "its own visit is nobody's");
    struct visitor v = {.s = NULL};
    char request[600];
    snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n",
             strchr(owner_url(st.owner) + 7, '/'));
    visitor_ask(&v, &st.scene, request);
    cr_assert(visitor_hears(&v, " 502 "), "%s", v.text);
    cr_expect_eq(st.visitors, 1);
    visitor_end(&v);
    end(&st);
}

BEAM_TEST(owner, has_its_url_again_after_either_side_went)
{
    static struct stage st;
    static char url[RESERVATION_URL_SIZE];
    begin(&st, NULL);
    start(&st, true);
    cr_assert(until(st.scene.world.loop, is_up, &st), "%s", st.why.text);
    snprintf(url, sizeof(url), "%s", owner_url(st.owner));
    scene_relay_down(&st.scene);
    host_disconnect(st.scene.relay->host, host_id(st.scene.owner->host));
    cr_assert(until(st.scene.world.loop, is_resting, &st));
    scene_relay_up(&st.scene, NULL);
    cr_assert(until(st.scene.world.loop, is_up, &st), "%s", st.why.text);
    cr_expect_str_eq(owner_url(st.owner), url);

    owner_free(st.owner);
    start(&st, true);
    cr_assert(until(st.scene.world.loop, is_up, &st), "%s", st.why.text);
    cr_expect_str_eq(owner_url(st.owner), url);
    owner_free(st.owner);
    start(&st, false);
    cr_assert(until(st.scene.world.loop, is_up, &st), "%s", st.why.text);
    cr_expect_str_neq(owner_url(st.owner), url, "one that is not kept");
    end(&st);
}

static void on_told(void *arg)
{
    *(bool *)arg = true;
}

static bool is_told(void *arg)
{
    return *(bool *)arg;
}

/* Ends an owner that is up, and waits for its relay to know. */
static void leave(struct stage *st)
{
    bool told = false;
    cr_assert(until(st->scene.world.loop, is_up, st), "%s", st->why.text);
    cr_assert_not(farewells_pending(st->farewells));
    owner_free(st->owner);
    st->owner = NULL;
    cr_assert(farewells_pending(st->farewells));
    farewells_wait(st->farewells, on_told, &told);
    cr_assert(until(st->scene.world.loop, is_told, &told));
    cr_expect_not(farewells_pending(st->farewells));
}

static void expect_unknown(struct stage *st, const char *url)
{
    struct visitor v = {.s = NULL};
    char request[600];
    snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", strchr(url + 7, '/'));
    visitor_ask(&v, &st->scene, request);
    cr_expect(visitor_hears(&v, " 404 "), "%s", v.text);
    visitor_end(&v);
}

BEAM_TEST(owner, releases_or_has_forgotten_what_it_had)
{
    static struct stage st;
    static char url[RESERVATION_URL_SIZE];
    begin(&st, NULL);
    cr_assert_eq(farewells_new(st.scene.world.loop, st.scene.owner->host, &st.farewells), 0);
    start(&st, true);
    cr_assert(until(st.scene.world.loop, is_up, &st), "%s", st.why.text);
    snprintf(url, sizeof(url), "%s", owner_url(st.owner));
    leave(&st);
    expect_unknown(&st, url);
    cr_expect_eq(lease_count(st.scene.store), 1, "it is held");

    start(&st, true);
    cr_assert(until(st.scene.world.loop, is_up, &st), "%s", st.why.text);
    cr_expect_str_eq(owner_url(st.owner), url);
    leave(&st);

    start(&st, false);
    cr_assert(until(st.scene.world.loop, is_up, &st), "%s", st.why.text);
    cr_expect_eq(lease_count(st.scene.store), 2);
    snprintf(url, sizeof(url), "%s", owner_url(st.owner));
    leave(&st);
    expect_unknown(&st, url);
    cr_expect_eq(lease_count(st.scene.store), 1, "a throw-away one is held for nobody");
    end(&st);
}

BEAM_TEST(owner, says_nothing_to_a_relay_that_is_not_connected)
{
    static struct stage st;
    begin(&st, NULL);
    cr_assert_eq(farewells_new(st.scene.world.loop, st.scene.owner->host, &st.farewells), 0);
    start(&st, true);
    cr_assert(until(st.scene.world.loop, is_up, &st), "%s", st.why.text);
    host_disconnect(st.scene.owner->host, host_id(st.scene.relay->host));
    owner_free(st.owner);
    st.owner = NULL;
    cr_expect_not(farewells_pending(st.farewells));
    end(&st);
}

/* An owner whose relay leads to another, which knows of no such endpoint: what becomes of it. */
static void lead_elsewhere(struct stage *st, const char *name, enum owner_state then)
{
    static struct scene other;
    char text[sizeof(other.base.host) + 8];
    scene_begin(&other, NULL);
    snprintf(text, sizeof(text), "http://%s", other.base.host);
    begin(st, text);
    st->name = name;
    start(st, false);
    /* Two loops: each has its turn. */
    uint64_t late = loop_now(other.world.loop) + UNTIL_MS;
    while (st->state != OWNER_FAILED && st->state != OWNER_RESTING &&
           loop_now(other.world.loop) < late) {
        cr_assert_eq(loop_turn(st->scene.world.loop), 0);
        cr_assert_eq(loop_turn(other.world.loop), 0);
    }
    cr_expect_eq(st->state, then);
    cr_expect_eq(st->why.code, BEAM_EAUTH);
    cr_expect_not_null(strstr(st->why.text, "does not lead here"), "%s", st->why.text);
    cr_expect_str_eq(owner_url(st->owner), "");
    end(st);
    scene_end(&other);
}

BEAM_TEST(owner, a_relay_whose_url_leads_elsewhere_is_found_out)
{
    static struct stage st;
    lead_elsewhere(&st, NULL, OWNER_FAILED);
}

BEAM_TEST(owner, a_name_may_lead_to_a_relay_that_is_still_to_give_it)
{
    static struct stage st;
    lead_elsewhere(&st, "myapp", OWNER_RESTING);
}

BEAM_TEST(owner, a_relay_given_by_its_address_is_pinned)
{
    static struct stage st;
    begin(&st, NULL);
    st.scene.where.peer.len = 0;
    snprintf(st.scene.where.text, sizeof(st.scene.where.text), "127.0.0.1:4001");
    start(&st, false);
    cr_assert(until(st.scene.world.loop, is_up, &st), "%s", st.why.text);
    cr_expect_not_null(strstr(st.warning.text, "from now on"), "%s", st.warning.text);
    st.warning.text[0] = '\0';
    owner_free(st.owner);
    start(&st, false);
    cr_assert(until(st.scene.world.loop, is_up, &st), "%s", st.why.text);
    cr_expect_str_eq(st.warning.text, "", "said once");

    /* Another peer is there now. */
    owner_free(st.owner);
    host_disconnect(st.scene.owner->host, host_id(st.scene.relay->host));
    struct node *other = world_add(&st.scene.world, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    struct multiaddr at = world_listen(other);
    multiaddr_without_peer(&at, &st.scene.where.addr);
    start(&st, false);
    cr_assert(until(st.scene.world.loop, is_settled, &st));
    cr_expect_eq(st.state, OWNER_FAILED);
    cr_expect_not_null(strstr(st.why.text, "first use"), "%s", st.why.text);
    end(&st);
}
