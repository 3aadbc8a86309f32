/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/bridges.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Where Debian's packages put the programs that speak a transport. */
static const struct {
    const char *transport, *path, *package;
} known[] = {
    {"obfs4", "/usr/bin/obfs4proxy", "obfs4proxy"},
    {"obfs4", "/usr/bin/lyrebird", "obfs4proxy"},
    {"meek_lite", "/usr/bin/obfs4proxy", "obfs4proxy"},
    {"meek_lite", "/usr/bin/lyrebird", "obfs4proxy"},
    {"snowflake", "/usr/bin/snowflake-client", "snowflake-client"},
};
enum { KNOWN = sizeof(known) / sizeof(known[0]) };

/* The next entry of a list; NULL at its end. */
static const char *next_line(const char **list, size_t *len)
{
    const char *at = *list;
    if (!at || !*at)
        return NULL;
    *len = strcspn(at, "\n");
    *list = at + *len + (at[*len] == '\n');
    return at;
}

int bridges_check(const struct bridges *b, struct beam_why *why)
{
    const char *line, *at = b->bridges;
    size_t len = 0;
    struct bridge bridge;
    struct transport transport;
    int err = 0;
    while (err == 0 && (line = next_line(&at, &len)))
        err = bridge_parse(line, len, &bridge, why);
    at = b->transports;
    while (err == 0 && (line = next_line(&at, &len)))
        err = transport_parse(line, len, &transport, why);
    return err;
}

void bridges_scrub(const struct bridges *b, char *text, size_t size)
{
    const char *line, *at = b->bridges;
    size_t len = 0;
    while ((line = next_line(&at, &len)))
        bridge_scrub(line, len, text, size);
}

/* Whether a bridge before `end` wanted that transport already. */
static bool seen(const char *bridges, const char *end, const char *name)
{
    const char *line;
    size_t len = 0;
    struct bridge b;
    while ((line = next_line(&bridges, &len)) && line < end)
        if (bridge_parse(line, len, &b, NULL) == 0 && strcmp(b.transport, name) == 0)
            return true;
    return false;
}

static int put_named(const struct transport *t, bool (*runs)(const char *path), struct page *p,
                     struct beam_why *why)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%.*s", (int)t->path_len, t->command);
    if (n < 0 || (size_t)n >= sizeof(path) || !runs(path))
        return beam_why(why, BEAM_ENOTFOUND,
                        "tor.transport: %s: cannot be run (see that it is there, and is a "
                        "program)",
                        path);
    page_put(p, "ClientTransportPlugin %.*s exec %.*s\n", (int)t->names_len, t->names,
             (int)t->command_len, t->command);
    return 0;
}

static int put_known(const char *name, bool (*runs)(const char *path), struct page *p,
                     struct beam_why *why)
{
    const char *package = NULL;
    for (size_t i = 0; i < KNOWN; i++) {
        if (strcmp(known[i].transport, name) != 0)
            continue;
        package = package ? package : known[i].package;
        if (!runs(known[i].path))
            continue;
        page_put(p, "ClientTransportPlugin %s exec %s\n", name, known[i].path);
        return 0;
    }
    if (package)
        return beam_why(why, BEAM_ENOTFOUND,
                        "tor.bridge: transport %s: its program is not here (run: apt install %s; "
                        "or name it with tor.transport = %s exec PATH)",
                        name, package, name);
    return beam_why(why, BEAM_ENOTFOUND,
                    "tor.bridge: transport %s: no program is known for it (name it with "
                    "tor.transport = %s exec PATH)",
                    name, name);
}

/* The program of one transport. */
static int put_transport(const struct bridges *b, const char *name, bool (*runs)(const char *path),
                         struct page *p, struct beam_why *why)
{
    const char *line, *at = b->transports;
    size_t len = 0;
    struct transport t;
    while ((line = next_line(&at, &len))) {
        int err = transport_parse(line, len, &t, why);
        if (err < 0)
            return err;
        if (transport_serves(&t, name))
            return put_named(&t, runs, p, why);
    }
    return put_known(name, runs, p, why);
}

int bridges_put(const struct bridges *b, bool (*runs)(const char *path), struct page *p,
                struct beam_why *why)
{
    const char *line, *at = b->bridges;
    size_t len = 0;
    struct bridge bridge;
    int err = 0;
    if (at && *at)
        page_put(p, "UseBridges 1\n");
    while (err == 0 && (line = next_line(&at, &len))) {
        err = bridge_parse(line, len, &bridge, why);
        if (err == 0)
            page_put(p, "Bridge %.*s\n", (int)len, line);
        if (err == 0 && bridge.transport[0] && !seen(b->bridges, line, bridge.transport))
            err = put_transport(b, bridge.transport, runs, p, why);
    }
    return err;
}
