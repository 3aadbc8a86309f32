/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/acme.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>

#include "base/backoff.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "loop/child.h"

enum { NAMES_MAX = 64, ARGS_MAX = NAMES_MAX + 16, SAID_SIZE = 300, GRACE_MS = 2000 };

/* A server chooses the token, which becomes a file's name. */
static const char hook_text[] =
    "#!/bin/sh\n"
    "# METHOD TYPE IDENTIFIER TOKEN AUTHORIZATION: puts what an ACME server asks for where the\n"
    "# relay's front finds it, and takes it away.\n"
    "[ $# -eq 5 ] && [ \"$2\" = http-01 ] || exit 1\n"
    "case $4 in *[!A-Za-z0-9_-]* | '') exit 1 ;; esac\n"
    "file=$(dirname \"$0\")/challenges/$4\n"
    "case $1 in\n"
    "begin) printf %s \"$5\" >\"$file.new\" && mv \"$file.new\" \"$file\" ;;\n"
    "done | failed) rm -f \"$file\" ;;\n"
    "*) exit 1 ;;\n"
    "esac\n";

enum state { RESTING, REGISTERING, ISSUING };
enum step { EVENT_DUE, EVENT_DONE, EVENT_CURRENT, EVENT_FAILED };

struct acme {
    struct acme_spec spec;
    struct acme_events events;
    char *program, *dir, *server, *email, *domains, *hook;
    enum state state;
    unsigned failures;
    struct child *child;
    struct loop_timer timer; /* until it is due, or for the program to end */
    bool known, timed_out;   /* the account was there already */
    char said[SAID_SIZE];    /* the server's words, or the program's last */
    bool server_said;
};

static void acme_event(struct acme *a, enum step ev);

/* ---- names ---------------------------------------------------------------------------------- */

/* A domain, or all below one: what becomes a folder's name and a program's argument. */
static bool is_name(const char *name, size_t len)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";
    if (len > 2 && memcmp(name, "*.", 2) == 0) {
        name += 2;
        len -= 2;
    }
    if (len == 0 || len > 253 || name[0] == '-' || name[0] == '.')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!memchr(letters, name[i], sizeof(letters) - 1))
            return false;
    return true;
}

static int check_names(const char *domains, struct beam_why *why)
{
    size_t count = 0;
    for (const char *at = domains; *at; at += strspn(at, "\n")) {
        size_t len = strcspn(at, "\n");
        if (!is_name(at, len))
            return beam_why(why, BEAM_EUSAGE,
                            "relay.acme %.*s: not a domain in lower case, as in relay.example",
                            (int)(len < 64 ? len : 64), at);
        if (++count > NAMES_MAX)
            return beam_why(why, BEAM_EUSAGE, "relay.acme: more than %d domains", NAMES_MAX);
        at += len;
    }
    return 0;
}

/* The first one's folder, as uacme names it. */
static void folder_of(const char *domains, char out[256])
{
    const char *name = strncmp(domains, "*.", 2) == 0 ? domains + 2 : domains;
    snprintf(out, 256, "%.*s", (int)strcspn(name, "\n"), name);
}

bool acme_reserved(const char *name, size_t len)
{
    static const char *const ends[] = {"test",     "example",     "invalid",     "localhost",
                                       "local",    "onion",       "alt",         "home.arpa",
                                       "internal", "example.com", "example.net", "example.org"};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t n = strlen(ends[i]);
        if (len >= n && strncasecmp(name + len - n, ends[i], n) == 0 &&
            (len == n || name[len - n - 1] == '.'))
            return true;
    }
    return false;
}

int acme_files(const char *dir, const char *domains, char **chain, char **key, struct beam_why *why)
{
    char folder[256];
    int err = check_names(domains, why);
    if (err < 0)
        return err;
    folder_of(domains, folder);
    char *c = NULL, *k = NULL;
    if (asprintf(&c, "%s/%s/cert.pem", dir, folder) < 0)
        c = NULL;
    if (!c || asprintf(&k, "%s/private/%s/key.pem", dir, folder) < 0) {
        free(c);
        return beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    }
    *chain = c;
    *key = k;
    return 0;
}

