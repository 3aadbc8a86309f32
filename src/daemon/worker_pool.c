/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/worker_pool.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/log.h"
#include "base/text.h"
#include "loop/child.h"
#include "loop/program.h"

enum {
    AGAIN_MS = 100, /* from an end to the next start, at first and at most */
    AGAIN_MAX_MS = 10000,
    LASTED_MS = 60000, /* who ran that long ended for a reason of today */
    GRACE_MS = 1500,   /* to end in order */
    WHICH_SIZE = 24,
    PATH_SIZE = 4096
};

struct worker {
    struct worker_pool *pool;
    unsigned index;
    struct child *child; /* NULL: it waits for its next start */
    struct loop_timer again;
    uint64_t since;
    unsigned failures;
};

struct worker_pool {
    struct loop *loop;
    struct worker workers[WORKER_POOL_MAX + 1]; /* from 1 on */
    unsigned count;
    char *program; /* or NULL */
    char **words;  /* of their command line: room for the program first, and for two more behind */
    char *text;    /* that they lie in */
    size_t word_count;
    char *dir;
    void (*done)(void *arg);
    void *arg;
    bool stops;
};

int worker_pool_count(const char *text, unsigned *out, struct beam_why *why)
{
    uint64_t n = 0;
    if (strcmp(text, "auto") == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        n = cores < 1 ? 1 : cores > WORKER_POOL_MAX + 1 ? WORKER_POOL_MAX + 1 : (uint64_t)cores;
    } else if (text_number(text, strlen(text), WORKER_POOL_MAX + 1, &n) < 0 || n == 0) {
        return beam_why(why, BEAM_EUSAGE, "relay.workers %s: must be 1 to %d, or auto", text,
                        WORKER_POOL_MAX + 1);
    }
    *out = (unsigned)n;
    return 0;
}

int worker_pool_parse(const char *text, unsigned *index, unsigned *count, struct beam_why *why)
{
    const char *slash = strchr(text, '/');
    uint64_t k = 0, n = 0;
    if (!slash || text_number(text, (size_t)(slash - text), WORKER_POOL_MAX, &k) < 0 ||
        text_number(slash + 1, strlen(slash + 1), WORKER_POOL_MAX + 1, &n) < 0 || k == 0 || k >= n)
        return beam_why(why, BEAM_EUSAGE, "--worker %s: a relay starts these by itself", text);
    *index = (unsigned)k;
    *count = (unsigned)n;
    return 0;
}

/* ---- one ------------------------------------------------------------------------------------ */

/* It has escaped its lines, and told the time. */
static void on_line(void *arg, const char *line, size_t len)
{
    (void)arg;
    fprintf(stderr, "%.*s\n", (int)len, line);
}

static void try_later(struct worker *w)
{
    loop_timer_set(&w->again, backoff_pause(w->failures++, AGAIN_MS, AGAIN_MAX_MS));
}

static void look_for_end(struct worker_pool *p)
{
    for (unsigned i = 1; i < p->count; i++)
        if (p->workers[i].child)
            return;
    p->done(p->arg);
}

static void on_exit_of(void *arg, int status)
{
    struct worker *w = arg;
    struct worker_pool *p = w->pool;
    w->child = NULL;
    if (p->stops) {
        look_for_end(p);
        return;
    }
    if (loop_now(p->loop) - w->since > LASTED_MS)
        w->failures = 0;
    if (WIFSIGNALED(status))
        log_error("relay", "worker %u was ended by signal %d, and is started again", w->index,
                  WTERMSIG(status));
    else
        log_error("relay", "worker %u ended with status %d, and is started again", w->index,
                  WEXITSTATUS(status));
    try_later(w);
}

/* A relay of two versions would be none (p2p/crew), and whoever replaces the file does not want the
 * relay to end: that which runs is in memory until it does. */
static char *find_program(const struct worker *w, char path[PATH_SIZE])
{
    const struct worker_pool *p = w->pool;
    if (p->program)
        return p->program;
    if (program_self(path, PATH_SIZE) != path) {
        log_warn("relay",
                 "this program's file was replaced: worker %u is of the version that runs "
                 "(restart the relay to have the new one)",
                 w->index);
        snprintf(path, PATH_SIZE, "%s", PROGRAM_SELF);
    }
    return path;
}

