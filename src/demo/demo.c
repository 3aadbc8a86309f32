/* SPDX-License-Identifier: BSD-3-Clause */
#include "demo/demo.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "demo/caller.h"
#include "demo/page.h"
#include "demo/stage.h"
#include "demo/story.h"

enum {
    ONLINE_STILL_MS = 20 * 1000, /* without progress: the internet is out of reach */
    STILL_MS = 90 * 1000,        /* without progress otherwise: it has failed */
    FETCH_MS = 120 * 1000,       /* for the fetch, with its retries */
    RETRY_MS = 1000
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
    DEMO_NETWORK_UP,
    DEMO_PROGRESSED,
    DEMO_PARTY_READY, /* the onion is up, or the visitor is ready */
    DEMO_FETCHED,     /* and the same */
    DEMO_RETRY,
    DEMO_STILL,  /* no progress for too long */
    DEMO_FAULT,  /* `result` is set */
    DEMO_SIGNAL, /* told to end */
    DEMO_STOPPED
};

struct demo {
    const struct demo_options *options;
    struct loop *loop;
    struct story story;
    struct stage *stage;
    enum demo_state state;
    bool offline;
    int percent; /* of the publisher's tor */
    bool visitor_ready;
    char onion[64];        /* host, once it is up */
    struct caller *caller; /* who fetches through the relay */
    bool relay_proved;
    struct loop_timer still; /* no progress; while fetching: no success */
    struct loop_timer retry;
    struct loop_task fault; /* later, for what is at fault is in the middle of something */
    struct loop_signal signals[3];
    bool proved;
    int result; /* 0, or what it ends with; its words are in `why` */
    struct beam_why *why;
};

static void demo_event(struct demo *d, enum demo_event ev);

/* It fails. The first fault counts. */
static void fault(struct demo *d, const struct beam_why *why)
{
    bool ending = d->state == DEMO_FALLING || d->state == DEMO_STOPPING || d->state == DEMO_DONE;
    if (ending || d->result < 0)
        return;
    /* Of a tor that is not there, say: what the user asked for was found. */
    d->result = why->code == BEAM_ENOTFOUND ? BEAM_EIO : why->code;
    *d->why = *why;
    loop_post(d->loop, &d->fault);
}

/* ---- what the parties tell ---- */

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

static void on_publisher_progress(void *arg, int percent, const char *summary)
{
    struct demo *d = arg;
    bool further = percent > d->percent;
    if (d->state != DEMO_PUBLISHING || d->onion[0])
        return;
    d->percent = percent;
    story_progress(&d->story, "beam connects to Tor", percent, summary);
    if (further)
        demo_event(d, DEMO_PROGRESSED);
}

static void on_url(void *arg, const char *url)
{
    static const char scheme[] = "http://";
    const size_t len = sizeof(scheme) - 1;
    struct demo *d = arg;
    struct beam_why why;
    if (strncmp(url, scheme, len) != 0 || strlen(url + len) >= sizeof(d->onion)) {
        beam_why(&why, BEAM_EPROTO, "demo: beam gave no onion address");
        fault(d, &why);
        return;
    }
    snprintf(d->onion, sizeof(d->onion), "%s", url + len);
    story_say(&d->story, "It can be reached at %s", url);
    demo_event(d, DEMO_PARTY_READY);
}

static int compare_bodies(struct demo *d, const struct buf *answer, struct beam_why *why);

static void on_called(void *arg, int err, const struct beam_why *why, const struct buf *answer,
                      uint64_t ms)
{
    struct demo *d = arg;
    struct beam_why wrong;
    d->caller = NULL;
    if (err == 0)
        err = compare_bodies(d, answer, &wrong);
    if (err < 0) {
        fault(d, why ? why : &wrong);
        return;
    }
    d->relay_proved = true;
    story_say(&d->story, "Fetched through the relay in %llu ms: the same page.",
              (unsigned long long)ms);
}

