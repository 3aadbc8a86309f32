/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A tunnel publishes a target by every path of its policy, joins each visitor to the target, and
 * tells of its requests.
 */
#ifndef BEAM_TUNNEL_TUNNEL_H
#define BEAM_TUNNEL_TUNNEL_H

#include "base/rng.h"
#include "identity/keystore.h"
#include "loop/loop.h"
#include "path/path.h"
#include "policy/permit.h"
#include "relay/where.h"
#include "tor/isolation.h"
#include "tor/onion.h"
#include "tunnel/target.h"

struct tunnel;

/* What all tunnels of a daemon share. Borrowed; outlives them. */
struct tunnel_world {
    struct loop *loop;
    struct tor *tor;
    const struct isolation *isolation; /* of circuits */
    const struct rng *rng;
    const struct clock_source *clock;
    struct keystore *keys;
    const char *run_dir;           /* sockets */
    const char *relays_dir;        /* kept: what relays gave, and who they are */
    const char *ca_file;           /* trusted beside the system's authorities; or "" */
    const char *bootstrap;         /* nodes of the DHT to begin with, one a line */
    const char *rendezvous;        /* nodes of the DHT of IPFS, for those who know nobody */
    struct departures *departures; /* NULL: relays are not told of a tunnel's end */
    uint64_t connect_timeout;      /* ms */
    uint64_t max_streams;          /* of a tunnel that is opened now */
    struct onion_limits onion_limits;
    const char *services_dir; /* of onions whose policy has visitors' circuits told apart */
    uint64_t tls_check;       /* ms between two looks whether a relay opens TLS that is ours */
    uint64_t onion_watch;     /* ms between two looks whether an onion can be reached; 0: never */
};

enum { TUNNEL_RELAYS_MAX = 8 };

/* How what visitors say is taken. */
enum tunnel_protocol {
    TUNNEL_BYTES, /* passed on untouched, and looked at for the request log */
    TUNNEL_TCP,   /* passed on, and not looked at */
    TUNNEL_HTTP,  /* request by request, each of them judged */
    TUNNEL_UDP    /* datagrams, which relays alone bring */
};

struct tunnel_spec {
    const char *name; /* a valid label */
    struct target target;
    struct policy policy;
    bool ephemeral;          /* keys of its own that are forgotten */
    const char *client_auth; /* file of the visitors who may enter the onion; NULL: anybody may */
    const char *basic_auth;  /* file of the passwords that let requests in; NULL: all. HTTP alone */
    enum tunnel_protocol protocol;
    bool tls_passthrough;                  /* relays pass TLS on unopened, and it is opened here: */
    const char *tls_certificate, *tls_key; /* with these files (PEM); NULL: by the target */
    bool find_relay; /* of a policy with a relay, when none is named: one of the network's */
    bool rendezvous; /* then, nodes of the network are looked for in the DHT of IPFS, too */
    const struct where *relays; /* of a policy with a relay; at most TUNNEL_RELAYS_MAX */
    size_t relay_count;
    bool named;          /* the name is the user's own choice, for others to see */
    uint16_t relay_port; /* that is wanted there, with TUNNEL_TCP and TUNNEL_UDP; 0: any */
};

/* One HTTP exchange, or one connection of another protocol (method ""). */
struct tunnel_request {
    uint64_t id;         /* 1, 2, 3 … in this tunnel */
    const char *method;  /* "" when it is not HTTP */
    const char *target;  /* as it came: escape before showing; "" when it is not HTTP */
    int status;          /* 0 when none was seen */
    uint64_t ms;         /* from the head's first byte to the response's last */
    uint64_t in, out;    /* bytes from the visitor, to the visitor, heads included */
    const char *path;    /* kind */
    const char *circuit; /* the same for all of one circuit of a visitor's; "" when not known */
};

/* All called from the loop, none from within a tunnel_… call. tunnel_free may be called from
 * `failed`, and from no other. */
struct tunnel_events {
    void (*progress)(void *arg, struct path *p, int percent, const char *summary);
    void (*path_up)(void *arg, struct path *p, uint64_t ms); /* since tunnel_open or path_down */
    void (*path_down)(void *arg, struct path *p, const struct beam_why *why, uint64_t retry_ms);
    void (*request)(void *arg, const struct tunnel_request *r);
    /* Of a path; and of the target: once when it is found not to answer, and once (with code 0)
     * when it is found to answer again. */
    void (*warning)(void *arg, const struct beam_why *why);
    /* No path can come up. The owner calls tunnel_free, now or later. */
    void (*failed)(void *arg, const struct beam_why *why);
    void *arg;
};

/*
 * Opens it: BEAM_EPOLICY when the policy does not cover the target (then nothing was made),
 * BEAM_EINVAL (a unix path that is no socket), what persona_open says of its keys (BEAM_EAUTH: the
 * key store is locked), … with words. Texts of spec are copied. Events come later.
 */
int tunnel_open(const struct tunnel_world *world, const struct tunnel_spec *spec,
                const struct tunnel_events *events, struct tunnel **out, struct beam_why *why);
/* Takes all paths down and resets all streams; relays are told, for which the world's departures
 * see. NULL allowed. */
void tunnel_free(struct tunnel *t);

const char *tunnel_name(const struct tunnel *t);
const struct target *tunnel_target(const struct tunnel *t);
const struct policy *tunnel_policy(const struct tunnel *t);
/* Whether relays cannot read what they carry of it. */
bool tunnel_is_sealed(const struct tunnel *t);
/* The paths in order of preference. */
size_t tunnel_path_count(const struct tunnel *t);
struct path *tunnel_path(const struct tunnel *t, size_t i);
enum path_state tunnel_path_state(const struct tunnel *t, size_t i);

struct tunnel_figures {
    uint64_t requests; /* of HTTP, ended */
    uint64_t connections, open_streams;
    uint64_t in, out; /* bytes */
};
void tunnel_figures(const struct tunnel *t, struct tunnel_figures *out);

#endif
