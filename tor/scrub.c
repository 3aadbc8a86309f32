/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/scrub.h"

#include <stdbool.h>
#include <string.h>

#include "base/addr.h"

#define DIGITS  "0123456789"
#define HEX     DIGITS "abcdefABCDEF"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define BASE64  DIGITS LETTERS "+/"

enum {
    RSA_LEN = 40,
    RSA_GROUP = 4, /* where it is written in groups */
    ED25519_LEN = 43,
    ONION_LEN = 56,
    X25519_LEN = 52, /* in base32, as tor has the keys of an onion's visitors */
    NICKNAME_MAX = 19
};

/* ---- words ---------------------------------------------------------------------------------- */

static size_t word_len(const char *at)
{
    size_t len = 0;
    while ((unsigned char)at[len] > ' ')
        len++;
    return len;
}

/* Without what belongs to the sentence around it. */
static size_t sense_len(const char *at)
{
    size_t len = word_len(at);
    while (len > 0 && strchr("\"').,;:]", at[len - 1]))
        len--;
    return len;
}

static bool ends_with(const char *text, const char *end, const char *words)
{
    size_t len = strlen(words);
    return (size_t)(end - text) >= len && memcmp(end - len, words, len) == 0;
}

/* Whether an escape of tor's ends before `at`: \t, \n and such, or three octal digits. */
static bool is_after_escape(const char *text, const char *at)
{
    return (at - text >= 2 && at[-2] == '\\' && strchr("tnr", at[-1])) ||
           (at - text >= 4 && at[-4] == '\\' && strspn(at - 3, DIGITS) >= 3);
}

/* ---- things --------------------------------------------------------------------------------- */

/* Each of these: how many bytes at `at`, which is in `text`, are such a thing; 0: none. */

static size_t nickname_at(const char *at)
{
    size_t len = strspn(at, DIGITS LETTERS);
    return len <= NICKNAME_MAX ? len : 0;
}

/* As in a bridge's line that was written by hand. */
static size_t grouped_at(const char *at)
{
    size_t len = 0;
    for (size_t left = RSA_LEN / RSA_GROUP; strspn(at + len, HEX) == RSA_GROUP; len++) {
        len += RSA_GROUP;
        if (--left == 0)
            return at[len] == ':' ? 0 : len; /* of an address */
        if (at[len] != ' ')
            return 0;
    }
    return 0;
}

static size_t digest_at(const char *at)
{
    bool one = strspn(at, HEX) == RSA_LEN && strspn(at, DIGITS LETTERS) == RSA_LEN;
    return one ? RSA_LEN : grouped_at(at);
}

static size_t is_fingerprint(const char *text, const char *at)
{
    (void)text;
    size_t len = digest_at(at);
    if (len > 0 && at[len] == '~') {
        size_t nickname = nickname_at(at + len + 1);
        len += nickname > 0 ? 1 + nickname : 0;
    }
    return len;
}

/* Not part of a path, which may well be as long. */
static size_t is_identity(const char *text, const char *at)
{
    (void)text;
    size_t len = strspn(at, BASE64);
    if (len != ED25519_LEN || at[len] == '_' || at[len] == '-')
        return 0;
    return at[len] == '.' && (unsigned char)at[len + 1] > ' ' ? 0 : len;
}

/* As a folder of tor's is named, too. */
static size_t is_onion(const char *text, const char *at)
{
    (void)text;
    size_t len = strspn(at, DIGITS LETTERS);
    if (len != ONION_LEN && len != X25519_LEN)
        return 0;
    return strcspn(at, "0189") < len ? 0 : len;
}

/* What a transport is told of its bridge: its keys, and by which hosts it is reached. Among them
 * may be any byte but a space. */
static size_t is_argument(const char *text, const char *at)
{
    static const char *const keys[] = {
        "cert=",   "public-key=", "password=",   "url=",      "registerurl=", "front=",
        "fronts=", "ampcache=",   "servername=", "sqsqueue=", "sqscreds=",    "doh=",
        "dot=",    "pubkey=",     "domain=",     "addr="};
    (void)text;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strncmp(at, keys[i], strlen(keys[i])) == 0)
            return sense_len(at);
    return 0;
}

