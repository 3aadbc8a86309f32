/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/home.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/addr.h"
#include "base/file.h"

static const char *get_set(const char *(*get)(const char *name), const char *name)
{
    const char *value = get(name);
    return value && *value ? value : NULL;
}

static int refuse(struct beam_why *why, const char *variable)
{
    beam_why(why, BEAM_EINVAL, "%s: it is not an absolute path (correct or unset it)", variable);
    return BEAM_EINVAL;
}

/* The folder that `variable` names, or `fallback` below $HOME, then /beam. */
static int xdg(const char *(*get)(const char *name), const char *variable, const char *fallback,
               char **out, struct beam_why *why)
{
    const char *base = get_set(get, variable), *user = get_set(get, "HOME");
    if (base && *base != '/')
        return refuse(why, variable);
    if (!base && !user) {
        beam_why(why, BEAM_EINVAL, "no home: neither BEAM_HOME nor HOME is set (set one of them)");
        return BEAM_EINVAL;
    }
    if (!base && *user != '/')
        return refuse(why, "HOME");
    char *under = base ? NULL : file_join(user, fallback);
    if (base || under)
        *out = file_join(base ? base : under, "beam");
    free(under);
    return *out ? 0 : BEAM_ENOMEM;
}

static int join(const char *dir, const char *name, char **out)
{
    *out = file_join(dir, name);
    return *out ? 0 : BEAM_ENOMEM;
}

static int find_own(const char *base, struct home *h, struct beam_why *why)
{
    struct stat st;
    if (*base != '/')
        return refuse(why, "BEAM_HOME");
    if (stat(base, &st) == 0 && !S_ISDIR(st.st_mode))
        return beam_why(why, BEAM_EINVAL, "BEAM_HOME: %s is not a folder (correct or unset it)",
                        base);
    int err = join(base, "beam.conf", &h->config);
    if (err == 0)
        err = join(base, "data", &h->data);
    if (err == 0)
        err = join(base, "state", &h->state);
    if (err == 0)
        err = join(base, "run", &h->run);
    if (err == 0)
        err = join(base, "relay", &h->relay);
    return err == 0 ? join(base, "tor", &h->tor) : err;
}

static int find_xdg(const char *(*get)(const char *name), struct home *h, struct beam_why *why)
{
    char *config = NULL;
    int err = xdg(get, "XDG_CONFIG_HOME", ".config", &config, why);
    if (err == 0)
        err = join(config, "beam.conf", &h->config);
    free(config);
    if (err == 0)
        err = xdg(get, "XDG_DATA_HOME", ".local/share", &h->data, why);
    if (err == 0)
        err = xdg(get, "XDG_STATE_HOME", ".local/state", &h->state, why);
    if (err == 0 && get_set(get, "XDG_RUNTIME_DIR"))
        err = xdg(get, "XDG_RUNTIME_DIR", "", &h->run, why);
    else if (err == 0)
        err = join(h->state, "run", &h->run);
    if (err == 0)
        err = join(h->data, "tor", &h->tor);
    if (err == 0)
        err = join(h->data, "relay", &h->relay);
    if (err == 0) {
        h->system = strdup("/etc/beam/beam.conf");
        err = h->system ? 0 : BEAM_ENOMEM;
    }
    return err;
}

/* A unix socket's path has little room; better said now than in the middle. */
static int check_sockets(const char *dir, struct beam_why *why)
{
    static const char longest[HOME_SOCKET_MAX + 1] = "0123456789012345678901234567890";
    struct addr a;
    char *path = file_join(dir, longest);
    if (!path)
        return BEAM_ENOMEM;
    int err = addr_unix(path, &a);
    free(path);
    if (err < 0)
        return beam_why(
            why, BEAM_EINVAL,
            "%s: its name is too long for the sockets in it: %zu bytes, at most %zu fit "
            "(set BEAM_HOME to a shorter path)",
            dir, strlen(dir), sizeof(((struct sockaddr_un *)NULL)->sun_path) - sizeof(longest) - 1);
    return 0;
}

int home_find(const char *(*get)(const char *name), struct home **out, struct beam_why *why)
{
    struct home *h = calloc(1, sizeof(*h));
    if (!h)
        return beam_why(why, BEAM_ENOMEM, "home: out of memory");
    const char *own = get_set(get, "BEAM_HOME");
    int err = own ? find_own(own, h, why) : find_xdg(get, h, why);
    if (err == 0)
        err = join(h->run, "control.sock", &h->control);
    if (err == 0)
        err = join(h->run, "relay.sock", &h->operator);
    if (err == 0)
        err = join(h->run, "beam.pid", &h->pid);
    if (err == 0)
        err = check_sockets(h->run, why);
    if (err == 0)
        err = check_sockets(h->tor, why);
    if (err == BEAM_ENOMEM)
        beam_why(why, err, "home: out of memory");
    if (err < 0) {
        home_free(h);
        return err;
    }
    *out = h;
    return 0;
}

void home_free(struct home *h)
{
    if (!h)
        return;
    free(h->config);
    free(h->system);
    free(h->data);
    free(h->state);
    free(h->run);
    free(h->tor);
    free(h->relay);
    free(h->control);
    free(h->operator);
    free(h->pid);
    free(h);
}

int home_prepare(const struct home *h, struct beam_why *why)
{
    const char *const dirs[] = {h->data, h->state, h->run, h->tor};
    int err = 0;
    for (size_t i = 0; err == 0 && i < sizeof(dirs) / sizeof(dirs[0]); i++)
        err = file_private_dir(dirs[i], why);
    return err;
}
