/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/harness.h"

static struct conf *make(void)
{
    struct conf *c = NULL;
    cr_assert_eq(conf_new(&c), 0);
    cr_assert_not_null(c);
    return c;
}

static int parse(struct conf *c, const char *text, struct beam_why *why)
{
    return conf_parse(c, "x.conf", "/etc/here", text, strlen(text), why);
}

BEAM_TEST(conf, defaults_are_the_table)
{
    struct conf *c = make();
    cr_assert_str_eq(c->policy_default, "anonymous");
    cr_assert_str_eq(c->tor_binary, "tor");
    cr_assert_str_eq(c->tor_torrc, "");
    cr_assert_eq(c->tor_bootstrap_timeout, 60000u);
    cr_assert_eq(c->tunnel_max_streams, 1024u);
    cr_assert_eq(c->daemon_linger, 10000u);
    cr_assert_eq(c->log_level, LOG_WARN);
    cr_assert(c->log_scrub);
    cr_assert_eq(c->policy_count, 0u);

    size_t n = 0;
    const struct conf_key *rows = conf_keys(&n);
    cr_assert_gt(n, 10u);
    for (size_t i = 0; i < n; i++) {
        char key[64], value[256], assignment[320];
        cr_assert_gt(strlen(rows[i].help), 10u, "%s.%s", rows[i].section, rows[i].name);
        cr_assert(rows[i].low <= rows[i].high);
        snprintf(key, sizeof(key), "%s.%s", rows[i].section, rows[i].name);
        cr_assert_eq(conf_get(c, key, value, sizeof(value)), 0);
        /* The default, written back, is the same value. */
        snprintf(assignment, sizeof(assignment), "%s=%s", key, rows[i].def);
        cr_assert_eq(conf_match(c, assignment, NULL), 0, "%s", assignment);
        snprintf(assignment, sizeof(assignment), "%s=%s", key, value);
        cr_assert_eq(conf_match(c, assignment, NULL), 0, "%s", assignment);
        for (size_t j = 0; j < i; j++)
            cr_assert(strcmp(rows[i].section, rows[j].section) != 0 ||
                          strcmp(rows[i].name, rows[j].name) != 0,
                      "%s twice", key);
    }
    conf_free(c);
    conf_free(NULL);
}

BEAM_TEST(conf, a_file_of_every_kind)
{
    struct conf *c = make();
    struct beam_why why = {0};
    static const char text[] = "; all kinds\n"
                               "[tor]\n"
                               "binary = /opt/tor        ; here\n"
                               "torrc = private/torrc\n"
                               "restart_max = 5m\n"
                               "[log]\n"
                               "level = debug\n"
                               "scrub = no\n"
                               "file =\n"
                               "[tor]\n"
                               "bootstrap_timeout = 90s\n"
                               "[tunnel]\n"
                               "max_streams = 7\n"
                               "[policy]\n"
                               "default = mine\n"
                               "[policy \"mine\"]\n"
                               "paths = onion\n"
                               "egress = lan\n"
                               "discovery = dht, lan\n"
                               "[policy \"bare\"]\n";
    cr_assert_eq(parse(c, text, &why), 0, "%s", why.text);
    cr_assert_str_eq(c->tor_binary, "/opt/tor");
    cr_assert_str_eq(c->tor_torrc, "/etc/here/private/torrc");
    cr_assert_eq(c->tor_restart_max, 300000u);
    cr_assert_eq(c->tor_bootstrap_timeout, 90000u);
    cr_assert_eq(c->log_level, LOG_DEBUG);
    cr_assert_not(c->log_scrub);
    cr_assert_str_eq(c->log_file, "");
    cr_assert_eq(c->tunnel_max_streams, 7u);
    cr_assert_str_eq(c->policy_default, "mine");
    cr_assert_eq(c->policy_count, 2u);
    cr_assert_str_eq(c->policies[0].name, "mine");
    cr_assert_str_eq(c->policies[0].paths, "onion");
    cr_assert_str_eq(c->policies[0].egress, "lan");
    cr_assert_str_eq(c->policies[0].discovery, "dht, lan");
    cr_assert_str_eq(c->policies[0].where, "x.conf:16");
    cr_assert_str_eq(c->policies[1].name, "bare");
    cr_assert_null(c->policies[1].paths);
    cr_assert_null(c->policies[1].egress);
    cr_assert_null(c->policies[1].discovery);

    /* A second file goes over the first; what it does not name stays. */
    static const char later[] = "[tor]\nbinary = other\n[policy \"mine\"]\npaths = onion\n";
    cr_assert_eq(parse(c, later, &why), 0, "%s", why.text);
    cr_assert_str_eq(c->tor_binary, "other");
    cr_assert_eq(c->tor_restart_max, 300000u);
    cr_assert_eq(c->policy_count, 2u);
    cr_assert_null(c->policies[0].egress, "a policy is replaced as a whole");
    cr_assert_str_eq(c->policies[0].where, "x.conf:3");
    conf_free(c);
}

