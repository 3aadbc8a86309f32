/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/private_network.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/rng.h"
#include "loop/listen.h"
#include "tor/node.h"
#include "tor/torrc.h"

enum {
    AUTHORITIES = 3,
    RELAYS = 3,
    NODES = AUTHORITIES + RELAYS,
    PORTS = NODES + AUTHORITIES, /* an ORPort each, a DirPort an authority */
    /* Below those that the kernel gives to outgoing connections. */
    PORT_FIRST = 10000,
    PORT_LAST = 32000,
    PORT_TRIES = 200,
    /* ms: authorities vote when the wall clock fills a slot; those that start
     * just before one are all there for the next. */
    SLOT = 5000,
    SLOT_START = 4400,
    ASK_EVERY = 200,
    DEADLINE = 60000
};

enum step { MAKING_KEYS, AWAITING_SLOT, AWAITING_CONSENSUS, READY };

struct private_network {
    struct loop *loop;
    struct private_network_events events;
    struct permit *permit;
    char *dir, *address, *torrc;
    enum step step;
    struct node *nodes[NODES]; /* the authorities first */
    struct node_public public[NODES];
    size_t keys_made;
    struct loop_timer timer, deadline;
};

static void progress(struct private_network *n, int percent, const char *summary)
{
    if (n->events.progress)
        n->events.progress(n->events.arg, percent, summary);
}

static void stop_nodes(struct private_network *n)
{
    for (size_t i = 0; i < NODES; i++) {
        node_free(n->nodes[i]);
        n->nodes[i] = NULL;
    }
    loop_timer_clear(&n->timer);
    loop_timer_clear(&n->deadline);
}

/* What told us of it may be gone after this, and so may n. */
static void fail(struct private_network *n, const struct beam_why *why)
{
    if (n->step == READY) {
        log_error("tor", "private network: %s", why->text);
        return;
    }
    struct beam_why copy = *why;
    stop_nodes(n);
    n->events.ready(n->events.arg, copy.code, &copy);
}

/* ---- ports ----------------------------------------------------------------------------------- */

static void on_visitor(void *arg, int fd)
{
    (void)arg;
    close(fd);
}

