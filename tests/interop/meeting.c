/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/interop/meeting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

enum { MANY = 1000, LOOK_MS = 5, HOUR_MS = 60 * 60 * 1000 };

struct meeting {
    struct loop *loop;
    struct host *host;
    struct relayed *relayed;
    struct hop *hop;
    struct multiaddr relay; /* of the reservation at hand */
    size_t wanted;          /* reservations */
    struct loop_timer look;
};

static void reply_error(int err, const char *words)
{
    printf("error %s %s\n", beam_err_name(err), words);
    fflush(stdout);
}

static void on_look(void *arg)
{
    struct meeting *m = arg;
    char relay[MULTIADDR_TEXT_SIZE], id[PEER_ID_TEXT_SIZE];
    if (relayed_held(m->relayed) < m->wanted) {
        loop_timer_set(&m->look, LOOK_MS);
        return;
    }
    multiaddr_text(&m->relay, relay);
    peer_id_text(host_id(m->host), id);
    printf("ok %s/p2p-circuit/p2p/%s\n", relay, id);
    fflush(stdout);
}

void meeting_reserve(struct meeting *m, const char *relay)
{
    struct beam_why why = {0};
    int err = multiaddr_parse(relay, strlen(relay), &m->relay, &why);
    if (err == 0) {
        m->wanted = relayed_held(m->relayed) + 1;
        err = relayed_reserve(m->relayed, &m->relay);
    }
    if (err < 0)
        reply_error(err, why.text);
    else
        on_look(m);
}

void meeting_way(struct meeting *m, const struct peer_id *peer)
{
    struct host_peer found;
    if (!host_find(m->host, peer, &found)) {
        reply_error(BEAM_ENOTFOUND, "not connected");
        return;
    }
    printf("ok %s\n", way_name(found.way));
    fflush(stdout);
}

static bool has_word(int argc, char **argv, const char *word)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], word) == 0)
            return true;
    return false;
}

int meeting_permit(int argc, char **argv, struct permit **out)
{
    struct policy policy;
    if (!has_word(argc, argv, "any"))
        return permit_new_local(out);
    int err = policy_ad_hoc(POLICY_ONION, POLICY_EGRESS_ANY, &policy);
    policy.allow_private = true;
    return err < 0 ? err : permit_new(&policy, out);
}

struct meeting *meeting_new(struct loop *l, struct host *h, const struct key_pair *key, int argc,
                            char **argv)
{
    bool relays = has_word(argc, argv, "relay");
    struct meeting *m = calloc(1, sizeof(*m));
    const struct relayed_spec relayed = {
        .loop = l, .host = h, .rng = rng_system(), .clock = clock_system()};
    const struct hop_spec hop = {.loop = l,
                                 .host = h,
                                 .rng = rng_system(),
                                 .clock = clock_system(),
                                 .key = key,
                                 .limits = {.reservations = MANY,
                                            .per_source = MANY,
                                            .circuits = MANY,
                                            .per_peer = MANY,
                                            .reservation_ms = HOUR_MS}};
    if (!m || relayed_new(&relayed, &m->relayed) < 0 || (relays && hop_new(&hop, &m->hop) < 0)) {
        fprintf(stderr, "peer: no circuits\n");
        exit(1);
    }
    m->loop = l;
    m->host = h;
    loop_timer_init(l, &m->look, on_look, m);
    return m;
}

void meeting_free(struct meeting *m)
{
    loop_timer_clear(&m->look);
    hop_free(m->hop);
    relayed_free(m->relayed);
    free(m);
}
