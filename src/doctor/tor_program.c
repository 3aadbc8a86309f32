/* SPDX-License-Identifier: BSD-3-Clause */
#include "doctor/tor_program.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/text.h"
#include "loop/child.h"
#include "loop/program.h"
#include "tor/protocol_info.h"

enum { DEADLINE = 10000 }; /* ms, for it to say its version */

struct asking {
    struct loop *loop;
    struct child *child;
    struct loop_timer deadline;
    char version[TOR_PROGRAM_VERSION_SIZE];
    int status;
};

bool tor_program_version(const char *line, size_t len, char *out)
{
    static const char start[] = "Tor version ";
    size_t at = sizeof(start) - 1, n = 0;
    if (len <= at || memcmp(line, start, at) != 0)
        return false;
    while (at + n < len && line[at + n] != ' ')
        n++;
    if (n > 0 && line[at + n - 1] == '.')
        n--;
    if (n == 0 || n >= TOR_PROGRAM_VERSION_SIZE)
        return false;
    char raw[TOR_PROGRAM_VERSION_SIZE];
    memcpy(raw, line + at, n);
    text_escape(raw, n, out, TOR_PROGRAM_VERSION_SIZE);
    return true;
}

static void on_line(void *arg, const char *line, size_t len)
{
    struct asking *a = arg;
    if (!a->version[0])
        (void)tor_program_version(line, len, a->version);
}

static void on_exit_of(void *arg, int status)
{
    struct asking *a = arg;
    a->child = NULL;
    a->status = status;
    loop_stop(a->loop);
}

static void on_deadline(void *arg)
{
    struct asking *a = arg;
    loop_stop(a->loop);
}

static bool judge(struct findings *fs, const struct asking *a, const char *path)
{
    if (a->child)
        findings_add(fs, "tor", FINDINGS_FAIL, "run it by hand, or name another with tor.binary",
                     "%s --version does not end within %d s", path, DEADLINE / 1000);
    else if (!WIFEXITED(a->status) || WEXITSTATUS(a->status) != 0 || !a->version[0])
        findings_add(fs, "tor", FINDINGS_FAIL, "run it by hand, or name another with tor.binary",
                     "%s --version does not tell tor's version", path);
    else if (!protocol_version_ok(a->version))
        findings_add(fs, "tor", FINDINGS_FAIL,
                     "update tor (apt install tor), or name another with tor.binary",
                     "%s is tor %s, which is too old: beam needs " PROTOCOL_OLDEST " or later",
                     path, a->version);
    else {
        findings_add(fs, "tor", FINDINGS_OK, "", "%s, version %s", path, a->version);
        return true;
    }
    return false;
}

bool tor_program_check(struct findings *fs, struct loop *l, const char *binary)
{
    struct asking a = {.loop = l};
    struct beam_why why;
    char *path = NULL;
    if (program_find(binary, &path, &why) < 0) {
        findings_add_why(fs, "tor", FINDINGS_FAIL, &why);
        return false;
    }
    const char *const argv[] = {path, "--version", NULL}, *const env[] = {"LANG=C", NULL};
    const struct child_spec spec = {.argv = argv,
                                    .env = env,
                                    .die_with_us = true,
                                    .on_line = on_line,
                                    .on_exit = on_exit_of,
                                    .arg = &a};
    bool fine = false;
    loop_timer_init(l, &a.deadline, on_deadline, &a);
    if (child_spawn(l, &spec, &a.child, &why) < 0) {
        findings_add_why(fs, "tor", FINDINGS_FAIL, &why);
    } else {
        loop_timer_set(&a.deadline, DEADLINE);
        (void)loop_run(l);
        fine = judge(fs, &a, path);
    }
    loop_timer_clear(&a.deadline);
    child_free(a.child);
    free(path);
    return fine;
}
