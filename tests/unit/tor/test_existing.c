/* SPDX-License-Identifier: BSD-3-Clause */
/* A tor that runs already, played: nothing of it is started, owned, changed or stopped. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "tests/unit/harness.h"
#include "tests/unit/tor/kit.h"
#include "tor/onion.h"
#include "tor/onions.h"

struct bed {
    struct loop *loop;
    struct fake fake;
    struct ear ear;
    char control[128];
    struct onion_key *key;
    bool (*answer)(struct fake *f, const char *line); /* before what another's tor says */
};

/* As the fake answers, but that its cookie is its own. */
static bool as_anothers(struct fake *f, const char *line)
{
    struct bed *b = f->arg;
    char text[512];
    if (b->answer && b->answer(f, line))
        return true;
    if (strcmp(line, "PROTOCOLINFO 1") == 0)
        snprintf(text, sizeof(text),
                 "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=COOKIE,SAFECOOKIE "
                 "COOKIEFILE=\"%s/fake.cookie\"\r\n250-VERSION Tor=\"0.4.8.99\"\r\n250 OK\r\n",
                 f->dir);
    else if (strcmp(line, "GETINFO net/listeners/socks") == 0)
        snprintf(text, sizeof(text), "250-net/listeners/socks=\"127.0.0.1:9050\"\r\n250 OK\r\n");
    else
        return false;
    peer_say(&f->peer, text);
    return true;
}

static void bed_open(struct bed *b, bool (*answer)(struct fake *f, const char *line))
{
    kit_init();
    cr_assert_eq(loop_new(&b->loop), 0);
    fake_open(&b->fake, b->loop);
    b->answer = answer;
    b->fake.answer = as_anothers;
    b->fake.arg = b;
    snprintf(b->control, sizeof(b->control), "unix:%s/fake.sock", b->fake.dir);
    ear_open_existing(&b->ear, b->loop, b->control);
}

static void bed_close(struct bed *b)
{
    ear_close(&b->ear);
    fake_close(&b->fake);
    loop_free(b->loop);
}

BEAM_TEST(existing, found_and_left_as_it_is)
{
    static const char *const lines[] = {
        "PROTOCOLINFO 1",
        "AUTHCHALLENGE SAFECOOKIE ",
        "AUTHENTICATE ",
        "GETCONF HiddenServiceNonAnonymousMode HiddenServiceSingleHopMode",
        "SETEVENTS STATUS_CLIENT STATUS_GENERAL HS_DESC",
        "GETINFO net/listeners/socks",
        "GETINFO status/bootstrap-phase",
        "GETINFO uptime"};
    struct bed b;
    char socks[ADDR_TEXT_SIZE];
    bed_open(&b, NULL);
    cr_assert_not(tor_is_ours(b.ear.tor));
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_READY), "%s", b.ear.why.text);
    cr_assert_eq(tor_pid(b.ear.tor), 0);
    cr_assert_str_eq(tor_version(b.ear.tor), "0.4.8.99");
    addr_text(tor_socks(b.ear.tor), socks);
    cr_assert_str_eq(socks, "127.0.0.1:9050");
    kit_settle(b.loop);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        cr_assert_eq(strncmp(b.fake.lines[i], lines[i], strlen(lines[i])), 0, "%zu: %s", i,
                     b.fake.lines[i]);
    for (size_t i = sizeof(lines) / sizeof(lines[0]); i < b.fake.count; i++)
        cr_assert_str_eq(b.fake.lines[i], "GETINFO status/bootstrap-phase");
    bed_close(&b);
}

static bool is_old(struct fake *f, const char *line)
{
    if (strcmp(line, "GETINFO uptime") != 0)
        return false;
    peer_say(&f->peer, "250-uptime=2592001\r\n250 OK\r\n");
    return true;
}

static bool warned(void *arg)
{
    const struct ear *e = arg;
    return e->warnings > 0;
}

