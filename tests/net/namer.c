/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client of the DHT that is told of one node, and puts and finds records of names there, a name
 * being a number; for tests/net/crowd.
 *
 *     namer MULTIADDR put NO SEQ...            a line "NO STORED" each: how many nodes took it
 *     namer MULTIADDR get NO...                "NO SEQ"; 0: it is not found
 *     namer MULTIADDR offer FAULT NO SEQ...    "NO taken" or "NO refused", by that node alone
 *     namer MULTIADDR tell NO SEQ              "told": on the topic; then it stays until its
 *                                              standard input ends
 *     namer MULTIADDR hear NO                  "ready"; then "NO SEQ", once it is heard
 *
 * FAULT is what is wrong with the record: none, signature, key, long, namespace. It ends with 1,
 * and says why, when that cannot be done.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "gossip/gossip.h"
#include "names/binding.h"
#include "names/name_records.h"
#include "p2p/dht.h"
#include "p2p/kad_call.h"
#include "policy/policy.h"

enum { PATIENCE_MS = 60 * 1000, LOOK_MS = 5, DAY_MS = 24 * 60 * 60 * 1000, TUNNEL = 1000000 };

struct namer {
    struct loop *loop;
    struct host *host;
    struct key_pair *key;
    struct permit *permit;
    struct dht *dht;
    struct gossip *gossip;
    struct name_records *records;
    struct peer_id first; /* the node that it was told of */
    /* What is waited for. */
    bool (*is_true)(struct namer *n);
    struct loop_timer look;
    uint64_t end;
    /* What is asked and what came of it. */
    uint32_t no;
    bool done;
    int err;
    uint64_t got;
};

static void must(int err, const char *what)
{
    if (err < 0) {
        fprintf(stderr, "namer: %s: %s\n", what, beam_err_text(err));
        exit(1);
    }
}

static uint64_t number(const char *text)
{
    uint64_t n = 0;
    must(text ? text_number(text, strlen(text), UINT64_MAX / 2, &n) : BEAM_EUSAGE, "a number");
    return n;
}

/* ---- waiting -------------------------------------------------------------------------------- */

static void on_look(void *arg)
{
    struct namer *n = arg;
    if (n->is_true(n))
        loop_stop(n->loop);
    else if (loop_now(n->loop) >= n->end)
        must(BEAM_ETIMEOUT, "it took too long");
    else
        loop_timer_set(&n->look, LOOK_MS);
}

static void wait_until(struct namer *n, bool (*is_true)(struct namer *n))
{
    n->is_true = is_true;
    n->end = loop_now(n->loop) + PATIENCE_MS;
    loop_timer_set(&n->look, 0);
    must(loop_run(n->loop), "the loop");
}

static bool is_done(struct namer *n)
{
    return n->done;
}

static bool knows_somebody(struct namer *n)
{
    return kad_table_count(kad_table(dht_kad(n->dht))) > 0;
}

static bool is_meshed(struct namer *n)
{
    struct gossip_topic t;
    return gossip_topic(n->gossip, 0, &t) && t.count.mesh > 0;
}

/* ---- records -------------------------------------------------------------------------------- */

static struct key_pair *key_of(uint32_t no)
{
    uint8_t seed[KEY_SEED_SIZE] = "a name";
    struct key_pair *pair;
    memcpy(seed + KEY_SEED_SIZE - sizeof(no), &no, sizeof(no));
    must(key_pair_from_seed(seed, &pair), "a key");
    return pair;
}

static struct kad_text place_of(uint32_t no, uint8_t out[BINDING_KEY_SIZE])
{
    struct key_public public;
    struct key_pair *pair = key_of(no);
    key_pair_public(pair, &public);
    key_pair_free(pair);
    binding_key(public.data, out);
    return (struct kad_text){.at = out, .len = BINDING_KEY_SIZE};
}

static struct kad_text record_of(uint32_t no, uint64_t seq, uint8_t out[BINDING_MAX])
{
    static struct binding b;
    struct key_public public;
    struct key_pair *name = key_of(no), *tunnel = key_of(TUNNEL + no);
    size_t len = 0;
    b = (struct binding){.seq = seq, .ttl = 300, .url_count = 1};
    b.made = clock_system()->wall_ms(clock_system()->arg);
    b.not_after = b.made + DAY_MS;
    (void)snprintf(b.urls[0], sizeof(b.urls[0]), "https://n%u.relay.example", no);
    key_pair_public(tunnel, &public);
    must(peer_id_from_key(&public, &b.tunnel), "an id");
    must(binding_seal(name, &b, out, BINDING_MAX, &len), "a record");
    key_pair_free(name);
    key_pair_free(tunnel);
    return (struct kad_text){.at = out, .len = len};
}

