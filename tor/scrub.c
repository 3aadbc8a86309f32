/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/scrub.h"

#include <stdbool.h>
#include <string.h>

#include "base/addr.h"

enum { RSA_LEN = 40, ED25519_LEN = 43, NICKNAME_MAX = 19 };

#define DIGITS  "0123456789"
#define HEX     DIGITS "abcdefABCDEF"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define BASE64  DIGITS LETTERS "+/"

/* Each of these: how many bytes at `at` are such a thing; 0: none. */

static size_t nickname_at(const char *at)
{
    size_t len = strspn(at, DIGITS LETTERS);
    return len <= NICKNAME_MAX ? len : 0;
}

static size_t is_fingerprint(const char *at)
{
    if (strspn(at, HEX) != RSA_LEN || strspn(at, DIGITS LETTERS) != RSA_LEN)
        return 0;
    size_t len = RSA_LEN;
    if (at[len] == '~' || at[len] == '=') {
        size_t nickname = nickname_at(at + len + 1);
        len += nickname > 0 ? 1 + nickname : 0;
    }
    return len;
}

/* Not part of a path, which may well be as long. */
static size_t is_identity(const char *at)
{
    size_t len = strspn(at, BASE64);
    if (len != ED25519_LEN || at[0] == '/' || at[len] == '.' || at[len] == '_' || at[len] == '-')
        return 0;
    return len;
}

/* What a transport is told of its bridge: its keys, and by which hosts it is reached. A comma ends
 * none of the lists. */
static size_t is_argument(const char *at)
{
    static const char *const keys[] = {
        "cert=",   "public-key=", "password=",   "url=",      "registerurl=", "front=",
        "fronts=", "ampcache=",   "servername=", "sqsqueue=", "sqscreds=",    "doh=",
        "dot=",    "pubkey=",     "domain=",     "addr="};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        size_t len = strlen(keys[i]);
        if (strncmp(at, keys[i], len) != 0)
            continue;
        len += strcspn(at + len, " \"');");
        return at[len - 1] == ',' ? len - 1 : len;
    }
    return 0;
}

static bool ends_with(const char *text, const char *end, const char *words)
{
    size_t len = strlen(words);
    return (size_t)(end - text) >= len && memcmp(end - len, words, len) == 0;
}

/* As tor says it: bridge 'NAME', and of a guard NAME ($FINGERPRINT). */
static size_t is_name(const char *text, const char *at)
{
    static const char *const before[] = {"ridge '", "ridge descriptor '", "routerinfo for '",
                                         "routerstatus for '"};
    size_t len = nickname_at(at);
    if (len == 0)
        return 0;
    if (strncmp(at + len, " ($", 3) == 0 && is_fingerprint(at + len + 3))
        return len;
    for (size_t i = 0; at[len] == '\'' && i < sizeof(before) / sizeof(before[0]); i++)
        if (ends_with(text, at, before[i]))
            return len;
    return 0;
}

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

static size_t is_bracketed(const char *at)
{
    size_t len = at[0] == '[' ? strspn(at + 1, HEX ":.") : 0;
    if (len == 0 || at[1 + len] != ']' || !leads_away(at + 1, len))
        return 0;
    return len + 2 + port_at(at + len + 2);
}

static size_t is_address(const char *at)
{
    size_t len = strspn(at, DIGITS ".");
    while (len > 0 && at[len - 1] == '.') /* the sentence's */
        len--;
    if (leads_away(at, len))
        return len + port_at(at + len);
    len = strspn(at, HEX ":.");
    while (len > 0 && at[len - 1] == '.')
        len--;
    if (leads_away(at, len))
        return len;
    return len > 1 && at[len - 1] == ':' && leads_away(at, len - 1) ? len - 1 : 0;
}

static size_t thing_at(const char *text, const char *at)
{
    static size_t (*const kinds[])(const char *at) = {is_argument, is_fingerprint, is_identity,
                                                      is_bracketed, is_address};
    size_t len = is_name(text, at);
    for (size_t i = 0; len == 0 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
        len = kinds[i](at);
    return len;
}

/* A thing begins where a word does, and no thing within a word is one. */
static bool begins(const char *text, const char *at)
{
    return at == text || !strchr(BASE64 "._-", at[-1]);
}

void scrub_line(char *text, size_t size)
{
    static const char by[] = "[scrubbed]";
    enum { BY = sizeof(by) - 1 };
    for (char *at = text; *at; at++) {
        size_t len = begins(text, at) ? thing_at(text, at) : 0;
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