BEAM_TEST(existing, how_long_it_has_run_counts_from_its_own_beginning)
{
    struct bed b;
    bed_open(&b, is_old);
    tor_start(b.ear.tor);
    cr_assert(until(b.loop, warned, &b.ear));
    cr_assert_not_null(strstr(b.ear.warning.text, "30 days"), "%s", b.ear.warning.text);
    bed_close(&b);
}

BEAM_TEST(existing, goes_away_and_comes_back)
{
    struct bed b;
    bed_open(&b, NULL);
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_READY));
    fake_hang_up(&b.fake);
    listen_close(b.fake.listener);
    b.fake.listener = NULL;
    for (int i = 0; i < 3; i++) {
        cr_assert(ear_until(&b.ear, TOR_RESTING));
        cr_assert_not_null(strstr(b.ear.why.text, i ? "nothing listens at unix:" : "ended"), "%s",
                           b.ear.why.text);
    }
    fake_listen(&b.fake);
    cr_assert(ear_until(&b.ear, TOR_READY));
    bed_close(&b);
}

BEAM_TEST(existing, what_lets_us_in_no_more_may_again)
{
    struct bed b;
    char cookie[160];
    bed_open(&b, NULL);
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_READY));
    snprintf(cookie, sizeof(cookie), "%s/fake.cookie", b.fake.dir);
    cr_assert_eq(file_write(cookie, 0600, b.fake.cookie, 31), 0);
    fake_hang_up(&b.fake);
    cr_assert(ear_until(&b.ear, TOR_RESTING));
    cr_assert(ear_until(&b.ear, TOR_RESTING));
    cr_assert_not_null(strstr(b.ear.why.text, "31 bytes"), "%s", b.ear.why.text);
    cr_assert_eq(file_write(cookie, 0600, b.fake.cookie, AUTH_COOKIE), 0);
    cr_assert(ear_until(&b.ear, TOR_READY));
    bed_close(&b);
}

/* What came after tor asks for nothing: it is not told the keys. */
static bool asks_for_nothing(struct fake *f, const char *line)
{
    if (strcmp(line, "PROTOCOLINFO 1") != 0)
        return false;
    peer_say(&f->peer, "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL\r\n"
                       "250-VERSION Tor=\"0.4.8.99\"\r\n250 OK\r\n");
    return true;
}

BEAM_TEST(existing, what_proved_itself_has_to_again)
{
    struct bed b;
    bed_open(&b, NULL);
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_READY));
    size_t asked = fake_asked(&b.fake, "AUTHENTICATE");
    b.answer = asks_for_nothing;
    fake_hang_up(&b.fake);
    for (int i = 0; i < 3; i++)
        cr_assert(ear_until(&b.ear, TOR_RESTING));
    cr_assert_not_null(strstr(b.ear.why.text, "by SAFECOOKIE before"), "%s", b.ear.why.text);
    cr_assert_eq(fake_asked(&b.fake, "AUTHENTICATE"), asked);
    b.answer = NULL;
    cr_assert(ear_until(&b.ear, TOR_READY));
    bed_close(&b);
}

static void fails(bool (*answer)(struct fake *f, const char *line), int code, const char *words)
{
    struct bed b;
    bed_open(&b, answer);
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_FAILED));
    cr_assert_eq(b.ear.why.code, code, "%s", b.ear.why.text);
    cr_assert_not_null(strstr(b.ear.why.text, words), "%s", b.ear.why.text);
    cr_assert_not_null(strstr(b.ear.why.text, b.control), "%s", b.ear.why.text);
    cr_assert_eq(fake_asked(&b.fake, "ADD_ONION"), 0);
    bed_close(&b);
}

static bool web_page(struct fake *f, const char *line)
{
    (void)line;
    peer_say(&f->peer, "HTTP/1.1 400 Bad Request\r\n\r\n");
    return true;
}

