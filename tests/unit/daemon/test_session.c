/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions over memory streams, with tunnels that do as they are told: the protocol as a client
 * sees it. */
#include "daemon/session.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "control/channel.h"
#include "stream/memory.h"
#include "tests/unit/daemon/fake_tunnel.h"
#include "tests/unit/loop/until.h"
#include "tests/unit/tunnel/folder.h"

enum { HEARD_MAX = 64, WINDOW = 64 * 1024 };

/* The other end. */
struct peer {
    struct session *session;
    struct channel *channel;
    bool ended, closed;
    cJSON *heard[HEARD_MAX]; /* as many as `count` have come; the last of them are kept */
    int count;
};

struct set {
    struct loop *loop;
    struct folder folder;
    struct conf *conf;
    struct tor *tor;
    struct keystore *keys;
    struct tunnel_world tunnels;
    struct session_world world;
    struct publications *publications;
    int changes;
};

static void on_changed(void *arg)
{
    ((struct set *)arg)->changes++;
}

static void begin(struct set *s)
{
    const struct tor_options tor = {.binary = "/nonexistent", .dir = "/nonexistent", .torrc = ""};
    const struct tor_events deaf = {0};
    *s = (struct set){.loop = until_loop_new(), .folder = folder_make()};
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(conf_new(&s->conf), 0);
    cr_assert_eq(tor_new(s->loop, &tor, &deaf, &s->tor), 0);
    cr_assert_eq(keystore_new(s->folder.path, KEYSTORE_OWN, rng_system(), &s->keys), 0);
    s->tunnels = (struct tunnel_world){.loop = s->loop,
                                       .tor = s->tor,
                                       .rng = rng_system(),
                                       .clock = clock_system(),
                                       .keys = s->keys,
                                       .run_dir = s->folder.path};
    const struct publications_spec spec = {
        .world = &s->tunnels, .conf = s->conf, .changed = on_changed, .arg = s};
    cr_assert_eq(publications_new(&spec, &s->publications), 0);
    s->world = (struct session_world){.loop = s->loop,
                                      .clock = clock_system(),
                                      .version = "0.0.1",
                                      .conf = s->conf,
                                      .config = "/the/beam.conf",
                                      .tor = s->tor,
                                      .publications = s->publications,
                                      .keys = s->keys,
                                      .started = 1767323045678};
}

static void end(struct set *s)
{
    publications_free(s->publications);
    tor_free(s->tor);
    conf_free(s->conf);
    loop_free(s->loop);
    keystore_free(s->keys);
    folder_remove(&s->folder);
    cr_expect_eq(fakes_open, 0, "a tunnel is left");
}

/* ---- a peer ---- */

static void on_message(void *arg, const cJSON *message)
{
    struct peer *p = arg;
    cJSON **slot = &p->heard[p->count++ % HEARD_MAX];
    cJSON_Delete(*slot);
    *slot = cJSON_Duplicate(message, true);
}

static void on_closed(void *arg, int err)
{
    struct peer *p = arg;
    (void)err;
    p->closed = true;
}

static void on_ended(void *arg, struct session *session)
{
    struct peer *p = arg;
    session_free(session);
    p->session = NULL;
    p->ended = true;
}

static void connect_peer(struct set *s, struct peer *p)
{
    struct stream *ours, *theirs;
    const struct session_events ev = {.ended = on_ended, .arg = p};
    const struct channel_events cev = {.message = on_message, .closed = on_closed, .arg = p};
    *p = (struct peer){0};
    cr_assert_eq(stream_memory(s->loop, WINDOW, &ours, &theirs), 0);
    int err = channel_new(s->loop, ours, &cev, &p->channel);
    if (err < 0)
        stream_free(theirs);
    cr_assert_eq(err, 0);
    cr_assert_eq(session_new(&s->world, theirs, &ev, &p->session), 0);
}

static void disconnect(struct peer *p)
{
    session_free(p->session);
    channel_free(p->channel);
    for (int i = 0; i < HEARD_MAX; i++)
        cJSON_Delete(p->heard[i]);
    *p = (struct peer){0};
}

static void say(struct peer *p, const char *text)
{
    cJSON *o = cJSON_Parse(text);
    cr_assert_not_null(o, "%s", text);
    cr_assert_eq(channel_send(p->channel, o), 0);
    cJSON_Delete(o);
}

