/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/node.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "loop/child.h"
#include "tor/link.h"
#include "tor/spawn.h"
#include "tor/torrc.h"

enum { TOOLS = 2, SMALL_FILE = 64 * 1024 };

static const char certificate[] = TORRC_DATA "/keys/authority_certificate";
static const char fingerprint[] = TORRC_DATA "/fingerprint";
static const char signing_key[] = TORRC_DATA "/keys/authority_signing_key";

struct node {
    struct node_spec spec; /* texts owned */
    struct node_events events;
    struct node_public public;
    struct tool {
        struct node *node;
        struct child *child;
        struct complaints complaints;
    } tools[TOOLS]; /* programs that make its keys */
    bool tool_failed;
    struct spawn *spawn;
    struct link *link;
    bool ready; /* the link is */
    bool asked; /* an answer is under way */
    size_t listed;
};

const struct node_public *node_public(const struct node *n)
{
    return &n->public;
}

int node_new(const struct node_spec *spec, const struct node_public *public,
             const struct node_events *events, struct node **out)
{
    struct node *n = calloc(1, sizeof(*n));
    if (!n)
        return BEAM_ENOMEM;
    n->spec = *spec;
    n->spec.binary = strdup(spec->binary);
    n->spec.gencert = strdup(spec->gencert);
    n->spec.dir = strdup(spec->dir);
    n->spec.address = strdup(spec->address);
    n->public = *public;
    n->events = *events;
    for (size_t i = 0; i < TOOLS; i++)
        n->tools[i].node = n;
    if (!n->spec.binary || !n->spec.gencert || !n->spec.dir || !n->spec.address) {
        node_free(n);
        return BEAM_ENOMEM;
    }
    *out = n;
    return 0;
}

