/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/mdns_message.h"

#include <string.h>

#include "base/wire.h"

enum {
    NAME_MAX = 255,
    LABEL_MAX = 63,
    POINTER = 0xc0,
    TYPE_PTR = 12,
    TYPE_TXT = 16,
    TYPE_SRV = 33,
    TYPE_ANY = 255,
    CLASS_IN = 1,
    CLASS_ANY = 255,
    CLASS_BITS = 0x7fff, /* the first bit is another's: RFC 6762, 10.2 and 5.4 */
    FLUSH = 0x8000,
    FLAG_ANSWER = 0x8000,
    FLAG_AUTHORITATIVE = 0x0400,
    FLAGS_ODD = 0x780f, /* operation and error: RFC 6762, 18.3 and 18.11 */
    TTL_MAX_S = 24 * 60 * 60
};

/* Names as on the wire, but for the last, empty label, and in lower case. */
static const char peers[] = "\4_p2p\4_udp\5local";
static const char services[] = "\11_services\7_dns-sd\4_udp\5local";
static const char key[] = "dnsaddr=";

/* ---- reading -------------------------------------------------------------------------------- */

struct message {
    const uint8_t *data;
    size_t len, pos;
};

struct name {
    size_t len;
    uint8_t bytes[NAME_MAX];
};

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static bool put_label(struct name *n, const uint8_t *at, size_t len)
{
    if (n->len + 1 + len + 1 > NAME_MAX)
        return false;
    n->bytes[n->len++] = (uint8_t)len;
    for (size_t i = 0; i < len; i++)
        n->bytes[n->len++] = lower(at[i]);
    return true;
}

/* A pointer leads back, before where the labels began that it ends, so that there is an end to it
 * (RFC 1035, 4.1.4). */
static bool read_name(struct message *m, struct name *out)
{
    size_t pos = m->pos, start = pos;
    bool jumped = false;
    out->len = 0;
    for (;;) {
        if (pos >= m->len)
            return false;
        uint8_t head = m->data[pos++];
        if (head == 0)
            break;
        if (head <= LABEL_MAX) {
            if (m->len - pos < head || !put_label(out, m->data + pos, head))
                return false;
            pos += head;
            continue;
        }
        if ((head & POINTER) != POINTER || pos >= m->len)
            return false;
        size_t to = (size_t)(head & ~POINTER) << 8 | m->data[pos++];
        if (to >= start)
            return false;
        if (!jumped)
            m->pos = pos;
        jumped = true;
        pos = start = to;
    }
    if (!jumped)
        m->pos = pos;
    return true;
}

static bool is_name(const struct name *n, const char *wire, size_t len)
{
    return n->len == len && memcmp(n->bytes, wire, len) == 0;
}

/* The label of a peer, if the name is one's. */
static bool is_peer(const struct name *n, char out[MDNS_NAME_SIZE])
{
    size_t len = n->len > 0 ? n->bytes[0] : 0, tail = sizeof(peers) - 1;
    if (len == 0 || n->len != 1 + len + tail || memcmp(n->bytes + 1 + len, peers, tail) != 0 ||
        memchr(n->bytes + 1, '\0', len))
        return false;
    memcpy(out, n->bytes + 1, len);
    out[len] = '\0';
    return true;
}

static bool read_number(struct message *m, size_t bytes, uint32_t *out)
{
    uint32_t value = 0;
    if (m->len - m->pos < bytes)
        return false;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | m->data[m->pos++];
    *out = value;
    return true;
}

static unsigned asks_for(const struct name *n, uint32_t type, const char *me)
{
    char label[MDNS_NAME_SIZE];
    bool pointer = type == TYPE_PTR || type == TYPE_ANY;
    if (pointer && is_name(n, peers, sizeof(peers) - 1))
        return MDNS_ASKS_PEERS;
    if (pointer && is_name(n, services, sizeof(services) - 1))
        return MDNS_ASKS_SERVICES;
    if ((type == TYPE_TXT || type == TYPE_SRV || type == TYPE_ANY) && is_peer(n, label) &&
        strcmp(label, me) == 0)
        return MDNS_ASKS_ME;
    return 0;
}

static bool read_question(struct message *m, const char *me, struct mdns_message *out)
{
    struct name name;
    uint32_t type, class;
    if (!read_name(m, &name) || !read_number(m, 2, &type) || !read_number(m, 2, &class))
        return false;
    class &= CLASS_BITS;
    if (!out->answer && (class == CLASS_IN || class == CLASS_ANY))
        out->asks |= asks_for(&name, type, me);
    return true;
}

/* The strings of a TXT record that are addresses. */
static bool read_strings(struct message *m, size_t len, const char *label, uint32_t ttl_s,
                         struct mdns_message *out)
{
    size_t prefix = sizeof(key) - 1;
    for (size_t end = m->pos + len; m->pos < end;) {
        size_t size = m->data[m->pos++];
        if (size > end - m->pos)
            return false;
        const char *at = (const char *)m->data + m->pos;
        m->pos += size;
        if (size <= prefix || memcmp(at, key, prefix) != 0 || out->n == MDNS_FOUND_MAX)
            continue;
        struct mdns_found *f = &out->found[out->n++];
        *f = (struct mdns_found){.ttl_s = ttl_s, .text = at + prefix, .len = size - prefix};
        memcpy(f->name, label, strlen(label) + 1);
    }
    return true;
}

