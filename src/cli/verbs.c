/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { LIST_SIZE = 128, FORM_SIZE = 64 };

static const struct verbs_row rows[] = {
    {COMMAND_VISITORS, "make", "FILE NAME [ADDRESS]",
     "make a key for a visitor, add it to FILE and show it, once", 2, 3},
    {COMMAND_VISITORS, "add", "FILE NAME KEY",
     "add a visitor who made a key: its public half, in base32", 3, 3},
    {COMMAND_VISITORS, "list", "FILE", "show who may enter and who was revoked", 1, 1},
    {COMMAND_VISITORS, "revoke", "FILE NAME", "let a visitor in no more", 2, 2},
    {COMMAND_KEYS, "init", "", "make the key store, with a passphrase or without", 0, 0},
    {COMMAND_KEYS, "show", "", "show this machine's peer id and public key", 0, 0},
    {COMMAND_KEYS, "lock", "", "make the daemon forget what it knows of the store", 0, 0},
    {COMMAND_KEYS, "unlock", "", "have the daemon open a store that has a passphrase", 0, 0},
    {COMMAND_KEYS, "export", "FILE", "write a backup, under a passphrase of its own", 1, 1},
    {COMMAND_KEYS, "import", "FILE", "make a store from a backup", 1, 1},
    {COMMAND_KEYS, "passphrase", "", "give the store a passphrase, another one, or none", 0, 0},
    {COMMAND_NETWORK, "status", "", "show its peer id, where it listens, how many peers it has", 0,
     0},
    {COMMAND_NETWORK, "peers", "", "show who is connected, and by which path", 0, 0},
    {COMMAND_NETWORK, "routes", "", "show the routing table of its DHT", 0, 0},
    {COMMAND_NETWORK, "bootstrap", "[ADDRESS]",
     "connect to a peer and stay so (default: those of network.bootstrap)", 0, 1},
    {COMMAND_NETWORK, "ping", "PEER", "time four round trips to a peer id or an address", 1, 1},
    {COMMAND_RELAY, "ban", "WHAT [WHY]",
     "shut out a peer id, an endpoint's id, an address or a prefix", 1, 2},
    {COMMAND_RELAY, "unban", "WHAT", "take a ban back", 1, 1},
    {COMMAND_RELAY, "drop", "WHAT",
     "end a reservation (its id or name), or all of an owner (its peer id)", 1, 1},
    {COMMAND_RELAY, "export", "FILE", "write the bans, signed, for other relays", 1, 1},
    {COMMAND_RELAY, "list", "", "show reservations, bans, and how old the denylists are", 0, 0},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

const struct verbs_row *verbs_of(enum command command, size_t *count)
{
    size_t first = 0, n = 0;
    while (first < ROWS && rows[first].command != command)
        first++;
    while (first + n < ROWS && rows[first + n].command == command)
        n++;
    *count = n;
    return n ? &rows[first] : NULL;
}

/* "init, show or lock" */
static void list(const struct verbs_row *v, size_t n, char *out)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n && len < LIST_SIZE; i++)
        len += (size_t)snprintf(out + len, LIST_SIZE - len, "%s%s",
                                i == 0       ? ""
                                : i + 1 == n ? " or "
                                             : ", ",
                                v[i].name);
}

static int unknown(const char *command, const char *word, const struct verbs_row *v, size_t n,
                   struct beam_why *why)
{
    char all[LIST_SIZE];
    const char *known[ROWS];
    for (size_t i = 0; i < n; i++)
        known[i] = v[i].name;
    list(v, n, all);
    if (!word)
        return beam_why(why, BEAM_EUSAGE, "%s: what to do? (%s; `beam help %s` tells more)",
                        command, all, command);
    const char *near = text_nearest(word, known, n);
    if (near)
        return beam_why(why, BEAM_EUSAGE, "%s %s: no such command (did you mean %s?)", command,
                        word, near);
    return beam_why(why, BEAM_EUSAGE, "%s %s: no such command (%s; `beam help %s` tells more)",
                    command, word, all, command);
}

/* What is too much is not said again: it may be a passphrase. */
static int count_operands(const char *command, const struct verbs_row *v, size_t count,
                          struct beam_why *why)
{
    char form[FORM_SIZE];
    if (count >= v->least && count <= v->most)
        return 0;
    snprintf(form, sizeof(form), "beam %s %s%s%s", command, v->name, v->operands[0] ? " " : "",
             v->operands);
    return beam_why(why, BEAM_EUSAGE, "%s %s: %s (write `%s`; `beam help %s` tells more)", command,
                    v->name, count < v->least ? "a word is missing" : "one word too many", form,
                    command);
}

static const char *name_of(enum command command)
{
    size_t n;
    const struct options_command *c = options_commands(&n);
    while (c->command != command)
        c++;
    return c->name;
}

int verbs_check(const struct options *o, struct beam_why *why)
{
    size_t n;
    const struct verbs_row *v = verbs_of(o->command, &n);
    if (n == 0 || (o->command == COMMAND_RELAY && !o->operand)) /* the relay itself */
        return 0;
    const char *command = name_of(o->command);
    for (size_t i = 0; o->operand && i < n; i++)
        if (strcmp(v[i].name, o->operand) == 0)
            return count_operands(command, &v[i], o->operand_count - 1, why);
    return unknown(command, o->operand, v, n, why);
}
