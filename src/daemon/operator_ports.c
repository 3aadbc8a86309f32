/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator_ports.h"

static size_t count(const struct port_range *r)
{
    return r->first == 0 ? 0 : (size_t)(r->last - r->first) + 1;
}

int operator_ports_limits(const struct conf *c, struct lease_limits *out, struct beam_why *why)
{
    struct port_range tcp, udp;
    int err = port_range_parse("relay.tcp_ports", c->relay_tcp_ports, &tcp, why);
    if (err == 0)
        err = port_range_parse("relay.udp_ports", c->relay_udp_ports, &udp, why);
    if (err < 0)
        return err;
    out->tcp = tcp;
    out->udp = udp;
    out->each_ports = c->relay_ports_per_key;
    return 0;
}

int operator_ports_open(const struct operator_ports_spec *spec, struct ports **out,
                        struct beam_why *why)
{
    const struct conf *c = spec->conf;
    struct lease_limits limits;
    int err = operator_ports_limits(c, &limits, why);
    if (err < 0)
        return err;
    const struct ports_spec ports = {.loop = spec->loop,
                                     .rng = rng_system(),
                                     .clock = clock_system(),
                                     .host = spec->host,
                                     .permit = spec->permit,
                                     .at = *spec->at,
                                     .store = spec->store,
                                     .terms = &spec->rules->terms,
                                     .front = spec->front,
                                     .guard = spec->rules->guard,
                                     .traffic = spec->rules->traffic,
                                     .counts = &spec->rules->counts,
                                     .max_ports = count(&limits.tcp) + count(&limits.udp),
                                     .max_visitors = c->relay_max_visitors,
                                     .max_memory = c->relay_max_memory,
                                     .max_streams = c->relay_max_streams,
                                     .idle_ms = c->relay_tcp_idle_timeout,
                                     .udp_idle_ms = c->relay_udp_idle_timeout,
                                     .visitor_addresses = c->relay_visitor_addresses};
    err = ports_new(&ports, out);
    return err < 0 ? beam_why(why, err, "relay: %s", beam_err_text(err)) : 0;
}
