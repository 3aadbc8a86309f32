/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/control_line.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

/* Lines as offsets into the text, which moves as it grows. */
struct span {
    size_t text, text_len, data, data_len;
};

struct control_reader {
    char *text; /* every line and block so far, each with a NUL behind it */
    size_t len, size;
    struct span *spans;
    struct control_line *lines;
    size_t count, room; /* of spans and lines alike */
    unsigned code;
    size_t scanned; /* bytes of the unfinished line that hold no LF */
    bool in_data, done;
    int failed;
    struct control_reply reply;
};

enum { FIRST_TEXT = 512, FIRST_LINES = 8 };

int control_reader_new(struct control_reader **out)
{
    struct control_reader *r = calloc(1, sizeof(*r));
    if (!r)
        return BEAM_ENOMEM;
    *out = r;
    return 0;
}

void control_reader_free(struct control_reader *r)
{
    if (!r)
        return;
    if (r->text)
        sodium_memzero(r->text, r->size);
    free(r->text);
    free(r->spans);
    free(r->lines);
    free(r);
}

/* Room for `more` bytes of text. The old place is wiped, for a reply may hold a secret. */
static int grow_text(struct control_reader *r, size_t more)
{
    size_t need = r->len + more;
    if (need > CONTROL_REPLY_MAX)
        return BEAM_ELIMIT;
    if (need <= r->size)
        return 0;
    size_t size = r->size ? r->size : FIRST_TEXT;
    while (size < need)
        size *= 2;
    char *text = malloc(size);
    if (!text)
        return BEAM_ENOMEM;
    if (r->text) {
        memcpy(text, r->text, r->len);
        sodium_memzero(r->text, r->size);
        free(r->text);
    }
    r->text = text;
    r->size = size;
    return 0;
}

static int grow_lines(struct control_reader *r)
{
    if (r->count == CONTROL_LINES_MAX)
        return BEAM_ELIMIT;
    if (r->count < r->room)
        return 0;
    size_t room = r->room ? r->room * 2 : FIRST_LINES;
    struct span *spans = reallocarray(r->spans, room, sizeof(*spans));
    if (!spans)
        return BEAM_ENOMEM;
    r->spans = spans;
    struct control_line *lines = reallocarray(r->lines, room, sizeof(*lines));
    if (!lines)
        return BEAM_ENOMEM;
    r->lines = lines;
    r->room = room;
    return 0;
}

/* Moves `len` bytes (a line without its CRLF) from `in` to the end of the text, and a NUL. */
static int take_text(struct control_reader *r, struct buf *in, size_t len)
{
    int err = grow_text(r, len + 1);
    if (err < 0)
        return err;
    buf_peek(in, 0, r->text + r->len, len);
    if (memchr(r->text + r->len, '\0', len))
        return BEAM_EPROTO;
    r->text[r->len + len] = '\0';
    return 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "250-…", "250+…" or "250 …": at r->text + r->len, `len` bytes. */
static int status_line(struct control_reader *r, size_t len)
{
    const char *s = r->text + r->len;
    if (len < 4 || s[0] < '2' || s[0] > '6' || !is_digit(s[1]) || !is_digit(s[2]))
        return BEAM_EPROTO;
    unsigned code =
        (unsigned)(s[0] - '0') * 100 + (unsigned)(s[1] - '0') * 10 + (unsigned)(s[2] - '0');
    if (r->count > 0 && code != r->code)
        return BEAM_EPROTO;
    char kind = s[3];
    if (kind != '-' && kind != '+' && kind != ' ')
        return BEAM_EPROTO;
    int err = grow_lines(r);
    if (err < 0)
        return err;
    r->code = code;
    struct span *p = &r->spans[r->count++];
    p->text = r->len + 4;
    p->text_len = len - 4;
    r->len += len + 1;
    p->data = r->len - 1; /* that NUL: "" unless a block follows */
    p->data_len = 0;
    r->in_data = kind == '+';
    if (r->in_data)
        p->data = r->len;
    r->done = kind == ' ';
    return 0;
}

/* A line of the block that the last status line opened. */
static int data_line(struct control_reader *r, size_t len)
{
    struct span *p = &r->spans[r->count - 1];
    char *s = r->text + r->len;
    if (len == 1 && s[0] == '.') {
        s[0] = '\0';
        r->len++;
        r->in_data = false;
        return 0;
    }
    if (len > 0 && s[0] == '.')
        memmove(s, s + 1, --len);
    s[len] = '\n';
    r->len += len + 1;
    p->data_len += len + 1;
    return 0;
}

/* The next whole line of `in`. */
static int one_line(struct control_reader *r, struct buf *in)
{
    ssize_t lf = buf_find(in, r->scanned, CONTROL_TEXT_MAX, '\n');
    if (lf < 0) {
        r->scanned = buf_len(in);
        return r->scanned >= CONTROL_TEXT_MAX ? BEAM_ELIMIT : BEAM_EAGAIN;
    }
    char cr = 0;
    r->scanned = 0;
    if (lf == 0 || buf_peek(in, (size_t)lf - 1, &cr, 1) != 1 || cr != '\r')
        return BEAM_EPROTO;
    size_t len = (size_t)lf - 1;
    int err = take_text(r, in, len);
    if (err < 0)
        return err;
    buf_drain(in, (size_t)lf + 1);
    return r->in_data ? data_line(r, len) : status_line(r, len);
}

static void finish(struct control_reader *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct span *p = &r->spans[i];
        r->lines[i] = (struct control_line){.text = r->text + p->text,
                                            .text_len = p->text_len,
                                            .data = r->text + p->data,
                                            .data_len = p->data_len};
    }
    r->reply = (struct control_reply){
        .code = r->code, .event = r->code >= 600, .count = r->count, .lines = r->lines};
}

