/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/options.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/verbs.h"

#define CLIENTS                                                                                    \
    (COMMAND_PUBLISH | COMMAND_STATUS | COMMAND_STOP | COMMAND_KEYS | COMMAND_NETWORK |            \
     COMMAND_RELAYS)
#define ALL                                                                                        \
    (CLIENTS | COMMAND_DAEMON | COMMAND_RELAY | COMMAND_DEMO | COMMAND_DOCTOR | COMMAND_HELP |     \
     COMMAND_VISITORS)
#define FIELD(name) offsetof(struct options, name)

static const struct options_command commands[] = {
    {COMMAND_PUBLISH, "", "TARGET", "publish a port or a unix socket until Ctrl-C", 1},
    {COMMAND_STATUS, "status", "", "show what runs here", 0},
    {COMMAND_STOP, "stop", "NAME|ID|--all", "stop a tunnel, or all of them", 1},
    {COMMAND_VISITORS, "visitors", "make|add|list|revoke", "keys of those who may enter an onion",
     4},
    {COMMAND_KEYS, "keys", "init|show|lock|unlock|export FILE|import FILE|passphrase",
     "the key store, and its backups", 2},
    {COMMAND_NETWORK, "network", "status|peers|routes|bootstrap [ADDRESS]|ping PEER",
     "this machine's node in the peer-to-peer network", 2},
    {COMMAND_RELAYS, "relays", "", "show the community relays that are known in the network", 0},
    {COMMAND_DAEMON, "daemon", "", "run the daemon in the foreground", 0},
    {COMMAND_RELAY, "relay", "[ban WHAT [WHY]|unban WHAT|drop WHAT|list|export FILE]",
     "run a community relay, or tell the one that runs what to do", 3},
    {COMMAND_DEMO, "demo", "", "publish a demo page, fetch it back, compare", 0},
    {COMMAND_DOCTOR, "doctor", "", "check this machine, and say what to do about each fault", 0},
    {COMMAND_HELP, "help", "[COMMAND]", "show this, or a command's options", 1},
};

