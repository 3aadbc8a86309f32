/* SPDX-License-Identifier: BSD-3-Clause */
/* What only a real tor can prove, offline: it is told not to use the network. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "base/file.h"
#include "base/text.h"
#include "tests/unit/harness.h"
#include "tests/unit/tor/kit.h"
#include "tor/link.h"
#include "tor/onion.h"
#include "tor/spawn.h"

struct bed {
    struct loop *loop;
    char *dir, *tor_dir, *torrc;
    struct ear ear;
};

/* A real tor with `lines` in its included torrc. */
static void bed_open(struct bed *b, const char *binary, const char *lines)
{
    kit_init();
    cr_assert_eq(loop_new(&b->loop), 0);
    b->dir = kit_dir();
    b->tor_dir = file_join(b->dir, "a tor");
    cr_assert_not_null(b->tor_dir);
    b->torrc = kit_file(b->dir, "in clude", 0600, lines);
    ear_open(&b->ear, b->loop, binary, b->tor_dir, b->torrc);
}

static void bed_free(struct bed *b)
{
    loop_free(b->loop);
    free(b->tor_dir);
    free(b->torrc);
    kit_remove(b->dir);
}

static void bed_close(struct bed *b)
{
    ear_close(&b->ear);
    bed_free(b);
}

static const char offline[] = "DisableNetwork 1\n";

static bool exists(const struct bed *b, const char *name, mode_t *mode)
{
    struct stat st;
    char *path = file_join(b->tor_dir, name);
    cr_assert_not_null(path);
    int err = stat(path, &st);
    free(path);
    if (err == 0 && mode)
        *mode = st.st_mode & 07777;
    return err == 0;
}

BEAM_TEST(real, starts_is_ours_and_stops)
{
    struct bed b;
    mode_t mode = 0;
    bed_open(&b, "tor", offline);
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_BOOTSTRAPPING), "%s", b.ear.why.text);
    cr_assert(protocol_version_ok(tor_version(b.ear.tor)), "%s", tor_version(b.ear.tor));
    cr_assert(exists(&b, "control.sock", &mode));
    cr_assert_eq(mode, 0600);
    cr_assert(exists(&b, "control.cookie", &mode));
    cr_assert_eq(mode, 0600);
    cr_assert(exists(&b, "torrc", &mode));
    cr_assert_eq(mode, 0600);
    cr_assert(exists(&b, "data", &mode));
    cr_assert_eq(mode, 0700);
    pid_t pid = tor_pid(b.ear.tor);
    ear_close(&b.ear);
    cr_assert_lt(kill(pid, 0), 0);
    cr_assert_not(exists(&b, "control.sock", NULL));
    cr_assert_not(exists(&b, "socks.sock", NULL));
    cr_assert_not(exists(&b, "control.cookie", NULL));
    bed_free(&b);
}

BEAM_TEST(real, killed_and_back)
{
    struct bed b;
    bed_open(&b, "tor", offline);
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_BOOTSTRAPPING));
    kill(tor_pid(b.ear.tor), SIGKILL);
    cr_assert(ear_until(&b.ear, TOR_RESTING));
    cr_assert_eq(b.ear.retry_ms, 250);
    cr_assert(ear_until(&b.ear, TOR_BOOTSTRAPPING));
    bed_close(&b);
}

/* Starts with these; what it failed with. */
static void fails(const char *binary, const char *lines, int code, const char *words)
{
    struct bed b;
    bed_open(&b, binary, lines);
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_FAILED));
    cr_assert_eq(b.ear.why.code, code, "%s", b.ear.why.text);
    cr_assert_not_null(strstr(b.ear.why.text, words), "%s", b.ear.why.text);
    cr_assert_eq(b.ear.heard[TOR_BOOTSTRAPPING], 0);
    cr_assert_eq(tor_pid(b.ear.tor), 0);
    bed_close(&b);
}

BEAM_TEST(real, a_bad_option_is_shown)
{
    fails("tor", "DisableNetwork 1\nNoSuchOption 1\n", BEAM_EIO, "NoSuchOption");
}

BEAM_TEST(real, a_torrc_that_asks_for_single_hops)
{
    fails("tor",
          "DisableNetwork 1\nHiddenServiceSingleHopMode 1\nHiddenServiceNonAnonymousMode 1\n",
          BEAM_EPOLICY, "not anonymous");
}

