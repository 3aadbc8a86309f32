/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/cookie.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/file.h"
#include "base/text.h"
#include "tor/auth.h"

enum { FIRST_PERSON = 1000 }; /* accounts below are the system's: Debian policy 9.2 */

int cookie_read_own(const char *path, uint8_t **out, struct beam_why *why)
{
    uint8_t *cookie = NULL;
    size_t len = 0;
    int err = file_read_secret(path, AUTH_COOKIE, &cookie, &len);
    if (err == 0 && len == AUTH_COOKIE) {
        *out = cookie;
        return 0;
    }
    sodium_free(cookie);
    return beam_why(why, BEAM_EIO,
                    "tor's cookie cannot be read: %s (it must be ours, 0600 and of 32 bytes)",
                    path);
}

/* Whether what is open as fd may be taken for a cookie. `shown` is its path. */
static int check(int fd, const char *shown, const uid_t *listener, struct beam_why *why)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return beam_why(why, BEAM_EIO, "tor's cookie %s: not a file", shown);
    if (st.st_size != AUTH_COOKIE)
        return beam_why(why, BEAM_EIO,
                        "tor's cookie %s: %lld bytes, and a cookie has %d (see that what answers "
                        "at tor.control is tor)",
                        shown, (long long)st.st_size, AUTH_COOKIE);
    if ((st.st_mode & 022) != 0)
        return beam_why(why, BEAM_EPERM,
                        "tor's cookie %s: others can write it (run: chmod go-w '%s')", shown,
                        shown);
    if ((st.st_mode & 07) != 0)
        return beam_why(why, BEAM_EPERM,
                        "tor's cookie %s: everybody can read it, so who knows it need not be tor "
                        "(run: chmod o= '%s')",
                        shown, shown);
    if (listener && st.st_uid != 0 && st.st_uid != geteuid() && st.st_uid >= FIRST_PERSON)
        return beam_why(why, BEAM_EPERM,
                        "tor's cookie %s: it is another user's, whose tor is not taken unless "
                        "tor.control names its control port",
                        shown);
    if (listener && *listener != 0 && *listener != geteuid() && *listener != st.st_uid)
        return beam_why(why, BEAM_EPERM,
                        "tor's cookie %s: it is not of the user who listens there, who may be no "
                        "tor (name the control port in tor.control if you trust it)",
                        shown);
    return 0;
}

static int read_whole(int fd, const char *shown, uint8_t **out, struct beam_why *why)
{
    uint8_t *cookie = sodium_malloc(AUTH_COOKIE);
    if (!cookie)
        return beam_why(why, BEAM_ENOMEM, "tor: out of memory");
    ssize_t n = read(fd, cookie, AUTH_COOKIE);
    if (n == AUTH_COOKIE) {
        *out = cookie;
        return 0;
    }
    sodium_free(cookie);
    return beam_why(why, BEAM_EIO, "tor's cookie %s: it cannot be read whole", shown);
}

int cookie_read(const char *path, const uid_t *listener, uint8_t **out, struct beam_why *why)
{
    char shown[200];
    text_escape(path, strlen(path), shown, sizeof(shown));
    if (path[0] != '/')
        return beam_why(why, BEAM_EIO, "tor's cookie %s: not an absolute path", shown);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
    if (fd < 0)
        return beam_why(why, errno == EACCES ? BEAM_EPERM : BEAM_EIO, "tor's cookie %s: %s%s",
                        shown, strerror(errno),
                        errno == EACCES ? " (its group may read it; on Debian: sudo adduser YOU "
                                          "debian-tor, then log in anew)"
                                        : "");
    int err = check(fd, shown, listener, why);
    if (err == 0)
        err = read_whole(fd, shown, out, why);
    close(fd);
    return err;
}
