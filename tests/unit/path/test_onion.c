/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The path over a stand-in for tor's half: onion_publish and onion_withdraw
 * are defined here, so that the test plays tor. Listener, sockets, key and
 * folder are real.
 */
#include "path/onion.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "gate/visitors.h"
#include "policy/permit.h"
#include "stream/socket.h"
#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"

/* ---- tor, played ---------------------------------------------------------------------------- */

struct onion {
    struct onion_spec spec;
    struct onion_events events;
};

static struct onion played; /* the last that was published */
static bool ours;           /* whether it is */
static int publish_err, published, withdrawn, admitted;
static struct onion_clients played_clients; /* the count alone: the keys are the path's */

int onion_publish(struct tor *t, const struct onion_spec *spec, const struct onion_events *events,
                  struct onion **out)
{
    (void)t;
    if (publish_err)
        return publish_err;
    published++;
    played_clients = spec->clients;
    played = (struct onion){*spec, *events};
    *out = &played;
    return 0;
}

int onion_admit(struct onion *o, const struct onion_clients *clients)
{
    (void)o;
    admitted++;
    played_clients = *clients;
    return 0;
}

void onion_doubt(struct onion *o)
{
    cr_assert_eq(o, &played);
}

void onion_withdraw(struct onion *o)
{
    if (o)
        withdrawn++;
}

bool tor_is_ours(const struct tor *t)
{
    (void)t;
    return ours;
}

/* ---- an owner that remembers ---------------------------------------------------------------- */

struct owner {
    char log[1024];
    struct stream *visitor;
    int visitors;
};

static void note(struct owner *o, const char *what, const char *why, uint64_t number)
{
    size_t at = strlen(o->log);
    snprintf(o->log + at, sizeof(o->log) - at, "%s %s %llu\n", what, why,
             (unsigned long long)number);
}

static void on_state(void *arg, struct path *p, enum path_state state, const struct beam_why *why,
                     uint64_t retry_ms)
{
    (void)p;
    note(arg, path_state_name(state), why ? why->text : "-", retry_ms);
}

static void on_progress(void *arg, struct path *p, int percent, const char *summary)
{
    (void)p;
    note(arg, "progress", summary, (uint64_t)percent);
}

static void on_warning(void *arg, struct path *p, const struct beam_why *why)
{
    (void)p;
    note(arg, "warning", why->text, 0);
}

static void on_visitor(void *arg, struct path *p, struct stream *s, const char *circuit)
{
    (void)circuit;
    struct owner *o = arg;
    (void)p;
    o->visitors++;
    stream_free(o->visitor);
    o->visitor = s;
}

struct stage {
    struct loop *loop;
    struct onion_key *key;
    char dir[64], address[ONION_ADDRESS_SIZE];
    struct owner owner;
    struct path *path;
    struct beam_why why;
    char *client_auth, *services;
};

static void set_up(struct stage *st)
{
    memset(st, 0, sizeof(*st));
    publish_err = published = withdrawn = admitted = 0;
    ours = true;
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(loop_new(&st->loop), 0);
    cr_assert_eq(onion_key_new(rng_system(), &st->key), 0);
    snprintf(st->address, sizeof(st->address), "%s", onion_key_address(st->key));
    snprintf(st->dir, sizeof(st->dir), "/tmp/beam-unit-XXXXXX");
    cr_assert_not_null(mkdtemp(st->dir));
}

static int bring_up(struct stage *st, const char *folder)
{
    char *dir = file_join(st->dir, folder);
    cr_assert_not_null(dir);
    const struct path_onion_spec spec = {.loop = st->loop,
                                         .key = st->key,
                                         .dir = dir,
                                         .id = "17",
                                         .client_auth = st->client_auth,
                                         .services = st->services};
    const struct path_events events = {.state = on_state,
                                       .progress = on_progress,
                                       .warning = on_warning,
                                       .visitor = on_visitor,
                                       .arg = &st->owner};
    int err = path_onion(&spec, &events, &st->path, &st->why);
    free(dir);
    return err;
}

