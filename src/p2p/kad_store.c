/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/wire.h"
#include "p2p/kad_shelf.h"

enum { VALIDATORS_MAX = 16, MULTIHASH_MAX = 64, PEERS_MAX = 100000, PROVIDERS_STEP = 8 };

struct value {
    struct kad_item item;
    struct peer_id from;
    uint64_t until, due; /* on the wall clock; on the monotonic one. UINT64_MAX: never */
    size_t len;
    uint8_t bytes[]; /* the value, then the key */
};

struct provider {
    struct peer_id peer;
    kad_group group;
    uint64_t came;
};

struct providing {
    struct kad_item item;
    size_t n, size;
    struct provider *list; /* of `size`; the latest first */
    uint8_t key[];
};

struct kad_store {
    const struct rng *rng;
    size_t each, provided_max, provided; /* of all providers of all keys */
    struct kad_shelf values, providings;
    struct kad_shelf over; /* values that were kept and are gone: what ranks below stays out */
    struct map *left;      /* how many things each peer left here, as a number in the pointer */
    struct kad_validator validators[VALIDATORS_MAX];
    size_t validator_count;
};

/* ---- what each peer left ---- */

static size_t left_by(const struct kad_store *s, const struct peer_id *peer)
{
    return (size_t)(uintptr_t)map_get(s->left, peer->bytes, peer->len);
}

/* What is our own takes no share of anybody's. */
static bool is_self(const struct kad_store *s, const struct peer_id *peer)
{
    struct kad_id id;
    kad_id_of_peer(peer, &id);
    return kad_id_shared(&id, &s->values.self) == KAD_ID_BITS;
}

/* `back`: things that it gets back right after. 0, BEAM_ELIMIT or BEAM_ENOMEM. */
static int count_one(struct kad_store *s, const struct peer_id *peer, size_t back)
{
    size_t n = left_by(s, peer);
    if (is_self(s, peer))
        return 0;
    if (n >= s->each + back)
        return BEAM_ELIMIT;
    void *more = (void *)(uintptr_t)(n + 1);
    return map_swap(s->left, peer->bytes, peer->len, more)
               ? 0
               : map_put(s->left, peer->bytes, peer->len, more);
}

static void uncount_one(struct kad_store *s, const struct peer_id *peer)
{
    size_t n = left_by(s, peer);
    if (is_self(s, peer))
        return;
    if (n > 1)
        map_swap(s->left, peer->bytes, peer->len, (void *)(uintptr_t)(n - 1));
    else
        map_take(s->left, peer->bytes, peer->len);
}

static void value_gone(void *arg, struct kad_item *item)
{
    struct value *v = (struct value *)item;
    uncount_one(arg, &v->from);
    free(v);
}

static void over_gone(void *arg, struct kad_item *item)
{
    (void)arg;
    free(item);
}

static void providing_gone(void *arg, struct kad_item *item)
{
    struct providing *p = (struct providing *)item;
    struct kad_store *s = arg;
    for (size_t i = 0; i < p->n; i++)
        uncount_one(s, &p->list[i].peer);
    s->provided -= p->n;
    free(p->list);
    free(p);
}

/* ---- the store ---- */

int kad_store_new(const struct rng *rng, const struct kad_id *self,
                  const struct kad_store_limits *limits, struct kad_store **out)
{
    struct kad_store *s = calloc(1, sizeof(*s));
    if (!s)
        return BEAM_ENOMEM;
    s->rng = rng;
    s->each = limits->each;
    s->provided_max = limits->providers * KAD_PROVIDERS_MAX;
    int err = map_new(rng, PEERS_MAX, &s->left);
    if (err == 0)
        err =
            kad_shelf_init(&s->values, rng, self, limits->values, KAD_VALUE_LIFE_MS, value_gone, s);
    if (err == 0)
        err = kad_shelf_init(&s->providings, rng, self, limits->providers, KAD_PROVIDER_LIFE_MS,
                             providing_gone, s);
    if (err == 0)
        err = kad_shelf_init(&s->over, rng, self, limits->values, KAD_OVER_LIFE_MS, over_gone, s);
    if (err < 0) {
        kad_store_free(s);
        return err;
    }
    *out = s;
    return 0;
}

void kad_store_free(struct kad_store *s)
{
    if (!s)
        return;
    kad_shelf_clear(&s->values);
    kad_shelf_clear(&s->providings);
    kad_shelf_clear(&s->over);
    map_free(s->left);
    free(s);
}

