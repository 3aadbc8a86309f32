/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/socks.h"

#include <string.h>

#include "tests/unit/loop/until.h"
#include "tests/unit/stream/socks_server.h"

static const struct socks_target onion = {
    .host = "name.onion", .port = 80, .user = "alice", .password = "pw"};

/* ---- the pure half -------------------------------------------------------------------------- */

struct talk {
    struct buf_pool *pool;
    struct buf in, out;
    struct socks_state st;
};

static void talk_open(struct talk *t, const struct socks_target *target)
{
    memset(t, 0, sizeof(*t));
    cr_assert_eq(buf_pool_new(4, &t->pool), 0);
    buf_init(&t->in, t->pool, 4096);
    buf_init(&t->out, t->pool, SOCKS_OUT_MAX);
    cr_assert_eq(socks_start(&t->st, target, &t->out), 0);
}

static void talk_close(struct talk *t)
{
    buf_clear(&t->in);
    buf_clear(&t->out);
    buf_pool_free(t->pool);
}

/* What is to be sent now is exactly this. */
static void sends(struct talk *t, const char *bytes, size_t len)
{
    char got[SOCKS_OUT_MAX];
    cr_assert_eq(buf_len(&t->out), len);
    cr_assert_eq(buf_peek(&t->out, 0, got, sizeof(got)), len);
    cr_assert_eq(memcmp(got, bytes, len), 0);
    buf_clear(&t->out);
}

static int hears(struct talk *t, const char *bytes, size_t len)
{
    cr_assert_eq(buf_add(&t->in, bytes, len), 0);
    return socks_input(&t->st, &t->in, &t->out);
}

/* Bytes of a string literal, and how many. */
#define BYTES(text) text, sizeof(text) - 1

static void to_reply(struct talk *t, const struct socks_target *target)
{
    talk_open(t, target);
    buf_clear(&t->out);
    cr_assert_eq(hears(t, BYTES("\x05\x02\x01\x00")), BEAM_EAGAIN);
    cr_assert_eq(buf_len(&t->in), 0u);
    buf_clear(&t->out);
}

BEAM_TEST(socks, says_what_the_standards_say)
{
    struct talk t;
    talk_open(&t, &onion);
    sends(&t, BYTES("\x05\x01\x02"));
    cr_assert_eq(hears(&t, BYTES("\x05\x02")), BEAM_EAGAIN);
    sends(&t, BYTES("\x01\x05"
                    "alice\x02"
                    "pw"));
    cr_assert_eq(hears(&t, BYTES("\x01\x00")), BEAM_EAGAIN);
    sends(&t, BYTES("\x05\x01\x00\x03\x0aname.onion\x00\x50"));
    cr_assert_eq(hears(&t, BYTES("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")), 0);
    cr_assert_eq(buf_len(&t.out), 0u);
    talk_close(&t);
}

BEAM_TEST(socks, literals_go_as_addresses)
{
    struct socks_target target = onion;
    struct talk t;
    target.host = "192.0.2.7";
    target.port = 0x1234;
    talk_open(&t, &target);
    buf_clear(&t.out);
    cr_assert_eq(hears(&t, BYTES("\x05\x02")), BEAM_EAGAIN);
    buf_clear(&t.out);
    cr_assert_eq(hears(&t, BYTES("\x01\x00")), BEAM_EAGAIN);
    sends(&t, BYTES("\x05\x01\x00\x01\xc0\x00\x02\x07\x12\x34"));
    talk_close(&t);
    target.host = "2001:db8::1";
    talk_open(&t, &target);
    buf_clear(&t.out);
    cr_assert_eq(hears(&t, BYTES("\x05\x02")), BEAM_EAGAIN);
    buf_clear(&t.out);
    cr_assert_eq(hears(&t, BYTES("\x01\x00")), BEAM_EAGAIN);
    sends(&t, BYTES("\x05\x01\x00\x04\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
                    "\x01\x12\x34"));
    talk_close(&t);
}

