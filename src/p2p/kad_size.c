/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/kad_size.h"

#include <stdlib.h>
#include <string.h>

enum { FEWEST = 4 };

static const double space = 18446744073709551616.0; /* 2^64 */

/*
 * Of N nodes that lie evenly, the i-th nearest is expected at i / (N + 1) of the space. The line
 * through the origin that fits all of them best (least squares) gives N.
 */
void kad_size_add(struct kad_size *s, const uint64_t *distances, size_t n)
{
    double square = 0, product = 0;
    if (n < FEWEST)
        return;
    for (size_t i = 0; i < n; i++) {
        double rank = (double)(i + 1);
        square += rank * rank;
        product += rank * ((double)distances[i] / space);
    }
    if (product <= 0)
        return;
    double nodes = square / product - 1;
    s->samples[s->next] = nodes < (double)n ? (double)n : nodes;
    s->next = (s->next + 1) % KAD_SIZE_SAMPLES;
    if (s->n < KAD_SIZE_SAMPLES)
        s->n++;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

double kad_size_nodes(const struct kad_size *s)
{
    double sorted[KAD_SIZE_SAMPLES];
    if (s->n == 0)
        return 0;
    memcpy(sorted, s->samples, sizeof(sorted));
    qsort(sorted, s->n, sizeof(sorted[0]), compare);
    return sorted[s->n / 2];
}

uint64_t kad_size_radius(const struct kad_size *s, size_t count)
{
    double nodes = kad_size_nodes(s);
    if (nodes <= 0)
        return 0;
    double part = (double)count / (nodes + 1);
    return part >= 1 ? UINT64_MAX : (uint64_t)(part * space);
}
