/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity/multiaddr.h"

#include <netinet/in.h>
#include <string.h>

#include "base/text.h"
#include "base/wire.h"
#include "identity/protocol.h"

enum { QUOTE = 96, ANY_PORT = 1 };

static const struct multiaddr empty;

/* ---- bytes ---------------------------------------------------------------------------------- */

/* One part off the reader, its value not looked into. False at the end and at an error. */
static bool read_part(struct wire_reader *r, const struct protocol **protocol,
                      struct multiaddr_part *out)
{
    uint64_t code = wire_read_varint(r);
    const struct protocol *p = r->failed ? NULL : protocol_by_code(code);
    if (!p)
        return false;
    uint64_t len = p->size == PROTOCOL_LENGTH_FIRST ? wire_read_varint(r) : (uint64_t)p->size;
    out->code = p->code;
    out->len = len < SIZE_MAX ? (size_t)len : SIZE_MAX;
    out->at = wire_read_bytes(r, out->len);
    *protocol = p;
    return !r->failed;
}

static int check_part(struct wire_reader *r, struct beam_why *why)
{
    struct wire_reader peek = *r;
    const struct protocol *p;
    struct multiaddr_part part;
    uint64_t code = wire_read_varint(&peek);
    if (peek.failed)
        return beam_why(why, BEAM_EINVAL, "multiaddr: a protocol's code is cut or too long");
    if (!protocol_by_code(code))
        return beam_why(why, BEAM_EINVAL, "multiaddr: protocol %llu is not known",
                        (unsigned long long)code);
    if (!read_part(r, &p, &part))
        return beam_why(why, BEAM_EINVAL, "multiaddr: the value of /%s is cut",
                        protocol_by_code(code)->name);
    if (part.len > PROTOCOL_VALUE_MAX || (p->valid && !p->valid(part.at, part.len)))
        return beam_why(why, BEAM_EINVAL, "multiaddr: the value of /%s must be %s", p->name,
                        p->form);
    return 0;
}

int multiaddr_decode(const void *data, size_t len, struct multiaddr *out, struct beam_why *why)
{
    struct wire_reader r;
    unsigned parts = 0;
    if (len == 0)
        return beam_why(why, BEAM_EINVAL, "multiaddr: empty");
    if (len > MULTIADDR_MAX)
        return beam_why(why, BEAM_ELIMIT, "multiaddr: %zu bytes: at most %d", len, MULTIADDR_MAX);
    wire_read_init(&r, data, len);
    while (wire_read_left(&r) > 0) {
        if (parts++ == MULTIADDR_PARTS_MAX)
            return beam_why(why, BEAM_ELIMIT, "multiaddr: more than %d protocols",
                            MULTIADDR_PARTS_MAX);
        int err = check_part(&r, why);
        if (err < 0)
            return err;
    }
    out->len = (uint16_t)len;
    memcpy(out->bytes, data, len);
    return 0;
}

int multiaddr_decode_start(const void *data, size_t len, struct multiaddr *out)
{
    struct wire_reader r;
    size_t known = 0;
    wire_read_init(&r, data, len < MULTIADDR_MAX ? len : MULTIADDR_MAX);
    for (unsigned parts = 0; parts < MULTIADDR_PARTS_MAX && wire_read_left(&r) > 0; parts++) {
        if (check_part(&r, NULL) < 0)
            break;
        known = (size_t)(r.at - (const uint8_t *)data);
    }
    return multiaddr_decode(data, known, out, NULL);
}

bool multiaddr_next(const struct multiaddr *a, size_t *pos, struct multiaddr_part *out)
{
    const struct protocol *p;
    struct wire_reader r;
    if (*pos >= a->len)
        return false;
    wire_read_init(&r, a->bytes + *pos, a->len - *pos);
    if (!read_part(&r, &p, out))
        return false;
    *pos = (size_t)(r.at - a->bytes);
    return true;
}

bool multiaddr_has(const struct multiaddr *a, enum multiaddr_code code)
{
    struct multiaddr_part part;
    for (size_t pos = 0; multiaddr_next(a, &pos, &part);)
        if (part.code == code)
            return true;
    return false;
}

int multiaddr_compare(const struct multiaddr *a, const struct multiaddr *b)
{
    int order = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);
    return order ? order : (int)a->len - (int)b->len;
}

bool multiaddr_equal(const struct multiaddr *a, const struct multiaddr *b)
{
    return multiaddr_compare(a, b) == 0;
}

/* ---- text ----------------------------------------------------------------------------------- */

/* The text up to the next '/', which is taken too. */
static size_t word(const char **at, const char *end, const char **out)
{
    const char *slash = memchr(*at, '/', (size_t)(end - *at));
    size_t len = (size_t)((slash ? slash : end) - *at);
    *out = *at;
    *at = slash ? slash + 1 : end;
    return len;
}

