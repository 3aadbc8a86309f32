/* SPDX-License-Identifier: BSD-3-Clause */
/* The state machine, with a tor that is none and does as it is told. */
#include "tor/tor.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/harness.h"
#include "tests/unit/tor/kit.h"
#include "tor/doubt.h"

struct bed {
    struct loop *loop;
    struct fake fake;
    struct ear ear;
};

static void bed_open(struct bed *b, bool (*answer)(struct fake *f, const char *line))
{
    kit_init();
    cr_assert_eq(loop_new(&b->loop), 0);
    fake_open(&b->fake, b->loop);
    b->fake.answer = answer;
    ear_open(&b->ear, b->loop, b->fake.binary, b->fake.tor_dir, "");
}

static void bed_close(struct bed *b)
{
    ear_close(&b->ear);
    fake_close(&b->fake);
    loop_free(b->loop);
}

BEAM_TEST(tor, starts_and_stops)
{
    struct bed b;
    bed_open(&b, NULL);
    cr_assert_eq(tor_state(b.ear.tor), TOR_OFF);
    tor_start(b.ear.tor);
    tor_start(b.ear.tor);
    cr_assert_eq(tor_state(b.ear.tor), TOR_OFF, "nothing happens within the call");
    cr_assert(ear_until(&b.ear, TOR_READY));
    cr_assert_eq(b.ear.heard[TOR_STARTING], 1);
    cr_assert_eq(b.ear.heard[TOR_BOOTSTRAPPING], 1);
    cr_assert_eq(b.ear.percent, 100);
    cr_assert_eq(tor_percent(b.ear.tor), 100);
    cr_assert_str_eq(tor_version(b.ear.tor), "0.4.8.99");
    pid_t pid = tor_pid(b.ear.tor);
    cr_assert_gt(pid, 0);
    cr_assert_eq(fake_asked(&b.fake, "TAKEOWNERSHIP"), 1);
    cr_assert_eq(fake_asked(&b.fake, "SETEVENTS STATUS_CLIENT STATUS_GENERAL HS_DESC SIGNAL"), 1);
    bed_close(&b);
    cr_assert_lt(kill(pid, 0), 0, "it is gone");
}

BEAM_TEST(tor, stopped_before_it_was_started)
{
    struct bed b;
    bed_open(&b, NULL);
    tor_start(b.ear.tor);
    bed_close(&b);
}

static bool is_gone(void *arg)
{
    return kill(*(const pid_t *)arg, 0) < 0;
}

BEAM_TEST(tor, freed_while_it_runs)
{
    struct bed b;
    bed_open(&b, NULL);
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_READY));
    pid_t pid = tor_pid(b.ear.tor);
    tor_free(b.ear.tor);
    cr_assert(is_gone(&pid));
    fake_close(&b.fake);
    loop_free(b.loop);
}

BEAM_TEST(tor, killed_it_rests_and_starts_again)
{
    struct bed b;
    bed_open(&b, NULL);
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_READY));
    uint64_t before = 0;
    for (int i = 0; i < 3; i++) {
        kill(tor_pid(b.ear.tor), SIGKILL);
        cr_assert(ear_until(&b.ear, TOR_RESTING));
        cr_assert_not_null(strstr(b.ear.why.text, "signal 9"), "%s", b.ear.why.text);
        cr_assert_eq(b.ear.retry_ms, before ? 2 * before : 250);
        before = b.ear.retry_ms;
        cr_assert_eq(tor_pid(b.ear.tor), 0);
        cr_assert(ear_until(&b.ear, TOR_READY));
    }
    cr_assert_not_null(strstr(b.ear.why.text, "3 times in a row"));
    cr_assert_eq(b.fake.connections, 4);
    bed_close(&b);
}

static bool get_no_further(struct fake *f, const char *line)
{
    if (strncmp(line, "GETINFO status/bootstrap-phase", 30) != 0)
        return false;
    peer_say(&f->peer, "250-status/bootstrap-phase=NOTICE BOOTSTRAP PROGRESS=14 TAG=handshake "
                       "SUMMARY=\"Handshaking\"\r\n250 OK\r\n");
    return true;
}