static void turns(struct set *s)
{
    for (int i = 0; i < 12; i++)
        cr_assert_eq(loop_turn(s->loop), 0);
}

/* The n-th thing that it heard, as text without its time. */
static const char *heard(const struct peer *p, int n)
{
    static char text[8192];
    cJSON *copy = n < p->count ? cJSON_Duplicate(p->heard[n % HEARD_MAX], true) : NULL;
    cJSON_DeleteItemFromObject(copy, "time");
    if (!copy || !cJSON_PrintPreallocated(copy, text, sizeof(text), false))
        snprintf(text, sizeof(text), "(nothing)");
    cJSON_Delete(copy);
    return text;
}

#define HEARD(p_, n_, text_) cr_expect_str_eq(heard(p_, n_), text_)

static bool has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

#define PUBLISH(name_, more_)                                                                      \
    "{\"op\":\"publish\",\"id\":1,\"target\":\"3000\",\"name\":\"" name_ "\"" more_ "}"

/* ---- tests ---- */

BEAM_TEST(session, greets_and_answers)
{
    struct set s;
    struct peer p;
    begin(&s);
    connect_peer(&s, &p);
    say(&p, "{\"op\":\"status\",\"id\":2}");
    say(&p, "{\"op\":\"dance\",\"id\":3}");
    say(&p, "{\"op\":\"status\",\"id\":\"x\"}");
    turns(&s);
    cr_expect(has(heard(&p, 0), "{\"beam\":\"0.0.1\",\"protocol\":1,\"pid\":"), "%s", heard(&p, 0));
    cr_expect(has(heard(&p, 1), "{\"reply\":2,\"ok\":true,\"beam\":\"0.0.1\""), "%s", heard(&p, 1));
    cr_expect(
        has(heard(&p, 1), "\"since\":\"2026-01-02T03:04:05.678Z\",\"tor\":{\"state\":\"off\""),
        "%s", heard(&p, 1));
    cr_expect(has(heard(&p, 1), "\"tunnels\":[],\"more\":false}"), "%s", heard(&p, 1));
    cr_expect(has(heard(&p, 2), "{\"reply\":3,\"error\":{\"code\":\"invalid\""), "%s",
              heard(&p, 2));
    cr_expect(has(heard(&p, 3), "{\"reply\":0,\"error\":{\"code\":\"invalid\""), "%s",
              heard(&p, 3));
    cr_expect_eq(p.count, 4);
    disconnect(&p);
    end(&s);
}

BEAM_TEST(session, the_life_of_a_tunnel)
{
    struct set s;
    struct peer p;
    begin(&s);
    connect_peer(&s, &p);
    say(&p, PUBLISH("a", ""));
    turns(&s);
    HEARD(&p, 1, "{\"reply\":1,\"ok\":true,\"tunnel\":1,\"name\":\"a\"}");
    HEARD(&p, 2,
          "{\"event\":\"starting\",\"tunnel\":1,\"name\":\"a\","
          "\"target\":\"127.0.0.1:3000\",\"policy\":\"anonymous\"}");
    cr_assert_eq(fakes_open, 1);
    fake_progress(fakes[0], 45, "tor is not ready: not told"); /* tor tells of itself then */
    publications_tor_progress(s.publications, 45, "Loading");
    fake_up(fakes[0], 6200);
    publications_tor_progress(s.publications, 50, "it is up: not told");
    fake_request(fakes[0], "GET", "/x");
    fake_down(fakes[0], "tor died", 250);
    fake_up(fakes[0], 900);
    fake_warning(fakes[0], "odd");
    say(&p, "{\"op\":\"stop\",\"id\":2,\"tunnel\":1}");
    turns(&s);
    HEARD(&p, 3,
          "{\"event\":\"progress\",\"tunnel\":1,\"path\":\"onion\",\"percent\":45,"
          "\"summary\":\"Loading\"}");
    HEARD(&p, 4,
          "{\"event\":\"path_up\",\"tunnel\":1,\"path\":\"onion\","
          "\"url\":\"http://a.onion\",\"ms\":6200}");
    HEARD(&p, 5, "{\"event\":\"ready\",\"tunnel\":1,\"name\":\"a\",\"urls\":[\"http://a.onion\"]}");
    HEARD(&p, 6,
          "{\"event\":\"request\",\"tunnel\":1,\"id\":1,\"method\":\"GET\",\"target\":\"/x\","
          "\"status\":200,\"ms\":12,\"in\":34,\"out\":56,\"path\":\"onion\"}");
    HEARD(&p, 7,
          "{\"event\":\"path_down\",\"tunnel\":1,\"path\":\"onion\",\"reason\":\"tor died\","
          "\"retry_ms\":250}");
    HEARD(&p, 8,
          "{\"event\":\"path_up\",\"tunnel\":1,\"path\":\"onion\","
          "\"url\":\"http://a.onion\",\"ms\":900}");
    HEARD(&p, 9, "{\"event\":\"warning\",\"tunnel\":1,\"text\":\"odd\"}");
    HEARD(&p, 10, "{\"event\":\"stopped\",\"tunnel\":1}");
    HEARD(&p, 11, "{\"reply\":2,\"ok\":true,\"stopped\":1}");
    cr_expect_eq(p.count, 12);
    cr_expect_eq(fakes_open, 0);
    cr_expect_eq(s.changes, 2);
    disconnect(&p);
    end(&s);
}

