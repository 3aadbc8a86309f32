/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/tap.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "http/body.h"
#include "http/head.h"

enum { LOOK_MAX = 1024 }; /* bytes by which another protocol gives itself away, or never */

/* A request, from its head until it was told of. Offsets count the bytes of a direction. */
struct request {
    struct request *next;
    uint64_t since; /* ms */
    uint64_t in_from, in_to, out_from, out_to;
    bool in_done, out_begun, out_done;
    int status;
    const char *target; /* in text */
    char text[];        /* the method, NUL, the target, NUL */
};

enum phase {
    PHASE_HEAD,  /* between messages, or in a head */
    PHASE_BODY,  /* of a message */
    PHASE_REST,  /* all that comes is the message's: it says no length, or made no sense */
    PHASE_OPAQUE /* what comes is no message */
};

/* The beginning of a head that comes in pieces. */
struct pieces {
    size_t len, seen;
    char bytes[HTTP_HEAD_MAX];
};

/* One direction. */
struct side {
    enum phase phase;
    uint64_t at;           /* bytes shown or passed over */
    uint64_t told;         /* bytes that are in records, or of no account */
    uint64_t from;         /* where a head began, */
    uint64_t since;        /* and when (ms) */
    struct pieces *pieces; /* of the head at hand, or NULL */
    struct http_body body;
};

struct tap {
    tap_fn *fn;
    void *arg;
    struct side visitor, target;
    struct request *pending, *newest; /* in the order they came */
    size_t pending_count;
    bool spoke;          /* HTTP: there was a request */
    uint64_t rest_since; /* when began what is no message, ms */
};

int tap_new(tap_fn *fn, void *arg, uint64_t now, struct tap **out)
{
    struct tap *t = calloc(1, sizeof(*t));
    if (!t)
        return BEAM_ENOMEM;
    t->fn = fn;
    t->arg = arg;
    t->rest_since = now;
    *out = t;
    return 0;
}

static void forget_head(struct side *s)
{
    free(s->pieces);
    s->pieces = NULL;
}

void tap_free(struct tap *t)
{
    if (!t)
        return;
    while (t->pending) {
        struct request *r = t->pending;
        t->pending = r->next;
        free(r);
    }
    forget_head(&t->visitor);
    forget_head(&t->target);
    free(t);
}

/* ---- telling -------------------------------------------------------------------------------- */

static void tell_first(struct tap *t, uint64_t now)
{
    struct request *r = t->pending;
    const struct tap_record record = {
        .method = r->text,
        .target = r->target,
        .status = r->status,
        .ms = now - r->since,
        .in = r->in_to - r->in_from,
        .out = r->out_to - r->out_from,
    };
    t->pending = r->next;
    t->pending_count--;
    t->visitor.told += record.in;
    t->target.told += record.out;
    t->fn(t->arg, &record);
    free(r);
}

/* Tells of those that have ended on both sides. */
static void settle(struct tap *t, uint64_t now)
{
    while (t->pending && t->pending->in_done && t->pending->out_done)
        tell_first(t, now);
}

/* The request that what the target sends belongs to, or NULL. */
static struct request *unanswered(const struct tap *t)
{
    struct request *r = t->pending;
    while (r && r->out_done)
        r = r->next;
    return r;
}

/* Reads no more of the visitor. Answers to what it asked are still read. */
static void stop_asking(struct tap *t)
{
    struct side *s = &t->visitor;
    s->phase = s->phase == PHASE_BODY || s->phase == PHASE_REST ? PHASE_REST : PHASE_OPAQUE;
    forget_head(s);
}

/* Reads no more of either: what the target sends can be matched no longer. */
static void give_up(struct tap *t, uint64_t now)
{
    const struct request *r = unanswered(t);
    if (!tap_opaque(t))
        t->rest_since = now;
    stop_asking(t);
    t->target.phase = r && r->out_begun ? PHASE_REST : PHASE_OPAQUE;
    forget_head(&t->target);
}

/* ---- requests ------------------------------------------------------------------------------- */

/* Appends it to those that wait for a response. NULL: one too many, or out of memory. */
static struct request *add_request(struct tap *t, const struct http_head *head)
{
    size_t method_len = head->method.len;
    size_t target_len = head->target.len < TAP_TARGET_MAX ? head->target.len : TAP_TARGET_MAX;
    struct request *r = NULL;
    if (t->pending_count < TAP_PENDING_MAX)
        r = calloc(1, sizeof(*r) + method_len + 1 + target_len + 1);
    if (!r)
        return NULL;
    memcpy(r->text, head->method.at, method_len);
    memcpy(r->text + method_len + 1, head->target.at, target_len);
    r->target = r->text + method_len + 1;
    r->since = t->visitor.since;
    r->in_from = t->visitor.from;
    if (t->pending)
        t->newest->next = r;
    else
        t->pending = r;
    t->newest = r;
    t->pending_count++;
    t->spoke = true;
    return r;
}