/* ---- namespaces ---- */

/* "pk" of "/pk/…"; len 0: it has none. */
static struct kad_text namespace_of(struct kad_text key)
{
    struct kad_text none = {.at = NULL};
    if (key.len < 3 || key.at[0] != '/')
        return none;
    const uint8_t *end = memchr(key.at + 1, '/', key.len - 1);
    if (!end)
        return none;
    return (struct kad_text){.at = key.at + 1, .len = (size_t)(end - key.at) - 1};
}

const struct kad_validator *kad_store_validator(const struct kad_store *s, struct kad_text key)
{
    struct kad_text name = namespace_of(key);
    for (size_t i = 0; name.len > 0 && i < s->validator_count; i++) {
        const struct kad_validator *v = &s->validators[i];
        if (strlen(v->name) == name.len && memcmp(v->name, name.at, name.len) == 0)
            return v;
    }
    return NULL;
}

int kad_store_register(struct kad_store *s, const struct kad_validator *v)
{
    size_t len = strlen(v->name);
    if (len == 0 || len > KAD_NAMESPACE_MAX || memchr(v->name, '/', len))
        return BEAM_EINVAL;
    for (size_t i = 0; i < s->validator_count; i++)
        if (strcmp(s->validators[i].name, v->name) == 0)
            return BEAM_EEXIST;
    if (s->validator_count == VALIDATORS_MAX)
        return BEAM_ELIMIT;
    s->validators[s->validator_count++] = *v;
    return 0;
}

/* ---- values ---- */

static struct kad_text value_of(const struct value *v)
{
    return (struct kad_text){.at = v->bytes, .len = v->len};
}

static uint64_t next_due(const struct kad_store *s, uint64_t now)
{
    return now + KAD_REPEAT_MS + rng_below(s->rng, 2 * KAD_REPEAT_MS);
}

/* One that is there and, as far as it says that itself, not over. */
static bool is_good(const struct value *v, struct kad_now now)
{
    return v && now.wall_ms < v->until;
}

/* Without memory, or a place, it is forgotten. */
static void bury(struct kad_store *s, const struct value *v, uint64_t now)
{
    size_t size = sizeof(*v) + v->len + v->item.key.len;
    struct value *copy = v->until == UINT64_MAX ? NULL : malloc(size);
    if (!copy)
        return;
    memcpy(copy, v, size);
    copy->item.key.at = copy->bytes + copy->len;
    if (kad_shelf_put(&s->over, &copy->item, now) < 0)
        free(copy);
}

static void expire_values(struct kad_store *s, uint64_t now)
{
    struct kad_item *item;
    while ((item = TAILQ_FIRST(&s->values.by_age)) && now >= item->came + s->values.life) {
        bury(s, (struct value *)item, now);
        kad_shelf_drop(&s->values, item);
    }
    kad_shelf_expire(&s->over, now);
}

/* The last that was kept under the key, be it over. */
static struct value *last_of(const struct kad_store *s, struct kad_text key)
{
    struct kad_item *item = kad_shelf_find(&s->values, key);
    return (struct value *)(item ? item : kad_shelf_find(&s->over, key));
}

/* The peer's account is charged before the one whose value goes gets its place back, so that
 * nothing can fail once something has changed. */
static int keep_value(struct kad_store *s, const struct kad_validator *is, struct kad_text key,
                      struct kad_text value, const struct peer_id *from, uint64_t now)
{
    uint64_t until = is->until ? is->until(is->arg, key, value) : UINT64_MAX;
    uint64_t due = is->until && is->repeated ? next_due(s, now) : UINT64_MAX;
    const struct value *old = (const struct value *)kad_shelf_find(&s->values, key);
    int err = count_one(s, from, old && peer_id_equal(&old->from, from));
    if (err < 0)
        return err;
    struct value *v = malloc(sizeof(*v) + value.len + key.len);
    if (!v) {
        uncount_one(s, from);
        return BEAM_ENOMEM;
    }
    *v = (struct value){.from = *from, .until = until, .due = due, .len = value.len};
    memcpy(v->bytes, value.at, value.len);
    memcpy(v->bytes + value.len, key.at, key.len);
    v->item.key = (struct kad_text){.at = v->bytes + value.len, .len = key.len};
    err = kad_shelf_put(&s->values, &v->item, now);
    if (err < 0) {
        uncount_one(s, from);
        free(v);
        return err;
    }
    struct kad_item *over = kad_shelf_find(&s->over, v->item.key);
    if (over)
        kad_shelf_drop(&s->over, over);
    return 0;
}

