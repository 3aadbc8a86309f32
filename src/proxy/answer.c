/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/answer.h"

#include <stdio.h>
#include <string.h>

#include "proxy/draft.h"

static const struct {
    int status;
    const char *words;
} phrases[] = {
    {200, "OK"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {410, "Gone"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

static const char *words_of(int status)
{
    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
        if (phrases[i].status == status)
            return phrases[i].words;
    return "Error";
}

/* The framing, which none has that may have no body. */
static void write_length(const struct answer *a, size_t len, struct draft *d)
{
    char line[64];
    if (a->status < 200 || a->status == 204 || a->status == 304)
        return;
    int n = snprintf(line, sizeof(line), "Content-Length: %zu\r\n", len);
    draft_add(d, line, (size_t)n);
}

int answer_write(const struct answer *a, bool head_only, bool keep_alive, struct buf *out)
{
    const char *words = words_of(a->status);
    char line[96], text[64];
    struct draft d;
    int n = snprintf(line, sizeof(line), "HTTP/1.1 %03d %s\r\n", a->status, words);
    int text_len = snprintf(text, sizeof(text), "%s\n", words);
    const void *body = a->body ? a->body : text;
    size_t len = a->body ? a->body_len : (size_t)text_len;

    draft_begin(&d, out->pool);
    draft_add(&d, line, (size_t)n);
    draft_string(&d, a->fields ? a->fields : "Content-Type: text/plain\r\n");
    write_length(a, len, &d);
    if (a->close)
        draft_string(&d, "Connection: close\r\n");
    else if (keep_alive)
        draft_string(&d, "Connection: keep-alive\r\n");
    draft_string(&d, "\r\n");
    if (!head_only && a->status >= 200 && a->status != 204 && a->status != 304)
        draft_add(&d, body, len);
    return draft_end(&d, out);
}