static void on_relay_url(void *arg, const char *url)
{
    struct demo *d = arg;
    struct beam_why why;
    if (d->caller || d->relay_proved)
        return;
    story_say(&d->story, "A relay, which can read what passes, serves it at %s", url);
    if (caller_fetch(d->loop, url, on_called, d, &d->caller, &why) < 0)
        fault(d, &why);
}

static void show_request(struct demo *d, const cJSON *e)
{
    const char *method = json_text(e, "method"), *target = json_text(e, "target");
    char shown_method[20], shown_target[100];
    text_escape(method, strlen(method), shown_method, sizeof(shown_method));
    text_escape(target, strlen(target), shown_target, sizeof(shown_target));
    story_say(&d->story, "Request: %s %s  %.0f  %.0f ms  %.0f bytes", shown_method, shown_target,
              json_number(e, "status"), json_number(e, "ms"), json_number(e, "out"));
}

static void on_publisher_event(void *arg, const char *name, const cJSON *e)
{
    struct demo *d = arg;
    if (strcmp(name, "request") == 0)
        show_request(d, e);
    else if (strcmp(name, "warning") == 0)
        story_say(&d->story, "Warning: %s", json_text(e, "text"));
    else if (strcmp(name, "path_down") == 0)
        story_say(&d->story, "The %s is down: %s", json_text(e, "path"), json_text(e, "reason"));
    else if (strcmp(name, "path_up") == 0 && d->proved)
        story_say(&d->story, "The onion is up again.");
}

static void on_visitor_progress(void *arg, int percent, const char *summary)
{
    struct demo *d = arg;
    if (d->state != DEMO_PUBLISHING || !d->onion[0])
        return;
    story_progress(&d->story, "the visitor's tor", percent, summary);
    demo_event(d, DEMO_PROGRESSED);
}

static void on_visitor_ready(void *arg)
{
    struct demo *d = arg;
    d->visitor_ready = true;
    demo_event(d, DEMO_PARTY_READY);
}

static void on_party_failed(void *arg, const struct beam_why *why)
{
    fault(arg, why);
}

/* ---- the proof ---- */

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

/* Where the body of a response begins. */
static size_t body_at(const struct buf *response)
{
    char head[4096];
    size_t seen = 0;
    int n = http_head_find(head, buf_peek(response, 0, head, sizeof(head)), &seen);
    return n > 0 ? (size_t)n : buf_len(response);
}

/* A proxy may change a response's head; the page is what must be the same. */
static int compare_bodies(struct demo *d, const struct buf *answer, struct beam_why *why)
{
    struct buf served, body;
    buf_init(&served, loop_pool(d->loop), VISITOR_ANSWER_MAX);
    buf_init(&body, loop_pool(d->loop), CALLER_ANSWER_MAX);
    char bytes[CALLER_ANSWER_MAX / 64];
    size_t len = buf_peek(answer, body_at(answer), bytes, sizeof(bytes));
    int err = page_front(&served);
    if (err == 0)
        err = buf_add(&body, bytes, len);
    if (err == 0)
        buf_drain(&served, body_at(&served));
    bool equal = err == 0 && buf_len(&served) > 0 && same(&body, &served);
    buf_clear(&served);
    buf_clear(&body);
    if (err < 0)
        return beam_why(why, err, "demo: %s", beam_err_text(err));
    return equal ? 0
                 : beam_why(why, BEAM_EPROTO,
                            "demo: what came through the relay is not what the app served");
}

/* Whether the answer is what the app serves. */
static int compare(struct demo *d, const struct buf *answer, struct beam_why *why)
{
    struct buf served;
    buf_init(&served, loop_pool(d->loop), VISITOR_ANSWER_MAX);
    int err = page_front(&served);
    bool equal = err == 0 && same(answer, &served);
    buf_clear(&served);
    if (err < 0)
        return beam_why(why, err, "demo: %s", beam_err_text(err));
    if (!equal)
        return beam_why(why, BEAM_EPROTO,
                        "demo: the %zu bytes that came through Tor are not what the app served",
                        buf_len(answer));
    return 0;
}