char *acme_challenges(const char *dir)
{
    return file_join(dir, "challenges");
}

/* ---- the program ---------------------------------------------------------------------------- */

/* `"detail": "…"` is what the server says; other lines are the program's. */
static void on_line(void *arg, const char *line, size_t len)
{
    static const char detail[] = "\"detail\": \"", own[] = "uacme: ";
    struct acme *a = arg;
    const char *at = memmem(line, len, detail, sizeof(detail) - 1);
    if (at) {
        at += sizeof(detail) - 1;
        len -= (size_t)(at - line);
        while (len > 0 && strchr("\",", at[len - 1]))
            len--;
        snprintf(a->said, sizeof(a->said), "%.*s", (int)len, at);
        a->server_said = true;
    } else if (len > sizeof(own) - 1 && memcmp(line, own, sizeof(own) - 1) == 0) {
        a->known |= memmem(line, len, "Account already exists", 22) != NULL;
        if (!a->server_said)
            snprintf(a->said, sizeof(a->said), "%.*s", (int)(len - sizeof(own) + 1),
                     line + sizeof(own) - 1);
    }
}

static void on_exit_of(void *arg, int status)
{
    struct acme *a = arg;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    a->child = NULL;
    loop_timer_clear(&a->timer);
    if (code == 0 || (a->state == REGISTERING && a->known))
        acme_event(a, EVENT_DONE);
    else if (code == 1 && a->state == ISSUING)
        acme_event(a, EVENT_CURRENT);
    else
        acme_event(a, EVENT_FAILED);
}

static size_t add(const char **argv, size_t n, const char *option, const char *value)
{
    if (!value[0])
        return n;
    argv[n++] = option;
    argv[n++] = value;
    return n;
}

/* Each domain is an argument of its own; `names` holds them. */
static size_t add_names(const char **argv, size_t n, char *names)
{
    char *at = NULL;
    for (char *name = strtok_r(names, "\n", &at); name; name = strtok_r(NULL, "\n", &at))
        argv[n++] = name;
    return n;
}

