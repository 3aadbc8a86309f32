/* SPDX-License-Identifier: BSD-3-Clause */
#include "demo/publisher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "loop/child.h"

enum { GRACE_MS = 2500, WORDS_MAX = 400 };

struct publisher {
    struct loop *loop;
    struct publisher_events events;
    struct child *relay, *daemon, *beam; /* NULL: does not run */
    char **env;
    char **argv; /* what both have at the end of their command lines */
    struct loop_task failed, stopped;
    void (*done)(void *arg);
    void *done_arg;
    bool stopping;
    char words[WORDS_MAX]; /* its last words */
    char port[8];
    char at_relay[512]; /* the option that names the relay */
    bool told;          /* that the onion is up */
};

/* ---- words and environment ---- */

static void free_texts(char **texts)
{
    for (size_t i = 0; texts && texts[i]; i++)
        free(texts[i]);
    free(texts);
}

/* Puts "label" "value" at the end of a list that has room for it. */
static bool add_text(char **texts, const char *label, const char *value)
{
    while (*texts)
        texts++;
    if (asprintf(texts, "%s%s", label, value) >= 0)
        return true;
    *texts = NULL;
    return false;
}

/* This environment but for BEAM_HOME, which is `home`. */
static bool make_environment(struct publisher *p, const char *home)
{
    static const char key[] = "BEAM_HOME=";
    size_t count = 0;
    while (environ[count])
        count++;
    p->env = calloc(count + 2, sizeof(*p->env));
    bool whole = p->env && add_text(p->env, key, home);
    for (size_t i = 0; whole && i < count; i++)
        if (strncmp(environ[i], key, sizeof(key) - 1) != 0)
            whole = add_text(p->env, "", environ[i]);
    return whole;
}

/* The arguments that both commands have: configuration and network. */
static bool make_arguments(struct publisher *p, const struct publisher_spec *spec)
{
    p->argv = calloc(2 * spec->assignment_count + 5, sizeof(*p->argv));
    bool whole = p->argv != NULL;
    if (whole && spec->config)
        whole = add_text(p->argv, "--config", "") && add_text(p->argv, "", spec->config);
    for (size_t i = 0; whole && i < spec->assignment_count; i++)
        whole = add_text(p->argv, "-o", "") && add_text(p->argv, "", spec->assignments[i]);
    if (whole && spec->torrc)
        whole = add_text(p->argv, "-o", "") && add_text(p->argv, "tor.torrc=", spec->torrc);
    return whole;
}

/* ---- its processes ---- */

/* What a command ends with; lines of the log are none of that. */
static void keep_words(struct publisher *p, const char *line, size_t len)
{
    static const char self[] = "beam: ";
    const size_t skip = sizeof(self) - 1;
    if (len > skip && memcmp(line, self, skip) == 0)
        text_escape(line + skip, len - skip, p->words, sizeof(p->words));
}

static void ended(struct publisher *p)
{
    if (!p->stopping)
        loop_post(p->loop, &p->failed);
    else if (!p->relay && !p->daemon && !p->beam)
        loop_post(p->loop, &p->stopped);
}

static void on_failed(void *arg)
{
    struct publisher *p = arg;
    struct beam_why why;
    if (p->stopping)
        return;
    beam_why(&why, BEAM_EIO, "%s",
             p->words[0] ? p->words : "demo: beam, its daemon or the relay was killed");
    p->events.failed(p->events.arg, &why);
}

static void on_stopped(void *arg)
{
    struct publisher *p = arg;
    p->done(p->done_arg);
}

/* The onion is told of once as a path, and then as an event like others. */
static bool read_path(struct publisher *p, const cJSON *e)
{
    if (strcmp(json_text(e, "path"), "relay") == 0) {
        p->events.relayed(p->events.arg, json_text(e, "url"));
        return true;
    }
    if (p->told)
        return false;
    p->told = true;
    p->events.ready(p->events.arg, json_text(e, "url"));
    return true;
}

static void read_event(struct publisher *p, const cJSON *e)
{
    const char *name = json_text(e, "event");
    if (strcmp(name, "path_up") == 0 && read_path(p, e))
        return;
    if (strcmp(name, "progress") == 0 && strcmp(json_text(e, "path"), "relay") == 0)
        return; /* which is over before it could be read */
    if (strcmp(name, "progress") == 0) {
        const cJSON *percent = cJSON_GetObjectItemCaseSensitive(e, "percent");
        p->events.progress(p->events.arg, cJSON_IsNumber(percent) ? percent->valueint : 0,
                           json_text(e, "summary"));
    } else {
        p->events.event(p->events.arg, name, e);
    }
}

static void on_beam_line(void *arg, const char *line, size_t len)
{
    struct publisher *p = arg;
    cJSON *e = len > 0 && line[0] == '{' ? cJSON_ParseWithLength(line, len) : NULL;
    if (e && !p->stopping)
        read_event(p, e);
    else if (!e)
        keep_words(p, line, len);
    cJSON_Delete(e);
}

static void on_beam_ended(void *arg, int status)
{
    struct publisher *p = arg;
    (void)status;
    p->beam = NULL;
    ended(p);
}

