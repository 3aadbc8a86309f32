/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_size.h"

#include <stdlib.h>
#include <string.h>

enum { FEWEST = 4 };

static const double space = 18446744073709551616.0; /* 2^64 */

/*
 * Of N nodes that lie evenly, the i-th nearest is expected at i / (N + 1) of the space. The line
 * through the origin that fits all of them best (least squares) gives N. 0: they say nothing.
 */
static double fit(const uint64_t *distances, size_t n)
{
    double square = 0, product = 0;
    for (size_t i = 0; i < n; i++) {
        double rank = (double)(i + 1);
        square += rank * rank;
        product += rank * ((double)distances[i] / space);
    }
    if (n < FEWEST || product <= 0)
        return 0;
    double nodes = square / product - 1;
    return nodes < (double)n ? (double)n : nodes;
}

static void drop(struct kad_size *s, size_t i)
{
    s->n--;
    memmove(&s->samples[i], &s->samples[i + 1], (s->n - i) * sizeof(s->samples[0]));
}

void kad_size_add(struct kad_size *s, const struct kad_id *target, const uint64_t *distances,
                  size_t n)
{
    uint8_t place = target->bytes[0];
    double nodes = fit(distances, n);
    size_t i = 0;
    if (nodes <= 0)
        return;
    while (i < s->n && s->samples[i].place != place)
        i++;
    if (i < s->n)
        drop(s, i);
    else if (s->n == KAD_SIZE_SAMPLES)
        drop(s, 0);
    s->samples[s->n++] = (struct kad_size_sample){.place = place, .nodes = nodes};
}

static int compare(const void *a, const void *b)
{
    double left = ((const struct kad_size_sample *)a)->nodes,
           right = ((const struct kad_size_sample *)b)->nodes;
    return (left > right) - (left < right);
}

/* Too large would be the graver error: the region that is searched (kad_query) would be too small
 * to see past those who crowd it. */
double kad_size_nodes(const struct kad_size *s)
{
    struct kad_size_sample sorted[KAD_SIZE_SAMPLES];
    if (s->n == 0)
        return 0;
    memcpy(sorted, s->samples, sizeof(sorted));
    qsort(sorted, s->n, sizeof(sorted[0]), compare);
    return sorted[(s->n - 1) / 2].nodes;
}

uint64_t kad_size_radius(const struct kad_size *s, size_t count)
{
    double nodes = kad_size_nodes(s);
    if (nodes <= 0)
        return 0;
    double part = (double)count / (nodes + 1);
    return part >= 1 ? UINT64_MAX : (uint64_t)(part * space);
}
