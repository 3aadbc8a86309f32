/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/guests.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "gate/visitors.h"

enum { LOOK_EVERY = 1000 /* ms */ };
_Static_assert((int)ONION_CLIENT_LEN == (int)VISITOR_KEY_LEN, "one kind of key");
_Static_assert((int)ONION_CLIENTS_MAX >= (int)VISITORS_ALLOWED_MAX, "room for all of a file");

struct guests {
    struct loop *loop;
    char *path;
    struct guests_events events;
    struct loop_timer look;
    struct stat seen; /* what was read last */
    size_t count;
    uint8_t key[VISITORS_ALLOWED_MAX][ONION_CLIENT_LEN];
    struct beam_why closed; /* "": open */
};

/* Whether a file may have been written between two looks at it. */
static bool differs(const struct stat *a, const struct stat *b)
{
    return a->st_dev != b->st_dev || a->st_ino != b->st_ino || a->st_size != b->st_size ||
           a->st_mode != b->st_mode || a->st_uid != b->st_uid ||
           memcmp(&a->st_mtim, &b->st_mtim, sizeof(a->st_mtim)) != 0 ||
           memcmp(&a->st_ctim, &b->st_ctim, sizeof(a->st_ctim)) != 0;
}

/* The keys of those who may enter, in the file's order. */
static int read_keys(const char *path, uint8_t (*key)[ONION_CLIENT_LEN], size_t *count,
                     struct beam_why *why)
{
    struct visitors *v = NULL;
    size_t n = 0;
    int err = visitors_load(path, &v, why);
    if (err < 0)
        return err;
    for (size_t i = 0; i < visitors_count(v); i++)
        if (!visitors_at(v, i)->revoked)
            memcpy(key[n++], visitors_at(v, i)->key, ONION_CLIENT_LEN);
    visitors_free(v);
    if (n == 0)
        return beam_why(why, BEAM_EINVAL,
                        "%s: it lets nobody in (`beam visitors make %s NAME` adds somebody)", path,
                        path);
    *count = n;
    return 0;
}

/* The file's state is taken first: what is written while it is read is seen at the next look. */
static int reload(struct guests *g, bool *changed, struct beam_why *why)
{
    uint8_t key[VISITORS_ALLOWED_MAX][ONION_CLIENT_LEN];
    size_t count = 0;
    struct stat st = {0};
    if (stat(g->path, &st) == 0)
        g->seen = st;
    else
        memset(&g->seen, 0, sizeof(g->seen));
    int err = read_keys(g->path, key, &count, why);
    if (err < 0)
        return err;
    *changed = count != g->count || memcmp(key, g->key, count * sizeof(key[0])) != 0;
    memcpy(g->key, key, count * sizeof(key[0]));
    g->count = count;
    return 0;
}

static void close_for(struct guests *g, const struct beam_why *why)
{
    bool said = strcmp(g->closed.text, why->text) == 0;
    g->closed = *why;
    g->count = 0;
    if (said)
        return;
    log_warn("path", "nobody may enter: %s", log_scrub(why->text)); /* it may name visitors */
    g->events.closed(g->events.arg, why);
}

static void on_look(void *arg)
{
    struct guests *g = arg;
    struct stat st;
    struct beam_why why = {.text = ""};
    bool changed = false;
    loop_timer_set(&g->look, LOOK_EVERY);
    if (!g->closed.text[0] && stat(g->path, &st) == 0 && !differs(&st, &g->seen))
        return;
    if (reload(g, &changed, &why) < 0) {
        close_for(g, &why);
        return;
    }
    if (!changed)
        return;
    g->closed.text[0] = '\0';
    log_info("path", "%zu visitors may enter now", g->count);
    g->events.changed(g->events.arg);
}

int guests_new(struct loop *l, const char *path, const struct guests_events *events,
               struct guests **out, struct beam_why *why)
{
    bool changed;
    struct guests *g = calloc(1, sizeof(*g));
    char *copy = strdup(path);
    if (!g || !copy) {
        free(copy);
        free(g);
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", path);
    }
    g->loop = l;
    g->path = copy;
    g->events = *events;
    loop_timer_init(l, &g->look, on_look, g);
    int err = reload(g, &changed, why);
    if (err < 0) {
        guests_free(g);
        return err;
    }
    loop_timer_set(&g->look, LOOK_EVERY);
    *out = g;
    return 0;
}

void guests_free(struct guests *g)
{
    if (!g)
        return;
    loop_timer_clear(&g->look);
    free(g->path);
    free(g);
}

struct onion_clients guests_clients(const struct guests *g)
{
    return (struct onion_clients){g->count, g->key};
}