static void on_fetched(void *arg, int err, const struct beam_why *why, const struct buf *answer,
                       uint64_t ms)
{
    struct demo *d = arg;
    struct beam_why wrong;
    if (d->state != DEMO_FETCHING)
        return;
    if (err < 0) {
        story_progress(&d->story, "not yet", -1, why->text);
        *d->why = *why; /* which stands if it stays so */
        loop_timer_set(&d->retry, RETRY_MS);
    } else if (compare(d, answer, &wrong) < 0) {
        fault(d, &wrong);
    } else {
        story_say(&d->story,
                  "Fetched %zu bytes through Tor in %llu.%llu s: the same, byte by byte.",
                  buf_len(answer), (unsigned long long)(ms / 1000),
                  (unsigned long long)(ms % 1000 / 100));
        demo_event(d, DEMO_FETCHED);
    }
}

/* ---- states ---- */

static void demo_enter(struct demo *d, enum demo_state state);

static void enter_network(struct demo *d)
{
    struct beam_why why;
    d->offline = true;
    story_say(&d->story, "A private Tor network of 6 relays starts on this machine.");
    if (stage_start_network(d->stage, &why) < 0)
        fault(d, &why);
}

static void enter_publishing(struct demo *d)
{
    struct beam_why why;
    d->percent = -1;
    d->visitor_ready = false;
    d->onion[0] = '\0';
    d->relay_proved = false;
    loop_timer_set(&d->still, d->offline ? STILL_MS : ONLINE_STILL_MS);
    story_say(&d->story, "Running: beam %u --tor --community-relay=…", stage_port(d->stage));
    if (stage_start_parties(d->stage, &why) < 0)
        fault(d, &why);
}

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
    story_say(&d->story, "On this machine it is http://127.0.0.1:%u. Ctrl-C ends all of it.",
              stage_port(d->stage));
}

static void enter_stopping(struct demo *d)
{
    loop_timer_clear(&d->still);
    loop_timer_clear(&d->retry);
    loop_task_cancel(d->loop, &d->fault);
    caller_cancel(d->caller);
    d->caller = NULL;
    stage_stop(d->stage);
}

static void demo_enter(struct demo *d, enum demo_state state)
{
    d->state = state;
    switch (state) {
    case DEMO_NETWORK:
        enter_network(d);
        break;
    case DEMO_PUBLISHING:
        enter_publishing(d);
        break;
    case DEMO_FETCHING:
        loop_timer_set(&d->still, FETCH_MS);
        story_say(&d->story, "A visitor with a tor of their own fetches the page.");
        stage_fetch(d->stage, d->onion);
        break;
    case DEMO_SHOWING:
        enter_showing(d);
        break;
    case DEMO_FALLING:
    case DEMO_STOPPING:
        enter_stopping(d);
        break;
    case DEMO_DONE:
        loop_stop(d->loop);
        break;
    }
}

