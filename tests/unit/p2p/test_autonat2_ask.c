/* SPDX-License-Identifier: BSD-3-Clause */
/* One who asks, a server that does what a test has it do, and a helper that dials back for it. */
#include "p2p/autonat2_ask.h"

#include <string.h>

#include "p2p/autonat2_message.h"
#include "stream/frame.h"
#include "tests/unit/p2p/world.h"

enum { PATIENCE = 30000, STEPS_MAX = 4 };

struct step {
    enum { END, SAY, CHARGE, BRING, BABBLE, WAIT } what;
    uint32_t status, addr, dialled; /* to say */
    uint64_t number; /* bytes to charge; or what to add to the number that is brought */
};

#define SAYS(s, a, d)                                                                              \
    {                                                                                              \
        .what = SAY, .status = (s), .addr = (a), .dialled = (d)                                    \
    }
#define BRINGS(more)                                                                               \
    {                                                                                              \
        .what = BRING, .number = (more)                                                            \
    }
#define CHARGES(n)                                                                                 \
    {                                                                                              \
        .what = CHARGE, .number = (n)                                                              \
    }

struct scene {
    struct world w;
    struct node *asker, *server, *helper;
    struct autonat2_ask *ask;
    struct multiaddr at, own[2];
    /* The server's. */
    const struct step *plan;
    struct frame *frame, *back;
    uint64_t nonce, charged, paid;
    bool told, ended; /* the helper was, that its number was taken; its plan is done */
    /* What came of it. */
    bool done;
    enum autonat_answer answer;
    struct multiaddr about;
};

static void go_on(struct scene *s);

/* ---- the helper ---- */

static void on_told(void *arg, const uint8_t *data, size_t len)
{
    struct scene *s = arg;
    uint32_t status;
    s->told = autonat2_back_answer_read(data, len, &status) == 0 && status == 0;
    go_on(s);
}

static void on_not_told(void *arg, int err)
{
    (void)err;
    go_on(arg);
}

static void on_helper(void *arg, int err, const struct beam_why *why, struct stream *stream,
                      const char *protocol, const struct host_peer *peer)
{
    struct scene *s = arg;
    const struct frame_events events = {.message = on_told, .ended = on_not_told, .arg = s};
    uint8_t bytes[AUTONAT2_BACK_MAX];
    size_t len;
    (void)protocol;
    (void)peer;
    cr_assert_eq(err, 0, "%s", why ? why->text : "");
    cr_assert_eq(frame_new(s->w.loop, stream, AUTONAT2_BACK_MAX, &events, &s->back), 0);
    cr_assert_eq(autonat2_back_write(s->nonce + s->plan[-1].number, bytes, &len), 0);
    cr_assert_eq(frame_send(s->back, bytes, len), 0);
    frame_allow_empty(s->back);
    frame_read(s->back, PATIENCE);
}

static void bring(struct scene *s)
{
    static const char *const protocols[] = {AUTONAT2_BACK_PROTOCOL};
    const struct connect_spec to = {.addrs = &s->at, .n = 1, .origin = PERMIT_TYPED};
    struct open *o;
    cr_assert_eq(open_start(s->helper->host, &to, protocols, 1, on_helper, s, &o), 0);
}

/* ---- the server ---- */

static void reply(struct scene *s, const struct autonat2_message *m)
{
    uint8_t bytes[AUTONAT2_MESSAGE_MAX];
    size_t len;
    cr_assert_eq(autonat2_message_write(m, bytes, &len), 0);
    (void)frame_send(s->frame, bytes, len); /* the asker may have had enough */
}

static void go_on(struct scene *s)
{
    const struct step *step = s->plan++;
    const struct autonat2_message said = {.kind = AUTONAT2_RESPONSE,
                                          .status = step->status,
                                          .addr = step->addr,
                                          .dialled = step->dialled};
    const struct autonat2_message price = {.kind = AUTONAT2_DATA_REQUEST, .bytes = step->number};
    switch (step->what) {
    case END:
        s->ended = true;
        frame_shut(s->frame);
        break;
    case SAY:
        reply(s, &said);
        go_on(s);
        break;
    case CHARGE:
        s->charged += step->number;
        reply(s, &price);
        break;
    case BRING:
        bring(s);
        break;
    case WAIT:
        break;
    case BABBLE:
        (void)frame_send(s->frame, "babble", 6);
        break;
    }
}