static bool endless_line(struct fake *f, const char *line)
{
    char *text = malloc(CONTROL_TEXT_MAX * 2);
    (void)line;
    cr_assert_not_null(text);
    memset(text, '2', CONTROL_TEXT_MAX * 2);
    text[CONTROL_TEXT_MAX * 2 - 1] = '\0';
    peer_say(&f->peer, text);
    free(text);
    return true;
}

static bool single_hop(struct fake *f, const char *line)
{
    if (strncmp(line, "GETCONF ", 8) != 0)
        return false;
    peer_say(&f->peer,
             "250-HiddenServiceNonAnonymousMode=1\r\n250 HiddenServiceSingleHopMode=1\r\n");
    return true;
}

static bool filtered(struct fake *f, const char *line)
{
    if (strncmp(line, "SETEVENTS ", 10) != 0)
        return false;
    peer_say(&f->peer, "510 Command filtered\r\n");
    return true;
}

BEAM_TEST(existing, that_is_no_tor)
{
    fails(web_page, BEAM_EPROTO, "not tor's control port");
    fails(endless_line, BEAM_EPROTO, "not tor's control port");
}

BEAM_TEST(existing, that_is_not_anonymous)
{
    fails(single_hop, BEAM_EPOLICY, "show where this machine is");
}

BEAM_TEST(existing, behind_a_filter_that_allows_too_little)
{
    fails(filtered, BEAM_EPROTO, "refuses SETEVENTS: 510 Command filtered");
}

BEAM_TEST(existing, that_is_not_there)
{
    struct bed b;
    bed_open(&b, NULL);
    listen_close(b.fake.listener);
    b.fake.listener = NULL;
    tor_start(b.ear.tor);
    cr_assert(ear_until(&b.ear, TOR_FAILED));
    cr_assert_eq(b.ear.why.code, BEAM_EREFUSED);
    cr_assert_not_null(strstr(b.ear.why.text, "start tor"), "%s", b.ear.why.text);
    bed_close(&b);
}

static void on_onion(void *arg, enum onion_state state, const struct beam_why *why,
                     uint64_t retry_ms)
{
    (void)why;
    (void)retry_ms;
    *(enum onion_state *)arg = state;
}

static bool is_publishing(void *arg)
{
    return *(enum onion_state *)arg == ONION_PUBLISHING;
}

static bool takes_onions(struct fake *f, const char *line)
{
    struct bed *b = f->arg;
    char text[128];
    if (strncmp(line, "ADD_ONION ", 10) != 0)
        return false;
    snprintf(text, sizeof(text), "250-ServiceID=%s\r\n250 OK\r\n", onion_key_address(b->key));
    peer_say(&f->peer, text);
    return true;
}

static bool was_deleted(void *arg)
{
    return fake_asked(arg, "DEL_ONION ") == 1;
}

BEAM_TEST(existing, an_onion_on_it)
{
    struct bed b;
    enum onion_state state = ONION_WAITING;
    struct onion *o;
    struct onion_spec spec = {.port = 80};
    const struct onion_events events = {.state = on_onion, .arg = &state};
    bed_open(&b, takes_onions);
    cr_assert_eq(onion_key_new(rng_system(), &b.key), 0);
    spec.key = b.key;
    cr_assert_eq(addr_ip("127.0.0.1", 9, 4711, &spec.target), 0);
    cr_assert_eq(onion_publish(b.ear.tor, &spec, &events, &o), 0);
    cr_assert(until(b.loop, is_publishing, &state));
    const char *asked = NULL;
    for (size_t i = 0; i < b.fake.count; i++)
        if (strncmp(b.fake.lines[i], "ADD_ONION ", 10) == 0)
            asked = b.fake.lines[i];
    cr_assert_not_null(asked);
    cr_assert_not_null(strstr(asked, " Flags=DiscardPK Port=80,127.0.0.1:4711"), "not detached");
    onion_withdraw(o);
    cr_assert(until(b.loop, was_deleted, &b.fake));
    onion_key_free(b.key);
    bed_close(&b);
}
