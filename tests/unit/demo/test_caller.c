/* SPDX-License-Identifier: BSD-3-Clause */
#include "demo/caller.h"

#include <stdio.h>
#include <string.h>

#include "demo/app.h"
#include "tests/unit/loop/until.h"

struct fetch {
    bool done;
    int err;
    char text[4096];
};

static void on_done(void *arg, int err, const struct beam_why *why, const struct buf *answer,
                    uint64_t ms)
{
    struct fetch *f = arg;
    (void)why;
    (void)ms;
    f->done = true;
    f->err = err;
    if (answer)
        f->text[buf_peek(answer, 0, f->text, sizeof(f->text) - 1)] = '\0';
}

BEAM_TEST(caller, gets_what_is_there)
{
    struct loop *l = until_loop_new();
    struct fetch f = {.done = false};
    struct beam_why why = {.text = ""};
    struct app *app = NULL;
    struct caller *c = NULL;
    char url[64];
    int err = app_start(l, &app, &why);
    cr_assert_eq(err, 0, "%s", why.text);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", app_port(app));
    err = caller_fetch(l, url, on_done, &f, &c, &why);
    if (err == 0)
        (void)until_flag(l, &f.done);
    app_free(app);
    loop_free(l);
    cr_assert_eq(err, 0, "%s", why.text);
    cr_assert_eq(f.err, 0);
    cr_assert_eq(strncmp(f.text, "HTTP/1.1 200 ", 13), 0, "%s", f.text);
}

BEAM_TEST(caller, asks_nobody_else)
{
    static const char *const bad[] = {"http://192.0.2.1:80/", "https://127.0.0.1:80/",
                                      "http://127.0.0.1:80", "http://127.0.0.1:0/",
                                      "http://127.0.0.1:x/"};
    struct loop *l = until_loop_new();
    struct caller *c = NULL;
    struct fetch f = {.done = false};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_eq(caller_fetch(l, bad[i], on_done, &f, &c, NULL), BEAM_EINVAL, "%s", bad[i]);
    loop_free(l);
}
