/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/options.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/harness.h"

enum { WORDS_MAX = 16 };

/* A command line cut at blanks; "''" is an empty word. `text` is written to. */
static int cut(char *text, char **argv)
{
    int argc = 0;
    argv[argc++] = text;
    for (; *text && argc < WORDS_MAX; text++) {
        if (*text != ' ')
            continue;
        *text = '\0';
        argv[argc++] = strncmp(text + 1, "''", 2) == 0 ? strchr(text + 1, '\0') : text + 1;
    }
    return argc;
}

/* Texts of the options point into here. */
static char line[256];
static char *argv[WORDS_MAX + 1];

static int parse(const char *text, struct options *o, struct beam_why *why)
{
    snprintf(line, sizeof(line), "%s", text);
    int argc = cut(line, argv);
    return options_parse(argc, argv, o, why);
}

static bool same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

BEAM_TEST(options, which_command)
{
    static const struct {
        const char *text;
        enum command command;
        const char *operand;
    } good[] = {
        {"beam 3000", COMMAND_PUBLISH, "3000"},
        {"beam --tor 3000", COMMAND_PUBLISH, "3000"},
        {"beam 3000 --tor", COMMAND_PUBLISH, "3000"},
        {"beam localhost:3000", COMMAND_PUBLISH, "localhost:3000"},
        {"beam unix:/a", COMMAND_PUBLISH, "unix:/a"},
        {"beam [::1]:80", COMMAND_PUBLISH, "[::1]:80"},
        {"beam -- 3000", COMMAND_PUBLISH, "3000"},
        {"beam 65536", COMMAND_PUBLISH, "65536"}, /* not for us to judge */
        {"beam status", COMMAND_STATUS, NULL},
        {"beam --json status", COMMAND_STATUS, NULL},
        {"beam stop a", COMMAND_STOP, "a"},
        {"beam stop 17", COMMAND_STOP, "17"},
        {"beam stop -- -a", COMMAND_STOP, "-a"},
        {"beam stop --all", COMMAND_STOP, NULL},
        {"beam keys show --json", COMMAND_KEYS, "show"},
        {"beam keys export f --passphrase-file -", COMMAND_KEYS, "export"},
        {"beam daemon", COMMAND_DAEMON, NULL},
        {"beam demo --once --offline", COMMAND_DEMO, NULL},
        {"beam help", COMMAND_HELP, NULL},
        {"beam help stop", COMMAND_HELP, "stop"},
        {"beam --help", COMMAND_HELP, NULL},
        {"beam -h", COMMAND_HELP, NULL},
        {"beam --version", COMMAND_VERSION, NULL},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct options o = {0};
        struct beam_why why = {0};
        int err = parse(good[i].text, &o, &why);
        cr_assert_eq(err, 0, "%s: %s", good[i].text, why.text);
        cr_expect_eq(o.command, good[i].command, "%s", good[i].text);
        cr_expect(same(o.operand, good[i].operand), "%s: %s", good[i].text, o.operand);
        options_clear(&o);
    }
}

BEAM_TEST(options, values)
{
    struct options o = {0};
    struct beam_why why = {0};
    int err = parse("beam -o a.b=1 --name x 3000 --name=y -dh --egress any -oc.d=2 --config f "
                    "--ephemeral -o e.f=",
                    &o, &why);
    cr_assert_eq(err, 0, "%s", why.text);
    cr_expect_str_eq(o.name, "y", "the last one counts");
    cr_expect_str_eq(o.egress, "any");
    cr_expect_str_eq(o.config, "f");
    cr_expect(o.detach && o.help && o.ephemeral && !o.tor && !o.json && !o.qr);
    cr_assert_eq(o.assignment_count, 3);
    cr_expect_str_eq(o.assignments[0], "a.b=1");
    cr_expect_str_eq(o.assignments[1], "c.d=2");
    cr_expect_str_eq(o.assignments[2], "e.f=");
    options_clear(&o);
    cr_assert_eq(parse("beam 3000 --name '' --config -x", &o, &why), 0, "%s", why.text);
    cr_expect_str_eq(o.name, "");
    cr_expect_str_eq(o.config, "-x", "a value may look like an option");
    options_clear(&o);
}

BEAM_TEST(options, relays_may_be_several_and_without_an_address)
{
    struct options o = {0};
    struct beam_why why = {0};
    cr_assert_eq(parse("beam 3000 --community-relay=a:1 --tor --community-relay "
                       "--reverse-tunnel=b:2",
                       &o, &why),
                 0, "%s", why.text);
    cr_assert_eq(o.relay_count, 3u);
    cr_expect_str_eq(o.relays[0], "a:1");
    cr_expect_str_eq(o.relays[1], "");
    cr_expect_str_eq(o.relays[2], "b:2");
    cr_expect(o.tor);
    options_clear(&o);
    cr_assert_eq(parse("beam relay --listen 0.0.0.0:80 --p2p=0.0.0.0:4001 --json", &o, &why), 0);
    cr_expect_eq(o.command, COMMAND_RELAY);
    cr_expect_str_eq(o.listen, "0.0.0.0:80");
    cr_expect_str_eq(o.p2p, "0.0.0.0:4001");
    options_clear(&o);
}

