/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tunnel over a path of the test's own: path_onion is defined here, so that the test brings
 * the path up and down and hands visitors in. Keys, targets and streams are real.
 */
#include "tunnel/tunnel.h"

#include <netinet/in.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "path/onion.h"
#include "stream/memory.h"
#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"
#include "tests/unit/tunnel/folder.h"

enum { LOG_SIZE = 8192, STREAMS = 3 };

/* ---- the path ------------------------------------------------------------------------------- */

struct fake {
    struct path base;
    struct onion_key *key;
    char url[80], dir[128], id[64];
    bool paused;
};

static struct fake *fake; /* the one that was opened */
static int fake_err, freed;

static const char *fake_url(const struct path *p)
{
    return ((const struct fake *)p)->url;
}

static void fake_pause(struct path *p)
{
    ((struct fake *)p)->paused = true;
}

static void fake_resume(struct path *p)
{
    ((struct fake *)p)->paused = false;
}

static void fake_free(struct path *p)
{
    struct fake *f = (struct fake *)p;
    onion_key_free(f->key);
    free(f);
    fake = NULL;
    freed++;
}

int path_onion(const struct path_onion_spec *spec, const struct path_events *events,
               struct path **out, struct beam_why *why)
{
    static const struct path_ops ops = {"onion",    fake_url,    NULL,
                                        fake_pause, fake_resume, fake_free};
    fake = fake_err ? NULL : calloc(1, sizeof(*fake));
    if (!fake) {
        onion_key_free(spec->key);
        return beam_why(why, fake_err ? fake_err : BEAM_ENOMEM, "the path's own words");
    }
    fake->base = (struct path){&ops, *events};
    fake->key = spec->key;
    snprintf(fake->url, sizeof(fake->url), "http://%s.onion", onion_key_address(spec->key));
    snprintf(fake->dir, sizeof(fake->dir), "%s", spec->dir);
    snprintf(fake->id, sizeof(fake->id), "%s", spec->id);
    *out = &fake->base;
    return 0;
}

static void tell_state(enum path_state state, const struct beam_why *why, uint64_t retry_ms)
{
    fake->base.events.state(fake->base.events.arg, &fake->base, state, why, retry_ms);
}

/* ---- a world, an owner and an app ----------------------------------------------------------- */

struct stage {
    struct folder data, run;
    struct keystore *keys;
    uint64_t now;
    struct clock_source clock;
    struct tunnel_world world;
    struct tunnel_spec spec;
    struct tunnel *tunnel;
    struct beam_why why;
    char log[LOG_SIZE];
    bool failed;
    int failed_code;
    int app; /* listening */
};

static uint64_t stage_now(void *arg)
{
    return ((struct stage *)arg)->now;
}

static void note(struct stage *st, const char *what, const char *words, uint64_t number)
{
    size_t at = strlen(st->log);
    snprintf(st->log + at, LOG_SIZE - at, "%s %s %llu\n", what, words, (unsigned long long)number);
}

static void on_progress(void *arg, struct path *p, int percent, const char *summary)
{
    (void)p;
    note(arg, "progress", summary, (uint64_t)percent);
}

static void on_path_up(void *arg, struct path *p, uint64_t ms)
{
    note(arg, "up", path_kind(p), ms);
}

static void on_path_down(void *arg, struct path *p, const struct beam_why *why, uint64_t retry_ms)
{
    (void)p;
    note(arg, "down", why->text, retry_ms);
}

static void on_request(void *arg, const struct tunnel_request *r)
{
    char words[128];
    snprintf(words, sizeof(words), "%s %s %d %llu/%llu %s", r->method, r->target, r->status,
             (unsigned long long)r->in, (unsigned long long)r->out, r->path);
    note(arg, words, "id", r->id);
}

static void on_warning(void *arg, const struct beam_why *why)
{
    note(arg, "warning", why->text, (uint64_t)-why->code);
}

