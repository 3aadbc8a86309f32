/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/home.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/addr.h"
#include "base/file.h"
#include "tests/unit/harness.h"

static const char *own, *user, *config, *data, *state, *runtime;

static const char *get(const char *name)
{
    const struct {
        const char *name, *value;
    } rows[] = {{"BEAM_HOME", own},          {"HOME", user},
                {"XDG_CONFIG_HOME", config}, {"XDG_DATA_HOME", data},
                {"XDG_STATE_HOME", state},   {"XDG_RUNTIME_DIR", runtime}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].value;
    cr_assert_fail("nobody should ask for %s", name);
    return NULL;
}

static struct home *find(void)
{
    struct home *h = NULL;
    struct beam_why why = {0};
    cr_assert_eq(home_find(get, &h, &why), 0, "%s", why.text);
    cr_assert_not_null(h);
    return h;
}

BEAM_TEST(home, beam_home_holds_everything)
{
    own = "/srv/b";
    user = "relative and not looked at";
    struct home *h = find();
    cr_assert_str_eq(h->config, "/srv/b/beam.conf");
    cr_assert_null(h->system);
    cr_assert_str_eq(h->data, "/srv/b/data");
    cr_assert_str_eq(h->state, "/srv/b/state");
    cr_assert_str_eq(h->run, "/srv/b/run");
    cr_assert_str_eq(h->tor, "/srv/b/tor");
    cr_assert_str_eq(h->relay, "/srv/b/relay");
    cr_assert_str_eq(h->control, "/srv/b/run/control.sock");
    cr_assert_str_eq(h->pid, "/srv/b/run/beam.pid");
    home_free(h);
    home_free(NULL);
}

BEAM_TEST(home, defaults_below_home)
{
    own = "";
    user = "/home/alice";
    struct home *h = find();
    cr_assert_str_eq(h->config, "/home/alice/.config/beam/beam.conf");
    cr_assert_str_eq(h->system, "/etc/beam/beam.conf");
    cr_assert_str_eq(h->data, "/home/alice/.local/share/beam");
    cr_assert_str_eq(h->state, "/home/alice/.local/state/beam");
    cr_assert_str_eq(h->run, "/home/alice/.local/state/beam/run");
    cr_assert_str_eq(h->tor, "/home/alice/.local/share/beam/tor");
    cr_assert_str_eq(h->relay, "/home/alice/.local/share/beam/relay");
    home_free(h);
}

BEAM_TEST(home, xdg_folders)
{
    user = "/home/alice";
    config = "/c";
    data = "/d/";
    state = "/s";
    runtime = "/run/user/1000";
    struct home *h = find();
    cr_assert_str_eq(h->config, "/c/beam/beam.conf");
    cr_assert_str_eq(h->data, "/d/beam");
    cr_assert_str_eq(h->state, "/s/beam");
    cr_assert_str_eq(h->run, "/run/user/1000/beam");
    cr_assert_str_eq(h->control, "/run/user/1000/beam/control.sock");
    home_free(h);
    user = NULL; /* not needed when all four are there */
    home_free(find());
}

static void refused(const char *word)
{
    struct home *h = NULL;
    struct beam_why why = {0};
    cr_assert_eq(home_find(get, &h, &why), BEAM_EINVAL);
    cr_assert_null(h);
    cr_assert_eq(why.code, BEAM_EINVAL);
    cr_assert_not_null(strstr(why.text, word), "%s", why.text);
}

BEAM_TEST(home, no_home_and_relative_ones)
{
    refused("neither BEAM_HOME nor HOME");
    user = "alice";
    refused("HOME: ");
    own = "./b";
    refused("BEAM_HOME: ");
    own = NULL;
    user = "/home/alice";
    config = "c";
    refused("XDG_CONFIG_HOME: ");
    config = NULL;
    runtime = "run";
    refused("XDG_RUNTIME_DIR: ");
}

BEAM_TEST(home, room_for_sockets)
{
    char path[128], longest[HOME_SOCKET_MAX + 1];
    struct addr a;
    memset(longest, 'x', sizeof(longest));
    longest[HOME_SOCKET_MAX] = '\0';
    memset(path, 'h', sizeof(path));
    path[0] = '/';
    /* BEAM_HOME "/…" and "/run" and "/" and the longest name: 107 bytes. */
    path[107 - HOME_SOCKET_MAX - 1 - 4] = '\0';
    own = path;
    struct home *h = find();
    char *sock = file_join(h->run, longest);
    cr_assert_not_null(sock);
    cr_assert_eq(strlen(sock), 107u);
    cr_assert_eq(addr_unix(sock, &a), 0);
    free(sock);
    home_free(h);
    path[strlen(path)] = 'h';
    path[107 - HOME_SOCKET_MAX - 1 - 4 + 1] = '\0';
    refused("too long");
}

BEAM_TEST(home, prepare_makes_private_folders)
{
    char base[] = "/tmp/beam-home-XXXXXX";
    struct beam_why why = {0};
    struct stat st;
    cr_assert_not_null(mkdtemp(base));
    own = base;
    struct home *h = find();
    cr_assert_eq(home_prepare(h, &why), 0, "%s", why.text);
    const char *const dirs[] = {h->data, h->state, h->run, h->tor};
    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(stat(dirs[i], &st), 0);
        cr_assert(S_ISDIR(st.st_mode) && (st.st_mode & 07777) == 0700);
        cr_assert_eq(chmod(dirs[i], 0701), 0);
        cr_assert_eq(home_prepare(h, &why), BEAM_EPERM);
        cr_assert_not_null(strstr(why.text, dirs[i]), "%s", why.text);
        cr_assert_eq(chmod(dirs[i], 0700), 0);
    }
    cr_assert_eq(home_prepare(h, &why), 0);
    home_free(h);
    cr_assert_eq(file_remove_tree(base), 0);
}
