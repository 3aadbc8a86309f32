/* SPDX-License-Identifier: BSD-3-Clause */
#include "demo/app.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/loop/until.h"

struct guest {
    int fd;
    char text[8192];
    size_t len;
    bool ended;
};

static struct guest visit(const struct app *a)
{
    struct guest g = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const struct sockaddr_in in = {.sin_family = AF_INET,
                                   .sin_port = htons(app_port(a)),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    cr_assert_geq(g.fd, 0);
    cr_assert_eq(connect(g.fd, (const struct sockaddr *)&in, sizeof(in)), 0);
    cr_assert_eq(fcntl(g.fd, F_SETFL, O_NONBLOCK), 0);
    return g;
}

static bool has_ended(void *arg)
{
    struct guest *g = arg;
    ssize_t n = read(g->fd, g->text + g->len, sizeof(g->text) - 1 - g->len);
    if (n > 0)
        g->len += (size_t)n;
    g->text[g->len] = '\0';
    g->ended = n == 0;
    return g->ended;
}

static void say(const struct guest *g, const char *text)
{
    cr_assert_eq(write(g->fd, text, strlen(text)), (ssize_t)strlen(text));
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

BEAM_TEST(app, answers_a_request_in_pieces)
{
    struct loop *l = until_loop_new();
    struct app *a = NULL;
    cr_assert_eq(app_start(l, &a, NULL), 0);
    struct guest g = visit(a);
    static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for (size_t i = 0; i < sizeof(request) - 1; i++) {
        cr_assert_eq(write(g.fd, request + i, 1), 1);
        cr_assert_eq(loop_turn(l), 0);
    }
    cr_assert(until(l, has_ended, &g));
    cr_expect(begins(g.text, "HTTP/1.1 200 OK\r\n"), "%s", g.text);
    close(g.fd);
    app_free(a);
    loop_free(l);
}

BEAM_TEST(app, refuses_what_is_no_request)
{
    struct loop *l = until_loop_new();
    struct app *a = NULL;
    cr_assert_eq(app_start(l, &a, NULL), 0);
    struct guest g = visit(a);
    say(&g, "\x16\x03\x01 hello\r\n\r\n");
    cr_assert(until(l, has_ended, &g));
    cr_expect(begins(g.text, "HTTP/1.1 400 "), "%s", g.text);
    close(g.fd);
    app_free(a);
    loop_free(l);
}

BEAM_TEST(app, one_that_hangs_up_in_the_middle_is_forgotten)
{
    struct loop *l = until_loop_new();
    struct app *a = NULL;
    cr_assert_eq(app_start(l, &a, NULL), 0);
    struct guest half = visit(a), g = visit(a);
    say(&half, "GET / HT");
    cr_assert_eq(shutdown(half.fd, SHUT_WR), 0);
    cr_assert(until(l, has_ended, &half));
    cr_expect_eq(half.len, 0, "%s", half.text);
    say(&g, "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
    cr_assert(until(l, has_ended, &g));
    cr_expect(begins(g.text, "HTTP/1.1 404 "), "%s", g.text);
    close(half.fd);
    close(g.fd);
    app_free(a);
    loop_free(l);
}

BEAM_TEST(app, more_than_it_serves_at_once_wait)
{
    struct loop *l = until_loop_new();
    struct app *a = NULL;
    struct guest silent[APP_GUESTS_MAX];
    cr_assert_eq(app_start(l, &a, NULL), 0);
    for (int i = 0; i < APP_GUESTS_MAX; i++) {
        silent[i] = visit(a);
        cr_assert_eq(loop_turn(l), 0);
    }
    struct guest g = visit(a);
    say(&g, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    for (int i = 0; i < 10; i++)
        cr_assert_eq(loop_turn(l), 0);
    cr_expect_not(has_ended(&g));
    cr_expect_eq(g.len, 0, "it was served beside %d others", APP_GUESTS_MAX);
    close(silent[0].fd);
    cr_assert(until(l, has_ended, &g));
    cr_expect(begins(g.text, "HTTP/1.1 200 "), "%s", g.text);
    for (int i = 1; i < APP_GUESTS_MAX; i++)
        close(silent[i].fd);
    close(g.fd);
    app_free(a);
    loop_free(l);
}
