/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/loop/until.h"

struct story {
    struct loop *loop;
    struct child *child;
    char out[32 * 1024]; /* the lines, each ended by '|' */
    size_t len, lines;
    bool ended, free_at_line;
    int status;
};

static void on_line(void *arg, const char *line, size_t len)
{
    struct story *s = arg;
    cr_assert(!s->ended, "all output comes before the end");
    cr_assert_leq(len, (size_t)CHILD_LINE_MAX);
    if (s->len + len + 1 < sizeof(s->out)) {
        memcpy(s->out + s->len, line, len);
        s->out[s->len + len] = '|';
        s->len += len + 1;
    }
    s->lines++;
    if (s->free_at_line) {
        child_free(s->child);
        s->child = NULL;
        s->ended = true;
    }
}

static void on_exit_call(void *arg, int status)
{
    struct story *s = arg;
    s->ended = true;
    s->status = status;
    s->child = NULL;
}

static int spawn(struct story *s, const char *script, struct beam_why *why)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    static const char *const env[] = {"ONLY=this", NULL};
    struct child_spec spec = {
        .argv = argv, .env = env, .on_line = on_line, .on_exit = on_exit_call, .arg = s};
    return child_spawn(s->loop, &spec, &s->child, why);
}

static struct story *story_run(const char *script)
{
    struct story *s = calloc(1, sizeof(*s));
    cr_assert_not_null(s);
    s->loop = until_loop_new();
    cr_assert_eq(spawn(s, script, NULL), 0);
    cr_assert(until_flag(s->loop, &s->ended));
    return s;
}

static void story_free(struct story *s)
{
    child_free(s->child);
    loop_free(s->loop);
    free(s);
}

BEAM_TEST(child, gives_lines_and_status)
{
    struct story *s = story_run("echo one; echo two >&2; echo; printf rest; exit 7");
    cr_assert_str_eq(s->out, "one|two||rest|");
    cr_assert(WIFEXITED(s->status) && WEXITSTATUS(s->status) == 7);
    story_free(s);
    s = story_run("kill -9 $$");
    cr_assert(WIFSIGNALED(s->status) && WTERMSIG(s->status) == SIGKILL);
    story_free(s);
}

BEAM_TEST(child, starts_clean)
{
    int inherited = dup(0); /* without close-on-exec */
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t usr1;
    cr_assert(inherited >= 0);
    cr_assert_eq(sigaction(SIGUSR2, &ignore, NULL), 0);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    cr_assert_eq(sigprocmask(SIG_BLOCK, &usr1, NULL), 0);
    /* 32 and 33 are the C library's own: its posix_spawn, which make uses, leaves them ignored,
     * and its sigaction refuses to change them. */
    struct story *s =
        story_run("pwd; readlink /proc/self/fd/0; /bin/ls /proc/self/fd | tr '\\n' ' '; echo;"
                  "grep -E '^Sig(Blk|Ign)' /proc/$$/status | tr '\\t' ' ' |"
                  "sed 's/^\\(SigIgn: 0000000\\)[01][08]/\\100/';"
                  "read x || echo eof; export -p");
    char *end = strstr(s->out, "export");
    cr_assert_not_null(end, "%s", s->out);
    /* ls holds 3 open itself, on the folder that it reads. */
    cr_assert_eq(strncmp(s->out,
                         "/|/dev/null|0 1 2 3 |SigBlk: 0000000000000000|SigIgn: "
                         "0000000000000000|eof|",
                         (size_t)(end - s->out)),
                 0, "%s", s->out);
    cr_assert_not_null(strstr(end, "ONLY='this'"));
    cr_assert_null(strstr(end, "HOME"));
    close(inherited);
    story_free(s);
}

BEAM_TEST(child, works_without_standard_descriptors)
{
    struct story *s = calloc(1, sizeof(*s));
    cr_assert_not_null(s);
    s->loop = until_loop_new();
    int keep[3];
    for (int i = 0; i < 3; i++)
        keep[i] = fcntl(i, F_DUPFD_CLOEXEC, 100);
    for (int i = 0; i < 3; i++)
        close(i);
    int err = spawn(s, "echo out; echo err >&2; read x || echo eof", NULL);
    bool ended = err == 0 && until_flag(s->loop, &s->ended);
    for (int i = 0; i < 3; i++)
        dup2(keep[i], i);
    cr_assert(ended);
    cr_assert_str_eq(s->out, "out|err|eof|");
    for (int i = 0; i < 3; i++)
        close(keep[i]);
    story_free(s);
}

BEAM_TEST(child, cuts_long_lines)
{
    struct story *s = story_run("head -c 10000 /dev/zero | tr '\\0' x; echo; echo end");
    cr_assert_eq(s->len, 10000u + 3 + 4);
    cr_assert_eq(s->lines, 4u);
    cr_assert_str_eq(s->out + s->len - 5, "|end|");
    story_free(s);
}

static bool has_spoken(void *arg)
{
    return ((struct story *)arg)->lines > 0;
}

BEAM_TEST(child, stop_asks_and_then_kills)
{
    struct story *s = calloc(1, sizeof(*s));
    cr_assert_not_null(s);
    s->loop = until_loop_new();
    cr_assert_eq(spawn(s, "trap 'echo asked' TERM; echo up; while :; do sleep 0.05; done", NULL),
                 0);
    cr_assert(until(s->loop, has_spoken, s)); /* it has its trap by now */
    child_stop(s->child, 300);
    cr_assert(until_flag(s->loop, &s->ended));
    cr_assert_str_eq(s->out, "up|asked|");
    cr_assert(WIFSIGNALED(s->status) && WTERMSIG(s->status) == SIGKILL);
    story_free(s);
}

