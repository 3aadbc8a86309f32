/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/doorway.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "loop/listen.h"
#include "stream/socket.h"

struct doorway {
    struct loop *loop;
    struct listener *listener;
    char *dir; /* NULL: none of ours */
    doorway_fn *fn;
    void *arg;
};

static void on_visitor(void *arg, int fd)
{
    struct doorway *d = arg;
    struct stream *s;
    int err = stream_socket(d->loop, fd, &s);
    if (err < 0)
        log_warn("tor", "onion: a visitor was turned away: %s", beam_err_text(err));
    else
        d->fn(d->arg, s);
}

/* A unix socket in a folder of ours. */
static int listen_in_folder(struct doorway *d, const char *id, struct beam_why *why)
{
    struct addr at;
    char *socket = NULL;
    int err = file_private_dir(d->dir, why);
    if (err < 0)
        return err;
    socket = file_join(d->dir, id);
    if (!socket)
        return beam_why(why, BEAM_ENOMEM, "onion: out of memory");
    err = addr_unix(socket, &at);
    if (err < 0) {
        beam_why(why, err,
                 "%s: too long for a unix socket, which takes 107 bytes (set BEAM_HOME or "
                 "XDG_RUNTIME_DIR to a shorter path)",
                 socket);
        goto out;
    }
    err = listen_open(d->loop, &at, on_visitor, d, &d->listener);
    if (err < 0)
        beam_why(why, err, "%s: cannot listen: %s", socket, beam_err_text(err));
out:
    free(socket);
    return err;
}

/* A port on loopback, for a tor that cannot enter a folder of ours. */
static int listen_on_port(struct doorway *d, struct beam_why *why)
{
    const struct sockaddr_in any = {.sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct addr at = {.len = sizeof(any)};
    memcpy(&at.ss, &any, sizeof(any));
    int err = listen_open(d->loop, &at, on_visitor, d, &d->listener);
    if (err < 0)
        return beam_why(why, err, "onion: no port on loopback to listen on: %s",
                        beam_err_text(err));
    return 0;
}

int doorway_open(const struct doorway_spec *spec, doorway_fn *fn, void *arg, struct doorway **out,
                 struct beam_why *why)
{
    int err;
    struct doorway *d = calloc(1, sizeof(*d));
    if (!d)
        return beam_why(why, BEAM_ENOMEM, "onion: out of memory");
    *d = (struct doorway){.loop = spec->loop, .fn = fn, .arg = arg};
    if (tor_is_ours(spec->tor)) {
        d->dir = strdup(spec->dir);
        err = d->dir ? listen_in_folder(d, spec->id, why)
                     : beam_why(why, BEAM_ENOMEM, "onion: out of memory");
    } else {
        err = listen_on_port(d, why);
    }
    if (err < 0) {
        doorway_close(d);
        return err;
    }
    *out = d;
    return 0;
}

void doorway_close(struct doorway *d)
{
    if (!d)
        return;
    listen_close(d->listener);
    if (d->listener && d->dir)
        (void)rmdir(d->dir);
    free(d->dir);
    free(d);
}

const struct addr *doorway_addr(const struct doorway *d)
{
    return listen_addr(d->listener);
}

void doorway_pause(struct doorway *d)
{
    listen_pause(d->listener);
}

void doorway_resume(struct doorway *d)
{
    listen_resume(d->listener);
}
