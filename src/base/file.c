/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <sodium.h>

/* Opens a regular file; a pipe or a device must not block us or act on being opened. */
static int open_regular(const char *path, int flags, struct stat *st, int *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
    if (fd < 0)
        return errno == ELOOP && (flags & O_NOFOLLOW) ? BEAM_EPERM : beam_err_errno(errno);
    int err = 0;
    if (fstat(fd, st) < 0)
        err = BEAM_EIO;
    else if (!S_ISREG(st->st_mode))
        err = BEAM_EINVAL;
    if (err < 0) {
        close(fd);
        return err;
    }
    *out = fd;
    return 0;
}

/* Reads until the end or until `size` bytes are there. */
static int read_upto(int fd, void *out, size_t size, size_t *len)
{
    size_t got = 0;
    while (got < size) {
        ssize_t n = read(fd, (uint8_t *)out + got, size - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return BEAM_EIO;
        if (n == 0)
            break;
        got += (size_t)n;
    }
    *len = got;
    return 0;
}

int file_read(const char *path, size_t max, char **out, size_t *len)
{
    struct stat st;
    int fd = -1;
    int err = open_regular(path, 0, &st, &fd);
    if (err < 0)
        return err;
    size_t got = 0;
    char *data = max < SIZE_MAX ? malloc(max + 1) : NULL;
    err = data ? read_upto(fd, data, max + 1, &got) : BEAM_ENOMEM;
    if (err == 0 && got > max)
        err = BEAM_ELIMIT;
    close(fd);
    if (err < 0) {
        free(data);
        return err;
    }
    data[got] = '\0';
    char *fit = realloc(data, got + 1);
    *out = fit ? fit : data;
    *len = got;
    return 0;
}

/* `ours`: of this user alone, and no link. */
static bool is_private(const struct stat *st, bool ours)
{
    if (ours)
        return st->st_uid == geteuid() && (st->st_mode & 07777 & ~0600u) == 0;
    return (st->st_uid == geteuid() || st->st_uid == 0) && (st->st_mode & 07777 & ~0640u) == 0;
}

static int read_secret(const char *path, bool ours, size_t max, uint8_t **out, size_t *len)
{
    struct stat st = {0};
    int fd = -1;
    uint8_t *data = NULL;
    size_t got = 0;
    int err = open_regular(path, ours ? O_NOFOLLOW : 0, &st, &fd);
    if (err < 0)
        return err;
    if (!is_private(&st, ours))
        err = BEAM_EPERM;
    else if ((uintmax_t)st.st_size > max)
        err = BEAM_ELIMIT;
    if (err < 0)
        goto out;
    size_t size = (size_t)st.st_size;
    data = sodium_malloc(size + 1);
    err = data ? read_upto(fd, data, size + 1, &got) : BEAM_ENOMEM;
    if (err == 0 && got > size)
        err = BEAM_EIO; /* it grows under our eyes: half a secret is none */
    if (err < 0)
        goto out;
    data[got] = 0;
    *out = data;
    *len = got;
out:
    if (err < 0)
        sodium_free(data);
    close(fd);
    return err;
}

int file_read_secret(const char *path, size_t max, uint8_t **out, size_t *len)
{
    return read_secret(path, true, max, out, len);
}

int file_read_shared_secret(const char *path, size_t max, uint8_t **out, size_t *len)
{
    return read_secret(path, false, max, out, len);
}

static int write_all(int fd, const void *data, size_t len)
{
    const uint8_t *at = data;
    while (len > 0) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return BEAM_EIO;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

/* What came of a write that failed, which may be half a secret. */
static void discard(const char *path)
{
    if (file_wipe(path) < 0)
        unlink(path);
}

/* A rename lasts once its folder is on disk. */
static int sync_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;
    char *dir = slash ? strndup(path, len ? len : 1) : strdup(".");
    if (!dir)
        return BEAM_ENOMEM;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(dir);
    if (fd < 0)
        return BEAM_EIO;
    /* Some file systems cannot sync a folder and say EINVAL. */
    int err = fsync(fd) < 0 && errno != EINVAL ? BEAM_EIO : 0;
    close(fd);
    return err;
}

/* Fills the new file and puts it in the place of the old one; `temp` is its name until then. */
static int replace(const char *path, const char *temp, int fd, mode_t mode, const void *data,
                   size_t len)
{
    if (fd < 0)
        return beam_err_errno(errno);
    int err = write_all(fd, data, len);
    if (err == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
        err = BEAM_EIO;
    if (close(fd) < 0 && err == 0)
        err = BEAM_EIO;
    if (err == 0 && rename(temp, path) < 0)
        err = beam_err_errno(errno);
    if (err < 0)
        discard(temp);
    else
        err = sync_folder_of(path);
    return err;
}

int file_write(const char *path, mode_t mode, const void *data, size_t len)
{
    char *temp = NULL;
    if (asprintf(&temp, "%s.XXXXXX", path) < 0)
        return BEAM_ENOMEM;
    int err = replace(path, temp, mkostemp(temp, O_CLOEXEC), mode, data, len);
    free(temp);
    return err;
}

int file_write_alone(const char *path, mode_t mode, const void *data, size_t len)
{
    char *temp = NULL;
    if (asprintf(&temp, "%s.part", path) < 0)
        return BEAM_ENOMEM;
    discard(temp);
    int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int err = replace(path, temp, fd, mode, data, len);
    free(temp);
    return err;
}

static int create(const char *path, mode_t mode, const void *data, size_t len, bool lasts)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return beam_err_errno(errno);
    int err = write_all(fd, data, len);
    if (err == 0 && lasts && fsync(fd) < 0)
        err = BEAM_EIO;
    if (close(fd) < 0 && err == 0)
        err = BEAM_EIO;
    if (err == 0 && lasts)
        err = sync_folder_of(path);
    if (err < 0)
        discard(path);
    return err;
}

int file_write_new(const char *path, mode_t mode, const void *data, size_t len)
{
    return create(path, mode, data, len, true);
}

int file_write_brief(const char *path, mode_t mode, const void *data, size_t len)
{
    return create(path, mode, data, len, false);
}

void file_to_existing(char *path)
{
    while (access(path, F_OK) < 0 && errno == ENOENT) {
        char *slash = strrchr(path, '/');
        if (!slash || slash == path) {
            memcpy(path, "/", 2);
            return;
        }
        *slash = '\0';
    }
}

bool file_in_memory(const char *path)
{
    struct statfs fs;
    return statfs(path, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

/* mkdir -p, each folder 0700. */
static int make_folders(const char *path)
{
    char *copy = strdup(path);
    if (!copy)
        return BEAM_ENOMEM;
    int err = 0;
    for (char *p = copy + 1; err == 0; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char kept = *p;
        *p = '\0';
        if (mkdir(copy, 0700) < 0 && errno != EEXIST)
            err = beam_err_errno(errno);
        *p = kept;
        if (kept == '\0')
            break;
    }
    free(copy);
    return err;
}

static int check_owner_mode(const char *path, const struct stat *st, mode_t mode,
                            struct beam_why *why)
{
    if (st->st_uid != geteuid())
        return beam_why(
            why, BEAM_EPERM,
            "%s: it belongs to user %lu, and beam runs as user %lu (run it as the other, or: "
            "chown %lu '%s')",
            path, (unsigned long)st->st_uid, (unsigned long)geteuid(), (unsigned long)geteuid(),
            path);
    if ((st->st_mode & 07777 & ~mode) != 0)
        return beam_why(
            why, BEAM_EPERM,
            "%s: its mode %04o lets others in; at most %04o is safe (run: chmod %o '%s')", path,
            (unsigned)(st->st_mode & 07777), (unsigned)mode, (unsigned)mode, path);
    return 0;
}

const char *file_fault(int err)
{
    return err == BEAM_ENOMEM || errno == 0 ? beam_err_text(err) : strerror(errno);
}

int file_private_dir(const char *path, struct beam_why *why)
{
    if (*path == '\0')
        return beam_why(why, BEAM_EINVAL, "folder: its name is empty");
    int err = make_folders(path);
    if (err < 0)
        return beam_why(
            why, err,
            "%s: the folder cannot be made: %s (make it, or set BEAM_HOME to a folder of yours)",
            path, file_fault(err));
    struct stat st;
    if (stat(path, &st) < 0)
        return beam_why(why, BEAM_EIO, "%s: cannot be examined: %s", path, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return beam_why(why, BEAM_EINVAL, "%s: not a folder (move it out of the way)", path);
    return check_owner_mode(path, &st, 0700, why);
}

int file_check_mode(const char *path, mode_t mode, struct beam_why *why)
{
    struct stat st;
    if (stat(path, &st) < 0) {
        if (errno == ENOENT)
            return 0;
        int err = beam_err_errno(errno);
        return beam_why(why, err, "%s: cannot be examined: %s", path, strerror(errno));
    }
    /* Advice to change the mode would be harmful here: of /tmp, of /dev/null. */
    if (!(mode & S_IXUSR) && !S_ISREG(st.st_mode))
        return beam_why(why, BEAM_EINVAL, "%s: %s, not a file (name a file)", path,
                        S_ISDIR(st.st_mode) ? "a folder" : "a device, pipe or socket");
    return check_owner_mode(path, &st, mode, why);
}

char *file_join(const char *dir, const char *name)
{
    size_t d = strlen(dir), n = strlen(name);
    bool slash = d > 0 && dir[d - 1] != '/';
    char *path = malloc(d + slash + n + 1);
    if (!path)
        return NULL;
    snprintf(path, d + slash + n + 1, "%s%s%s", dir, slash ? "/" : "", name);
    return path;
}

int file_remove(const char *path)
{
    return unlink(path) < 0 && errno != ENOENT ? beam_err_errno(errno) : 0;
}

static int write_zeros(int fd, uintmax_t len)
{
    static const uint8_t zeros[4096];
    int err = 0;
    while (err == 0 && len > 0) {
        size_t n = len < sizeof(zeros) ? (size_t)len : sizeof(zeros);
        err = write_all(fd, zeros, n);
        len -= n;
    }
    return err == 0 && fsync(fd) < 0 ? BEAM_EIO : err;
}

int file_wipe(const char *path)
{
    struct stat st;
    int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0)
        return errno == ELOOP ? BEAM_EPERM : beam_err_errno(errno);
    int err = fstat(fd, &st) < 0 ? BEAM_EIO : 0;
    if (err == 0)
        err = S_ISREG(st.st_mode) ? write_zeros(fd, (uintmax_t)st.st_size) : BEAM_EINVAL;
    close(fd);
    return err < 0 ? err : file_remove(path);
}

int file_lock(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
    if (fd < 0)
        return BEAM_EIO;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    int err = errno == EWOULDBLOCK ? BEAM_EEXIST : BEAM_EIO;
    close(fd);
    return err;
}

enum { TREE_DEPTH_MAX = 64 }; /* a descriptor each */

static int remove_entry(int parent, const char *name, dev_t device, unsigned depth);

static int empty_folder(int fd, dev_t device, unsigned depth)
{
    DIR *dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return BEAM_ENOMEM;
    }
    int err = 0;
    struct dirent *entry;
    while ((errno = 0, entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int stays = remove_entry(dirfd(dir), entry->d_name, device, depth);
        err = err < 0 ? err : stays;
    }
    if (err == 0 && errno != 0)
        err = BEAM_EIO;
    closedir(dir);
    return err;
}

static int remove_entry(int parent, const char *name, dev_t device, unsigned depth)
{
    if (depth == 0)
        return BEAM_ELIMIT;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return 0;
    /* Not a folder, or a link to one: the name itself goes. */
    if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
        return unlinkat(parent, name, 0) < 0 && errno != ENOENT ? beam_err_errno(errno) : 0;
    if (fd < 0)
        return beam_err_errno(errno);
    struct stat st;
    if (fstat(fd, &st) < 0 || st.st_dev != device) {
        close(fd);
        return BEAM_EPERM;
    }
    int err = empty_folder(fd, device, depth - 1);
    if (err < 0)
        return err;
    return unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? beam_err_errno(errno) : 0;
}

int file_remove_tree(const char *path)
{
    struct stat st;
    size_t len = strlen(path);
    /* A slash at the end would follow a link. */
    if (len == 0 || path[len - 1] == '/')
        return BEAM_EINVAL;
    if (lstat(path, &st) < 0)
        return errno == ENOENT ? 0 : beam_err_errno(errno);
    return remove_entry(AT_FDCWD, path, st.st_dev, TREE_DEPTH_MAX);
}
