/* SPDX-License-Identifier: BSD-3-Clause */
/* Configuration of the nodes and the clients of a private Tor network. Pure. */
#ifndef BEAM_TOR_NODE_TORRC_H
#define BEAM_TOR_NODE_TORRC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum { NODE_NAME_SIZE = 20, NODE_FINGERPRINT_SIZE = 41, NODE_TORRC_MAX = 16 * 1024 };

/* What others know of a node. */
struct node_public {
    char name[NODE_NAME_SIZE];
    bool authority;
    uint16_t or_port, dir_port;
    char fingerprint[NODE_FINGERPRINT_SIZE]; /* of an authority: hex */
    char v3ident[NODE_FINGERPRINT_SIZE];     /* of its certificate: hex */
};

/*
 * The lines that make a tor a member of the network of the authorities among
 * `nodes`, which listen on `address`. 0 or BEAM_ELIMIT; out holds nothing of
 * use on failure.
 */
int node_torrc_client(const struct node_public *nodes, size_t n, const char *address, char *out,
                      size_t size);

struct node_torrc {
    const struct node_public *nodes; /* of the network */
    size_t count;
    const struct node_public *self;
    const char *address, *dir; /* dir: absolute, as torrc.h lays it out */
    pid_t owner;
};

/* The whole torrc of a node. 0, BEAM_EINVAL (a path), BEAM_ELIMIT; as above. */
int node_torrc(const struct node_torrc *spec, char *out, size_t size);

#endif