static void on_relay_ended(void *arg, int status)
{
    struct publisher *p = arg;
    (void)status;
    p->relay = NULL;
    ended(p);
}

static void on_daemon_ended(void *arg, int status)
{
    struct publisher *p = arg;
    (void)status;
    p->daemon = NULL;
    ended(p);
}

/* Runs this program: own words first, then those that both commands have. */
static int spawn(struct publisher *p, const char *const *own, size_t own_count,
                 const struct child_spec *how, struct child **out, struct beam_why *why)
{
    size_t common = 0;
    while (p->argv[common])
        common++;
    const char **argv = calloc(own_count + common + 2, sizeof(*argv));
    if (!argv)
        return beam_why(why, BEAM_ENOMEM, "demo: out of memory");
    argv[0] = "/proc/self/exe";
    memcpy(argv + 1, own, own_count * sizeof(*own));
    memcpy(argv + 1 + own_count, p->argv, common * sizeof(*p->argv));
    struct child_spec spec = *how;
    spec.argv = argv;
    spec.env = (const char *const *)p->env;
    spec.die_with_us = true;
    spec.arg = p;
    int err = child_spawn(p->loop, &spec, out, why);
    free(argv);
    return err;
}

static void start_beam(struct publisher *p)
{
    const char *const own[] = {p->port, "--tor", p->at_relay, "--json"};
    const struct child_spec how = {.on_line = on_beam_line, .on_exit = on_beam_ended};
    struct beam_why why;
    if (spawn(p, own, sizeof(own) / sizeof(own[0]), &how, &p->beam, &why) < 0) {
        snprintf(p->words, sizeof(p->words), "%.*s", (int)sizeof(p->words) - 1, why.text);
        ended(p);
    }
}

/* The first thing a daemon in the foreground says is that it is ready. */
static void on_daemon_line(void *arg, const char *line, size_t len)
{
    static const char ready[] = "daemon ready";
    struct publisher *p = arg;
    if (!memmem(line, len, ready, sizeof(ready) - 1))
        keep_words(p, line, len);
    else if (!p->beam && !p->stopping)
        start_beam(p);
}

static void start_daemon(struct publisher *p)
{
    const char *const own[] = {"daemon"};
    const struct child_spec how = {.on_line = on_daemon_line, .on_exit = on_daemon_ended};
    struct beam_why why;
    if (spawn(p, own, 1, &how, &p->daemon, &why) < 0) {
        snprintf(p->words, sizeof(p->words), "%.*s", (int)sizeof(p->words) - 1, why.text);
        ended(p);
    }
}

/* Where it listens is the first thing that a relay says. */
static void on_relay_line(void *arg, const char *line, size_t len)
{
    struct publisher *p = arg;
    cJSON *e = len > 0 && line[0] == '{' ? cJSON_ParseWithLength(line, len) : NULL;
    if (!e)
        keep_words(p, line, len);
    else if (strcmp(json_text(e, "event"), "listening") == 0 && !p->daemon && !p->stopping) {
        snprintf(p->at_relay, sizeof(p->at_relay), "--community-relay=%s", json_text(e, "p2p"));
        start_daemon(p);
    }
    cJSON_Delete(e);
}

static int start_relay(struct publisher *p, struct beam_why *why)
{
    const char *const own[] = {
        "relay",        "--listen", "127.0.0.1:0",       "--p2p", "127.0.0.1:0", "-o",
        "relay.tor=no", "-o",       "relay.announce=no", "--json"};
    const struct child_spec how = {.on_line = on_relay_line, .on_exit = on_relay_ended};
    return spawn(p, own, sizeof(own) / sizeof(own[0]), &how, &p->relay, why);
}

int publisher_start(struct loop *l, const struct publisher_spec *spec,
                    const struct publisher_events *events, struct publisher **out,
                    struct beam_why *why)
{
    struct publisher *p = calloc(1, sizeof(*p));
    if (!p)
        return beam_why(why, BEAM_ENOMEM, "demo: out of memory");
    p->loop = l;
    p->events = *events;
    snprintf(p->port, sizeof(p->port), "%u", spec->port);
    loop_task_init(&p->failed, on_failed, p);
    loop_task_init(&p->stopped, on_stopped, p);
    int err = make_environment(p, spec->home) && make_arguments(p, spec)
                  ? start_relay(p, why)
                  : beam_why(why, BEAM_ENOMEM, "demo: out of memory");
    if (err < 0) {
        publisher_free(p);
        return err;
    }
    *out = p;
    return 0;
}

void publisher_stop(struct publisher *p, void (*done)(void *arg), void *arg)
{
    p->stopping = true;
    p->done = done;
    p->done_arg = arg;
    if (p->beam)
        child_stop(p->beam, GRACE_MS);
    if (p->daemon)
        child_stop(p->daemon, GRACE_MS);
    if (p->relay)
        child_stop(p->relay, GRACE_MS);
    ended(p);
}

void publisher_free(struct publisher *p)
{
    if (!p)
        return;
    loop_task_cancel(p->loop, &p->failed);
    loop_task_cancel(p->loop, &p->stopped);
    child_free(p->beam);
    child_free(p->daemon);
    child_free(p->relay);
    free_texts(p->env);
    free_texts(p->argv);
    free(p);
}
