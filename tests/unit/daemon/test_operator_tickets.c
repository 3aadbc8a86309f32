/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/operator_tickets.h"

#include <sodium.h>
#include <string.h>

#include "tests/unit/harness.h"

enum { PROCESSES = 3, START = 5000 };

/* Three processes, what they tell being heard at once. */
struct crew {
    uint64_t now;
    struct clock_source clock;
    struct process {
        struct crew *crew;
        unsigned index;
        struct tls_tickets *tickets;
        struct operator_tickets *own;
        unsigned told; /* times */
    } all[PROCESSES];
};

static uint64_t crew_now(void *arg)
{
    return ((struct crew *)arg)->now;
}

static void tell(void *arg, unsigned mate, const void *data, size_t len)
{
    struct process *from = arg, *to = &from->crew->all[mate];
    to->told++;
    operator_tickets_told(to->own, from->index, data, len);
}

/* `https`: a bit for each that has it. */
static void crew_open(struct crew *c, unsigned https)
{
    memset(c, 0, sizeof(*c));
    cr_assert_geq(sodium_init(), 0);
    c->now = START;
    c->clock = (struct clock_source){.monotonic_ms = crew_now, .wall_ms = crew_now, .arg = c};
    for (unsigned i = 0; i < PROCESSES; i++) {
        struct process *p = &c->all[i];
        *p = (struct process){.crew = c, .index = i};
        if (https & 1u << i)
            cr_assert_eq(tls_tickets_new(rng_system(), c->now, &p->tickets), 0);
        const struct operator_tickets_spec spec = {.rng = rng_system(),
                                                   .clock = &c->clock,
                                                   .tickets = p->tickets,
                                                   .index = i,
                                                   .count = PROCESSES,
                                                   .tell = tell,
                                                   .arg = p};
        cr_assert_eq(operator_tickets_new(&spec, &p->own), 0);
    }
}

static void meet(struct crew *c, unsigned a, unsigned b)
{
    operator_tickets_joined(c->all[a].own, b);
    operator_tickets_joined(c->all[b].own, a);
}

static void crew_close(struct crew *c)
{
    for (unsigned i = 0; i < PROCESSES; i++) {
        operator_tickets_free(c->all[i].own);
        tls_tickets_free(c->all[i].tickets);
    }
    operator_tickets_free(NULL);
}

static bool same_keys(struct crew *c, unsigned a, unsigned b)
{
    return memcmp(tls_tickets_newest(c->all[a].tickets, c->now),
                  tls_tickets_newest(c->all[b].tickets, c->now),
                  sizeof(struct tls_ticket_key)) == 0;
}

BEAM_TEST(operator_tickets, all_have_the_keys_of_the_first)
{
    struct crew c;
    crew_open(&c, 7);
    cr_assert(operator_tickets_ready(c.all[0].own));
    cr_assert(!operator_tickets_ready(c.all[1].own) && !same_keys(&c, 0, 1));
    meet(&c, 1, 2);
    cr_assert(!operator_tickets_ready(c.all[1].own) && !operator_tickets_ready(c.all[2].own));
    meet(&c, 0, 1);
    meet(&c, 0, 2);
    for (unsigned i = 1; i < PROCESSES; i++)
        cr_assert(operator_tickets_ready(c.all[i].own) && same_keys(&c, 0, i));
    crew_close(&c);
}

BEAM_TEST(operator_tickets, a_new_key_is_told_to_those_who_are_there)
{
    struct crew c;
    crew_open(&c, 7);
    meet(&c, 0, 1);
    meet(&c, 0, 2);
    operator_tickets_left(c.all[0].own, 2);
    for (unsigned turn = 1; turn <= 2 * TLS_TICKETS_KEPT; turn++) {
        c.now = START + (uint64_t)turn * TLS_TICKETS_TURN_MS;
        for (int i = 0; i < 2; i++) /* the second finds nothing new */
            for (unsigned k = 0; k < PROCESSES; k++)
                operator_tickets_tick(c.all[k].own);
        cr_assert(same_keys(&c, 0, 1) && !same_keys(&c, 0, 2));
        cr_assert(c.all[1].told == 1 + turn && c.all[2].told == 1);
    }
    meet(&c, 0, 2);
    cr_assert(same_keys(&c, 0, 2));
    crew_close(&c);
}

BEAM_TEST(operator_tickets, who_has_no_https_asks_for_none)
{
    struct crew c;
    crew_open(&c, 1);
    meet(&c, 0, 1);
    cr_assert(operator_tickets_ready(c.all[1].own) && c.all[0].told == 0);
    operator_tickets_tick(c.all[1].own);
    crew_close(&c);
}

/* Certificates came between the starts of the two. */
BEAM_TEST(operator_tickets, a_first_without_keys_keeps_nobody_waiting)
{
    struct crew c;
    crew_open(&c, 2);
    meet(&c, 0, 1);
    cr_assert(operator_tickets_ready(c.all[1].own));
    operator_tickets_tick(c.all[0].own);
    crew_close(&c);
}

BEAM_TEST(operator_tickets, what_makes_no_sense_changes_nothing)
{
    struct crew c;
    uint8_t bytes[TLS_HANDOVER_SIZE_MAX] = {0};
    crew_open(&c, 7);
    operator_tickets_told(c.all[0].own, 1, bytes, TLS_HANDOVER_KEY_SIZE - 1);
    operator_tickets_told(c.all[0].own, PROCESSES, bytes, TLS_HANDOVER_KEY_SIZE);
    operator_tickets_told(c.all[1].own, 2, bytes, sizeof(bytes));
    cr_assert(!operator_tickets_ready(c.all[1].own) && c.all[1].told == 0);
    operator_tickets_told(c.all[1].own, 0, bytes, sizeof(bytes));
    cr_assert(operator_tickets_ready(c.all[1].own) && !same_keys(&c, 0, 1));
    crew_close(&c);
}
