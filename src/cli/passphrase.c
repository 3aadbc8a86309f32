/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "identity/seal.h"

enum { KEY_CANCEL = 3, KEY_END = 4, KEY_BACK = 8, KEY_KILL = 21, KEY_DELETE = 127 };

static int no_memory(struct beam_why *why)
{
    return beam_why(why, BEAM_ENOMEM, "passphrase: out of locked memory");
}

static int too_long(struct beam_why *why)
{
    return beam_why(why, BEAM_ELIMIT, "passphrase: longer than %d bytes", SEAL_PASSPHRASE_MAX);
}

/* ---- from a file ---------------------------------------------------------------------------- */

/* A file on a disk must be ours alone; a pipe is who made it's. */
static int check_file(int fd, const char *path, struct beam_why *why)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return beam_why(why, BEAM_EIO, "passphrase file %s: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return beam_why(why, BEAM_EINVAL, "passphrase file %s: a folder", path);
    if (S_ISREG(st.st_mode) && (st.st_uid != geteuid() || (st.st_mode & 077) != 0))
        return beam_why(why, BEAM_EPERM,
                        "passphrase file %s: others may read it, or it is not yours (run: chmod "
                        "600 %s)",
                        path, path);
    return 0;
}

static int open_file(const char *path, int *out, struct beam_why *why)
{
    if (strcmp(path, "-") == 0) {
        *out = STDIN_FILENO;
        return 0;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return beam_why(why, beam_err_errno(errno), "passphrase file %s: %s", path,
                        strerror(errno));
    int err = check_file(fd, path, why);
    if (err < 0)
        close(fd);
    else
        *out = fd;
    return err;
}

/* Up to the end of the first line, byte by byte: what follows in a pipe is not ours to take. */
static int read_first_line(int fd, const char *path, char *out, size_t *len, struct beam_why *why)
{
    size_t n = 0;
    for (;;) {
        char c;
        ssize_t got = read(fd, &c, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return beam_why(why, BEAM_EIO, "passphrase file %s: %s", path, strerror(errno));
        if (got == 0 || c == '\n')
            break;
        if (n == SEAL_PASSPHRASE_MAX)
            return too_long(why);
        out[n++] = c;
    }
    if (n > 0 && out[n - 1] == '\r')
        n--;
    if (n == 0)
        return beam_why(why, BEAM_EINVAL, "passphrase file %s: its first line is empty", path);
    *len = n;
    return 0;
}

static int read_file(const char *path, char **out, size_t *len, struct beam_why *why)
{
    int fd = -1;
    char *text = sodium_malloc(SEAL_PASSPHRASE_MAX);
    if (!text)
        return no_memory(why);
    int err = open_file(path, &fd, why);
    if (err == 0) {
        err = read_first_line(fd, path, text, len, why);
        if (fd != STDIN_FILENO)
            close(fd);
    }
    if (err < 0)
        sodium_free(text);
    else
        *out = text;
    return err;
}

/* ---- from the terminal ---------------------------------------------------------------------- */

int passphrase_key(struct passphrase_line *line, unsigned char key)
{
    switch (key) {
    case '\r':
    case '\n':
        return 1;
    case KEY_END:
        return line->len == 0 ? BEAM_ECANCELED : 1;
    case KEY_CANCEL:
        return BEAM_ECANCELED;
    case KEY_KILL:
        line->len = 0;
        return 0;
    case KEY_BACK:
    case KEY_DELETE: /* a whole character of UTF-8 */
        while (line->len > 0 && ((unsigned char)line->text[--line->len] & 0xc0) == 0x80) {
        }
        return 0;
    default:
        if (line->len == SEAL_PASSPHRASE_MAX)
            return BEAM_ELIMIT;
        line->text[line->len++] = (char)key;
        return 0;
    }
}

static int read_keys(int tty, struct passphrase_line *line)
{
    for (;;) {
        unsigned char key;
        ssize_t got = read(tty, &key, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return BEAM_EIO;
        int end = passphrase_key(line, key);
        if (end != 0)
            return end < 0 ? end : 0;
    }
}

/* Ctrl-C comes as a key, so that the terminal is put right again before we end. */
static int read_hidden(int tty, const char *prompt, struct passphrase_line *line)
{
    struct termios was, hidden;
    if (tcgetattr(tty, &was) != 0)
        return BEAM_EIO;
    hidden = was;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG);
    hidden.c_cc[VMIN] = 1;
    hidden.c_cc[VTIME] = 0;
    if (tcsetattr(tty, TCSAFLUSH, &hidden) != 0)
        return BEAM_EIO;
    dprintf(tty, "%s: ", prompt);
    int err = read_keys(tty, line);
    dprintf(tty, "\n");
    (void)tcsetattr(tty, TCSAFLUSH, &was);
    return err;
}

static int ask_line(int tty, const char *prompt, struct passphrase_line *line, struct beam_why *why)
{
    line->len = 0;
    line->text = sodium_malloc(SEAL_PASSPHRASE_MAX);
    if (!line->text)
        return no_memory(why);
    int err = read_hidden(tty, prompt, line);
    if (err == BEAM_ELIMIT)
        return too_long(why);
    return err < 0 ? beam_why(why, err, "passphrase: %s",
                              err == BEAM_ECANCELED ? "none was given" : "the terminal is gone")
                   : 0;
}

static int ask_again(int tty, const char *prompt, const struct passphrase_line *first,
                     struct beam_why *why)
{
    struct passphrase_line again = {0};
    char text[128];
    snprintf(text, sizeof(text), "%s once more", prompt);
    int err = ask_line(tty, text, &again, why);
    if (err == 0 &&
        (again.len != first->len || sodium_memcmp(again.text, first->text, first->len) != 0))
        err = beam_why(why, BEAM_EINVAL, "passphrase: the two differ");
    sodium_free(again.text);
    return err;
}

static int ask_terminal(int tty, const struct passphrase_ask *ask, char **out, size_t *len,
                        struct beam_why *why)
{
    struct passphrase_line line = {0};
    int err = ask_line(tty, ask->prompt, &line, why);
    if (err == 0 && line.len == 0 && !ask->may_be_none)
        err = beam_why(why, BEAM_EINVAL, "passphrase: none was typed");
    if (err == 0 && line.len > 0 && ask->fresh)
        err = ask_again(tty, ask->prompt, &line, why);
    if (err < 0 || line.len == 0) {
        sodium_free(line.text);
        line.text = NULL;
    }
    if (err == 0) {
        *out = line.text;
        *len = line.len;
    }
    return err;
}

int passphrase_get(const struct passphrase_ask *ask, char **out, size_t *len, struct beam_why *why)
{
    if (ask->file)
        return read_file(ask->file, out, len, why);
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (tty < 0 && ask->may_be_none) {
        *out = NULL;
        *len = 0;
        return 0;
    }
    if (tty < 0)
        return beam_why(why, BEAM_EUSAGE,
                        "passphrase: there is no terminal to ask for it (give it with %s FILE)",
                        ask->option);
    int err = ask_terminal(tty, ask, out, len, why);
    close(tty);
    return err;
}
