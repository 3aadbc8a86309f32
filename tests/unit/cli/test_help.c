/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/help.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/verbs.h"
#include "tests/unit/harness.h"

/* What help_print writes; free(). */
static char *help_of(enum command command)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    cr_assert_not_null(to);
    help_print(to, "1.2.3", command);
    cr_assert_eq(fclose(to), 0);
    return text;
}

static void mentions(const char *text, const struct options_row *row, bool wanted)
{
    char word[40];
    const char *behind = row->argument && row->argument[0] == '[' ? "[" : " ";
    snprintf(word, sizeof(word), row->name[0] ? "--%s%s" : "  -%s%s",
             row->name[0] ? row->name : "o", behind);
    cr_expect_eq(strstr(text, word) != NULL, wanted, "%s in:\n%s", word, text);
}

BEAM_TEST(help, each_command_has_its_options_and_no_others)
{
    size_t rows, commands;
    const struct options_row *row = options_rows(&rows);
    const struct options_command *c = options_commands(&commands);
    for (size_t i = 0; i < commands; i++) {
        if (c[i].command == COMMAND_HELP)
            continue;
        char *text = help_of(c[i].command);
        for (size_t j = 0; j < rows; j++)
            mentions(text, &row[j], row[j].commands & c[i].command);
        free(text);
    }
}

static void within_100_columns(const char *text)
{
    for (const char *line = text; *line;) {
        size_t len = strcspn(line, "\n");
        cr_expect_leq(len, 100, "%.*s", (int)len, line);
        line += len + 1;
    }
}

BEAM_TEST(help, what_a_command_does_is_told_word_by_word)
{
    size_t commands, n;
    const struct options_command *c = options_commands(&commands);
    for (size_t i = 0; i < commands; i++) {
        const struct verbs_row *v = verbs_of(c[i].command, &n);
        char *text = help_of(c[i].command), form[80];
        for (size_t j = 0; j < n; j++) {
            snprintf(form, sizeof(form), "  beam %s %s %s", c[i].name, v[j].name, v[j].operands);
            cr_expect_not_null(strstr(text, form), "%s", form);
            cr_expect_not_null(strstr(text, v[j].summary), "%s", v[j].summary);
        }
        within_100_columns(text);
        free(text);
    }
}

BEAM_TEST(help, all_commands_are_listed_within_100_columns)
{
    size_t commands;
    const struct options_command *c = options_commands(&commands);
    char *text = help_of(COMMAND_HELP);
    cr_expect_not_null(strstr(text, "beam 1.2.3"));
    for (size_t i = 0; i < commands; i++) {
        const char *at = strstr(text, c[i].summary);
        cr_assert_not_null(at, "%s", c[i].summary);
        cr_expect(strncmp(at - 2, "  ", 2) == 0, "no space before: %s", c[i].summary);
    }
    within_100_columns(text);
    free(text);
}

/* ".It Nm Cm keys export Ar FILE"; those of the relay stand in a list below it. */
static void mentions_verbs(const char *page, const struct options_command *c)
{
    size_t n;
    const struct verbs_row *v = verbs_of(c->command, &n);
    for (size_t i = 0; i < n; i++) {
        char item[64], below[64];
        snprintf(item, sizeof(item), ".It Nm Cm %s %s", c->name, v[i].name);
        snprintf(below, sizeof(below), ".It Cm %s", v[i].name);
        cr_expect(strstr(page, item) || strstr(page, below), "%s", item);
    }
}

/* "--on-demand" as the man page writes it: "Fl -on-demand". */
BEAM_TEST(help, the_man_page_knows_every_option_and_command)
{
    const char *source = getenv("BEAM_SRC");
    size_t rows, commands, len;
    const struct options_row *row = options_rows(&rows);
    const struct options_command *c = options_commands(&commands);
    char *path = file_join(source ? source : ".", "docs/man/beam.1"), *page = NULL;
    cr_assert_not_null(path);
    cr_assert_eq(file_read(path, 1 << 20, &page, &len), 0, "%s", path);
    for (size_t i = 0; i < rows; i++) {
        char word[40];
        snprintf(word, sizeof(word), row[i].name[0] ? "Fl -%s" : "Fl %s",
                 row[i].name[0] ? row[i].name : "o");
        cr_expect_not_null(strstr(page, word), "%s", word);
    }
    for (size_t i = 0; i < commands; i++) {
        cr_expect_not_null(strstr(page, c[i].name), "%s", c[i].name);
        mentions_verbs(page, &c[i]);
    }
    free(page);
    free(path);
}
