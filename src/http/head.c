/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/head.h"

#include <string.h>

#include "base/err.h"

/* ---- characters and lists ---- */

bool http_is_tchar(unsigned char c)
{
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return true;
    return c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool is_token(struct http_text t)
{
    for (size_t i = 0; i < t.len; i++)
        if (!http_is_tchar((unsigned char)t.at[i]))
            return false;
    return t.len > 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct http_text trim(struct http_text t)
{
    while (t.len > 0 && is_blank(t.at[0])) {
        t.at++;
        t.len--;
    }
    while (t.len > 0 && is_blank(t.at[t.len - 1]))
        t.len--;
    return t;
}

/* NUL and blanks of every kind: some would split a line there. */
static bool splits(char c)
{
    return c == '\0' || c == ' ' || (c >= '\t' && c <= '\r');
}

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

bool http_text_is(struct http_text text, const char *word)
{
    size_t i = 0;
    while (i < text.len && word[i] && lower(text.at[i]) == lower(word[i]))
        i++;
    return i == text.len && word[i] == '\0';
}

bool http_text_same(struct http_text a, struct http_text b)
{
    size_t i = 0;
    while (a.len == b.len && i < a.len && lower(a.at[i]) == lower(b.at[i]))
        i++;
    return a.len == b.len && i == a.len;
}

bool http_list_next(struct http_text *list, struct http_text *element)
{
    while (list->len > 0) {
        const char *comma = memchr(list->at, ',', list->len);
        size_t len = comma ? (size_t)(comma - list->at) : list->len;
        size_t step = comma ? len + 1 : len;
        *element = trim((struct http_text){list->at, len});
        list->at += step;
        list->len -= step;
        if (element->len > 0)
            return true;
    }
    return false;
}

bool http_text_lists(struct http_text list, const char *element)
{
    struct http_text e;
    while (http_list_next(&list, &e))
        if (http_text_is(e, element))
            return true;
    return false;
}

/* ---- lines ---- */

/*
 * The line at the start of `rest`, without its CRLF, which `rest` then no
 * longer holds. BEAM_EAGAIN when its end is not there, BEAM_EPROTO when it
 * holds what no line may.
 */
static int next_line(struct http_text *rest, struct http_text *line)
{
    const char *newline = rest->len ? memchr(rest->at, '\n', rest->len) : NULL;
    size_t len = newline ? (size_t)(newline - rest->at) : rest->len;
    const char *cr = len ? memchr(rest->at, '\r', len) : NULL;
    if (len && memchr(rest->at, '\0', len))
        return BEAM_EPROTO;
    /* A CR stands last, and a LF behind one. */
    if (cr ? cr != rest->at + len - 1 : newline != NULL)
        return BEAM_EPROTO;
    if (!newline)
        return BEAM_EAGAIN;
    *line = (struct http_text){rest->at, len - 1};
    rest->at += len + 1;
    rest->len -= len + 1;
    return 0;
}

/* The bytes of the empty lines in front of a request line. */
static size_t empty_lines(const char *data, size_t len)
{
    size_t n = 0;
    while (n < HTTP_EMPTY_MAX && len - n >= 2 && data[n] == '\r' && data[n + 1] == '\n')
        n += 2;
    return n;
}

/* "HTTP/1.x" and nothing else. */
static bool parse_version(struct http_text t, int *minor)
{
    if (t.len != 8 || memcmp(t.at, "HTTP/1.", 7) != 0 || t.at[7] < '0' || t.at[7] > '9')
        return false;
    *minor = t.at[7] - '0';
    return true;
}

/* RFC 9112, 3. */
static int parse_request_line(struct http_text line, struct http_head *h)
{
    const char *first = line.len ? memchr(line.at, ' ', line.len) : NULL;
    if (!first)
        return BEAM_EPROTO;
    h->method = (struct http_text){line.at, (size_t)(first - line.at)};
    struct http_text rest = {first + 1, line.len - h->method.len - 1};
    const char *second = rest.len ? memchr(rest.at, ' ', rest.len) : NULL;
    if (!second)
        return BEAM_EPROTO;
    h->target = (struct http_text){rest.at, (size_t)(second - rest.at)};
    struct http_text version = {second + 1, rest.len - h->target.len - 1};
    if (!is_token(h->method) || h->method.len > HTTP_METHOD_MAX || h->target.len == 0 ||
        !parse_version(version, &h->minor))
        return BEAM_EPROTO;
    for (size_t i = 0; i < h->target.len; i++)
        if (splits(h->target.at[i]))
            return BEAM_EPROTO;
    return 0;
}

/* RFC 9112, 4. Many leave out the blank before a reason that is empty. */
static int parse_status_line(struct http_text line, struct http_head *h)
{
    if (line.len < 12 || line.at[8] != ' ' || (line.len > 12 && line.at[12] != ' ') ||
        !parse_version((struct http_text){line.at, 8}, &h->minor))
        return BEAM_EPROTO;
    for (size_t i = 9; i < 12; i++) {
        if (line.at[i] < '0' || line.at[i] > '9')
            return BEAM_EPROTO;
        h->status = h->status * 10 + (line.at[i] - '0');
    }
    if (line.len > 13)
        h->reason = (struct http_text){line.at + 13, line.len - 13};
    return h->status < 100 ? BEAM_EPROTO : 0;
}

/* RFC 9112, 5. */
static int split_field(struct http_text line, struct http_text *name, struct http_text *value)
{
    const char *colon = memchr(line.at, ':', line.len);
    if (!colon)
        return BEAM_EPROTO;
    *name = (struct http_text){line.at, (size_t)(colon - line.at)};
    *value = trim((struct http_text){colon + 1, line.len - name->len - 1});
    return is_token(*name) ? 0 : BEAM_EPROTO;
}

/* ---- what the fields say ---- */

/* Gathered over all fields of a name; judged once all were seen. */
struct said {
    bool coding, close, keep_alive, upgrade, upgrade_field, expect;
};

/* Each element the same number (RFC 9112, 6.3, rule 5). */
static int take_length(struct http_head *h, struct http_text value)
{
    struct http_text element;
    bool any = false;
    for (; http_list_next(&value, &element); any = true) {
        uint64_t n = 0;
        for (size_t i = 0; i < element.len; i++) {
            char c = element.at[i];
            if (c < '0' || c > '9' || n > (INT64_MAX - (uint64_t)(c - '0')) / 10)
                return BEAM_EPROTO;
            n = n * 10 + (uint64_t)(c - '0');
        }
        if (h->has_length && h->content_length != n)
            return BEAM_EPROTO;
        h->has_length = true;
        h->content_length = n;
    }
    return any ? 0 : BEAM_EPROTO;
}

/* Chunked comes once, last, and bare (RFC 9112, 6.1). */
static int take_coding(struct http_head *h, struct said *said, struct http_text value)
{
    struct http_text element;
    bool any = false;
    said->coding = true;
    for (; http_list_next(&value, &element); any = true) {
        struct http_text name = {element.at, 0};
        while (name.len < element.len && http_is_tchar((unsigned char)name.at[name.len]))
            name.len++;
        bool chunked = http_text_is(name, "chunked");
        if (h->chunked || name.len == 0 || (chunked && name.len != element.len))
            return BEAM_EPROTO;
        h->chunked = chunked;
        h->coded = !chunked;
    }
    return any ? 0 : BEAM_EPROTO;
}

static int take_field(struct http_head *h, struct said *said, struct http_text name,
                      struct http_text value)
{
    if (http_text_is(name, "content-length"))
        return take_length(h, value);
    if (http_text_is(name, "transfer-encoding"))
        return take_coding(h, said, value);
    if (http_text_is(name, "connection")) {
        said->close |= http_text_lists(value, "close");
        said->keep_alive |= http_text_lists(value, "keep-alive");
        said->upgrade |= http_text_lists(value, "upgrade");
    } else if (http_text_is(name, "upgrade")) {
        said->upgrade_field = true;
    } else if (http_text_is(name, "expect")) {
        said->expect |= http_text_lists(value, "100-continue");
    }
    return 0;
}

static int judge(struct http_head *h, const struct said *said)
{
    bool request = h->kind == HTTP_REQUEST, modern = h->minor >= 1;
    if (said->coding && (h->has_length || !modern))
        return BEAM_EPROTO;
    if (h->coded && request)
        return BEAM_EPROTO; /* nobody could tell where it ends */
    h->close = said->close || (!modern && !said->keep_alive);
    h->upgrade = modern && said->upgrade && said->upgrade_field;
    h->expect_continue = request && modern && said->expect;
    return 0;
}

/* ---- whole heads ---- */

/* What an unfinished first line can be told by. */
static bool begins_well(struct http_text t, enum http_kind kind)
{
    static const char version[] = "HTTP/1.";
    size_t n = t.len < sizeof(version) - 1 ? t.len : sizeof(version) - 1;
    if (kind == HTTP_REQUEST)
        return http_looks(t.at, t.len) != HTTP_NO;
    return n == 0 || memcmp(t.at, version, n) == 0;
}

static int parse(struct http_text data, enum http_kind kind, struct http_head *out)
{
    struct http_head h = {.kind = kind};
    struct said said = {false};
    struct http_text rest = data, line, name, value;
    size_t skip = kind == HTTP_REQUEST ? empty_lines(data.at, data.len) : 0;
    rest.at += skip;
    rest.len -= skip;

    int err = next_line(&rest, &line);
    if (err == BEAM_EAGAIN && !begins_well(data, kind))
        return BEAM_EPROTO;
    if (err == 0)
        err = kind == HTTP_REQUEST ? parse_request_line(line, &h) : parse_status_line(line, &h);
    h.fields.at = rest.at;
    while (err == 0 && (err = next_line(&rest, &line)) == 0 && line.len > 0) {
        h.fields.len = (size_t)(rest.at - h.fields.at);
        err = split_field(line, &name, &value);
        if (err == 0)
            err = take_field(&h, &said, name, value);
    }
    if (err == 0)
        err = judge(&h, &said);
    if (err < 0)
        return err;
    *out = h;
    return (int)(rest.at - data.at);
}

int http_head_parse(const void *data, size_t len, enum http_kind kind, struct http_head *out)
{
    struct http_text text = {data, len < HTTP_HEAD_MAX ? len : HTTP_HEAD_MAX};
    int err = len ? parse(text, kind, out) : BEAM_EAGAIN;
    return err == BEAM_EAGAIN && len >= HTTP_HEAD_MAX ? BEAM_ELIMIT : err;
}

int http_head_find(const void *data, size_t len, size_t *seen)
{
    const char *start = data;
    size_t most = len < HTTP_HEAD_MAX ? len : HTTP_HEAD_MAX;
    size_t skip = most ? empty_lines(start, most) : 0;
    size_t from = *seen > skip + 3 ? *seen - 3 : skip;
    const char *end = from < most ? memmem(start + from, most - from, "\r\n\r\n", 4) : NULL;
    if (end)
        return (int)(end + 4 - start);
    *seen = most;
    return len >= HTTP_HEAD_MAX ? BEAM_ELIMIT : BEAM_EAGAIN;
}

bool http_head_next(const struct http_head *h, size_t *at, struct http_text *name,
                    struct http_text *value)
{
    struct http_text rest = {h->fields.at + *at, h->fields.len - *at}, line;
    if (rest.len == 0 || next_line(&rest, &line) < 0 || split_field(line, name, value) < 0)
        return false;
    *at = (size_t)(rest.at - h->fields.at);
    return true;
}

bool http_head_field(const struct http_head *h, const char *name, struct http_text *value)
{
    struct http_text n, v;
    for (size_t at = 0; http_head_next(h, &at, &n, &v);) {
        if (http_text_is(n, name)) {
            *value = v;
            return true;
        }
    }
    return false;
}

enum http_guess http_looks(const void *data, size_t len)
{
    static const char version[] = " HTTP/1.";
    if (len == 0)
        return HTTP_MORE;
    size_t skip = empty_lines(data, len), i = 0;
    const char *p = (const char *)data + skip;
    len -= skip;
    if (len == 0 || (len == 1 && p[0] == '\r' && skip < HTTP_EMPTY_MAX))
        return HTTP_MORE;
    while (i < len && i <= HTTP_METHOD_MAX && http_is_tchar((unsigned char)p[i]))
        i++;
    if (i == len && i <= HTTP_METHOD_MAX)
        return HTTP_MORE;
    if (i == 0 || i > HTTP_METHOD_MAX || p[i] != ' ')
        return HTTP_NO;
    size_t target = ++i;
    while (i < len && !splits(p[i]))
        i++;
    /* A target of one byte at least, then the version, as far as there is any. */
    size_t n = len - i < sizeof(version) - 1 ? len - i : sizeof(version) - 1;
    if ((i == target && n > 0) || memcmp(p + i, version, n) != 0 || i >= HTTP_HEAD_MAX)
        return HTTP_NO;
    return n == sizeof(version) - 1 ? HTTP_YES : HTTP_MORE;
}