/* The newest request is whole. */
static void end_request(struct tap *t, uint64_t now)
{
    t->visitor.phase = PHASE_HEAD;
    t->newest->in_to = t->visitor.at;
    t->newest->in_done = true;
    settle(t, now);
}

static void on_request(struct tap *t, const char *data, size_t len, uint64_t now)
{
    struct side *s = &t->visitor;
    struct http_head head;
    if (http_head_parse(data, len, HTTP_REQUEST, &head) < 0 || !add_request(t, &head)) {
        stop_asking(t);
        return;
    }
    http_body_init_request(&s->body, &head);
    s->phase = PHASE_BODY;
    if (s->body.done)
        end_request(t, now);
    /* What follows is for whom the target connects to, if it does. */
    if (http_text_is(head.method, "CONNECT"))
        s->phase = PHASE_OPAQUE;
}

/* ---- responses ------------------------------------------------------------------------------ */

static void end_response(struct tap *t, uint64_t to, uint64_t now)
{
    struct request *r = unanswered(t);
    t->target.phase = PHASE_HEAD;
    if (r) {
        r->out_to = to;
        r->out_done = true;
    }
    settle(t, now);
}

static void on_response(struct tap *t, const char *data, size_t len, uint64_t now)
{
    struct side *s = &t->target;
    struct request *r = unanswered(t);
    struct http_head head;
    if (!r || http_head_parse(data, len, HTTP_RESPONSE, &head) < 0) {
        give_up(t, now);
        return;
    }
    if (head.status < 200 && head.status != 101)
        return; /* an interim one: the response is still to come */
    const struct http_text method = {r->text, strlen(r->text)};
    r->status = head.status;
    http_body_init_response(&s->body, &head, method);
    s->phase = PHASE_BODY;
    if (s->body.done)
        end_response(t, s->at, now);
    if (s->body.framing == HTTP_BODY_UNTIL_CLOSE)
        s->phase = PHASE_REST;
    if (s->body.framing == HTTP_BODY_SWITCHED) {
        give_up(t, now);
        t->rest_since = now;
    }
}

/* ---- bytes ---------------------------------------------------------------------------------- */

static void on_head(struct tap *t, struct side *s, const char *data, size_t len, uint64_t now)
{
    if (s == &t->visitor)
        on_request(t, data, len, now);
    else
        on_response(t, data, len, now);
}

/* Where and when a head begins. */
static void mark_head(struct tap *t, struct side *s, uint64_t now)
{
    struct request *r = unanswered(t);
    s->from = s->at;
    s->since = now;
    if (s == &t->visitor) {
        t->rest_since = now;
    } else if (!r) {
        give_up(t, now); /* nobody asked */
    } else if (!r->out_begun) {
        r->out_begun = true;
        r->out_from = s->at;
    }
}

static void make_no_sense(struct tap *t, const struct side *s, uint64_t now)
{
    if (s == &t->visitor)
        stop_asking(t);
    else
        give_up(t, now);
}

/* Whether the head is whole, as http_head_find; or, if the beginning tells it, that it is none. */
static int find_end(struct pieces *p, size_t before, bool request)
{
    if (request && before < LOOK_MAX && http_looks(p->bytes, p->len) == HTTP_NO)
        return BEAM_EPROTO;
    return http_head_find(p->bytes, p->len, &p->seen);
}

/* More of a head that comes in pieces. Returns how many bytes it took. */
static size_t go_on_head(struct tap *t, struct side *s, const char *data, size_t len, uint64_t now)
{
    struct pieces *p = s->pieces;
    size_t before = p->len, room = HTTP_HEAD_MAX - before, n = len < room ? len : room;
    memcpy(p->bytes + before, data, n);
    p->len += n;
    int end = n > 0 ? find_end(p, before, s == &t->visitor) : BEAM_ELIMIT;
    if (end == BEAM_EAGAIN) {
        s->at += n;
        return n;
    }
    if (end < 0) {
        make_no_sense(t, s, now);
        return 0;
    }
    n = (size_t)end - before;
    s->at += n;
    s->pieces = NULL;
    on_head(t, s, p->bytes, (size_t)end, now);
    free(p);
    return n;
}

