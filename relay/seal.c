/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/seal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct seal {
    struct proof_spec spec;
    const struct seal_source *source;
    char url[RESERVATION_URL_SIZE], host[WHERE_TEXT_SIZE];
    void *asked;
    struct proof *proof;
    bool again; /* it is the second time */
    seal_fn *done;
    void *arg;
};

static int ask(struct seal *s);

static void end(struct seal *s, int err, const struct beam_why *why)
{
    s->done(s->arg, err, err < 0 ? why : NULL);
}

static void on_proved(void *arg, int err, const struct beam_why *why)
{
    struct seal *s = arg;
    struct beam_why words = {.text = ""};
    if (why)
        words = *why; /* it goes with the proof */
    proof_free(s->proof);
    s->proof = NULL;
    /* A certificate may have become another one between the two looks. */
    if (err == BEAM_EAUTH && !s->again) {
        s->again = true;
        if (ask(s) == 0)
            return;
    }
    end(s, err, &words);
}

static void on_digest(void *arg, int err, const struct beam_why *why,
                      const uint8_t digest[TLS_DIGEST_SIZE])
{
    struct seal *s = arg;
    const struct proof_events events = {.done = on_proved, .arg = s};
    struct beam_why words = {.text = ""};
    s->asked = NULL;
    if (err < 0) {
        words = *why;
        end(s, err == BEAM_EAUTH ? BEAM_EPROTO : err, &words); /* that accuses nobody */
        return;
    }
    s->spec.pin = digest;
    err = proof_start(&s->spec, s->url, &events, &s->proof, &words);
    s->spec.pin = NULL;
    if (err < 0)
        end(s, err, &words);
}

static int ask(struct seal *s)
{
    return s->source->ask(s->source->source, s->host, on_digest, s, &s->asked);
}

int seal_start(const struct proof_spec *spec, const struct seal_source *source, const char *url,
               seal_fn *done, void *arg, struct seal **out, struct beam_why *why)
{
    struct where_url parts;
    int err = where_parse_url(url, &parts, why);
    if (err < 0)
        return err;
    struct seal *s = calloc(1, sizeof(*s));
    if (!s)
        return beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    s->spec = *spec;
    s->source = source;
    s->done = done;
    s->arg = arg;
    snprintf(s->url, sizeof(s->url), "%s", url);
    snprintf(s->host, sizeof(s->host), "%s", parts.host);
    err = ask(s);
    if (err < 0) {
        free(s);
        return beam_why(why, err, "relay: %s", beam_err_text(err));
    }
    *out = s;
    return 0;
}

void seal_free(struct seal *s)
{
    if (!s)
        return;
    if (s->asked)
        s->source->cancel(s->source->source, s->asked);
    proof_free(s->proof);
    free(s);
}