static const struct options_row rows[] = {
    {"tor", 0, NULL, COMMAND_PUBLISH, "publish as a v3 onion service", FIELD(tor)},
    {"community-relay", 0, "[ADDR]", COMMAND_PUBLISH,
     "publish through a community relay (default: relay.at); repeatable", FIELD(relays)},
    {"reverse-tunnel", 0, "[ADDR]", COMMAND_PUBLISH, "another name of --community-relay",
     FIELD(relays)},
    {"policy", 0, "NAME", COMMAND_PUBLISH, "publish as this policy says (default: policy.default)",
     FIELD(policy)},
    {"egress", 0, "tor|any", COMMAND_PUBLISH,
     "how this machine may reach what lies beyond loopback (default: tor)", FIELD(egress)},
    {"name", 0, "NAME", COMMAND_PUBLISH,
     "publish under this name (default: a random one, kept for TARGET)", FIELD(name)},
    {"proto", 0, "http|tcp|udp", COMMAND_PUBLISH,
     "hold visitors to HTTP, look at nothing, or take datagrams", FIELD(proto)},
    {"relay-port", 0, "PORT", COMMAND_PUBLISH,
     "the port that is wanted at a relay for tcp and udp (default: any)", FIELD(relay_port)},
    {"tls-passthrough", 0, NULL, COMMAND_PUBLISH,
     "the relay passes TLS on unopened, for TARGET to open", FIELD(tls_passthrough)},
    {"tls-certificate", 0, "FILE", COMMAND_PUBLISH,
     "with --tls-passthrough: open TLS here, with this certificate (PEM)", FIELD(tls_certificate)},
    {"tls-key", 0, "FILE", COMMAND_PUBLISH, "the key of that certificate (PEM)", FIELD(tls_key)},
    {"basic-auth", 0, "FILE", COMMAND_PUBLISH,
     "ask each request for a password; FILE has lines user:password", FIELD(basic_auth)},
    {"client-auth", 0, "FILE", COMMAND_PUBLISH, "let only those in who hold a key that FILE lists",
     FIELD(client_auth)},
    {"allow", 0, "CIDR", COMMAND_PUBLISH,
     "let only these addresses in; refused, for no path shows any", FIELD(allow)},
    {"ephemeral", 0, NULL, COMMAND_PUBLISH, "a throw-away address, forgotten at the end",
     FIELD(ephemeral)},
    {"detach", 'd', NULL, COMMAND_PUBLISH, "return once it is up; the daemon keeps it up",
     FIELD(detach)},
    {"qr", 0, NULL, COMMAND_PUBLISH, "show the URL as a QR code", FIELD(qr)},
    {"listen", 0, "ADDRESS:PORT", COMMAND_RELAY, "take visitors there (in place of relay.listen)",
     FIELD(listen)},
    {"tls-listen", 0, "ADDRESS:PORT", COMMAND_RELAY,
     "take visitors over HTTPS there (in place of relay.tls_listen)", FIELD(tls_listen)},
    {"acme", 0, "DOMAIN", COMMAND_RELAY,
     "get a certificate for this domain by ACME (in place of relay.acme)", FIELD(acme)},
    {"email", 0, "ADDRESS", COMMAND_RELAY, "whom the ACME server may write to", FIELD(email)},
    {"p2p", 0, "ADDRESS:PORT", COMMAND_RELAY,
     "take owners of tunnels there (in place of relay.p2p)", FIELD(p2p)},
    {"worker", 0, "K/COUNT", COMMAND_RELAY,
     "be one more process of a relay that runs, which starts these by itself", FIELD(worker)},
    {"json", 0, NULL,
     COMMAND_PUBLISH | COMMAND_STATUS | COMMAND_DOCTOR | COMMAND_VISITORS | COMMAND_KEYS |
         COMMAND_RELAY | COMMAND_NETWORK | COMMAND_RELAYS,
     "print JSON, one object a line, instead of text", FIELD(json)},
    {"passphrase-file", 0, "FILE", COMMAND_KEYS,
     "its first line is the key store's passphrase (-: standard input)", FIELD(passphrase_file)},
    {"new-passphrase-file", 0, "FILE", COMMAND_KEYS, "the same for its new passphrase",
     FIELD(new_passphrase_file)},
    {"backup-passphrase-file", 0, "FILE", COMMAND_KEYS, "the same for that of the backup",
     FIELD(backup_passphrase_file)},
    {"no-passphrase", 0, NULL, COMMAND_KEYS, "the key store is to have none", FIELD(no_passphrase)},
    {"replace", 0, NULL, COMMAND_KEYS, "import in the place of a key store that is there",
     FIELD(replace)},
    {"all", 0, NULL, COMMAND_STOP, "stop every tunnel", FIELD(all)},
    {"offline", 0, NULL, COMMAND_DEMO, "use a private Tor network on this machine", FIELD(offline)},
    {"once", 0, NULL, COMMAND_DEMO, "end after the proof: status 0 if it held", FIELD(once)},
    {"on-demand", 0, NULL, COMMAND_DAEMON,
     "go to the background, and end after daemon.linger with nothing to do", FIELD(on_demand)},
    {"config", 0, "FILE", CLIENTS | COMMAND_DAEMON | COMMAND_RELAY | COMMAND_DEMO | COMMAND_DOCTOR,
     "read this configuration instead of the usual files", FIELD(config)},
    {"", 'o', "SECTION.KEY=VALUE",
     CLIENTS | COMMAND_DAEMON | COMMAND_RELAY | COMMAND_DEMO | COMMAND_DOCTOR,
     "set a key of the configuration; may be given again", FIELD(assignments)},
    {"help", 'h', NULL, ALL, "show help", FIELD(help)},
    {"version", 0, NULL, ALL, "show the version", FIELD(version)},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]), COMMANDS = sizeof(commands) / sizeof(commands[0]) };

/* The words read so far, and where in argv the reading is. */
struct parser {
    int argc, at;
    char *const *argv;
    struct options *o;
    struct beam_why *why;
    const struct options_row *given[ROWS]; /* each once, for the check against the command */
    size_t given_count;
    const char *words[1 + OPTIONS_OPERANDS]; /* command and operands, or TARGET */
    size_t word_count;
    bool literal; /* the first word came after `--` */
};

