/* SPDX-License-Identifier: BSD-3-Clause */
/* Visitors over HTTP/2 at the front of a relay, and the visits that their requests become. */
#include "http/h2.h"
#include "stream/memory.h"
#include "tests/unit/http/h2_client.h"
#include "tests/unit/relay/scene.h"

enum { VISITS = 8, HEAD_MAX = 2048, UPLOAD = 3 * H2_WINDOW, ON_THE_WAY = 2 * UPLOAD };

struct visit {
    struct stream *stream;
    struct buf in;
    bool mute; /* it answers nothing */
    bool rude; /* it ends, instead of an answer to its second request */
    int requests;
};

/* An owner's application: each visit answers "ok" to each request. */
struct owner {
    struct scene *scene;
    struct visits *visits;
    struct visits_entry entry;
    struct visit visit[VISITS];
    int n;
    bool mute, rude;
};

struct guest {
    struct scene *scene;
    struct stream *stream;
    struct h2_client client;
    bool over;
};

/* ---- the owner ------------------------------------------------------------------------------- */

static void on_ready(void *arg, struct stream *s, unsigned ready)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    struct visit *v = arg;
    struct buf out;
    char text[HEAD_MAX];
    (void)ready;
    while (stream_read(s, &v->in, HEAD_MAX) > 0)
        if (v->mute)
            buf_clear(&v->in);
    text[buf_peek(&v->in, 0, text, sizeof(text) - 1)] = '\0';
    if (!strstr(text, "\r\n\r\n") || v->mute)
        return;
    buf_clear(&v->in);
    if (++v->requests == 2 && v->rude) {
        stream_reset(s);
        return;
    }
    buf_init(&out, v->in.pool, HEAD_MAX);
    cr_assert_eq(buf_add(&out, answer, strlen(answer)), 0);
    cr_assert_gt(stream_write(s, &out), 0);
}

static void on_visitor(void *arg, struct stream *s, const struct visit_head *head)
{
    struct owner *o = arg;
    (void)head;
    cr_assert_lt(o->n, VISITS);
    struct visit *v = &o->visit[o->n++];
    v->stream = s;
    v->mute = o->mute;
    v->rude = o->rude;
    buf_init(&v->in, loop_pool(o->scene->world.loop), HEAD_MAX);
    stream_own(s, on_ready, v);
    on_ready(v, s, STREAM_READABLE);
}

static const struct lease *owner_begin(struct owner *o, struct scene *s)
{
    struct reservation_request r = {.verb = RESERVATION_RESERVE, .kind = RESERVATION_HTTP};
    uint8_t token[RESERVATION_TOKEN_SIZE];
    const struct lease *l = NULL;
    const struct clock_source *clock = clock_system();
    memset(o, 0, sizeof(*o));
    o->scene = s;
    cr_assert_eq(lease_ask(s->store, host_id(s->owner->host), &r, false, clock->wall_ms(clock->arg),
                           token, &l),
                 RESERVATION_OK);
    struct asked_of c = world_connect(s->owner, NULL, &s->relay_at, 1, PERMIT_TYPED);
    cr_assert_eq(c.err, 0, "%s", c.why.text);
    cr_assert_eq(visits_new(s->world.loop, s->owner->host, &o->visits), 0);
    o->entry =
        (struct visits_entry){.relay = *host_id(s->relay->host), .visitor = on_visitor, .arg = o};
    memcpy(o->entry.id, l->id, sizeof(l->id));
    visits_add(o->visits, &o->entry);
    return l;
}

static void owner_end(struct owner *o)
{
    for (int i = 0; i < o->n; i++) {
        stream_free(o->visit[i].stream);
        buf_clear(&o->visit[i].in);
    }
    visits_free(o->visits);
}

/* ---- the visitor ----------------------------------------------------------------------------- */

static void guest_says(struct guest *g)
{
    struct buf out;
    const uint8_t *data;
    size_t n;
    buf_init(&out, loop_pool(g->scene->world.loop), ON_THE_WAY);
    while ((n = h2_client_send(&g->client, &data)) > 0)
        cr_assert_eq(buf_add(&out, data, n), 0);
    if (buf_len(&out) > 0 && !g->over)
        (void)stream_write(g->stream, &out);
    buf_clear(&out);
}

static void guest_hears(struct guest *g)
{
    static uint8_t bytes[65536];
    struct buf in;
    buf_init(&in, loop_pool(g->scene->world.loop), sizeof(bytes));
    ssize_t n = stream_read(g->stream, &in, sizeof(bytes));
    g->over |= n < 0 && n != BEAM_EAGAIN;
    h2_client_hear(&g->client, bytes, buf_peek(&in, 0, bytes, sizeof(bytes)));
    buf_clear(&in);
}

