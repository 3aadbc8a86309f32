/* SPDX-License-Identifier: BSD-3-Clause */
#include "demo/page.h"

#include <string.h>

static const char front[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\">\n"
    "<head>\n"
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>beam: it works</title>\n"
    "<style>\n"
    "body { max-width: 38rem; margin: 4rem auto; padding: 0 1rem;\n"
    "       color: #222; background: #fdfdfb; font: 1.05rem/1.6 system-ui, sans-serif }\n"
    "h1 { font-size: 2rem; line-height: 1.2 }\n"
    "code { padding: .1em .3em; border-radius: .2em; background: #eee }\n"
    "li { margin: .4em 0 }\n"
    "@media (prefers-color-scheme: dark) {\n"
    "  body { color: #ddd; background: #1b1b1f } code { background: #333 } a { color: #9cf }\n"
    "}\n"
    "</style>\n"
    "</head>\n"
    "<body>\n"
    "<h1>This page came out of a laptop, through Tor.</h1>\n"
    "<p>A small web server listens on a port of one machine, for that machine alone. beam asked\n"
    "Tor to bring visitors to it under an address that tells nobody where the machine is, or\n"
    "whose.</p>\n"
    "<ul>\n"
    "<li>No account was made, no router was told to let anything in, no company carries it.</li>\n"
    "<li>The address is a public key: who reaches it speaks with the holder of the secret one,\n"
    "and nobody on the way can read along.</li>\n"
    "<li>The server does not learn where you are either.</li>\n"
    "</ul>\n"
    "<p>What the server gets to see of your visit is at <a href=\"/echo\">/echo</a>.</p>\n"
    "<p>To publish an app of your own that listens on port 3000: <code>beam 3000 --tor</code></p>\n"
    "</body>\n"
    "</html>\n";

static int put(struct buf *out, const char *status, const char *type, const void *body, size_t len,
               bool with_body)
{
    int err = buf_addf(out,
                       "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                       "Cache-Control: no-store\r\nConnection: close\r\n\r\n",
                       status, type, len);
    return err == 0 && with_body ? buf_add(out, body, len) : err;
}

static int put_line(struct buf *out, const char *status, const char *line, bool with_body)
{
    return put(out, status, "text/plain; charset=utf-8", line, strlen(line), with_body);
}

/* The target without its query. */
static struct http_text path_of(const struct http_head *head)
{
    const char *query = memchr(head->target.at, '?', head->target.len);
    size_t len = query ? (size_t)(query - head->target.at) : head->target.len;
    return (struct http_text){.at = head->target.at, .len = len};
}

static bool is(struct http_text text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.at, word, text.len) == 0;
}

int page_answer(const struct http_head *head, const void *bytes, size_t len, struct buf *out)
{
    struct http_text path = path_of(head);
    bool with_body = !is(head->method, "HEAD");
    if (with_body && !is(head->method, "GET"))
        return put_line(out, "405 Method Not Allowed", "GET and HEAD are answered here.\n", true);
    if (is(path, "/"))
        return put(out, "200 OK", "text/html; charset=utf-8", front, sizeof(front) - 1, with_body);
    if (is(path, "/echo"))
        return put(out, "200 OK", "text/plain; charset=utf-8", bytes, len, with_body);
    return put_line(out, "404 Not Found", "There is nothing here.\n", with_body);
}

int page_refusal(struct buf *out)
{
    return put_line(out, "400 Bad Request", "This is no HTTP request.\n", true);
}

int page_front(struct buf *out)
{
    return put(out, "200 OK", "text/html; charset=utf-8", front, sizeof(front) - 1, true);
}