BEAM_TEST(real, no_such_program)
{
    fails("/nonexistent/tor", offline, BEAM_ENOTFOUND, "/nonexistent/tor");
}

BEAM_TEST(real, a_program_that_is_none)
{
    fails("/etc/passwd", offline, BEAM_EPERM, "/etc/passwd");
}

BEAM_TEST(real, no_such_include)
{
    struct bed b;
    bed_open(&b, "tor", offline);
    cr_assert_eq(file_remove(b.torrc), 0);
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_FAILED));
    cr_assert_eq(b.ear.why.code, BEAM_ENOTFOUND);
    cr_assert_not_null(strstr(b.ear.why.text, b.torrc), "%s", b.ear.why.text);
    bed_close(&b);
}

/* A tor that really runs without anonymity: a wrapper overrules our torrc. */
BEAM_TEST(real, a_tor_that_is_not_anonymous)
{
    static const char wrapper[] = "#!/bin/sh\n"
                                  "exec tor \"$@\" SocksPort 0 HiddenServiceSingleHopMode 1 "
                                  "HiddenServiceNonAnonymousMode 1\n";
    kit_init();
    char *dir = kit_dir(), *path = kit_file(dir, "wrapper", 0700, wrapper);
    fails(path, offline, BEAM_EPOLICY, "HiddenServiceNonAnonymousMode");
    free(path);
    kit_remove(dir);
}

BEAM_TEST(real, a_folder_too_long_for_sockets)
{
    struct loop *l;
    struct ear e;
    char dir[160] = "/tmp/";
    kit_init();
    memset(dir + 5, 'x', 120);
    cr_assert_eq(loop_new(&l), 0);
    ear_open(&e, l, "tor", dir, "");
    tor_start(e.tor);
    cr_assert(ear_until(&e, TOR_FAILED));
    cr_assert_eq(e.why.code, BEAM_ELIMIT);
    cr_assert_not_null(strstr(e.why.text, "too long"));
    ear_close(&e);
    loop_free(l);
}

/* ---- below the state machine ----------------------------------------------------------------- */

struct low {
    struct loop *loop;
    struct permit *permit;
    char *dir, *torrc;
    struct spawn *spawn;
    struct link *link;
    bool ready, ended;
    int err;
    char answer[256];
};

static void on_log(void *arg, const struct logline *l)
{
    struct low *w = arg;
    (void)l;
    if (w->link)
        link_poke(w->link);
}

static void on_ended(void *arg, int status, const struct beam_why *why)
{
    struct low *w = arg;
    (void)status;
    (void)why;
    w->spawn = NULL;
    w->ended = true;
}

static void on_ready(void *arg)
{
    struct low *w = arg;
    w->ready = true;
}

static void on_event(void *arg, const struct control_reply *event)
{
    (void)arg;
    (void)event;
}

static void on_closed(void *arg, int err, const struct beam_why *why)
{
    struct low *w = arg;
    (void)why;
    w->err = err;
    link_free(w->link);
    w->link = NULL;
}

static bool is_ready(void *arg)
{
    const struct low *w = arg;
    return w->ready || w->err < 0 || w->ended;
}

static bool is_ended(void *arg)
{
    const struct low *w = arg;
    return w->ended;
}

static bool is_closed(void *arg)
{
    const struct low *w = arg;
    return w->err < 0;
}

static bool is_answered(void *arg)
{
    const struct low *w = arg;
    return w->answer[0] != '\0';
}

static void low_link(struct low *w)
{
    const struct link_spec spec = {.dir = w->dir, .permit = w->permit, .own = true};
    const struct link_events events = {
        .ready = on_ready, .event = on_event, .closed = on_closed, .arg = w};
    cr_assert_eq(link_open(w->loop, &spec, &events, &w->link), 0);
}

