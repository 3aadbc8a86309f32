/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/places.h"

#include <stdio.h>
#include <string.h>

/* Debian's tor, a tor with ControlPort 9051, Tor Browser. */
static const char *const usual[] = {"unix:/run/tor/control", "127.0.0.1:9051", "127.0.0.1:9151"};
_Static_assert(sizeof(usual) / sizeof(usual[0]) <= PLACES_MAX, "they fit");

/* The address, with "localhost" in front of a port for 127.0.0.1. */
static int parse_addr(const char *text, struct addr *out)
{
    static const char name[] = "localhost:";
    char numeric[ADDR_TEXT_SIZE];
    if (strncmp(text, name, sizeof(name) - 1) != 0)
        return addr_parse(text, out);
    snprintf(numeric, sizeof(numeric), "127.0.0.1:%s", text + sizeof(name) - 1);
    return addr_parse(numeric, out);
}

static int parse_place(const char *text, struct addr *out, struct beam_why *why)
{
    int err = parse_addr(text, out);
    if (err == BEAM_ELIMIT)
        return beam_why(why, BEAM_EINVAL,
                        "tor.control: %s: too long for a unix socket, which takes 107 bytes", text);
    if (err < 0)
        return beam_why(why, BEAM_EINVAL,
                        "tor.control: must be unix:PATH, HOST:PORT or auto (as in "
                        "unix:/run/tor/control or 127.0.0.1:9051)");
    if (addr_path(out) && addr_path(out)[0] != '/')
        return beam_why(why, BEAM_EINVAL, "tor.control: %s: the path must be absolute", text);
    if (addr_scope(out) != ADDR_UNIX && addr_scope(out) != ADDR_LOOPBACK)
        return beam_why(why, BEAM_EINVAL,
                        "tor.control: %s: not on this machine's loopback, where tor must be to "
                        "bring visitors to beam",
                        text);
    return 0;
}

int places_parse(const char *control, struct places *out, struct beam_why *why)
{
    struct places p = {.count = 1};
    int err = 0;
    if (strcmp(control, "auto") != 0) {
        err = parse_place(control, &p.list[0].at, why);
    } else {
        p.usual = true;
        p.count = sizeof(usual) / sizeof(usual[0]);
        for (size_t i = 0; err == 0 && i < p.count; i++) {
            err = parse_place(usual[i], &p.list[i].at, why);
            /* Only root and tor itself can make sockets in /run/tor. */
            p.list[i].proof = addr_path(&p.list[i].at) == NULL;
        }
    }
    if (err == 0)
        *out = p;
    return err;
}

int places_unreached(const struct place *p, int err, struct beam_why *why)
{
    char at[ADDR_TEXT_SIZE];
    addr_text(&p->at, at);
    switch (err) {
    case BEAM_EREFUSED:
    case BEAM_ENOTFOUND:
        return beam_why(why, BEAM_EREFUSED,
                        "tor.control: nothing listens at %s (start tor, and see that its torrc has "
                        "that control port; without tor.control beam starts a tor of its own)",
                        at);
    case BEAM_EPERM:
        return beam_why(why, err,
                        "tor.control: %s: permission denied (its group may enter; on Debian: sudo "
                        "adduser YOU debian-tor, then log in anew)",
                        at);
    default:
        return beam_why(why, err, "tor.control: %s: %s (see that tor runs, and its log)", at,
                        beam_err_text(err));
    }
}

int places_none(const struct places *p, struct beam_why *why)
{
    char all[PLACES_MAX * (ADDR_TEXT_SIZE + 2)] = "", at[ADDR_TEXT_SIZE];
    for (size_t i = 0, used = 0; i < p->count; i++) {
        addr_text(&p->list[i].at, at);
        used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s", i ? ", " : "", at);
    }
    return beam_why(why, BEAM_EREFUSED,
                    "tor.control: no tor has its control port at a usual place: %s (start tor, or "
                    "say where it is; without tor.control beam starts a tor of its own)",
                    all);
}
