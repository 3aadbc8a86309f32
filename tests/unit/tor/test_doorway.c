/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/doorway.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/loop/until.h"
#include "tests/unit/tunnel/folder.h"

struct visits {
    struct stream *last;
    bool came;
};

static void on_visitor(void *arg, struct stream *s)
{
    struct visits *v = arg;
    stream_free(v->last);
    v->last = s;
    v->came = true;
}

static struct tor *tor_of(struct loop *l, const struct folder *f, const char *control)
{
    struct tor *t = NULL;
    const struct tor_events events = {.arg = NULL};
    const struct tor_options options = {.control = control,
                                        .binary = "/nonexistent/tor",
                                        .dir = f->path,
                                        .bootstrap_timeout = 5000,
                                        .answer_timeout = 5000,
                                        .restart_max = 1000};
    cr_assert_eq(tor_new(l, &options, &events, &t), 0);
    return t;
}

static int visit(const struct addr *at)
{
    int fd = socket(at->ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(fd, 0);
    cr_assert_eq(connect(fd, (const struct sockaddr *)&at->ss, at->len), 0);
    return fd;
}

/* A tor of our own is led to a socket that nobody else can reach, any other to a loopback port. */
BEAM_TEST(doorway, leads_where_that_tor_can_go)
{
    static const char *const controls[] = {"", "127.0.0.1:1"};
    for (size_t i = 0; i < 2; i++) {
        struct loop *l = until_loop_new();
        struct folder f = folder_make();
        struct tor *t = tor_of(l, &f, controls[i]);
        struct visits v = {NULL, false};
        struct doorway *d = NULL;
        struct beam_why why = {0};
        struct stat st;
        char dir[128];
        (void)snprintf(dir, sizeof(dir), "%s/door", f.path);
        const struct doorway_spec spec = {.loop = l, .tor = t, .dir = dir, .id = "7"};
        cr_assert_eq(doorway_open(&spec, on_visitor, &v, &d, &why), 0, "%s", why.text);
        const char *path = addr_path(doorway_addr(d));
        cr_expect_eq(path != NULL, i == 0);
        if (path) {
            cr_assert_eq(stat(dir, &st), 0);
            cr_expect_eq(st.st_mode & 0777, 0700u);
        } else {
            cr_expect_eq(addr_scope(doorway_addr(d)), ADDR_LOOPBACK);
        }
        doorway_pause(d);
        int fd = visit(doorway_addr(d));
        for (int turn = 0; turn < 3; turn++)
            cr_assert_eq(loop_turn(l), 0);
        cr_expect(!v.came, "visitors wait");
        doorway_resume(d);
        cr_assert(until_flag(l, &v.came));
        close(fd);
        stream_free(v.last);
        doorway_close(d);
        cr_expect_neq(stat(dir, &st), 0, "the folder went with its socket");
        tor_free(t);
        folder_remove(&f);
        loop_free(l);
    }
}

BEAM_TEST(doorway, too_long_a_path)
{
    struct loop *l = until_loop_new();
    struct folder f = folder_make();
    struct tor *t = tor_of(l, &f, "");
    struct visits v = {NULL, false};
    struct doorway *d = NULL;
    struct beam_why why = {0};
    char id[128];
    memset(id, 'a', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';
    const struct doorway_spec spec = {.loop = l, .tor = t, .dir = f.path, .id = id};
    cr_expect_eq(doorway_open(&spec, on_visitor, &v, &d, &why), BEAM_ELIMIT);
    cr_expect_not_null(strstr(why.text, "107"));
    tor_free(t);
    folder_remove(&f);
    loop_free(l);
}