const struct options_command *options_commands(size_t *count)
{
    *count = COMMANDS;
    return commands;
}

const struct options_row *options_rows(size_t *count)
{
    *count = ROWS;
    return rows;
}

const struct options_command *options_find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (commands[i].name[0] && strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* "--name" or "-o" into out[32]. */
static const char *spelling(const struct options_row *row, char *out)
{
    if (row->name[0])
        snprintf(out, 32, "--%s", row->name);
    else
        snprintf(out, 32, "-%c", row->letter);
    return out;
}

static int unknown_option(struct parser *p, const char *word)
{
    const char *known[ROWS];
    size_t len = strcspn(word, "="), n = 0;
    char name[64];
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].name[0])
            known[n++] = rows[i].name;
    snprintf(name, sizeof(name), "%.*s", (int)len - 2, word + 2);
    const char *near = text_nearest(name, known, n);
    if (near)
        return beam_why(p->why, BEAM_EUSAGE, "%.*s: no such option (did you mean --%s?)", (int)len,
                        word, near);
    return beam_why(p->why, BEAM_EUSAGE, "%.*s: no such option (`beam help` lists them)", (int)len,
                    word);
}

/* A word that is neither a command nor can be a TARGET. */
static int unknown_word(struct parser *p, const char *word)
{
    const char *known[COMMANDS];
    size_t n = 0;
    for (size_t i = 0; i < COMMANDS; i++)
        if (commands[i].name[0])
            known[n++] = commands[i].name;
    const char *near = p->literal ? NULL : text_nearest(word, known, n);
    if (near)
        return beam_why(p->why, BEAM_EUSAGE, "%s: no such command (did you mean `beam %s`?)", word,
                        near);
    return beam_why(p->why, BEAM_EUSAGE,
                    "%s: neither a command nor a TARGET, which is PORT, HOST:PORT or unix:PATH "
                    "(`beam help` tells more)",
                    word);
}

static void note(struct parser *p, const struct options_row *row)
{
    for (size_t i = 0; i < p->given_count; i++)
        if (p->given[i] == row)
            return;
    p->given[p->given_count++] = row;
}

/* Sets what `row` stands for; value is NULL exactly when it takes none. */
static void set(struct parser *p, const struct options_row *row, const char *value)
{
    char *field = (char *)p->o + row->field;
    note(p, row);
    if (!value)
        *(bool *)field = true;
    else if (row->field == FIELD(assignments))
        p->o->assignments[p->o->assignment_count++] = value;
    else if (row->field == FIELD(relays))
        p->o->relays[p->o->relay_count++] = value;
    else
        *(const char **)(void *)field = value;
}

static int missing_value(struct parser *p, const struct options_row *row)
{
    char name[32];
    return beam_why(p->why, BEAM_EUSAGE, "%s: takes a value: %s", spelling(row, name),
                    row->argument);
}

/* The value of an option whose own word ended without one: the next word. */
static int take_value(struct parser *p, const struct options_row *row)
{
    if (p->at + 1 >= p->argc)
        return missing_value(p, row);
    set(p, row, p->argv[++p->at]);
    return 0;
}

static int read_long(struct parser *p, const char *word)
{
    size_t len = strcspn(word + 2, "=");
    const char *value = word[2 + len] ? word + 2 + len + 1 : NULL;
    for (size_t i = 0; i < ROWS; i++) {
        const struct options_row *row = &rows[i];
        if (strlen(row->name) != len || len == 0 || strncmp(row->name, word + 2, len) != 0)
            continue;
        if (!row->argument && value)
            return beam_why(p->why, BEAM_EUSAGE, "--%s: takes no value", row->name);
        if (row->argument && row->argument[0] == '[' && !value)
            value = "";
        if (row->argument && !value)
            return take_value(p, row);
        set(p, row, value);
        return 0;
    }
    return unknown_option(p, word);
}

static const struct options_row *find_letter(char letter)
{
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].letter && rows[i].letter == letter)
            return &rows[i];
    return NULL;
}

