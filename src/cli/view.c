/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/json_line.h"
#include "cli/output.h"
#include "cli/qr.h"
#include "cli/screen.h"

struct view {
    const struct options *options;
    struct output *output;
    uint64_t lost; /* lines that a slow reader left no room for */
    struct screen screen;
};

static uint64_t wall_now(void)
{
    const struct clock_source *clock = clock_system();
    return clock->wall_ms(clock->arg);
}

static int add_line(struct view *v, char *line)
{
    int err = line ? output_add(v->output, line, strlen(line)) : BEAM_ENOMEM;
    free(line);
    return err;
}

/* Once there is room again it is said how much is missing. */
static void tell_lost(struct view *v)
{
    struct beam_why why;
    beam_why(&why, BEAM_ELIMIT, "%llu events were lost: standard output was not read in time",
             (unsigned long long)v->lost);
    if (add_line(v, json_line_own("warning", wall_now(), &why)) == 0)
        v->lost = 0;
}

static void show_line(struct view *v, char *line)
{
    if (v->lost)
        tell_lost(v);
    int err = v->lost ? BEAM_ELIMIT : 0;
    if (err < 0)
        free(line);
    else
        err = add_line(v, line);
    if (err == BEAM_ELIMIT || err == BEAM_ENOMEM)
        v->lost++;
}

static void show_qr(struct view *v, const cJSON *event)
{
    const cJSON *url;
    char *text;
    cJSON_ArrayForEach(url, cJSON_GetObjectItemCaseSensitive(event, "urls"))
    {
        if (cJSON_IsString(url) && qr_text(url->valuestring, v->screen.terminal.colour, &text) == 0)
            (void)add_line(v, text);
    }
}

void view_event(struct view *v, const cJSON *event)
{
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "event"));
    if (v->options->json) {
        show_line(v, json_line_event(event));
        return;
    }
    size_t len;
    const char *text = screen_event(&v->screen, event, &len);
    (void)output_add(v->output, text, len);
    if (v->options->qr && name && strcmp(name, "ready") == 0)
        show_qr(v, event);
}

int view_new(struct loop *l, const struct options *o, const char *version,
             void (*unheard)(void *arg), void *arg, struct view **out, struct beam_why *why)
{
    struct terminal terminal;
    struct view *v = calloc(1, sizeof(*v));
    int err = v ? output_new(l, STDOUT_FILENO, unheard, arg, &v->output) : BEAM_ENOMEM;
    if (err < 0) {
        free(v);
        return beam_why(why, err, "standard output: %s", beam_err_text(err));
    }
    terminal_look(&terminal);
    v->options = o;
    screen_init(&v->screen, &terminal, version, o->detach);
    *out = v;
    return 0;
}

void view_free(struct view *v, int ms)
{
    if (!v)
        return;
    if (!v->options->json) {
        size_t len;
        const char *text = screen_end(&v->screen, &len);
        (void)output_add(v->output, text, len);
    }
    output_drain(v->output, ms);
    output_free(v->output);
    free(v);
}

void view_print_error(const struct beam_why *why)
{
    char *line = json_line_own("error", wall_now(), why);
    if (line)
        (void)fputs(line, stdout);
    free(line);
}
