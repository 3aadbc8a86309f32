/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line: one table of commands, one of options, which the parser, the help and the
 * checks of the man page read. Options may stand before or after what they are for. Pure.
 */
#ifndef BEAM_CLI_OPTIONS_H
#define BEAM_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum command {
    COMMAND_PUBLISH = 1 << 0, /* beam TARGET */
    COMMAND_STATUS = 1 << 1,
    COMMAND_STOP = 1 << 2,
    COMMAND_DAEMON = 1 << 3,
    COMMAND_DEMO = 1 << 4,
    COMMAND_HELP = 1 << 5,
    COMMAND_VERSION = 1 << 6, /* beam --version */
    COMMAND_VISITORS = 1 << 7,
    COMMAND_KEYS = 1 << 8,
    COMMAND_DOCTOR = 1 << 9,
    COMMAND_RELAY = 1 << 10,
    COMMAND_NETWORK = 1 << 11,
    COMMAND_RELAYS = 1 << 12
};

enum { OPTIONS_OPERANDS = 4 };

/* What was typed. Texts are borrowed from argv. */
struct options {
    enum command command;
    const char *operand; /* TARGET; NAME or ID; what help is wanted on; NULL: none */
    const char *operands[OPTIONS_OPERANDS]; /* all of them: that one, and what follows it */
    size_t operand_count;
    bool tor, ephemeral, tls_passthrough, detach, json, qr, all, offline, once, on_demand;
    const char *policy, *egress, *name, *config;
    const char *proto, *relay_port, *client_auth, *basic_auth, *allow;
    const char *tls_certificate, *tls_key;
    const char *passphrase_file, *new_passphrase_file, *backup_passphrase_file; /* of `beam keys` */
    bool no_passphrase, replace;
    const char *listen, *tls_listen, *p2p, *acme, *email, *worker;
    const char **assignments; /* of -o */
    size_t assignment_count;
    const char **relays; /* of --community-relay; "" where it has no address */
    size_t relay_count;
    bool help, version; /* --help, --version */
};

struct options_command {
    enum command command;
    const char *name;    /* "" for what has no name of its own */
    const char *operand; /* "TARGET", "[COMMAND]", "" */
    const char *summary;
    size_t most; /* operands it takes */
};

struct options_row {
    const char *name;     /* without its dashes */
    char letter;          /* 0: none */
    const char *argument; /* NULL: takes none; "[ADDR]": only one behind an '=' */
    unsigned commands;    /* COMMAND_… bits it is for */
    const char *help;
    size_t field; /* offset in struct options */
};

const struct options_command *options_commands(size_t *count);
const struct options_row *options_rows(size_t *count);
/* The command of that name, or NULL. */
const struct options_command *options_find(const char *name);

/* 0; or BEAM_EUSAGE with words, BEAM_ENOMEM. */
int options_parse(int argc, char *const *argv, struct options *out, struct beam_why *why);
void options_clear(struct options *o);

#endif
