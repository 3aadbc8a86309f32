/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/circuit_line.h"

#include <string.h>

enum { LINE_SIZE = 4096 }; /* they have some hundred bytes */

static const char key[] = "circuit-status=";

const char *circuit_line_first(const struct control_reply *r)
{
    const struct control_line *first = &r->lines[0];
    if (r->code != 250 || strncmp(first->text, key, sizeof(key) - 1) != 0)
        return NULL;
    return first->data[0] ? first->data : first->text + sizeof(key) - 1;
}

static void value(const char *text, const char *name, char *out, size_t size)
{
    if (control_value(text, name, out, size) < 0)
        out[0] = '\0';
}

static bool parse(const char *line, struct circuit_line *out)
{
    const char *at = line;
    if (control_word(&at, out->id, sizeof(out->id)) < 0)
        return false;
    value(at, "PURPOSE", out->purpose, sizeof(out->purpose));
    value(at, "HS_STATE", out->state, sizeof(out->state));
    value(at, "REND_QUERY", out->address, sizeof(out->address));
    return true;
}

bool circuit_line_next(const char **at, struct circuit_line *out)
{
    char line[LINE_SIZE];
    while (**at) {
        size_t len = strcspn(*at, "\n");
        const char *begin = *at;
        *at += len + (begin[len] == '\n');
        if (len >= sizeof(line))
            continue;
        memcpy(line, begin, len);
        line[len] = '\0';
        if (parse(line, out))
            return true;
    }
    return false;
}

bool circuit_line_is_visit(const struct circuit_line *c, const char *address)
{
    return strcmp(c->purpose, "HS_SERVICE_REND") == 0 && strcmp(c->address, address) == 0;
}

bool circuit_line_is_introduction(const struct circuit_line *c, const char *address)
{
    return strcmp(c->purpose, "HS_SERVICE_INTRO") == 0 &&
           strcmp(c->state, "HSSI_ESTABLISHED") == 0 && strcmp(c->address, address) == 0;
}