/* It gets no further: without a way to Tor the private network is taken, all else is failure. */
static void on_still_event(struct demo *d)
{
    if (d->state == DEMO_PUBLISHING && !d->offline && d->percent < 100) {
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

/* The relay is up long before an onion is: if not, it does not come. */
static void on_fetched_event(struct demo *d)
{
    struct beam_why why;
    if (d->relay_proved) {
        demo_enter(d, DEMO_SHOWING);
        return;
    }
    beam_why(&why, BEAM_ETIMEOUT, "demo: nothing came through the relay");
    fault(d, &why);
}

/* The time without progress starts anew; once Tor is reached it is a longer one. */
static void on_progress_event(struct demo *d)
{
    bool reached = d->offline || d->percent >= 100 || d->onion[0];
    loop_timer_set(&d->still, reached ? STILL_MS : ONLINE_STILL_MS);
}

/* What ends it, in any state but those that end it already. */
static bool ending_event(struct demo *d, enum demo_event ev)
{
    if (ev == DEMO_SIGNAL)
        d->result = 0;
    if (ev != DEMO_SIGNAL && ev != DEMO_FAULT)
        return false;
    demo_enter(d, DEMO_STOPPING);
    return true;
}

static void demo_event(struct demo *d, enum demo_event ev)
{
    switch (d->state) {
    case DEMO_NETWORK:
        if (!ending_event(d, ev) && ev == DEMO_NETWORK_UP)
            demo_enter(d, DEMO_PUBLISHING);
        break;
    case DEMO_PUBLISHING:
        if (ending_event(d, ev))
            break;
        if (ev == DEMO_STILL)
            on_still_event(d);
        else if (d->onion[0] && d->visitor_ready)
            demo_enter(d, DEMO_FETCHING);
        else
            on_progress_event(d);
        break;
    case DEMO_FETCHING:
        if (ending_event(d, ev))
            break;
        if (ev == DEMO_STILL)
            on_still_event(d);
        else if (ev == DEMO_RETRY)
            stage_fetch(d->stage, d->onion);
        else if (ev == DEMO_FETCHED)
            on_fetched_event(d);
        break;
    case DEMO_SHOWING:
        (void)ending_event(d, ev);
        break;
    case DEMO_FALLING:
        if (ev == DEMO_STOPPED)
            demo_enter(d, DEMO_NETWORK);
        else if (ev == DEMO_SIGNAL)
            d->state = DEMO_STOPPING; /* which is under way */
        break;
    case DEMO_STOPPING:
        if (ev == DEMO_STOPPED)
            demo_enter(d, DEMO_DONE);
        break;
    case DEMO_DONE:
        break;
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

static void on_fault(void *arg)
{
    demo_event(arg, DEMO_FAULT);
}

static void on_stopped(void *arg)
{
    demo_event(arg, DEMO_STOPPED);
}

static void on_signal(void *arg, int signum)
{
    (void)signum;
    demo_event(arg, DEMO_SIGNAL);
}

/* ---- its life ---- */

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

static int set_stage(struct demo *d)
{
    const struct stage_events ev = {
        .network = {.progress = on_network_progress, .ready = on_network_ready, .arg = d},
        .publisher = {.progress = on_publisher_progress,
                      .ready = on_url,
                      .relayed = on_relay_url,
                      .event = on_publisher_event,
                      .failed = on_party_failed,
                      .arg = d},
        .visitor = {.progress = on_visitor_progress,
                    .ready = on_visitor_ready,
                    .failed = on_party_failed,
                    .fetched = on_fetched,
                    .arg = d},
        .stopped = on_stopped,
        .arg = d};
    return stage_new(d->loop, d->options, &ev, &d->stage, d->why);
}

static int play(struct demo *d)
{
    loop_timer_init(d->loop, &d->still, on_still, d);
    loop_timer_init(d->loop, &d->retry, on_retry, d);
    loop_task_init(&d->fault, on_fault, d);
    int err = watch_signals(d);
    if (err == 0)
        err = set_stage(d);
    if (err < 0)
        return err;
    story_say(&d->story, "A demo app listens on 127.0.0.1:%u.", stage_port(d->stage));
    demo_enter(d, d->options->offline ? DEMO_NETWORK : DEMO_PUBLISHING);
    err = loop_run(d->loop);
    return err < 0 ? beam_why(d->why, err, "demo: the event loop failed") : d->result;
}

static void clear(struct demo *d)
{
    caller_cancel(d->caller);
    stage_free(d->stage);
    for (size_t i = 0; i < sizeof(d->signals) / sizeof(d->signals[0]); i++)
        loop_signal_stop(&d->signals[i]);
    loop_timer_clear(&d->still);
    loop_timer_clear(&d->retry);
    loop_task_cancel(d->loop, &d->fault);
    loop_free(d->loop);
}

int demo_run(const struct demo_options *options, struct beam_why *why)
{
    struct demo d = {.options = options, .offline = options->offline, .why = why};
    int err = loop_new(&d.loop);
    if (err < 0)
        return beam_why(why, err, "demo: no event loop: %s", beam_err_text(err));
    story_begin(&d.story);
    err = play(&d);
    story_end(&d.story);
    clear(&d);
    if (err == 0 && !d.proved)
        err = beam_why(why, BEAM_ECANCELED, "demo: ended before the proof");
    return err;
}