static void on_asked(void *arg, const uint8_t *data, size_t len)
{
    struct scene *s = arg;
    struct autonat2_message m;
    cr_assert_eq(autonat2_message_read(data, len, &m), 0);
    frame_read(s->frame, PATIENCE);
    if (m.kind == AUTONAT2_REQUEST) {
        s->nonce = m.nonce;
        go_on(s);
        return;
    }
    cr_assert_eq(m.kind, AUTONAT2_DATA_RESPONSE);
    s->paid += m.data.len;
    if (s->paid == s->charged)
        go_on(s);
}

static void on_left(void *arg, int err)
{
    (void)arg;
    (void)err;
}

static void on_stream(void *arg, struct stream *stream, const struct host_peer *peer)
{
    struct scene *s = arg;
    const struct frame_events events = {.message = on_asked, .ended = on_left, .arg = s};
    (void)peer;
    frame_free(s->frame);
    s->frame = NULL;
    cr_assert_eq(frame_new(s->w.loop, stream, AUTONAT2_MESSAGE_MAX, &events, &s->frame), 0);
    frame_read(s->frame, PATIENCE);
}

/* ---- all three ---- */

static void on_answer(void *arg, enum autonat_answer answer, const struct multiaddr *at)
{
    struct scene *s = arg;
    s->answer = answer;
    s->about.len = 0;
    if (at)
        s->about = *at;
    s->done = true;
}