/* Once, from the second time on, and again only after it was ready. */
BEAM_TEST(tor, who_waits_is_warned_of_one_that_ends_again_and_again)
{
    struct bed b;
    bed_open(&b, get_no_further);
    tor_start(b.ear.tor);
    for (unsigned i = 1; i <= 3; i++) {
        cr_assert(ear_until(&b.ear, TOR_BOOTSTRAPPING));
        kill(tor_pid(b.ear.tor), SIGKILL);
        cr_assert(ear_until(&b.ear, TOR_RESTING));
        kit_settle(b.loop);
        cr_assert_eq(b.ear.warnings, i >= 2 ? 1 : 0);
        cr_assert_str_eq(tor_trouble(b.ear.tor), b.ear.why.text);
    }
    cr_assert_not_null(strstr(b.ear.warning.text, "signal 9"), "%s", b.ear.warning.text);
    cr_assert_not_null(strstr(b.ear.warning.text, "2 times in a row"), "%s", b.ear.warning.text);
    b.fake.answer = NULL;
    cr_assert(ear_until(&b.ear, TOR_READY));
    cr_assert_str_eq(tor_trouble(b.ear.tor), "");
    kill(tor_pid(b.ear.tor), SIGKILL);
    cr_assert(ear_until(&b.ear, TOR_RESTING));
    kit_settle(b.loop);
    cr_assert_eq(b.ear.warnings, 2);
    bed_close(&b);
}

BEAM_TEST(tor, a_lost_connection_ends_the_process)
{
    struct bed b;
    bed_open(&b, NULL);
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_READY));
    pid_t pid = tor_pid(b.ear.tor);
    fake_hang_up(&b.fake);
    cr_assert(ear_until(&b.ear, TOR_RESTING));
    cr_assert(is_gone(&pid));
    cr_assert(ear_until(&b.ear, TOR_READY));
    bed_close(&b);
}

BEAM_TEST(tor, garbage_on_the_control_port_ends_the_process)
{
    struct bed b;
    bed_open(&b, NULL);
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_READY));
    peer_say(&b.fake.peer, "so long\r\n");
    cr_assert(ear_until(&b.ear, TOR_RESTING));
    cr_assert(ear_until(&b.ear, TOR_READY));
    bed_close(&b);
}

static bool not_anonymous(struct fake *f, const char *line)
{
    if (strncmp(line, "GETCONF ", 8) != 0)
        return false;
    peer_say(&f->peer,
             "250-HiddenServiceNonAnonymousMode=1\r\n250 HiddenServiceSingleHopMode=1\r\n");
    return true;
}

static bool anonymity_unknown(struct fake *f, const char *line)
{
    if (strncmp(line, "GETCONF ", 8) != 0)
        return false;
    peer_say(&f->peer, "250-HiddenServiceNonAnonymousMode=0\r\n250 HiddenServiceSingleHopMode\r\n");
    return true;
}

static void refused_for_good(bool (*answer)(struct fake *f, const char *line), int code)
{
    struct bed b;
    bed_open(&b, answer);
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_FAILED));
    cr_assert_eq(b.ear.heard[TOR_BOOTSTRAPPING], 0);
    cr_assert_eq(b.ear.why.code, code, "%s", b.ear.why.text);
    cr_assert_eq(tor_pid(b.ear.tor), 0, "it was killed");
    bed_close(&b);
}

BEAM_TEST(tor, one_that_is_not_anonymous_is_refused)
{
    refused_for_good(not_anonymous, BEAM_EPOLICY);
}

BEAM_TEST(tor, one_that_does_not_say_is_refused)
{
    refused_for_good(anonymity_unknown, BEAM_EPOLICY);
}

static bool no_proof(struct fake *f, const char *line)
{
    if (strncmp(line, "AUTHENTICATE ", 13) != 0)
        return false;
    peer_say(&f->peer, "515 Authentication failed\r\n");
    return true;
}

BEAM_TEST(tor, one_that_does_not_believe_us)
{
    refused_for_good(no_proof, BEAM_EAUTH);
}

static bool no_ownership(struct fake *f, const char *line)
{
    if (strcmp(line, "TAKEOWNERSHIP") != 0)
        return false;
    peer_say(&f->peer, "510 Unrecognized command\r\n");
    return true;
}

BEAM_TEST(tor, one_that_cannot_be_owned)
{
    refused_for_good(no_ownership, BEAM_EPROTO);
}

