/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Errors. A function that can fail returns 0 or one of these (all negative);
 * functions that count return a count >= 0 or one of these. Text meant for a
 * person travels beside the code in a struct beam_why.
 */
#ifndef BEAM_BASE_ERR_H
#define BEAM_BASE_ERR_H

#include <stdarg.h>
#include <stddef.h>

enum beam_err {
    BEAM_ENOMEM = -1,    /* an allocation failed */
    BEAM_EINVAL = -2,    /* the input does not have the form it must have */
    BEAM_ELIMIT = -3,    /* a ceiling was reached: size, count or rate */
    BEAM_EAGAIN = -4,    /* nothing now; an event tells when to try again */
    BEAM_EIO = -5,       /* the system refused an operation; errno said why */
    BEAM_ETIMEOUT = -6,  /* a deadline passed */
    BEAM_ECANCELED = -7, /* the caller gave up */
    BEAM_EPOLICY = -8,   /* no permit covers it */
    BEAM_ENOTFOUND = -9, /* no such thing */
    BEAM_EEXIST = -10,   /* there already, or in use */
    BEAM_EPROTO = -11,   /* the peer broke the protocol */
    BEAM_ERESET = -12,   /* the peer ended the stream without finishing it */
    BEAM_EREFUSED = -13, /* nothing listens there */
    BEAM_EUNREACH = -14, /* no way there */
    BEAM_EPERM = -15,    /* an owner or a mode is not what it must be */
    BEAM_EAUTH = -16,    /* a credential was missing or wrong */
    BEAM_ECLOSED = -17,  /* this end was shut or freed already */
    BEAM_EUSAGE = -18,   /* the command line was wrong */
    BEAM_ENODAEMON = -19 /* no daemon runs and none could be started */
};

enum { BEAM_WHY_SIZE = 512 };

/* What went wrong, for a person: "WHAT: WHY (what to do)", without a newline. */
struct beam_why {
    int code;
    char text[BEAM_WHY_SIZE];
};

/*
 * Records code and the formatted text in `why` (NULL allowed; of a text that is
 * longer than the field both ends are kept, whole characters, and "..." stands
 * between them) and returns code, so that one line can do both:
 * `return beam_why(why, BEAM_EINVAL, "port %ld: ...", n);`
 */
int beam_why(struct beam_why *why, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int beam_whyv(struct beam_why *why, int code, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

/* A few plain words for a code ("timed out"). Never NULL; static storage. */
const char *beam_err_text(int code);

/* A stable lower-case name for scripts ("timeout", "policy"). Static storage. */
const char *beam_err_name(int code);

/* The nearest code for an errno value (0 gives BEAM_EIO). */
int beam_err_errno(int errnum);

/*
 * The exit status a command ends with on this code: 0 done, 1 failed, 2 wrong
 * usage, 3 no daemon, 4 refused by policy, 5 not found, 6 timed out.
 */
int beam_err_exit(int code);

#endif
