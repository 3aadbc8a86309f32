/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What tor says on its control port: the first byte is the size of the pieces it arrives in, the
 * rest is the stream. However it is cut, the same replies come out, within their ceilings; their
 * lines are then given to everything that reads such lines.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tor/bootstrap.h"
#include "tor/circuit_line.h"
#include "tor/control_line.h"
#include "tor/hs_desc.h"
#include "tor/listeners.h"
#include "tor/logline.h"
#include "tor/protocol_info.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read, as one number, and how it ended. */
struct outcome {
    uint64_t hash;
    size_t replies;
    int err;
};

static void mix(struct outcome *o, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        o->hash = (o->hash ^ (uint8_t)bytes[i]) * UINT64_C(1099511628211);
    o->hash = (o->hash ^ len) * UINT64_C(1099511628211);
}

static void check_line(const struct control_line *l)
{
    if (strlen(l->text) != l->text_len || strlen(l->data) != l->data_len ||
        l->text_len >= CONTROL_TEXT_MAX || l->data_len >= CONTROL_REPLY_MAX)
        abort();
    if (l->data_len > 0 && l->data[l->data_len - 1] != '\n')
        abort();
}

/* The readers of lines: none may fall over, none may write what is no text. */
static void read_line(const char *text)
{
    static const char *const keys[] = {"METHODS",    "COOKIEFILE", "Tor",
                                       "SERVERHASH", "ServiceID",  ""};
    char out[64];
    struct hs_desc desc;
    struct logline line;
    struct bootstrap b;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (control_value(text, keys[i], out, sizeof(out)) == 0 && strlen(out) >= sizeof(out))
            abort();
    for (const char *at = text; control_word(&at, out, sizeof(out)) == 0;)
        if (out[0] == '\0' || strchr(out, ' '))
            abort();
    (void)hs_desc_parse(text, &desc);
    logline_parse(text, strlen(text), &line);
    bootstrap_init(&b, 0, 1000);
    (void)bootstrap_status(&b, 1, text);
    (void)bootstrap_log(&b, &line);
    if (b.percent < 0 || b.percent > 100 || strlen(b.why.text) >= sizeof(b.why.text))
        abort();
}

static void read_circuits(const struct control_reply *r)
{
    static const char address[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    struct circuit_line c;
    for (const char *at = circuit_line_first(r); at && circuit_line_next(&at, &c);)
        if (circuit_line_is_visit(&c, address) && circuit_line_is_introduction(&c, address))
            abort();
}

/* And those of whole replies. */
static void read_reply(const struct control_reply *r)
{
    struct protocol_info info;
    struct addr at;
    read_circuits(r);
    if (protocol_info_parse(r, &info) == 0 &&
        (!info.version[0] || strlen(info.version) >= sizeof(info.version)))
        abort();
    if (listeners_first(r, "net/listeners/socks", &at) == 0 && addr_scope(&at) != ADDR_UNIX &&
        addr_scope(&at) != ADDR_LOOPBACK)
        abort();
}

static void take(struct outcome *o, const struct control_reply *r, bool look)
{
    if (r->count == 0 || r->count > CONTROL_LINES_MAX || r->code < 200 || r->code > 699 ||
        r->event != (r->code >= 600))
        abort();
    o->replies++;
    for (size_t i = 0; i < r->count; i++) {
        check_line(&r->lines[i]);
        mix(o, r->lines[i].text, r->lines[i].text_len);
        mix(o, r->lines[i].data, r->lines[i].data_len);
        if (look)
            read_line(r->lines[i].text);
    }
    if (look)
        read_reply(r);
}

static struct outcome run(const uint8_t *data, size_t size, size_t piece, bool look)
{
    struct outcome o = {.err = BEAM_EAGAIN};
    struct buf_pool *pool;
    struct control_reader *reader;
    struct buf in;
    if (buf_pool_new(4, &pool) < 0 || control_reader_new(&reader) < 0)
        abort();
    buf_init(&in, pool, size + 1);
    for (size_t at = 0; at < size && o.err == BEAM_EAGAIN; at += piece) {
        const struct control_reply *r;
        if (buf_add(&in, data + at, size - at < piece ? size - at : piece) < 0)
            abort();
        while ((o.err = control_reader_next(reader, &in, &r)) == 0)
            take(&o, r, look);
    }
    control_reader_free(reader);
    buf_clear(&in);
    buf_pool_free(pool);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    size_t piece = (size_t)data[0] + 1;
    struct outcome whole = run(data + 1, size - 1, size, true);
    struct outcome torn = run(data + 1, size - 1, piece, false);
    if (whole.hash != torn.hash || whole.replies != torn.replies || whole.err != torn.err)
        abort();
    return 0;
}
