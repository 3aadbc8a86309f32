/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/file.h"
#include "base/log.h"
#include "tor/scrub.h"
#include "tor/torrc.h"

struct spawn {
    struct child *child;
    struct spawn_events events;
    struct complaints complaints;
    bool goes_on;  /* what comes next is of the same line */
    char *bridges; /* a copy of their lines, which tor's SafeLogging knows nothing of; or NULL */
};

/* "dir/name" into path[PATH_MAX]. 0 or BEAM_ELIMIT. */
static int join(const char *dir, const char *name, char *path)
{
    int n = snprintf(path, PATH_MAX, "%s/%s", dir, name);
    return n < 0 || n >= PATH_MAX ? BEAM_ELIMIT : 0;
}

int spawn_check(const struct spawn_spec *spec, struct beam_why *why)
{
    /* The longest of the two sockets' names. */
    char path[PATH_MAX];
    struct addr addr;
    if (spec->dir[0] != '/')
        return beam_why(why, BEAM_EINVAL, "tor: %s: the folder must be an absolute path",
                        spec->dir);
    if (join(spec->dir, TORRC_CONTROL, path) < 0 || addr_unix(path, &addr) < 0)
        return beam_why(why, BEAM_ELIMIT,
                        "tor: %s: too long for the sockets in it, by %zu bytes (set BEAM_HOME to a "
                        "shorter path)",
                        spec->dir, strlen(spec->dir) + strlen("/" TORRC_CONTROL) - (size_t)107);
    return 0;
}

bool spawn_locked(const char *dir)
{
    char path[PATH_MAX];
    if (join(dir, TORRC_DATA "/lock", path) < 0)
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    bool locked = flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
    close(fd);
    return locked;
}

void spawn_clean(const char *dir)
{
    static const char *const names[] = {TORRC_CONTROL, TORRC_SOCKS, TORRC_COOKIE};
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (join(dir, names[i], path) == 0)
            file_remove(path);
}

/* tor would say so too, but in words about its own options. */
static int check_include(const char *path, struct beam_why *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return beam_why(why, beam_err_errno(errno),
                        "tor.torrc: %s: %s (name a file that can be read)", path, strerror(errno));
    struct stat st;
    int err = 0;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        err = beam_why(why, BEAM_EINVAL, "tor.torrc: %s: not a file (name one with torrc lines)",
                       path);
    else if ((st.st_uid != geteuid() && st.st_uid != 0) || (st.st_mode & 022) != 0)
        /* Its lines can name programs to run. */
        err = beam_why(why, BEAM_EPERM,
                       "tor.torrc: %s: others than you and root can write it (run: chown %lu '%s' "
                       "&& chmod go-w '%s')",
                       path, (unsigned long)geteuid(), path, path);
    close(fd);
    return err;
}

static int write_file(const char *dir, const char *name, const char *text, struct beam_why *why)
{
    char path[PATH_MAX];
    if (join(dir, name, path) < 0)
        return beam_why(why, BEAM_ELIMIT, "tor: %s: the path is too long", dir);
    int err = file_write(path, 0600, text, strlen(text));
    if (err < 0)
        beam_why(why, err, "tor: %s cannot be written: %s", path, file_fault(err));
    return err;
}