static bool old_at_first(struct fake *f, const char *line)
{
    if (strcmp(line, "PROTOCOLINFO 1") != 0 || f->connections > 1)
        return false;
    peer_say(&f->peer, "250-VERSION Tor=\"0.4.5.6\"\r\n250 OK\r\n");
    return true;
}

BEAM_TEST(tor, from_failed_it_can_be_started_anew)
{
    struct bed b;
    bed_open(&b, old_at_first);
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_FAILED));
    cr_assert_eq(b.ear.why.code, BEAM_EINVAL);
    cr_assert_not_null(strstr(b.ear.why.text, "0.4.5.6"));
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_READY));
    bed_close(&b);
}

static bool slowly(struct fake *f, const char *line)
{
    if (strncmp(line, "GETINFO ", 8) != 0)
        return false;
    peer_say(&f->peer, "250-status/bootstrap-phase=NOTICE BOOTSTRAP PROGRESS=5 TAG=conn "
                       "SUMMARY=\"Connecting\"\r\n250 OK\r\n");
    return true;
}

static bool at_five(void *arg)
{
    const struct ear *e = arg;
    return e->percent == 5;
}

static bool warned(void *arg)
{
    const struct ear *e = arg;
    return e->warnings > 0;
}

BEAM_TEST(tor, bootstrap_is_told_as_it_goes)
{
    struct bed b;
    bed_open(&b, slowly);
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_BOOTSTRAPPING));
    cr_assert(until(b.loop, at_five, &b.ear));
    peer_say(&b.fake.peer, "650 STATUS_GENERAL WARN CLOCK_SKEW SKEW=7200 SOURCE=CONSENSUS\r\n");
    cr_assert(until(b.loop, warned, &b.ear));
    cr_assert_not_null(strstr(b.ear.warning.text, "2 h 0 min ahead"));
    cr_assert_eq(tor_state(b.ear.tor), TOR_BOOTSTRAPPING);
    peer_say(&b.fake.peer, "650 STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=100 TAG=done "
                           "SUMMARY=\"Done\"\r\n");
    cr_assert(ear_until(&b.ear, TOR_READY));
    bed_close(&b);
}

/* The status events come as soon as they are asked for, before all else is settled. */
static bool early(struct fake *f, const char *line)
{
    if (strncmp(line, "SETEVENTS ", 10) != 0)
        return false;
    peer_say(&f->peer, "250 OK\r\n650 STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=100 TAG=done "
                       "SUMMARY=\"Done\"\r\n");
    return true;
}

BEAM_TEST(tor, bootstrapped_before_it_is_controlled)
{
    struct bed b;
    bed_open(&b, early);
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_READY));
    cr_assert_eq(b.ear.heard[TOR_BOOTSTRAPPING], 1);
    bed_close(&b);
}

static bool mute(struct fake *f, const char *line)
{
    (void)f;
    (void)line;
    return true;
}

BEAM_TEST(tor, stopped_in_the_middle_of_its_start)
{
    struct bed b;
    bed_open(&b, mute);
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_STARTING));
    bed_close(&b);
}

BEAM_TEST(tor, started_while_it_is_being_stopped)
{
    struct bed b;
    bed_open(&b, NULL);
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_READY));
    tor_stop(b.ear.tor, NULL, NULL);
    /* No turn more than it takes: its process could be gone already. */
    for (int i = 0; i < 50 && tor_state(b.ear.tor) == TOR_READY; i++)
        cr_assert_eq(loop_turn(b.loop), 0);
    cr_assert_neq(tor_state(b.ear.tor), TOR_READY);
    cr_assert_eq(b.ear.heard[TOR_OFF], 0);
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_READY));
    cr_assert_eq(b.ear.heard[TOR_OFF], 1);
    bed_close(&b);
}

