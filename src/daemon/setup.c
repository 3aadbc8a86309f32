/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/setup.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "conf/value.h"
#include "daemon/network.h"
#include "policy/policy.h"
#include "tor/bridges.h"
#include "tor/places.h"

static const char *get_environment(const char *name)
{
    return getenv(name);
}

/* Reads a file that may be missing; *had: it is there. */
static int load_optional(struct conf *c, const char *path, bool *had, struct beam_why *why)
{
    if (!path)
        return 0;
    int err = conf_load(c, path, why);
    *had = err == 0;
    return err == BEAM_ENOTFOUND ? 0 : err;
}

static int load_files(const struct daemon_options *o, struct setup *s, struct beam_why *why)
{
    if (o->config)
        return conf_load(s->conf, o->config, why);
    int err = load_optional(s->conf, s->home->system, &s->had_system, why);
    return err < 0 ? err : load_optional(s->conf, s->home->config, &s->had_config, why);
}

static int check_tor(const struct conf *c, struct beam_why *why)
{
    const struct bridges bridges = {c->tor_bridge, c->tor_transport};
    struct places places;
    int err = bridges_check(&bridges, why);
    if (err == 0 && c->tor_control[0])
        err = places_parse(c->tor_control, &places, why);
    return err;
}

static int check_lists(const struct conf *c, struct beam_why *why)
{
    int err = check_tor(c, why);
    return err < 0 ? err : network_readable(c, why);
}

static int assign(struct conf *c, const char *assignment, struct beam_why *why)
{
    int err = conf_set(c, assignment, why);
    if (err == 0)
        err = check_lists(c, why);
    if (err < 0 && err != BEAM_ENOMEM)
        err = why->code = BEAM_EUSAGE;
    return err;
}

int setup_check(const char *assignment, struct beam_why *why)
{
    struct conf *alone = NULL;
    int err = conf_new(&alone);
    err =
        err < 0 ? beam_why(why, err, "-o: %s", beam_err_text(err)) : assign(alone, assignment, why);
    conf_free(alone);
    return err;
}

static int load(const struct daemon_options *o, struct setup *s, struct beam_why *why)
{
    int err = conf_new(&s->conf);
    if (err < 0)
        return beam_why(why, err, "configuration: %s", beam_err_text(err));
    err = load_files(o, s, why);
    if (err == 0)
        err = check_lists(s->conf, why);
    for (size_t i = 0; err == 0 && i < o->assignment_count; i++)
        err = assign(s->conf, o->assignments[i], why);
    return err < 0 ? err : policy_check(s->conf, why);
}

static int choose_log(const struct daemon_options *o, struct setup *s)
{
    if (s->conf->log_file[0])
        s->log = strdup(s->conf->log_file);
    else if (o->on_demand)
        s->log = file_join(s->home->state, "beam.log");
    else
        return 0;
    return s->log ? 0 : BEAM_ENOMEM;
}

static int choose_paths(const struct daemon_options *o, struct setup *s, struct beam_why *why)
{
    int err = value_absolute(o->config ? o->config : s->home->config, NULL, &s->config);
    if (err == 0)
        err = choose_log(o, s);
    return err == 0 ? 0 : beam_why(why, err, "daemon: %s", beam_err_text(err));
}

int setup_read(const struct daemon_options *options, struct setup **out, struct beam_why *why)
{
    struct setup *s = calloc(1, sizeof(*s));
    if (!s)
        return beam_why(why, BEAM_ENOMEM, "daemon: out of memory");
    int err = home_find(get_environment, &s->home, why);
    if (err == 0)
        err = load(options, s, why);
    if (err == 0)
        err = choose_paths(options, s, why);
    if (err < 0)
        setup_free(s);
    else
        *out = s;
    return err;
}

static int gone(const char *path, struct beam_why *why)
{
    return beam_why(
        why, BEAM_ENOTFOUND,
        "%s was read before and is missing (put it back; to take back all that it says, "
        "leave an empty file there)",
        path);
}

int setup_kept(const struct setup *before, const struct setup *now, struct beam_why *why)
{
    if (before->had_system && !now->had_system)
        return gone(before->home->system, why);
    if (before->had_config && !now->had_config)
        return gone(before->home->config, why);
    return 0;
}

/* The folder of the usual configuration file, which need not be there. */
static int check_config_folder(const struct home *h, struct beam_why *why)
{
    char *folder = strdup(h->config);
    if (!folder)
        return beam_why(why, BEAM_ENOMEM, "daemon: out of memory");
    *strrchr(folder, '/') = '\0';
    int err = access(folder, F_OK) == 0 ? file_private_dir(folder, why) : 0;
    free(folder);
    return err;
}

int setup_prepare(const struct setup *s, struct beam_why *why)
{
    int err = check_config_folder(s->home, why);
    return err < 0 ? err : home_prepare(s->home, why);
}

void setup_tor_options(const struct setup *s, struct tor_options *out)
{
    const struct conf *c = s->conf;
    *out = (struct tor_options){.control = c->tor_control,
                                .control_password_file = c->tor_control_password_file,
                                .binary = c->tor_binary,
                                .dir = s->home->tor,
                                .torrc = c->tor_torrc,
                                .bridges = {c->tor_bridge, c->tor_transport},
                                .bootstrap_timeout = c->tor_bootstrap_timeout,
                                .answer_timeout = c->tor_answer_timeout,
                                .restart_max = c->tor_restart_max};
}

void setup_free(struct setup *s)
{
    if (!s)
        return;
    home_free(s->home);
    conf_free(s->conf);
    free(s->config);
    free(s->log);
    free(s);
}
