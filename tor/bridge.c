/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/bridge.h"

#include <string.h>

#include "base/addr.h"
#include "base/text.h"

enum { BRIDGE_WORD_SIZE = 512 };

/* The words of a line, one after another. */
struct words {
    const char *at, *end;
};

struct word {
    const char *at;
    size_t len;
};

static bool next_word(struct words *w, struct word *out)
{
    while (w->at < w->end && (*w->at == ' ' || *w->at == '\t'))
        w->at++;
    out->at = w->at;
    while (w->at < w->end && *w->at != ' ' && *w->at != '\t')
        w->at++;
    out->len = (size_t)(w->at - out->at);
    return out->len > 0;
}

/* What stands in a torrc as it is: no comment, quote or escape begins in it. */
static bool is_plain(const struct word *w)
{
    for (size_t i = 0; i < w->len; i++)
        if (w->at[i] <= ' ' || w->at[i] >= 0x7f || strchr("#\"\\", w->at[i]))
            return false;
    return true;
}

/* A transport's name is a C identifier (pt-spec, section 3.1). */
static bool is_name(const char *at, size_t len)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    static const char digits[] = "0123456789";
    for (size_t i = 0; i < len; i++)
        if (at[i] == '\0' || (!strchr(first, at[i]) && (i == 0 || !strchr(digits, at[i]))))
            return false;
    return len > 0 && len < BRIDGE_TRANSPORT_SIZE;
}

static int wrong(const char *what, const struct word *w, const char *must, struct beam_why *why)
{
    char shown[80];
    text_escape(w->at, w->len, shown, sizeof(shown));
    return beam_why(why, BEAM_EINVAL, "%s: `%s`: %s", what, shown, must);
}

static bool begins(const struct word *w, const char *start)
{
    size_t len = strlen(start);
    return w->len > len && memcmp(w->at, start, len) == 0;
}

/* "IP:PORT", an IPv6 address in brackets. */
static bool read_address(const struct word *w, struct addr *out)
{
    uint64_t port = 0;
    const char *colon = memrchr(w->at, ':', w->len);
    if (!colon || text_number(colon + 1, (size_t)(w->at + w->len - colon - 1), 65535, &port) < 0 ||
        port == 0)
        return false;
    const char *host = w->at;
    size_t len = (size_t)(colon - host);
    if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
        host++;
        len -= 2;
    } else if (memchr(host, ':', len)) {
        return false;
    }
    return addr_ip(host, len, (uint16_t)port, out) == 0;
}

static int check_fingerprint(const struct word *w, struct beam_why *why)
{
    unsigned char ignored[BRIDGE_FINGERPRINT / 2];
    if (w->len == BRIDGE_FINGERPRINT &&
        text_hex_decode(w->at, w->len, ignored, sizeof(ignored)) == 0)
        return 0;
    return wrong("tor.bridge", w, "a bridge's fingerprint is 40 hex digits (copy the line anew)",
                 why);
}

int bridge_parse(const char *line, size_t len, struct bridge *out, struct beam_why *why)
{
    struct words words = {line, line + len};
    struct bridge b = {.transport = ""};
    struct addr ignored;
    struct word w;
    bool pairs = false, cert = false;
    if (!next_word(&words, &w))
        return beam_why(why, BEAM_EINVAL, "tor.bridge: an empty line (give IP:PORT FINGERPRINT)");
    if (w.len == 6 && strncasecmp(w.at, "bridge", 6) == 0)
        return wrong("tor.bridge", &w, "leave out this word, which is for a torrc", why);
    if (is_name(w.at, w.len)) {
        memcpy(b.transport, w.at, w.len);
        next_word(&words, &w);
    }
    if (!read_address(&w, &ignored))
        return wrong("tor.bridge", &w,
                     "an address as 192.0.2.1:443 or [2001:db8::1]:443 is wanted here (a line is "
                     "[TRANSPORT] IP:PORT [FINGERPRINT] [KEY=VALUE ...])",
                     why);
    for (bool first = true; next_word(&words, &w); first = false) {
        bool pair = memchr(w.at, '=', w.len) != NULL;
        if (!is_plain(&w))
            return wrong("tor.bridge", &w, "a character that no bridge line has", why);
        if (!pair && !first)
            return wrong("tor.bridge", &w, "KEY=VALUE is wanted here", why);
        if (!pair && check_fingerprint(&w, why) < 0)
            return BEAM_EINVAL;
        pairs = pairs || pair;
        cert = cert || begins(&w, "cert=") || begins(&w, "public-key=");
    }
    if (strcmp(b.transport, "obfs4") == 0 && !cert)
        return beam_why(why, BEAM_EINVAL,
                        "tor.bridge: an obfs4 line without cert= (copy the whole line anew)");
    if (pairs && !b.transport[0])
        return beam_why(why, BEAM_EINVAL,
                        "tor.bridge: KEY=VALUE in a line that names no transport (begin it with "
                        "the transport, obfs4 for one)");
    *out = b;
    return 0;
}