static bool runs(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static int write_torrc(const struct spawn_spec *spec, struct beam_why *why)
{
    const struct torrc torrc = {.dir = spec->dir,
                                .include = spec->torrc,
                                .bridges = spec->bridges,
                                .runs = runs,
                                .owner = getpid()};
    if (spec->text)
        return write_file(spec->dir, TORRC_FILE, spec->text, why);
    char *text = malloc(TORRC_MAX);
    if (!text)
        return beam_why(why, BEAM_ENOMEM, "tor: out of memory");
    int err = spec->torrc[0] ? check_include(spec->torrc, why) : 0;
    if (err == 0)
        err = torrc_client(&torrc, text, TORRC_MAX, why);
    if (err == 0)
        err = write_file(spec->dir, TORRC_FILE, text, why);
    free(text);
    return err;
}

static int prepare(const struct spawn_spec *spec, struct beam_why *why)
{
    int err = spawn_check(spec, why);
    if (err == 0)
        err = file_private_dir(spec->dir, why);
    if (err == 0)
        err = write_torrc(spec, why);
    if (err == 0)
        err = write_file(spec->dir, TORRC_DEFAULTS, "", why);
    return err;
}

/* Here, so that neither the log nor what is said of tor's end has them; and before anything is cut
 * or escaped, by which half of an address would be left. */
static void scrub(const struct spawn *s, char *text, size_t size)
{
    const struct bridges bridges = {.bridges = s->bridges};
    if (log_scrub(text) == text)
        return;
    bridges_scrub(&bridges, text, size);
    scrub_line(text, size);
}

static void on_line(void *arg, const char *line, size_t len)
{
    struct spawn *s = arg;
    struct logline l;
    char text[2 * CHILD_LINE_MAX]; /* what takes the place of an address may be longer */
    bool rest = s->goes_on;
    s->goes_on = len == CHILD_LINE_MAX;
    if (rest)
        return; /* it would begin anywhere, and none of it has room below */
    while (s->goes_on && len > 0 && line[len - 1] != ' ')
        len--;
    for (size_t i = 0; i < len; i++)
        text[i] = line[i] ? line[i] : ' ';
    text[len] = '\0';
    scrub(s, text, sizeof(text));
    logline_parse(text, strlen(text), &l);
    complaints_note(&s->complaints, &l);
    if (l.level >= LOGLINE_WARN)
        log_info("tor", "tor: %s", l.text);
    else
        log_debug("tor", "tor: %s", l.text);
    s->events.log(s->events.arg, &l);
}

/* How it ended, and its last complaints. */
static void describe(const struct spawn *s, int status, struct beam_why *why)
{
    char last[sizeof(why->text)];
    complaints_text(&s->complaints, last, sizeof(last));
    if (strstr(last, "HiddenServiceNonAnonymousMode") || strstr(last, "HiddenServiceSingleHopMode"))
        beam_why(why, BEAM_EPOLICY,
                 "tor.torrc asks for onion services that are not anonymous, which beam refuses "
                 "(take these options out of it): %s",
                 last);
    else if (strstr(last, "same data directory"))
        beam_why(why, BEAM_EEXIST,
                 "another tor process has the data directory that is for beam's own (stop it, or "
                 "set BEAM_HOME to another folder)");
    else if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGTERM))
        /* Somebody's decision, of which tor knew nothing when it last complained. */
        beam_why(why, BEAM_ERESET, "tor was killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else if (WIFSIGNALED(status))
        beam_why(why, BEAM_ERESET, "tor was killed by signal %d (%s)%s%s", WTERMSIG(status),
                 strsignal(WTERMSIG(status)), last[0] ? ": " : "", last);
    else
        beam_why(why, BEAM_EIO,
                 "tor ended with status %d%s%s (mend what it names; lines that beam did not write "
                 "are from the file that tor.torrc names)",
                 WEXITSTATUS(status), last[0] ? ": " : "", last);
}

static void discard(struct spawn *s)
{
    free(s->bridges);
    free(s);
}

static void on_exit_of(void *arg, int status)
{
    struct spawn *s = arg;
    struct spawn_events events = s->events;
    struct beam_why why;
    describe(s, status, &why);
    discard(s);
    events.ended(events.arg, status, &why);
}

/* PATH is ours, so that what was named is what is found; all else is plain. */
static int run(struct loop *l, const struct spawn_spec *spec, struct spawn *s, struct beam_why *why)
{
    char torrc[PATH_MAX], defaults[PATH_MAX], home[PATH_MAX + 8], *path = NULL;
    const char *ours = getenv("PATH");
    if (join(spec->dir, TORRC_FILE, torrc) < 0 || join(spec->dir, TORRC_DEFAULTS, defaults) < 0)
        return beam_why(why, BEAM_ELIMIT, "tor: %s: the path is too long", spec->dir);
    snprintf(home, sizeof(home), "HOME=%s", spec->dir);
    if (asprintf(&path, "PATH=%s", ours ? ours : "/usr/local/bin:/usr/bin:/bin") < 0)
        return beam_why(why, BEAM_ENOMEM, "tor: out of memory");
    const char *argv[] = {spec->binary, "-f", torrc, "--defaults-torrc", defaults, NULL};
    const char *env[] = {path, home, "LANG=C", NULL};
    struct child_spec child = {.argv = argv,
                               .env = env,
                               .dir = spec->dir,
                               .die_with_us = true,
                               .on_line = on_line,
                               .on_exit = on_exit_of,
                               .arg = s};
    int err = child_spawn(l, &child, &s->child, why);
    free(path);
    return err;
}

int spawn_start(struct loop *l, const struct spawn_spec *spec, const struct spawn_events *events,
                struct spawn **out, struct beam_why *why)
{
    struct spawn *s = calloc(1, sizeof(*s));
    if (!s)
        return beam_why(why, BEAM_ENOMEM, "tor: out of memory");
    s->events = *events;
    int err = 0;
    if (spec->bridges.bridges && !(s->bridges = strdup(spec->bridges.bridges)))
        err = beam_why(why, BEAM_ENOMEM, "tor: out of memory");
    if (err == 0)
        err = prepare(spec, why);
    if (err == 0) {
        spawn_clean(spec->dir);
        err = run(l, spec, s, why);
    }
    if (err < 0) {
        discard(s);
        return err;
    }
    *out = s;
    return 0;
}

pid_t spawn_pid(const struct spawn *s)
{
    return child_pid(s->child);
}

void spawn_stop(struct spawn *s, uint64_t grace_ms)
{
    if (grace_ms == 0)
        child_signal(s->child, SIGKILL);
    else
        child_stop(s->child, grace_ms);
}

void spawn_free(struct spawn *s)
{
    if (!s)
        return;
    child_free(s->child);
    discard(s);
}
