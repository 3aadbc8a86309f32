/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/tor/kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <criterion/criterion.h>
#include <sodium.h>

#include "base/file.h"
#include "base/text.h"
#include "stream/socket.h"
#include "tor/control.h"

void kit_init(void)
{
    cr_assert_geq(sodium_init(), 0);
}

char *kit_dir(void)
{
    char *dir = strdup("/tmp/beam-tor.XXXXXX");
    cr_assert_not_null(dir);
    cr_assert_not_null(mkdtemp(dir));
    return dir;
}

void kit_remove(char *dir)
{
    cr_assert_eq(file_remove_tree(dir), 0);
    free(dir);
}

char *kit_file(const char *dir, const char *name, mode_t mode, const char *text)
{
    char *path = file_join(dir, name);
    cr_assert_not_null(path);
    cr_assert_eq(file_write(path, mode, text, strlen(text)), 0);
    cr_assert_eq(chmod(path, mode), 0);
    return path;
}

/* ---- running --------------------------------------------------------------------------------- */

void kit_settle(struct loop *l)
{
    for (int i = 0; i < 50; i++)
        cr_assert_eq(loop_turn(l), 0);
}

/* ---- the peer -------------------------------------------------------------------------------- */

static void peer_flush(struct peer *p)
{
    if (buf_len(&p->out) > 0 && stream_write(p->stream, &p->out) < 0)
        p->ended = p->ended || buf_len(&p->out) == 0;
}

static void peer_read(struct peer *p)
{
    char line[CONTROL_COMMAND_MAX];
    ssize_t n, end;
    while ((n = stream_read(p->stream, &p->in, 65536)) > 0)
        continue;
    /* Or it would be silent for as long as the other side has patience. */
    cr_assert_neq(n, BEAM_ENOMEM, "the peer cannot read");
    if (n != BEAM_EAGAIN)
        p->ended = true;
    while (p->stream && (end = buf_find(&p->in, 0, sizeof(line), '\n')) >= 0) {
        size_t len = buf_peek(&p->in, 0, line, (size_t)end);
        buf_drain(&p->in, (size_t)end + 1);
        cr_assert(len > 0 && line[len - 1] == '\r', "a command ends in CRLF");
        line[len - 1] = '\0';
        p->line(p->arg, p, line);
    }
}

static void on_peer(void *arg, struct stream *s, unsigned ready)
{
    struct peer *p = arg;
    (void)s;
    if (ready & STREAM_WRITABLE)
        peer_flush(p);
    if (ready & STREAM_READABLE)
        peer_read(p);
}

void peer_open(struct peer *p, struct loop *l, struct stream *s,
               void (*line)(void *arg, struct peer *p, const char *line), void *arg)
{
    *p = (struct peer){.loop = l, .stream = s, .line = line, .arg = arg};
    buf_init(&p->in, loop_pool(l), 1024 * 1024);
    buf_init(&p->out, loop_pool(l), 4 * 1024 * 1024);
    stream_own(s, on_peer, p);
    peer_read(p);
}

void peer_say(struct peer *p, const char *text)
{
    cr_assert_eq(buf_add(&p->out, text, strlen(text)), 0);
    peer_flush(p);
}

void peer_close(struct peer *p)
{
    stream_free(p->stream);
    p->stream = NULL;
    buf_clear(&p->in);
    buf_clear(&p->out);
}

/* ---- the fake -------------------------------------------------------------------------------- */

static void say_info(struct fake *f, struct peer *p)
{
    char text[1024];
    snprintf(text, sizeof(text),
             "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=COOKIE,SAFECOOKIE "
             "COOKIEFILE=\"%s/control.cookie\"\r\n250-VERSION Tor=\"0.4.8.99\"\r\n250 OK\r\n",
             f->tor_dir);
    peer_say(p, text);
}

static void say_challenge(struct fake *f, struct peer *p, const char *hex)
{
    uint8_t client[AUTH_NONCE], hash[AUTH_HASH];
    char hash_hex[65], nonce_hex[65], text[256];
    cr_assert_eq(text_hex_decode(hex, strlen(hex), client, sizeof(client)), 0);
    auth_hash(AUTH_SERVER, f->cookie, client, f->nonce, hash);
    text_hex_encode(hash, sizeof(hash), hash_hex, sizeof(hash_hex));
    text_hex_encode(f->nonce, sizeof(f->nonce), nonce_hex, sizeof(nonce_hex));
    snprintf(text, sizeof(text), "250 AUTHCHALLENGE SERVERHASH=%s SERVERNONCE=%s\r\n", hash_hex,
             nonce_hex);
    peer_say(p, text);
}

static void respond(struct fake *f, const char *line)
{
    struct peer *p = &f->peer;
    const char *rest = control_after(line, "AUTHCHALLENGE");
    if (f->answer && f->answer(f, line))
        return;
    if (strcmp(line, "PROTOCOLINFO 1") == 0)
        say_info(f, p);
    else if (rest)
        say_challenge(f, p, control_after(rest, "SAFECOOKIE"));
    else if (strncmp(line, "GETCONF ", 8) == 0)
        peer_say(p, "250-HiddenServiceNonAnonymousMode=0\r\n250 HiddenServiceSingleHopMode=0\r\n");
    else if (strncmp(line, "GETINFO ", 8) == 0)
        peer_say(p, "250-status/bootstrap-phase=NOTICE BOOTSTRAP PROGRESS=100 TAG=done "
                    "SUMMARY=\"Done\"\r\n250 OK\r\n");
    else
        peer_say(p, "250 OK\r\n");
}