BEAM_TEST(session, a_failed_tunnel_says_why_and_goes)
{
    struct set s;
    struct peer p;
    begin(&s);
    connect_peer(&s, &p);
    say(&p, PUBLISH("a", ",\"detach\":true"));
    turns(&s);
    cr_assert_eq(fakes_open, 1);
    fake_failed(fakes[0], BEAM_EPOLICY, "refused");
    turns(&s);
    HEARD(&p, 3, "{\"event\":\"error\",\"tunnel\":1,\"code\":\"policy\",\"text\":\"refused\"}");
    HEARD(&p, 4, "{\"event\":\"stopped\",\"tunnel\":1}");
    cr_expect_eq(fakes_open, 0);
    disconnect(&p);
    end(&s);
}

BEAM_TEST(session, a_tunnel_ends_with_its_connection_unless_detached)
{
    struct set s;
    struct peer p, q;
    begin(&s);
    connect_peer(&s, &p);
    say(&p, PUBLISH("a", ""));
    say(&p, PUBLISH("b", ",\"detach\":true"));
    turns(&s);
    cr_assert_eq(fakes_open, 2);
    channel_free(p.channel); /* hangs up */
    p.channel = NULL;
    turns(&s);
    cr_expect(p.ended);
    cr_assert_eq(fakes_open, 1);
    cr_expect_str_eq(tunnel_name(fakes[0]), "b");
    fake_up(fakes[0], 1); /* unheard */
    fake_request(fakes[0], "GET", "/");

    connect_peer(&s, &q);
    say(&q, "{\"op\":\"status\",\"id\":1}");
    say(&q, "{\"op\":\"stop\",\"id\":2,\"tunnel\":\"b\"}");
    turns(&s);
    cr_expect(
        has(heard(&q, 1), "\"id\":2,\"name\":\"b\"") && has(heard(&q, 1), "\"detached\":true") &&
            has(heard(&q, 1), "{\"path\":\"onion\",\"state\":\"up\",\"url\":\"http://b.onion\"}"),
        "%s", heard(&q, 1));
    HEARD(&q, 2, "{\"reply\":2,\"ok\":true,\"stopped\":1}");
    disconnect(&p);
    disconnect(&q);
    end(&s);
}

BEAM_TEST(session, stop_by_name_by_id_and_all)
{
    struct set s;
    struct peer p;
    begin(&s);
    connect_peer(&s, &p);
    say(&p, PUBLISH("a", "")); /* 1 */
    say(&p, PUBLISH("b", "")); /* 2 */
    say(&p, PUBLISH("1", "")); /* 3, whose name is the id of another */
    say(&p, PUBLISH("c", "")); /* 4 */
    turns(&s);
    cr_assert_eq(fakes_open, 4);
    int heard_before = p.count;
    say(&p, "{\"op\":\"stop\",\"id\":2,\"tunnel\":\"1\"}"); /* a name goes first */
    say(&p, "{\"op\":\"stop\",\"id\":3,\"tunnel\":\"1\"}"); /* now it is an id */
    say(&p, "{\"op\":\"stop\",\"id\":4,\"tunnel\":\"1\"}"); /* and now nothing */
    say(&p, "{\"op\":\"stop\",\"id\":5,\"tunnel\":99}");
    say(&p, "{\"op\":\"stop\",\"id\":6,\"all\":true}");
    say(&p, "{\"op\":\"stop\",\"id\":7,\"all\":true}");
    turns(&s);
    HEARD(&p, heard_before, "{\"event\":\"stopped\",\"tunnel\":3}");
    HEARD(&p, heard_before + 2, "{\"event\":\"stopped\",\"tunnel\":1}");
    cr_expect(has(heard(&p, heard_before + 4), "{\"reply\":4,\"error\":{\"code\":\"notfound\""));
    cr_expect(has(heard(&p, heard_before + 5), "{\"reply\":5,\"error\":{\"code\":\"notfound\""));
    HEARD(&p, heard_before + 8, "{\"reply\":6,\"ok\":true,\"stopped\":2}");
    HEARD(&p, heard_before + 9, "{\"reply\":7,\"ok\":true,\"stopped\":0}");
    disconnect(&p);
    end(&s);
}