BEAM_TEST(child, does_not_wait_for_those_who_inherited_its_output)
{
    struct story *s = story_run("sleep 1000 & echo $!");
    cr_assert(WIFEXITED(s->status) && WEXITSTATUS(s->status) == 0);
    pid_t left = (pid_t)strtol(s->out, NULL, 10);
    cr_assert(left > 1 && kill(left, SIGKILL) == 0);
    story_free(s);
}

/* Whether it has ended, be it that whoever inherited it has not looked yet. */
static bool has_ended(pid_t pid)
{
    char path[64], state[512] = "";
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "r");
    if (!f)
        return true;
    if (!fgets(state, sizeof(state), f))
        state[0] = 0; /* it went just now */
    fclose(f);
    return state[0] == 0 || strstr(state, ") Z ");
}

static bool is_gone(void *arg)
{
    return has_ended((pid_t)strtol(((struct story *)arg)->out, NULL, 10));
}

static struct story *with_a_grandchild(void)
{
    struct story *s = calloc(1, sizeof(*s));
    cr_assert_not_null(s);
    s->loop = until_loop_new();
    cr_assert_eq(spawn(s, "sleep 1000 & echo $!; wait", NULL), 0);
    cr_assert(until(s->loop, has_spoken, s));
    return s;
}

BEAM_TEST(child, what_it_started_ends_when_it_is_stopped)
{
    struct story *s = with_a_grandchild();
    child_stop(s->child, 10000);
    cr_assert(until_flag(s->loop, &s->ended));
    cr_assert(WIFSIGNALED(s->status) && WTERMSIG(s->status) == SIGTERM);
    cr_assert(until(s->loop, is_gone, s));
    story_free(s);
}

BEAM_TEST(child, what_it_started_ends_when_it_is_freed)
{
    struct story *s = with_a_grandchild();
    child_free(s->child);
    s->child = NULL;
    cr_assert(until(s->loop, is_gone, s));
    story_free(s);
}

BEAM_TEST(child, can_be_freed_from_its_own_line)
{
    struct story *s = calloc(1, sizeof(*s));
    cr_assert_not_null(s);
    s->loop = until_loop_new();
    s->free_at_line = true;
    cr_assert_eq(spawn(s, "echo $$; echo more; exec sleep 1000", NULL), 0);
    pid_t pid = child_pid(s->child);
    cr_assert(until_flag(s->loop, &s->ended));
    cr_assert_eq(s->lines, 1u);
    cr_assert_eq((pid_t)strtol(s->out, NULL, 10), pid);
    cr_assert(kill(pid, 0) < 0 && errno == ESRCH, "killed and waited for");
    story_free(s);
}

BEAM_TEST(child, says_why_it_cannot_start)
{
    struct loop *l = until_loop_new();
    struct child *c = NULL;
    struct beam_why why = {0};
    const char *argv[] = {"no-such-program-anywhere", NULL};
    static const char *const env[] = {NULL};
    struct child_spec spec = {.argv = argv, .env = env, .on_exit = on_exit_call};
    cr_assert_eq(child_spawn(l, &spec, &c, &why), BEAM_ENOTFOUND);
    cr_assert_not_null(strstr(why.text, "no-such-program-anywhere"));
    argv[0] = "/etc/passwd";
    cr_assert_eq(child_spawn(l, &spec, &c, &why), BEAM_EPERM);
    argv[0] = "sh"; /* execve itself refuses */
    spec.dir = "/no/such/folder";
    cr_assert_eq(child_spawn(l, &spec, &c, &why), BEAM_ENOTFOUND);
    cr_assert_not_null(strstr(why.text, "No such file"));
    cr_assert_null(c);
    loop_free(l);
}

BEAM_TEST(child, leads_a_session_without_a_terminal)
{
    /* The 6th and 7th: session, terminal. */
    struct story *s = story_run("set -- $(cat /proc/$$/stat); [ $1 = $6 ] && echo leads $7");
    cr_assert_str_eq(s->out, "leads 0|");
    story_free(s);
}

/* A helper process spawns a child that is to die with it, and is killed. */
BEAM_TEST(child, dies_with_us)
{
    int up[2];
    char line[64] = "";
    cr_assert_eq(pipe(up), 0);
    pid_t helper = fork();
    if (helper == 0) { /* which asserts nothing: Criterion would wait for an answer in it */
        const char *const argv[] = {"/bin/sleep", "1000", NULL};
        static const char *const env[] = {NULL};
        struct child_spec spec = {.argv = argv, .env = env, .die_with_us = true};
        struct loop *l = NULL;
        struct child *c = NULL;
        if (loop_new(&l) == 0 && child_spawn(l, &spec, &c, NULL) == 0)
            dprintf(up[1], "%d", (int)child_pid(c));
        close(up[1]);
        pause();
        _exit(1);
    }
    close(up[1]);
    cr_assert(helper > 0);
    cr_assert(read(up[0], line, sizeof(line) - 1) > 0);
    pid_t child = (pid_t)strtol(line, NULL, 10);
    cr_assert_gt(child, 1);
    cr_assert_eq(kill(helper, SIGKILL), 0);
    cr_assert_eq(waitpid(helper, NULL, 0), helper);
    for (int i = 0; i < 5000 && !has_ended(child); i++)
        usleep(1000);
    cr_assert(has_ended(child), "it lives on");
    close(up[0]);
}