static int start(struct worker *w, struct beam_why *why)
{
    struct worker_pool *p = w->pool;
    char option[] = "--worker", which[WHICH_SIZE], path[PATH_SIZE];
    snprintf(which, sizeof(which), "%u/%u", w->index, p->count);
    p->words[0] = find_program(w, path);
    p->words[p->word_count] = option;
    p->words[p->word_count + 1] = which;
    const struct child_spec spec = {.argv = (const char *const *)p->words,
                                    .env = (const char *const *)environ,
                                    .dir = p->dir,
                                    .die_with_us = true,
                                    .on_line = on_line,
                                    .on_exit = on_exit_of,
                                    .arg = w};
    int err = child_spawn(p->loop, &spec, &w->child, why);
    p->words[0] = p->words[p->word_count] = p->words[p->word_count + 1] = NULL;
    w->since = loop_now(p->loop);
    return err;
}

static void on_again(void *arg)
{
    struct worker *w = arg;
    struct beam_why why = {.text = ""};
    if (start(w, &why) == 0)
        return;
    log_error("relay", "worker %u could not be started: %s", w->index, why.text);
    try_later(w);
}

/* ---- all of them ---------------------------------------------------------------------------- */

static int copy_words(struct worker_pool *p, const char *const *argv)
{
    size_t n = 0, size = 1;
    for (; argv[n]; n++)
        size += strlen(argv[n]) + 1;
    p->words = calloc(n + 4, sizeof(*p->words));
    p->text = malloc(size);
    if (!p->words || !p->text)
        return BEAM_ENOMEM;
    char *at = p->text;
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(argv[i]) + 1;
        memcpy(at, argv[i], len);
        p->words[1 + i] = at;
        at += len;
    }
    p->word_count = 1 + n;
    return 0;
}

int worker_pool_new(const struct worker_pool_spec *spec, struct worker_pool **out,
                    struct beam_why *why)
{
    struct worker_pool *p = calloc(1, sizeof(*p));
    if (!p)
        return beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    p->loop = spec->loop;
    p->count = spec->count;
    for (unsigned i = 1; i < p->count; i++) {
        p->workers[i] = (struct worker){.pool = p, .index = i};
        loop_timer_init(p->loop, &p->workers[i].again, on_again, &p->workers[i]);
    }
    p->dir = strdup(spec->dir);
    p->program = spec->program ? strdup(spec->program) : NULL;
    int err = p->dir && !p->program == !spec->program ? copy_words(p, spec->argv) : BEAM_ENOMEM;
    if (err < 0)
        beam_why(why, err, "relay: out of memory");
    for (unsigned i = 1; err == 0 && i < p->count; i++)
        err = start(&p->workers[i], why);
    if (err < 0)
        worker_pool_free(p);
    else
        *out = p;
    return err;
}

bool worker_pool_stop(struct worker_pool *p, void (*done)(void *arg), void *arg)
{
    bool none = true;
    p->stops = true;
    p->done = done;
    p->arg = arg;
    for (unsigned i = 1; i < p->count; i++) {
        loop_timer_clear(&p->workers[i].again);
        if (p->workers[i].child)
            child_stop(p->workers[i].child, GRACE_MS);
        none = none && !p->workers[i].child;
    }
    return none;
}

void worker_pool_free(struct worker_pool *p)
{
    if (!p)
        return;
    for (unsigned i = 1; i < p->count; i++) {
        loop_timer_clear(&p->workers[i].again);
        child_free(p->workers[i].child);
    }
    free(p->program);
    free(p->words);
    free(p->text);
    free(p->dir);
    free(p);
}

pid_t worker_pool_pid(const struct worker_pool *p, unsigned index)
{
    const struct worker *w = index > 0 && index < p->count ? &p->workers[index] : NULL;
    return w && w->child ? child_pid(w->child) : 0;
}
