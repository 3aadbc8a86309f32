/* SPDX-License-Identifier: BSD-3-Clause */
#include "doctor/doctor.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "cli/json_line.h"
#include "daemon/pidfile.h"
#include "doctor/clock_check.h"
#include "doctor/machine.h"
#include "doctor/network.h"
#include "doctor/running.h"
#include "doctor/tor_program.h"
#include "tor/torrc.h"

struct examination {
    const struct options *options;
    const struct daemon_options *daemon;
    struct findings findings;
    struct loop *loop;
    struct setup *setup; /* NULL: the configuration cannot be read */
    struct running running;
    bool tor; /* there is one to be started or found */
};

static const char *environment(const char *name)
{
    return getenv(name);
}

static void look_at_clock(struct examination *e, const struct home *h)
{
    char *data = file_join(h->tor, TORRC_DATA);
    clock_check_run(&e->findings, data ? data : "");
    free(data);
}

/* What a tor of beam's own needs. One that runs already is found out about by asking it. */
static void look_at_tor(struct examination *e, bool held)
{
    const struct conf *c = e->setup->conf;
    e->tor = true;
    if (c->tor_control[0])
        return;
    machine_services(&e->findings, e->setup->home, c);
    e->tor = tor_program_check(&e->findings, e->loop, c->tor_binary);
    machine_bridges(&e->findings, c);
    machine_data(&e->findings, e->setup->home, held);
}

static int look_at_network(struct examination *e)
{
    struct findings *fs = &e->findings;
    struct tor_options options;
    struct beam_why why;
    if (findings_worst(fs) == FINDINGS_FAIL || !e->tor) {
        findings_add(fs, "network", FINDINGS_WARN, "mend what is at fault first",
                     "not looked at, for tor would not come up");
        return 0;
    }
    if (e->running.there && !e->running.tor_off) {
        if (e->running.tor_ready)
            findings_add(fs, "network", FINDINGS_OK, "", "the daemon's tor has reached it");
        return 0;
    }
    if (setup_prepare(e->setup, &why) < 0) {
        findings_add_why(fs, "network", FINDINGS_FAIL, &why);
        return 0;
    }
    if (!e->options->json && isatty(STDERR_FILENO))
        fputs("      network        tor tries to reach it; this may take a minute\n", stderr);
    setup_tor_options(e->setup, &options);
    return network_check(fs, e->loop, &options);
}

static int examine(struct examination *e)
{
    struct home *h = NULL;
    struct beam_why why;
    if (home_find(environment, &h, &why) < 0) {
        findings_add_why(&e->findings, "folders", FINDINGS_FAIL, &why);
        return 0;
    }
    bool held = pidfile_held(h->pid);
    int err = 0;
    machine_folders(&e->findings, h);
    machine_keys(&e->findings, h);
    machine_configuration(&e->findings, e->daemon, &e->setup);
    look_at_clock(e, h);
    if (e->setup) {
        look_at_tor(e, held);
        running_check(&e->findings, e->options, e->daemon->version, held, &e->running);
        err = look_at_network(e);
    }
    home_free(h);
    return err;
}

static void print_one(void *arg, const struct finding *f)
{
    (void)arg;
    findings_print(stdout, f);
    fflush(stdout);
}

static int print_json(const struct findings *fs)
{
    cJSON *o = findings_json(fs);
    char *line = o ? json_line(o) : NULL;
    cJSON_Delete(o);
    if (!line)
        return BEAM_ENOMEM;
    fputs(line, stdout);
    free(line);
    return 0;
}

static int conclude(const struct examination *e, int err, struct beam_why *why)
{
    if (err == 0 && e->options->json)
        err = print_json(&e->findings);
    if (err < 0)
        return beam_why(why, err, "doctor: %s", beam_err_text(err));
    if (findings_worst(&e->findings) != FINDINGS_FAIL)
        return 0;
    why->text[0] = '\0';
    return why->code = BEAM_EIO;
}

int doctor_command(const struct options *o, const struct daemon_options *daemon,
                   struct beam_why *why)
{
    struct examination *e = calloc(1, sizeof(*e));
    int err = e ? loop_new(&e->loop) : BEAM_ENOMEM;
    if (err < 0) {
        free(e);
        return beam_why(why, err, "doctor: %s", beam_err_text(err));
    }
    e->options = o;
    e->daemon = daemon;
    e->findings.added = o->json ? NULL : print_one;
    log_set_level(LOG_ERROR); /* what the log would tell is among what is found */
    err = conclude(e, examine(e), why);
    setup_free(e->setup);
    loop_free(e->loop);
    free(e);
    return err;
}