static void on_fake_line(void *arg, struct peer *p, const char *line)
{
    struct fake *f = arg;
    (void)p;
    cr_assert_lt(f->count, FAKE_LINES);
    f->lines[f->count] = strdup(line);
    cr_assert_not_null(f->lines[f->count]);
    f->count++;
    if (f->hold && f->held == 0 && strncmp(line, f->hold, strlen(f->hold)) == 0)
        f->held = f->count;
    if (!f->held)
        respond(f, line);
}

void fake_release(struct fake *f)
{
    size_t from = f->held;
    f->hold = NULL;
    f->held = 0;
    for (size_t i = from; i > 0 && i <= f->count; i++)
        respond(f, f->lines[i - 1]);
}

static void on_fake_visitor(void *arg, int fd)
{
    struct fake *f = arg;
    struct stream *s;
    fake_hang_up(f);
    cr_assert_eq(stream_socket(f->loop, fd, &s), 0);
    f->open = true;
    f->connections++;
    peer_open(&f->peer, f->loop, s, on_fake_line, f);
}

/* Stands for tor: leads to our socket and cookie, says a word, and waits to be killed. */
static const char script[] = "#!/bin/sh\n"
                             "ln -s ../fake.sock control.sock\n"
                             "cp ../fake.cookie control.cookie\n"
                             "chmod 600 control.cookie\n"
                             "echo 'Nov 21 08:51:41.450 [notice] Opened Control listener'\n"
                             "exec sleep 1000\n";

void fake_listen(struct fake *f)
{
    struct addr at;
    char *socket = file_join(f->dir, "fake.sock");
    cr_assert_not_null(socket);
    cr_assert_eq(addr_unix(socket, &at), 0);
    cr_assert_eq(listen_open(f->loop, &at, on_fake_visitor, f, &f->listener), 0);
    free(socket);
}

void fake_open(struct fake *f, struct loop *l)
{
    *f = (struct fake){.loop = l, .dir = kit_dir()};
    f->tor_dir = file_join(f->dir, "tor");
    randombytes_buf(f->cookie, sizeof(f->cookie));
    randombytes_buf(f->nonce, sizeof(f->nonce));
    char *cookie = file_join(f->dir, "fake.cookie");
    cr_assert(f->tor_dir && cookie);
    cr_assert_eq(file_write(cookie, 0600, f->cookie, sizeof(f->cookie)), 0);
    f->binary = kit_file(f->dir, "tor.sh", 0700, script);
    fake_listen(f);
    free(cookie);
}

void fake_hang_up(struct fake *f)
{
    if (f->open)
        peer_close(&f->peer);
    f->open = false;
}

void fake_close(struct fake *f)
{
    fake_hang_up(f);
    listen_close(f->listener);
    for (size_t i = 0; i < f->count; i++)
        free(f->lines[i]);
    free(f->binary);
    free(f->tor_dir);
    kit_remove(f->dir);
}

size_t fake_asked(const struct fake *f, const char *start)
{
    size_t n = 0;
    for (size_t i = 0; i < f->count; i++)
        n += strncmp(f->lines[i], start, strlen(start)) == 0;
    return n;
}

/* ---- the ear --------------------------------------------------------------------------------- */

static void on_state(void *arg, enum tor_state state, const struct beam_why *why, uint64_t retry_ms)
{
    struct ear *e = arg;
    e->state = state;
    cr_assert_lt(e->count, EAR_STATES);
    e->entered[e->count++] = state;
    e->heard[state]++;
    e->retry_ms = retry_ms;
    cr_assert_eq(tor_state(e->tor), state);
    cr_assert_eq(why != NULL, state == TOR_RESTING || state == TOR_FAILED);
    if (why)
        e->why = *why;
}

static void on_progress(void *arg, int percent, const char *summary)
{
    struct ear *e = arg;
    (void)summary;
    e->percent = percent;
}

static void on_warning(void *arg, const struct beam_why *why)
{
    struct ear *e = arg;
    e->warning = *why;
    e->warnings++;
}

static void open_with(struct ear *e, struct loop *l, struct tor_options options)
{
    *e = (struct ear){.loop = l};
    options.bootstrap_timeout = options.answer_timeout = options.restart_max = 60000;
    const struct tor_events events = {
        .state = on_state, .progress = on_progress, .warning = on_warning, .arg = e};
    cr_assert_eq(tor_new(l, &options, &events, &e->tor), 0);
}

void ear_open(struct ear *e, struct loop *l, const char *binary, const char *dir, const char *torrc)
{
    open_with(e, l, (struct tor_options){.binary = binary, .dir = dir, .torrc = torrc});
}

void ear_open_existing(struct ear *e, struct loop *l, const char *control)
{
    open_with(e, l, (struct tor_options){.control = control, .dir = ""});
}

static bool has_entered(void *arg)
{
    const struct ear *e = arg;
    return e->heard[e->wanted] > 0 || e->heard[TOR_FAILED] > 0;
}

bool ear_until(struct ear *e, enum tor_state state)
{
    e->wanted = state;
    memset(e->heard, 0, sizeof(e->heard));
    for (size_t i = e->past; i < e->count; i++)
        e->heard[e->entered[i]]++;
    if (!until(e->loop, has_entered, e) || e->heard[state] == 0)
        return false;
    while (e->entered[e->past++] != state)
        continue;
    return true;
}

static void on_stopped(void *arg)
{
    struct ear *e = arg;
    e->stopped = true;
}

static bool is_stopped(void *arg)
{
    const struct ear *e = arg;
    return e->stopped;
}

void ear_close(struct ear *e)
{
    e->stopped = false;
    tor_stop(e->tor, on_stopped, e);
    cr_assert(until(e->loop, is_stopped, e));
    cr_assert_eq(tor_pid(e->tor), 0);
    tor_free(e->tor);
}