/* A head from its first byte on. Returns how many bytes it took. */
static size_t begin_head(struct tap *t, struct side *s, const char *data, size_t len, uint64_t now)
{
    size_t seen = 0;
    int end = http_head_find(data, len, &seen);
    if (end >= 0) {
        s->at += (size_t)end;
        on_head(t, s, data, (size_t)end, now);
        return (size_t)end;
    }
    struct pieces *p = end == BEAM_EAGAIN ? malloc(sizeof(*p)) : NULL;
    if (!p) {
        make_no_sense(t, s, now);
        return 0;
    }
    p->len = p->seen = 0;
    s->pieces = p;
    return 0;
}

/* Reads of a head. Returns how many bytes it took. */
static size_t see_head(struct tap *t, struct side *s, const char *data, size_t len, uint64_t now)
{
    if (s->pieces)
        return go_on_head(t, s, data, len, now);
    /* Some visitors end a body with an empty line; it belongs to no request. */
    if (s == &t->visitor && t->spoke && (*data == '\r' || *data == '\n')) {
        s->at++;
        s->told++;
        return 1;
    }
    mark_head(t, s, now);
    return s->phase == PHASE_HEAD ? begin_head(t, s, data, len, now) : 0;
}

/* Reads of a body. Returns how many bytes it took. */
static size_t see_body(struct tap *t, struct side *s, const char *data, size_t len, uint64_t now)
{
    ssize_t n = http_body_feed(&s->body, data, len);
    if (n < 0) {
        make_no_sense(t, s, now);
        return 0;
    }
    s->at += (size_t)n;
    if (s->body.done && s == &t->visitor)
        end_request(t, now);
    else if (s->body.done)
        end_response(t, s->at, now);
    return (size_t)n;
}

/* How many of the bytes to come are content and need not be seen. The last one is: it may be the
 * end of the message, whose time is wanted. */
static uint64_t pass_over(struct side *s)
{
    uint64_t n = http_body_opaque(&s->body);
    if (n <= 1)
        return 0;
    http_body_pass(&s->body, n - 1);
    s->at += n - 1;
    return n - 1;
}

static uint64_t see(struct tap *t, struct side *s, const char *at, size_t len, uint64_t now)
{
    const char *end = at + len;
    while (at < end && (s->phase == PHASE_HEAD || s->phase == PHASE_BODY)) {
        size_t left = (size_t)(end - at);
        at +=
            s->phase == PHASE_HEAD ? see_head(t, s, at, left, now) : see_body(t, s, at, left, now);
    }
    if (s->phase == PHASE_REST || s->phase == PHASE_OPAQUE)
        return TAP_ALL;
    return s->phase == PHASE_BODY ? pass_over(s) : 0;
}

uint64_t tap_see(struct tap *t, enum tap_side from, const void *data, size_t len, uint64_t now)
{
    if (from == TAP_VISITOR)
        return see(t, &t->visitor, data, len, now);
    return see(t, &t->target, data, len, now);
}

/* ---- the end -------------------------------------------------------------------------------- */

void tap_half(struct tap *t, uint64_t out, uint64_t now)
{
    if (t->target.phase != PHASE_REST)
        return;
    end_response(t, out, now);
    t->target.phase = PHASE_OPAQUE;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* What of a request that has not ended went by. */
static void cut_short(struct tap *t, struct request *r, uint64_t in, uint64_t out)
{
    uint64_t in_to = r->in_to, out_to = r->out_to;
    if (!r->in_done)
        in_to = t->visitor.phase == PHASE_REST ? in : least(t->visitor.at, in);
    if (!r->out_done && r->out_begun)
        out_to = t->target.phase == PHASE_REST ? out : least(t->target.at, out);
    r->in_from = least(r->in_from, in_to);
    r->in_to = in_to;
    r->out_from = least(r->out_from, out_to);
    r->out_to = out_to;
}

void tap_end(struct tap *t, uint64_t in, uint64_t out, uint64_t now)
{
    while (t->pending) {
        cut_short(t, t->pending, in, out);
        tell_first(t, now);
    }
    const struct tap_record rest = {
        .method = "",
        .target = "",
        .ms = now - t->rest_since,
        .in = in - least(in, t->visitor.told),
        .out = out - least(out, t->target.told),
    };
    if (rest.in > 0 || rest.out > 0)
        t->fn(t->arg, &rest);
}

const char *tap_asked(const struct tap *t)
{
    const struct request *r = unanswered(t);
    return r ? r->text : NULL;
}

bool tap_opaque(const struct tap *t)
{
    return t->visitor.phase == PHASE_REST || t->visitor.phase == PHASE_OPAQUE;
}
