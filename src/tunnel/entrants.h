/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The visitors who are in a tunnel, whichever path brought them: each is joined to the target, as
 * the tunnel's protocol has it, told of and counted.
 */
#ifndef BEAM_TUNNEL_ENTRANTS_H
#define BEAM_TUNNEL_ENTRANTS_H

#include "gate/passwords.h"
#include "stream/tls_context.h"
#include "tunnel/tunnel.h"

struct entrants;

struct entrants_spec { /* all borrowed while they live */
    const struct tunnel_world *world;
    const struct permit *permit;
    const struct target *target;
    const struct passwords *passwords; /* NULL: none are asked for */
    enum tunnel_protocol protocol;
    const struct tunnel_events *events; /* of these, `request` and `warning` */
    void (*full)(void *arg, bool full); /* there is no room for another; there is again */
    void *arg;
};

/* 0 or BEAM_ENOMEM. */
int entrants_new(const struct entrants_spec *spec, struct entrants **out);
/* Takes the stream over, always. `circuit` as path_events has it. With `tls`, borrowed until the
 * stream has ended, what comes is TLS that is to be opened here; else NULL. */
void entrants_admit(struct entrants *e, struct path *by, struct stream *s, const char *circuit,
                    const struct tls_context *tls);
/* Resets what those have open who came by it. */
void entrants_evict(struct entrants *e, const struct path *by);
void entrants_figures(const struct entrants *e, struct tunnel_figures *out);
/* Resets what is open; nothing more is called. NULL allowed. */
void entrants_free(struct entrants *e);

#endif