static void on_failed(void *arg, const struct beam_why *why)
{
    struct stage *st = arg;
    note(st, "failed", why->text, 0);
    st->failed = true;
    st->failed_code = why->code;
    tunnel_free(st->tunnel);
    st->tunnel = NULL;
}

static void set_up(struct stage *st)
{
    memset(st, 0, sizeof(*st));
    cr_assert_geq(sodium_init(), 0);
    fake_err = freed = 0;
    st->data = folder_make();
    st->run = folder_make();
    cr_assert_eq(keystore_new(st->data.path, KEYSTORE_OWN, rng_system(), &st->keys), 0);
    st->now = 1000;
    st->clock = (struct clock_source){.monotonic_ms = stage_now, .wall_ms = stage_now, .arg = st};
    st->world = (struct tunnel_world){.loop = until_loop_new(),
                                      .rng = rng_system(),
                                      .clock = &st->clock,
                                      .keys = st->keys,
                                      .run_dir = st->run.path,
                                      .connect_timeout = 5000,
                                      .max_streams = STREAMS};
    st->spec = (struct tunnel_spec){.name = "my-app"};
    cr_assert_eq(policy_ad_hoc(POLICY_ONION, POLICY_EGRESS_TOR, &st->spec.policy), 0);
    st->app = -1;
}

static int open_tunnel(struct stage *st)
{
    const struct tunnel_events events = {.progress = on_progress,
                                         .path_up = on_path_up,
                                         .path_down = on_path_down,
                                         .request = on_request,
                                         .warning = on_warning,
                                         .failed = on_failed,
                                         .arg = st};
    return tunnel_open(&st->world, &st->spec, &events, &st->tunnel, &st->why);
}

static int open_for(struct stage *st, const char *target)
{
    cr_assert_eq(target_parse(target, "/", &st->spec.target, &st->why), 0, "%s", st->why.text);
    return open_tunnel(st);
}

static void turn(struct stage *st, int times)
{
    for (int i = 0; i < times; i++)
        cr_assert_eq(loop_turn(st->world.loop), 0);
}

static void tear_down(struct stage *st)
{
    tunnel_free(st->tunnel);
    turn(st, 3);
    loop_free(st->world.loop);
    if (st->app >= 0)
        close(st->app);
    keystore_free(st->keys);
    folder_remove(&st->data);
    folder_remove(&st->run);
}

/* An app of the test's own on a port that is returned; it listens when told so. */
static uint16_t bind_app(struct stage *st)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    st->app = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    cr_assert_geq(st->app, 0);
    cr_assert_eq(bind(st->app, (struct sockaddr *)&at, sizeof(at)), 0);
    cr_assert_eq(getsockname(st->app, (struct sockaddr *)&at, &len), 0);
    return ntohs(at.sin_port);
}

static void open_for_app(struct stage *st)
{
    char target[32];
    snprintf(target, sizeof(target), "127.0.0.1:%u", bind_app(st));
    cr_assert_eq(open_for(st, target), 0, "%s", st->why.text);
}

static struct stream *visit(struct stage *st)
{
    struct stream *us = NULL, *them = NULL;
    cr_assert_eq(stream_memory(st->world.loop, 64 * 1024, &us, &them), 0);
    fake->base.events.visitor(fake->base.events.arg, &fake->base, them, "");
    return us;
}

static void say(struct stage *st, struct stream *s, const char *text)
{
    struct buf b;
    buf_init(&b, loop_pool(st->world.loop), 1024);
    cr_assert_eq(buf_add(&b, text, strlen(text)), 0);
    cr_assert_eq(stream_write(s, &b), (ssize_t)strlen(text));
    buf_clear(&b);
}

struct open_streams {
    struct stage *stage;
    uint64_t wanted;
};

