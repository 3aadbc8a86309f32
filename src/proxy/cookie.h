/* SPDX-License-Identifier: BSD-3-Clause */
/* Values of Cookie fields (RFC 6265, 4.2.1): pairs with semicolons between them. Pure. */
#ifndef BEAM_PROXY_COOKIE_H
#define BEAM_PROXY_COOKIE_H

#include "http/head.h"

/* The next pair of a list, which `list` then no longer holds, without the blanks around it; empty
 * ones are passed over. `name` is all of a pair that has no "=". False: there is none. */
bool cookie_next(struct http_text *list, struct http_text *pair, struct http_text *name);
/* Whether one of a request's Cookie fields has a cookie of that name; *value of the first. */
bool cookie_find(const struct http_head *request, const char *name, struct http_text *value);

#endif