BEAM_TEST(session, what_cannot_be_published_says_why)
{
    struct set s;
    struct peer p;
    begin(&s);
    cr_assert_eq(conf_set(s.conf, "daemon.max_tunnels=1", NULL), 0);
    connect_peer(&s, &p);
    say(&p, "{\"op\":\"publish\",\"id\":1,\"target\":\"65536\"}");
    fakes_err = BEAM_EPOLICY;
    say(&p, PUBLISH("a", ""));
    turns(&s);
    cr_expect(has(heard(&p, 1), "\"code\":\"usage\"") && has(heard(&p, 1), "65536"), "%s",
              heard(&p, 1));
    cr_expect(has(heard(&p, 2), "\"code\":\"policy\",\"text\":\"the tunnel's own words\""), "%s",
              heard(&p, 2));
    say(&p, PUBLISH("a", ""));
    say(&p, PUBLISH("a", ""));
    say(&p, PUBLISH("b", ""));
    turns(&s);
    cr_expect(has(heard(&p, 4), "\"code\":\"exists\"") && has(heard(&p, 4), "beam stop a"), "%s",
              heard(&p, 4));
    cr_expect(has(heard(&p, 5), "\"code\":\"limit\"") && has(heard(&p, 5), "daemon.max_tunnels"),
              "%s", heard(&p, 5));
    cr_expect_eq(fakes_open, 1);
    disconnect(&p);
    end(&s);
}

BEAM_TEST(session, options_are_held_against_the_daemons_own)
{
    struct set s;
    struct peer p;
    begin(&s);
    connect_peer(&s, &p);
    say(&p, "{\"op\":\"status\",\"id\":1,\"config\":\"/the/beam.conf\","
            "\"options\":[\"tunnel.max_streams=1024\"]}");
    say(&p, PUBLISH("a", ",\"options\":[\"tunnel.max_streams=7\"]"));
    say(&p, PUBLISH("a", ",\"options\":[\"tunnel.max=7\"]"));
    say(&p, PUBLISH("a", ",\"config\":\"/another\""));
    turns(&s);
    cr_expect(has(heard(&p, 1), "\"ok\":true"), "%s", heard(&p, 1));
    cr_expect(has(heard(&p, 2), "\"code\":\"exists\"") && has(heard(&p, 2), "1024") &&
                  has(heard(&p, 2), "7"),
              "%s", heard(&p, 2));
    cr_expect(has(heard(&p, 3), "\"code\":\"usage\""), "%s", heard(&p, 3));
    cr_expect(has(heard(&p, 4), "/another") && has(heard(&p, 4), "/the/beam.conf"), "%s",
              heard(&p, 4));
    say(&p, PUBLISH("a", ",\"options\":[\"tor.bridge=192.0.2.7\"]"));
    turns(&s);
    cr_expect(has(heard(&p, 5), "\"code\":\"usage\"") && has(heard(&p, 5), "tor.bridge"), "%s",
              heard(&p, 5));
    cr_expect_eq(fakes_open, 0);
    disconnect(&p);
    end(&s);
}