BEAM_TEST(options, what_is_wrong_is_said)
{
    static const struct {
        const char *text, *word;
    } bad[] = {
        {"beam", "TARGET"},
        {"beam --tor", "TARGET"},
        {"beam ''", "neither a command nor a TARGET"},
        {"beam abc", "abc: neither a command nor a TARGET"},
        {"beam /tmp", "/tmp: neither"},
        {"beam -", "-: neither"},
        {"beam -- status", "status: neither"},
        {"beam stauts", "did you mean `beam status`?"},
        {"beam dmeo", "did you mean `beam demo`?"},
        {"beam 3000 3001", "3001: one word too many"},
        {"beam status 3", "3: one word too many"},
        {"beam stop a b", "b: one word too many"},
        {"beam 3000 --tro", "did you mean --tor?"},
        {"beam 3000 --emphemeral", "did you mean --ephemeral?"},
        {"beam 3000 --xyzzy", "--xyzzy: no such option (`beam help`"},
        {"beam 3000 --xyzzy=1", "--xyzzy: no such option"},
        {"beam 3000 --=", "--: no such option"},
        {"beam 3000 -x", "-x: no such option"},
        {"beam 3000 -dx", "-dx: no such option"},
        {"beam 3000 --tor=1", "--tor: takes no value"},
        {"beam 3000 --name", "--name: takes a value: NAME"},
        {"beam 3000 -o", "-o: takes a value"},
        {"beam 3000 -o a.b", "-o a.b: no value"},
        {"beam status --qr", "--qr: not an option of `beam status`"},
        {"beam 3000 --all", "--all: not an option of `beam TARGET`"},
        {"beam 3000 --on-demand", "--on-demand: not an option"},
        {"beam demo -d", "--detach: not an option of `beam demo`"},
        {"beam help -o a.b=c", "-o: not an option of `beam help`"},
        {"beam 3000 --policy p --tor", "--policy and --tor: not both"},
        {"beam 3000 --policy p --egress tor", "--policy and --egress: not both"},
        {"beam 3000 --json --qr", "--json and --qr: not both"},
        {"beam 3000 --egress lan", "--egress lan: must be tor or any"},
        {"beam 3000 --community-relay r.example:4001", "--community-relay=ADDR"},
        {"beam stop", "which tunnel?"},
        {"beam stop a --all", "a and --all: not both"},
        {"beam keys export a b", "b: one word too many"},
        {"beam 3000 --replace", "--replace: not an option"},
        {"beam help x", "help x: no such command"},
        {"beam relay 3", "relay 3: no such command"},
        {"beam relay list --listen 127.0.0.1:1", "--listen: not an option of `beam relay list`"},
        {"beam relay ban x --acme a.b", "--acme: not an option of `beam relay ban`"},
        {"beam 3000 --p2p a:1", "--p2p: not an option of `beam TARGET`"},
        {"beam relay --community-relay=a:1", "--community-relay: not an option of `beam relay`"},
        {"beam connect a", "connect: neither"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct options o = {.operand = "untouched"};
        struct beam_why why = {0};
        cr_expect_eq(parse(bad[i].text, &o, &why), BEAM_EUSAGE, "%s", bad[i].text);
        cr_expect_not_null(strstr(why.text, bad[i].word), "%s: %s", bad[i].text, why.text);
        cr_expect_str_eq(o.operand, "untouched");
    }
}

BEAM_TEST(options, help_is_given_whatever_else_is_wrong_together)
{
    struct options o = {0};
    cr_assert_eq(parse("beam stop --help", &o, NULL), 0);
    cr_expect(o.help);
    cr_expect_eq(o.command, COMMAND_STOP);
    options_clear(&o);
}

/* Rows that the parser can tell apart, and fields that are of this struct. */
BEAM_TEST(options, the_table_is_sound)
{
    size_t n;
    const struct options_row *rows = options_rows(&n);
    for (size_t i = 0; i < n; i++) {
        cr_expect(rows[i].name[0] || rows[i].letter);
        cr_expect_lt(rows[i].field, sizeof(struct options));
        cr_expect(rows[i].help[0]);
        for (size_t j = i + 1; j < n; j++) {
            cr_expect(!rows[i].name[0] || strcmp(rows[i].name, rows[j].name) != 0);
            cr_expect(!rows[i].letter || rows[i].letter != rows[j].letter);
            bool alias = strcmp(rows[j].name, "reverse-tunnel") == 0;
            cr_expect((rows[i].field == rows[j].field) <= alias, "%s", rows[j].name);
        }
    }
}