/* Every kind of bound address, in one piece and by single bytes; what follows stays. */
BEAM_TEST(socks, reads_any_reply_and_not_a_byte_more)
{
    static const struct {
        const char *bytes;
        size_t len;
    } replies[] = {
        {BYTES("\x05\x00\x00\x01\x01\x02\x03\x04\x00\x50")},
        {BYTES("\x05\x00\x00\x03\x00\x00\x50")},
        {BYTES("\x05\x00\x00\x03\x03"
               "abc\x00\x50")},
        {BYTES("\x05\x00\x00\x04\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"
               "\x00\x50")},
    };
    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        struct talk t;
        to_reply(&t, &onion);
        cr_assert_eq(buf_add(&t.in, replies[i].bytes, replies[i].len), 0);
        cr_assert_eq(hears(&t, "early", 5), 0);
        cr_assert_eq(buf_len(&t.in), 5u);
        cr_assert_eq(socks_input(&t.st, &t.in, &t.out), 0);
        cr_assert(buf_len(&t.in) == 5 && socks_need(&t.st, &t.in) == 0);
        talk_close(&t);
        to_reply(&t, &onion);
        for (size_t at = 0; at < replies[i].len; at++) {
            size_t need = socks_need(&t.st, &t.in);
            cr_assert(need > 0 && need <= replies[i].len - at);
            cr_assert_eq(hears(&t, replies[i].bytes + at, 1),
                         at + 1 < replies[i].len ? BEAM_EAGAIN : 0);
        }
        talk_close(&t);
    }
}

BEAM_TEST(socks, refuses_what_is_not_socks)
{
    static const struct {
        const char *bytes;
        size_t len;
        int err;
    } cases[] = {
        {BYTES("H"), BEAM_EPROTO},
        {BYTES("\x04"), BEAM_EPROTO},
        {BYTES("\x05\x00"), BEAM_EPROTO}, /* no isolation: not ours */
        {BYTES("\x05\x01"), BEAM_EPROTO},
        {BYTES("\x05\xff"), BEAM_EAUTH},
        {BYTES("\x05\x02\x05"), BEAM_EPROTO},
        {BYTES("\x05\x02\x01\x01"), BEAM_EAUTH},
        {BYTES("\x05\x02\x01\x00\x04"), BEAM_EPROTO},
        {BYTES("\x05\x02\x01\x00\x05\x00\x00\x02\x00"), BEAM_EPROTO},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct talk t;
        talk_open(&t, &onion);
        cr_assert_eq(hears(&t, cases[i].bytes, cases[i].len), cases[i].err, "%zu", i);
        cr_assert_eq(t.st.reply, 0);
        talk_close(&t);
    }
}

BEAM_TEST(socks, replies_have_codes_and_words)
{
    static const struct {
        uint8_t reply;
        int err;
    } known[] = {
        {0x01, BEAM_EUNREACH}, {0x02, BEAM_EUNREACH},  {0x03, BEAM_EUNREACH}, {0x04, BEAM_EUNREACH},
        {0x05, BEAM_EREFUSED}, {0x06, BEAM_ETIMEOUT},  {0x07, BEAM_EPROTO},   {0x08, BEAM_EPROTO},
        {0x09, BEAM_EPROTO},   {0xf0, BEAM_ENOTFOUND}, {0xf1, BEAM_EUNREACH}, {0xf2, BEAM_EUNREACH},
        {0xf3, BEAM_EUNREACH}, {0xf4, BEAM_EAUTH},     {0xf5, BEAM_EAUTH},    {0xf6, BEAM_EUNREACH},
        {0xf7, BEAM_ETIMEOUT}, {0xff, BEAM_EPROTO},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct talk t;
        char reply[] = "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";
        reply[1] = (char)known[i].reply;
        to_reply(&t, &onion);
        cr_assert_eq(hears(&t, reply, 10), known[i].err);
        cr_assert_eq(t.st.reply, known[i].reply);
        cr_assert_neq(t.st.step, 3);
        cr_assert_gt(strlen(socks_reply_text(known[i].reply)), 5u);
        talk_close(&t);
    }
    cr_assert_eq(socks_reply_err(0), 0);
    cr_assert_str_eq(socks_reply_text(0x09), "unknown reply");
}