static int refuse(struct beam_why *why, const char *text, size_t len, const char *what)
{
    char quote[QUOTE];
    text_escape(text, len, quote, sizeof(quote));
    return beam_why(why, BEAM_EINVAL, "multiaddr: %s: %s", quote, what);
}

static int parse_value(const struct protocol *p, const char *text, size_t len,
                       struct wire_writer *w, struct beam_why *why)
{
    uint8_t value[PROTOCOL_VALUE_MAX];
    struct wire_writer v;
    size_t n;
    wire_write_init(&v, value, sizeof(value));
    if (p->parse(text, len, &v) < 0 || wire_write_end(&v, &n) < 0 ||
        (p->valid && !p->valid(value, n))) {
        char quote[QUOTE];
        text_escape(text, len, quote, sizeof(quote));
        return beam_why(why, BEAM_EINVAL, "multiaddr: /%s/%s: must be %s", p->name, quote, p->form);
    }
    if (p->size == PROTOCOL_LENGTH_FIRST)
        wire_write_varint(w, n);
    wire_write_bytes(w, value, n);
    return 0;
}

static int parse_part(const char **at, const char *end, struct wire_writer *w, struct beam_why *why)
{
    const char *name, *value;
    size_t len = word(at, end, &name);
    const struct protocol *p = protocol_by_name(name, len);
    if (len == 0)
        return beam_why(why, BEAM_EINVAL,
                        "multiaddr: a protocol has no name (\"//\", or a '/' at "
                        "the end)");
    if (!p)
        return refuse(why, name, len, "not a protocol that is known");
    bool last = name + len == end;
    wire_write_varint(w, p->code);
    if (p->size == PROTOCOL_NO_VALUE)
        return 0;
    if (last)
        return refuse(why, name, len, "its value is missing");
    len = word(at, end, &value);
    return parse_value(p, value, len, w, why);
}

int multiaddr_parse(const char *text, size_t len, struct multiaddr *out, struct beam_why *why)
{
    struct multiaddr a;
    struct wire_writer w;
    const char *at, *end;
    size_t n;
    if (len == 0 || text[0] != '/')
        return refuse(why, text, len, "must start with '/'");
    if (len >= MULTIADDR_TEXT_SIZE)
        return beam_why(why, BEAM_ELIMIT, "multiaddr: %zu characters: at most %d", len,
                        MULTIADDR_TEXT_SIZE - 1);
    if (text[len - 1] == '/')
        return refuse(why, text, len, "must not end with '/'");
    at = text + 1;
    end = text + len;
    wire_write_init(&w, a.bytes, sizeof(a.bytes));
    for (unsigned parts = 0; at < end; parts++) {
        int err = parts < MULTIADDR_PARTS_MAX
                      ? parse_part(&at, end, &w, why)
                      : beam_why(why, BEAM_ELIMIT, "multiaddr: more than %d protocols",
                                 MULTIADDR_PARTS_MAX);
        if (err < 0)
            return err;
    }
    if (wire_write_end(&w, &n) < 0)
        return beam_why(why, BEAM_ELIMIT, "multiaddr: more than %d bytes", MULTIADDR_MAX);
    out->len = (uint16_t)n;
    memcpy(out->bytes, a.bytes, n);
    return 0;
}

static void append(struct wire_writer *w, const char *text)
{
    wire_write_bytes(w, "/", 1);
    wire_write_bytes(w, text, strlen(text));
}

void multiaddr_text(const struct multiaddr *a, char out[MULTIADDR_TEXT_SIZE])
{
    struct multiaddr_part part;
    struct wire_writer w;
    wire_write_init(&w, out, MULTIADDR_TEXT_SIZE - 1);
    for (size_t pos = 0; multiaddr_next(a, &pos, &part);) {
        char value[PROTOCOL_VALUE_TEXT_SIZE];
        const struct protocol *p = protocol_by_code(part.code);
        append(&w, p->name);
        if (p->size == PROTOCOL_NO_VALUE)
            continue;
        p->print(part.at, part.len, value);
        append(&w, value);
    }
    out[w.at - w.start] = '\0';
}

/* ---- putting together and taking apart ------------------------------------------------------ */

static unsigned parts_of(const struct multiaddr *a)
{
    struct multiaddr_part part;
    unsigned n = 0;
    for (size_t pos = 0; multiaddr_next(a, &pos, &part);)
        n++;
    return n;
}

