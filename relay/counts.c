/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/counts.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"

struct text {
    char *at;
    size_t len;
};

static void add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *t, const char *fmt, ...)
{
    va_list ap;
    size_t room = COUNTS_TEXT_MAX - t->len;
    va_start(ap, fmt);
    int n = vsnprintf(t->at + t->len, room, fmt, ap);
    va_end(ap);
    t->len += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
}

static void head(struct text *t, const char *name, const char *type, const char *help)
{
    add(t, "# HELP beam_relay_%s %s\n# TYPE beam_relay_%s %s\n", name, help, name, type);
}

static void one(struct text *t, const char *name, const char *type, const char *help,
                uint64_t value)
{
    head(t, name, type, help);
    add(t, "beam_relay_%s %llu\n", name, (unsigned long long)value);
}

static const char *status_label(size_t i)
{
    static const char *const labels[COUNTS_STATUSES] = {
        "malformed", "unsupported", "name-taken", "name-refused", "forbidden",
        "limit",     "busy",        "barred",     "work",         "no-port"};
    return labels[i];
}

void counts_decline(struct counts *c, enum reservation_status status)
{
    if (status >= RESERVATION_MALFORMED && status <= RESERVATION_LAST)
        c->declined[status - RESERVATION_MALFORMED]++;
}

static void visitors(struct text *t, const struct counts *c)
{
    one(t, "visitors_total", "counter", "Connections of visitors.", c->visitors);
    one(t, "visitors_turned_away_total", "counter",
        "Connections that were closed at once: banned, or too many of one source.", c->turned_away);
    one(t, "requests_total", "counter", "Requests to endpoints that there are.", c->requests);
    one(t, "tls_passed_total", "counter", "Connections of TLS that were passed on unopened.",
        c->unopened);
    one(t, "requests_unknown_total", "counter", "Requests to what is not there.", c->unknown);
    one(t, "requests_away_total", "counter", "Requests whose owner was not connected.", c->away);
    one(t, "requests_put_off_total", "counter", "Requests that came too often.", c->put_off);
    head(t, "requests_refused_total", "counter", "Requests and answers that did not pass.");
    for (int rule = TERMS_PASS + 1; rule < TERMS_RULES; rule++)
        add(t, "beam_relay_requests_refused_total{rule=\"%s\"} %llu\n",
            terms_rule_name((enum terms_rule)rule), (unsigned long long)c->refused[rule]);
}

static void ports(struct text *t, const struct counts *c)
{
    one(t, "flows_total", "counter", "Sources of datagrams.", c->flows);
    one(t, "datagrams_in_total", "counter", "Datagrams that came from them.", c->datagrams_in);
    one(t, "datagrams_out_total", "counter", "Datagrams that went to them.", c->datagrams_out);
    one(t, "datagrams_dropped_total", "counter",
        "Datagrams that did not pass: no room, too many, or for nobody who answers.",
        c->datagrams_dropped);
}

static void owners(struct text *t, const struct counts *c)
{
    one(t, "asked_granted_total", "counter", "What owners asked for and got.", c->granted);
    head(t, "asked_declined_total", "counter", "What owners asked for and did not get.");
    for (size_t i = 0; i < COUNTS_STATUSES; i++)
        add(t, "beam_relay_asked_declined_total{status=\"%s\"} %llu\n", status_label(i),
            (unsigned long long)c->declined[i]);
}

static void gauges(struct text *t, const struct counts_now *n)
{
    one(t, "visitors", "gauge", "Connections of visitors now.", n->visitors);
    one(t, "reservations", "gauge", "Reservations, those held included.", n->reservations);
    one(t, "owners", "gauge", "Peers connected now.", n->owners);
    one(t, "ports", "gauge", "Ports of tunnels that are listened at now.", n->ports);
    one(t, "bans", "gauge", "Bans.", n->bans);
    one(t, "carried_bytes", "gauge", "Bytes of visitors this month, where they are counted.",
        n->carried);
    one(t, "month_bytes", "gauge", "Bytes that may be carried a month; 0: any.", n->month);
    one(t, "buffer_bytes", "gauge", "Memory for bytes on their way.", n->blocks * BUF_BLOCK_SIZE);
    one(t, "work_bits", "gauge", "Bits of work that a reservation costs now.", n->work);
    one(t, "workers", "gauge", "Processes that the relay has now.", n->workers);
    one(t, "denylist_entries", "gauge", "Entries of denylists that are in force.", n->denied);
    one(t, "denylists_old", "gauge", "Denylists in force that were not renewed for long.",
        n->old_denylists);
}

size_t counts_text(const struct counts *c, const struct counts_now *now, char out[COUNTS_TEXT_MAX])
{
    struct text t = {.at = out};
    out[0] = '\0';
    visitors(&t, c);
    ports(&t, c);
    owners(&t, c);
    gauges(&t, now);
    return t.len;
}
