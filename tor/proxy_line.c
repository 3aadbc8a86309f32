/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/proxy_line.h"

#include <stdbool.h>
#include <string.h>

#include "base/err.h"

struct cursor {
    const char *at, *end;
};

static bool take(struct cursor *c, const char *text)
{
    size_t len = strlen(text);
    if ((size_t)(c->end - c->at) < len || memcmp(c->at, text, len) != 0)
        return false;
    c->at += len;
    return true;
}

/* A number of up to `most` digits as printf writes it: lower case, no zero before it. */
static bool number(struct cursor *c, const char *digits, size_t most, uint32_t max, uint32_t *out)
{
    const uint32_t base = (uint32_t)strlen(digits);
    const char *begin = c->at;
    const char *digit;
    uint32_t n = 0;
    while (c->at < c->end && *c->at && (digit = strchr(digits, *c->at)) &&
           (size_t)(c->at - begin) < most) {
        n = n * base + (uint32_t)(digit - digits);
        c->at++;
    }
    size_t len = (size_t)(c->at - begin);
    if (len == 0 || (len > 1 && begin[0] == '0') || n > max)
        return false;
    *out = n;
    return true;
}

int proxy_line_parse(const char *line, size_t len, uint32_t *circuit)
{
    static const char decimal[] = "0123456789", hex[] = "0123456789abcdef";
    struct cursor c = {line, line + len};
    uint32_t high, low, ignored;
    if (take(&c, "PROXY TCP6 fc00:dead:beef:4dad::") && number(&c, hex, 4, 0xffff, &high) &&
        take(&c, ":") && number(&c, hex, 4, 0xffff, &low) && take(&c, " ::1 ") &&
        number(&c, decimal, 5, 65535, &ignored) && take(&c, " ") &&
        number(&c, decimal, 5, 65535, &ignored) && c.at == c.end) {
        *circuit = high << 16 | low;
        return 0;
    }
    return BEAM_EPROTO;
}
