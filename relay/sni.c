/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/sni.h"

#include <string.h>

enum { HANDSHAKE = 22, CLIENT_HELLO = 1, MAJOR = 3, RECORD_MAX = 16 * 1024, SERVER_NAME = 0 };
enum { HOST_NAME = 0, VERSION_AND_RANDOM = 2 + 32, HELLO_MAX = 128 * 1024 };

/* What the next bytes of the message are. */
enum step {
    STEP_TYPE,
    STEP_LENGTH,
    STEP_RANDOM,
    STEP_SESSION_LEN,
    STEP_SESSION,
    STEP_SUITES_LEN,
    STEP_SUITES,
    STEP_METHODS_LEN,
    STEP_METHODS,
    STEP_BLOCK_LEN,
    STEP_EXTENSION,
    STEP_EXTENSION_LEN,
    STEP_SKIP,
    STEP_LIST_LEN,
    STEP_NAME_TYPE,
    STEP_NAME_LEN,
    STEP_NAME
};

static void finish(struct sni *s, enum sni_result result)
{
    s->result = result;
    if (result != SNI_FOUND)
        s->name[0] = '\0';
}

/* Goes on with `want` bytes of the next step; they must be in what encloses them. */
static void go(struct sni *s, enum step step, size_t want)
{
    s->step = (uint8_t)step;
    s->want = want;
    s->value = 0;
    s->len = 0;
    if (want > s->message)
        finish(s, SNI_BROKEN);
}

/* A length that must fit what encloses it. */
static bool fits(struct sni *s, size_t enclosing)
{
    if (s->value <= enclosing)
        return true;
    finish(s, SNI_BROKEN);
    return false;
}

/* ---- steps ---------------------------------------------------------------------------------- */

static void next_extension(struct sni *s)
{
    if (s->block == 0)
        finish(s, SNI_FOUND);
    else if (s->block < 4)
        finish(s, SNI_BROKEN);
    else
        go(s, STEP_EXTENSION, 2);
}

static void begin_extension(struct sni *s)
{
    s->block -= 4;
    if (!fits(s, s->block))
        return;
    s->block -= s->value;
    s->list = s->value;
    if (s->extension != SERVER_NAME || s->value == 0)
        go(s, STEP_SKIP, s->value);
    else if (s->value < 5)
        finish(s, SNI_BROKEN);
    else
        go(s, STEP_LIST_LEN, 2);
}

/* The first name of the list; clients send one. */
static void begin_name(struct sni *s)
{
    if (s->list < 3 || s->value == 0 || s->value != s->list - 3 || s->value >= SNI_NAME_SIZE)
        finish(s, SNI_BROKEN);
    else
        go(s, STEP_NAME, s->value);
}

static void end_name(struct sni *s)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
    for (size_t i = 0; s->name[i]; i++) {
        if (s->name[i] >= 'A' && s->name[i] <= 'Z')
            s->name[i] = (char)(s->name[i] - 'A' + 'a');
        if (!strchr(letters, s->name[i])) {
            s->name[0] = '\0';
            break;
        }
    }
    finish(s, SNI_FOUND);
}

static void check_type(struct sni *s)
{
    s->message = 3;
    if (s->value == CLIENT_HELLO)
        go(s, STEP_LENGTH, 3);
    else
        finish(s, SNI_BROKEN);
}

static void begin_message(struct sni *s)
{
    if (s->value > HELLO_MAX || s->value < VERSION_AND_RANDOM) {
        finish(s, SNI_BROKEN);
        return;
    }
    s->message = s->value;
    go(s, STEP_RANDOM, VERSION_AND_RANDOM);
}

static void begin_block(struct sni *s)
{
    if (s->value != s->message) {
        finish(s, SNI_BROKEN);
        return;
    }
    s->block = s->value;
    next_extension(s);
}