BEAM_TEST(session, what_tor_warns_of_is_told_to_those_whom_it_concerns)
{
    static const struct beam_why blocked = {.code = BEAM_EUNREACH, .text = "blocked"};
    static const struct beam_why old = {.code = BEAM_ELIMIT, .text = "old"};
    struct set s;
    struct peer p;
    begin(&s);
    connect_peer(&s, &p);
    say(&p, PUBLISH("a", ""));
    turns(&s);
    publications_tor_warning(s.publications, &blocked);
    fake_up(fakes[0], 6200);
    publications_tor_warning(s.publications, &blocked); /* it is up: not told */
    publications_tor_warning(s.publications, &old);
    turns(&s);
    HEARD(&p, 3, "{\"event\":\"warning\",\"tunnel\":1,\"text\":\"blocked\"}");
    cr_expect(has(heard(&p, 4), "path_up") && has(heard(&p, 5), "ready"));
    HEARD(&p, 6, "{\"event\":\"warning\",\"tunnel\":1,\"text\":\"old\"}");
    cr_expect_eq(p.count, 7);
    disconnect(&p);
    end(&s);
}

BEAM_TEST(session, a_warning_says_that_egress_is_loose)
{
    struct set s;
    struct peer p;
    begin(&s);
    connect_peer(&s, &p);
    say(&p, PUBLISH("a", ",\"egress\":\"any\""));
    turns(&s);
    cr_expect(has(heard(&p, 2), "\"policy\":\"ad hoc\""), "%s", heard(&p, 2));
    cr_expect(has(heard(&p, 3), "\"event\":\"warning\"") && has(heard(&p, 3), "without Tor"), "%s",
              heard(&p, 3));
    disconnect(&p);
    end(&s);
}

BEAM_TEST(session, status_comes_in_pages)
{
    enum { TUNNELS = MESSAGE_PAGE + 2 };
    struct set s;
    struct peer p;
    char text[128];
    begin(&s);
    connect_peer(&s, &p);
    for (int i = 1; i <= TUNNELS; i++) {
        snprintf(text, sizeof(text),
                 "{\"op\":\"publish\",\"id\":1,\"target\":\"1\",\"name\":\"n%d\"}", i);
        say(&p, text);
        turns(&s);
    }
    cr_assert_eq(fakes_open, TUNNELS);
    say(&p, "{\"op\":\"status\",\"id\":2}");
    say(&p, "{\"op\":\"status\",\"id\":3,\"after\":256}");
    say(&p, "{\"op\":\"status\",\"id\":4,\"after\":258}");
    for (int i = 0; i < 10; i++)
        turns(&s);
    const cJSON *page = p.heard[(p.count - 3) % HEARD_MAX];
    const cJSON *tunnels = cJSON_GetObjectItem(page, "tunnels");
    cr_assert_eq(cJSON_GetArraySize(tunnels), MESSAGE_PAGE);
    cr_expect(cJSON_IsTrue(cJSON_GetObjectItem(page, "more")));
    page = p.heard[(p.count - 2) % HEARD_MAX];
    tunnels = cJSON_GetObjectItem(page, "tunnels");
    cr_assert_eq(cJSON_GetArraySize(tunnels), 2);
    cr_expect_eq(cJSON_GetObjectItem(tunnels->child, "id")->valueint, 257);
    cr_expect(cJSON_IsFalse(cJSON_GetObjectItem(page, "more")));
    page = p.heard[(p.count - 1) % HEARD_MAX];
    cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItem(page, "tunnels")), 0);
    disconnect(&p);
    end(&s);
}

BEAM_TEST(session, requests_are_left_out_for_a_peer_that_rests)
{
    struct set s;
    struct peer p;
    char target[2048];
    begin(&s);
    connect_peer(&s, &p);
    say(&p, PUBLISH("a", ""));
    turns(&s);
    cr_assert_eq(fakes_open, 1);
    memset(target, 'x', sizeof(target) - 1);
    target[sizeof(target) - 1] = '\0';
    int before = p.count;
    for (int i = 0; i < 2000; i++) /* 4 MB, and the peer's loop does not turn */
        fake_request(fakes[0], "GET", target);
    fake_warning(fakes[0], "told all the same");
    for (int i = 0; i < 200; i++)
        turns(&s);
    cr_assert_not(p.ended, "it was cut off");
    int told = p.count - before - 1;
    cr_expect(told > 400 && told < 600, "%d were told", told);
    fake_request(fakes[0], "GET", "/again");
    turns(&s);
    char left_out[64];
    snprintf(left_out, sizeof(left_out), "%d requests went untold", 2000 - told);
    cr_expect(has(heard(&p, p.count - 2), left_out), "%s", heard(&p, p.count - 2));
    cr_expect(has(heard(&p, p.count - 1), "/again"), "%s", heard(&p, p.count - 1));
    disconnect(&p);
    end(&s);
}

