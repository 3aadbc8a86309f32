/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/listeners.h"

#include <string.h>

static bool usable(struct addr *a)
{
    if (addr_unspecified(a))
        return addr_ip("127.0.0.1", strlen("127.0.0.1"), addr_port(a), a) == 0;
    return addr_scope(a) == ADDR_UNIX || addr_scope(a) == ADDR_LOOPBACK;
}

/* Takes the next "quoted" text of *at into out, unescaped. 0, BEAM_ENOTFOUND, BEAM_ELIMIT. */
static int next_quoted(const char **at, char *out, size_t size)
{
    const char *s = strchr(*at, '"');
    size_t n = 0;
    if (!s)
        return BEAM_ENOTFOUND;
    for (s++; *s && *s != '"'; s++) {
        if (*s == '\\' && s[1])
            s++;
        if (n + 1 >= size)
            return BEAM_ELIMIT;
        out[n++] = *s;
    }
    if (!*s)
        return BEAM_ENOTFOUND;
    out[n] = '\0';
    *at = s + 1;
    return 0;
}

int listeners_first(const struct control_reply *r, const char *key, struct addr *out)
{
    size_t len = strlen(key);
    const char *text = r->lines[0].text;
    char quoted[ADDR_TEXT_SIZE + 16];
    struct addr a;
    if (r->code != 250 || strncmp(text, key, len) != 0 || text[len] != '=')
        return BEAM_ENOTFOUND;
    text += len + 1;
    while (next_quoted(&text, quoted, sizeof(quoted)) == 0)
        if (addr_parse(quoted, &a) == 0 && usable(&a)) {
            *out = a;
            return 0;
        }
    return BEAM_ENOTFOUND;
}
