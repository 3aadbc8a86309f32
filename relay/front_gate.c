/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/front_gate.h"

enum { STATUS_SEE_OTHER = 303, STATUS_FORBIDDEN = 403 };

/* Behind a server of the operator's that ends TLS, all came as the relay's own URL says. */
const char *front_gate_scheme(const struct guest *g)
{
    const struct front_spec *spec = &g->front->spec;
    if (!spec->tls)
        return endpoint_scheme(spec->base);
    return g->tls ? "https" : "http";
}

/* In the class webhook there are no pages. */
static bool is_there(const struct guest *g)
{
    const struct front_spec *spec = &g->front->spec;
    return spec->interstitial && spec->terms->interstitial && g->class != TERMS_WEBHOOK;
}

static struct interstitial_place place_of(const struct guest *g, const uint8_t *id,
                                          const struct endpoint *e)
{
    return (struct interstitial_place){
        .id = id, .prefix = e->prefix, .scheme = front_gate_scheme(g)};
}

static uint64_t wall(const struct guest *g)
{
    const struct clock_source *clock = g->front->spec.clock;
    return clock->wall_ms(clock->arg);
}

const char *front_gate_cookie(const struct guest *g, const struct endpoint *e)
{
    const struct interstitial_place at = place_of(g, g->id, e);
    return is_there(g) ? interstitial_cookie(&at) : NULL;
}

bool front_gate_enter(struct guest *g, const struct http_head *head, const struct lease *lease,
                      const struct endpoint *e)
{
    const struct interstitial_place at = place_of(g, lease->id, e);
    char fields[INTERSTITIAL_ENTRY_MAX];
    if (!is_there(g) || !interstitial_enters(&at, head))
        return false;
    struct answer a = {.status = STATUS_FORBIDDEN};
    if (interstitial_entry(g->front->spec.interstitial, &at, head, wall(g), fields))
        a = (struct answer){.status = STATUS_SEE_OTHER, .fields = fields};
    engine_answer(g->engine, &a);
    return true;
}

bool front_gate_show(struct guest *g, const struct http_head *head, const struct lease *lease,
                     const struct endpoint *e)
{
    const struct front_spec *spec = &g->front->spec;
    const struct interstitial_place at = place_of(g, lease->id, e);
    char page[INTERSTITIAL_PAGE_MAX];
    if (!is_there(g) || !terms_navigates(head) ||
        interstitial_seen(spec->interstitial, &at, head, wall(g)))
        return false;
    size_t len = interstitial_page(&at, head, spec->contact, page);
    engine_answer(g->engine, &(struct answer){.status = STATUS_FORBIDDEN,
                                              .fields = interstitial_fields(),
                                              .body = page,
                                              .body_len = len});
    return true;
}
