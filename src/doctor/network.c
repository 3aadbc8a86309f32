/* SPDX-License-Identifier: BSD-3-Clause */
#include "doctor/network.h"

#include <inttypes.h>
#include <string.h>

#include "tor/tor.h"

enum {                    /* ms */
       DEADLINE = 180000, /* for all of it */
       PATIENCE = 10000   /* after trouble was told, for tor to get over it */
};

struct run {
    struct findings *findings;
    struct loop *loop;
    struct tor *tor;
    struct loop_timer deadline;
    uint64_t begin;
    struct beam_why trouble; /* the first; "" when there was none */
    bool stopping;
};

static void on_stopped(void *arg)
{
    struct run *r = arg;
    loop_stop(r->loop);
}

/* All is known: tor goes, and the loop with it. */
static void finish(struct run *r)
{
    if (r->stopping)
        return;
    r->stopping = true;
    loop_timer_clear(&r->deadline);
    tor_stop(r->tor, on_stopped, r);
}

static void tell_way(const struct run *r)
{
    char at[ADDR_TEXT_SIZE];
    struct addr place;
    const char *method;
    if (!tor_way(r->tor, &place, &method))
        return;
    addr_text(&place, at);
    findings_add(r->findings, "tor", FINDINGS_OK, "",
                 "version %s runs already, its control port is %s, and lets beam in (%s)",
                 tor_version(r->tor), at, method);
}

static void on_ready(const struct run *r)
{
    uint64_t ms = loop_now(r->loop) - r->begin;
    if (r->trouble.text[0])
        findings_add_why(r->findings, "network", FINDINGS_WARN, &r->trouble);
    findings_add(r->findings, "network", FINDINGS_OK, "",
                 "tor reached its network after %" PRIu64 ".%" PRIu64 " s", ms / 1000,
                 ms % 1000 / 100);
}

/* Words that do not say what to do lead to where there are more. */
static void fail(const struct run *r, const struct beam_why *why)
{
    size_t len = strlen(why->text);
    bool advised = why->code != BEAM_ERESET && len > 0 && why->text[len - 1] == ')';
    if (advised)
        findings_add_why(r->findings, "network", FINDINGS_FAIL, why);
    else
        findings_add(r->findings, "network", FINDINGS_FAIL,
                     "run: beam daemon -o log.level=debug, and see what tor says", "%s", why->text);
}

static void on_state(void *arg, enum tor_state state, const struct beam_why *why, uint64_t retry_ms)
{
    struct run *r = arg;
    (void)retry_ms;
    if (r->stopping)
        return;
    switch (state) {
    case TOR_BOOTSTRAPPING:
        tell_way(r);
        return;
    case TOR_READY:
        on_ready(r);
        finish(r);
        return;
    case TOR_RESTING:
    case TOR_FAILED:
        fail(r, why);
        finish(r);
        return;
    case TOR_OFF:
    case TOR_STARTING:
        return;
    }
}

/* It may pass: the clock is told even when tor gets over it. */
static void on_warning(void *arg, const struct beam_why *why)
{
    struct run *r = arg;
    if (why->code == BEAM_EINVAL) { /* its version: tor goes on all the same */
        findings_add_why(r->findings, "tor", FINDINGS_WARN, why);
        return;
    }
    if (r->stopping || r->trouble.text[0])
        return;
    r->trouble = *why;
    loop_timer_set(&r->deadline, PATIENCE);
}

static void on_deadline(void *arg)
{
    struct run *r = arg;
    if (r->trouble.text[0])
        fail(r, &r->trouble);
    else
        findings_add(r->findings, "network", FINDINGS_FAIL,
                     "see that this machine is connected and nothing slows Tor down",
                     "tor was not through after %d s, at %d %%", DEADLINE / 1000,
                     tor_percent(r->tor));
    finish(r);
}

int network_check(struct findings *fs, struct loop *l, const struct tor_options *options)
{
    struct run r = {.findings = fs, .loop = l, .begin = loop_now(l)};
    const struct tor_events events = {.state = on_state, .warning = on_warning, .arg = &r};
    int err = tor_new(l, options, &events, &r.tor);
    if (err < 0)
        return err;
    loop_timer_init(l, &r.deadline, on_deadline, &r);
    loop_timer_set(&r.deadline, DEADLINE);
    tor_start(r.tor);
    (void)loop_run(l);
    loop_timer_clear(&r.deadline);
    tor_free(r.tor);
    return 0;
}
