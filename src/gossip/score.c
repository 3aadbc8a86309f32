/* SPDX-License-Identifier: BSD-3-Clause */
#include "gossip/score.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/map.h"

struct score {
    struct score_params params;
    struct map *cards;
    uint64_t serial;
    size_t topic_count;
    struct score_topic topics[SCORE_TOPICS_MAX];
};

/* Of decays: a minute halves P7 and P2, ten minutes P4, where decay_ms is a second. */
static const double minute_half = 0.98851, ten_minutes_half = 0.998845;

void score_params_default(struct score_params *p)
{
    *p = (struct score_params){.topics_cap = 50,
                               .app_weight = 1,
                               .place_weight = -5,
                               .place_threshold = 8,
                               .fault_weight = -5,
                               .fault_decay = minute_half,
                               .fault_threshold = 2,
                               .decay_ms = 1000,
                               .zero = 0.01,
                               .retain_ms = UINT64_C(3600) * 1000,
                               .peers = 1024};
}

void score_topic_default(struct score_topic *t)
{
    *t = (struct score_topic){.weight = 1,
                              .time_weight = 0.1,
                              .time_cap = 30,
                              .quantum_ms = 10 * 1000,
                              .first_weight = 1,
                              .first_decay = minute_half,
                              .first_cap = 20,
                              .invalid_weight = -10,
                              .invalid_decay = ten_minutes_half};
}

int score_new(const struct rng *rng, const struct score_params *params, struct score **out)
{
    struct score *s = calloc(1, sizeof(*s));
    if (!s)
        return BEAM_ENOMEM;
    s->params = *params;
    int err = map_new(rng, params->peers, &s->cards);
    if (err < 0) {
        free(s);
        return err;
    }
    *out = s;
    return 0;
}

void score_free(struct score *s)
{
    size_t at = 0;
    void *card;
    if (!s)
        return;
    while ((card = map_next(s->cards, &at)))
        free(card);
    map_free(s->cards);
    free(s);
}

int score_add_topic(struct score *s, const struct score_topic *t)
{
    if (s->topic_count == SCORE_TOPICS_MAX)
        return BEAM_ELIMIT;
    s->topics[s->topic_count] = *t;
    return (int)s->topic_count++;
}

/* ---- coming and going ----------------------------------------------------------------------- */