/* "-d", "-dh", "-oKEY=VALUE", "-o KEY=VALUE". */
static int read_letters(struct parser *p, const char *word)
{
    for (const char *at = word + 1; *at; at++) {
        const struct options_row *row = find_letter(*at);
        if (!row)
            return beam_why(p->why, BEAM_EUSAGE, "%s: no such option (`beam help` lists them)",
                            word);
        if (row->argument && !at[1])
            return take_value(p, row);
        set(p, row, row->argument ? at + 1 : NULL);
        if (row->argument)
            break;
    }
    return 0;
}

static int read_word(struct parser *p, const char *word, bool literal)
{
    if (p->word_count == 1 + OPTIONS_OPERANDS)
        return beam_why(p->why, BEAM_EUSAGE, "%s: one word too many", word);
    if (p->word_count == 0)
        p->literal = literal;
    p->words[p->word_count++] = word;
    return 0;
}

static int read_all(struct parser *p)
{
    bool literal = false;
    int err = 0;
    for (p->at = 1; err == 0 && p->at < p->argc; p->at++) {
        const char *word = p->argv[p->at];
        if (literal || word[0] != '-' || !word[1])
            err = read_word(p, word, literal);
        else if (strcmp(word, "--") == 0)
            literal = true;
        else if (word[1] == '-')
            err = read_long(p, word);
        else
            err = read_letters(p, word);
    }
    return err;
}

static bool can_be_target(const char *word)
{
    return isdigit((unsigned char)word[0]) || strchr(word, ':');
}

/* The words from `first` on. */
static void take_operands(struct parser *p, size_t first)
{
    struct options *o = p->o;
    for (size_t i = first; i < p->word_count && o->operand_count < OPTIONS_OPERANDS; i++)
        o->operands[o->operand_count++] = p->words[i];
    o->operand = o->operands[0];
}

/* A value that may be left out has to stand behind an =, which is easily forgotten. */
static int second_target(const struct parser *p)
{
    const char *word = p->words[1];
    for (size_t i = 0; i < p->o->relay_count; i++)
        if (!p->o->relays[i][0])
            return beam_why(p->why, BEAM_EUSAGE,
                            "%s: one word too many: one TARGET a tunnel (a relay's address stands "
                            "behind an =: --community-relay=ADDR)",
                            word);
    return beam_why(p->why, BEAM_EUSAGE, "%s: one word too many: one TARGET a tunnel", word);
}

/* Which command the words make. */
static int choose(struct parser *p)
{
    struct options *o = p->o;
    const struct options_command *c =
        p->word_count && !p->literal ? options_find(p->words[0]) : NULL;
    if (p->word_count == 0) {
        o->command = o->version ? COMMAND_VERSION : COMMAND_HELP;
        return o->version || o->help ? 0
                                     : beam_why(p->why, BEAM_EUSAGE,
                                                "nothing to do: give a TARGET, which is PORT, "
                                                "HOST:PORT or unix:PATH (`beam help` tells more)");
    }
    if (c) {
        o->command = c->command;
        take_operands(p, 1);
        if (o->operand_count > c->most)
            return beam_why(p->why, BEAM_EUSAGE, "%s: one word too many for `beam %s`",
                            o->operands[c->most], c->name);
        return 0;
    }
    if (!can_be_target(p->words[0]))
        return unknown_word(p, p->words[0]);
    if (p->word_count > 1)
        return second_target(p);
    o->command = COMMAND_PUBLISH;
    take_operands(p, 0);
    return 0;
}

/* Every option given must be one of the command's. */
static int check_given(const struct parser *p)
{
    char name[32];
    for (size_t i = 0; i < p->given_count; i++) {
        const struct options_row *row = p->given[i];
        if (row->commands & p->o->command || p->o->command == COMMAND_VERSION)
            continue;
        const struct options_command *c = commands;
        while (c->command != p->o->command)
            c++;
        return beam_why(p->why, BEAM_EUSAGE, "%s: not an option of `beam %s`", spelling(row, name),
                        c->name[0] ? c->name : c->operand);
    }
    return 0;
}