static bool read_record(struct message *m, struct mdns_message *out)
{
    struct name name;
    char label[MDNS_NAME_SIZE];
    uint32_t type, class, ttl, len;
    if (!read_name(m, &name) || !read_number(m, 2, &type) || !read_number(m, 2, &class) ||
        !read_number(m, 4, &ttl) || !read_number(m, 2, &len) || m->len - m->pos < len)
        return false;
    if (out->answer && type == TYPE_TXT && (class & CLASS_BITS) == CLASS_IN &&
        is_peer(&name, label))
        return read_strings(m, len, label, ttl < TTL_MAX_S ? ttl : TTL_MAX_S, out);
    m->pos += len;
    return true;
}

int mdns_message_read(const void *data, size_t len, const char *me, struct mdns_message *out)
{
    struct message m = {.data = data, .len = len};
    uint32_t id, flags, questions, records[3];
    if (!read_number(&m, 2, &id) || !read_number(&m, 2, &flags) || (flags & FLAGS_ODD) != 0 ||
        !read_number(&m, 2, &questions) || !read_number(&m, 2, &records[0]) ||
        !read_number(&m, 2, &records[1]) || !read_number(&m, 2, &records[2]))
        return BEAM_EINVAL;
    out->answer = (flags & FLAG_ANSWER) != 0;
    out->asks = 0;
    out->n = 0;
    for (; questions > 0; questions--)
        if (!read_question(&m, me, out))
            return BEAM_EINVAL;
    for (size_t i = 0; i < 3; i++)
        for (; records[i] > 0; records[i]--)
            if (!read_record(&m, out))
                return BEAM_EINVAL;
    return 0;
}

/* ---- writing -------------------------------------------------------------------------------- */

static void write_head(struct wire_writer *w, uint16_t flags, uint16_t questions, uint16_t answers,
                       uint16_t additional)
{
    wire_write_be16(w, 0); /* ids have no use here: RFC 6762, 18.1 */
    wire_write_be16(w, flags);
    wire_write_be16(w, questions);
    wire_write_be16(w, answers);
    wire_write_be16(w, 0);
    wire_write_be16(w, additional);
}

/* Names are not compressed: there are few, and every reader reads them so. */
static void write_name(struct wire_writer *w, const char *label, const char *rest, size_t len)
{
    if (label) {
        wire_write_u8(w, (uint8_t)strlen(label));
        wire_write_bytes(w, label, strlen(label));
    }
    wire_write_bytes(w, rest, len);
    wire_write_u8(w, 0);
}

static size_t name_size(const char *label)
{
    return (label ? 1 + strlen(label) : 0) + sizeof(peers);
}

static void write_record(struct wire_writer *w, uint16_t type, uint16_t class, uint32_t ttl_s,
                         size_t len)
{
    wire_write_be16(w, type);
    wire_write_be16(w, class);
    wire_write_be32(w, ttl_s);
    wire_write_be16(w, (uint16_t)len);
}

size_t mdns_message_query(uint8_t *out)
{
    struct wire_writer w;
    wire_write_init(&w, out, MDNS_SENT_MAX);
    write_head(&w, 0, 1, 0, 0);
    write_name(&w, NULL, peers, sizeof(peers) - 1);
    wire_write_be16(&w, TYPE_PTR);
    wire_write_be16(&w, CLASS_IN);
    return (size_t)(w.at - w.start);
}

/* The strings of our TXT record: those of `addrs` that fit into `room`. */
static size_t write_strings(const struct multiaddr *addrs, size_t n, uint8_t *out, size_t room)
{
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        char text[MULTIADDR_TEXT_SIZE];
        multiaddr_text(&addrs[i], text);
        size_t size = sizeof(key) - 1 + strlen(text);
        if (size > MDNS_STRING_MAX || 1 + size > room - len)
            continue;
        out[len++] = (uint8_t)size;
        memcpy(out + len, key, sizeof(key) - 1);
        memcpy(out + len + sizeof(key) - 1, text, strlen(text));
        len += size;
    }
    return len;
}

size_t mdns_message_answer(const char *me, unsigned asks, const struct multiaddr *addrs, size_t n,
                           uint32_t ttl_s, uint8_t *out)
{
    enum { REST = 512 }; /* head, names and pointers */
    uint8_t strings[MDNS_SENT_MAX - REST];
    struct wire_writer w;
    size_t len = write_strings(addrs, n, strings, sizeof(strings));
    bool ours = (asks & (MDNS_ASKS_PEERS | MDNS_ASKS_ME)) != 0 && len > 0;
    bool all = (asks & MDNS_ASKS_SERVICES) != 0;
    if (!ours && !all)
        return 0;
    wire_write_init(&w, out, MDNS_SENT_MAX);
    write_head(&w, FLAG_ANSWER | FLAG_AUTHORITATIVE, 0, (uint16_t)(ours + all), ours);
    if (all) {
        write_name(&w, NULL, services, sizeof(services) - 1);
        write_record(&w, TYPE_PTR, CLASS_IN, ttl_s, name_size(NULL));
        write_name(&w, NULL, peers, sizeof(peers) - 1);
    }
    if (ours) {
        write_name(&w, NULL, peers, sizeof(peers) - 1);
        write_record(&w, TYPE_PTR, CLASS_IN, ttl_s, name_size(me));
        write_name(&w, me, peers, sizeof(peers) - 1);
        write_name(&w, me, peers, sizeof(peers) - 1);
        write_record(&w, TYPE_TXT, CLASS_IN | FLUSH, ttl_s, len);
        wire_write_bytes(&w, strings, len);
    }
    return (size_t)(w.at - w.start);
}