static void guest_begin(struct guest *g, struct scene *s)
{
    struct stream *far = NULL;
    *g = (struct guest){.scene = s};
    cr_assert_eq(stream_memory(s->world.loop, ON_THE_WAY, &g->stream, &far), 0);
    h2_client_open(&g->client);
    front_visitor_h2(s->front, far, NULL, false);
}

static void guest_end(struct guest *g)
{
    h2_client_close(&g->client);
    stream_free(g->stream);
}

static int32_t guest_asks(struct guest *g, const struct lease *l)
{
    char id[RESERVATION_ID_TEXT], fields[256];
    reservation_id_text(l->id, id);
    snprintf(fields, sizeof(fields), ":method: GET\n:scheme: http\n:path: /t/%s/x\n:authority: a\n",
             id);
    return h2_client_request(&g->client, fields, true);
}

struct wanted {
    struct guest *guest;
    int32_t id;
};

static bool is_over(void *arg)
{
    struct wanted *w = arg;
    guest_says(w->guest);
    guest_hears(w->guest);
    return h2_client_stream(&w->guest->client, w->id)->closed || w->guest->over;
}

/* Its status and content: "200 ok"; or the code that it was reset with. */
static const char *guest_hears_of(struct guest *g, int32_t id)
{
    static char text[256];
    struct wanted w = {g, id};
    cr_assert(until(g->scene->world.loop, is_over, &w));
    const struct h2_client_stream *s = h2_client_stream(&g->client, id);
    if (s->code)
        snprintf(text, sizeof(text), "code %u", s->code);
    else
        snprintf(text, sizeof(text), "%.3s %s", s->head + strlen(":status: "),
                 s->body ? s->body : "");
    return text;
}

/* ---- what it shows --------------------------------------------------------------------------- */

BEAM_TEST(front_h2, requests_become_visits_that_are_used_again)
{
    static struct scene s;
    static struct owner o;
    struct guest g;
    scene_begin(&s, NULL);
    const struct lease *l = owner_begin(&o, &s);
    guest_begin(&g, &s);
    int32_t one = guest_asks(&g, l), two = guest_asks(&g, l);
    cr_expect_str_eq(guest_hears_of(&g, one), "200 ok");
    cr_expect_str_eq(guest_hears_of(&g, two), "200 ok");
    cr_expect_leq(o.n, 2);
    for (int i = 0; i < 5; i++)
        cr_expect_str_eq(guest_hears_of(&g, guest_asks(&g, l)), "200 ok");
    cr_expect_leq(o.n, 2, "%d", o.n);
    cr_expect_str_eq(guest_hears_of(&g, h2_client_request(&g.client,
                                                          ":method: GET\n:scheme: http\n:path: /\n"
                                                          ":authority: a\n",
                                                          true)),
                     "404 Not Found\n");
    cr_expect_eq(front_visitors(s.front), 1);
    guest_end(&g);
    owner_end(&o);
    scene_end(&s);
}

static bool has_ended(void *arg)
{
    struct visit *v = arg;
    ssize_t n = stream_read(v->stream, &v->in, HEAD_MAX);
    return n < 0 && n != BEAM_EAGAIN;
}

BEAM_TEST(front_h2, visits_that_wait_end_with_their_endpoint)
{
    static struct scene s;
    static struct owner o;
    struct guest g;
    scene_begin(&s, NULL);
    const struct lease *l = owner_begin(&o, &s);
    guest_begin(&g, &s);
    cr_assert_str_eq(guest_hears_of(&g, guest_asks(&g, l)), "200 ok");
    cr_expect_eq(front_visitors_of(s.front, l->id), 1u, "it is kept for the next request");
    cr_expect_eq(front_drop(s.front, (const uint8_t[RESERVATION_ID_SIZE]){0}), 0u);
    cr_expect_eq(front_visitors_of(s.front, l->id), 1u, "another endpoint's end is not its own");
    cr_expect_eq(front_drop(s.front, l->id), 0u, "nobody was at it");
    cr_expect_eq(front_visitors_of(s.front, l->id), 0u);
    cr_assert(until(s.world.loop, has_ended, &o.visit[0]), "its owner sees it go");
    cr_expect_eq(front_visitors(s.front), 1u, "the visitor stays");
    guest_end(&g);
    owner_end(&o);
    scene_end(&s);
}

BEAM_TEST(front_h2, a_used_visit_that_is_lost_is_made_anew)
{
    static struct scene s;
    static struct owner o;
    struct guest g;
    scene_begin(&s, NULL);
    const struct lease *l = owner_begin(&o, &s);
    o.rude = true;
    guest_begin(&g, &s);
    cr_expect_str_eq(guest_hears_of(&g, guest_asks(&g, l)), "200 ok");
    cr_expect_str_eq(guest_hears_of(&g, guest_asks(&g, l)), "200 ok");
    cr_expect_eq(o.n, 2);
    guest_end(&g);
    owner_end(&o);
    scene_end(&s);
}

