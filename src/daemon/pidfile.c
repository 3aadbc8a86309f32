/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

enum { PID_MAX = 32 };

struct pidfile {
    int fd;
    char path[];
};

/* Whether `fd` is still what `path` names: its last owner removes it before it unlocks. */
static bool is_current(int fd, const char *path)
{
    struct stat held, named;
    return fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_dev == named.st_dev &&
           held.st_ino == named.st_ino;
}

/* A locked descriptor or a code, errno set with BEAM_EIO. */
static int lock(const char *path)
{
    for (;;) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
            return BEAM_EIO;
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
            int err = errno == EWOULDBLOCK ? BEAM_EEXIST : BEAM_EIO;
            close(fd);
            return err;
        }
        if (is_current(fd, path))
            return fd;
        close(fd);
    }
}

static int write_pid(int fd)
{
    char line[PID_MAX];
    int len = snprintf(line, sizeof(line), "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, line, (size_t)len, 0) != len)
        return BEAM_EIO;
    return 0;
}

static int refuse(const char *path, const char *who, struct beam_why *why)
{
    char *text = NULL;
    size_t len;
    if (file_read(path, PID_MAX, &text, &len) == 0)
        text[strcspn(text, "\n")] = '\0';
    int err = beam_why(why, BEAM_EEXIST, "%s: one of yours runs already, pid %s (%s)", who,
                       text && text[0] ? text : "unknown", path);
    free(text);
    return err;
}

int pidfile_take(const char *path, const char *who, struct pidfile **out, struct beam_why *why)
{
    size_t size = strlen(path) + 1;
    struct pidfile *p = malloc(sizeof(*p) + size);
    if (!p)
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", path);
    memcpy(p->path, path, size);
    p->fd = lock(path);
    if (p->fd == BEAM_EEXIST) {
        free(p);
        return refuse(path, who, why);
    }
    if (p->fd < 0 || write_pid(p->fd) != 0) {
        int err = beam_why(why, BEAM_EIO, "%s: %s", path, strerror(errno));
        if (p->fd >= 0)
            pidfile_free(p);
        else
            free(p);
        return err;
    }
    *out = p;
    return 0;
}

bool pidfile_held(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return false;
    bool held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd);
    return held;
}

void pidfile_free(struct pidfile *p)
{
    if (!p)
        return;
    unlink(p->path);
    close(p->fd);
    free(p);
}