/* Every `what` in text[size], in any case. */
static void strike(char *text, size_t size, const char *what, size_t len)
{
    static const char by[] = "[scrubbed]";
    enum { BY = sizeof(by) - 1 };
    char word[BRIDGE_WORD_SIZE];
    if (len == 0 || len >= sizeof(word))
        return;
    memcpy(word, what, len);
    word[len] = '\0';
    for (char *at = text; (at = strcasestr(at, word));) {
        size_t room = size - (size_t)(at - text), rest = strlen(at + len);
        if (room <= BY) {
            *at = '\0';
            return;
        }
        if (rest > room - BY - 1)
            rest = room - BY - 1;
        memmove(at + BY, at + len, rest);
        memcpy(at, by, BY);
        at += BY;
        at[rest] = '\0';
    }
}

/* As the line has it and as tor writes it, first with its port. */
static void strike_address(char *text, size_t size, const struct word *w, const struct addr *a)
{
    char shown[ADDR_TEXT_SIZE];
    addr_text(a, shown);
    size_t len = (size_t)(strrchr(shown, ':') - shown);
    const char *colon = memrchr(w->at, ':', w->len);
    strike(text, size, w->at, w->len);
    strike(text, size, shown, strlen(shown));
    strike(text, size, w->at, (size_t)(colon - w->at));
    strike(text, size, shown, len);
    if (shown[0] == '[')
        strike(text, size, shown + 1, len - 2);
}

/* Whether it is a host's name, or as long as a key is. */
static bool says_something(const char *at, size_t len)
{
    enum { KEY_MIN = 16 }; /* what is shorter is no key, and may be a word of the text */
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    bool letter = false;
    for (size_t i = 0; i < len; i++)
        letter |= strchr(letters, at[i]) != NULL;
    return len >= KEY_MIN || (letter && memchr(at, '.', len));
}

/* A program of a transport may name the host of a URL, or one of a list. */
static void strike_parts(char *text, size_t size, const char *value, size_t len)
{
    const char *end = value + len;
    for (const char *at = value; at < end;) {
        const char *part = at;
        while (at < end && !strchr(",;:/?&=@", *at))
            at++;
        if (says_something(part, (size_t)(at - part)))
            strike(text, size, part, (size_t)(at - part));
        at++;
    }
}

void bridge_scrub(const char *line, size_t len, char *text, size_t size)
{
    struct words words = {line, line + len};
    struct word w;
    struct addr address;
    while (next_word(&words, &w)) {
        const char *equals = memchr(w.at, '=', w.len);
        const char *value = equals ? equals + 1 : w.at;
        size_t value_len = (size_t)(w.at + w.len - value);
        if (read_address(&w, &address)) {
            strike_address(text, size, &w, &address);
        } else if (says_something(value, value_len)) {
            strike(text, size, value, value_len);
            strike_parts(text, size, value, value_len);
        }
    }
}

/* All of a comma-separated list are names. */
static bool are_names(const struct word *w)
{
    const char *at = w->at, *end = w->at + w->len;
    for (;;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        if (!is_name(at, (size_t)((comma ? comma : end) - at)))
            return false;
        if (!comma)
            return true;
        at = comma + 1;
    }
}

int transport_parse(const char *line, size_t len, struct transport *out, struct beam_why *why)
{
    struct words words = {line, line + len};
    struct word names, how, path, more;
    if (!next_word(&words, &names) || !are_names(&names))
        return wrong("tor.transport", &names,
                     "a transport's name is wanted (a line is NAME exec PATH [ARGUMENT ...])", why);
    if (!next_word(&words, &how) || how.len != 4 || memcmp(how.at, "exec", 4) != 0)
        return wrong("tor.transport", &how, "`exec` is wanted after the name", why);
    if (!next_word(&words, &path) || path.at[0] != '/')
        return wrong("tor.transport", &path, "an absolute path is wanted after `exec`", why);
    struct transport t = {.names = names.at,
                          .names_len = names.len,
                          .command = path.at,
                          .command_len = path.len,
                          .path_len = path.len};
    more = path;
    do {
        if (!is_plain(&more))
            return wrong("tor.transport", &more,
                         "tor takes no #, quote, backslash or letter beyond ASCII here", why);
        t.command_len = (size_t)(more.at + more.len - path.at);
    } while (next_word(&words, &more));
    *out = t;
    return 0;
}

bool transport_serves(const struct transport *t, const char *name)
{
    size_t len = strlen(name);
    const char *at = t->names, *end = t->names + t->names_len;
    while (at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma ? comma : end;
        if ((size_t)(stop - at) == len && memcmp(at, name, len) == 0)
            return true;
        at = stop + 1;
    }
    return false;
}
