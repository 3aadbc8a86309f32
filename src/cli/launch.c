/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/launch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "loop/child.h"
#include "loop/program.h"

enum { WORDS_MAX = 400 };

struct launch {
    struct loop *loop;
    struct child *child;
    launch_fn *done;
    void *arg;
    struct loop_task served;
    char words[WORDS_MAX]; /* its last line */
};

static void answer(struct launch *la, int err, const struct beam_why *why)
{
    launch_fn *done = la->done;
    void *arg = la->arg;
    loop_task_cancel(la->loop, &la->served);
    free(la);
    done(arg, err, why);
}

static void on_served(void *arg)
{
    struct launch *la = arg;
    child_release(la->child);
    answer(la, 0, NULL);
}

static void on_line(void *arg, const char *line, size_t len)
{
    static const char ready[] = "ready", self[] = "beam: ";
    struct launch *la = arg;
    if (len == sizeof(ready) - 1 && memcmp(line, ready, len) == 0) {
        loop_post(la->loop, &la->served);
        return;
    }
    if (len > sizeof(self) - 1 && memcmp(line, self, sizeof(self) - 1) == 0) {
        line += sizeof(self) - 1;
        len -= sizeof(self) - 1;
    }
    if (len > 0)
        text_escape(line, len, la->words, sizeof(la->words));
}

static void on_ended(void *arg, int status)
{
    struct launch *la = arg;
    struct beam_why why;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        answer(la, 0, NULL);
        return;
    }
    if (la->words[0])
        beam_why(&why, BEAM_ENODAEMON, "daemon: could not be started: %s", la->words);
    else if (WIFSIGNALED(status))
        beam_why(&why, BEAM_ENODAEMON, "daemon: could not be started: ended by signal %d (%s)",
                 WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        beam_why(&why, BEAM_ENODAEMON, "daemon: could not be started: it ended with status %d",
                 WEXITSTATUS(status));
    answer(la, BEAM_ENODAEMON, &why);
}

/* Its command line, fresh; the words are borrowed. */
static const char **words_of(const char *program, const struct request_common *common)
{
    const char **argv = calloc(6 + 2 * common->count, sizeof(*argv));
    size_t n = 0;
    if (!argv)
        return NULL;
    argv[n++] = program;
    argv[n++] = "daemon";
    argv[n++] = "--on-demand";
    if (common->config) {
        argv[n++] = "--config";
        argv[n++] = common->config;
    }
    for (size_t i = 0; i < common->count; i++) {
        argv[n++] = "-o";
        argv[n++] = common->assignments[i];
    }
    return argv;
}

int launch_start(struct loop *l, const struct request_common *common, launch_fn *done, void *arg,
                 struct launch **out, struct beam_why *why)
{
    char path[4096];
    int err = BEAM_ENOMEM;
    struct launch *la = calloc(1, sizeof(*la));
    const char **argv = words_of(program_self(path, sizeof(path)), common);
    if (!la || !argv) {
        beam_why(why, err, "daemon: out of memory");
        goto out;
    }
    la->loop = l;
    la->done = done;
    la->arg = arg;
    loop_task_init(&la->served, on_served, la);
    const struct child_spec spec = {.argv = argv,
                                    .env = (const char *const *)environ,
                                    .on_line = on_line,
                                    .on_exit = on_ended,
                                    .arg = la};
    err = child_spawn(l, &spec, &la->child, why);
    if (err < 0)
        goto out;
    *out = la;
    la = NULL;
out:
    free(la);
    free(argv);
    return err;
}

void launch_free(struct launch *la)
{
    if (!la)
        return;
    loop_task_cancel(la->loop, &la->served);
    /* Others may use it by now. If nobody does, it ends by itself. */
    if (la->child)
        child_release(la->child);
    free(la);
}