void node_free(struct node *n)
{
    if (!n)
        return;
    for (size_t i = 0; i < TOOLS; i++)
        child_free(n->tools[i].child);
    link_free(n->link);
    spawn_free(n->spawn);
    free((char *)(uintptr_t)n->spec.binary);
    free((char *)(uintptr_t)n->spec.gencert);
    free((char *)(uintptr_t)n->spec.dir);
    free((char *)(uintptr_t)n->spec.address);
    free(n);
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* The word after `key` and a space, at the start of a line of the file dir/name. */
static int read_word(const struct node *n, const char *name, const char *key, char *out,
                     size_t size)
{
    char *path = file_join(n->spec.dir, name), *text = NULL;
    size_t len = 0;
    int err = path ? file_read(path, SMALL_FILE, &text, &len) : BEAM_ENOMEM;
    free(path);
    if (err < 0)
        return err;
    err = BEAM_EINVAL;
    for (const char *line = text; line && err < 0;) {
        const char *rest = control_after(line, key);
        if (rest) {
            int w = snprintf(out, size, "%.*s", (int)strcspn(rest, " \r\n"), rest);
            err = w > 0 && (size_t)w < size ? 0 : BEAM_EINVAL;
        }
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    free(text);
    return err;
}

static int read_public(struct node *n, struct beam_why *why)
{
    struct node_public *p = &n->public;
    int err = read_word(n, certificate, "fingerprint", p->v3ident, sizeof(p->v3ident));
    if (err < 0)
        return beam_why(why, err, "%s: tor-gencert left no certificate", p->name);
    err = read_word(n, fingerprint, p->name, p->fingerprint, sizeof(p->fingerprint));
    if (err < 0)
        return beam_why(why, err, "%s: tor --list-fingerprint left no fingerprint", p->name);
    return 0;
}

static void on_tool_line(void *arg, const char *line, size_t len)
{
    struct tool *tool = arg;
    struct logline l;
    logline_parse(line, len, &l);
    complaints_note(&tool->complaints, &l);
}

static void on_tool_exit(void *arg, int status)
{
    struct tool *tool = arg;
    struct node *n = tool->node;
    struct beam_why why;
    int err = 0;
    tool->child = NULL;
    if (n->tool_failed)
        return;
    if (status != 0) {
        char last[300];
        complaints_text(&tool->complaints, last, sizeof(last));
        err = beam_why(&why, BEAM_EIO, "%s: its keys could not be made (status %d): %s",
                       n->public.name, WIFEXITED(status) ? WEXITSTATUS(status) : -1, last);
    } else {
        for (size_t i = 0; i < TOOLS; i++)
            if (n->tools[i].child)
                return;
        err = read_public(n, &why);
    }
    n->tool_failed = err < 0;
    n->events.keys(n->events.arg, n, err, err < 0 ? &why : NULL);
}

static int run_tool(struct node *n, struct tool *tool, const char *const *argv,
                    struct beam_why *why)
{
    char *path = NULL;
    const char *ours = getenv("PATH");
    if (asprintf(&path, "PATH=%s", ours ? ours : "/usr/local/bin:/usr/bin:/bin") < 0)
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", n->public.name);
    const char *env[] = {path, "LANG=C", NULL};
    const struct child_spec spec = {.argv = argv,
                                    .env = env,
                                    .dir = n->spec.dir,
                                    .die_with_us = true,
                                    .on_line = on_tool_line,
                                    .on_exit = on_tool_exit,
                                    .arg = tool};
    int err = child_spawn(n->spec.loop, &spec, &tool->child, why);
    free(path);
    return err;
}

static int private_dirs(const struct node *n, struct beam_why *why)
{
    static const char *const names[] = {TORRC_DATA, TORRC_DATA "/keys"};
    int err = file_private_dir(n->spec.dir, why);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && err == 0; i++) {
        char *path = file_join(n->spec.dir, names[i]);
        err = path ? file_private_dir(path, why)
                   : beam_why(why, BEAM_ENOMEM, "%s: out of memory", n->public.name);
        free(path);
    }
    return err;
}

int node_make_keys(struct node *n, struct beam_why *why)
{
    char dir_port[64], or_port[8];
    snprintf(dir_port, sizeof(dir_port), "%s:%u", n->spec.address, (unsigned)n->public.dir_port);
    snprintf(or_port, sizeof(or_port), "%u", (unsigned)n->public.or_port);
    /* The pass phrase that guards the identity key is read from the standard input: empty. */
    const char *const gencert[] = {n->spec.gencert,
                                   "--create-identity-key",
                                   "--passphrase-fd",
                                   "0",
                                   "-m",
                                   "12",
                                   "-a",
                                   dir_port,
                                   "-i",
                                   "authority_identity_key",
                                   "-s",
                                   signing_key,
                                   "-c",
                                   certificate,
                                   NULL};
    const char *const list[] = {n->spec.binary,
                                "--list-fingerprint",
                                "-f",
                                TORRC_DEFAULTS,
                                "--defaults-torrc",
                                TORRC_DEFAULTS,
                                "DataDirectory",
                                TORRC_DATA,
                                "Nickname",
                                n->public.name,
                                "ContactInfo",
                                "none",
                                "ORPort",
                                or_port,
                                NULL};
    int err = private_dirs(n, why);
    char *empty = err == 0 ? file_join(n->spec.dir, TORRC_DEFAULTS) : NULL;
    if (err == 0 && (!empty || file_write(empty, 0600, "", 0) < 0))
        err = beam_why(why, BEAM_EIO, "%s: its folder cannot be written", n->public.name);
    free(empty);
    if (err == 0)
        err = run_tool(n, &n->tools[0], gencert, why);
    if (err == 0)
        err = run_tool(n, &n->tools[1], list, why);
    return err;
}

/* ---- its process ----------------------------------------------------------------------------- */

static void on_log(void *arg, const struct logline *l)
{
    struct node *n = arg;
    (void)l;
    if (n->link)
        link_poke(n->link);
}

static void on_ended(void *arg, int status, const struct beam_why *why)
{
    struct node *n = arg;
    struct beam_why named;
    (void)status;
    n->spawn = NULL;
    beam_why(&named, why->code, "%s: %s", n->public.name, why->text);
    n->events.ended(n->events.arg, n, &named);
}

static void on_ready(void *arg)
{
    struct node *n = arg;
    n->ready = true;
}

static void on_event(void *arg, const struct control_reply *event)
{
    (void)arg;
    (void)event;
}

/* Without its link it ends, and its end is told. */
static void on_closed(void *arg, int err, const struct beam_why *why)
{
    struct node *n = arg;
    (void)err;
    (void)why;
    link_free(n->link);
    n->link = NULL;
    n->ready = false;
    if (n->spawn)
        spawn_stop(n->spawn, 0);
}

int node_run(struct node *n, const struct node_public *all, size_t count, struct beam_why *why)
{
    char text[NODE_TORRC_MAX];
    const struct node_torrc torrc = {.nodes = all,
                                     .count = count,
                                     .self = &n->public,
                                     .address = n->spec.address,
                                     .dir = n->spec.dir,
                                     .owner = getpid()};
    const struct spawn_spec spawn = {
        .binary = n->spec.binary, .dir = n->spec.dir, .torrc = "", .text = text};
    const struct spawn_events spawn_events = {.log = on_log, .ended = on_ended, .arg = n};
    const struct link_spec link = {.dir = n->spec.dir, .permit = n->spec.permit, .own = true};
    const struct link_events link_events = {
        .ready = on_ready, .event = on_event, .closed = on_closed, .arg = n};
    int err = node_torrc(&torrc, text, sizeof(text));
    if (err < 0)
        return beam_why(why, err, "%s: its torrc: %s", n->public.name, beam_err_text(err));
    err = spawn_start(n->spec.loop, &spawn, &spawn_events, &n->spawn, why);
    if (err < 0)
        return err;
    err = link_open(n->spec.loop, &link, &link_events, &n->link);
    if (err < 0)
        return beam_why(why, err, "%s: its control socket: %s", n->public.name, beam_err_text(err));
    return 0;
}

/* Lines "r NICKNAME …" of a network status: one a node. */
static size_t count_nodes(const char *data)
{
    size_t count = 0;
    for (const char *line = data; line; line = strchr(line, '\n')) {
        if (*line == '\n')
            line++;
        if (strncmp(line, "r ", 2) == 0)
            count++;
    }
    return count;
}

static void on_status(void *arg, const struct control_reply *r)
{
    struct node *n = arg;
    n->asked = false;
    n->listed = r->code == 250 ? count_nodes(r->lines[0].data) : 0;
}

size_t node_ask(struct node *n)
{
    if (n->ready && !n->asked)
        n->asked = control_send(link_control(n->link), on_status, n, "GETINFO ns/all") == 0;
    return n->listed;
}