bool kad_store_forged(int err)
{
    return err < 0 && err != BEAM_ETIMEOUT && err != BEAM_ENOMEM;
}

static bool is_same(struct kad_text a, struct kad_text b)
{
    return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

/* Once more: it stays who brought it. */
static void renew_value(struct kad_store *s, struct value *v, uint64_t now)
{
    kad_shelf_renew(&s->values, &v->item, now);
    if (v->due != UINT64_MAX)
        v->due = next_due(s, now);
}

/* What is here already is not checked again: that may cost a signature, and a question nothing.
 * What is over keeps out what ranks below it, which may be good for longer. */
int kad_store_put(struct kad_store *s, struct kad_text key, struct kad_text value,
                  const struct peer_id *from, struct kad_now now)
{
    const struct kad_validator *v = kad_store_validator(s, key);
    if (!v || key.len > KAD_KEY_MAX || value.len > KAD_VALUE_MAX)
        return BEAM_EINVAL;
    expire_values(s, now.ms);
    struct value *old = (struct value *)kad_shelf_find(&s->values, key);
    if (is_good(old, now) && is_same(value_of(old), value)) {
        renew_value(s, old, now.ms);
        return 0;
    }
    int err = v->check(v->arg, key, value, now.wall_ms);
    if (err < 0)
        return kad_store_forged(err) ? BEAM_EINVAL : err;
    const struct value *last = last_of(s, key);
    int order = last ? v->compare(v->arg, key, value_of(last), value) : 1;
    if (order < 0)
        return BEAM_EEXIST;
    if (order > 0 || !old)
        return keep_value(s, v, key, value, from, now.ms);
    renew_value(s, old, now.ms);
    return 0;
}

bool kad_store_outdated(const struct kad_store *s, struct kad_text key, struct kad_text value,
                        uint64_t wall_ms)
{
    const struct kad_validator *v = kad_store_validator(s, key);
    const struct value *last = last_of(s, key);
    return v && last && wall_ms >= last->until &&
           v->compare(v->arg, key, value_of(last), value) < 0;
}

int kad_store_get(struct kad_store *s, struct kad_text key, struct kad_now now,
                  struct kad_text *value)
{
    expire_values(s, now.ms);
    const struct value *v = (const struct value *)kad_shelf_find(&s->values, key);
    if (!is_good(v, now))
        return BEAM_ENOTFOUND;
    *value = value_of(v);
    return 0;
}

bool kad_store_due(struct kad_store *s, struct kad_now now, struct kad_text *key,
                   struct kad_text *value, const struct peer_id **from)
{
    struct kad_item *item;
    expire_values(s, now.ms);
    TAILQ_FOREACH(item, &s->values.by_age, by_age)
    {
        struct value *v = (struct value *)item;
        if (now.ms < item->came + KAD_REPEAT_MS)
            return false; /* and all that follow came later */
        if (now.ms < v->due || !is_good(v, now))
            continue;
        *key = item->key;
        *value = value_of(v);
        *from = &v->from;
        return true;
    }
    return false;
}

void kad_store_tended(struct kad_store *s, struct kad_text key, struct kad_now now)
{
    struct value *v = (struct value *)kad_shelf_find(&s->values, key);
    if (v && v->due != UINT64_MAX)
        v->due = next_due(s, now.ms);
}

size_t kad_store_values(const struct kad_store *s)
{
    return map_count(s->values.by_key);
}

/* ---- providers ---- */

/* A code, a length, and a digest of that length. */
static bool is_multihash(struct kad_text key)
{
    struct wire_reader r;
    wire_read_init(&r, key.at, key.len);
    (void)wire_read_varint(&r);
    uint64_t len = wire_read_varint(&r);
    return wire_read_end(&r, false) == 0 && len > 0 && len <= MULTIHASH_MAX &&
           len == wire_read_left(&r);
}

static void forget(struct kad_store *s, struct providing *p, size_t i)
{
    uncount_one(s, &p->list[i].peer);
    memmove(&p->list[i], &p->list[i + 1], (p->n - i - 1) * sizeof(p->list[0]));
    p->n--;
    s->provided--;
}

static void forget_old(struct kad_store *s, struct providing *p, uint64_t now)
{
    while (p->n > 0 && now >= p->list[p->n - 1].came + KAD_PROVIDER_LIFE_MS)
        forget(s, p, p->n - 1);
}

/* Every key has room for as many as an answer holds, whatever is kept of others. */
static bool is_full(const struct kad_store *s, const struct providing *p)
{
    return p->n == KAD_PROVIDERS_KEPT ||
           (p->n >= KAD_PROVIDERS_MAX && s->provided >= s->provided_max);
}

static size_t of_group(const struct providing *p, kad_group group)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        n += p->list[i].group == group;
    return n;
}