BEAM_TEST(session, finished_it_says_what_it_has_to_say)
{
    struct set s;
    struct peer p;
    struct beam_why why;
    begin(&s);
    connect_peer(&s, &p);
    say(&p, PUBLISH("a", ""));
    turns(&s);
    beam_why(&why, BEAM_ECLOSED, "the end");
    publications_stop(s.publications, &why);
    cr_assert_not_null(p.session);
    session_finish(p.session);
    turns(&s);
    HEARD(&p, 3, "{\"event\":\"error\",\"tunnel\":1,\"code\":\"closed\",\"text\":\"the end\"}");
    HEARD(&p, 4, "{\"event\":\"stopped\",\"tunnel\":1}");
    cr_expect(p.closed);
    channel_free(p.channel);
    p.channel = NULL;
    cr_expect(until_flag(s.loop, &p.ended));
    disconnect(&p);
    end(&s);
}

BEAM_TEST(session, a_line_that_is_none_ends_it)
{
    struct set s;
    struct peer p;
    struct stream *ours, *theirs;
    struct buf text;
    const struct session_events ev = {.ended = on_ended, .arg = &p};
    begin(&s);
    p = (struct peer){0};
    cr_assert_eq(stream_memory(s.loop, WINDOW, &ours, &theirs), 0);
    cr_assert_eq(session_new(&s.world, theirs, &ev, &p.session), 0);
    buf_init(&text, loop_pool(s.loop), 64);
    cr_assert_eq(buf_addf(&text, "{\"op\":\n"), 0);
    cr_assert_gt(stream_write(ours, &text), 0);
    turns(&s);
    cr_expect(p.ended);
    buf_clear(&text);
    stream_free(ours);
    disconnect(&p);
    end(&s);
}

/* What the daemon says of a store that it was told to lock or to unlock with `key`. */
BEAM_TEST(session, the_key_store_is_locked_and_unlocked)
{
    static const uint8_t key[SEAL_KEY_SIZE] = {0xab};
    struct set s;
    struct peer p;
    struct beam_why why;
    struct seal seal;
    char right[128], wrong[128], hex[TEXT_HEX_SIZE(SEAL_KEY_SIZE)];
    begin(&s);
    text_hex_encode(key, sizeof(key), hex, sizeof(hex));
    snprintf(right, sizeof(right), "{\"op\":\"unlock\",\"id\":7,\"key\":\"%s\"}", hex);
    hex[0] = '0';
    snprintf(wrong, sizeof(wrong), "{\"op\":\"unlock\",\"id\":8,\"key\":\"%s\"}", hex);
    seal_init_passphrase(&seal, rng_system());
    cr_assert_eq(keystore_make(s.keys, &seal, key, &why), 0, "%s", why.text);
    connect_peer(&s, &p);
    say(&p, "{\"op\":\"lock\",\"id\":5}");
    say(&p, "{\"op\":\"publish\",\"id\":6,\"target\":\"3000\"}");
    say(&p, wrong);
    say(&p, right);
    say(&p, "{\"op\":\"status\",\"id\":9}");
    say(&p, "{\"op\":\"publish\",\"id\":10,\"target\":\"3000\"}");
    turns(&s);
    HEARD(&p, 1, "{\"reply\":5,\"ok\":true,\"keys\":\"locked\"}");
    cr_expect(has(heard(&p, 2), "\"code\":\"auth\",\"text\":\"key store: it is locked"), "%s",
              heard(&p, 2));
    HEARD(&p, 3,
          "{\"reply\":8,\"error\":{\"code\":\"auth\",\"text\":\"key store: wrong passphrase, or "
          "the file is damaged\"}}");
    HEARD(&p, 4, "{\"reply\":7,\"ok\":true,\"keys\":\"open\"}");
    cr_expect(has(heard(&p, 5), "\"keys\":\"open\""), "%s", heard(&p, 5));
    cr_expect(has(heard(&p, 6), "{\"reply\":10,\"ok\":true,\"tunnel\":1"), "%s", heard(&p, 6));
    disconnect(&p);
    end(&s);
}
