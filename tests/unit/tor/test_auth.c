/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/auth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/file.h"
#include "base/text.h"
#include "stream/memory.h"
#include "tests/unit/harness.h"
#include "tests/unit/tor/kit.h"

BEAM_TEST(auth, hashes)
{
    /* Worked out by Python's hmac over cookie 00…1f, client nonce 20…3f, server nonce 40…5f. */
    static const char server[] = "3c8780ab52365c0d080750447e5f64dabc00428c6c434579c2043e18c1f85389";
    static const char client[] = "b47642df2d5abb84f69e6d02d41bed6b44aee33e69562528a82166fc98bc0b1e";
    uint8_t bytes[96], out[AUTH_HASH];
    char hex[65];
    kit_init();
    for (uint8_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = i;
    auth_hash(AUTH_SERVER, bytes, bytes + 32, bytes + 64, out);
    text_hex_encode(out, sizeof(out), hex, sizeof(hex));
    cr_assert_str_eq(hex, server);
    auth_hash(AUTH_CLIENT, bytes, bytes + 32, bytes + 64, out);
    text_hex_encode(out, sizeof(out), hex, sizeof(hex));
    cr_assert_str_eq(hex, client);
}

struct bed {
    struct loop *loop;
    struct control *control;
    struct auth auth;
    struct auth_spec spec;
    struct peer peer;
    char *dir, *cookie_path;
    uint8_t cookie[AUTH_COOKIE], nonce[AUTH_NONCE];
    /* What the server says in place of what it should; NULL: as tor does. */
    const char *info, *challenge, *verdict;
    bool authenticated; /* the client sent AUTHENTICATE */
    bool proven;        /* and its proof was right */
    char proof[256];    /* as it came */
    bool done;
    int err;
    struct beam_why why;
};

static void say_challenge(struct bed *b, const char *hex)
{
    uint8_t client[AUTH_NONCE], hash[AUTH_HASH];
    char hash_hex[65], nonce_hex[65], text[256];
    cr_assert_eq(text_hex_decode(hex, strlen(hex), client, sizeof(client)), 0);
    cr_assert_eq(memcmp(client, b->auth.nonce, sizeof(client)), 0);
    auth_hash(AUTH_SERVER, b->cookie, client, b->nonce, hash);
    text_hex_encode(hash, sizeof(hash), hash_hex, sizeof(hash_hex));
    text_hex_encode(b->nonce, sizeof(b->nonce), nonce_hex, sizeof(nonce_hex));
    snprintf(text, sizeof(text), "250 AUTHCHALLENGE SERVERHASH=%s SERVERNONCE=%s\r\n", hash_hex,
             nonce_hex);
    peer_say(&b->peer, text);
}

static void check_proof(struct bed *b, const char *hex)
{
    uint8_t want[AUTH_HASH], got[AUTH_HASH];
    b->authenticated = true;
    auth_hash(AUTH_CLIENT, b->cookie, b->auth.nonce, b->nonce, want);
    b->proven = text_hex_decode(hex, strlen(hex), got, sizeof(got)) == 0 &&
                memcmp(want, got, sizeof(got)) == 0;
    peer_say(&b->peer, b->verdict ? b->verdict : "250 OK\r\n");
}

static void on_line(void *arg, struct peer *p, const char *line)
{
    struct bed *b = arg;
    char text[512];
    const char *rest;
    if (strcmp(line, "PROTOCOLINFO 1") == 0) {
        snprintf(text, sizeof(text),
                 "250-PROTOCOLINFO 1\r\n250-SOMETHING new\r\n"
                 "250-AUTH METHODS=COOKIE,SAFECOOKIE COOKIEFILE=\"%s\"\r\n"
                 "250-VERSION Tor=\"0.4.8.16\"\r\n250 OK\r\n",
                 b->cookie_path);
        peer_say(p, b->info ? b->info : text);
    } else if ((rest = control_after(line, "AUTHCHALLENGE"))) {
        rest = control_after(rest, "SAFECOOKIE");
        cr_assert_not_null(rest);
        if (b->challenge)
            peer_say(p, b->challenge);
        else
            say_challenge(b, rest);
    } else if ((rest = control_after(line, "AUTHENTICATE"))) {
        snprintf(b->proof, sizeof(b->proof), "%s", rest);
        check_proof(b, rest);
    } else {
        cr_assert_fail("asked before authentication: %s", line);
    }
}

static void on_event(void *arg, const struct control_reply *event)
{
    (void)arg;
    (void)event;
}

static void on_closed(void *arg, int err)
{
    (void)arg;
    (void)err;
}

static void on_done(void *arg, int err, const struct beam_why *why)
{
    struct bed *b = arg;
    cr_assert_not(b->done);
    b->done = true;
    b->err = err;
    cr_assert_eq(why != NULL, err < 0);
    if (why)
        b->why = *why;
}

static void bed_open(struct bed *b)
{
    kit_init();
    *b = (struct bed){.dir = kit_dir()};
    randombytes_buf(b->cookie, sizeof(b->cookie));
    randombytes_buf(b->nonce, sizeof(b->nonce));
    b->cookie_path = file_join(b->dir, "control.cookie");
    cr_assert_not_null(b->cookie_path);
    b->spec = (struct auth_spec){.rng = rng_system(), .cookie = b->cookie_path};
    cr_assert_eq(file_write(b->cookie_path, 0600, b->cookie, sizeof(b->cookie)), 0);
    cr_assert_eq(loop_new(&b->loop), 0);
}

static void bed_run(struct bed *b)
{
    struct stream *ours, *theirs;
    const struct control_events events = {.event = on_event, .closed = on_closed, .arg = b};
    cr_assert_eq(stream_memory(b->loop, 65536, &ours, &theirs), 0);
    cr_assert_eq(control_new(b->loop, ours, &events, &b->control), 0);
    peer_open(&b->peer, b->loop, theirs, on_line, b);
    cr_assert_eq(auth_start(&b->auth, b->control, &b->spec, on_done, b), 0);
    kit_settle(b->loop);
}

static void bed_close(struct bed *b)
{
    control_free(b->control);
    auth_clear(&b->auth);
    peer_close(&b->peer);
    loop_free(b->loop);
    free(b->cookie_path);
    kit_remove(b->dir);
}

BEAM_TEST(auth, succeeds)
{
    struct bed b;
    bed_open(&b);
    bed_run(&b);
    cr_assert(b.done);
    cr_assert_eq(b.err, 0);
    cr_assert(b.proven);
    cr_assert_str_eq(b.auth.info.version, "0.4.8.16");
    bed_close(&b);
}

/* With a server that says these instead of what it should, and a cookie file of `len` bytes. */
static int refused(const char *info, const char *challenge, const char *verdict, const char *words,
                   size_t len)
{
    struct bed b;
    uint8_t bytes[64] = {0};
    bed_open(&b);
    b.info = info;
    b.challenge = challenge;
    b.verdict = verdict;
    if (len != AUTH_COOKIE)
        cr_assert_eq(file_write(b.cookie_path, 0600, bytes, len), 0);
    bed_run(&b);
    cr_assert(b.done);
    cr_assert_lt(b.err, 0);
    cr_assert_not_null(strstr(b.why.text, words), "%s", b.why.text);
    cr_assert_eq(b.authenticated, verdict != NULL, "no proof is given away before");
    int err = b.err;
    bed_close(&b);
    return err;
}

#define INFO(methods, file, version)                                                               \
    "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=" methods " COOKIEFILE=\"" file                        \
    "\"\r\n250-VERSION Tor=\"" version "\"\r\n250 OK\r\n"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

BEAM_TEST(auth, another_cookie_file)
{
    cr_assert_eq(refused(INFO("COOKIE,SAFECOOKIE", "/etc/shadow", "0.4.8.16"), NULL, NULL,
                         "another cookie file", AUTH_COOKIE),
                 BEAM_EPERM);
}

BEAM_TEST(auth, no_safecookie)
{
    cr_assert_eq(
        refused(INFO("NULL,COOKIE", "x", "0.4.8.16"), NULL, NULL, "SAFECOOKIE", AUTH_COOKIE),
        BEAM_EAUTH);
    cr_assert_eq(refused(INFO("XSAFECOOKIE,SAFECOOKIEX", "x", "0.4.8.16"), NULL, NULL, "SAFECOOKIE",
                         AUTH_COOKIE),
                 BEAM_EAUTH);
}

BEAM_TEST(auth, an_old_tor)
{
    cr_assert_eq(
        refused(INFO("SAFECOOKIE", "x", "0.4.6.9"), NULL, NULL, "0.4.6.9 is too old", AUTH_COOKIE),
        BEAM_EINVAL);
}

BEAM_TEST(auth, no_tor_at_all)
{
    cr_assert_eq(refused("514 Authentication required.\r\n", NULL, NULL, "514", AUTH_COOKIE),
                 BEAM_EPROTO);
    cr_assert_eq(refused("250 OK\r\n", NULL, NULL, "what it is", AUTH_COOKIE), BEAM_EPROTO);
}

BEAM_TEST(auth, a_server_that_does_not_know_the_cookie)
{
    cr_assert_eq(refused(NULL, "250 AUTHCHALLENGE SERVERHASH=" ZEROS " SERVERNONCE=" ZEROS "\r\n",
                         NULL, "does not know the cookie", AUTH_COOKIE),
                 BEAM_EAUTH);
}

BEAM_TEST(auth, a_challenge_that_is_none)
{
    static const char *const wrong[] = {
        "250 OK\r\n",
        "513 no\r\n",
        "250 AUTHCHALLENGE\r\n",
        "250 AUTHCHALLENGE SERVERHASH=00 SERVERNONCE=" ZEROS "\r\n",
        "250 AUTHCHALLENGE SERVERHASH=" ZEROS "\r\n",
        "250 AUTHCHALLENGE SERVERHASH=" ZEROS " SERVERNONCE=" ZEROS "00\r\n",
        "250 AUTHCHALLENGE SERVERHASH=" ZEROS " SERVERNONCE=zz\r\n",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        cr_assert_eq(refused(NULL, wrong[i], NULL, "challenge", AUTH_COOKIE), BEAM_EPROTO);
}

BEAM_TEST(auth, a_cookie_that_is_none)
{
    cr_assert_eq(refused(NULL, NULL, NULL, "32 bytes", 31), BEAM_EIO);
    cr_assert_eq(refused(NULL, NULL, NULL, "32 bytes", 33), BEAM_EIO);
    cr_assert_eq(refused(NULL, NULL, NULL, "32 bytes", 0), BEAM_EIO);
}

BEAM_TEST(auth, tor_does_not_believe_us)
{
    cr_assert_eq(refused(NULL, NULL, "515 Authentication failed: x\x1b[0m\r\n", "515", AUTH_COOKIE),
                 BEAM_EAUTH);
}

/* ---- a tor that runs already ----------------------------------------------------------------- */

BEAM_TEST(auth, the_best_of_what_is_offered)
{
    const unsigned all = PROTOCOL_NULL | PROTOCOL_PASSWORD | PROTOCOL_COOKIE | PROTOCOL_SAFECOOKIE;
    cr_assert_eq(auth_choose(all, true, true), PROTOCOL_PASSWORD);
    cr_assert_eq(auth_choose(all, false, true), PROTOCOL_SAFECOOKIE);
    cr_assert_eq(auth_choose(PROTOCOL_NULL | PROTOCOL_COOKIE, true, true), PROTOCOL_COOKIE);
    cr_assert_eq(auth_choose(all, false, false), PROTOCOL_NULL);
    cr_assert_eq(auth_choose(PROTOCOL_PASSWORD | PROTOCOL_COOKIE, false, false), 0);
    cr_assert_eq(auth_choose(0, true, true), 0);
    cr_assert_eq(auth_choose(PROTOCOL_NULL, true, true), 0, "who has a password is to be asked");
}

BEAM_TEST(auth, nothing_weaker_than_before)
{
    const unsigned all = PROTOCOL_NULL | PROTOCOL_PASSWORD | PROTOCOL_COOKIE | PROTOCOL_SAFECOOKIE;
    cr_assert_eq(auth_no_weaker(all, 0), all);
    cr_assert_eq(auth_no_weaker(all, PROTOCOL_NULL), all);
    cr_assert_eq(auth_no_weaker(all, PROTOCOL_COOKIE), all & ~(unsigned)PROTOCOL_NULL);
    cr_assert_eq(auth_no_weaker(all, PROTOCOL_PASSWORD), all & ~(unsigned)PROTOCOL_NULL);
    cr_assert_eq(auth_no_weaker(all, PROTOCOL_SAFECOOKIE), PROTOCOL_SAFECOOKIE);
    cr_assert_eq(auth_no_weaker(PROTOCOL_NULL | PROTOCOL_COOKIE, PROTOCOL_SAFECOOKIE), 0);
}

/* What a tor that is not ours makes of us: it offers `methods`, and its answer to AUTHENTICATE is
 * `verdict`. The proof that it got is in b->lines. */
static void other_open(struct bed *b, const char *methods, const char *verdict)
{
    static char info[512];
    bed_open(b);
    b->spec = (struct auth_spec){.rng = rng_system(), .password_file = ""};
    snprintf(info, sizeof(info),
             "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=%s COOKIEFILE=\"%s\"\r\n"
             "250-VERSION Tor=\"0.4.8.16\"\r\n250 OK\r\n",
             methods, b->cookie_path);
    b->info = info;
    b->verdict = verdict;
}

BEAM_TEST(auth, of_another_tor_by_safecookie)
{
    struct bed b;
    other_open(&b, "COOKIE,SAFECOOKIE,HASHEDPASSWORD", NULL);
    bed_run(&b);
    cr_assert_eq(b.err, 0, "%s", b.why.text);
    cr_assert(b.done && b.proven);
    bed_close(&b);
}

BEAM_TEST(auth, of_another_tor_by_cookie)
{
    struct bed b;
    char hex[65];
    other_open(&b, "COOKIE", NULL);
    bed_run(&b);
    cr_assert_eq(b.err, 0, "%s", b.why.text);
    text_hex_encode(b.cookie, sizeof(b.cookie), hex, sizeof(hex));
    cr_assert_str_eq(b.proof, hex);
    bed_close(&b);
}

/* Nobody is shown a file's bytes because he says that they are tor's cookie. */
BEAM_TEST(auth, of_another_tor_over_tcp_no_cookie_is_shown)
{
    struct bed b;
    other_open(&b, "COOKIE", NULL);
    b.spec.tcp = true;
    bed_run(&b);
    cr_assert_eq(b.err, BEAM_EAUTH);
    cr_assert_not_null(strstr(b.why.text, "SAFECOOKIE"), "%s", b.why.text);
    cr_assert_str_eq(b.proof, "");
    bed_close(&b);
    other_open(&b, "COOKIE,SAFECOOKIE", NULL);
    b.spec.tcp = true;
    bed_run(&b);
    cr_assert_eq(b.err, 0, "%s", b.why.text);
    cr_assert(b.proven);
    bed_close(&b);
}

BEAM_TEST(auth, of_another_tor_by_nothing)
{
    struct bed b;
    other_open(&b, "NULL", NULL);
    bed_run(&b);
    cr_assert_eq(b.err, 0, "%s", b.why.text);
    cr_assert_str_eq(b.proof, "");
    bed_close(&b);
}

BEAM_TEST(auth, of_another_tor_by_password)
{
    static const char *const texts[] = {"a\"b\\c d", "a\"b\\c d\n", "a\"b\\c d\r\nnot this\r\n"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct bed b;
        char hex[65];
        other_open(&b, "COOKIE,SAFECOOKIE,HASHEDPASSWORD", NULL);
        char *path = kit_file(b.dir, "password", 0600, texts[i]);
        b.spec.password_file = path;
        bed_run(&b);
        cr_assert_eq(b.err, 0, "%s", b.why.text);
        text_hex_encode("a\"b\\c d", 7, hex, sizeof(hex));
        cr_assert_str_eq(b.proof, hex);
        free(path);
        bed_close(&b);
    }
}

static void other_refused(const char *methods, const char *verdict, size_t cookie_len,
                          const char *password, bool proof, int code, const char *words)
{
    struct bed b;
    uint8_t bytes[64] = {0};
    other_open(&b, methods, verdict);
    b.spec.proof = proof;
    char *path = password ? kit_file(b.dir, "password", 0640, password) : NULL;
    b.spec.password_file = path;
    if (cookie_len != AUTH_COOKIE)
        cr_assert_eq(file_write(b.cookie_path, 0600, bytes, cookie_len), 0);
    bed_run(&b);
    cr_assert(b.done);
    cr_assert_eq(b.err, code, "%s", b.why.text);
    cr_assert_not_null(strstr(b.why.text, words), "%s", b.why.text);
    cr_assert_eq(b.authenticated, verdict != NULL);
    free(path);
    bed_close(&b);
}

BEAM_TEST(auth, another_tor_that_is_not_entered)
{
    other_refused("COOKIE,SAFECOOKIE", NULL, 31, NULL, false, BEAM_EIO, "31 bytes");
    other_refused("HASHEDPASSWORD", NULL, 32, NULL, false, BEAM_EAUTH, "control_password_file");
    other_refused("HASHEDPASSWORD", NULL, 32, "x", false, BEAM_EPERM, "0600");
    other_refused("SOMETHING", NULL, 32, NULL, false, BEAM_EAUTH, "no way to authenticate");
    other_refused("NULL", "515 no\r\n", 32, NULL, false, BEAM_EAUTH, "515 no");
}

/* Whoever listens where tor did is asked for no less than tor asked for. */
BEAM_TEST(auth, another_tor_that_asks_for_less)
{
    static const char *const offers[] = {"NULL", "COOKIE", "HASHEDPASSWORD,NULL"};
    for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
        struct bed b;
        other_open(&b, offers[i], NULL);
        b.spec.known = PROTOCOL_SAFECOOKIE;
        bed_run(&b);
        cr_assert_eq(b.err, BEAM_EAUTH, "%s: %s", offers[i], b.why.text);
        cr_assert_not_null(strstr(b.why.text, "by SAFECOOKIE before"), "%s", b.why.text);
        cr_assert_not(b.authenticated);
        bed_close(&b);
    }
    other_refused("NULL", NULL, 32, "x", false, BEAM_EAUTH, "wants no password");
}

/* Where nobody named it, a port must prove that it is a tor's. */
BEAM_TEST(auth, another_tor_that_proves_nothing)
{
    other_refused("NULL", NULL, 32, NULL, true, BEAM_EAUTH, "no proof");
    other_refused("COOKIE", NULL, 32, NULL, true, BEAM_EAUTH, "no proof");
    other_refused("HASHEDPASSWORD,NULL", NULL, 32, "x", true, BEAM_EAUTH, "no proof");
}

BEAM_TEST(auth, another_tor_with_another_cookie)
{
    struct bed b;
    other_open(&b, "SAFECOOKIE", NULL);
    b.cookie[0] ^= 1;
    bed_run(&b);
    cr_assert(b.done);
    cr_assert_eq(b.err, BEAM_EAUTH);
    cr_assert_not_null(strstr(b.why.text, "does not know the cookie"), "%s", b.why.text);
    cr_assert_not(b.authenticated);
    bed_close(&b);
}
