/* SPDX-License-Identifier: BSD-3-Clause */
/* Against a program that stands in for uacme: it writes down how it was called, and does as it is
 * told. */
#include "relay/acme.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "loop/child.h"
#include "tests/unit/harness.h"
#include "tests/unit/loop/until.h"

struct scene {
    struct loop *loop;
    char dir[64], program[96], calls[96];
    struct acme *acme;
    struct acme_spec spec;
    unsigned issued, failed;
    struct beam_why why;
    uint64_t retry_ms;
};

static void on_issued(void *arg)
{
    ((struct scene *)arg)->issued++;
}

static void on_failed(void *arg, const struct beam_why *why, uint64_t retry_ms)
{
    struct scene *s = arg;
    s->failed++;
    s->why = *why;
    s->retry_ms = retry_ms;
}

/* `body` is what the program does, by the last words of its call in $call. */
static void scene_open(struct scene *s, const char *domains, const char *body)
{
    char text[2048];
    memset(s, 0, sizeof(*s));
    s->loop = until_loop_new();
    snprintf(s->dir, sizeof(s->dir), "/tmp/beam-acme-XXXXXX");
    cr_assert_not_null(mkdtemp(s->dir));
    snprintf(s->program, sizeof(s->program), "%s/program", s->dir);
    snprintf(s->calls, sizeof(s->calls), "%s/calls", s->dir);
    int n = snprintf(text, sizeof(text), "#!/bin/sh\necho \"$*\" >>%s\ncase $* in\n%s\nesac\n",
                     s->calls, body);
    cr_assert_eq(file_write(s->program, 0700, text, (size_t)n), 0);
    s->spec = (struct acme_spec){.loop = s->loop,
                                 .program = s->program,
                                 .dir = s->dir,
                                 .server = "https://acme.example/dir",
                                 .email = "alice@example.org",
                                 .domains = domains,
                                 .hook = "",
                                 .retry_ms = 20,
                                 .renew_ms = 20};
}

static void begins(struct scene *s)
{
    const struct acme_events events = {.issued = on_issued, .failed = on_failed, .arg = s};
    struct beam_why why;
    cr_assert_eq(acme_start(&s->spec, &events, &s->acme, &why), 0, "%s", why.text);
}

static void scene_close(struct scene *s)
{
    acme_free(s->acme);
    loop_free(s->loop);
    cr_assert_eq(file_remove_tree(s->dir), 0);
}

static bool has_issued(void *arg)
{
    return ((struct scene *)arg)->issued > 0;
}

static bool has_failed_twice(void *arg)
{
    return ((struct scene *)arg)->failed > 1;
}

/* Line `at` of how it was called, after the options that are always there. */
static void called(struct scene *s, int at, const char *words)
{
    char *text = NULL, *line;
    size_t len;
    cr_assert_eq(file_read(s->calls, 100000, &text, &len), 0);
    line = text;
    for (int i = 0; line && i < at; i++)
        line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL;
    cr_assert_not_null(line);
    line[strcspn(line, "\n")] = '\0';
    cr_expect(strlen(line) >= strlen(words) &&
                  strcmp(line + strlen(line) - strlen(words), words) == 0,
              "%s does not end in %s", line, words);
    free(text);
}

BEAM_TEST(acme, an_account_then_a_certificate_then_again)
{
    struct scene s;
    char hook[160];
    scene_open(&s, "relay.example\n*.relay.example",
               "*new*) [ -e once ] && echo 'uacme: Account already exists at x' && exit 2\n"
               "touch once ;;\n*issue*) [ -e twice ] && exit 0; touch twice; exit 1 ;;");
    begins(&s);
    cr_assert(until(s.loop, has_issued, &s));
    snprintf(hook, sizeof(hook),
             "--acme-url https://acme.example/dir --hook %s/hook issue relay.example "
             "*.relay.example",
             s.dir);
    called(&s, 0, "--acme-url https://acme.example/dir new alice@example.org");
    called(&s, 1, hook);
    called(&s, 2, "new alice@example.org");
    called(&s, 3, hook);
    cr_assert_eq(s.failed, 0u);
    scene_close(&s);
}

BEAM_TEST(acme, names_that_are_reserved_are_known)
{
    static const char *const reserved[] = {"relay.test",  "localhost",     "a.EXAMPLE",
                                           "example.org", "*.example.com", "printer.local",
                                           "x.onion",     "a.home.arpa"};
    static const char *const others[] = {"relay.org",      "test.org",    "latest", "myexample.com",
                                         "example.com.br", "onion.relay", "arpa",   ""};
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        cr_expect(acme_reserved(reserved[i], strlen(reserved[i])), "%s", reserved[i]);
        cr_expect_not(acme_reserved(others[i], strlen(others[i])), "%s", others[i]);
    }
}