static void set_up(struct scene *s)
{
    memset(s, 0, sizeof(*s));
    world_init(&s->w);
    s->asker = world_add(&s->w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    s->server = world_add(&s->w, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    s->helper = world_add(&s->w, HOST_ANONYMOUS, POLICY_EGRESS_ANY, NULL);
    s->at = world_listen(s->asker);
    s->own[0] = *host_addr(s->asker->host, 0);
    s->own[1] = world_addr("/ip4/127.0.0.1/tcp/1");
    struct multiaddr server = world_listen(s->server);
    cr_assert_eq(host_handle(s->server->host, AUTONAT2_REQUEST_PROTOCOL, on_stream, s), 0);
    cr_assert_eq(world_connect(s->asker, NULL, &server, 1, PERMIT_TYPED).err, 0);
    cr_assert_eq(autonat2_ask_new(s->w.loop, s->asker->host, &s->ask), 0);
}

static void tear_down(struct scene *s)
{
    autonat2_ask_free(s->ask);
    frame_free(s->frame);
    frame_free(s->back);
    world_clear(&s->w);
}

static void ask(struct scene *s, const struct step *plan)
{
    s->plan = plan;
    s->done = s->told = false;
    s->charged = s->paid = 0;
    cr_assert_eq(autonat2_ask_start(s->ask, host_id(s->server->host), s->own, 2, on_answer, s), 0);
    cr_expect(autonat2_ask_busy(s->ask));
    cr_assert(until_flag(s->w.loop, &s->done));
    cr_expect(!autonat2_ask_busy(s->ask));
    frame_free(s->back);
    s->back = NULL;
}

/* Whether the number is brought in the course of it. */
static bool brings(const struct step plan[STEPS_MAX])
{
    for (size_t i = 0; i < STEPS_MAX; i++)
        if (plan[i].what == BRING && plan[i].number == 0)
            return true;
    return false;
}

BEAM_TEST(autonat2_ask, what_is_proved_is_believed)
{
    enum { OK = AUTONAT2_OK, DIALLED = AUTONAT2_DIALLED, NOBODY = AUTONAT2_DIAL_ERROR };
    static const struct {
        const char *what;
        struct step plan[STEPS_MAX];
        enum autonat_answer answer;
        size_t about;
        uint64_t paid;
    } cases[] = {
        {"the number came", {BRINGS(0), SAYS(OK, 0, DIALLED)}, AUTONAT_REACHED, 0, 0},
        {"no number came", {SAYS(OK, 0, DIALLED)}, AUTONAT_SILENT, 0, 0},
        {"another did", {BRINGS(1), SAYS(OK, 0, DIALLED)}, AUTONAT_SILENT, 0, 0},
        {"nobody was there", {SAYS(OK, 1, NOBODY)}, AUTONAT_FAILED, 1, 0},
        {"and yet it came", {BRINGS(0), SAYS(OK, 0, NOBODY)}, AUTONAT_SILENT, 0, 0},
        {"it was not taken", {SAYS(OK, 0, AUTONAT2_BACK_ERROR)}, AUTONAT_SILENT, 0, 0},
        {"the other one",
         {SAYS(AUTONAT2_REFUSED, 0, 0), BRINGS(0), SAYS(OK, 1, DIALLED)},
         AUTONAT_REACHED,
         1,
         0},
        {"none of them",
         {SAYS(AUTONAT2_REFUSED, 0, 0), SAYS(AUTONAT2_REFUSED, 1, 0)},
         AUTONAT_SILENT,
         0,
         0},
        {"not now", {SAYS(AUTONAT2_REJECTED, 0, 0)}, AUTONAT_SILENT, 0, 0},
        {"unknown words", {SAYS(777, 0, DIALLED)}, AUTONAT_SILENT, 0, 0},
        {"nobody asked for that", {BRINGS(0), SAYS(OK, 2, DIALLED)}, AUTONAT_SILENT, 0, 0},
        {"a price", {CHARGES(30001), BRINGS(0), SAYS(OK, 0, DIALLED)}, AUTONAT_REACHED, 0, 30001},
        {"one too high", {CHARGES(100 * 1024 + 1)}, AUTONAT_SILENT, 0, 0},
        {"a second one that is", {CHARGES(60000), CHARGES(60000)}, AUTONAT_SILENT, 0, 60000},
        {"for nothing", {CHARGES(0)}, AUTONAT_SILENT, 0, 0},
        {"an end", {{.what = END}}, AUTONAT_SILENT, 0, 0},
        {"no message", {{.what = BABBLE}}, AUTONAT_SILENT, 0, 0},
    };
    struct scene s;
    set_up(&s);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ask(&s, cases[i].plan);
        cr_expect_eq(s.answer, cases[i].answer, "%s", cases[i].what);
        cr_expect_eq(s.paid, cases[i].paid, "%s", cases[i].what);
        if (s.answer == AUTONAT_SILENT)
            cr_expect_eq(s.about.len, 0);
        else
            cr_expect(multiaddr_equal(&s.about, &s.own[cases[i].about]), "%s", cases[i].what);
        cr_expect_eq(s.told, brings(cases[i].plan), "%s", cases[i].what);
    }
    tear_down(&s);
}

static bool is_at_its_end(void *arg)
{
    return ((struct scene *)arg)->ended;
}

static bool is_charged(void *arg)
{
    return ((struct scene *)arg)->charged > 0;
}

/* A number that nobody waits for is not taken. */
BEAM_TEST(autonat2_ask, who_dials_without_a_question_is_turned_away)
{
    static const struct step proves[STEPS_MAX] = {BRINGS(0),
                                                  SAYS(AUTONAT2_OK, 0, AUTONAT2_DIALLED)},
                             plan[STEPS_MAX] = {BRINGS(0)};
    struct scene s;
    set_up(&s);
    ask(&s, proves);
    cr_assert(s.told);
    s.told = s.ended = false;
    s.plan = plan;
    go_on(&s);
    cr_assert(until(s.w.loop, is_at_its_end, &s));
    cr_expect(!s.told);
    tear_down(&s);
}

BEAM_TEST(autonat2_ask, is_of_so_many_addresses_and_has_an_end)
{
    static const struct step plan[STEPS_MAX] = {CHARGES(1), {.what = WAIT}};
    struct scene s;
    struct multiaddr many[AUTONAT2_ASK_ADDRS + 1] = {{.len = 0}};
    set_up(&s);
    const struct peer_id *server = host_id(s.server->host);
    cr_expect_eq(autonat2_ask_start(s.ask, server, many, 0, on_answer, &s), BEAM_ELIMIT);
    cr_expect_eq(autonat2_ask_start(s.ask, server, many, AUTONAT2_ASK_ADDRS + 1, on_answer, &s),
                 BEAM_ELIMIT);
    cr_expect(!autonat2_ask_busy(s.ask));
    /* Nobody who is not connected is asked. */
    cr_assert_eq(autonat2_ask_start(s.ask, host_id(s.helper->host), s.own, 1, on_answer, &s), 0);
    cr_assert(until_flag(s.w.loop, &s.done));
    cr_expect_eq(s.answer, AUTONAT_SILENT);
    /* One that is open when all ends is told to nobody. */
    s.plan = plan;
    s.done = false;
    cr_assert_eq(autonat2_ask_start(s.ask, server, s.own, 1, on_answer, &s), 0);
    cr_assert(until(s.w.loop, is_charged, &s));
    tear_down(&s);
    cr_expect(!s.done);
}