static int exclusive(struct beam_why *why, const char *a, const char *b, const char *reason)
{
    return beam_why(why, BEAM_EUSAGE, "%s and %s: not both: %s", a, b, reason);
}

static int check_publish(const struct options *o, struct beam_why *why)
{
    uint64_t port;
    if (o->policy && o->tor)
        return exclusive(why, "--policy", "--tor", "a policy has paths of its own");
    if (o->policy && o->egress)
        return exclusive(why, "--policy", "--egress", "a policy has an egress of its own");
    if (o->json && o->qr)
        return exclusive(why, "--json", "--qr", "a QR code is for people");
    if (o->proto && strcmp(o->proto, "http") != 0 && strcmp(o->proto, "tcp") != 0 &&
        strcmp(o->proto, "udp") != 0)
        return beam_why(why, BEAM_EUSAGE, "--proto %s: must be http, tcp or udp", o->proto);
    if (o->relay_port &&
        (text_number(o->relay_port, strlen(o->relay_port), UINT16_MAX, &port) < 0 || port == 0))
        return beam_why(why, BEAM_EUSAGE, "--relay-port %s: must be 1 to 65535", o->relay_port);
    if (o->egress && strcmp(o->egress, "tor") != 0 && strcmp(o->egress, "any") != 0)
        return beam_why(why, BEAM_EUSAGE, "--egress %s: must be tor or any", o->egress);
    return 0;
}

static int check_assignments(const struct options *o, struct beam_why *why)
{
    for (size_t i = 0; i < o->assignment_count; i++)
        if (!strchr(o->assignments[i], '='))
            return beam_why(why, BEAM_EUSAGE, "-o %s: no value (write -o section.key=value)",
                            o->assignments[i]);
    return 0;
}

/* What only a relay that is to run can be told. */
static int check_relay(const struct parser *p)
{
    char name[32];
    for (size_t i = 0; p->o->operand && i < p->given_count; i++)
        if (p->given[i]->commands == COMMAND_RELAY)
            return beam_why(p->why, BEAM_EUSAGE, "%s: not an option of `beam relay %s`",
                            spelling(p->given[i], name), p->o->operand);
    return 0;
}

static int check_together(const struct parser *p)
{
    const struct options *o = p->o;
    struct beam_why *why = p->why;
    if (o->help || o->version)
        return 0;
    int err = check_assignments(o, why);
    if (err == 0)
        err = verbs_check(o, why);
    if (err < 0)
        return err;
    if (o->command == COMMAND_PUBLISH)
        return check_publish(o, why);
    if (o->command == COMMAND_RELAY)
        return check_relay(p);
    if (o->command == COMMAND_STOP && o->all && o->operand)
        return exclusive(why, o->operand, "--all", "one tunnel or all of them");
    if (o->command == COMMAND_STOP && !o->all && !o->operand)
        return beam_why(why, BEAM_EUSAGE,
                        "stop: which tunnel? (its name or id, from `beam status`; or --all)");
    if (o->command == COMMAND_HELP && o->operand && !options_find(o->operand))
        return beam_why(why, BEAM_EUSAGE, "help %s: no such command (`beam help` lists them)",
                        o->operand);
    return 0;
}

int options_parse(int argc, char *const *argv, struct options *out, struct beam_why *why)
{
    struct options o = {0};
    struct parser p = {.argc = argc, .argv = argv, .o = &o, .why = why};
    o.assignments = calloc((size_t)argc + 1, sizeof(*o.assignments));
    o.relays = calloc((size_t)argc + 1, sizeof(*o.relays));
    if (!o.assignments || !o.relays) {
        options_clear(&o);
        return beam_why(why, BEAM_ENOMEM, "options: out of memory");
    }
    int err = read_all(&p);
    if (err == 0)
        err = choose(&p);
    if (err == 0)
        err = check_given(&p);
    if (err == 0)
        err = check_together(&p);
    if (err < 0) {
        options_clear(&o);
        return err;
    }
    *out = o;
    return 0;
}

void options_clear(struct options *o)
{
    free(o->assignments);
    free(o->relays);
    *o = (struct options){0};
}
