/* SPDX-License-Identifier: BSD-3-Clause */
/* What a control port says of itself before anybody has authenticated: the reply to PROTOCOLINFO
 * (control-spec section 3.21). Pure. */
#ifndef BEAM_TOR_PROTOCOL_INFO_H
#define BEAM_TOR_PROTOCOL_INFO_H

#include <limits.h>

#include "tor/control_line.h"

enum { PROTOCOL_VERSION_SIZE = 48 };

enum protocol_method {
    PROTOCOL_NULL = 1,
    PROTOCOL_PASSWORD = 2,
    PROTOCOL_COOKIE = 4,
    PROTOCOL_SAFECOOKIE = 8
};

/* Texts are "" where it did not say. */
struct protocol_info {
    unsigned methods;                    /* bits */
    char version[PROTOCOL_VERSION_SIZE]; /* "0.4.9.11", escaped */
    char cookie_file[PATH_MAX];
};

/* 0, or BEAM_EPROTO: it is no such reply, or names no version. */
int protocol_info_parse(const struct control_reply *r, struct protocol_info *out);
/* Whether "0.4.8.16" is a tor that beam works with: PROTOCOL_OLDEST or later. */
bool protocol_version_ok(const char *version);

#define PROTOCOL_OLDEST "0.4.7"

/* "SAFECOOKIE", for one bit. */
const char *protocol_method_name(enum protocol_method method);

#endif
