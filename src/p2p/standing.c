/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/standing.h"

#include "base/log.h"
#include "p2p/core.h"

enum { REMEMBERED = 1024 };

static bool is_kept(const struct host *h, const struct peer_id *peer)
{
    const struct peer *p = pool_peer(&h->pool, peer);
    return p && p->kept > p->lodged;
}

enum repute_standing standing_of(const struct host *h, const struct peer_id *peer)
{
    enum repute_standing s = repute_of(h->repute, peer, loop_now(h->spec.loop));
    return s == REPUTE_IS_SHUNNED && is_kept(h, peer) ? REPUTE_IS_DOUBTED : s;
}

unsigned standing_doubt(const struct host *h, const struct peer_id *peer)
{
    unsigned debt = repute_debt(h->repute, peer, loop_now(h->spec.loop));
    if (debt < REPUTE_DOUBTED)
        return 0;
    return debt > REPUTE_SHUNNED && is_kept(h, peer) ? REPUTE_SHUNNED : debt;
}

static void on_shun(void *arg)
{
    struct host *h = arg;
    while (h->shunned_count > 0)
        host_disconnect(h, &h->shunned[--h->shunned_count]);
}

int standing_init(struct host *h)
{
    loop_task_init(&h->shun, on_shun, h);
    return repute_new(h->spec.rng, REMEMBERED, &h->repute);
}

void standing_clear(struct host *h)
{
    if (h->repute)
        loop_task_cancel(h->spec.loop, &h->shun);
    repute_free(h->repute);
    h->repute = NULL;
}

void standing_blame(struct host *h, const struct peer_id *peer, enum repute_offence what)
{
    char text[PEER_ID_TEXT_SIZE];
    uint64_t now = loop_now(h->spec.loop);
    if (peer_id_equal(peer, &h->id))
        return;
    repute_blame(h->repute, peer, what, now);
    peer_id_text(peer, text);
    log_info("p2p", "%s: %s; %u points are held against it", log_scrub(text), repute_text(what),
             repute_debt(h->repute, peer, now));
    if (standing_of(h, peer) != REPUTE_IS_SHUNNED || h->shunned_count == CORE_SHUNNED_MAX)
        return;
    h->shunned[h->shunned_count++] = *peer;
    loop_post(h->spec.loop, &h->shun);
}

static bool is_shut(const struct host *h, const struct peer_id *peer, const struct multiaddr *from,
                    const char *protocol)
{
    const struct standing_gate *g = &h->gate;
    return g->shuts && g->shuts(g->arg, peer, from && from->len > 0 ? from : NULL, protocol);
}

void standing_gate(struct host *h, const struct standing_gate *gate)
{
    h->gate = gate ? *gate : (struct standing_gate){.shuts = NULL};
}

int standing_enter(const struct host *h, const struct peer_id *peer, const struct multiaddr *from,
                   struct beam_why *why)
{
    return is_shut(h, peer, from, NULL) ? beam_why(why, BEAM_EAUTH, "it is shut out here") : 0;
}

bool standing_serves(const struct host *h, const struct host_peer *peer, const char *protocol)
{
    return !is_shut(h, peer->id, peer->addr, protocol);
}

int standing_lodge(struct host *h, const struct peer_id *peer, bool on)
{
    return pool_lodge(&h->pool, peer, on);
}

int standing_admit(const struct host *h, const struct peer_id *peer, struct beam_why *why)
{
    if (standing_of(h, peer) != REPUTE_IS_SHUNNED)
        return 0;
    unsigned minutes = repute_debt(h->repute, peer, loop_now(h->spec.loop)) - REPUTE_SHUNNED + 1;
    return beam_why(why, BEAM_EAUTH, "it broke the rules too often, and is let in again in %u min",
                    minutes);
}
