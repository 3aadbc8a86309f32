/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/hangup.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/harness.h"

enum { OTHER_SIGNAL, OF_TERMINAL, WENT_WRONG = 9 };

/* How a program is started. */
struct start {
    bool terminal, background, nohup;
};

/* A session of its own, with a terminal or none. False: it went wrong. */
static bool begin(const struct start *how, const char *name)
{
    /* Whoever runs the tests may have them ignore it. */
    struct sigaction hup = {.sa_handler = how->nohup ? SIG_IGN : SIG_DFL};
    int tty;
    if (setsid() < 0)
        return false;
    (void)sigaction(SIGHUP, &hup, NULL);
    if (!how->terminal)
        return true;
    tty = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    return tty >= 0 && ioctl(tty, TIOCSCTTY, 0) == 0;
}

/* In a child: what it makes of a SIGHUP before the terminal is closed, and of that one after. */
static int live(const struct start *how, int master)
{
    struct hangup h;
    sigset_t hup;
    int signum, before;
    const char *name = ptsname(master);
    sigemptyset(&hup);
    sigaddset(&hup, SIGHUP);
    if (!name || sigprocmask(SIG_BLOCK, &hup, NULL) < 0 || !begin(how, name))
        return WENT_WRONG;
    pid_t job = how->background ? fork() : 0;
    if (job > 0) { /* the shell */
        int status = W_EXITCODE(WENT_WRONG, 0);
        close(master);
        (void)waitpid(job, &status, 0);
        return WEXITSTATUS(status);
    }
    if (how->background && setpgid(0, 0) < 0)
        return WENT_WRONG;
    hangup_init(&h);
    (void)raise(SIGHUP);
    before = hangup_ends(&h);
    if (!how->nohup && sigwait(&hup, &signum) != 0)
        return WENT_WRONG;
    close(
        master); /* the last descriptor: it hangs up, with a signal for who is in its foreground */
    if (how->terminal && !how->background && !how->nohup && sigwait(&hup, &signum) != 0)
        return WENT_WRONG;
    return before ? WENT_WRONG : hangup_ends(&h) ? OF_TERMINAL : OTHER_SIGNAL;
}

static int outcome(struct start how)
{
    int status = 0, master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    cr_assert_geq(master, 0);
    cr_assert(grantpt(master) == 0 && unlockpt(master) == 0);
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0)
        _exit(live(&how, master));
    close(master);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFEXITED(status), "status %d", status);
    return WEXITSTATUS(status);
}

BEAM_TEST(hangup, of_the_terminal_in_whose_foreground_it_runs_ends_it)
{
    cr_expect_eq(outcome((struct start){.terminal = true}), OF_TERMINAL);
}

BEAM_TEST(hangup, without_a_terminal_it_is_just_a_signal)
{
    cr_expect_eq(outcome((struct start){.terminal = false}), OTHER_SIGNAL);
}

BEAM_TEST(hangup, nohup_is_obeyed)
{
    cr_expect_eq(outcome((struct start){.terminal = true, .nohup = true}), OTHER_SIGNAL);
}

BEAM_TEST(hangup, who_was_put_into_the_background_stays)
{
    cr_expect_eq(outcome((struct start){.terminal = true, .background = true}), OTHER_SIGNAL);
}