/* ---- the DHT -------------------------------------------------------------------------------- */

static void on_put(void *arg, int err, const struct beam_why *why, const struct kad_result *r)
{
    struct namer *n = arg;
    (void)why;
    n->done = true;
    n->err = err;
    n->got = r->stored;
}

static void put(struct namer *n, uint32_t no, uint64_t seq)
{
    uint8_t place[BINDING_KEY_SIZE], record[BINDING_MAX];
    struct kad_job *j;
    n->done = false;
    must(kad_job_start(kad_jobs(dht_kad(n->dht)), KAD_JOB_PUT, place_of(no, place),
                       record_of(no, seq, record), on_put, n, &j),
         "putting");
    wait_until(n, is_done);
    must(n->err, "putting");
    printf("%u %lu\n", no, (unsigned long)n->got);
}

static void on_got(void *arg, int err, const struct beam_why *why, const struct kad_result *r)
{
    static struct binding b;
    struct namer *n = arg;
    (void)why;
    n->done = true;
    n->got = err == 0 && binding_open(r->value.at, r->value.len, &b) == 0 ? b.seq : 0;
}

static void get(struct namer *n, uint32_t no)
{
    uint8_t place[BINDING_KEY_SIZE];
    struct kad_text key = place_of(no, place);
    struct kad_job *j;
    n->done = false;
    must(kad_job_start(kad_jobs(dht_kad(n->dht)), KAD_JOB_GET, key, key, on_got, n, &j), "getting");
    wait_until(n, is_done);
    printf("%u %lu\n", no, (unsigned long)n->got);
}

static void on_answer(void *arg, const struct kad_call_end *end)
{
    struct namer *n = arg;
    n->done = true;
    n->err = end->err;
}

/* A question of our own making: a job would not ask it. */
static void offer(struct namer *n, const char *fault, uint32_t no, uint64_t seq)
{
    static uint8_t place[BINDING_KEY_SIZE], record[2 * BINDING_MAX];
    static struct kad_message m;
    const struct kad_call_spec spec = {.host = n->host,
                                       .loop = n->loop,
                                       .to = &n->first,
                                       .protocol = KAD_PROTOCOL,
                                       .timeout_ms = PATIENCE_MS};
    struct kad_call *call;
    bool other = strcmp(fault, "key") == 0;
    memset(&m, 0, sizeof(m));
    m = (struct kad_message){.type = KAD_PUT_VALUE, .has_record = true};
    m.key = place_of(no, place);
    m.value = record_of(other ? no + 1 : no, seq, record);
    if (strcmp(fault, "signature") == 0)
        record[m.value.len - 1] ^= 1;
    else if (strcmp(fault, "long") == 0)
        m.value.len = sizeof(record);
    else if (strcmp(fault, "namespace") == 0)
        place[1] = 'x';
    else if (strcmp(fault, "none") != 0 && !other)
        must(BEAM_EUSAGE, fault);
    m.record_key = m.key;
    n->done = false;
    must(kad_call_start(&spec, &m, on_answer, n, &call), "offering");
    wait_until(n, is_done);
    printf("%u %s\n", no, n->err == 0 ? "taken" : "refused");
}

/* ---- gossip --------------------------------------------------------------------------------- */

static void on_heard(void *arg, struct post *p)
{
    static struct binding b;
    struct namer *n = arg;
    uint8_t place[BINDING_KEY_SIZE];
    struct kad_text key = place_of(n->no, place);
    if (binding_open(p->view.data, p->view.data_len, &b) < 0 ||
        memcmp(b.key, key.at + key.len - sizeof(b.key), sizeof(b.key)) != 0)
        return;
    n->done = true;
    n->got = b.seq;
}

static void join(struct namer *n)
{
    struct router_topic topic = {.name = NAME_RECORDS_TOPIC, .heard = on_heard, .arg = n};
    score_topic_default(&topic.score);
    must(gossip_join(n->gossip, &topic), "the topic");
    wait_until(n, is_meshed);
}

