/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tap, fed with a conversation: each piece is a byte that says whose it is (the top bit: the
 * target's) and how long (1–127; 0: the target ends its side), and its bytes. What the tap does
 * not want to see goes by unseen. However the same bytes are cut, it must come to the same log.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tunnel/tap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sums {
    uint64_t in, out, records, statuses;
};

struct play {
    struct tap *tap;
    uint64_t now, total[2], skip[2];
    struct sums sums;
};

static void on_record(void *arg, const struct tap_record *r)
{
    struct play *p = arg;
    assert(strlen(r->target) <= TAP_TARGET_MAX);
    assert(r->status == 0 || (r->status >= 100 && r->status <= 999));
    assert(r->ms <= p->now);
    assert((r->method[0] == '\0') <= (r->target[0] == '\0'));
    p->sums.in += r->in;
    p->sums.out += r->out;
    p->sums.records++;
    p->sums.statuses = p->sums.statuses * 31 + (uint64_t)r->status;
}

/* Shows what is wanted, `piece` bytes at a time, each in memory of its own. */
static void pass(struct play *p, enum tap_side side, const uint8_t *data, size_t len, size_t piece)
{
    p->total[side] += len;
    while (len > 0) {
        size_t n = len < piece ? len : piece;
        if (p->skip[side] > 0) {
            n = p->skip[side] < len ? (size_t)p->skip[side] : len;
            if (p->skip[side] != TAP_ALL)
                p->skip[side] -= n;
        } else {
            uint8_t *copy = malloc(n);
            assert(copy);
            memcpy(copy, data, n);
            p->skip[side] = tap_see(p->tap, side, copy, n, p->now);
            free(copy);
        }
        data += n;
        len -= n;
    }
}

static struct sums play(const uint8_t *data, size_t size, size_t piece)
{
    struct play p = {.now = 0};
    int err = tap_new(on_record, &p, 0, &p.tap);
    assert(err == 0);
    while (size > 0) {
        enum tap_side side = *data & 0x80 ? TAP_TARGET : TAP_VISITOR;
        size_t len = *data & 0x7f;
        data++;
        size--;
        len = len < size ? len : size;
        p.now++;
        if (len == 0)
            tap_half(p.tap, p.total[TAP_TARGET], p.now);
        pass(&p, side, data, len, piece);
        data += len;
        size -= len;
    }
    tap_end(p.tap, p.total[TAP_VISITOR], p.total[TAP_TARGET], p.now);
    tap_free(p.tap);
    /* All that went by is told of, but for empty lines between requests. */
    assert(p.sums.in <= p.total[TAP_VISITOR] && p.sums.out == p.total[TAP_TARGET]);
    return p.sums;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sums whole = play(data, size, SIZE_MAX), bytes = play(data, size, 1);
    assert(memcmp(&whole, &bytes, sizeof(whole)) == 0);
    return 0;
}