BEAM_TEST(socks, targets_have_bounds)
{
    static char long_text[257];
    struct buf_pool *pool = NULL;
    struct buf out;
    struct socks_state st;
    cr_assert_eq(buf_pool_new(1, &pool), 0);
    buf_init(&out, pool, SOCKS_OUT_MAX);
    memset(long_text, 'a', 256);
    for (int i = 0; i < 8; i++) {
        struct socks_target t = onion;
        const char *bad = i % 2 ? "" : long_text;
        if (i < 2)
            t.host = bad;
        else if (i < 4)
            t.user = bad;
        else if (i < 6)
            t.password = bad;
        else
            t.port = 0;
        cr_assert_eq(socks_start(&st, &t, &out), BEAM_EINVAL, "%d", i);
    }
    cr_assert_eq(buf_len(&out), 0u);
    buf_pool_free(pool);
    long_text[255] = '\0'; /* the longest of all three */
    struct socks_target longest = {long_text, 1, long_text, long_text};
    struct talk t;
    talk_open(&t, &longest);
    buf_clear(&t.out);
    cr_assert_eq(hears(&t, BYTES("\x05\x02")), BEAM_EAGAIN);
    cr_assert_eq(buf_len(&t.out), 3u + 255 + 255);
    buf_clear(&t.out);
    cr_assert_eq(hears(&t, BYTES("\x01\x00")), BEAM_EAGAIN);
    cr_assert_eq(buf_len(&t.out), 4u + 1 + 255 + 2);
    talk_close(&t);
}

/* ---- the shell ------------------------------------------------------------------------------ */

struct scene {
    struct loop *loop;
    struct permit *permit;
    struct socks_server server;
    struct socks_dial *dial;
    bool came;
    int err;
    uint8_t reply;
    struct stream *stream;
};

static void on_done(void *arg, int err, uint8_t reply, struct stream *s)
{
    struct scene *c = arg;
    cr_assert(!c->came);
    c->came = true;
    c->err = err;
    c->reply = reply;
    c->stream = s;
    c->dial = NULL;
}

static void scene_open(struct scene *c)
{
    struct policy policy;
    memset(c, 0, sizeof(*c));
    c->loop = until_loop_new();
    cr_assert_eq(policy_ad_hoc(POLICY_ONION, POLICY_EGRESS_TOR, &policy), 0);
    cr_assert_eq(permit_new(&policy, &c->permit), 0);
    socks_server_open(&c->server, c->loop);
}

static int scene_dial(struct scene *c, uint64_t timeout_ms)
{
    return stream_socks(c->loop, c->permit, &c->server.at, &onion, timeout_ms, on_done, c,
                        &c->dial);
}

static void scene_close(struct scene *c)
{
    stream_socks_cancel(c->dial);
    stream_free(c->stream);
    stream_free(c->server.stream);
    socks_server_close(&c->server);
    permit_free(c->permit);
    cr_assert_eq(loop_turn(c->loop), 0);
    cr_assert_eq(buf_pool_used(loop_pool(c->loop)), 0u);
    loop_free(c->loop);
}

BEAM_TEST(socks, dials_and_leaves_early_data_alone)
{
    struct scene c;
    struct buf in;
    char got[32] = "";
    scene_open(&c);
    c.server.early = "220 ready\r\n";
    cr_assert_eq(scene_dial(&c, 5000), 0);
    cr_assert(!c.came);
    cr_assert(until_flag(c.loop, &c.came));
    cr_assert(c.err == 0 && c.reply == 0 && c.stream);
    buf_init(&in, loop_pool(c.loop), sizeof(got));
    cr_assert_eq(stream_read(c.stream, &in, sizeof(got)), 11);
    (void)buf_peek(&in, 0, got, sizeof(got) - 1);
    cr_assert_str_eq(got, "220 ready\r\n");
    buf_clear(&in);
    cr_assert_eq(c.server.heard_len, 3u + 10 + 4 + 11 + 2);
    cr_assert_eq(memcmp(c.server.heard,
                        "\x05\x01\x02\x01\x05"
                        "alice\x02pw\x05\x01\x00\x03\x0aname.onion\x00\x50",
                        c.server.heard_len),
                 0);
    scene_close(&c);
}

