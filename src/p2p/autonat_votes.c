/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/autonat_votes.h"

#include <netinet/in.h>
#include <string.h>

const char *autonat_state_name(enum autonat_state state)
{
    switch (state) {
    case AUTONAT_UNKNOWN:
        return "unknown";
    case AUTONAT_PUBLIC:
        return "public";
    case AUTONAT_PRIVATE:
        return "private";
    }
    return "unknown";
}

uint64_t autonat_network(const struct addr *a)
{
    uint32_t bits = 0;
    if (a->ss.ss_family == AF_INET) {
        memcpy(&bits, &((const struct sockaddr_in *)&a->ss)->sin_addr, sizeof(bits));
        return 1ull << 32 | ntohl(bits) >> 16;
    }
    if (a->ss.ss_family == AF_INET6)
        memcpy(&bits, &((const struct sockaddr_in6 *)&a->ss)->sin6_addr, sizeof(bits));
    return 2ull << 32 | ntohl(bits);
}

void autonat_votes_add(struct autonat_votes *v, const struct autonat_vote *vote)
{
    size_t i = 0;
    while (i < v->n && v->rows[i].network != vote->network)
        i++;
    if (i == v->n && v->n == AUTONAT_VOTES)
        i = 0;
    if (i < v->n) {
        memmove(&v->rows[i], &v->rows[i + 1], (v->n - i - 1) * sizeof(v->rows[0]));
        v->n--;
    }
    v->rows[v->n++] = *vote;
}

bool autonat_votes_asked(const struct autonat_votes *v, uint64_t network, uint64_t now)
{
    for (size_t i = 0; i < v->n; i++)
        if (v->rows[i].network == network && now - v->rows[i].at < AUTONAT_AGAIN_MS)
            return true;
    return false;
}

static bool counts(const struct autonat_vote *vote, uint64_t now, enum autonat_answer answer)
{
    return vote->answer == answer && now - vote->at < AUTONAT_VOTE_MS;
}

/* Of those who reached us, how many did so there. */
static unsigned reached_at(const struct autonat_votes *v, uint64_t now, const struct multiaddr *at)
{
    unsigned n = 0;
    for (size_t i = 0; i < v->n; i++)
        n += counts(&v->rows[i], now, AUTONAT_REACHED) && multiaddr_equal(&v->rows[i].addr, at);
    return n;
}

enum autonat_state autonat_votes_verdict(const struct autonat_votes *v, uint64_t now,
                                         struct multiaddr *addr)
{
    unsigned failed = 0, most = 0;
    const struct multiaddr *best = NULL;
    for (size_t i = 0; i < v->n; i++) {
        failed += counts(&v->rows[i], now, AUTONAT_FAILED);
        unsigned n =
            counts(&v->rows[i], now, AUTONAT_REACHED) ? reached_at(v, now, &v->rows[i].addr) : 0;
        if (n > most) {
            most = n;
            best = &v->rows[i].addr;
        }
    }
    if (best && most >= AUTONAT_AGREE) {
        *addr = *best;
        return AUTONAT_PUBLIC;
    }
    return failed >= AUTONAT_AGREE && failed > most ? AUTONAT_PRIVATE : AUTONAT_UNKNOWN;
}