static bool has_open_streams(void *arg)
{
    struct open_streams *o = arg;
    struct tunnel_figures f;
    tunnel_figures(o->stage->tunnel, &f);
    return f.open_streams == o->wanted;
}

static void wait_for_open(struct stage *st, uint64_t wanted)
{
    struct open_streams o = {st, wanted};
    cr_assert(until(st->world.loop, has_open_streams, &o), "never %llu streams open",
              (unsigned long long)wanted);
}

/* ---- opening -------------------------------------------------------------------------------- */

BEAM_TEST(tunnel, it_says_what_it_is)
{
    struct stage st;
    set_up(&st);
    cr_assert_eq(open_for(&st, "3000"), 0, "%s", st.why.text);
    cr_assert_str_eq(tunnel_name(st.tunnel), "my-app");
    cr_assert_str_eq(tunnel_target(st.tunnel)->text, "127.0.0.1:3000");
    cr_assert_str_eq(tunnel_policy(st.tunnel)->name, st.spec.policy.name);
    cr_assert_eq(tunnel_path_count(st.tunnel), 1);
    cr_assert_eq(tunnel_path(st.tunnel, 0), &fake->base);
    cr_assert_eq(tunnel_path_state(st.tunnel, 0), PATH_WAITING);
    cr_assert_str_eq(st.log, "");
    tear_down(&st);
    cr_assert_eq(freed, 1);
}

BEAM_TEST(tunnel, its_address_lasts_for_its_name_and_target)
{
    struct stage st;
    char first[80];
    set_up(&st);
    cr_assert_eq(open_for(&st, "3000"), 0, "%s", st.why.text);
    snprintf(first, sizeof(first), "%s", fake->url);
    cr_assert_eq(strncmp(fake->id, first + 7, 16), 0);
    cr_assert_eq(strlen(fake->id), 16);
    cr_assert_eq(strncmp(fake->dir, st.run.path, strlen(st.run.path)), 0);
    tunnel_free(st.tunnel);
    cr_assert_eq(open_for(&st, "3000"), 0, "%s", st.why.text);
    cr_assert_str_eq(fake->url, first);
    tunnel_free(st.tunnel);
    st.spec.name = "other";
    cr_assert_eq(open_for(&st, "3000"), 0, "%s", st.why.text);
    cr_assert_str_neq(fake->url, first);
    tunnel_free(st.tunnel);
    st.spec.name = "my-app";
    st.spec.ephemeral = true;
    cr_assert_eq(open_for(&st, "3000"), 0, "%s", st.why.text);
    cr_assert_str_neq(fake->url, first);
    tear_down(&st);
}

/* Refused with words, before anything is made. */
static void is_refused(const char *target, enum policy_egress egress, int err, const char *words)
{
    struct stage st;
    set_up(&st);
    cr_assert_eq(policy_ad_hoc(POLICY_ONION, egress, &st.spec.policy), 0);
    cr_assert_eq(open_for(&st, target), err, "%s", target);
    cr_assert_eq(st.why.code, err);
    cr_assert_not_null(strstr(st.why.text, words), "%s", st.why.text);
    cr_assert_null(st.tunnel);
    cr_assert_null(fake);
    cr_assert_eq(folder_count(&st.data), 0);
    cr_assert_eq(folder_count(&st.run), 0);
    tear_down(&st);
}

BEAM_TEST(tunnel, a_target_that_the_policy_does_not_cover_is_refused)
{
    is_refused("192.168.1.5:80", POLICY_EGRESS_TOR, BEAM_EPOLICY,
               "target 192.168.1.5:80: beyond this machine, which policy ad hoc reaches through "
               "Tor alone (add --egress any");
    is_refused("[2001:db8::1]:80", POLICY_EGRESS_TOR, BEAM_EPOLICY, "--egress any");
    is_refused("203.0.113.9:80", POLICY_EGRESS_LAN, BEAM_EPOLICY, "beyond this network");
}

