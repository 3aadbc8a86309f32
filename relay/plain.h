/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a relay with HTTPS answers by itself to those who come over plain HTTP: where the same is
 * over HTTPS, and an ACME server's question whether a host is ours (RFC 8555, 8.3). Pure, but for
 * the files with the answers to that.
 */
#ifndef BEAM_RELAY_PLAIN_H
#define BEAM_RELAY_PLAIN_H

#include <stdbool.h>

#include "base/buf.h"
#include "relay/endpoint.h"

enum {
    PLAIN_TARGET_MAX = 4096, /* bytes of a request's target that is sent on */
    PLAIN_FIELDS_SIZE = PLAIN_TARGET_MAX + 512,
    PLAIN_TOKEN_SIZE = 129,
    PLAIN_ANSWER_MAX = 512
};

/* The fields of a 308 to the same at the relay's HTTPS; false: the target is too long for one. */
bool plain_redirect(const struct endpoint_base *base, const struct http_head *head,
                    char out[PLAIN_FIELDS_SIZE]);

/* Whether an ACME server asks for a token: "/.well-known/acme-challenge/TOKEN", with the letters
 * that a token may have. */
bool plain_asks(const struct http_head *head, char token[PLAIN_TOKEN_SIZE]);
/* The answer that lies in the folder under the token's name. Bytes, or BEAM_ENOTFOUND … */
ssize_t plain_answer(const char *folder, const char *token, char out[PLAIN_ANSWER_MAX]);

#endif
