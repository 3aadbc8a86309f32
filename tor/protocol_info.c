/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/protocol_info.h"

#include <string.h>

#include "base/text.h"

/* The oldest tor that speaks all we say: PROTOCOL_OLDEST. */
static const unsigned oldest[] = {0, 4, 7};

bool protocol_version_ok(const char *version)
{
    const char *s = version;
    for (size_t i = 0; i < sizeof(oldest) / sizeof(oldest[0]); i++) {
        size_t len = strcspn(s, ".-+ ");
        uint64_t n = 0;
        if (text_number(s, len, UINT32_MAX, &n) < 0 || n < oldest[i])
            return false;
        if (n > oldest[i])
            return true;
        s += len;
        if (*s == '.')
            s++;
    }
    return true;
}

static const struct {
    const char *word;
    enum protocol_method method;
} methods[] = {{"NULL", PROTOCOL_NULL},
               {"HASHEDPASSWORD", PROTOCOL_PASSWORD},
               {"COOKIE", PROTOCOL_COOKIE},
               {"SAFECOOKIE", PROTOCOL_SAFECOOKIE}};
enum { METHODS = sizeof(methods) / sizeof(methods[0]) };

const char *protocol_method_name(enum protocol_method method)
{
    for (size_t i = 0; i < METHODS; i++)
        if (methods[i].method == method)
            return methods[i].word;
    return "";
}

/* The bits of "COOKIE,SAFECOOKIE"; words that we do not know are passed over. */
static unsigned parse_methods(const char *list)
{
    unsigned bits = 0;
    for (;;) {
        size_t len = strcspn(list, ",");
        for (size_t i = 0; i < METHODS; i++)
            if (len == strlen(methods[i].word) && memcmp(list, methods[i].word, len) == 0)
                bits |= methods[i].method;
        if (!list[len])
            return bits;
        list += len + 1;
    }
}

int protocol_info_parse(const struct control_reply *r, struct protocol_info *out)
{
    struct protocol_info info = {.methods = 0};
    char raw[256];
    if (r->code != 250)
        return BEAM_EPROTO;
    for (size_t i = 0; i < r->count; i++) {
        const char *text = control_after(r->lines[i].text, "AUTH");
        if (text) {
            if (control_value(text, "METHODS", raw, sizeof(raw)) == 0)
                info.methods = parse_methods(raw);
            control_value(text, "COOKIEFILE", info.cookie_file, sizeof(info.cookie_file));
        }
        text = control_after(r->lines[i].text, "VERSION");
        if (text && control_value(text, "Tor", raw, sizeof(raw)) == 0)
            text_escape(raw, strlen(raw), info.version, sizeof(info.version));
    }
    if (!info.version[0])
        return BEAM_EPROTO;
    *out = info;
    return 0;
}
