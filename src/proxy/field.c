/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/field.h"

#include <string.h>

#define NAME(text) (text), sizeof(text) - 1

static const struct {
    const char *name;
    size_t len;
    enum field field;
} known[] = {
    {NAME("host"), FIELD_HOST},
    {NAME("connection"), FIELD_CONNECTION},
    {NAME("content-length"), FIELD_CONTENT_LENGTH},
    {NAME("transfer-encoding"), FIELD_TRANSFER_ENCODING},
    {NAME("authorization"), FIELD_AUTHORIZATION},
    {NAME("cookie"), FIELD_COOKIE},
    {NAME("expect"), FIELD_EXPECT},
    {NAME("upgrade"), FIELD_UPGRADE},
    {NAME("keep-alive"), FIELD_HOP},
    {NAME("proxy-connection"), FIELD_HOP},
    {NAME("te"), FIELD_TE},
    {NAME("trailer"), FIELD_TRAILER},
    {NAME("location"), FIELD_LOCATION},
    {NAME("content-location"), FIELD_LOCATION},
    {NAME("set-cookie"), FIELD_SET_COOKIE},
    {NAME("alt-svc"), FIELD_ORIGIN},
    {NAME("clear-site-data"), FIELD_ORIGIN},
    {NAME("nel"), FIELD_ORIGIN},
    {NAME("report-to"), FIELD_ORIGIN},
    {NAME("service-worker-allowed"), FIELD_ORIGIN},
    {NAME("strict-transport-security"), FIELD_ORIGIN},
};

/* Some servers hand fields on as variables, in which - and _ are one. */
static char plain(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c == '_' ? '-' : c;
}

static bool same(const char *text, const char *name, size_t len)
{
    size_t i = 0;
    while (i < len && plain(text[i]) == name[i])
        i++;
    return i == len;
}

bool field_alike(struct http_text name, const char *word)
{
    return name.len == strlen(word) && same(name.at, word, name.len);
}

static bool is_forwarded(struct http_text name)
{
    static const char stem[] = "x-forwarded";
    size_t len = sizeof(stem) - 1;
    if (name.len > len)
        return same(name.at, stem, len) && plain(name.at[len]) == '-';
    return (name.len == len && same(name.at, stem, len)) ||
           (name.len == 9 && (same(name.at, "forwarded", 9) || same(name.at, "x-real-ip", 9)));
}

enum field field_of(struct http_text name)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (name.len != known[i].len || !same(name.at, known[i].name, name.len))
            continue;
        if (!memchr(name.at, '_', name.len))
            return known[i].field;
        return known[i].field == FIELD_CONTENT_LENGTH || known[i].field == FIELD_TRANSFER_ENCODING
                   ? FIELD_LOOKALIKE
                   : FIELD_OTHER;
    }
    return is_forwarded(name) ? FIELD_FORWARDED : FIELD_OTHER;
}

bool field_good(struct http_text value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.at[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

bool field_number(struct http_text value)
{
    size_t i = 0;
    while (i < value.len && value.at[i] >= '0' && value.at[i] <= '9')
        i++;
    return i == value.len && value.len > 0 && (value.at[0] != '0' || value.len == 1);
}

bool field_connection_add(struct field_connections *c, struct http_text value)
{
    if (c->count == FIELD_CONNECTIONS)
        return false;
    c->value[c->count++] = value;
    return true;
}

bool field_connection_names(const struct field_connections *c, struct http_text name)
{
    for (size_t i = 0; i < c->count; i++) {
        struct http_text list = c->value[i], element;
        while (http_list_next(&list, &element))
            if (http_text_same(element, name))
                return true;
    }
    return false;
}