BEAM_TEST(front_h2, an_endpoint_has_so_many_visits_and_a_front_so_many_visitors)
{
    static struct scene s;
    static struct owner o;
    struct guest g;
    scene_begin(&s, NULL);
    const struct lease *l = owner_begin(&o, &s);
    o.mute = true;
    guest_begin(&g, &s);
    (void)guest_asks(&g, l);
    (void)guest_asks(&g, l);
    int32_t third = guest_asks(&g, l);
    cr_expect_eq(strncmp(guest_hears_of(&g, third), "503 ", 4), 0, "max_streams is 2");
    struct guest h;
    guest_begin(&h, &s);
    int32_t refused = guest_asks(&h, l);
    cr_expect_str_eq(guest_hears_of(&h, refused), "code 7", "max_visitors is 4");
    guest_end(&g);
    guest_end(&h);
    owner_end(&o);
    scene_end(&s);
}

/* What becomes of a request to a relay whose visitors may make it hold so much. */
static const char *asked_within(uint64_t max_memory)
{
    static struct scene s;
    static char heard[64];
    struct guest g;
    scene_begin(&s, NULL);
    scene_relay_down(&s);
    s.max_memory = max_memory;
    scene_relay_up(&s, NULL);
    guest_begin(&g, &s);
    int32_t id = h2_client_request(&g.client,
                                   ":method: GET\n:scheme: http\n:path: /\n:authority: a\n", true);
    snprintf(heard, sizeof(heard), "%s", guest_hears_of(&g, id));
    guest_end(&g);
    scene_end(&s);
    return heard;
}

BEAM_TEST(front_h2, what_requests_make_it_hold_is_bounded)
{
    const uint64_t one = 2 * 16 * 1024 + H2_WINDOW + H2_OUT + 2 * HTTP_TRAILERS_MAX;
    cr_expect_eq(strncmp(asked_within(one), "404 ", 4), 0);
    cr_expect_str_eq(asked_within(one - 1), "code 7", "it may be made again");
}

/* ---- wide windows ---------------------------------------------------------------------------- */

static int32_t window_of(const struct wanted *w)
{
    return nghttp2_session_get_stream_remote_window_size(w->guest->client.session, w->id);
}

static bool is_wide(void *arg)
{
    struct wanted *w = arg;
    guest_says(w->guest);
    guest_hears(w->guest);
    return window_of(w) >= H2_WIDE - UPLOAD;
}

/* Every byte of it was read by its owner, and all that was granted for these has come. */
static bool is_read(void *arg)
{
    struct wanted *w = arg;
    return is_wide(arg) || (h2_client_stream(&w->guest->client, w->id)->out_len == 0 &&
                            window_of(w) >= H2_WINDOW / 2);
}

/* An upload that has not ended, long enough for its window to be wide, if it may. */
static struct wanted guest_uploads(struct guest *g, const struct lease *l)
{
    static const char bytes[UPLOAD];
    char id[RESERVATION_ID_TEXT], fields[256];
    reservation_id_text(l->id, id);
    snprintf(fields, sizeof(fields),
             ":method: POST\n:scheme: http\n:path: /t/%s/x\n:authority: a\n", id);
    struct wanted w = {g, h2_client_request(&g->client, fields, false)};
    h2_client_content(&g->client, w.id, bytes, sizeof(bytes), false);
    cr_assert(until(g->scene->world.loop, is_read, &w));
    return w;
}

static bool nobody_visits(void *arg)
{
    return front_visitors(arg) == 0;
}

BEAM_TEST(front_h2, uploads_have_wide_windows_while_there_is_memory)
{
    struct scene s;
    struct owner o;
    struct guest g;
    scene_begin(&s, NULL);
    scene_relay_down(&s);
    s.max_memory = 3 * (uint64_t)H2_WIDE;
    s.max_body = UPLOAD;
    scene_relay_up(&s, NULL);
    const struct lease *l = owner_begin(&o, &s);
    o.mute = true;
    guest_begin(&g, &s);
    struct wanted first = guest_uploads(&g, l), second = guest_uploads(&g, l);
    cr_expect(is_wide(&first));
    cr_expect(!is_wide(&second), "a quarter of the memory is for others");
    guest_end(&g);
    cr_assert(until(s.world.loop, nobody_visits, s.front));
    guest_begin(&g, &s);
    struct wanted third = guest_uploads(&g, l);
    cr_expect(is_wide(&third), "what the first had was given back");
    guest_end(&g);
    owner_end(&o);
    scene_end(&s);
}
