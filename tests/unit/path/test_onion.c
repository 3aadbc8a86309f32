/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The path over a stand-in for tor's half: onion_publish and onion_withdraw
 * are defined here, so that the test plays tor. Listener, sockets, key and
 * folder are real.
 */
#include "path/onion.h"

#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "policy/permit.h"
#include "stream/socket.h"
#include "tests/unit/harness.h"

/* ---- tor, played ---------------------------------------------------------------------------- */

struct onion {
    struct onion_spec spec;
    struct onion_events events;
};

static struct onion played; /* the last that was published */
static bool ours;           /* whether it is */
static int publish_err, withdrawn;

int onion_publish(struct tor *t, const struct onion_spec *spec, const struct onion_events *events,
                  struct onion **out)
{
    (void)t;
    if (publish_err)
        return publish_err;
    played = (struct onion){*spec, *events};
    *out = &played;
    return 0;
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

static void on_visitor(void *arg, struct path *p, struct stream *s)
{
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
};

static void set_up(struct stage *st)
{
    memset(st, 0, sizeof(*st));
    publish_err = withdrawn = 0;
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
    const struct path_onion_spec spec = {.loop = st->loop, .key = st->key, .dir = dir, .id = "17"};
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