BEAM_TEST(tunnel, a_target_that_the_policy_covers_is_not_refused)
{
    struct stage st;
    set_up(&st);
    cr_assert_eq(policy_ad_hoc(POLICY_ONION, POLICY_EGRESS_ANY, &st.spec.policy), 0);
    cr_assert_eq(open_for(&st, "203.0.113.9:80"), 0, "%s", st.why.text);
    tear_down(&st);
}

BEAM_TEST(tunnel, a_unix_target_is_a_socket_or_not_there_yet)
{
    struct stage st;
    struct folder f = folder_make();
    char target[128];
    snprintf(target, sizeof(target), "unix:%s", f.path);
    is_refused(target, POLICY_EGRESS_TOR, BEAM_EINVAL, "a folder, not a socket");
    snprintf(target, sizeof(target), "unix:%s/file", f.path);
    cr_assert_eq(file_write(target + 5, 0600, "x", 1), 0);
    is_refused(target, POLICY_EGRESS_TOR, BEAM_EINVAL, "a file, not a socket");
    snprintf(target, sizeof(target), "unix:%s/not-yet", f.path);
    set_up(&st);
    cr_assert_eq(open_for(&st, target), 0, "%s", st.why.text);
    tear_down(&st);
    folder_remove(&f);
}

BEAM_TEST(tunnel, what_the_path_says_of_its_failure_is_passed_on)
{
    struct stage st;
    set_up(&st);
    fake_err = BEAM_EEXIST;
    cr_assert_eq(open_for(&st, "3000"), BEAM_EEXIST);
    cr_assert_str_eq(st.why.text, "the path's own words");
    cr_assert_null(st.tunnel);
    tear_down(&st);
}

BEAM_TEST(tunnel, a_loose_folder_of_keys_is_refused)
{
    struct stage st;
    char dir[128];
    set_up(&st);
    snprintf(dir, sizeof(dir), "%s/onions", st.data.path);
    cr_assert_eq(mkdir(dir, 0700), 0);
    cr_assert_eq(chmod(dir, 0777), 0);
    cr_assert_eq(open_for(&st, "3000"), BEAM_EPERM);
    cr_assert_not_null(strstr(st.why.text, dir), "%s", st.why.text);
    tear_down(&st);
}

/* ---- paths ---------------------------------------------------------------------------------- */

BEAM_TEST(tunnel, ups_and_downs_are_told_with_their_times)
{
    struct stage st;
    struct beam_why died = {0}, late = {0};
    set_up(&st);
    beam_why(&died, BEAM_EIO, "tor died");
    beam_why(&late, BEAM_EUNREACH, "no directory");
    cr_assert_eq(open_for(&st, "3000"), 0, "%s", st.why.text);
    struct path *p = &fake->base;
    tell_state(PATH_WAITING, NULL, 0);
    tell_state(PATH_OPENING, NULL, 0);
    p->events.progress(p->events.arg, p, 40, "halfway");
    p->events.warning(p->events.arg, p, &late);
    st.now += 6200;
    tell_state(PATH_UP, NULL, 0);
    cr_assert_eq(tunnel_path_state(st.tunnel, 0), PATH_UP);
    st.now += 60000;
    tell_state(PATH_WAITING, &died, 1500);
    st.now += 2000;
    tell_state(PATH_OPENING, &died, 0);
    tell_state(PATH_UP, NULL, 0);
    cr_assert_str_eq(st.log, "progress halfway 40\n"
                             "warning no directory 14\n"
                             "up onion 6200\n"
                             "down tor died 1500\n"
                             "up onion 2000\n");
    tear_down(&st);
}

BEAM_TEST(tunnel, what_an_onion_did_not_find_is_not_what_was_asked_for)
{
    struct stage st;
    struct beam_why missing = {0};
    set_up(&st);
    beam_why(&missing, BEAM_ENOTFOUND, "no tor");
    cr_assert_eq(open_for(&st, "3000"), 0, "%s", st.why.text);
    tell_state(PATH_FAILED, &missing, 0);
    cr_assert(until_flag(st.world.loop, &st.failed));
    cr_assert_eq(st.failed_code, BEAM_EIO);
    tear_down(&st);
}

