/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/h2_request.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

enum { FIELD_OVERHEAD = 32, ROOM_MIN = 1024 };
enum { PART_METHOD, PART_SCHEME, PART_PATH, PART_AUTHORITY, PART_PROTOCOL, PARTS };

/* ---- text that grows ------------------------------------------------------------------------- */

static int text_room(struct h2_request_text *t, size_t more)
{
    size_t room = t->room ? t->room : ROOM_MIN;
    while (room - t->len < more)
        room *= 2;
    if (room == t->room)
        return 0;
    char *at = realloc(t->at, room);
    if (!at)
        return BEAM_ENOMEM;
    t->at = at;
    t->room = room;
    return 0;
}

static int text_add(struct h2_request_text *t, struct http_text piece)
{
    int err = text_room(t, piece.len);
    if (err == 0 && piece.len > 0) {
        memcpy(t->at + t->len, piece.at, piece.len);
        t->len += piece.len;
    }
    return err;
}

static int text_string(struct h2_request_text *t, const char *string)
{
    return text_add(t, (struct http_text){string, strlen(string)});
}

static struct http_text view(const struct h2_request_text *t)
{
    return (struct http_text){t->len ? t->at : "", t->len};
}

/* ---- what a field may be --------------------------------------------------------------------- */

static bool is(struct http_text t, const char *word)
{
    return t.len == strlen(word) && memcmp(t.at, word, t.len) == 0;
}

/* A token without capitals (8.2.1). */
static bool good_name(struct http_text name)
{
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.at[i];
        if (!http_is_tchar(c) || (c >= 'A' && c <= 'Z'))
            return false;
    }
    return name.len > 0;
}

