/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/service_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

static const char secret_name[] = "hs_ed25519_secret_key", clients_name[] = "authorized_clients";
/* What such a file begins with: this, and zeros up to its size. */
static const char secret_kind[] = "== ed25519v1-secret: type0 ==";
enum { KIND_SIZE = 32, SECRET_FILE = KIND_SIZE + ONION_SECRET_SIZE };

static int write_in(const char *dir, const char *name, const void *data, size_t len)
{
    char *path = file_join(dir, name);
    int err = path ? file_write_brief(path, 0600, data, len) : BEAM_ENOMEM;
    free(path);
    return err;
}

static int write_key(const char *path, const struct onion_key *key)
{
    uint8_t *data = sodium_malloc(SECRET_FILE);
    if (!data)
        return BEAM_ENOMEM;
    memset(data, 0, KIND_SIZE);
    memcpy(data, secret_kind, sizeof(secret_kind) - 1);
    memcpy(data + KIND_SIZE, onion_key_secret(key), ONION_SECRET_SIZE);
    int err = write_in(path, secret_name, data, SECRET_FILE);
    sodium_free(data);
    return err;
}

/* One file a visitor, as tor(1) has them under CLIENT AUTHORIZATION. */
static int write_clients(const char *path, const struct onion_clients *clients)
{
    struct beam_why why;
    if (clients->count == 0)
        return 0;
    char *dir = file_join(path, clients_name);
    int err = dir ? file_private_dir(dir, &why) : BEAM_ENOMEM;
    for (size_t i = 0; err == 0 && i < clients->count; i++) {
        char key[TEXT_BASE32_SIZE(ONION_CLIENT_LEN)], name[32], text[96];
        (void)text_base32_encode(clients->key[i], ONION_CLIENT_LEN, key, sizeof(key));
        snprintf(name, sizeof(name), "%zu.auth", i);
        int len = snprintf(text, sizeof(text), "descriptor:x25519:%s\n", key);
        err = write_in(dir, name, text, (size_t)len);
    }
    free(dir);
    return err;
}

int service_dir_write(const char *path, const struct onion_spec *spec)
{
    struct beam_why why;
    service_dir_wipe(path);
    int err = file_private_dir(path, &why);
    if (err == 0)
        err = write_key(path, spec->key);
    if (err == 0)
        err = write_clients(path, &spec->clients);
    if (err < 0)
        service_dir_wipe(path);
    return err;
}

bool service_dir_on_disk(const char *path, struct beam_why *why)
{
    char *there = strdup(path);
    if (there)
        file_to_existing(there);
    bool on_disk = there && !file_in_memory(there);
    if (on_disk)
        beam_why(why, BEAM_EPERM,
                 "tag_circuits: while an onion service is published tor has its key in %s, which "
                 "is on a disk and not in memory, and may keep it when it is gone (have the run "
                 "folder on a tmpfs, as the one of XDG_RUNTIME_DIR is)",
                 path);
    free(there);
    return on_disk;
}

bool service_dir_has_key(const char *path)
{
    char *secret = file_join(path, secret_name);
    bool there = secret && access(secret, R_OK) == 0;
    free(secret);
    return there;
}

bool service_dir_is_another(const char *path, const char *address)
{
    enum { MOST = 128 };
    size_t len = 0, want = strlen(address);
    char *name = file_join(path, "hostname"), *text = NULL;
    bool another = name && file_read(name, MOST, &text, &len) == 0 &&
                   (len <= want || memcmp(text, address, want) != 0 || text[want] != '.');
    free(name);
    free(text);
    return another;
}

/* What a link leads to is somebody else's: NULL, as where there is no folder. */
static DIR *open_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (fd >= 0 && !d)
        close(fd);
    return d;
}

static bool is_no_folder(int errnum)
{
    return errnum == ENOTDIR || errnum == ELOOP;
}

/* The key, and what may have become of it under a name that begins with its own, as a half-written
 * file has. What fails keeps no other from being wiped; the error is that of the first. */
static int wipe_key(const char *path)
{
    int err = 0;
    DIR *d = open_folder(path);
    const struct dirent *e;
    if (!d)
        return errno == ENOENT || is_no_folder(errno) ? 0 : beam_err_errno(errno);
    while ((e = readdir(d)) != NULL) {
        if (strncmp(e->d_name, secret_name, sizeof(secret_name) - 1) != 0)
            continue;
        char *secret = file_join(path, e->d_name);
        int stays = secret ? file_wipe(secret) : BEAM_ENOMEM;
        err = err < 0 ? err : stays;
        free(secret);
    }
    closedir(d);
    return err;
}

/* The folder is named after the onion's address. */
static void say(const char *path, int err, const char *what)
{
    const char *slash = strrchr(path, '/');
    int above = slash ? (int)(slash + 1 - path) : 0;
    log_warn("tor", "%.*s%s: %s: an onion service's key %s", above, path, log_scrub(path + above),
             beam_err_text(err), what);
}

void service_dir_wipe(const char *path)
{
    int wiped = wipe_key(path), removed = file_remove_tree(path);
    if (removed < 0)
        say(path, removed, "may still be in that folder (remove it)");
    else if (wiped < 0)
        say(path, wiped, "was removed, but could not be written over before");
}

void service_dir_sweep(const char *dir)
{
    DIR *d = open_folder(dir);
    const struct dirent *e;
    if (!d && is_no_folder(errno))
        log_warn("tor",
                 "%s is no folder, and is removed: where it led, if it was a link, onion "
                 "services' keys may still be",
                 dir);
    while (d && (e = readdir(d)) != NULL) {
        if (e->d_name[0] == '.')
            continue;
        char *path = file_join(dir, e->d_name);
        if (path)
            service_dir_wipe(path);
        free(path);
    }
    if (d)
        closedir(d);
    (void)file_remove_tree(dir);
}
