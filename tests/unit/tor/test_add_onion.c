/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/add_onion.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "stream/memory.h"
#include "tests/unit/harness.h"
#include "tests/unit/tor/kit.h"

struct bed {
    struct loop *loop;
    struct control *control;
    struct peer peer;
    struct onion_key *key;
    char line[CONTROL_COMMAND_MAX];
};

static void on_line(void *arg, struct peer *p, const char *line)
{
    struct bed *b = arg;
    (void)p;
    snprintf(b->line, sizeof(b->line), "%s", line);
}

static void on_reply(void *arg, const struct control_reply *r)
{
    (void)arg;
    (void)r;
}

static void on_closed(void *arg, int err)
{
    (void)arg;
    (void)err;
}

static void bed_open(struct bed *b)
{
    struct stream *ours, *theirs;
    const struct control_events events = {.event = on_reply, .closed = on_closed, .arg = b};
    kit_init();
    memset(b, 0, sizeof(*b));
    cr_assert_eq(loop_new(&b->loop), 0);
    cr_assert_eq(stream_memory(b->loop, 65536, &ours, &theirs), 0);
    cr_assert_eq(control_new(b->loop, ours, &events, &b->control), 0);
    peer_open(&b->peer, b->loop, theirs, on_line, b);
    cr_assert_eq(onion_key_new(rng_system(), &b->key), 0);
}

static void bed_close(struct bed *b)
{
    control_free(b->control);
    peer_close(&b->peer);
    onion_key_free(b->key);
    loop_free(b->loop);
}

/* What goes out for a service, behind its key. */
static const char *sent(struct bed *b, struct onion_spec spec, bool pow)
{
    spec.key = b->key;
    cr_assert_eq(addr_unix("/run/a/1", &spec.target), 0);
    spec.port = 80;
    cr_assert_eq(add_onion_send(b->control, &spec, pow, on_reply, b), 0);
    kit_settle(b->loop);
    const char *rest = strstr(b->line, " Flags=");
    cr_assert_not_null(rest, "%s", b->line);
    return rest + 1;
}

BEAM_TEST(add_onion, says_what_is_asked_for)
{
    static const uint8_t keys[2][ONION_CLIENT_LEN] = {{0xff}, {1}};
    struct bed b;
    bed_open(&b);
    cr_expect_str_eq(sent(&b, (struct onion_spec){.port = 0}, true),
                     "Flags=DiscardPK Port=80,unix:/run/a/1");
    const struct onion_limits limits = {
        .max_streams = 7, .pow = true, .pow_rate = 20, .pow_burst = 30};
    cr_expect_str_eq(sent(&b, (struct onion_spec){.limits = limits}, true),
                     "Flags=DiscardPK MaxStreams=7 PoWDefensesEnabled=1 PoWQueueRate=20 "
                     "PoWQueueBurst=30 Port=80,unix:/run/a/1");
    cr_expect_str_eq(sent(&b, (struct onion_spec){.limits = limits}, false),
                     "Flags=DiscardPK MaxStreams=7 Port=80,unix:/run/a/1");
    const struct onion_clients clients = {2, keys};
    cr_expect_str_eq(sent(&b, (struct onion_spec){.clients = clients}, true),
                     "Flags=DiscardPK,V3Auth Port=80,unix:/run/a/1 "
                     "ClientAuthV3=74aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "
                     "ClientAuthV3=aeaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    bed_close(&b);
}

BEAM_TEST(add_onion, as_many_clients_as_there_may_be_fit)
{
    static const uint8_t keys[ONION_CLIENTS_MAX][ONION_CLIENT_LEN];
    struct bed b;
    bed_open(&b);
    const struct onion_clients clients = {ONION_CLIENTS_MAX, keys};
    const char *at = sent(&b, (struct onion_spec){.clients = clients}, true);
    size_t count = 0;
    while ((at = strstr(at, "ClientAuthV3="))) {
        at++;
        count++;
    }
    cr_expect_eq(count, ONION_CLIENTS_MAX);
    bed_close(&b);
}

BEAM_TEST(add_onion, an_answer_that_knows_no_work_is_told)
{
    static const struct {
        unsigned code;
        const char *text;
        bool lacks;
    } rows[] = {
        {512, "Unrecognized argument PoWDefensesEnabled", true},
        {551, "PoW defenses are not available", true},
        {512, "Unrecognized argument ClientAuthV3", false},
        {550, "Onion address collision: pow", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct control_line line = {.text = rows[i].text, .data = ""};
        const struct control_reply r = {.code = rows[i].code, .count = 1, .lines = &line};
        cr_expect_eq(add_onion_lacks_pow(&r), rows[i].lacks, "%s", rows[i].text);
    }
}