/* No control character but a tab, no blanks at either end. */
static bool good_value(struct http_text value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.at[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return value.len == 0 ||
           (!strchr(" \t", value.at[0]) && !strchr(" \t", value.at[value.len - 1]));
}

static bool all_of(struct http_text text, bool (*may)(unsigned char c))
{
    for (size_t i = 0; i < text.len; i++)
        if (!may((unsigned char)text.at[i]))
            return false;
    return text.len > 0;
}

/* What does not end a request line's target, nor the line. */
static bool is_visible(unsigned char c)
{
    return c > ' ' && c != 0x7f;
}

static bool is_zero(unsigned char c)
{
    return c == '0';
}

/* Those that mean one hop of HTTP/1.1 alone (8.2.2). */
static bool of_connection(struct http_text name)
{
    static const char *const names[] = {"connection",        "keep-alive", "proxy-connection",
                                        "transfer-encoding", "upgrade",    "http2-settings"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (is(name, names[i]))
            return true;
    return false;
}

/* ---- fields ---------------------------------------------------------------------------------- */

void h2_request_begin(struct h2_request *r)
{
    struct h2_request_text pseudo = r->pseudo, lines = r->lines, cookie = r->cookie, host = r->host;
    *r = (struct h2_request){.pseudo = pseudo, .lines = lines, .cookie = cookie, .host = host};
    r->pseudo.len = r->lines.len = r->cookie.len = r->host.len = 0;
}

void h2_request_free(struct h2_request *r)
{
    free(r->pseudo.at);
    free(r->lines.at);
    free(r->cookie.at);
    free(r->host.at);
    *r = (struct h2_request){.err = 0};
}

static int add_pseudo(struct h2_request *r, struct http_text name, struct http_text value)
{
    static const char *const names[PARTS] = {":method", ":scheme", ":path", ":authority",
                                             ":protocol"};
    int part = 0;
    while (part < PARTS && !is(name, names[part]))
        part++;
    if (part == PARTS || r->regular || r->part[part].there)
        return BEAM_EPROTO;
    r->part[part].at = r->pseudo.len;
    r->part[part].len = value.len;
    r->part[part].there = true;
    return text_add(&r->pseudo, value);
}

static int add_host(struct h2_request *r, struct http_text value)
{
    if (r->has_host)
        return BEAM_EPROTO;
    r->has_host = true;
    return text_add(&r->host, value);
}

static int add_cookie(struct h2_request *r, struct http_text value)
{
    int err = r->cookie.len > 0 ? text_string(&r->cookie, "; ") : 0;
    return err < 0 ? err : text_add(&r->cookie, value);
}

static int add_line(struct h2_request *r, struct http_text name, struct http_text value)
{
    int err = text_room(&r->lines, name.len + value.len + 4);
    if (err < 0)
        return err;
    (void)text_add(&r->lines, name);
    (void)text_string(&r->lines, ": ");
    (void)text_add(&r->lines, value);
    return text_string(&r->lines, "\r\n");
}

static int add_length(struct h2_request *r, struct http_text name, struct http_text value)
{
    if (r->has_length)
        return BEAM_EPROTO;
    r->has_length = true;
    r->length_is_0 = all_of(value, is_zero);
    return add_line(r, name, value);
}

static int add_regular(struct h2_request *r, struct http_text name, struct http_text value)
{
    r->regular = true;
    if (!good_name(name) || of_connection(name))
        return BEAM_EPROTO;
    if (is(name, "te") && !http_text_is(value, "trailers"))
        return BEAM_EPROTO;
    if (is(name, "host"))
        return add_host(r, value);
    if (is(name, "cookie"))
        return add_cookie(r, value);
    if (is(name, "content-length"))
        return add_length(r, name, value);
    if (is(name, "sec-websocket-key")) /* means nothing here (RFC 8441, 5) */
        return 0;
    return add_line(r, name, value);
}

void h2_request_field(struct h2_request *r, struct http_text name, struct http_text value)
{
    r->size += name.len + value.len + FIELD_OVERHEAD;
    if (r->err == 0 && r->size > H2_REQUEST_LIST_MAX)
        r->err = BEAM_ELIMIT;
    if (r->err == 0 && !good_value(value))
        r->err = BEAM_EPROTO;
    if (r->err < 0)
        return;
    bool pseudo = name.len > 0 && name.at[0] == ':';
    r->err = pseudo ? add_pseudo(r, name, value) : add_regular(r, name, value);
}

/* ---- the head -------------------------------------------------------------------------------- */

static struct http_text part(const struct h2_request *r, int which)
{
    return (struct http_text){r->part[which].len ? r->pseudo.at + r->part[which].at : "",
                              r->part[which].len};
}

/* Of an https or http URI (8.3.1). */
static bool good_path(struct http_text method, struct http_text path)
{
    if (is(path, "*"))
        return is(method, "OPTIONS");
    return all_of(path, is_visible) && path.at[0] == '/';
}

static bool good_parts(const struct h2_request *r)
{
    struct http_text method = part(r, PART_METHOD), scheme = part(r, PART_SCHEME);
    bool connect = is(method, "CONNECT"), protocol = r->part[PART_PROTOCOL].there;
    if (!all_of(method, http_is_tchar) || (protocol && !connect))
        return false;
    if (connect && !protocol) /* 8.5 */
        return r->part[PART_AUTHORITY].there && !r->part[PART_SCHEME].there &&
               !r->part[PART_PATH].there;
    return (http_text_is(scheme, "http") || http_text_is(scheme, "https")) &&
           good_path(method, part(r, PART_PATH));
}

/* Of :authority and Host, which are one when both are there. Empty: bad. */
static struct http_text host_of(const struct h2_request *r)
{
    static const struct http_text none = {"", 0};
    struct http_text authority = part(r, PART_AUTHORITY), host = view(&r->host);
    bool both = r->part[PART_AUTHORITY].there && r->has_host;
    if (both && !http_text_same(authority, host))
        return none;
    struct http_text one = r->part[PART_AUTHORITY].there ? authority : host;
    return all_of(one, is_visible) ? one : none;
}

static bool good(const struct h2_request *r, bool ended)
{
    bool body_is_none = ended || r->part[PART_PROTOCOL].there;
    return good_parts(r) && host_of(r).len > 0 && !(ended && r->part[PART_PROTOCOL].there) &&
           !(r->has_length && body_is_none && !r->length_is_0);
}

static int write_line(struct h2_request_text *t, struct http_text method, struct http_text target,
                      struct http_text host)
{
    int err = text_room(t, method.len + target.len + host.len + ROOM_MIN);
    if (err < 0)
        return err;
    (void)text_add(t, method);
    (void)text_string(t, " ");
    (void)text_add(t, target);
    (void)text_string(t, " HTTP/1.1\r\nHost: ");
    (void)text_add(t, host);
    return text_string(t, "\r\n");
}

static int write_rest(const struct h2_request *r, struct h2_request_text *t, bool chunked,
                      const char *key)
{
    int err = text_room(t, r->lines.len + r->cookie.len + ROOM_MIN);
    if (err < 0)
        return err;
    if (key) {
        (void)text_string(t, "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ");
        (void)text_string(t, key);
        (void)text_string(t, "\r\n");
    }
    (void)text_add(t, view(&r->lines));
    if (r->cookie.len > 0) {
        (void)text_string(t, "cookie: ");
        (void)text_add(t, view(&r->cookie));
        (void)text_string(t, "\r\n");
    }
    return text_string(t, chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
}

/* RFC 6455, 4.2.2: what a server that has understood the key answers. */
static int accept_of(const char *key, char out[H2_REQUEST_ACCEPT_SIZE])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[H2_REQUEST_KEY_SIZE - 1 + sizeof(guid) - 1];
    unsigned char digest[EVP_MAX_MD_SIZE];
    size_t len;
    memcpy(text, key, H2_REQUEST_KEY_SIZE - 1);
    memcpy(text + H2_REQUEST_KEY_SIZE - 1, guid, sizeof(guid) - 1);
    if (EVP_Q_digest(NULL, "SHA1", NULL, text, sizeof(text), digest, &len) != 1)
        return BEAM_ENOMEM;
    return text_base64_encode(digest, len, out, H2_REQUEST_ACCEPT_SIZE) < 0 ? BEAM_ENOMEM : 0;
}

static void describe(const struct h2_request *r, struct http_text method, bool websocket,
                     bool bodiless, struct h2_request_kind *kind)
{
    size_t n = method.len < HTTP_METHOD_MAX ? method.len : HTTP_METHOD_MAX;
    *kind = (struct h2_request_kind){
        .websocket = websocket, .bodiless = bodiless, .has_length = r->has_length};
    memcpy(kind->method, method.at, n);
}

int h2_request_end(const struct h2_request *r, bool ended, const char key[H2_REQUEST_KEY_SIZE],
                   struct buf *out, struct h2_request_kind *kind)
{
    static const struct http_text get = {"GET", 3};
    if (r->err == BEAM_ELIMIT)
        return 431;
    if (r->err < 0)
        return r->err;
    if (!good(r, ended))
        return BEAM_EPROTO;
    bool websocket = http_text_is(part(r, PART_PROTOCOL), "websocket");
    if (r->part[PART_PROTOCOL].there && !websocket)
        return 501;
    struct http_text method = websocket ? get : part(r, PART_METHOD), host = host_of(r);
    bool connect = is(method, "CONNECT");
    struct h2_request_text text = {NULL, 0, 0};
    int err = write_line(&text, method, connect ? host : part(r, PART_PATH), host);
    if (err == 0)
        err = write_rest(r, &text, !ended && !r->has_length && !websocket, websocket ? key : NULL);
    char accept[H2_REQUEST_ACCEPT_SIZE] = "";
    if (err == 0 && websocket)
        err = accept_of(key, accept);
    if (err == 0)
        err = buf_add(out, text.at, text.len);
    if (err == 0) {
        describe(r, method, websocket, ended, kind);
        memcpy(kind->accept, accept, sizeof(accept));
    }
    free(text.at);
    return err;
}

int h2_request_trailer(struct http_text name, struct http_text value, struct buf *out)
{
    static const char *const heads[] = {"content-length", "host", "te"};
    if (!good_name(name) || !good_value(value) || of_connection(name))
        return BEAM_EPROTO;
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
        if (is(name, heads[i]))
            return BEAM_EPROTO;
    if (name.len + value.len + 4 > buf_room(out))
        return BEAM_ELIMIT;
    int err = buf_add(out, name.at, name.len);
    if (err == 0)
        err = buf_add(out, ": ", 2);
    if (err == 0)
        err = buf_add(out, value.at, value.len);
    return err < 0 ? err : buf_add(out, "\r\n", 2);
}
