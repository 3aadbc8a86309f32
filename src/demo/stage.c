/* SPDX-License-Identifier: BSD-3-Clause */
#include "demo/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "demo/folder.h"

struct stage {
    struct loop *loop;
    const struct demo_options *options;
    struct stage_events events;
    struct conf *conf;
    char *folder, *home, *network_dir, *visitor_dir;
    struct app *app;
    struct private_network *network;
    struct publisher *publisher;
    struct visitor *visitor;
    int stopping; /* parties that have not stopped yet, and stage_stop itself */
    struct loop_task stopped;
};

/* ---- parties ---- */

static void clear(struct stage *s)
{
    publisher_free(s->publisher);
    visitor_free(s->visitor);
    private_network_free(s->network);
    s->publisher = NULL;
    s->visitor = NULL;
    s->network = NULL;
}

int stage_start_network(struct stage *s, struct beam_why *why)
{
    const struct private_network_options options = {
        .binary = s->conf->tor_binary, .dir = s->network_dir, .address = "127.0.0.1"};
    return private_network_start(s->loop, &options, &s->events.network, &s->network, why);
}

static int start_publisher(struct stage *s, struct beam_why *why)
{
    const struct publisher_spec spec = {.home = s->home,
                                        .torrc =
                                            s->network ? private_network_torrc(s->network) : NULL,
                                        .config = s->options->config,
                                        .assignments = s->options->assignments,
                                        .assignment_count = s->options->assignment_count,
                                        .port = app_port(s->app)};
    int err = file_private_dir(s->home, why);
    return err < 0 ? err
                   : publisher_start(s->loop, &spec, &s->events.publisher, &s->publisher, why);
}

static int start_visitor(struct stage *s, struct beam_why *why)
{
    const struct visitor_spec spec = {.binary = s->conf->tor_binary,
                                      .dir = s->visitor_dir,
                                      .torrc = s->network ? private_network_torrc(s->network)
                                                          : s->conf->tor_torrc};
    int err = file_private_dir(s->visitor_dir, why);
    return err < 0 ? err : visitor_start(s->loop, &spec, &s->events.visitor, &s->visitor, why);
}

int stage_start_parties(struct stage *s, struct beam_why *why)
{
    int err = start_publisher(s, why);
    return err < 0 ? err : start_visitor(s, why);
}

void stage_fetch(struct stage *s, const char *host)
{
    char request[256];
    snprintf(request, sizeof(request),
             "GET / HTTP/1.1\r\nHost: %.100s\r\nConnection: close\r\n\r\n", host);
    visitor_fetch(s->visitor, host, request);
}

uint16_t stage_port(const struct stage *s)
{
    return app_port(s->app);
}

/* ---- the end ---- */

static void on_stopped(void *arg)
{
    struct stage *s = arg;
    clear(s);
    (void)file_remove_tree(s->home);
    (void)file_remove_tree(s->visitor_dir);
    s->events.stopped(s->events.arg);
}

static void on_party_stopped(void *arg)
{
    struct stage *s = arg;
    if (--s->stopping == 0)
        loop_post(s->loop, &s->stopped);
}

void stage_stop(struct stage *s)
{
    s->stopping = 1;
    if (s->publisher) {
        s->stopping++;
        publisher_stop(s->publisher, on_party_stopped, s);
    }
    if (s->visitor) {
        s->stopping++;
        visitor_stop(s->visitor, on_party_stopped, s);
    }
    on_party_stopped(s);
}

/* ---- life ---- */

static int read_conf(struct stage *s, struct beam_why *why)
{
    const struct demo_options *o = s->options;
    int err = conf_new(&s->conf);
    if (err < 0)
        return beam_why(why, err, "demo: %s", beam_err_text(err));
    if (o->config)
        err = conf_load(s->conf, o->config, why);
    for (size_t i = 0; err == 0 && i < o->assignment_count; i++)
        err = conf_set(s->conf, o->assignments[i], why);
    return err;
}

static int make_folders(struct stage *s, struct beam_why *why)
{
    int err = folder_make(&s->folder, why);
    if (err < 0)
        return err;
    s->home = file_join(s->folder, "home");
    s->network_dir = file_join(s->folder, "network");
    s->visitor_dir = file_join(s->folder, "visitor");
    return s->home && s->network_dir && s->visitor_dir
               ? 0
               : beam_why(why, BEAM_ENOMEM, "demo: out of memory");
}

int stage_new(struct loop *l, const struct demo_options *options, const struct stage_events *events,
              struct stage **out, struct beam_why *why)
{
    struct stage *s = calloc(1, sizeof(*s));
    if (!s)
        return beam_why(why, BEAM_ENOMEM, "demo: out of memory");
    s->loop = l;
    s->options = options;
    s->events = *events;
    loop_task_init(&s->stopped, on_stopped, s);
    int err = read_conf(s, why);
    if (err == 0)
        err = make_folders(s, why);
    if (err == 0)
        err = app_start(l, &s->app, why);
    if (err < 0) {
        stage_free(s);
        return err;
    }
    *out = s;
    return 0;
}

void stage_free(struct stage *s)
{
    if (!s)
        return;
    loop_task_cancel(s->loop, &s->stopped);
    clear(s);
    app_free(s->app);
    free(s->home);
    free(s->network_dir);
    free(s->visitor_dir);
    folder_remove(s->folder);
    conf_free(s->conf);
    free(s);
}
