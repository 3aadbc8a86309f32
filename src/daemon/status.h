/* SPDX-License-Identifier: BSD-3-Clause */
/* The reply to `status`: the daemon, its tor, and a page of its tunnels. */
#ifndef BEAM_DAEMON_STATUS_H
#define BEAM_DAEMON_STATUS_H

#include <cjson/cJSON.h>

#include "daemon/publication.h"
#include "tor/tor.h"

struct status_facts {
    const char *version;
    const struct tor *tor;
    struct publications *publications;
    const struct keystore *keys;
    uint64_t started, now; /* milliseconds since 1970 */
};

/* The tunnels with ids above `after`, MESSAGE_PAGE at most; "more" tells that there are others.
 * An object the caller deletes, or NULL when out of memory. */
cJSON *status_reply(const struct status_facts *facts, uint64_t id, uint64_t after);

#endif
