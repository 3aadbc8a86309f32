/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/draft.h"

#include <string.h>

#include "base/err.h"

void draft_begin(struct draft *d, struct buf_pool *pool)
{
    buf_init(&d->whole, pool, DRAFT_MAX);
    d->err = 0;
    d->len = 0;
}

static void flush(struct draft *d)
{
    if (d->err == 0)
        d->err = buf_add(&d->whole, d->text, d->len);
    d->len = 0;
}

void draft_add(struct draft *d, const void *data, size_t len)
{
    if (len == 0)
        return;
    if (len > sizeof(d->text) - d->len)
        flush(d);
    if (len <= sizeof(d->text)) {
        memcpy(d->text + d->len, data, len);
        d->len += len;
    } else if (d->err == 0) {
        d->err = buf_add(&d->whole, data, len);
    }
}

void draft_text(struct draft *d, struct http_text text)
{
    draft_add(d, text.at, text.len);
}

void draft_string(struct draft *d, const char *string)
{
    draft_add(d, string, strlen(string));
}

void draft_field(struct draft *d, struct http_text name, struct http_text value)
{
    draft_text(d, name);
    draft_add(d, ": ", 2);
    draft_text(d, value);
    draft_add(d, "\r\n", 2);
}

int draft_end(struct draft *d, struct buf *out)
{
    flush(d);
    if (d->err == 0)
        d->err = buf_move(out, &d->whole, buf_len(&d->whole));
    buf_clear(&d->whole);
    return d->err;
}
