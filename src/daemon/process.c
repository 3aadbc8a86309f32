/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/process.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int raise_descriptors(void)
{
    struct rlimit lim;
    if (getrlimit(RLIMIT_NOFILE, &lim) != 0)
        return -1;
    lim.rlim_cur = lim.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &lim);
}

int process_prepare(struct beam_why *why)
{
    umask(077);
    if (raise_descriptors() != 0 || chdir("/") != 0)
        return beam_why(why, BEAM_EIO, "daemon: the process could not be set up: %s",
                        strerror(errno));
    return 0;
}