static void tell(struct namer *n, uint32_t no, uint64_t seq)
{
    uint8_t record[BINDING_MAX];
    struct kad_text said = record_of(no, seq, record);
    join(n);
    must(gossip_publish(n->gossip, NAME_RECORDS_TOPIC, said.at, said.len), "telling");
    printf("told\n");
    fflush(stdout);
}

static void hear(struct namer *n, uint32_t no)
{
    n->no = no;
    join(n);
    printf("ready\n");
    fflush(stdout);
    wait_until(n, is_done);
    printf("%u %lu\n", no, (unsigned long)n->got);
}

static void on_input(void *arg, unsigned events)
{
    struct namer *n = arg;
    char byte;
    (void)events;
    if (read(STDIN_FILENO, &byte, 1) == 0)
        loop_stop(n->loop);
}

static void stay(struct namer *n)
{
    struct loop_watch input;
    must(loop_watch_start(n->loop, &input, STDIN_FILENO, LOOP_READ, on_input, n), "input");
    must(loop_run(n->loop), "the loop");
    loop_watch_stop(&input);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void set_up(struct namer *n, const char *address)
{
    struct policy policy;
    struct multiaddr at;
    must(sodium_init(), "libsodium");
    must(loop_new(&n->loop), "a loop");
    must(key_pair_new(rng_system(), &n->key), "a key");
    must(policy_ad_hoc(POLICY_ONION, POLICY_EGRESS_ANY, &policy), "a policy");
    policy.allow_private = true;
    must(permit_new(&policy, &n->permit), "a permit");
    must(multiaddr_parse(address, strlen(address), &at, NULL), address);
    must(multiaddr_peer(&at, &n->first), address);
    const struct host_spec host = {.loop = n->loop,
                                   .rng = rng_system(),
                                   .clock = clock_system(),
                                   .key = n->key,
                                   .permit = n->permit,
                                   .kind = HOST_OPEN,
                                   .agent = "beam-namer"};
    must(host_new(&host, &n->host), "a host");
    const struct dht_spec dht = {.kad = {.host = n->host,
                                         .loop = n->loop,
                                         .rng = rng_system(),
                                         .clock = clock_system(),
                                         .permit = n->permit,
                                         .mode = KAD_CLIENT},
                                 .stays = true};
    must(dht_new(&dht, &n->dht), "a DHT");
    const struct gossip_spec gossip = {.loop = n->loop,
                                       .host = n->host,
                                       .rng = rng_system(),
                                       .clock = clock_system(),
                                       .key = n->key,
                                       .allow_private = true};
    must(gossip_new(&gossip, &n->gossip), "gossip");
    const struct name_records_spec records = {
        .loop = n->loop, .kad = dht_kad(n->dht), .rng = rng_system(), .clock = clock_system()};
    must(name_records_new(&records, &n->records), "records");
    loop_timer_init(n->loop, &n->look, on_look, n);
    must(dht_begin_at(n->dht, &at), address);
    wait_until(n, knows_somebody);
}

static void tear_down(struct namer *n)
{
    loop_timer_clear(&n->look);
    name_records_free(n->records);
    gossip_free(n->gossip);
    dht_free(n->dht);
    host_free(n->host);
    permit_free(n->permit);
    key_pair_free(n->key);
    loop_free(n->loop);
}

static void obey(struct namer *n, const char *command, char **words)
{
    const char *fault = strcmp(command, "offer") == 0 ? *words++ : NULL;
    for (; *words; words++) {
        uint32_t no = (uint32_t)number(*words);
        if (strcmp(command, "get") == 0)
            get(n, no);
        else if (strcmp(command, "hear") == 0)
            hear(n, no);
        else if (strcmp(command, "put") == 0)
            put(n, no, number(*++words));
        else if (fault)
            offer(n, fault, no, number(*++words));
        else if (strcmp(command, "tell") == 0)
            tell(n, no, number(*++words));
        else
            must(BEAM_EUSAGE, command);
    }
    if (strcmp(command, "tell") == 0)
        stay(n);
}

int main(int argc, char **argv)
{
    static struct namer n;
    if (argc < 4)
        must(BEAM_EUSAGE, "namer MULTIADDR COMMAND NO...");
    set_up(&n, argv[1]);
    obey(&n, argv[2], argv + 3);
    tear_down(&n);
    return 0;
}