static void forget_one_of(struct kad_store *s, struct providing *p, kad_group group, size_t n)
{
    uint32_t skip = rng_below(s->rng, (uint32_t)n);
    size_t i = 0;
    while (p->list[i].group != group || skip-- > 0)
        i++;
    forget(s, p, i);
}

/* For one more of `group`. Ids are free, networks are not: those of one network, or of none that
 * is known, push out their like alone once they are many. */
static void make_room(struct kad_store *s, struct providing *p, kad_group group)
{
    size_t own = of_group(p, group);
    bool full = is_full(s, p);
    if (own >= KAD_PROVIDERS_KEPT / KAD_PROVIDERS_SHARE ||
        (full && own > p->n / KAD_PROVIDERS_SHARE))
        forget_one_of(s, p, group, own);
    else if (full)
        forget(s, p, rng_below(s->rng, (uint32_t)p->n));
}

/* Room for one more: 0 or BEAM_ENOMEM. */
static int grow(struct providing *p)
{
    size_t size = p->size + (p->size ? p->size : PROVIDERS_STEP);
    if (p->n < p->size || p->n == KAD_PROVIDERS_KEPT)
        return 0;
    if (size > KAD_PROVIDERS_KEPT)
        size = KAD_PROVIDERS_KEPT;
    struct provider *list = realloc(p->list, size * sizeof(list[0]));
    if (!list)
        return BEAM_ENOMEM;
    p->list = list;
    p->size = size;
    return 0;
}

static int new_providing(struct kad_store *s, struct kad_text key, uint64_t now,
                         struct providing **out)
{
    struct providing *p = calloc(1, sizeof(*p) + key.len);
    if (!p)
        return BEAM_ENOMEM;
    memcpy(p->key, key.at, key.len);
    p->item.key = (struct kad_text){.at = p->key, .len = key.len};
    int err = kad_shelf_put(&s->providings, &p->item, now);
    if (err < 0)
        free(p);
    else
        *out = p;
    return err;
}

int kad_store_provide(struct kad_store *s, struct kad_text key, const struct peer_id *peer,
                      kad_group group, struct kad_now now)
{
    if (!is_multihash(key))
        return BEAM_EINVAL;
    kad_shelf_expire(&s->providings, now.ms);
    struct providing *p = (struct providing *)kad_shelf_find(&s->providings, key);
    for (size_t i = 0; p && i < p->n; i++)
        if (peer_id_equal(&p->list[i].peer, peer)) {
            forget(s, p, i);
            break;
        }
    int err = count_one(s, peer, 0);
    if (err < 0)
        return err;
    err = p ? 0 : new_providing(s, key, now.ms, &p);
    if (err == 0)
        err = grow(p);
    if (err < 0) {
        uncount_one(s, peer);
        return err;
    }
    forget_old(s, p, now.ms);
    make_room(s, p, group);
    memmove(&p->list[1], &p->list[0], p->n * sizeof(p->list[0]));
    p->list[0] = (struct provider){.peer = *peer, .group = group, .came = now.ms};
    p->n++;
    s->provided++;
    kad_shelf_renew(&s->providings, &p->item, now.ms);
    return 0;
}

size_t kad_store_providers(struct kad_store *s, struct kad_text key, struct kad_now now,
                           struct peer_id *out, size_t max)
{
    kad_shelf_expire(&s->providings, now.ms);
    struct providing *p = (struct providing *)kad_shelf_find(&s->providings, key);
    if (!p)
        return 0;
    forget_old(s, p, now.ms);
    for (size_t i = 0; i < p->n; i++) { /* each is as likely to be among them */
        size_t at = i < max ? i : rng_below(s->rng, (uint32_t)i + 1);
        if (at < max)
            out[at] = p->list[i].peer;
    }
    return p->n < max ? p->n : max;
}
