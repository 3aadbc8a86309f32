/* SPDX-License-Identifier: BSD-3-Clause */
#include "demo/demo.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "conf/conf.h"
#include "demo/app.h"
#include "demo/folder.h"
#include "demo/page.h"
#include "demo/publisher.h"
#include "demo/story.h"
#include "demo/visitor.h"
#include "tor/private_network.h"

enum {
    ONLINE_STILL_MS = 20 * 1000, /* without progress: the internet is out of reach */
    STILL_MS = 90 * 1000,        /* without progress otherwise: it has failed */
    FETCH_MS = 120 * 1000,       /* for the fetch, with its retries */
    RETRY_MS = 1000,
    SETTLE_MS = 100 /* a Ctrl-C reaches our children too: what it did to them is no fault */
};

enum demo_state {
    DEMO_NETWORK,    /* the private one comes up */
    DEMO_PUBLISHING, /* the onion and the visitor's tor come up */
    DEMO_FETCHING,
    DEMO_SHOWING, /* proved; requests are shown until Ctrl-C */
    DEMO_FALLING, /* all is stopped, to begin again on the private network */
    DEMO_STOPPING,
    DEMO_DONE
};

enum demo_event {
    DEMO_PROGRESSED,
    DEMO_NETWORK_UP,
    DEMO_PARTY_READY, /* the onion is up, or the visitor is ready */
    DEMO_PROVED,
    DEMO_RETRY,
    DEMO_STILL,  /* no progress for too long */
    DEMO_FAULT,  /* `why` is set */
    DEMO_SIGNAL, /* told to end */
    DEMO_STOPPED
};

struct demo {
    const struct demo_options *options;
    struct conf *conf;
    struct loop *loop;
    struct story story;
    char *folder, *home, *network_dir, *visitor_dir;
    struct app *app;
    struct private_network *network;
    struct publisher *publisher;
    struct visitor *visitor;
    enum demo_state state;
    bool offline;
    int percent; /* of the onion's tor */
    bool visitor_ready;
    char onion[64];          /* host, once it is up */
    int stopping;            /* parties that have not stopped yet */
    struct loop_timer still; /* no progress; while fetching: no success */
    struct loop_timer retry; /* FETCHING: the next try; a fault: it settles */
    struct loop_timer settle;
    struct loop_signal signals[3];
    int result;
    bool proved;
    struct beam_why *why;
};

static void demo_event(struct demo *d, enum demo_event ev);
static void demo_enter(struct demo *d, enum demo_state state);

/* Ends it as failed, unless a Ctrl-C turns up that explains it. The first fault counts. */
static void fault(struct demo *d, const struct beam_why *why)
{
    if (d->result < 0)
        return;
    d->result = why->code;
    *d->why = *why;
    loop_timer_set(&d->settle, SETTLE_MS);
}

static void on_settle(void *arg)
{
    demo_event(arg, DEMO_FAULT);
}

/* ---- the private network ---- */

static void on_network_progress(void *arg, int percent, const char *summary)
{
    struct demo *d = arg;
    story_progress(&d->story, "private Tor network", percent, summary);
}

static void on_network_ready(void *arg, int err, const struct beam_why *why)
{
    struct demo *d = arg;
    if (err < 0)
        fault(d, why);
    else
        demo_event(d, DEMO_NETWORK_UP);
}

static void start_network(struct demo *d)
{
    const struct private_network_options options = {
        .binary = d->conf->tor_binary, .dir = d->network_dir, .address = "127.0.0.1"};
    const struct private_network_events ev = {
        .progress = on_network_progress, .ready = on_network_ready, .arg = d};
    struct beam_why why;
    story_say(&d->story, "A private Tor network of 6 relays starts on this machine.");
    if (private_network_start(d->loop, &options, &ev, &d->network, &why) < 0)
        fault(d, &why);
}

/* ---- the publisher ---- */

static void on_published_progress(void *arg, int percent, const char *summary)
{
    struct demo *d = arg;
    if (d->state != DEMO_PUBLISHING || d->onion[0])
        return;
    story_progress(&d->story, "beam connects to Tor", percent, summary);
    if (percent > d->percent)
        demo_event(d, DEMO_PROGRESSED);
    d->percent = percent;
}

static void on_url(void *arg, const char *url)
{
    static const char scheme[] = "http://";
    struct demo *d = arg;
    struct beam_why why;
    if (strncmp(url, scheme, sizeof(scheme) - 1) != 0 ||
        strlen(url) - (sizeof(scheme) - 1) >= sizeof(d->onion)) {
        beam_why(&why, BEAM_EPROTO, "demo: beam gave no onion address");
        fault(d, &why);
        return;
    }
    snprintf(d->onion, sizeof(d->onion), "%s", url + sizeof(scheme) - 1);
    story_say(&d->story, "It can be reached at %s", url);
    demo_event(d, DEMO_PARTY_READY);
}

