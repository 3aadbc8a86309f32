/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/visit_head.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/pb.h"

enum { FIELD_ID = 1, FIELD_VIA = 2, FIELD_VISITOR = 3, FIELD_RULE = 4, FIELD_COUNT = 5 };

int visit_head_encode(const struct visit_head *h, void *out, size_t size, size_t *out_len)
{
    uint8_t bytes[VISIT_HEAD_MAX];
    struct wire_writer message, w;
    size_t len;
    wire_write_init(&message, bytes, sizeof(bytes));
    pb_write_bytes(&message, FIELD_ID, h->id, sizeof(h->id));
    pb_write_number(&message, FIELD_VIA, h->via);
    if (h->visitor[0])
        pb_write_bytes(&message, FIELD_VISITOR, h->visitor, strlen(h->visitor));
    if (h->rule[0])
        pb_write_bytes(&message, FIELD_RULE, h->rule, strlen(h->rule));
    if (h->count > 0)
        pb_write_number(&message, FIELD_COUNT, h->count);
    int err = wire_write_end(&message, &len);
    if (err < 0)
        return err;
    wire_write_init(&w, out, size);
    wire_write_varint(&w, len);
    wire_write_bytes(&w, bytes, len);
    return wire_write_end(&w, out_len);
}

/* An IP address and nothing else, for it goes into logs and header fields. */
static int take_visitor(const struct pb_field *f, struct visit_head *out)
{
    struct addr addr;
    if (f->wire != PB_BYTES || f->len == 0 || f->len >= sizeof(out->visitor) ||
        addr_ip((const char *)f->at, f->len, 1, &addr) < 0)
        return BEAM_EINVAL;
    memcpy(out->visitor, f->at, f->len);
    out->visitor[f->len] = '\0';
    return 0;
}

/* A word of the relay's, which goes onto screens. */
static int take_rule(const struct pb_field *f, struct visit_head *out)
{
    if (f->wire != PB_BYTES || f->len == 0 || f->len >= sizeof(out->rule))
        return BEAM_EINVAL;
    for (size_t i = 0; i < f->len; i++)
        if ((f->at[i] < 'a' || f->at[i] > 'z') && f->at[i] != '-')
            return BEAM_EINVAL;
    memcpy(out->rule, f->at, f->len);
    out->rule[f->len] = '\0';
    return 0;
}

static int take_field(const struct pb_field *f, struct visit_head *out)
{
    switch (f->number) {
    case FIELD_ID:
        if (f->wire != PB_BYTES || f->len != sizeof(out->id))
            return BEAM_EINVAL;
        memcpy(out->id, f->at, f->len);
        return 0;
    case FIELD_VIA:
        out->via = f->value;
        return f->wire == PB_VARINT && f->value > 0 ? 0 : BEAM_EINVAL;
    case FIELD_VISITOR:
        return take_visitor(f, out);
    case FIELD_RULE:
        return take_rule(f, out);
    default:
        out->count = f->value;
        return f->wire == PB_VARINT ? 0 : BEAM_EINVAL;
    }
}

int visit_head_decode(const void *data, size_t len, struct visit_head *out)
{
    struct visit_head h = {.via = 0};
    struct pb_reader r;
    struct pb_field f;
    bool seen[FIELD_COUNT + 1] = {false};
    pb_read_init(&r, data, len);
    while (pb_next(&r, &f)) {
        if (f.number > FIELD_COUNT)
            continue;
        if (seen[f.number] || take_field(&f, &h) < 0)
            pb_fail(&r, BEAM_EINVAL);
        seen[f.number] = true;
    }
    if (len > VISIT_HEAD_MAX || pb_end(&r) < 0 || !seen[FIELD_ID] || !seen[FIELD_VIA] ||
        (h.via == VISIT_HEAD_NOTICE) != seen[FIELD_RULE])
        return BEAM_EINVAL;
    *out = h;
    return 0;
}

void visit_head_visitor(const struct addr *from, char out[VISIT_HEAD_VISITOR_SIZE])
{
    char text[ADDR_TEXT_SIZE];
    out[0] = '\0';
    if (!from || addr_scope(from) == ADDR_UNIX)
        return;
    addr_text(from, text);
    char *start = text[0] == '[' ? text + 1 : text, *end = strrchr(text, ':');
    if (end && text[0] == '[')
        end = strchr(text, ']');
    if (end && (size_t)(end - start) < VISIT_HEAD_VISITOR_SIZE)
        snprintf(out, VISIT_HEAD_VISITOR_SIZE, "%.*s", (int)(end - start), start);
}
