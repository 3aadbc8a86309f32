/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/interop/gossiper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

#define TOPIC "/interop/gossip/1"

enum { HEARD_MAX = 64, TEXT_SIZE = 64, LOOK_MS = 20 };

struct gossiper {
    struct gossip *gossip;
    size_t heard_count, meshed;                          /* meshed: is waited for */
    char heard[HEARD_MAX][TEXT_SIZE], wanted[TEXT_SIZE]; /* wanted: is waited for */
    struct loop_timer look;
};

static void answer(int err, const char *words)
{
    if (err < 0)
        printf("error %s %s\n", beam_err_text(err), words);
    else
        printf("ok%s%s\n", words[0] ? " " : "", words);
    fflush(stdout);
}

static void on_heard(void *arg, struct post *p)
{
    struct gossiper *g = arg;
    if (g->heard_count == HEARD_MAX || p->view.data_len >= TEXT_SIZE)
        return;
    char *text = g->heard[g->heard_count++];
    memcpy(text, p->view.data, p->view.data_len);
    text[p->view.data_len] = '\0';
}

static size_t count(const struct gossiper *g, const char *text)
{
    size_t n = 0;
    for (size_t i = 0; i < g->heard_count; i++)
        n += strcmp(g->heard[i], text) == 0;
    return n;
}

static void on_look(void *arg)
{
    struct gossiper *g = arg;
    struct gossip_topic t;
    bool is_there = g->wanted[0] ? count(g, g->wanted) > 0
                                 : gossip_topic(g->gossip, 0, &t) && t.count.mesh >= g->meshed;
    if (is_there)
        answer(0, "");
    else
        loop_timer_set(&g->look, LOOK_MS);
}

void gossiper_obey(struct gossiper *g, const char *word, const char *text)
{
    char number[24];
    uint64_t meshed;
    g->wanted[0] = '\0';
    if (strcmp(word, "publish") == 0) {
        answer(gossip_publish(g->gossip, TOPIC, text, strlen(text)), "");
    } else if (strcmp(word, "count") == 0) {
        (void)snprintf(number, sizeof(number), "%zu", count(g, text));
        answer(0, number);
    } else if (strcmp(word, "heard") == 0) {
        (void)snprintf(g->wanted, sizeof(g->wanted), "%s", text);
        on_look(g);
    } else if (strcmp(word, "meshed") == 0 && text_number(text, strlen(text), 100, &meshed) == 0) {
        g->meshed = (size_t)meshed;
        on_look(g);
    } else {
        answer(BEAM_EUSAGE, word);
    }
}

struct gossiper *gossiper_new(struct loop *l, struct host *h, const struct key_pair *key)
{
    struct gossiper *g = calloc(1, sizeof(*g));
    struct router_topic topic = {.name = TOPIC, .heard = on_heard, .arg = g};
    const struct gossip_spec spec = {.loop = l,
                                     .host = h,
                                     .rng = rng_system(),
                                     .clock = clock_system(),
                                     .key = key,
                                     .exchange = true,
                                     .allow_private = true};
    score_topic_default(&topic.score);
    if (!g || gossip_new(&spec, &g->gossip) < 0 || gossip_join(g->gossip, &topic) < 0) {
        fputs("peer: it cannot gossip\n", stderr);
        exit(1);
    }
    loop_timer_init(l, &g->look, on_look, g);
    return g;
}

void gossiper_free(struct gossiper *g)
{
    if (!g)
        return;
    loop_timer_clear(&g->look);
    gossip_free(g->gossip);
    free(g);
}
