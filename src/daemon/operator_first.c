/* SPDX-License-Identifier: BSD-3-Clause */
/* What there is one of in a relay, which its first process has. */
#include "daemon/operator_parts.h"

static void on_part_stopped(void *arg)
{
    struct operator* r = arg;
    subsystems_stopped(&r->subsystems);
}

/* ---- the onion service ---------------------------------------------------------------------- */

static void on_onion_up(void *arg, const char *address)
{
    struct operator* r = arg;
    operator_say_onion(&r->say, address);
}

static void free_onion(void *arg)
{
    struct operator* r = arg;
    operator_onion_free(r->onion);
    r->onion = NULL;
}

static int start_onion(void *arg, struct beam_why *why)
{
    struct operator* r = arg;
    const struct operator_onion_spec spec = {.loop = r->loop,
                                             .host = r->peer.host,
                                             .conf = r->setup->conf,
                                             .dir = r->setup->home->relay,
                                             .key = r->keys.onion,
                                             .up = on_onion_up,
                                             .warning = operator_on_warning,
                                             .arg = r};
    if (!r->setup->conf->relay_tor)
        return 0;
    r->keys.onion = NULL; /* the onion's now */
    return operator_onion_new(&spec, &r->onion, why);
}

static bool stop_onion(void *arg)
{
    struct operator* r = arg;
    return !r->onion || operator_onion_stop(r->onion, on_part_stopped, r);
}

/* ---- denylists from elsewhere --------------------------------------------------------------- */

static void free_lists(void *arg)
{
    struct operator* r = arg;
    operator_lists_free(r->lists);
    r->lists = NULL;
}

static int start_lists(void *arg, struct beam_why *why)
{
    struct operator* r = arg;
    const struct operator_lists_spec spec = {.loop = r->loop,
                                             .conf = r->setup->conf,
                                             .permit = r->peer.permit,
                                             .tor = r->onion ? operator_onion_tor(r->onion) : NULL,
                                             .lists = r->rules.denylists,
                                             .warning = operator_on_warning,
                                             .arg = r};
    return operator_lists_new(&spec, &r->lists, why);
}

/* ---- the network ---------------------------------------------------------------------------- */

static void free_network(void *arg)
{
    struct operator* r = arg;
    operator_network_free(r->network);
    r->network = NULL;
}

static int start_network(void *arg, struct beam_why *why)
{
    struct operator* r = arg;
    const struct operator_network_spec spec = {.loop = r->loop,
                                               .host = r->peer.host,
                                               .policy = &r->peer.policy,
                                               .permit = r->peer.permit,
                                               .key = r->keys.pair,
                                               .store = r->store,
                                               .terms = &r->rules.terms,
                                               .conf = r->setup->conf,
                                               .base = operator_front_base(r->front),
                                               .dir = r->setup->home->relay,
                                               .version = r->options->daemon.version};
    return operator_network_new(&spec, &r->network, why);
}

/* ---- its operator's commands ---------------------------------------------------------------- */

static void free_control(void *arg)
{
    struct operator* r = arg;
    operator_control_free(r->control);
    r->control = NULL;
}

static int start_control(void *arg, struct beam_why *why)
{
    struct operator* r = arg;
    return operator_control_new(r->loop, r->setup->home->operator, r->options->daemon.version,
                                &r->acts, &r->control, why);
}

/* ---- its counts ----------------------------------------------------------------------------- */

static void count_now(void *arg, struct counts_now *out)
{
    struct operator* r = arg;
    *out = (struct counts_now){.visitors = front_visitors(operator_front_visitors(r->front)) +
                                           ports_sources(r->ports),
                               .ports = ports_count(r->ports),
                               .reservations = lease_count(r->store),
                               .owners = host_peers(r->peer.host),
                               .bans = bans_count(r->rules.bans),
                               .carried = traffic_used(r->rules.traffic),
                               .month = r->setup->conf->relay_month,
                               .blocks = buf_pool_used(loop_pool(r->loop)),
                               .work = registrar_work(r->registrar),
                               .workers = 1,
                               .denied = denylists_entries(r->rules.denylists),
                               .old_denylists = operator_lists_old(r->lists)};
    r->counts = r->rules.counts;
    operator_crew_sum(r->crew, &r->counts, out);
}

static void free_metrics(void *arg)
{
    struct operator* r = arg;
    operator_metrics_free(r->metrics);
    r->metrics = NULL;
}

static int start_metrics(void *arg, struct beam_why *why)
{
    struct operator* r = arg;
    const struct operator_metrics_spec spec = {.loop = r->loop,
                                               .listen = r->setup->conf->metrics_listen,
                                               .counts = &r->counts,
                                               .now = count_now,
                                               .arg = r};
    return spec.listen[0] ? operator_metrics_new(&spec, &r->metrics, why) : 0;
}

/* ---- the further processes ------------------------------------------------------------------ */

static void free_pool(void *arg)
{
    struct operator* r = arg;
    worker_pool_free(r->pool);
    r->pool = NULL;
}

static int start_pool(void *arg, struct beam_why *why)
{
    struct operator* r = arg;
    const struct operator_pool_spec spec = {.loop = r->loop,
                                            .options = r->options,
                                            .dir = r->dir,
                                            .listen = operator_front_at(r->front),
                                            .tls_listen = operator_front_at_tls(r->front),
                                            .p2p = host_addr(r->peer.host, 0),
                                            .count = r->workers};
    return r->workers > 1 ? operator_pool_new(&spec, &r->pool, why) : 0;
}

static bool stop_pool(void *arg)
{
    struct operator* r = arg;
    return !r->pool || worker_pool_stop(r->pool, on_part_stopped, r);
}

const struct subsystem *operator_first_parts(size_t *count)
{
    static const struct subsystem parts[] = {
        {"onion", start_onion, stop_onion, free_onion},
        {"lists", start_lists, NULL, free_lists},
        {"network", start_network, NULL, free_network},
        {"control", start_control, NULL, free_control},
        {"metrics", start_metrics, NULL, free_metrics},
        {"workers", start_pool, stop_pool, free_pool},
    };
    *count = sizeof(parts) / sizeof(parts[0]);
    return parts;
}