int control_reader_next(struct control_reader *r, struct buf *in, const struct control_reply **out)
{
    if (r->failed)
        return r->failed;
    if (r->done) {
        r->done = false;
        r->len = 0;
        r->count = 0;
    }
    while (!r->done) {
        int err = one_line(r, in);
        if (err < 0) {
            if (err != BEAM_EAGAIN)
                r->failed = err;
            return err;
        }
    }
    finish(r);
    *out = &r->reply;
    return 0;
}

const char *control_after(const char *text, const char *word)
{
    size_t len = strlen(word);
    if (strncmp(text, word, len) != 0)
        return NULL;
    if (text[len] == '\0')
        return text + len;
    return text[len] == ' ' ? text + len + 1 : NULL;
}

int control_word(const char **at, char *out, size_t size)
{
    const char *s = *at + strspn(*at, " ");
    size_t len = strcspn(s, " ");
    if (len == 0)
        return BEAM_ENOTFOUND;
    if (len >= size)
        return BEAM_ELIMIT;
    memcpy(out, s, len);
    out[len] = '\0';
    *at = s + len;
    return 0;
}

/* The character that an escape stands for; *at is behind the backslash and
 * moves behind the escape. Negative: BEAM_EINVAL. */
static int unescape(const char **at)
{
    const char *s = *at;
    char c = *s;
    if (c == '\0')
        return BEAM_EINVAL;
    *at = s + 1;
    if (c == 'n')
        return '\n';
    if (c == 't')
        return '\t';
    if (c == 'r')
        return '\r';
    if (c < '0' || c > '7')
        return (unsigned char)c;
    int value = 0;
    const char *end = s + (c <= '3' ? 3 : 2);
    while (s < end && *s >= '0' && *s <= '7')
        value = value * 8 + (*s++ - '0');
    *at = s;
    return value ? value : BEAM_EINVAL;
}

/* The length of a quoted string; *at is behind its opening quote and moves
 * behind the closing one. Written to out unless that is NULL. */
static ssize_t quoted(const char **at, char *out)
{
    ssize_t len = 0;
    const char *s = *at;
    while (*s != '"') {
        if (*s == '\0')
            return BEAM_EINVAL;
        int c = (unsigned char)*s++;
        if (c == '\\')
            c = unescape(&s);
        if (c < 0)
            return c;
        if (out)
            out[len] = (char)c;
        len++;
    }
    *at = s + 1;
    return len;
}

static int copy_quoted(const char *s, char *out, size_t size)
{
    const char *at = s;
    ssize_t len = quoted(&at, NULL);
    if (len < 0)
        return (int)len;
    if ((size_t)len >= size)
        return BEAM_ELIMIT;
    quoted(&s, out);
    out[len] = '\0';
    return 0;
}

static int copy_plain(const char *s, char *out, size_t size)
{
    size_t len = strcspn(s, " ");
    if (len >= size)
        return BEAM_ELIMIT;
    memcpy(out, s, len);
    out[len] = '\0';
    return 0;
}

/* Moves *at over the rest of an argument. */
static int skip(const char **at)
{
    const char *s = *at;
    while (*s && *s != ' ') {
        if (*s++ != '"')
            continue;
        ssize_t len = quoted(&s, NULL);
        if (len < 0)
            return (int)len;
    }
    *at = s;
    return 0;
}

int control_value(const char *text, const char *key, char *out, size_t size)
{
    size_t len = strlen(key);
    const char *s = text;
    for (;;) {
        s += strspn(s, " ");
        if (!*s)
            return BEAM_ENOTFOUND;
        if (strncmp(s, key, len) == 0 && s[len] == '=')
            break;
        int err = skip(&s);
        if (err < 0)
            return err;
    }
    s += len + 1;
    return *s == '"' ? copy_quoted(s + 1, out, size) : copy_plain(s, out, size);
}