static const char *text_of(const cJSON *o, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
    return text ? text : "";
}

static double number_of(const cJSON *o, const char *key)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsNumber(m) ? m->valuedouble : 0;
}

static void on_published_event(void *arg, const char *name, const cJSON *e)
{
    struct demo *d = arg;
    char text[128];
    if (strcmp(name, "request") == 0) {
        const char *target = text_of(e, "target");
        text_escape(target, strlen(target), text, sizeof(text));
        story_say(&d->story, "Request: %.16s %s  %.0f  %.0f ms  %.0f bytes", text_of(e, "method"),
                  text, number_of(e, "status"), number_of(e, "ms"), number_of(e, "out"));
    } else if (strcmp(name, "warning") == 0) {
        story_say(&d->story, "Warning: %s", text_of(e, "text"));
    } else if (strcmp(name, "path_down") == 0) {
        story_say(&d->story, "The onion is down: %s", text_of(e, "reason"));
    }
}

static void on_publisher_failed(void *arg, const struct beam_why *why)
{
    fault(arg, why);
}

static int start_publisher(struct demo *d, struct beam_why *why)
{
    const struct publisher_spec spec = {.home = d->home,
                                        .torrc =
                                            d->network ? private_network_torrc(d->network) : NULL,
                                        .config = d->options->config,
                                        .assignments = d->options->assignments,
                                        .assignment_count = d->options->assignment_count,
                                        .port = app_port(d->app)};
    const struct publisher_events ev = {.progress = on_published_progress,
                                        .ready = on_url,
                                        .event = on_published_event,
                                        .failed = on_publisher_failed,
                                        .arg = d};
    return publisher_start(d->loop, &spec, &ev, &d->publisher, why);
}

/* ---- the visitor ---- */

static void on_visitor_progress(void *arg, int percent, const char *summary)
{
    struct demo *d = arg;
    if (d->state == DEMO_PUBLISHING && d->onion[0]) {
        story_progress(&d->story, "the visitor's tor", percent, summary);
        demo_event(d, DEMO_PROGRESSED);
    }
}

static void on_visitor_ready(void *arg)
{
    struct demo *d = arg;
    d->visitor_ready = true;
    demo_event(d, DEMO_PARTY_READY);
}

static void on_visitor_failed(void *arg, const struct beam_why *why)
{
    fault(arg, why);
}

static bool same(const struct buf *a, const struct buf *b)
{
    char left[4096], right[4096];
    size_t at = 0, n;
    if (buf_len(a) != buf_len(b))
        return false;
    while ((n = buf_peek(a, at, left, sizeof(left))) > 0) {
        if (buf_peek(b, at, right, sizeof(right)) != n || memcmp(left, right, n) != 0)
            return false;
        at += n;
    }
    return true;
}

/* Whether the answer is what the app serves. */
static int compare(struct demo *d, const struct buf *answer, uint64_t ms)
{
    struct buf served;
    buf_init(&served, loop_pool(d->loop), VISITOR_ANSWER_MAX);
    int err = page_front(&served);
    bool equal = err == 0 && same(answer, &served);
    buf_clear(&served);
    if (err < 0)
        return beam_why(d->why, err, "demo: %s", beam_err_text(err));
    if (!equal)
        return beam_why(d->why, BEAM_EPROTO,
                        "demo: the %zu bytes that came through Tor are not what the app served",
                        buf_len(answer));
    story_say(&d->story, "Fetched %zu bytes through Tor in %llu.%llu s: the same, byte by byte.",
              buf_len(answer), (unsigned long long)(ms / 1000),
              (unsigned long long)(ms % 1000 / 100));
    return 0;
}

static void on_fetched(void *arg, int err, const struct beam_why *why, const struct buf *answer,
                       uint64_t ms)
{
    struct demo *d = arg;
    if (d->state != DEMO_FETCHING)
        return;
    if (err < 0) {
        story_progress(&d->story, "not yet", -1, why->text);
        *d->why = *why;
        loop_timer_set(&d->retry, RETRY_MS);
        return;
    }
    err = compare(d, answer, ms);
    if (err < 0) {
        d->result = err;
        demo_event(d, DEMO_FAULT);
    } else {
        demo_event(d, DEMO_PROVED);
    }
}

