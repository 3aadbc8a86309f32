/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/err.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
    int code, exit;
    const char *name, *text;
};

static const struct row rows[] = {
    {0, 0, "ok", "done"},
    {BEAM_ENOMEM, 1, "memory", "out of memory"},
    {BEAM_EINVAL, 1, "invalid", "not of the form it must have"},
    {BEAM_ELIMIT, 1, "limit", "over a limit"},
    {BEAM_EAGAIN, 1, "again", "nothing yet"},
    {BEAM_EIO, 1, "io", "the system refused an operation"},
    {BEAM_ETIMEOUT, 6, "timeout", "timed out"},
    {BEAM_ECANCELED, 1, "canceled", "given up"},
    {BEAM_EPOLICY, 4, "policy", "refused by policy"},
    {BEAM_ENOTFOUND, 5, "notfound", "not found"},
    {BEAM_EEXIST, 1, "exists", "there already"},
    {BEAM_EPROTO, 1, "protocol", "the other end broke the protocol"},
    {BEAM_ERESET, 1, "reset", "the other end broke off"},
    {BEAM_EREFUSED, 1, "refused", "nothing listens there"},
    {BEAM_EUNREACH, 1, "unreachable", "no way there"},
    {BEAM_EPERM, 1, "permission", "wrong owner or mode"},
    {BEAM_EAUTH, 1, "auth", "a credential is missing or wrong"},
    {BEAM_ECLOSED, 1, "closed", "closed already"},
    {BEAM_EUSAGE, 2, "usage", "wrong usage"},
    {BEAM_ENODAEMON, 3, "nodaemon", "no daemon runs"},
};

static const struct row unknown = {0, 1, "unknown", "unknown error"};

static const struct row *find(int code)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].code == code)
            return &rows[i];
    return &unknown;
}

static bool within_character(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Both ends of what is too long: it begins with what is wrong, and ends with what to do. */
static void join_ends(const char *whole, size_t len, char text[BEAM_WHY_SIZE])
{
    static const char cut[] = "...";
    size_t head = BEAM_WHY_SIZE / 2, tail = len - (BEAM_WHY_SIZE - head - sizeof(cut));
    while (head > 0 && within_character(whole[head]))
        head--;
    while (within_character(whole[tail]))
        tail++;
    memcpy(text, whole, head);
    memcpy(text + head, cut, sizeof(cut) - 1);
    memcpy(text + head + sizeof(cut) - 1, whole + tail, len - tail + 1);
}

int beam_whyv(struct beam_why *why, int code, const char *fmt, va_list ap)
{
    if (!why)
        return code;
    va_list again;
    va_copy(again, ap);
    char text[BEAM_WHY_SIZE]; /* apart, for an argument may be the field's own old text */
    int n = vsnprintf(text, sizeof(text), fmt, ap);
    size_t len = n < 0 ? 0 : (size_t)n;
    if (len >= sizeof(text)) {
        char *whole = malloc(len + 1);
        if (whole && vsnprintf(whole, len + 1, fmt, again) == n)
            join_ends(whole, len, text);
        else
            (void)snprintf(text, sizeof(text), "%s", beam_err_text(code));
        free(whole);
    }
    va_end(again);
    memcpy(why->text, text, strlen(text) + 1);
    why->code = code;
    return code;
}

int beam_why(struct beam_why *why, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    beam_whyv(why, code, fmt, ap);
    va_end(ap);
    return code;
}

const char *beam_err_text(int code)
{
    return find(code)->text;
}

const char *beam_err_name(int code)
{
    return find(code)->name;
}

int beam_err_exit(int code)
{
    return find(code)->exit;
}

int beam_err_errno(int errnum)
{
    switch (errnum) {
    case ENOMEM:
        return BEAM_ENOMEM;
    case EINVAL:
    case ENAMETOOLONG:
    case ENOTDIR:
    case EISDIR:
        return BEAM_EINVAL;
    case EMFILE:
    case ENFILE:
    case EFBIG:
    case ENOBUFS:
    case EMSGSIZE:
        return BEAM_ELIMIT;
    case EAGAIN:
#if EWOULDBLOCK != EAGAIN
    case EWOULDBLOCK:
#endif
    case EINPROGRESS:
    case EALREADY:
        return BEAM_EAGAIN;
    case ETIMEDOUT:
        return BEAM_ETIMEOUT;
    case ECANCELED:
        return BEAM_ECANCELED;
    case ENOENT:
    case ESRCH:
        return BEAM_ENOTFOUND;
    case EEXIST:
    case EADDRINUSE:
    case ENOTEMPTY:
        return BEAM_EEXIST;
    case EPROTO:
        return BEAM_EPROTO;
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
        return BEAM_ERESET;
    case ECONNREFUSED:
        return BEAM_EREFUSED;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case EADDRNOTAVAIL:
        return BEAM_EUNREACH;
    case EACCES:
    case EPERM:
    case EROFS:
        return BEAM_EPERM;
    case EBADF:
    case ENOTCONN:
    case ESHUTDOWN:
        return BEAM_ECLOSED;
    default:
        return BEAM_EIO;
    }
}
