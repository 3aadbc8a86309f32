/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/lease_changes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"

static const char suffix[] = "-changes"; /* as SQLite names its own */

static int open_at(struct lease_changes *c, const char *path, struct beam_why *why)
{
    int err = file_check_mode(path, 0600, why);
    if (err < 0)
        return err;
    c->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (c->fd < 0)
        return beam_why(why, beam_err_errno(errno), "%s: %s", path, strerror(errno));
    c->made = 0;
    if (lease_changes_count(c, &c->made) ||
        pwrite(c->fd, &c->made, sizeof(c->made), 0) == (ssize_t)sizeof(c->made))
        return 0;
    return beam_why(why, beam_err_errno(errno), "%s: %s", path, strerror(errno));
}

int lease_changes_open(struct lease_changes *c, const char *path, struct beam_why *why)
{
    size_t size = strlen(path) + sizeof(suffix);
    char *name = malloc(size);
    c->fd = -1;
    if (!name)
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", path);
    snprintf(name, size, "%s%s", path, suffix);
    int err = open_at(c, name, why);
    free(name);
    return err;
}

void lease_changes_close(struct lease_changes *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

void lease_changes_add(struct lease_changes *c)
{
    c->made++;
    if (pwrite(c->fd, &c->made, sizeof(c->made), 0) != (ssize_t)sizeof(c->made))
        log_error("relay", "the count of changed leases cannot be written: %s", strerror(errno));
}

bool lease_changes_count(const struct lease_changes *c, uint64_t *out)
{
    uint64_t made;
    if (pread(c->fd, &made, sizeof(made), 0) != (ssize_t)sizeof(made))
        return false;
    *out = made;
    return true;
}
