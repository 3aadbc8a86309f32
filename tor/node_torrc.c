/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/node_torrc.h"

#include <string.h>

#include "tor/page.h"
#include "tor/torrc.h"

static void put_client(struct page *p, const struct node_public *nodes, size_t n,
                       const char *address)
{
    page_put(p, "TestingTorNetwork 1\n"
                "AssumeReachable 1\n"
                "PathsNeededToBuildCircuits 0.25\n"
                /* Six hops on one machine: KIST would hold each up for 10 ms. */
                "Schedulers Vanilla\n");
    for (size_t i = 0; i < n; i++)
        if (nodes[i].authority)
            page_put(p, "DirAuthority %s orport=%u no-v2 v3ident=%s %s:%u %s\n", nodes[i].name,
                     (unsigned)nodes[i].or_port, nodes[i].v3ident, address,
                     (unsigned)nodes[i].dir_port, nodes[i].fingerprint);
}

int node_torrc_client(const struct node_public *nodes, size_t n, const char *address, char *out,
                      size_t size)
{
    struct page p;
    page_init(&p, out, size);
    put_client(&p, nodes, n, address);
    return p.err;
}

/* A consensus every few seconds at first, and no more often than needed later. */
static const char timing[] = "V3AuthVotingInterval 20\n"
                             "V3AuthVoteDelay 2\n"
                             "V3AuthDistDelay 2\n"
                             "TestingV3AuthInitialVotingInterval 5\n"
                             "TestingV3AuthInitialVoteDelay 2\n"
                             "TestingV3AuthInitialDistDelay 2\n";

static const char relaying[] = "SocksPort 0\n"
                               "ContactInfo none\n"
                               "NumCPUs 1\n"
                               /* Not for clients: it keeps the guards they chose from the disk for
                                * ten minutes, and a tor killed before then chooses others. */
                               "AvoidDiskWrites 1\n"
                               "ShutdownWaitLength 0\n"
                               "ServerDNSDetectHijacking 0\n"
                               "ServerDNSAllowBrokenConfig 1\n"
                               "DoSCircuitCreationEnabled 0\n"
                               "DoSConnectionEnabled 0\n"
                               "DoSRefuseSingleHopClientRendezvous 0\n"
                               "ExitRelay 1\n"
                               "ExitPolicyRejectPrivate 0\n"
                               "ExitPolicyRejectLocalInterfaces 0\n"
                               "ExitPolicy accept 127.0.0.0/8:*\n";

static const char deciding[] = "AuthoritativeDirectory 1\n"
                               "V3AuthoritativeDirectory 1\n"
                               "TestingDirAuthVoteExit *\n"
                               "TestingDirAuthVoteGuard *\n"
                               "TestingDirAuthVoteHSDir *\n"
                               "TestingMinExitFlagThreshold 0\n"
                               /* Vegas starts small for the sake of a wide network. */
                               "ConsensusParams cc_cwnd_min=1000 cc_cwnd_init=1000\n";

int node_torrc(const struct node_torrc *spec, char *out, size_t size)
{
    const struct node_public *self = spec->self;
    struct page p;
    page_init(&p, out, size);
    put_client(&p, spec->nodes, spec->count, spec->address);
    page_put(&p, "%s%s", timing, relaying);
    /* The default policy follows, for clients choose no exit that takes this machine's own
     * addresses alone; the source address keeps what it allows from leaving this machine. */
    page_put(&p, "ExitPolicy accept %s/32:*\nOutboundBindAddress %s\n", spec->address,
             spec->address);
    page_put(&p, "Nickname %s\nAddress %s\nORPort %s:%u\n", self->name, spec->address,
             spec->address, (unsigned)self->or_port);
    /* Relays fetch descriptors at their leisure, and a client that asked one too early waits 10 s
     * before it asks again. So clients are to ask authorities, which have them from the start. */
    if (self->authority)
        page_put(&p, "%sDirPort %s:%u\n", deciding, spec->address, (unsigned)self->dir_port);
    else
        page_put(&p, "DirCache 0\n");
    torrc_common(&p, spec->dir, spec->owner);
    return p.err;
}