static int start_visitor(struct demo *d, struct beam_why *why)
{
    const struct visitor_spec spec = {.binary = d->conf->tor_binary,
                                      .dir = d->visitor_dir,
                                      .torrc = d->network ? private_network_torrc(d->network)
                                                          : d->conf->tor_torrc};
    const struct visitor_events ev = {.progress = on_visitor_progress,
                                      .ready = on_visitor_ready,
                                      .failed = on_visitor_failed,
                                      .fetched = on_fetched,
                                      .arg = d};
    return visitor_start(d->loop, &spec, &ev, &d->visitor, why);
}

static void fetch(struct demo *d)
{
    char request[160];
    int n = snprintf(request, sizeof(request),
                     "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", d->onion);
    if (n > 0)
        visitor_fetch(d->visitor, d->onion, request);
}

/* ---- beginning and ending ---- */

static void publish(struct demo *d)
{
    struct beam_why why;
    d->percent = -1;
    d->visitor_ready = false;
    d->onion[0] = '\0';
    story_say(&d->story, "Running: beam %u --tor", app_port(d->app));
    int err = file_private_dir(d->home, &why);
    if (err == 0)
        err = file_private_dir(d->visitor_dir, &why);
    if (err == 0)
        err = start_publisher(d, &why);
    if (err == 0)
        err = start_visitor(d, &why);
    if (err < 0)
        fault(d, &why);
}

static void on_party_stopped(void *arg)
{
    struct demo *d = arg;
    if (--d->stopping == 0)
        demo_event(d, DEMO_STOPPED);
}

static void clear(struct demo *d)
{
    publisher_free(d->publisher);
    visitor_free(d->visitor);
    private_network_free(d->network);
    d->publisher = NULL;
    d->visitor = NULL;
    d->network = NULL;
}

/* Asks all that runs to end; DEMO_STOPPED when it has. */
static void stop_parties(struct demo *d)
{
    loop_timer_clear(&d->still);
    loop_timer_clear(&d->retry);
    loop_timer_clear(&d->settle);
    d->stopping = 1;
    if (d->publisher && ++d->stopping)
        publisher_stop(d->publisher, on_party_stopped, d);
    if (d->visitor && ++d->stopping)
        visitor_stop(d->visitor, on_party_stopped, d);
    on_party_stopped(d);
}

static void begin_again(struct demo *d)
{
    clear(d);
    d->offline = true;
    (void)file_remove_tree(d->home);
    (void)file_remove_tree(d->visitor_dir);
    demo_enter(d, DEMO_NETWORK);
}

/* ---- states ---- */

static void enter_showing(struct demo *d)
{
    d->proved = true;
    loop_timer_clear(&d->still);
    if (d->options->once) {
        demo_enter(d, DEMO_STOPPING);
        return;
    }
    story_pause(&d->story);
    if (!d->offline)
        story_say(&d->story, "Open it in Tor Browser: http://%s", d->onion);
    story_say(&d->story, "Here it is http://127.0.0.1:%u. Requests are shown; Ctrl-C ends.",
              app_port(d->app));
}

static void demo_enter(struct demo *d, enum demo_state state)
{
    d->state = state;
    switch (state) {
    case DEMO_NETWORK:
        start_network(d);
        break;
    case DEMO_PUBLISHING:
        loop_timer_set(&d->still, d->offline ? STILL_MS : ONLINE_STILL_MS);
        publish(d);
        break;
    case DEMO_FETCHING:
        story_say(&d->story, "A visitor with a tor of their own fetches the page.");
        loop_timer_set(&d->still, FETCH_MS);
        fetch(d);
        break;
    case DEMO_SHOWING:
        enter_showing(d);
        break;
    case DEMO_FALLING:
    case DEMO_STOPPING:
        stop_parties(d);
        break;
    case DEMO_DONE:
        loop_stop(d->loop);
        break;
    }
}

static void on_still_event(struct demo *d)
{
    bool connected = d->percent >= 100;
    if (d->state == DEMO_PUBLISHING && !d->offline && !connected) {
        story_say(&d->story, "Tor got no further for %d s: the internet seems out of reach.",
                  ONLINE_STILL_MS / 1000);
        demo_enter(d, DEMO_FALLING);
        return;
    }
    if (d->state == DEMO_PUBLISHING)
        beam_why(d->why, BEAM_ETIMEOUT, "demo: no progress for %d s", STILL_MS / 1000);
    d->result = d->why->code = BEAM_ETIMEOUT;
    demo_enter(d, DEMO_STOPPING);
}

/* While it publishes the clock of no progress starts anew; once Tor is reached it is a longer one. */
static void on_progress_event(struct demo *d)
{
    bool reached = d->offline || d->percent >= 100 || d->onion[0];
    if (d->state == DEMO_PUBLISHING)
        loop_timer_set(&d->still, reached ? STILL_MS : ONLINE_STILL_MS);
}