BEAM_TEST(socks, passes_on_what_tor_says)
{
    struct scene c;
    scene_open(&c);
    c.server.replies[2] = "\x05\xf0\x00\x01\x00\x00\x00\x00\x00\x00";
    c.server.reply_len[2] = 10;
    cr_assert_eq(scene_dial(&c, 5000), 0);
    cr_assert(until_flag(c.loop, &c.came));
    cr_assert(c.err == BEAM_ENOTFOUND && c.reply == 0xf0 && !c.stream);
    scene_close(&c);
}

static bool is_shaking(void *arg)
{
    return ((struct scene *)arg)->server.shaking;
}

BEAM_TEST(socks, an_end_in_the_handshake_is_a_fault)
{
    struct scene c;
    scene_open(&c);
    c.server.mute = true;
    cr_assert_eq(scene_dial(&c, 5000), 0);
    cr_assert(until(c.loop, is_shaking, &c));
    cr_assert_eq(stream_shut(c.server.shaking), 0);
    cr_assert(until_flag(c.loop, &c.came));
    cr_assert(c.err == BEAM_EPROTO && c.reply == 0);
    scene_close(&c);
}

BEAM_TEST(socks, the_deadline_covers_the_handshake)
{
    struct scene c;
    scene_open(&c);
    c.server.mute = true;
    uint64_t start = loop_now(c.loop);
    cr_assert_eq(scene_dial(&c, 50), 0);
    cr_assert(until_flag(c.loop, &c.came));
    cr_assert(c.err == BEAM_ETIMEOUT && loop_now(c.loop) >= start + 50);
    scene_close(&c);
}

BEAM_TEST(socks, can_be_cancelled_at_any_step)
{
    for (int turns = 0; turns < 12; turns++) {
        struct scene c;
        scene_open(&c);
        cr_assert_eq(scene_dial(&c, 5000), 0);
        for (int i = 0; i < turns && !c.came; i++)
            cr_assert_eq(loop_turn(c.loop), 0);
        bool came = c.came;
        stream_socks_cancel(c.dial);
        c.dial = NULL;
        cr_assert_eq(loop_turn(c.loop), 0);
        cr_assert_eq(c.came, came);
        scene_close(&c);
    }
}

BEAM_TEST(socks, asks_for_a_permit_first)
{
    struct scene c;
    struct addr far;
    struct socks_target nameless = onion;
    scene_open(&c);
    permit_free(c.permit);
    c.permit = NULL;
    cr_assert_eq(permit_new_local(&c.permit), 0); /* loopback alone, no Tor */
    cr_assert_eq(scene_dial(&c, 5000), BEAM_EPOLICY);
    permit_free(c.permit);
    c.permit = NULL;
    struct policy policy;
    cr_assert_eq(policy_ad_hoc(POLICY_ONION, POLICY_EGRESS_TOR, &policy), 0);
    cr_assert_eq(permit_new(&policy, &c.permit), 0);
    cr_assert_eq(addr_ip("192.0.2.1", 9, 9050, &far), 0);
    cr_assert_eq(stream_socks(c.loop, c.permit, &far, &onion, 5000, on_done, &c, &c.dial),
                 BEAM_EPOLICY, "a SOCKS port elsewhere is no Tor of ours");
    nameless.host = "";
    cr_assert_eq(
        stream_socks(c.loop, c.permit, &c.server.at, &nameless, 5000, on_done, &c, &c.dial),
        BEAM_EINVAL);
    cr_assert_null(c.dial);
    cr_assert_eq(loop_turn(c.loop), 0);
    cr_assert(!c.came && !c.server.shaking);
    scene_close(&c);
}