static void low_open(struct low *w)
{
    struct beam_why why;
    kit_init();
    *w = (struct low){.dir = kit_dir()};
    w->torrc = kit_file(w->dir, "include", 0600, offline);
    cr_assert_eq(loop_new(&w->loop), 0);
    cr_assert_eq(permit_new_local(&w->permit), 0);
    const struct spawn_spec spec = {.binary = "tor", .dir = w->dir, .torrc = w->torrc};
    const struct spawn_events events = {.log = on_log, .ended = on_ended, .arg = w};
    cr_assert_eq(spawn_start(w->loop, &spec, &events, &w->spawn, &why), 0, "%s", why.text);
    low_link(w);
}

static void low_close(struct low *w)
{
    link_free(w->link);
    spawn_free(w->spawn);
    permit_free(w->permit);
    loop_free(w->loop);
    free(w->torrc);
    kit_remove(w->dir);
}

BEAM_TEST(real, ends_when_our_connection_does)
{
    struct low w;
    low_open(&w);
    cr_assert(until(w.loop, is_ready, &w));
    cr_assert(w.ready);
    cr_assert(spawn_locked(w.dir));
    link_free(w.link);
    w.link = NULL;
    cr_assert(until(w.loop, is_ended, &w), "TAKEOWNERSHIP ends it");
    cr_assert_not(spawn_locked(w.dir));
    low_close(&w);
}

BEAM_TEST(real, a_cookie_that_is_not_its_own)
{
    struct low w;
    uint8_t zeros[AUTH_COOKIE] = {0};
    low_open(&w);
    cr_assert(until(w.loop, is_ready, &w));
    /* A second connection, with another cookie in the file. */
    struct link *first = w.link;
    char *path = file_join(w.dir, "control.cookie");
    cr_assert_not_null(path);
    cr_assert_eq(file_write(path, 0600, zeros, sizeof(zeros)), 0);
    low_link(&w);
    cr_assert(until(w.loop, is_closed, &w));
    cr_assert_eq(w.err, BEAM_EAUTH);
    cr_assert_not(w.ended, "the first still owns it");
    link_free(first);
    free(path);
    low_close(&w);
}

static void on_answer(void *arg, const struct control_reply *r)
{
    struct low *w = arg;
    snprintf(w->answer, sizeof(w->answer), "%u %s", r->code, r->lines[0].text);
}

static void ask(struct low *w, const char *command)
{
    w->answer[0] = '\0';
    cr_assert_not_null(w->link); /* it may have ended instead of getting ready */
    cr_assert_eq(control_send(link_control(w->link), on_answer, w, "%s", command), 0);
    cr_assert(until(w->loop, is_answered, w));
}

BEAM_TEST(real, computes_the_address_we_do)
{
    struct low w;
    char command[256], want[128];
    low_open(&w);
    cr_assert(until(w.loop, is_ready, &w));
    for (int i = 0; i < 8; i++) {
        struct onion_key *key = NULL;
        cr_assert_eq(onion_key_new(rng_system(), &key), 0);
        char *blob = onion_key_blob(key);
        cr_assert_not_null(blob);
        snprintf(command, sizeof(command), "ADD_ONION %s Flags=DiscardPK Port=80,unix:/run/x",
                 blob);
        snprintf(want, sizeof(want), "250 ServiceID=%s", onion_key_address(key));
        ask(&w, command);
        cr_assert_str_eq(w.answer, want);
        ask(&w, command);
        cr_assert_str_eq(w.answer, "550 Onion address collision");
        snprintf(command, sizeof(command), "DEL_ONION %s", onion_key_address(key));
        ask(&w, command);
        cr_assert_str_eq(w.answer, "250 OK");
        sodium_free(blob);
        onion_key_free(key);
    }
    low_close(&w);
}

/* A tor that somebody left behind holds the data directory for a while. */
BEAM_TEST(real, waits_for_the_tor_before_it)
{
    struct low w;
    struct ear e;
    low_open(&w);
    cr_assert(until(w.loop, is_ready, &w));
    ear_open(&e, w.loop, "tor", w.dir, w.torrc);
    tor_start(e.tor);
    cr_assert(ear_until(&e, TOR_STARTING));
    for (int i = 0; i < 20; i++)
        kit_settle(w.loop);
    cr_assert_eq(tor_pid(e.tor), 0, "not started while the other runs");
    link_free(w.link);
    w.link = NULL;
    cr_assert(ear_until(&e, TOR_BOOTSTRAPPING), "%s", e.why.text);
    ear_close(&e);
    low_close(&w);
}