static void demo_event(struct demo *d, enum demo_event ev)
{
    if (d->state == DEMO_DONE)
        return;
    if (ev == DEMO_STOPPED) {
        if (d->state == DEMO_FALLING)
            begin_again(d);
        else
            demo_enter(d, DEMO_DONE);
    } else if (d->state == DEMO_STOPPING) {
        return;
    } else if (ev == DEMO_SIGNAL) {
        d->result = 0; /* whatever it did to our children */
        demo_enter(d, DEMO_STOPPING);
    } else if (ev == DEMO_FAULT) {
        demo_enter(d, DEMO_STOPPING);
    } else if (ev == DEMO_STILL) {
        on_still_event(d);
    } else if (ev == DEMO_PROGRESSED) {
        on_progress_event(d);
    } else if (d->state == DEMO_NETWORK && ev == DEMO_NETWORK_UP) {
        demo_enter(d, DEMO_PUBLISHING);
    } else if (d->state == DEMO_PUBLISHING && ev == DEMO_PARTY_READY) {
        if (d->onion[0] && d->visitor_ready)
            demo_enter(d, DEMO_FETCHING);
        else
            on_progress_event(d);
    } else if (d->state == DEMO_FETCHING && ev == DEMO_RETRY) {
        fetch(d);
    } else if (d->state == DEMO_FETCHING && ev == DEMO_PROVED) {
        demo_enter(d, DEMO_SHOWING);
    }
}

static void on_still(void *arg)
{
    demo_event(arg, DEMO_STILL);
}

static void on_retry(void *arg)
{
    demo_event(arg, DEMO_RETRY);
}

static void on_signal(void *arg, int signum)
{
    (void)signum;
    demo_event(arg, DEMO_SIGNAL);
}

/* ---- its life ---- */

static int read_conf(struct demo *d)
{
    const struct demo_options *o = d->options;
    int err = conf_new(&d->conf);
    if (err < 0)
        return beam_why(d->why, err, "demo: %s", beam_err_text(err));
    if (o->config)
        err = conf_load(d->conf, o->config, d->why);
    for (size_t i = 0; err == 0 && i < o->assignment_count; i++)
        err = conf_set(d->conf, o->assignments[i], d->why);
    return err;
}

static int make_folders(struct demo *d)
{
    int err = folder_make(&d->folder, d->why);
    if (err < 0)
        return err;
    d->home = file_join(d->folder, "home");
    d->network_dir = file_join(d->folder, "network");
    d->visitor_dir = file_join(d->folder, "visitor");
    return d->home && d->network_dir && d->visitor_dir
               ? 0
               : beam_why(d->why, BEAM_ENOMEM, "demo: out of memory");
}

static int watch_signals(struct demo *d)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        int err = loop_signal_start(d->loop, &d->signals[i], numbers[i], on_signal, d);
        if (err < 0)
            return beam_why(d->why, err, "demo: signal %d cannot be watched", numbers[i]);
    }
    return 0;
}

static int run_loop(struct demo *d)
{
    int err = loop_new(&d->loop);
    if (err < 0)
        return beam_why(d->why, err, "demo: no event loop: %s", beam_err_text(err));
    loop_timer_init(d->loop, &d->still, on_still, d);
    loop_timer_init(d->loop, &d->retry, on_retry, d);
    loop_timer_init(d->loop, &d->settle, on_settle, d);
    err = watch_signals(d);
    if (err == 0)
        err = app_start(d->loop, &d->app, d->why);
    if (err == 0) {
        story_say(&d->story, "A demo app listens on 127.0.0.1:%u.", app_port(d->app));
        demo_enter(d, d->offline ? DEMO_NETWORK : DEMO_PUBLISHING);
        err = loop_run(d->loop);
    }
    clear(d);
    app_free(d->app);
    for (size_t i = 0; i < sizeof(d->signals) / sizeof(d->signals[0]); i++)
        loop_signal_stop(&d->signals[i]);
    loop_timer_clear(&d->still);
    loop_timer_clear(&d->retry);
    loop_timer_clear(&d->settle);
    loop_free(d->loop);
    return err;
}

int demo_run(const struct demo_options *options, struct beam_why *why)
{
    struct demo d = {.options = options, .offline = options->offline, .why = why};
    story_begin(&d.story);
    int err = read_conf(&d);
    if (err == 0)
        err = make_folders(&d);
    if (err == 0)
        err = run_loop(&d);
    story_end(&d.story);
    if (err == 0 && d.result < 0)
        err = d.result;
    else if (err == 0 && !d.proved)
        err = beam_why(why, BEAM_ECANCELED, "demo: ended before the proof");
    free(d.home);
    free(d.network_dir);
    free(d.visitor_dir);
    folder_remove(d.folder);
    conf_free(d.conf);
    return err;
}
