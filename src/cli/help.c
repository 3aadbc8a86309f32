/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/help.h"

#include <string.h>

#include "cli/verbs.h"

enum { COLUMN = 28, LEFT_SIZE = 160 };

static const struct options_command *command_of(enum command command)
{
    size_t n;
    const struct options_command *c = options_commands(&n);
    while (c->command != command)
        c++;
    return c;
}

/* What is too long for its column has a line of its own. */
static void print_entry(FILE *to, const char *left, const char *right)
{
    if (strlen(left) < COLUMN)
        fprintf(to, "  %-*s%s\n", COLUMN, left, right);
    else
        fprintf(to, "  %s\n  %*s%s\n", left, COLUMN, "", right);
}

static void print_row(FILE *to, const struct options_row *row)
{
    char left[LEFT_SIZE];
    int len = 0;
    if (row->name[0] && row->letter)
        len = snprintf(left, sizeof(left), "-%c, --%s", row->letter, row->name);
    else if (row->letter)
        len = snprintf(left, sizeof(left), "-%c", row->letter);
    else
        len = snprintf(left, sizeof(left), "--%s", row->name);
    if (row->argument && row->argument[0] == '[') /* "[ADDR]" is typed =ADDR, or not at all */
        snprintf(left + len, sizeof(left) - (size_t)len, "[=%s", row->argument + 1);
    else if (row->argument)
        snprintf(left + len, sizeof(left) - (size_t)len, " %s", row->argument);
    print_entry(to, left, row->help);
}

static void print_options(FILE *to, enum command command)
{
    size_t n;
    const struct options_row *rows = options_rows(&n);
    for (size_t i = 0; i < n; i++)
        if (rows[i].commands & command)
            print_row(to, &rows[i]);
}

static void print_usage(FILE *to, const struct options_command *c)
{
    fprintf(to, "usage: beam %s%s%s%s[options]\n", c->name, c->name[0] ? " " : "", c->operand,
            c->operand[0] ? " " : "");
}

static void print_commands(FILE *to)
{
    size_t n;
    const struct options_command *c = options_commands(&n);
    for (size_t i = 0; i < n; i++) {
        char left[LEFT_SIZE];
        snprintf(left, sizeof(left), "beam %s%s%s", c[i].name, c[i].name[0] ? " " : "",
                 c[i].operand);
        print_entry(to, left, c[i].summary);
    }
}

static void print_all(FILE *to, const char *version)
{
    fprintf(to,
            "beam %s: others reach a port of this machine through Tor, and nobody in between\n"
            "learns who or where you are.\n\n",
            version);
    print_commands(to);
    fputs("\nTARGET is PORT, HOST:PORT or unix:PATH. Options of `beam TARGET`:\n", to);
    print_options(to, COMMAND_PUBLISH);
    fputs("\n`beam help COMMAND` shows the options of a command. Exit status: 0 done, 1 failed,\n"
          "2 wrong usage, 3 no daemon and none could be started, 4 refused by policy, 5 not\n"
          "found, 6 timed out.\n",
          to);
}

static void print_verbs(FILE *to, const struct options_command *c)
{
    size_t n;
    const struct verbs_row *v = verbs_of(c->command, &n);
    for (size_t i = 0; i < n; i++) {
        char left[LEFT_SIZE];
        snprintf(left, sizeof(left), "beam %s %s %s", c->name, v[i].name, v[i].operands);
        print_entry(to, left, v[i].summary);
    }
    if (n > 0)
        fputc('\n', to);
}

void help_print(FILE *to, const char *version, enum command command)
{
    if (command == COMMAND_HELP || command == COMMAND_VERSION) {
        print_all(to, version);
        return;
    }
    const struct options_command *c = command_of(command);
    print_usage(to, c);
    fprintf(to, "%s\n\n", c->summary);
    print_verbs(to, c);
    print_options(to, command);
}
