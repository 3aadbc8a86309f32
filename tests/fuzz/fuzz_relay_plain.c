/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests as a relay's plain HTTP gets them: those that the proxy would take are redirected by one
 * field of one line to an https URL, and a token of ACME's is never more than a file's name.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/request.h"
#include "relay/plain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_redirect(const struct http_head *head, const char *port)
{
    static const char start[] = "Location: https://";
    char out[PLAIN_FIELDS_SIZE];
    struct endpoint_base base = {.https = true};
    memcpy(base.host, "relay.example", sizeof("relay.example"));
    memcpy(base.port, port, strlen(port) + 1);
    if (!plain_redirect(&base, head, out))
        return;
    size_t len = strlen(out);
    if (len < sizeof(start) + 2 || memcmp(out, start, sizeof(start) - 1) != 0 ||
        strcspn(out, "\r\n \t") != sizeof("Location:") - 1 ||
        strcspn(out + sizeof(start) - 1, "\r\n") != len - (sizeof(start) - 1) - 2)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char token[PLAIN_TOKEN_SIZE];
    struct http_head head;
    if (http_head_parse(data, size, HTTP_REQUEST, &head) < 0 || request_judge(&head) != 0)
        return 0;
    check_redirect(&head, "");
    check_redirect(&head, ":8443");
    if (plain_asks(&head, token) && (!token[0] || strpbrk(token, "/.%\\") || strlen(token) > 128))
        abort();
    return 0;
}
