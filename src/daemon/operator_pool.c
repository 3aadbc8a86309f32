/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator_pool.h"

#include <stdlib.h>

enum { WORDS_FIXED = 16 };

/* Where a port was picked, they are told which. */
struct places {
    char listen[ADDR_TEXT_SIZE], tls_listen[ADDR_TEXT_SIZE], p2p[ADDR_TEXT_SIZE];
};

static void option(const char **argv, size_t *n, const char *name, const char *value)
{
    if (!value || !value[0])
        return;
    argv[(*n)++] = name;
    argv[(*n)++] = value;
}

static const char **words_of(const struct operator_options *o, const struct places *at)
{
    const char **argv = calloc(WORDS_FIXED + 2 * o->daemon.assignment_count, sizeof(*argv));
    size_t n = 0;
    if (!argv)
        return NULL;
    argv[n++] = "relay";
    option(argv, &n, "--listen", at->listen);
    option(argv, &n, "--tls-listen", at->tls_listen);
    option(argv, &n, "--p2p", at->p2p);
    option(argv, &n, "--acme", o->acme);
    option(argv, &n, "--config", o->daemon.config);
    for (size_t i = 0; i < o->daemon.assignment_count; i++)
        option(argv, &n, "-o", o->daemon.assignments[i]);
    return argv;
}

static int read_places(const struct operator_pool_spec *spec, struct places *out)
{
    enum multiaddr_code transport;
    struct addr p2p;
    int err = multiaddr_to_addr(spec->p2p, &p2p, &transport);
    if (err < 0)
        return err;
    *out = (struct places){.listen = ""};
    addr_text(&p2p, out->p2p);
    addr_text(spec->listen, out->listen);
    if (spec->tls_listen)
        addr_text(spec->tls_listen, out->tls_listen);
    return 0;
}

int operator_pool_new(const struct operator_pool_spec *spec, struct worker_pool **out,
                      struct beam_why *why)
{
    struct places at;
    int err = read_places(spec, &at);
    if (err < 0)
        return beam_why(why, err, "relay: %s", beam_err_text(err));
    const char **argv = words_of(spec->options, &at);
    if (!argv)
        return beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    const struct worker_pool_spec pool = {
        .loop = spec->loop, .argv = argv, .dir = spec->dir, .count = spec->count};
    err = worker_pool_new(&pool, out, why);
    free(argv);
    return err;
}