static bool same_place(const struct score_place *a, const struct score_place *b)
{
    return a->len > 0 && a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* After somebody came to a place, or left it. */
static void count_place(struct score *s, const struct score_place *place)
{
    struct score_card *c;
    size_t n = 0;
    for (size_t at = 0; (c = map_next(s->cards, &at));)
        n += c->here && same_place(&c->place, place);
    for (size_t at = 0; (c = map_next(s->cards, &at));)
        if (c->here && same_place(&c->place, place))
            c->same_place = n;
}

/* Whether nothing is held against it. */
static bool is_clean(const struct score_card *c)
{
    double sum = c->fault;
    for (size_t i = 0; i < SCORE_TOPICS_MAX; i++)
        sum += c->topics[i].failed + c->topics[i].invalid;
    return sum == 0;
}

static bool goes_before(const struct score_card *a, const struct score_card *b)
{
    return is_clean(a) != is_clean(b) ? is_clean(a) : a->left < b->left;
}

/* Of those who left, the clean ones go first, and the oldest of them. */
static bool make_room(struct score *s)
{
    struct score_card *c, *found = NULL;
    for (size_t at = 0; (c = map_next(s->cards, &at));)
        if (!c->here && (!found || goes_before(c, found)))
            found = c;
    if (!found)
        return false;
    free(map_take(s->cards, found->id.bytes, found->id.len));
    return true;
}

static int new_card(struct score *s, const struct peer_id *id, struct score_card **out)
{
    if (map_count(s->cards) == s->params.peers && !make_room(s))
        return BEAM_ELIMIT;
    struct score_card *c = calloc(1, sizeof(*c));
    if (!c)
        return BEAM_ENOMEM;
    c->id = *id;
    c->serial = ++s->serial;
    int err = map_put(s->cards, id->bytes, id->len, c);
    if (err < 0) {
        free(c);
        return err;
    }
    *out = c;
    return 0;
}

int score_enter(struct score *s, const struct peer_id *id, const struct score_place *place,
                struct score_card **out)
{
    struct score_card *c = score_find(s, id);
    int err = c && c->here ? BEAM_EEXIST : c ? 0 : new_card(s, id, &c);
    if (err < 0)
        return err;
    c->here = true;
    c->place = *place;
    c->same_place = 0;
    count_place(s, place);
    *out = c;
    return 0;
}

void score_leave(struct score *s, struct score_card *card, uint64_t now)
{
    for (int i = 0; i < (int)s->topic_count; i++)
        score_pruned(s, card, i, now);
    card->here = false;
    card->left = now;
    count_place(s, &card->place);
}

struct score_card *score_find(const struct score *s, const struct peer_id *id)
{
    return map_get(s->cards, id->bytes, id->len);
}

/* ---- the score ------------------------------------------------------------------------------ */

static double least(double a, double b)
{
    return a < b ? a : b;
}

/* How many messages too few it brought; 0 as long as that does not count. */
static double deficit(const struct score_topic *t, const struct score_counters *c, uint64_t now)
{
    if (!c->in_mesh || now - c->grafted <= t->activation_ms || c->brought >= t->few_threshold)
        return 0;
    return t->few_threshold - c->brought;
}

static double topic_score(const struct score_topic *t, const struct score_counters *c, uint64_t now)
{
    double few = deficit(t, c, now), sum = 0;
    if (c->in_mesh && t->quantum_ms > 0)
        sum =
            t->time_weight * least(t->time_cap, (double)(now - c->grafted) / (double)t->quantum_ms);
    sum += t->first_weight * c->first + t->few_weight * few * few + t->failed_weight * c->failed +
           t->invalid_weight * c->invalid * c->invalid;
    return t->weight * sum;
}

double score_deeds(const struct score *s, const struct score_card *card, uint64_t now)
{
    const struct score_params *p = &s->params;
    double sum = 0;
    for (size_t i = 0; i < s->topic_count; i++)
        sum += topic_score(&s->topics[i], &card->topics[i], now);
    if (p->topics_cap > 0)
        sum = least(sum, p->topics_cap);
    if (card->fault > p->fault_threshold) {
        double more = card->fault - p->fault_threshold;
        sum += p->fault_weight * more * more;
    }
    return sum;
}

double score_of(const struct score *s, const struct score_card *card, uint64_t now)
{
    const struct score_params *p = &s->params;
    double sum = score_deeds(s, card, now) + p->app_weight * card->app;
    if (card->same_place > p->place_threshold) {
        double more = (double)(card->same_place - p->place_threshold);
        sum += p->place_weight * more * more;
    }
    return sum;
}

/* ---- what counts ---------------------------------------------------------------------------- */

void score_grafted(struct score_card *card, int topic, uint64_t now)
{
    if (topic < 0)
        return;
    card->topics[topic].in_mesh = true;
    card->topics[topic].grafted = now;
    card->topics[topic].brought = 0;
}

void score_pruned(const struct score *s, struct score_card *card, int topic, uint64_t now)
{
    if (topic < 0)
        return;
    struct score_counters *c = &card->topics[topic];
    double few = deficit(&s->topics[topic], c, now);
    c->failed += few * few;
    c->in_mesh = false;
}

static void count_brought(const struct score_topic *t, struct score_counters *c)
{
    if (c->in_mesh)
        c->brought = least(c->brought + 1, t->few_cap);
}

void score_first(const struct score *s, struct score_card *card, int topic)
{
    if (topic < 0)
        return;
    const struct score_topic *t = &s->topics[topic];
    struct score_counters *c = &card->topics[topic];
    c->first = least(c->first + 1, t->first_cap);
    count_brought(t, c);
}

void score_again(const struct score *s, struct score_card *card, int topic, uint64_t late_ms)
{
    if (topic >= 0 && late_ms <= s->topics[topic].window_ms)
        count_brought(&s->topics[topic], &card->topics[topic]);
}

void score_invalid(struct score_card *card, int topic)
{
    if (topic >= 0)
        card->topics[topic].invalid += 1;
    else
        card->fault += 1;
}

void score_fault(struct score_card *card, double n)
{
    card->fault += n;
}

/* ---- time ----------------------------------------------------------------------------------- */

static void shrink(const struct score *s, double *counter, double factor)
{
    *counter *= factor;
    if (*counter < s->params.zero)
        *counter = 0;
}

static void decay_card(const struct score *s, struct score_card *card)
{
    shrink(s, &card->fault, s->params.fault_decay);
    for (size_t i = 0; i < s->topic_count; i++) {
        const struct score_topic *t = &s->topics[i];
        struct score_counters *c = &card->topics[i];
        shrink(s, &c->first, t->first_decay);
        shrink(s, &c->brought, t->few_decay);
        shrink(s, &c->failed, t->failed_decay);
        shrink(s, &c->invalid, t->invalid_decay);
    }
}

/* One whose time is over, or NULL. */
static struct score_card *find_over(const struct score *s, uint64_t now)
{
    struct score_card *c;
    for (size_t at = 0; (c = map_next(s->cards, &at));)
        if (!c->here && now - c->left >= s->params.retain_ms)
            return c;
    return NULL;
}

void score_decay(struct score *s, uint64_t now)
{
    struct score_card *c;
    for (size_t at = 0; (c = map_next(s->cards, &at));)
        if (c->here)
            decay_card(s, c);
    while ((c = find_over(s, now)))
        free(map_take(s->cards, c->id.bytes, c->id.len));
}