int multiaddr_join(const struct multiaddr *outer, const struct multiaddr *inner,
                   struct multiaddr *out)
{
    struct multiaddr a = *outer;
    if (outer->len + inner->len > MULTIADDR_MAX ||
        parts_of(outer) + parts_of(inner) > MULTIADDR_PARTS_MAX)
        return BEAM_ELIMIT;
    memcpy(a.bytes + a.len, inner->bytes, inner->len);
    a.len = (uint16_t)(a.len + inner->len);
    *out = a;
    return 0;
}

/* The address out of what was written, which fits and is well-formed. */
static void finish(const struct wire_writer *w, struct multiaddr *a)
{
    a->len = (uint16_t)(w->at - w->start);
}

int multiaddr_with_peer(const struct multiaddr *a, const struct peer_id *id, struct multiaddr *out)
{
    struct multiaddr last = empty;
    struct wire_writer w;
    wire_write_init(&w, last.bytes, sizeof(last.bytes));
    wire_write_varint(&w, MULTIADDR_P2P);
    wire_write_varint(&w, id->len);
    wire_write_bytes(&w, id->bytes, id->len);
    finish(&w, &last);
    return multiaddr_join(a, &last, out);
}

/* Where the last part starts, and the part; false when there is none. */
static bool last_part(const struct multiaddr *a, size_t *start, struct multiaddr_part *part)
{
    size_t pos = 0;
    *start = 0;
    for (size_t before = 0; multiaddr_next(a, &pos, part); before = pos)
        *start = before;
    return a->len > 0;
}

void multiaddr_without_peer(const struct multiaddr *a, struct multiaddr *out)
{
    struct multiaddr_part part;
    size_t start;
    bool cut = last_part(a, &start, &part) && part.code == MULTIADDR_P2P;
    *out = *a;
    if (cut)
        out->len = (uint16_t)start;
}

int multiaddr_peer(const struct multiaddr *a, struct peer_id *out)
{
    struct multiaddr_part part;
    size_t start;
    if (!last_part(a, &start, &part) || part.code != MULTIADDR_P2P)
        return BEAM_ENOTFOUND;
    return peer_id_decode(part.at, part.len, out, NULL);
}

/* ---- socket addresses ----------------------------------------------------------------------- */

int multiaddr_from_addr(const struct addr *addr, enum multiaddr_code transport,
                        struct multiaddr *out)
{
    struct multiaddr a = empty;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct wire_writer w;
    if (transport != MULTIADDR_TCP && transport != MULTIADDR_UDP)
        return BEAM_EINVAL;
    wire_write_init(&w, a.bytes, sizeof(a.bytes));
    if (addr->ss.ss_family == AF_INET) {
        memcpy(&v4, &addr->ss, sizeof(v4));
        wire_write_varint(&w, MULTIADDR_IP4);
        wire_write_bytes(&w, &v4.sin_addr, sizeof(v4.sin_addr));
    } else if (addr->ss.ss_family == AF_INET6) {
        memcpy(&v6, &addr->ss, sizeof(v6));
        wire_write_varint(&w, MULTIADDR_IP6);
        wire_write_bytes(&w, &v6.sin6_addr, sizeof(v6.sin6_addr));
    } else {
        return BEAM_EINVAL;
    }
    wire_write_varint(&w, transport);
    wire_write_be16(&w, addr_port(addr));
    finish(&w, &a);
    *out = a;
    return 0;
}

/* The IP address that is its first part; *pos is moved behind it. */
static int first_ip(const struct multiaddr *a, size_t *pos, struct multiaddr_part *ip)
{
    return multiaddr_next(a, pos, ip) && (ip->code == MULTIADDR_IP4 || ip->code == MULTIADDR_IP6)
               ? 0
               : BEAM_EINVAL;
}

static int to_addr(const struct multiaddr_part *ip, uint16_t port, struct addr *out)
{
    char text[PROTOCOL_VALUE_TEXT_SIZE];
    protocol_by_code(ip->code)->print(ip->at, ip->len, text);
    return addr_ip(text, strlen(text), port, out);
}

int multiaddr_ip(const struct multiaddr *a, struct addr *out)
{
    struct multiaddr_part ip;
    size_t pos = 0;
    int err = first_ip(a, &pos, &ip);
    return err == 0 ? to_addr(&ip, ANY_PORT, out) : err;
}

int multiaddr_to_addr(const struct multiaddr *a, struct addr *out, enum multiaddr_code *transport)
{
    struct multiaddr_part ip, port;
    size_t pos = 0;
    if (first_ip(a, &pos, &ip) < 0 || !multiaddr_next(a, &pos, &port) ||
        (port.code != MULTIADDR_TCP && port.code != MULTIADDR_UDP))
        return BEAM_EINVAL;
    int err = to_addr(&ip, (uint16_t)(port.at[0] << 8 | port.at[1]), out);
    if (err == 0)
        *transport = port.code;
    return err;
}