/* All bytes of a step were there. */
static void end_step(struct sni *s)
{
    switch ((enum step)s->step) {
    case STEP_TYPE:
        check_type(s);
        break;
    case STEP_LENGTH:
        begin_message(s);
        break;
    case STEP_RANDOM:
        go(s, STEP_SESSION_LEN, 1);
        break;
    case STEP_SESSION_LEN:
        go(s, STEP_SESSION, s->value);
        break;
    case STEP_SESSION:
        go(s, STEP_SUITES_LEN, 2);
        break;
    case STEP_SUITES_LEN:
        go(s, STEP_SUITES, s->value);
        break;
    case STEP_SUITES:
        go(s, STEP_METHODS_LEN, 1);
        break;
    case STEP_METHODS_LEN:
        go(s, STEP_METHODS, s->value);
        break;
    case STEP_METHODS:
        if (s->message == 0)
            finish(s, SNI_FOUND); /* no extensions, and so no name */
        else
            go(s, STEP_BLOCK_LEN, 2);
        break;
    case STEP_BLOCK_LEN:
        begin_block(s);
        break;
    case STEP_EXTENSION:
        s->extension = s->value;
        go(s, STEP_EXTENSION_LEN, 2);
        break;
    case STEP_EXTENSION_LEN:
        begin_extension(s);
        break;
    case STEP_SKIP:
        next_extension(s);
        break;
    case STEP_LIST_LEN:
        s->list -= 2;
        if (s->value != s->list)
            finish(s, SNI_BROKEN);
        else
            go(s, STEP_NAME_TYPE, 1);
        break;
    case STEP_NAME_TYPE:
        if (s->value != HOST_NAME)
            finish(s, SNI_FOUND);
        else
            go(s, STEP_NAME_LEN, 2);
        break;
    case STEP_NAME_LEN:
        begin_name(s);
        break;
    case STEP_NAME:
        end_name(s);
        break;
    }
}

static bool is_number(enum step step)
{
    return step != STEP_RANDOM && step != STEP_SESSION && step != STEP_SUITES &&
           step != STEP_METHODS && step != STEP_SKIP && step != STEP_NAME;
}

/* The first of so many bytes of a record: those that the step takes. Returns how many. */
static size_t feed_step(struct sni *s, const uint8_t *data, size_t len)
{
    enum step step = (enum step)s->step;
    size_t n = len < s->want ? len : s->want;
    for (size_t i = 0; is_number(step) && i < n; i++)
        s->value = s->value << 8 | data[i];
    if (step == STEP_NAME)
        for (size_t i = 0; i < n; i++)
            s->name[s->len++] = data[i] ? (char)data[i] : ' ';
    s->want -= n;
    s->message -= n;
    while (s->want == 0 && s->result == SNI_MORE)
        end_step(s);
    return n;
}

/* ---- records -------------------------------------------------------------------------------- */

static void begin_record(struct sni *s)
{
    s->record = (size_t)s->head[3] << 8 | s->head[4];
    s->head_len = 0;
    if (s->head[0] != HANDSHAKE || s->head[1] != MAJOR || s->record == 0 || s->record > RECORD_MAX)
        finish(s, SNI_BROKEN);
}

static size_t feed_head(struct sni *s, const uint8_t *data, size_t len)
{
    size_t n = sizeof(s->head) - s->head_len;
    if (n > len)
        n = len;
    memcpy(s->head + s->head_len, data, n);
    s->head_len = (uint8_t)(s->head_len + n);
    if (s->head_len == sizeof(s->head))
        begin_record(s);
    return n;
}

static size_t feed_record(struct sni *s, const uint8_t *data, size_t len)
{
    size_t n = feed_step(s, data, len < s->record ? len : s->record);
    s->record -= n;
    return n;
}

static void begin(struct sni *s, uint8_t first)
{
    s->message = 1;
    go(s, STEP_TYPE, 1);
    if (first != HANDSHAKE)
        finish(s, SNI_NO_TLS);
}

enum sni_result sni_feed(struct sni *s, const void *data, size_t len)
{
    const uint8_t *at = data;
    bool too_long = len > SNI_BYTES_MAX - s->seen;
    if (s->seen == 0 && len > 0)
        begin(s, at[0]);
    if (too_long)
        len = SNI_BYTES_MAX - s->seen;
    while (len > 0 && s->result == SNI_MORE) {
        size_t n = s->record > 0 ? feed_record(s, at, len) : feed_head(s, at, len);
        at += n;
        len -= n;
        s->seen += n;
    }
    if (s->result == SNI_MORE && too_long)
        finish(s, SNI_BROKEN);
    return s->result;
}