/* Free ports, each held by a listener until all are found. */
static int pick_ports(struct loop *l, uint16_t *ports, struct beam_why *why)
{
    static const char host[] = "127.0.0.1";
    struct listener *held[PORTS] = {NULL};
    size_t found = 0;
    for (size_t tries = 0; found < PORTS && tries < PORT_TRIES; tries++) {
        struct addr at;
        uint16_t port = (uint16_t)(PORT_FIRST + rng_below(rng_system(), PORT_LAST - PORT_FIRST));
        if (addr_ip(host, strlen(host), port, &at) == 0 &&
            listen_open(l, &at, on_visitor, NULL, &held[found]) == 0)
            ports[found++] = port;
    }
    for (size_t i = 0; i < found; i++)
        listen_close(held[i]);
    if (found < PORTS)
        return beam_why(why, BEAM_EEXIST,
                        "private Tor network: no free ports between %d and %d on %s", PORT_FIRST,
                        PORT_LAST, host);
    return 0;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static int write_client_torrc(const struct private_network *n, struct beam_why *why)
{
    char text[NODE_TORRC_MAX];
    int err = node_torrc_client(n->public, NODES, n->address, text, sizeof(text));
    if (err == 0)
        err = file_write(n->torrc, 0600, text, strlen(text));
    if (err < 0)
        return beam_why(why, err, "private Tor network: %s cannot be written", n->torrc);
    return 0;
}

static void on_ended(void *arg, struct node *node, const struct beam_why *why)
{
    (void)node;
    fail(arg, why);
}

static void await_slot(struct private_network *n)
{
    struct beam_why why;
    for (size_t i = 0; i < NODES; i++)
        n->public[i] = *node_public(n->nodes[i]);
    if (write_client_torrc(n, &why) < 0) {
        fail(n, &why);
        return;
    }
    const struct clock_source *clock = clock_system();
    uint64_t in_slot = clock->wall_ms(clock->arg) % SLOT;
    n->step = AWAITING_SLOT;
    loop_timer_set(&n->timer, (SLOT_START - in_slot + SLOT) % SLOT);
    progress(n, 30, "waiting for the authorities' clock");
}

static void on_keys(void *arg, struct node *node, int err, const struct beam_why *why)
{
    struct private_network *n = arg;
    (void)node;
    if (err < 0)
        fail(n, why);
    else if (++n->keys_made == AUTHORITIES)
        await_slot(n);
}

static void run_nodes(struct private_network *n)
{
    struct beam_why why;
    for (size_t i = 0; i < NODES; i++)
        if (node_run(n->nodes[i], n->public, NODES, &why) < 0) {
            fail(n, &why);
            return;
        }
    n->step = AWAITING_CONSENSUS;
    loop_timer_set(&n->timer, ASK_EVERY);
    progress(n, 50, "waiting for the authorities to agree");
}

/* Ready once every authority lists every node. */
static void ask(struct private_network *n)
{
    size_t agreed = 0;
    for (size_t i = 0; i < AUTHORITIES; i++)
        agreed += node_ask(n->nodes[i]) == NODES;
    if (agreed < AUTHORITIES) {
        loop_timer_set(&n->timer, ASK_EVERY);
        return;
    }
    n->step = READY;
    loop_timer_clear(&n->deadline);
    progress(n, 100, "ready");
    n->events.ready(n->events.arg, 0, NULL);
}

static void on_timer(void *arg)
{
    struct private_network *n = arg;
    if (n->step == AWAITING_SLOT)
        run_nodes(n);
    else
        ask(n);
}

static void on_deadline(void *arg)
{
    struct private_network *n = arg;
    struct beam_why why;
    beam_why(&why, BEAM_ETIMEOUT,
             "private Tor network: its authorities did not agree on all nodes within %d s (this "
             "machine may be too busy)",
             DEADLINE / 1000);
    fail(n, &why);
}

/* ---- start and end --------------------------------------------------------------------------- */

/* tor-gencert: beside tor when tor was named by a path and it is there, else by PATH. */
static void find_gencert(const char *tor, char *out, size_t size)
{
    const char *slash = strrchr(tor, '/');
    int n = slash ? snprintf(out, size, "%.*s/tor-gencert", (int)(slash - tor), tor) : -1;
    if (n < 0 || (size_t)n >= size || access(out, X_OK) < 0)
        snprintf(out, size, "tor-gencert");
}

static int make_node(struct private_network *n, const struct private_network_options *options,
                     size_t i)
{
    char gencert[PATH_MAX];
    char *dir = file_join(n->dir, n->public[i].name);
    if (!dir)
        return BEAM_ENOMEM;
    find_gencert(options->binary, gencert, sizeof(gencert));
    const struct node_spec spec = {.loop = n->loop,
                                   .binary = options->binary,
                                   .gencert = gencert,
                                   .dir = dir,
                                   .address = n->address,
                                   .permit = n->permit};
    const struct node_events events = {.keys = on_keys, .ended = on_ended, .arg = n};
    int err = node_new(&spec, &n->public[i], &events, &n -> nodes[i]);
    free(dir);
    return err;
}

/* Names, kinds, ports; the nodes without their keys. */
static int make_nodes(struct private_network *n, const struct private_network_options *options,
                      struct beam_why *why)
{
    uint16_t ports[PORTS];
    int err = pick_ports(n->loop, ports, why);
    for (size_t i = 0; i < NODES && err == 0; i++) {
        struct node_public *p = &n->public[i];
        p->authority = i < AUTHORITIES;
        snprintf(p->name, sizeof(p->name), "%s%zu", p->authority ? "auth" : "relay", i);
        p->or_port = ports[i];
        p->dir_port = p->authority ? ports[NODES + i] : 0;
        err = make_node(n, options, i);
        if (err < 0)
            beam_why(why, err, "private Tor network: out of memory");
    }
    return err;
}

static int make_folder(const struct private_network *n, struct beam_why *why)
{
    int err = file_remove_tree(n->dir);
    if (err < 0)
        return beam_why(why, err, "private Tor network: %s cannot be emptied", n->dir);
    return file_private_dir(n->dir, why);
}

static int begin(struct private_network *n, const struct private_network_options *options,
                 struct beam_why *why)
{
    int err = permit_new_local(&n->permit);
    n->dir = strdup(options->dir);
    n->address = strdup(options->address);
    n->torrc = file_join(options->dir, "client.torrc");
    if (err < 0 || !n->dir || !n->address || !n->torrc)
        return beam_why(why, BEAM_ENOMEM, "private Tor network: out of memory");
    err = make_folder(n, why);
    if (err == 0)
        err = make_nodes(n, options, why);
    for (size_t i = 0; i < AUTHORITIES && err == 0; i++)
        err = node_make_keys(n->nodes[i], why);
    return err;
}

int private_network_start(struct loop *l, const struct private_network_options *options,
                          const struct private_network_events *events, struct private_network **out,
                          struct beam_why *why)
{
    struct private_network *n = calloc(1, sizeof(*n));
    if (!n)
        return beam_why(why, BEAM_ENOMEM, "private Tor network: out of memory");
    n->loop = l;
    n->events = *events;
    n->step = MAKING_KEYS;
    loop_timer_init(l, &n->timer, on_timer, n);
    loop_timer_init(l, &n->deadline, on_deadline, n);
    int err = begin(n, options, why);
    if (err < 0) {
        private_network_free(n);
        return err;
    }
    loop_timer_set(&n->deadline, DEADLINE);
    *out = n;
    return 0;
}

const char *private_network_torrc(const struct private_network *n)
{
    return n->torrc;
}

void private_network_free(struct private_network *n)
{
    if (!n)
        return;
    stop_nodes(n);
    permit_free(n->permit);
    free(n->dir);
    free(n->address);
    free(n->torrc);
    free(n);
}