BEAM_TEST(conf, faults_say_where_what_and_what_is_allowed)
{
    static const struct {
        const char *text, *at, *word[3];
    } rows[] = {
        {"\n[tor]\nbinry = x\n",
         "x.conf:3: ",
         {"unknown key `tor.binry`", "did you mean `tor.binary`?",
          "binary, torrc, control, control_password_file, bridge, transport"}},
        {"[tor]\nlevel = debug\n",
         "x.conf:2: ",
         {"unknown key `tor.level`", "did you mean `log.level`?", "section tor allows binary"}},
        {"[tor]\nxyzzy = 1\n", "x.conf:2: ", {"unknown key", "section tor allows", "torrc"}},
        {"[tro]\n", "x.conf:1: ", {"unknown section `tro`", "did you mean `tor`?", "tunnel"}},
        {"[Tor]\n", "x.conf:1: ", {"unknown section `Tor`", "did you mean `tor`?", "daemon"}},
        {"[]\n", "x.conf:1: ", {"unknown section ``", "there are policy, tor", "policy \"NAME\""}},
        {"[policy mine]\n", "x.conf:1: ", {"unknown section", "policy", "policy \"NAME\""}},
        {"[policy \"\"]\n", "x.conf:1: ", {"unknown section", "policy", "policy \"NAME\""}},
        {"[policy \"a\"b\"]\n", "x.conf:1: ", {"unknown section", "policy", "policy \"NAME\""}},
        {"binary = x\n", "x.conf:1: ", {"`binary`", "before any [section]", ""}},
        {"[tor]\nbinary = a\n\nbinary = b\n",
         "x.conf:4: ",
         {"`tor.binary` is given twice", "line 2", ""}},
        {"[tor]\nbinary = a\n[log]\n[tor]\nbinary = a\n", "x.conf:5: ", {"twice", "line 2", ""}},
        {"[policy \"a\"]\n[policy \"a\"]\n", "x.conf:2: ", {"there already", "x.conf:1", ""}},
        {"[policy \"a\"]\npaths=onion\npaths=onion\n", "x.conf:3: ", {"`paths`", "twice", "\"a\""}},
        {"[policy \"a\"]\negres=tor\n",
         "x.conf:2: ",
         {"unknown key `egres`", "did you mean `egress`?",
          "paths, egress, discovery, tag_circuits"}},
        {"[tor]\nrestart_max = soon\n", "x.conf:2: ", {"tor.restart_max", "`soon`", "1s to 1h"}},
        {"[log]\nlevel = loud\n", "x.conf:2: ", {"log.level", "`loud`", "error, warn, info"}},
        {"[tunnel]\nmax_streams = 0\n", "x.conf:2: ", {"`0`", "from 1 to 65536", ""}},
    };
    struct conf *c = make();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct beam_why why = {0};
        int err = parse(c, rows[i].text, &why);
        cr_assert(err == BEAM_EINVAL || err == BEAM_ELIMIT, "%zu", i);
        cr_assert_eq(why.code, err);
        cr_assert_eq(strncmp(why.text, rows[i].at, strlen(rows[i].at)), 0, "%s", why.text);
        for (size_t w = 0; w < 3; w++)
            cr_assert_not_null(strstr(why.text, rows[i].word[w]), "%s: %s", rows[i].word[w],
                               why.text);
        cr_assert_eq(parse(c, rows[i].text, NULL), err);
    }
    conf_free(c);
}

