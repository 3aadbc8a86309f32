/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void detach_begin(void)
{
    (void)setsid(); /* fails for one that leads a group already, which is as good */
}

int detach_ready(const char *log, struct beam_why *why)
{
    static const char line[] = "ready\n";
    int err = 0;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int sink = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (null < 0 || sink < 0 ||
        write(STDOUT_FILENO, line, sizeof(line) - 1) != (ssize_t)sizeof(line) - 1 ||
        dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
        dup2(sink, STDERR_FILENO) < 0)
        err = beam_why(why, BEAM_EIO, "%s: %s", log, strerror(errno));
    if (null >= 0)
        close(null);
    if (sink >= 0)
        close(sink);
    return err;
}