static void tear_down(struct stage *st)
{
    stream_free(st->owner.visitor);
    path_free(st->path);
    loop_free(st->loop);
    cr_assert_eq(file_remove_tree(st->dir), 0);
    free(st->client_auth);
    free(st->services);
}

static void settle(struct stage *st)
{
    for (int i = 0; i < 20; i++)
        cr_assert_eq(loop_turn(st->loop), 0);
}

/* As tor does: connects to the socket that it was given. */
static int connect_as_tor(void)
{
    const struct addr *at = &played.spec.target;
    int fd = socket(at->ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(fd, 0);
    cr_assert_eq(connect(fd, (const struct sockaddr *)&at->ss, at->len), 0);
    return fd;
}

/* ---- tests ---------------------------------------------------------------------------------- */

BEAM_TEST(path_onion, its_url_is_the_keys_address_on_port_80)
{
    struct stage st;
    char url[128];
    set_up(&st);
    cr_assert_eq(bring_up(&st, "onion"), 0, "%s", st.why.text);
    snprintf(url, sizeof(url), "http://%s.onion", st.address);
    cr_assert_str_eq(path_url(st.path), url);
    cr_assert_str_eq(path_kind(st.path), "onion");
    cr_assert_eq(played.spec.port, 80);
    cr_assert_str_eq(onion_key_address(played.spec.key), st.address);
    tear_down(&st);
    cr_assert_eq(withdrawn, 1);
}

BEAM_TEST(path_onion, its_socket_is_ours_alone_and_goes_with_it)
{
    struct stage st;
    struct stat at;
    char dir[128];
    set_up(&st);
    cr_assert_eq(bring_up(&st, "onion"), 0, "%s", st.why.text);
    snprintf(dir, sizeof(dir), "%s/onion", st.dir);
    cr_assert_eq(stat(dir, &at), 0);
    cr_assert_eq(at.st_mode & 07777, 0700);
    cr_assert_eq(stat(addr_path(&played.spec.target), &at), 0);
    cr_assert(S_ISSOCK(at.st_mode));
    cr_assert_eq(at.st_mode & 07777, 0600);
    path_free(st.path);
    st.path = NULL;
    cr_assert_lt(stat(dir, &at), 0, "the folder stayed");
    tear_down(&st);
}

BEAM_TEST(path_onion, states_and_warnings_are_handed_on)
{
    struct stage st;
    struct beam_why died = {0}, directories = {0};
    set_up(&st);
    beam_why(&died, BEAM_EIO, "tor died");
    beam_why(&directories, BEAM_EUNREACH, "no directory");
    cr_assert_eq(bring_up(&st, "onion"), 0, "%s", st.why.text);
    settle(&st);
    cr_assert_str_eq(st.owner.log, "");
    played.events.state(played.events.arg, ONION_WAITING, NULL, 0);
    played.events.state(played.events.arg, ONION_PUBLISHING, NULL, 0);
    played.events.warning(played.events.arg, &directories);
    played.events.state(played.events.arg, ONION_UP, NULL, 0);
    played.events.state(played.events.arg, ONION_WAITING, &died, 1500);
    played.events.state(played.events.arg, ONION_FAILED, &died, 0);
    cr_assert_str_eq(st.owner.log, "waiting - 0\n"
                                   "progress publishing the onion service 100\n"
                                   "opening - 0\n"
                                   "warning no directory 0\n"
                                   "up - 0\n"
                                   "waiting tor died 1500\n"
                                   "failed tor died 0\n");
    tear_down(&st);
}

BEAM_TEST(path_onion, visitors_come_as_streams_with_their_bytes)
{
    struct stage st;
    struct buf b;
    char got[8] = "";
    set_up(&st);
    cr_assert_eq(bring_up(&st, "onion"), 0, "%s", st.why.text);
    int fd = connect_as_tor();
    cr_assert_eq(write(fd, "hello", 5), 5);
    settle(&st);
    cr_assert_eq(st.owner.visitors, 1);
    buf_init(&b, loop_pool(st.loop), 64);
    cr_assert_eq(stream_read(st.owner.visitor, &b, 64), 5);
    cr_assert_eq(buf_peek(&b, 0, got, 5), 5);
    cr_assert_str_eq(got, "hello");
    buf_clear(&b);
    close(fd);
    tear_down(&st);
}

BEAM_TEST(path_onion, paused_it_lets_visitors_wait)
{
    struct stage st;
    set_up(&st);
    cr_assert_eq(bring_up(&st, "onion"), 0, "%s", st.why.text);
    path_pause(st.path);
    path_pause(st.path);
    int first = connect_as_tor(), second = connect_as_tor();
    settle(&st);
    cr_assert_eq(st.owner.visitors, 0);
    path_resume(st.path);
    settle(&st);
    cr_assert_eq(st.owner.visitors, 2);
    close(first);
    close(second);
    tear_down(&st);
}

BEAM_TEST(path_onion, a_path_too_long_for_a_socket_is_told)
{
    struct stage st;
    char folder[101];
    set_up(&st);
    memset(folder, 'f', 100);
    folder[100] = '\0';
    cr_assert_eq(bring_up(&st, folder), BEAM_ELIMIT);
    cr_assert_not_null(strstr(st.why.text, "too long for a unix socket"), "%s", st.why.text);
    cr_assert_not_null(strstr(st.why.text, "BEAM_HOME"));
    cr_assert_null(st.path);
    tear_down(&st);
}

BEAM_TEST(path_onion, a_loose_folder_is_refused)
{
    struct stage st;
    char dir[128];
    set_up(&st);
    snprintf(dir, sizeof(dir), "%s/onion", st.dir);
    cr_assert_eq(mkdir(dir, 0700), 0);
    cr_assert_eq(chmod(dir, 0750), 0);
    cr_assert_eq(bring_up(&st, "onion"), BEAM_EPERM);
    cr_assert_not_null(strstr(st.why.text, dir), "%s", st.why.text);
    tear_down(&st);
}

BEAM_TEST(path_onion, a_socket_in_use_is_not_taken_away)
{
    struct stage st, other;
    set_up(&st);
    cr_assert_eq(bring_up(&st, "onion"), 0, "%s", st.why.text);
    set_up(&other);
    cr_assert_eq(file_remove_tree(other.dir), 0);
    snprintf(other.dir, sizeof(other.dir), "%s", st.dir);
    cr_assert_eq(bring_up(&other, "onion"), BEAM_EEXIST);
    cr_assert_not_null(strstr(other.why.text, "/onion/17"), "%s", other.why.text);
    settle(&st);
    int before = st.owner.visitors;
    int fd = connect_as_tor();
    settle(&st);
    cr_assert_eq(st.owner.visitors, before + 1);
    close(fd);
    loop_free(other.loop);
    tear_down(&st);
}

static void refused_by_tor(int err, const char *words)
{
    struct stage st;
    struct stat at;
    char dir[128];
    set_up(&st);
    publish_err = err;
    cr_assert_eq(bring_up(&st, "onion"), err);
    cr_assert_not_null(strstr(st.why.text, words), "%s", st.why.text);
    snprintf(dir, sizeof(dir), "%s/onion", st.dir);
    cr_assert_lt(stat(dir, &at), 0, "the folder stayed");
    cr_assert_eq(withdrawn, 0);
    tear_down(&st);
}

BEAM_TEST(path_onion, what_tor_refuses_is_told_and_leaves_nothing)
{
    refused_by_tor(BEAM_EEXIST, "published already");
    refused_by_tor(BEAM_EINVAL, "a space, a quote or a letter beyond ASCII");
    refused_by_tor(BEAM_ENOMEM, "cannot be published");
}

/* ---- those with keys ------------------------------------------------------------------------ */

static void write_visitors(const struct stage *st, const char *const *names, size_t count,
                           const char *revoked)
{
    struct visitors *v;
    struct beam_why why;
    cr_assert_eq(visitors_new(&v), 0);
    for (size_t i = 0; i < count; i++) {
        uint8_t secret[VISITOR_KEY_LEN], key[VISITOR_KEY_LEN];
        visitor_key_make(rng_system(), secret, key);
        cr_assert_eq(visitors_add(v, names[i], key, &why), 0);
    }
    if (revoked)
        cr_assert_eq(visitors_revoke(v, revoked, &why), 0);
    cr_assert_eq(visitors_save(v, st->client_auth, &why), 0, "%s", why.text);
    visitors_free(v);
}

static bool was_admitted(void *arg)
{
    (void)arg;
    return admitted > 0;
}

static bool was_withdrawn(void *arg)
{
    (void)arg;
    return withdrawn > 0;
}

static bool was_published_again(void *arg)
{
    (void)arg;
    return published > 1;
}

BEAM_TEST(path_onion, with_a_file_of_visitors_it_is_for_them_alone)
{
    static const char *const names[] = {"alice", "bob"};
    struct stage st;
    set_up(&st);
    st.client_auth = file_join(st.dir, "visitors");
    cr_assert_not_null(st.client_auth);
    cr_assert_eq(bring_up(&st, "onion"), BEAM_ENOTFOUND);
    cr_assert_eq(published, 0);
    cr_assert_eq(onion_key_new(rng_system(), &st.key), 0);
    write_visitors(&st, names, 1, NULL);
    cr_assert_eq(bring_up(&st, "onion"), 0, "%s", st.why.text);
    cr_assert_eq(played_clients.count, 1);

    write_visitors(&st, names, 2, NULL);
    cr_assert(until(st.loop, was_admitted, NULL));
    cr_assert_eq(played_clients.count, 2);
    cr_assert_eq(withdrawn, 0);

    write_visitors(&st, names, 1, "alice");
    cr_assert(until(st.loop, was_withdrawn, NULL));
    cr_assert_not_null(strstr(st.owner.log, "waiting "), "%s", st.owner.log);
    cr_assert_not_null(strstr(st.owner.log, "lets nobody in"), "%s", st.owner.log);

    write_visitors(&st, names, 2, "alice");
    cr_assert(until(st.loop, was_published_again, NULL));
    cr_assert_eq(played_clients.count, 1);
    tear_down(&st);
}

struct caller {
    const struct stage *st;
    int fd;
};

static bool is_over(void *arg)
{
    const struct caller *c = arg;
    char byte;
    ssize_t n = recv(c->fd, &byte, 1, MSG_DONTWAIT);
    return c->st->owner.visitors > 0 || n == 0 || (n < 0 && errno != EAGAIN);
}

/* Tor has connected, and announces its visitor when nobody may enter any more: one that was waited
 * for by then, or, `later`, one that had not come. */
static void announced_too_late(bool later)
{
    static const char line[] = "PROXY TCP6 fc00:dead:beef:4dad::0:1 ::1 1 80\r\n";
    static const char *const names[] = {"alice"};
    struct stage st;
    struct caller c = {.st = &st};
    set_up(&st);
    st.client_auth = file_join(st.dir, "visitors");
    st.services = file_join(st.dir, "services");
    cr_assert(st.client_auth && st.services);
    write_visitors(&st, names, 1, NULL);
    cr_assert_eq(bring_up(&st, "onion"), 0, "%s", st.why.text);
    if (!later)
        c.fd = connect_as_tor();
    write_visitors(&st, names, 1, "alice");
    cr_assert(until(st.loop, was_withdrawn, NULL));
    if (later)
        c.fd = connect_as_tor();
    (void)send(c.fd, line, sizeof(line) - 1, MSG_NOSIGNAL);
    cr_assert(until(st.loop, is_over, &c));
    cr_expect_eq(st.owner.visitors, 0, "one that was revoked came in");
    close(c.fd);
    tear_down(&st);
}

BEAM_TEST(path_onion, who_is_not_announced_when_nobody_may_enter_does_not_come)
{
    announced_too_late(false);
    announced_too_late(true);
}