BEAM_TEST(conf, a_fault_leaves_all_as_it_was)
{
    struct conf *c = make();
    struct beam_why why = {0};
    cr_assert_eq(parse(c, "[policy \"a\"]\negress=any\n[tor]\nbinary=one\n", &why), 0);
    static const char text[] = "[tor]\nbinary = two\n[policy \"a\"]\n[policy \"b\"]\n[log]\nx=1\n";
    cr_assert_eq(parse(c, text, &why), BEAM_EINVAL);
    cr_assert_str_eq(c->tor_binary, "one");
    cr_assert_eq(c->policy_count, 1u);
    cr_assert_str_eq(c->policies[0].egress, "any");
    conf_free(c);
}

BEAM_TEST(conf, limits)
{
    struct conf *c = make();
    struct beam_why why = {0};
    char *text = malloc(CONF_FILE_MAX + 1);
    cr_assert_not_null(text);
    memset(text, '\n', CONF_FILE_MAX + 1);
    cr_assert_eq(conf_parse(c, "x", "/", text, CONF_FILE_MAX, &why), 0);
    cr_assert_eq(conf_parse(c, "x", "/", text, CONF_FILE_MAX + 1, &why), BEAM_ELIMIT);

    size_t len = 0;
    for (int i = 0; i < CONF_POLICIES_MAX; i++)
        len += (size_t)snprintf(text + len, CONF_FILE_MAX - len, "[policy \"p%d\"]\n", i);
    cr_assert_eq(conf_parse(c, "x", "/", text, len, &why), 0);
    cr_assert_eq(c->policy_count, (size_t)CONF_POLICIES_MAX);
    cr_assert_eq(parse(c, "[policy \"more\"]\n", &why), BEAM_ELIMIT);
    cr_assert_not_null(strstr(why.text, "at most 64"));
    cr_assert_eq(parse(c, "[policy \"p63\"]\negress=lan\n", &why), 0, "one that is there is fine");
    free(text);
    conf_free(c);
}

BEAM_TEST(conf, set_get_match)
{
    struct conf *c = make();
    struct beam_why why = {0};
    char out[256], cwd[4096], want[4200];
    cr_assert_eq(conf_set(c, "tor.binary=a=b c", &why), 0);
    cr_assert_eq(conf_get(c, "tor.binary", out, sizeof(out)), 0);
    cr_assert_str_eq(out, "a=b c");
    cr_assert_eq(conf_set(c, "tor.binary=again", &why), 0, "twice is fine: the later wins");
    cr_assert_eq(conf_get(c, "tor.binary", out, 5), BEAM_ELIMIT);
    cr_assert_eq(conf_set(c, "tor.torrc=x", &why), 0);
    cr_assert_not_null(getcwd(cwd, sizeof(cwd)));
    snprintf(want, sizeof(want), "%s/x", cwd);
    cr_assert_str_eq(c->tor_torrc, want);
    cr_assert_eq(conf_set(c, "daemon.linger=0s", &why), 0);
    cr_assert_eq(conf_get(c, "daemon.linger", out, sizeof(out)), 0);
    cr_assert_str_eq(out, "0s");

    static const char *const bad[] = {"",
                                      "tor.binary",
                                      "=x",
                                      "tor=x",
                                      "tor.=x",
                                      ".binary=x",
                                      "tor.binry=x",
                                      "tro.binary=x",
                                      "a\n.b=c",
                                      "tor .binary=x",
                                      "policy.mine.egress=tor"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_eq(conf_set(c, bad[i], &why), BEAM_EINVAL, "%s", bad[i]);
        cr_assert_eq(strncmp(why.text, "-o: ", 4), 0, "%s", why.text);
        cr_assert_null(strchr(why.text, '\n'));
    }
    char word[300];
    memset(word, 'w', sizeof(word));
    memcpy(word + 200, ".x=1", 5);
    cr_assert_eq(conf_set(c, word, &why), BEAM_EINVAL);
    cr_assert_eq(conf_set(c, "log.level=loud", &why), BEAM_EINVAL);
    cr_assert_eq(conf_get(c, "tor.binry", out, sizeof(out)), BEAM_ENOTFOUND);
    cr_assert_eq(conf_get(c, "tor", out, sizeof(out)), BEAM_ENOTFOUND);

    cr_assert_eq(conf_match(c, "tor.binary=again", &why), 0);
    cr_assert_eq(conf_match(c, "tor.restart_max=1m", &why), 0, "60s by another name");
    cr_assert_eq(conf_match(c, "tor.binary=other", &why), BEAM_EEXIST);
    cr_assert_not_null(strstr(why.text, "tor.binary: "));
    cr_assert_not_null(strstr(why.text, "`again`"));
    cr_assert_not_null(strstr(why.text, "`other`"));
    cr_assert_eq(conf_match(c, "tor.binry=other", &why), BEAM_EINVAL);
    cr_assert_eq(conf_match(c, "tor", &why), BEAM_EINVAL);
    cr_assert_eq(conf_match(c, "log.scrub=off", NULL), BEAM_EEXIST);

    memset(out, 'l', sizeof(out));
    out[sizeof(out) - 1] = '\0';
    snprintf(want, sizeof(want), "tor.binary=%s", out);
    cr_assert_eq(conf_match(c, want, &why), BEAM_EEXIST);
    cr_assert_not_null(strstr(why.text, "long text"));
    cr_assert_eq(conf_match(c, "tor.control=auto", &why), BEAM_EEXIST);
    cr_assert_not_null(strstr(why.text, "`(nothing)`"), "%s", why.text);
    conf_free(c);
}

