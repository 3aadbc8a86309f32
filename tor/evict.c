/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/evict.h"

#include <stdio.h>
#include <string.h>

enum {
    PAUSE = 50,        /* ms, between two looks */
    ROUNDS_MAX = 200,  /* looks */
    CLOSED_MAX = 1024, /* circuits a look */
    LINE_SIZE = 4096   /* of the status, whose lines have some hundred bytes */
};

static const char key[] = "circuit-status=";

bool evict_match(const char *line, const char *address, char id[EVICT_ID_SIZE])
{
    char word[EVICT_ID_SIZE], purpose[32], query[ONION_ADDRESS_SIZE];
    const char *at = line;
    if (control_word(&at, word, sizeof(word)) < 0 ||
        control_value(at, "PURPOSE", purpose, sizeof(purpose)) < 0 ||
        strcmp(purpose, "HS_SERVICE_REND") != 0 ||
        control_value(at, "REND_QUERY", query, sizeof(query)) < 0 || strcmp(query, address) != 0)
        return false;
    memcpy(id, word, sizeof(word));
    return true;
}

static void finish(struct evict *e, int err)
{
    evict_stop(e);
    e->done(e->arg, err);
}

static void ignore(void *arg, const struct control_reply *r)
{
    (void)arg;
    (void)r; /* it may have gone by itself; the next look tells */
}

/* Closes those among `text`'s lines, each ended by LF or the text's end. Their number, or an
 * error. */
static int close_each(struct evict *e, const char *text)
{
    char line[LINE_SIZE], id[EVICT_ID_SIZE];
    int count = 0;
    while (*text && count < CLOSED_MAX) {
        size_t len = strcspn(text, "\n");
        if (len < sizeof(line)) {
            memcpy(line, text, len);
            line[len] = '\0';
        }
        if (len < sizeof(line) && evict_match(line, e->address, id)) {
            int err = control_send(e->control, ignore, NULL, "CLOSECIRCUIT %s", id);
            if (err < 0)
                return err;
            count++;
        }
        text += len + (text[len] == '\n');
    }
    return count;
}

static void on_status(void *arg, const struct control_reply *r)
{
    struct evict *e = arg;
    const struct control_line *first = &r->lines[0];
    if (!e->control)
        return;
    if (r->code != 250 || strncmp(first->text, key, sizeof(key) - 1) != 0) {
        finish(e, BEAM_EPERM);
        return;
    }
    int count = close_each(e, first->data[0] ? first->data : first->text + sizeof(key) - 1);
    if (count <= 0)
        finish(e, count);
    else if (++e->rounds == ROUNDS_MAX)
        finish(e, BEAM_ETIMEOUT);
    else
        loop_timer_set(&e->again, PAUSE);
}

static int look(struct evict *e)
{
    return control_send(e->control, on_status, e, "GETINFO circuit-status");
}

static void on_again(void *arg)
{
    struct evict *e = arg;
    int err = look(e);
    if (err < 0)
        finish(e, err);
}

void evict_init(struct evict *e, struct loop *l, void (*done)(void *arg, int err), void *arg)
{
    *e = (struct evict){.done = done, .arg = arg};
    loop_timer_init(l, &e->again, on_again, e);
}

int evict_start(struct evict *e, struct control *control, const char *address)
{
    snprintf(e->address, sizeof(e->address), "%s", address);
    e->control = control;
    e->rounds = 0;
    int err = look(e);
    if (err < 0)
        evict_stop(e);
    return err;
}

bool evict_busy(const struct evict *e)
{
    return e->control != NULL;
}

void evict_stop(struct evict *e)
{
    loop_timer_clear(&e->again);
    e->control = NULL;
}