static int run(struct acme *a, struct beam_why *why)
{
    static const char *const env[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", NULL};
    const char *argv[ARGS_MAX] = {a->program, "--yes",     "--no-ocsp", "--type",
                                  "EC",       "--confdir", a->dir};
    char *names = strdup(a->domains);
    if (!names)
        return beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    size_t n = add(argv, 7, "--acme-url", a->server);
    if (a->state == ISSUING) {
        n = add(argv, n, "--hook", a->hook);
        argv[n++] = "issue";
        n = add_names(argv, n, names);
    } else {
        argv[n++] = "new";
        if (a->email[0])
            argv[n++] = a->email;
    }
    const struct child_spec spec = {.argv = argv,
                                    .env = env,
                                    .dir = a->dir,
                                    .die_with_us = true,
                                    .on_line = on_line,
                                    .on_exit = on_exit_of,
                                    .arg = a};
    int err = child_spawn(a->spec.loop, &spec, &a->child, why);
    free(names);
    return err;
}

/* ---- states --------------------------------------------------------------------------------- */

static void start_program(struct acme *a)
{
    struct beam_why why = {.text = ""};
    a->said[0] = '\0';
    a->server_said = a->known = a->timed_out = false;
    if (run(a, &why) == 0) {
        loop_timer_set(&a->timer, ACME_TIMEOUT_MS);
        return;
    }
    snprintf(a->said, sizeof(a->said), "%.*s", (int)sizeof(a->said) - 1, why.text);
    acme_event(a, EVENT_FAILED);
}

static void acme_enter(struct acme *a, enum state state)
{
    a->state = state;
    if (state != RESTING)
        start_program(a);
}

static void rest(struct acme *a, uint64_t ms)
{
    acme_enter(a, RESTING);
    loop_timer_set(&a->timer, ms);
}

static void fail(struct acme *a)
{
    struct beam_why why;
    char shown[2 * SAID_SIZE], name[256];
    const char *words = a->timed_out ? "the program did not end in time" : a->said;
    uint64_t least = a->spec.retry_ms ? a->spec.retry_ms : ACME_RETRY_MS;
    uint64_t pause = backoff_pause(a->failures++, least, ACME_RETRY_MOST_MS);
    text_escape(words, strlen(words), shown, sizeof(shown));
    folder_of(a->domains, name);
    beam_why(&why, BEAM_EIO, "certificate for %s: %s%s (it is tried again in %llu s)", name,
             a->server_said ? "the ACME server says: " : "", shown[0] ? shown : "uacme failed",
             (unsigned long long)((pause + 999) / 1000));
    rest(a, pause);
    a->events.failed(a->events.arg, &why, pause);
}

static void succeed(struct acme *a, bool issued)
{
    a->failures = 0;
    rest(a, a->spec.renew_ms ? a->spec.renew_ms : ACME_RENEW_MS);
    if (issued)
        a->events.issued(a->events.arg);
}

static void acme_event(struct acme *a, enum step ev)
{
    if (a->state == RESTING && ev == EVENT_DUE)
        acme_enter(a, REGISTERING);
    else if (a->state == REGISTERING && ev == EVENT_DONE)
        acme_enter(a, ISSUING);
    else if (a->state == ISSUING && (ev == EVENT_DONE || ev == EVENT_CURRENT))
        succeed(a, ev == EVENT_DONE);
    else if (a->state != RESTING && ev == EVENT_FAILED)
        fail(a);
    else
        log_error("relay", "acme: event %d in state %d", (int)ev, (int)a->state);
}

static void on_timer(void *arg)
{
    struct acme *a = arg;
    if (!a->child) {
        acme_event(a, EVENT_DUE);
        return;
    }
    a->timed_out = true;
    child_stop(a->child, GRACE_MS);
}

/* ---- its life ------------------------------------------------------------------------------- */

static int make_folders(struct acme *a, struct beam_why *why)
{
    char *challenges = acme_challenges(a->dir), *hook = file_join(a->dir, "hook");
    int err = challenges && hook ? 0 : beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    if (err == 0)
        err = file_private_dir(a->dir, why);
    if (err == 0)
        err = file_private_dir(challenges, why);
    if (err == 0 && (err = file_write(hook, 0700, hook_text, sizeof(hook_text) - 1)) < 0)
        beam_why(why, err, "%s: cannot be written: %s", hook, file_fault(err));
    free(challenges);
    if (err == 0 && !a->hook[0]) {
        free(a->hook);
        a->hook = hook;
        return 0;
    }
    free(hook);
    return err;
}

static int copy_spec(struct acme *a, const struct acme_spec *s)
{
    a->spec = *s;
    a->program = strdup(s->program);
    a->dir = strdup(s->dir);
    a->server = strdup(s->server);
    a->email = strdup(s->email);
    a->domains = strdup(s->domains);
    a->hook = strdup(s->hook);
    return a->program && a->dir && a->server && a->email && a->domains && a->hook ? 0 : BEAM_ENOMEM;
}

int acme_start(const struct acme_spec *spec, const struct acme_events *events, struct acme **out,
               struct beam_why *why)
{
    struct acme *a = calloc(1, sizeof(*a));
    if (!a)
        return beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    loop_timer_init(spec->loop, &a->timer, on_timer, a);
    a->events = *events;
    int err = copy_spec(a, spec);
    if (err < 0)
        beam_why(why, err, "relay: out of memory");
    if (err == 0)
        err = check_names(a->domains, why);
    if (err == 0)
        err = make_folders(a, why);
    if (err < 0) {
        acme_free(a);
        return err;
    }
    loop_timer_set(&a->timer, 0);
    *out = a;
    return 0;
}

void acme_free(struct acme *a)
{
    if (!a)
        return;
    loop_timer_clear(&a->timer);
    child_free(a->child);
    free(a->program);
    free(a->dir);
    free(a->server);
    free(a->email);
    free(a->domains);
    free(a->hook);
    free(a);
}
