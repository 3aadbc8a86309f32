/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A node's children are a list: `below` is the first, `next` the sibling, and
 * `link` whichever pointer points at the node. The batch is linked by `next`
 * and `link` in the same way, which is why timer_take need not know where a
 * timer is.
 */
#include "loop/timer.h"

/* Both are roots without siblings; so is the result. NULL allowed for a. */
static struct loop_timer *meld(struct loop_timer *a, struct loop_timer *b)
{
    if (!a)
        return b;
    if (b->due < a->due) {
        struct loop_timer *first = b;
        b = a;
        a = first;
    }
    b->next = a->below;
    if (b->next)
        b->next->link = &b->next;
    b->link = &a->below;
    a->below = b;
    return a;
}

/* Melds a list of siblings to one tree: in pairs from the left, then those
 * from the right, which is what keeps a removal cheap in the long run. */
static struct loop_timer *gather(struct loop_timer *list)
{
    struct loop_timer *pairs = NULL, *all = NULL, *rest;
    for (struct loop_timer *a = list; a; a = rest) {
        struct loop_timer *b = a->next;
        rest = b ? b->next : NULL;
        a->next = NULL;
        if (b) {
            b->next = NULL;
            a = meld(a, b);
        }
        a->next = pairs;
        pairs = a;
    }
    for (; pairs; pairs = rest) {
        rest = pairs->next;
        pairs->next = NULL;
        all = meld(all, pairs);
    }
    return all;
}

static void graft(struct timer_heap *h, struct loop_timer *tree)
{
    h->root = meld(h->root, tree);
    h->root->link = &h->root;
}

void timer_put(struct timer_heap *h, struct loop_timer *t)
{
    t->below = t->next = NULL;
    graft(h, t);
}

void timer_take(struct timer_heap *h, struct loop_timer *t)
{
    *t->link = t->next;
    if (t->next)
        t->next->link = t->link;
    struct loop_timer *orphans = gather(t->below);
    if (orphans)
        graft(h, orphans);
    t->below = t->next = NULL;
    t->link = NULL;
}

const struct loop_timer *timer_first(const struct timer_heap *h)
{
    return h->root;
}

void timer_collect(struct timer_heap *h, uint64_t now)
{
    if (h->batch)
        return;
    struct loop_timer **end = &h->batch;
    while (h->root && h->root->due <= now) {
        struct loop_timer *t = h->root;
        timer_take(h, t);
        *end = t;
        t->link = end;
        end = &t->next;
    }
}

struct loop_timer *timer_pop(struct timer_heap *h)
{
    struct loop_timer *t = h->batch;
    if (t)
        timer_take(h, t);
    return t;
}
