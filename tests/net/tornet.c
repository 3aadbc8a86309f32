/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A private Tor network for as long as its standard input stays open:
 *
 *     tornet [--dir DIR] [--address IP] [--tor PATH]
 *
 * Prints "ready FILE" once clients that include FILE in their torrc can use
 * it; ends on SIGTERM, SIGINT or the end of its input (a pipe or a terminal),
 * with nothing left running and its folder removed.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/file.h"
#include "base/log.h"
#include "loop/loop.h"
#include "tor/private_network.h"

struct tornet {
    struct loop *loop;
    struct private_network *net;
    int status;
};

static void on_progress(void *arg, int percent, const char *summary)
{
    (void)arg;
    fprintf(stderr, "tornet: %d %% %s\n", percent, summary);
}

static void on_ready(void *arg, int err, const struct beam_why *why)
{
    struct tornet *t = arg;
    if (err < 0) {
        fprintf(stderr, "tornet: %s\n", why->text);
        t->status = 1;
        loop_stop(t->loop);
        return;
    }
    printf("ready %s\n", private_network_torrc(t->net));
    if (fflush(stdout) != 0)
        loop_stop(t->loop);
}

static void on_signal(void *arg, int signum)
{
    struct tornet *t = arg;
    (void)signum;
    loop_stop(t->loop);
}

static void on_input(void *arg, unsigned ready)
{
    struct tornet *t = arg;
    char bytes[256];
    (void)ready;
    if (read(STDIN_FILENO, bytes, sizeof(bytes)) <= 0)
        loop_stop(t->loop);
}

static int run(struct tornet *t, const struct private_network_options *options)
{
    const struct private_network_events events = {
        .progress = on_progress, .ready = on_ready, .arg = t};
    struct loop_signal term = {0}, interrupt = {0};
    struct loop_watch input = {0};
    struct beam_why why;
    int err = loop_signal_start(t->loop, &term, SIGTERM, on_signal, t);
    if (err == 0)
        err = loop_signal_start(t->loop, &interrupt, SIGINT, on_signal, t);
    if (err == 0)
        err = loop_watch_start(t->loop, &input, STDIN_FILENO, LOOP_READ, on_input, t);
    if (err < 0)
        beam_why(&why, err, "standard input must be a pipe or a terminal");
    else
        err = private_network_start(t->loop, options, &events, &t->net, &why);
    if (err < 0) {
        fprintf(stderr, "tornet: %s\n", why.text);
        t->status = 1;
    } else {
        loop_run(t->loop);
    }
    private_network_free(t->net);
    loop_watch_stop(&input);
    loop_signal_stop(&interrupt);
    loop_signal_stop(&term);
    return t->status;
}

static int usage(void)
{
    fputs("usage: tornet [--dir DIR] [--address IP] [--tor PATH]\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    static const struct option known[] = {{"dir", required_argument, NULL, 'd'},
                                          {"address", required_argument, NULL, 'a'},
                                          {"tor", required_argument, NULL, 't'},
                                          {NULL, 0, NULL, 0}};
    char made[] = "/tmp/tornet.XXXXXX";
    struct private_network_options options = {.binary = "tor", .address = "127.0.0.1"};
    struct tornet t = {0};
    for (int opt; (opt = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (opt == 'd')
            options.dir = optarg;
        else if (opt == 'a')
            options.address = optarg;
        else if (opt == 't')
            options.binary = optarg;
        else
            return usage();
    }
    if (optind != argc)
        return usage();
    if (!options.dir)
        options.dir = mkdtemp(made);
    if (sodium_init() < 0 || !options.dir || loop_new(&t.loop) < 0) {
        perror("tornet");
        return 1;
    }
    run(&t, &options);
    loop_free(t.loop);
    if (file_remove_tree(options.dir) < 0)
        fprintf(stderr, "tornet: %s could not be removed\n", options.dir);
    return t.status;
}