/* The binary is another, from the next start on. */
BEAM_TEST(tor, options_hold_from_its_next_start)
{
    struct bed b;
    bed_open(&b, NULL);
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_READY));
    pid_t pid = tor_pid(b.ear.tor);
    const struct tor_options options = {.binary = "/nowhere/tor",
                                        .dir = b.fake.tor_dir,
                                        .torrc = "",
                                        .bootstrap_timeout = 60000,
                                        .answer_timeout = 60000,
                                        .restart_max = 60000};
    cr_assert_eq(tor_set_options(b.ear.tor, &options), 0);
    cr_assert_eq(tor_set_options(b.ear.tor, &options), 0, "twice before that is fine");
    kit_settle(b.loop);
    cr_assert_eq(tor_pid(b.ear.tor), pid);
    kill(pid, SIGKILL);
    cr_assert(ear_until(&b.ear, TOR_RESTING));
    cr_assert(ear_until(&b.ear, TOR_RESTING));
    cr_assert_not_null(strstr(b.ear.why.text, "/nowhere/tor"), "%s", b.ear.why.text);
    bed_close(&b);
}

static bool was_asked_ten_times(void *arg)
{
    return fake_asked(arg, DOUBT_QUESTION) == 10;
}

/* An onion that cannot be reached is no reason to start tor again while that says it is well. */
BEAM_TEST(tor, in_doubt_it_is_asked_and_left_alone)
{
    struct bed b;
    bed_open(&b, NULL);
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_READY));
    pid_t pid = tor_pid(b.ear.tor);
    tor_vouch(b.ear.tor);
    tor_doubt(b.ear.tor, 0);
    for (uint64_t i = 1; i <= 10; i++)
        tor_doubt(b.ear.tor, loop_now(b.loop) + i);
    cr_assert(until(b.loop, was_asked_ten_times, &b.fake));
    kit_settle(b.loop);
    cr_assert_eq(tor_state(b.ear.tor), TOR_READY);
    cr_assert_eq(tor_pid(b.ear.tor), pid);
    bed_close(&b);
}

/* As where a bridge is named because it gets no further without. */
BEAM_TEST(tor, options_hold_at_once_when_it_is_not_ready)
{
    struct bed b;
    bed_open(&b, get_no_further);
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_BOOTSTRAPPING));
    const struct tor_options options = {.binary = "/nowhere/tor",
                                        .dir = b.fake.tor_dir,
                                        .torrc = "",
                                        .bootstrap_timeout = 60000,
                                        .answer_timeout = 60000,
                                        .restart_max = 60000};
    cr_assert_eq(tor_set_options(b.ear.tor, &options), 0);
    cr_assert(ear_until(&b.ear, TOR_RESTING));
    cr_assert_not_null(strstr(b.ear.why.text, "has changed"), "%s", b.ear.why.text);
    cr_assert_eq(b.ear.retry_ms, 250);
    cr_assert(ear_until(&b.ear, TOR_RESTING));
    cr_assert_not_null(strstr(b.ear.why.text, "/nowhere/tor"), "%s", b.ear.why.text);
    bed_close(&b);
}

static uint64_t wall_now; /* ms */

static uint64_t wall_ms(void *arg)
{
    (void)arg;
    return wall_now;
}

static uint64_t no_time(void *arg)
{
    (void)arg;
    return 0;
}

BEAM_TEST(tor, unready_it_begins_anew_when_the_clock_is_set)
{
    const struct clock_source clock = {.monotonic_ms = no_time, .wall_ms = wall_ms};
    struct bed b;
    bed_open(&b, get_no_further);
    const struct tor_options options = {.binary = b.fake.binary,
                                        .dir = b.fake.tor_dir,
                                        .torrc = "",
                                        .bootstrap_timeout = 60000,
                                        .answer_timeout = 60000,
                                        .restart_max = 60000,
                                        .clock = &clock};
    wall_now = (uint64_t)400000 * 1000;
    cr_assert_eq(tor_set_options(b.ear.tor, &options), 0);
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_BOOTSTRAPPING));
    wall_now -= (uint64_t)259200 * 1000;
    b.fake.answer = NULL;
    cr_assert(ear_until(&b.ear, TOR_RESTING));
    cr_assert_not_null(strstr(b.ear.why.text, "clock"), "%s", b.ear.why.text);
    cr_assert_eq(b.ear.retry_ms, 250, "no failure of its own");
    cr_assert(ear_until(&b.ear, TOR_READY));
    cr_assert_eq(b.fake.connections, 2);
    bed_close(&b);
}

BEAM_TEST(tor, names_of_states)
{
    for (enum tor_state s = TOR_OFF; s <= TOR_FAILED; s++)
        cr_assert_gt(strlen(tor_state_name(s)), 0);
    cr_assert_str_eq(tor_state_name(TOR_READY), "ready");
}