/* Tor's own pages are where its advice is. */
static size_t is_url(const char *text, const char *at)
{
    static const char colon[] = "://", tors[] = "torproject.org";
    (void)text;
    size_t scheme = strspn(at, DIGITS LETTERS "+-.");
    if (scheme == 0 || strncmp(at + scheme, colon, sizeof(colon) - 1) != 0)
        return 0;
    const char *host = at + scheme + sizeof(colon) - 1;
    const char *end = host + strspn(host, DIGITS LETTERS "-.");
    while (end > host && end[-1] == '.') /* the sentence's */
        end--;
    bool is_tors = ends_with(host, end, tors) &&
                   (end - host == sizeof(tors) - 1 || end[-(int)sizeof(tors)] == '.') &&
                   ((unsigned char)*end <= ' ' || strchr("/.,;)'\"", *end));
    return is_tors ? 0 : sense_len(at);
}

/* As tor says it: bridge 'NAME', and of a guard NAME ($FINGERPRINT). */
static size_t is_name(const char *text, const char *at)
{
    static const char *const before[] = {"ridge '", "ridge descriptor '", "routerinfo for '",
                                         "routerstatus for '"};
    size_t len = nickname_at(at);
    if (len == 0)
        return 0;
    if (strncmp(at + len, " ($", 3) == 0 && digest_at(at + len + 3))
        return len;
    for (size_t i = 0; at[len] == '\'' && i < sizeof(before) / sizeof(before[0]); i++)
        if (ends_with(text, at, before[i]))
            return len;
    return 0;
}

/* ---- addresses ------------------------------------------------------------------------------ */

/* Nothing is in 0.0.0.0/8 but tor's versions, by their looks. */
static bool leads_away(const char *host, size_t len)
{
    struct addr a;
    return strncmp(host, "0.", 2) != 0 && addr_ip(host, len, 1, &a) == 0 && !addr_unspecified(&a) &&
           addr_scope(&a) != ADDR_LOOPBACK;
}

/* ":PORT" */
static size_t port_at(const char *at)
{
    size_t digits = at[0] == ':' ? strspn(at + 1, DIGITS) : 0;
    return digits > 0 && digits <= 5 ? digits + 1 : 0;
}

/* "%ZONE" */
static size_t zone_at(const char *at)
{
    return at[0] == '%' ? 1 + strspn(at + 1, DIGITS LETTERS "._-") : 0;
}

static size_t is_bracketed(const char *text, const char *at)
{
    (void)text;
    size_t host = at[0] == '[' ? strspn(at + 1, HEX ":.") : 0;
    size_t len = 1 + host + (host ? zone_at(at + 1 + host) : 0);
    if (host == 0 || at[len] != ']' || !leads_away(at + 1, host))
        return 0;
    return len + 1 + port_at(at + len + 1);
}

/* Of `len` bytes those that are an address; what is behind may be a port, or the sentence's. */
static size_t most_of(const char *at, size_t len)
{
    enum { MAX = 45 };
    if (len > MAX)
        len = MAX + 1;
    while (len > 0) {
        if (len <= MAX && leads_away(at, len))
            return len;
        do
            len--;
        while (len > 0 && at[len] != ':' && at[len] != '.');
    }
    return 0;
}

static size_t is_address(const char *text, const char *at)
{
    (void)text;
    size_t len = most_of(at, strspn(at, DIGITS "."));
    if (len > 0)
        return len + port_at(at + len);
    len = most_of(at, strspn(at, HEX ":."));
    return len + (len > 0 ? zone_at(at + len) : 0);
}

/* ---- lines ---------------------------------------------------------------------------------- */

static size_t thing_at(const char *text, const char *at)
{
    /* And what it does not come behind, for then it is in the middle of a word. */
    static const struct {
        size_t (*is)(const char *text, const char *at);
        const char *not_after;
    } kinds[] = {
        {is_name, DIGITS LETTERS}, {is_argument, DIGITS LETTERS},
        {is_url, DIGITS LETTERS},  {is_fingerprint, DIGITS LETTERS},
        {is_identity, BASE64},     {is_onion, DIGITS LETTERS},
        {is_bracketed, ""},        {is_address, DIGITS LETTERS},
    };
    bool begins = at == text || is_after_escape(text, at);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        size_t len = begins || !strchr(kinds[i].not_after, at[-1]) ? kinds[i].is(text, at) : 0;
        if (len > 0)
            return len;
    }
    return 0;
}

void scrub_line(char *text, size_t size)
{
    static const char by[] = "[scrubbed]";
    enum { BY = sizeof(by) - 1 };
    for (char *at = text; *at; at++) {
        size_t len = thing_at(text, at);
        if (len == 0)
            continue;
        size_t room = size - (size_t)(at - text), rest = strlen(at + len);
        if (room <= BY) {
            *at = '\0';
            return;
        }
        if (rest > room - BY - 1)
            rest = room - BY - 1;
        memmove(at + BY, at + len, rest);
        memcpy(at, by, BY);
        at[BY + rest] = '\0';
        at += BY - 1;
    }
}
