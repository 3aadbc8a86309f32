/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/check.h"

#include <stdlib.h>

#include "relay/port_proof.h"

struct check {
    struct check_spec spec;
    struct check_events events;
    size_t at; /* of the answer's URLs, that which is being looked at */
    struct beam_why first_why;
    struct proof *proof; /* one of the three */
    struct port_proof *port_proof;
    struct seal *seal;
};

static void stop(struct check *c)
{
    proof_free(c->proof);
    port_proof_free(c->port_proof);
    seal_free(c->seal);
    c->proof = NULL;
    c->port_proof = NULL;
    c->seal = NULL;
}

static void end(struct check *c, int err)
{
    struct beam_why why = c->first_why;
    c->events.done(c->events.arg, err, err < 0 ? &why : NULL,
                   err < 0 ? NULL : c->spec.answer->url[c->at]);
}

static void miss(struct check *c, const struct beam_why *why)
{
    if (c->at == 0)
        c->first_why = *why;
    c->at++;
}

static void on_looked(void *arg, int err, const struct beam_why *why);

static void on_visitor(void *arg, struct stream *s)
{
    struct check *c = arg;
    c->events.visitor(c->events.arg, s);
}

static int look_at(struct check *c, const char *url, struct beam_why *why)
{
    const struct check_spec *spec = &c->spec;
    const struct proof_events events = {.done = on_looked, .visitor = on_visitor, .arg = c};
    switch (spec->kind) {
    case RESERVATION_TLS:
        return seal_start(&spec->proof, spec->seal, url, on_looked, c, &c->seal, why);
    case RESERVATION_TCP:
    case RESERVATION_UDP:
        return port_proof_start(&spec->proof, spec->kind, url, &events, &c->port_proof, why);
    default:
        return proof_start(&spec->proof, url, &events, &c->proof, why);
    }
}

/* 0: one is being looked at; or why the first does not lead here. */
static int look(struct check *c)
{
    const struct check_spec *spec = &c->spec;
    while (c->at < spec->answer->url_count) {
        struct beam_why why = {.text = ""};
        int err = look_at(c, spec->answer->url[c->at], &why);
        if (err == 0)
            return 0;
        why.code = err;
        miss(c, &why);
    }
    return c->first_why.code;
}

static void on_looked(void *arg, int err, const struct beam_why *why)
{
    struct check *c = arg;
    struct beam_why words = {.text = ""};
    if (why)
        words = *why; /* it goes with who said it */
    stop(c);
    if (err < 0 && !(err == BEAM_EAUTH && c->spec.seal)) {
        miss(c, &words);
        err = look(c);
        if (err == 0)
            return;
    } else if (err < 0) {
        c->first_why = words;
    }
    end(c, err);
}

int check_start(const struct check_spec *spec, const struct check_events *events,
                struct check **out, struct beam_why *why)
{
    struct check *c = calloc(1, sizeof(*c));
    if (!c)
        return beam_why(why, BEAM_ENOMEM, "out of memory");
    c->spec = *spec;
    c->events = *events;
    c->first_why.code = BEAM_EPROTO; /* of an answer without any */
    int err = look(c);
    if (err < 0) {
        *why = c->first_why;
        check_free(c);
    } else {
        *out = c;
    }
    return err;
}

void check_visit(struct check *c, struct stream *s)
{
    if (c->proof)
        proof_visit(c->proof, s);
    else if (c->port_proof)
        port_proof_visit(c->port_proof, s);
    else
        c->events.visitor(c->events.arg, s);
}

void check_free(struct check *c)
{
    if (!c)
        return;
    stop(c);
    free(c);
}
