/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many owners in one process: so many personas, each a host of its own with a connection and a
 * reservation at one relay, which then do nothing but wait. Says "up N" when all have theirs, holds
 * them until its standard input ends, and says how many are connected still.
 *
 *     reservations N MULTIADDR-OF-THE-RELAY
 */
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "p2p/host.h"
#include "relay/exchange.h"

enum { AT_ONCE = 64 };

struct persona {
    struct load *load;
    struct key_pair *key;
    struct host *host;
    struct exchange *exchange;
    bool reserved;
};

struct load {
    struct loop *loop;
    struct multiaddr relay;
    struct permit *permit;
    struct persona *personas;
    size_t n, started, under_way, up;
    struct loop_task more;
    struct loop_watch input;
};

static void fail(const char *what, int err, const struct beam_why *why)
{
    fprintf(stderr, "reservations: %s: %s\n", what, why ? why->text : beam_err_text(err));
    exit(1);
}

static void on_answer(void *arg, int err, const struct beam_why *why,
                      const struct reservation_answer *answer, const struct peer_id *peer,
                      enum way way)
{
    struct persona *p = arg;
    struct load *l = p->load;
    (void)way;
    p->exchange = NULL;
    if (err < 0)
        fail("a persona", err, why);
    if (answer->status != RESERVATION_OK) {
        fprintf(stderr, "reservations: refused: %s\n", reservation_status_text(answer->status));
        exit(1);
    }
    if (host_keep(p->host, peer, true) < 0)
        fail("a connection", BEAM_ENOMEM, NULL);
    p->reserved = true;
    l->under_way--;
    if (++l->up == l->n) {
        printf("up %zu\n", l->up);
        fflush(stdout);
    }
    loop_post(l->loop, &l->more);
}

static void start_one(struct load *l)
{
    const struct connect_spec spec = {.addrs = &l->relay, .n = 1, .origin = PERMIT_TYPED};
    const struct reservation_request request = {.verb = RESERVATION_RESERVE,
                                                .kind = RESERVATION_HTTP};
    struct persona *p = &l->personas[l->started++];
    p->load = l;
    int err = key_pair_new(rng_system(), &p->key);
    const struct host_spec host = {.loop = l->loop,
                                   .rng = rng_system(),
                                   .clock = clock_system(),
                                   .key = p->key,
                                   .permit = l->permit,
                                   .kind = HOST_ANONYMOUS};
    if (err == 0)
        err = host_new(&host, &p->host);
    if (err == 0)
        err = exchange_start(l->loop, p->host, &spec, "the relay", &request, on_answer, p,
                             &p->exchange);
    if (err < 0)
        fail("a persona", err, NULL);
    l->under_way++;
}

static void on_more(void *arg)
{
    struct load *l = arg;
    while (l->started < l->n && l->under_way < AT_ONCE)
        start_one(l);
}

static void on_input(void *arg, unsigned ready)
{
    struct load *l = arg;
    char c;
    (void)ready;
    if (read(STDIN_FILENO, &c, 1) > 0)
        return;
    loop_stop(l->loop);
}

int main(int argc, char **argv)
{
    struct load l = {.n = argc == 3 ? strtoul(argv[1], NULL, 10) : 0};
    struct rlimit lim;
    struct beam_why why = {.text = ""};
    if (l.n == 0 || multiaddr_parse(argv[2], strlen(argv[2]), &l.relay, &why) < 0) {
        fprintf(stderr, "usage: reservations N MULTIADDR %s\n", why.text);
        return 2;
    }
    if (getrlimit(RLIMIT_NOFILE, &lim) == 0) {
        lim.rlim_cur = lim.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &lim);
    }
    l.personas = calloc(l.n, sizeof(*l.personas));
    if (sodium_init() < 0 || !l.personas || loop_new(&l.loop) < 0 ||
        permit_new_local(&l.permit) < 0 ||
        loop_watch_start(l.loop, &l.input, STDIN_FILENO, LOOP_READ, on_input, &l) < 0)
        fail("start", BEAM_ENOMEM, NULL);
    loop_task_init(&l.more, on_more, &l);
    loop_post(l.loop, &l.more);
    (void)loop_run(l.loop);
    size_t connected = 0;
    for (size_t i = 0; i < l.n; i++)
        connected += l.personas[i].host && host_peers(l.personas[i].host) == 1;
    printf("still %zu\n", connected);
    for (size_t i = 0; i < l.n; i++) {
        host_free(l.personas[i].host);
        key_pair_free(l.personas[i].key);
    }
    loop_watch_stop(&l.input);
    permit_free(l.permit);
    loop_free(l.loop);
    free(l.personas);
    return 0;
}