BEAM_TEST(acme, a_server_that_errs_is_asked_later_and_later)
{
    struct scene s;
    scene_open(&s, "relay.example",
               "*issue*) echo 'uacme: challenge x failed'\n"
               "echo '    \"detail\": \"no \\\"way\\\" there\",'\n"
               "echo 'uacme: failed to authorize'; exit 2 ;;");
    begins(&s);
    cr_assert(until(s.loop, has_failed_twice, &s));
    cr_assert_eq(s.retry_ms, 40u);
    cr_assert_not_null(strstr(s.why.text, "certificate for relay.example: the ACME server says: "));
    cr_assert_not_null(strstr(s.why.text, "way"), "%s", s.why.text);
    cr_assert_null(strstr(s.why.text, "authorize"), "%s", s.why.text);
    cr_assert_eq(s.issued, 0u);
    scene_close(&s);
}

BEAM_TEST(acme, a_program_that_fails_or_is_not_there)
{
    struct scene s;
    scene_open(&s, "*.relay.example", "*new*) echo 'uacme: out of luck'; exit 2 ;;");
    begins(&s);
    cr_assert(until(s.loop, has_failed_twice, &s));
    cr_assert_not_null(strstr(s.why.text, "certificate for relay.example: out of luck"));
    scene_close(&s);

    scene_open(&s, "relay.example", "*) ;;");
    s.spec.program = "/nowhere/uacme";
    begins(&s);
    cr_assert(until(s.loop, has_failed_twice, &s));
    cr_assert_not_null(strstr(s.why.text, "/nowhere/uacme"), "%s", s.why.text);
    scene_close(&s);
}

BEAM_TEST(acme, what_is_no_domain)
{
    static const char *const bad[] = {"Relay.example", "-x", "a/b", "..", "a b",
                                      "ok.example\n*", "*."};
    struct beam_why why;
    char *chain, *key;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_eq(acme_files("/d", bad[i], &chain, &key, &why), BEAM_EUSAGE, "%s", bad[i]);
    cr_assert_eq(acme_files("/d", "*.relay.example\nx", &chain, &key, &why), 0);
    cr_expect_str_eq(chain, "/d/relay.example/cert.pem");
    cr_expect_str_eq(key, "/d/private/relay.example/key.pem");
    free(chain);
    free(key);
    acme_free(NULL);
}

struct hook_run {
    bool ended;
    int status;
};

static void on_hook_exit(void *arg, int status)
{
    struct hook_run *h = arg;
    h->ended = true;
    h->status = status;
}

static int runs_hook(struct scene *s, const char *method, const char *type, const char *token)
{
    char hook[96];
    struct child *child;
    struct hook_run h = {.ended = false};
    snprintf(hook, sizeof(hook), "%s/hook", s->dir);
    const char *argv[] = {hook, method, type, "relay.example", token, "the answer", NULL};
    const char *env[] = {"PATH=/usr/bin:/bin", NULL};
    const struct child_spec spec = {.argv = argv, .env = env, .on_exit = on_hook_exit, .arg = &h};
    cr_assert_eq(child_spawn(s->loop, &spec, &child, NULL), 0);
    cr_assert(until_flag(s->loop, &h.ended));
    return h.status;
}

/* The token is a server's word, and becomes a file's name. */
BEAM_TEST(acme, the_hook_puts_answers_and_nothing_else)
{
    struct scene s;
    struct stat st;
    char path[160], *text;
    size_t len;
    scene_open(&s, "relay.example", "*) ;;");
    begins(&s);
    cr_assert_eq(runs_hook(&s, "begin", "http-01", "aZ0_-"), 0);
    snprintf(path, sizeof(path), "%s/challenges/aZ0_-", s.dir);
    cr_assert_eq(file_read(path, 100, &text, &len), 0);
    cr_assert_str_eq(text, "the answer");
    free(text);
    cr_assert_eq(runs_hook(&s, "done", "http-01", "aZ0_-"), 0);
    cr_assert_neq(stat(path, &st), 0);
    cr_assert_neq(runs_hook(&s, "begin", "dns-01", "a"), 0);
    cr_assert_neq(runs_hook(&s, "begin", "http-01", "../x"), 0);
    cr_assert_neq(runs_hook(&s, "begin", "http-01", ""), 0);
    snprintf(path, sizeof(path), "%s/x", s.dir);
    cr_assert_neq(stat(path, &st), 0);
    scene_close(&s);
}
