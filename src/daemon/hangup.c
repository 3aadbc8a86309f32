/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/hangup.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* The controlling terminal; -1: there is none, or none any more. */
static int open_terminal(void)
{
    return open("/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

static bool is_ignored(void)
{
    struct sigaction now;
    return sigaction(SIGHUP, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

void hangup_init(struct hangup *h)
{
    int terminal = open_terminal();
    h->ends = terminal >= 0 && tcgetpgrp(terminal) == getpgrp() && !is_ignored();
    if (terminal >= 0)
        close(terminal);
}

bool hangup_ends(const struct hangup *h)
{
    int terminal = h->ends ? open_terminal() : -1;
    if (terminal >= 0)
        close(terminal);
    return h->ends && terminal < 0;
}
