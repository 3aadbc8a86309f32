/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A publication is a tunnel that somebody asked the daemon for: it has an id, perhaps a
 * subscriber who hears its events, and it ends with that subscriber unless it is detached.
 */
#ifndef BEAM_DAEMON_PUBLICATION_H
#define BEAM_DAEMON_PUBLICATION_H

#include <cjson/cJSON.h>

#include "conf/conf.h"
#include "daemon/message.h"
#include "tunnel/tunnel.h"

struct publication;
struct publications;

struct publications_spec {
    const struct tunnel_world *world; /* borrowed */
    const struct conf *conf;          /* borrowed */
    /* The last one has gone, or the first has come. */
    void (*changed)(void *arg);
    void *arg;
};

/* Whoever hears of it. */
struct publication_subscriber {
    /* An event, borrowed for the call. After "stopped" nothing more comes, and the publication is
     * gone once the call returns. */
    void (*event)(void *arg, const cJSON *event);
    void *arg;
};

/* 0 or BEAM_ENOMEM. */
int publications_new(const struct publications_spec *spec, struct publications **out);
/* Ends all that there are; each subscriber hears an error with these words, then "stopped". */
void publications_stop(struct publications *ps, const struct beam_why *why);
/* NULL allowed. Subscribers hear nothing. */
void publications_free(struct publications *ps);

/* Tor came so far, or is in trouble: those who wait for it are told. */
void publications_tor_progress(struct publications *ps, int percent, const char *summary);
void publications_tor_warning(struct publications *ps, const struct beam_why *why);

size_t publications_count(const struct publications *ps);
/* In order of id: the first with an id above `id`, and the one after that; NULL: no more. */
struct publication *publications_above(struct publications *ps, uint64_t id);
struct publication *publication_next(const struct publication *p);
/* By name, else by id in decimal digits; NULL when there is none. */
struct publication *publications_find(struct publications *ps, const char *what);
struct publication *publications_by_id(struct publications *ps, uint64_t id);
/* A subscriber left: what it published ends, but for what is detached, which goes on unheard. */
void publications_leave(struct publications *ps, const void *subscriber_arg);

/* Opens a tunnel. BEAM_EUSAGE (the target or the name is none), BEAM_EEXIST, BEAM_ELIMIT,
 * BEAM_EPOLICY, BEAM_ENOTFOUND (no such policy) …, with words. The first event comes later. */
int publication_open(struct publications *ps, const struct message *m,
                     const struct publication_subscriber *to, struct publication **out,
                     struct beam_why *why);
/* Takes it down; its subscriber hears "stopped". */
void publication_stop(struct publication *p);

uint64_t publication_id(const struct publication *p);
const struct tunnel *publication_tunnel(const struct publication *p);
bool publication_detached(const struct publication *p);
bool publication_ephemeral(const struct publication *p);
/* Milliseconds since 1970. */
uint64_t publication_since(const struct publication *p);

#endif