static char dir[64];

static const char *at(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

BEAM_TEST(conf, load_checks_the_file)
{
    struct conf *c = make();
    struct beam_why why = {0};
    snprintf(dir, sizeof(dir), "/tmp/beam-conf-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    static const char text[] = "[tor]\ntorrc = near\n";
    cr_assert_eq(file_write(at("beam.conf"), 0644, text, strlen(text)), 0);
    cr_assert_eq(conf_load(c, at("beam.conf"), &why), 0, "%s", why.text);
    cr_assert_str_eq(c->tor_torrc, at("near"));

    static const mode_t loose[] = {0664, 0646, 0622, 0666};
    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(chmod(at("beam.conf"), loose[i]), 0);
        cr_assert_eq(conf_load(c, at("beam.conf"), &why), BEAM_EPERM);
        cr_assert_not_null(strstr(why.text, "chmod go-w '"));
    }
    cr_assert_eq(conf_load(c, at("none.conf"), &why), BEAM_ENOTFOUND);
    cr_assert_not_null(strstr(why.text, "none.conf"));
    cr_assert_eq(conf_load(c, dir, &why), BEAM_EINVAL);

    cr_assert_eq(file_write(at("beam.conf"), 0600, "[tor]\nx=1\n", 10), 0);
    cr_assert_eq(conf_load(c, at("beam.conf"), &why), BEAM_EINVAL);
    cr_assert_eq(strncmp(why.text, at("beam.conf:2: "), strlen(at("beam.conf:2: "))), 0);
    cr_assert_str_eq(c->tor_torrc, at("near"), "the old value stays");

    /* A relative name: relative values are still taken from the file's folder. */
    cr_assert_eq(file_write(at("beam.conf"), 0600, text, strlen(text)), 0);
    cr_assert_eq(chdir(dir), 0);
    cr_assert_eq(conf_set(c, "tor.torrc=", &why), 0);
    cr_assert_eq(conf_load(c, "beam.conf", &why), 0);
    cr_assert_str_eq(c->tor_torrc, at("near"));
    cr_assert_eq(file_remove_tree(dir), 0);
    conf_free(c);
}

BEAM_TEST(conf, rows_of_a_list_add_up)
{
    static const char first[] = "[tor]\nbridge = 192.0.2.1:443\nbridge = 192.0.2.2:443\n";
    static const char second[] = "[tor]\nbridge = 192.0.2.3:443\n";
    static const char third[] = "[tor]\nbridge =\nbridge = 192.0.2.4:443\n";
    struct conf *c = NULL;
    struct beam_why why;
    char value[64];
    cr_assert_eq(conf_new(&c), 0);
    cr_assert_str_eq(c->tor_bridge, "");
    cr_assert_eq(conf_parse(c, "x.conf", "/", first, sizeof(first) - 1, &why), 0);
    cr_assert_eq(conf_parse(c, "y.conf", "/", second, sizeof(second) - 1, &why), 0);
    cr_assert_str_eq(c->tor_bridge, "192.0.2.1:443\n192.0.2.2:443\n192.0.2.3:443");
    cr_assert_eq(conf_match(c, "tor.bridge=192.0.2.2:443", &why), 0);
    cr_assert_eq(conf_match(c, "tor.bridge=192.0.2.2:44", &why), BEAM_EEXIST);
    cr_assert_null(strstr(why.text, "192.0.2."), "a bridge is shown: %s", why.text);
    cr_assert_not_null(strstr(why.text, "tor.bridge"), "%s", why.text);
    cr_assert_eq(conf_parse(c, "z.conf", "/", third, sizeof(third) - 1, &why), 0);
    cr_assert_str_eq(c->tor_bridge, "192.0.2.4:443");
    cr_assert_eq(conf_set(c, "tor.bridge=192.0.2.5:443", &why), 0);
    cr_assert_eq(conf_get(c, "tor.bridge", value, sizeof(value)), 0);
    cr_assert_str_eq(value, "192.0.2.4:443\n192.0.2.5:443");
    cr_assert_eq(conf_set(c, "tor.bridge=", &why), 0);
    cr_assert_str_eq(c->tor_bridge, "");
    cr_assert(conf_is_list("tor.bridge"));
    cr_assert_not(conf_is_list("tor.binary"));
    cr_assert_not(conf_is_list("tor.nothing"));
    conf_free(c);
}

BEAM_TEST(conf, a_list_has_a_ceiling)
{
    struct conf *c = NULL;
    char assignment[CONF_LINE_MAX + 1];
    int err = 0;
    cr_assert_eq(conf_new(&c), 0);
    memset(assignment, 'x', sizeof(assignment) - 1);
    memcpy(assignment, "tor.bridge=", 11);
    assignment[sizeof(assignment) - 1] = '\0';
    for (size_t i = 0; err == 0 && i < 100; i++)
        err = conf_set(c, assignment, NULL);
    cr_assert_eq(err, BEAM_ELIMIT);
    cr_assert_leq(strlen(c->tor_bridge), (size_t)CONF_LIST_MAX);
    conf_free(c);
}

/* ---- taking over another's values ---- */

struct changes {
    char text[256];
};

static bool is_live(const char *key)
{
    return strncmp(key, "log.", 4) == 0 || strcmp(key, "policy.default") == 0;
}

static void on_changed(void *arg, const char *key, bool taken)
{
    struct changes *c = arg;
    size_t at = strlen(c->text);
    snprintf(c->text + at, sizeof(c->text) - at, "%s%s ", taken ? "+" : "-", key);
}

BEAM_TEST(conf, adopts_what_may_change)
{
    struct conf *c, *fresh;
    struct beam_why why;
    struct changes changes = {""};
    static const char text[] = "[policy]\ndefault = mine\n[log]\nlevel = debug\nscrub = no\n"
                               "[tor]\nbinary = /other\nbridge = 192.0.2.1:1\n"
                               "[policy \"mine\"]\negress = lan\n";
    cr_assert_eq(conf_new(&c), 0);
    cr_assert_eq(conf_new(&fresh), 0);
    cr_assert_eq(conf_parse(fresh, "f", "/", text, strlen(text), &why), 0, "%s", why.text);
    conf_adopt(c, fresh, is_live, on_changed, &changes);
    cr_assert_str_eq(changes.text,
                     "+policy.default -tor.binary -tor.bridge +log.level +log.scrub ");
    cr_assert_str_eq(c->policy_default, "mine");
    cr_assert_eq(c->log_level, LOG_DEBUG);
    cr_assert_not(c->log_scrub);
    cr_assert_str_eq(c->tor_binary, "tor");
    cr_assert_eq(c->policy_count, 1);
    cr_assert_eq(fresh->policy_count, 0);
    conf_free(fresh);
    changes.text[0] = '\0';
    cr_assert_eq(conf_new(&fresh), 0);
    conf_adopt(c, fresh, is_live, on_changed, &changes);
    cr_assert_str_eq(changes.text, "+policy.default +log.level +log.scrub ", "and back");
    cr_assert_eq(c->policy_count, 0);
    conf_free(fresh);
    conf_free(c);
}
