/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "proxy/request.h"

static const char well_known[] = "/.well-known/acme-challenge/";

/* The visitor's own word for the host, which the relay has several of, with the relay's port. */
bool plain_redirect(const struct endpoint_base *base, const struct http_head *head,
                    char out[PLAIN_FIELDS_SIZE])
{
    struct http_text host = request_host(head), path = request_path(head);
    size_t len = endpoint_host_len(host.at, host.len);
    if (path.len > PLAIN_TARGET_MAX || len >= ENDPOINT_HOST_SIZE)
        return false;
    if (len == 0)
        snprintf(out, PLAIN_FIELDS_SIZE, "Location: https://%s%.*s\r\n", base->host, (int)path.len,
                 path.at);
    else
        snprintf(out, PLAIN_FIELDS_SIZE, "Location: https://%.*s%s%.*s\r\n", (int)len, host.at,
                 base->port, (int)path.len, path.at);
    return true;
}

static bool is_token(struct http_text t)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    for (size_t i = 0; i < t.len; i++)
        if (!memchr(letters, t.at[i], sizeof(letters) - 1))
            return false;
    return t.len > 0 && t.len < PLAIN_TOKEN_SIZE;
}

bool plain_asks(const struct http_head *head, char token[PLAIN_TOKEN_SIZE])
{
    const size_t len = sizeof(well_known) - 1;
    struct http_text path = request_path(head);
    if (path.len <= len || memcmp(path.at, well_known, len) != 0)
        return false;
    struct http_text t = {path.at + len, path.len - len};
    if (!is_token(t))
        return false;
    memcpy(token, t.at, t.len);
    token[t.len] = '\0';
    return true;
}

ssize_t plain_answer(const char *folder, const char *token, char out[PLAIN_ANSWER_MAX])
{
    char *path = file_join(folder, token), *text;
    size_t len;
    int err = path ? file_read(path, PLAIN_ANSWER_MAX, &text, &len) : BEAM_ENOMEM;
    free(path);
    if (err < 0)
        return err;
    memcpy(out, text, len);
    free(text);
    return (ssize_t)len;
}
