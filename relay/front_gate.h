/* SPDX-License-Identifier: BSD-3-Clause */
/* The page that browsers see first (relay/interstitial), at the front. For its files alone. */
#ifndef BEAM_RELAY_FRONT_GATE_H
#define BEAM_RELAY_FRONT_GATE_H

#include "relay/front_parts.h"
#include "relay/interstitial.h"

/* How a visitor came, "http" or "https". Static storage. */
const char *front_gate_scheme(const struct guest *g);
/* The name of a cookie of the relay's own at this endpoint, or NULL. Static storage. */
const char *front_gate_cookie(const struct guest *g, const struct endpoint *e);
/* What the page's button sends. True: it is answered. */
bool front_gate_enter(struct guest *g, const struct http_head *head, const struct lease *lease,
                      const struct endpoint *e);
/* What terms let pass. True: the page is the answer. */
bool front_gate_show(struct guest *g, const struct http_head *head, const struct lease *lease,
                     const struct endpoint *e);

#endif