BEAM_TEST(tunnel, no_path_left_is_failure_and_may_free_it)
{
    struct stage st;
    struct beam_why refused = {0};
    set_up(&st);
    beam_why(&refused, BEAM_EPERM, "tor refused");
    cr_assert_eq(open_for(&st, "3000"), 0, "%s", st.why.text);
    tell_state(PATH_FAILED, &refused, 0);
    cr_assert_str_eq(st.log, "", "it failed within the path's call");
    cr_assert(until_flag(st.world.loop, &st.failed));
    cr_assert_str_eq(st.log, "failed tor refused 0\n");
    cr_assert_eq(freed, 1);
    tear_down(&st);
}

/* ---- visitors ------------------------------------------------------------------------------- */

BEAM_TEST(tunnel, at_the_most_streams_visitors_wait)
{
    struct stage st;
    struct stream *us[STREAMS + 1];
    struct tunnel_figures f;
    set_up(&st);
    open_for_app(&st);
    cr_assert_eq(listen(st.app, 8), 0);
    for (int i = 0; i < STREAMS; i++) {
        cr_assert_not(fake->paused);
        us[i] = visit(&st);
    }
    cr_assert(fake->paused);
    /* One that the path had in hand when it was paused. */
    us[STREAMS] = visit(&st);
    tunnel_figures(st.tunnel, &f);
    cr_assert_eq(f.open_streams, STREAMS);
    cr_assert_eq(f.connections, STREAMS);
    stream_free(us[STREAMS]);

    stream_reset(us[0]);
    wait_for_open(&st, STREAMS - 1);
    cr_assert_not(fake->paused);
    us[STREAMS] = visit(&st);
    cr_assert(fake->paused);
    for (int i = 0; i <= STREAMS; i++)
        stream_free(us[i]);
    tear_down(&st);
}

BEAM_TEST(tunnel, a_path_may_have_its_visitors_hung_up_on)
{
    struct stage st;
    struct buf b;
    struct tunnel_figures f;
    set_up(&st);
    open_for_app(&st);
    struct stream *us = visit(&st);
    fake->base.events.evict(fake->base.events.arg, &fake->base);
    tunnel_figures(st.tunnel, &f);
    cr_expect_eq(f.open_streams, 0);
    cr_expect_eq(f.connections, 1);
    buf_init(&b, loop_pool(st.world.loop), 1024);
    cr_expect_neq(stream_read(us, &b, 1024), BEAM_EAGAIN);
    stream_free(us);
    tear_down(&st);
}

BEAM_TEST(tunnel, freed_it_resets_its_visitors_and_tells_nothing_more)
{
    for (int turns = 0; turns < 8; turns++) {
        struct stage st;
        struct buf b;
        struct stream *us[2];
        set_up(&st);
        open_for_app(&st);
        if (turns % 2)
            cr_assert_eq(listen(st.app, 8), 0);
        for (int i = 0; i < 2; i++) {
            us[i] = visit(&st);
            say(&st, us[i], "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc");
        }
        turn(&st, turns);
        st.log[0] = '\0';
        tunnel_free(st.tunnel);
        st.tunnel = NULL;
        turn(&st, 5);
        cr_assert_str_eq(st.log, "");
        for (int i = 0; i < 2; i++) {
            ssize_t n;
            buf_init(&b, loop_pool(st.world.loop), 1024);
            while ((n = stream_read(us[i], &b, 1024)) > 0)
                buf_clear(&b);
            cr_assert_neq(n, BEAM_EAGAIN);
            stream_free(us[i]);
        }
        tear_down(&st);
    }
    tunnel_free(NULL);
}
