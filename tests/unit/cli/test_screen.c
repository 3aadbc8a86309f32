/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"

static const struct terminal plain = {.width = 80};
static const struct terminal narrow = {.live = true, .width = 80};
static const struct terminal rich = {.live = true, .colour = true, .utf8 = true, .width = 80};
static const struct terminal pale = {.live = true, .utf8 = true, .width = 80};

static const char *show(struct screen *s, const char *event)
{
    size_t len;
    cJSON *e = cJSON_Parse(event);
    cr_assert_not_null(e, "%s", event);
    const char *text = screen_event(s, e, &len);
    cr_assert_eq(strlen(text), len);
    cJSON_Delete(e);
    return text;
}

#define STARTING                                                                                   \
    "{\"event\":\"starting\",\"name\":\"swift-beam-456\",\"target\":\"127.0.0.1:3000\","           \
    "\"policy\":\"anonymous\"}"
#define PROGRESS(percent)                                                                          \
    "{\"event\":\"progress\",\"path\":\"onion\",\"percent\":" percent ",\"summary\":\"Loading\"}"
#define PATH_UP "{\"event\":\"path_up\",\"path\":\"onion\",\"url\":\"http://x.onion\",\"ms\":6250}"
#define READY   "{\"event\":\"ready\",\"name\":\"swift-beam-456\",\"urls\":[\"http://x.onion\"]}"
#define DOWN                                                                                       \
    "{\"event\":\"path_down\",\"path\":\"onion\",\"reason\":\"tor ended\",\"retry_ms\":500}"
#define REQUEST(method, target, status)                                                            \
    "{\"event\":\"request\",\"time\":\"2026-01-02T03:04:05.678Z\",\"id\":1,\"method\":\"" method   \
    "\",\"target\":\"" target "\",\"status\":" status                                              \
    ",\"ms\":1234,\"in\":99,\"out\":1299,\"path\":\"onion\"}"

BEAM_TEST(screen, plain_lines_where_there_is_no_terminal)
{
    struct screen s;
    setenv("TZ", "UTC", 1);
    screen_init(&s, &plain, "0.1.0", false);
    cr_expect_str_eq(show(&s, STARTING), "Beam 0.1.0 (anonymous)\n\n"
                                         "Local    swift-beam-456 -> 127.0.0.1:3000\n");
    cr_expect_str_eq(show(&s, PROGRESS("5")), "Tor        5 % Loading\n");
    cr_expect_str_eq(show(&s, PATH_UP), "Tor      http://x.onion  ready in 6.2 s\n");
    cr_expect_str_eq(show(&s, READY), "onion: end to end, Tor v3\nCtrl-C stops.\n");
    cr_expect_str_eq(show(&s, REQUEST("GET", "/a?b", "200")),
                     "03:04:05  GET /a?b  200  1.2 s  1.2 kB  onion\n");
    cr_expect_str_eq(show(&s, REQUEST("", "", "0")),
                     "03:04:05  connection  in 99 B  1.2 s  out 1.2 kB  onion\n");
    cr_expect_str_eq(show(&s, REQUEST("GET", "/", "0")),
                     "03:04:05  GET /  -  1.2 s  1.2 kB  onion\n");
    cr_expect_str_eq(show(&s, DOWN), "Tor      down: tor ended; next try in 500 ms\n");
    cr_expect_str_eq(show(&s, "{\"event\":\"warning\",\"text\":\"odd\"}"), "Warning  odd\n");
    cr_expect_str_eq(show(&s, "{\"event\":\"error\",\"code\":\"io\",\"text\":\"x\"}"), "");
    cr_expect_str_eq(show(&s, "{\"event\":\"stopped\"}"), "Stopped.\n");
    cr_expect_str_eq(show(&s, "{\"event\":\"another\"}"), "");
    cr_expect_str_eq(show(&s, "{}"), "");
}

BEAM_TEST(screen, progress_stays_in_steps_or_is_written_over)
{
    struct screen s;
    size_t len;
    screen_init(&s, &plain, "0", false);
    cr_expect_str_neq(show(&s, PROGRESS("5")), "");
    cr_expect_str_eq(show(&s, PROGRESS("29")), "");
    cr_expect_str_neq(show(&s, PROGRESS("30")), "");
    cr_expect_str_neq(show(&s, PROGRESS("10")), "", "it began anew");
    screen_init(&s, &pale, "0", false);
    cr_expect_str_eq(show(&s, PROGRESS("5")), "🧅 Tor        5 % Loading");
    cr_expect_str_eq(show(&s, PROGRESS("6")), "\r\033[K🧅 Tor        6 % Loading");
    cr_expect_str_eq(show(&s, PATH_UP), "\r\033[K🧅 Tor      http://x.onion  ready in 6.2 s\n");
    cr_expect_str_eq(show(&s, DOWN), "🧅 Tor      down: tor ended; next try in 500 ms\n");
    cr_expect_str_eq(show(&s, PROGRESS("1")), "🧅 Tor        1 % Loading");
    cr_expect_str_eq(screen_end(&s, &len), "\r\033[K");
    cr_expect_str_eq(screen_end(&s, &len), "");
}

BEAM_TEST(screen, a_rich_terminal)
{
    struct screen s;
    setenv("TZ", "UTC", 1);
    screen_init(&s, &rich, "0.1.0", false);
    cr_expect_str_eq(show(&s, STARTING), "⚡ Beam 0.1.0 (anonymous)\n\n"
                                         "🔗 Local    swift-beam-456 → 127.0.0.1:3000\n");
    cr_expect_str_eq(show(&s, PATH_UP),
                     "🧅 Tor      \033[1mhttp://x.onion\033[0m  ready in 6.2 s\n");
    cr_expect_str_eq(show(&s, READY), "🔒 onion: end to end, Tor v3\nCtrl-C stops.\n");
    cr_expect_str_eq(show(&s, REQUEST("GET", "/", "404")),
                     "\033[2m03:04:05\033[0m  GET /  \033[33m404\033[0m  1.2 s  1.2 kB  onion\n");
    cr_expect_str_eq(show(&s, "{\"event\":\"stopped\"}"), "\r\033[KStopped.\n");
}

BEAM_TEST(screen, detached_it_says_how_to_stop)
{
    struct screen s;
    screen_init(&s, &plain, "0", true);
    show(&s, STARTING);
    show(&s, PATH_UP);
    cr_expect_str_eq(show(&s, READY),
                     "onion: end to end, Tor v3\n"
                     "It stays up in the background: `beam stop swift-beam-456` ends it.\n");
}

BEAM_TEST(screen, what_strangers_wrote_is_escaped_and_cut)
{
    struct screen s;
    char event[2048], target[900];
    setenv("TZ", "UTC", 1);
    screen_init(&s, &plain, "0", false);
    cr_expect_str_eq(show(&s, REQUEST("GE\\u0007T", "/\\u001b[31m\\u202ex\\\\x9b", "200")),
                     "03:04:05  GE\\x07T /\\x1b[31m\\xe2\\x80\\xaex\\x9b  200  1.2 s  1.2 kB  "
                     "onion\n");
    cr_expect_str_eq(show(&s, "{\"event\":\"warning\",\"text\":\"\\u009b31m\\\\x1b\"}"),
                     "Warning  \\xc2\\x9b31m\\x1b\n");
    cr_expect_str_eq(show(&s, "{\"event\":\"path_up\",\"path\":\"on\\nio\",\"url\":\"\\r\"}"),
                     "on\\x0aio\\x0d  ready in 0 ms\n");
    memset(target, 'x', sizeof(target) - 1);
    target[sizeof(target) - 1] = '\0';
    snprintf(event, sizeof(event),
             "{\"event\":\"request\",\"time\":\"\",\"method\":\"GET\",\"target\":\"%s\"}", target);
    cr_expect_leq(strlen(show(&s, event)), 200 + 46);
    screen_init(&s, &narrow, "0", false);
    cr_expect_leq(strlen(show(&s, event)), 80 + 1);
}

BEAM_TEST(screen, members_of_other_types_do_no_harm)
{
    struct screen s;
    static const char *const events[] = {
        "{\"event\":1}",
        "{\"event\":\"starting\",\"name\":[],\"target\":null}",
        "{\"event\":\"progress\",\"percent\":\"x\"}",
        "{\"event\":\"progress\",\"path\":\"onion\",\"percent\":1e300}",
        "{\"event\":\"path_up\",\"ms\":-1}",
        "{\"event\":\"path_down\",\"retry_ms\":1e999}",
        "{\"event\":\"request\",\"time\":7,\"status\":1e17,\"ms\":-5,\"out\":1e17}",
        "{\"event\":\"request\",\"time\":\"yesterday\",\"method\":\"G\"}",
    };
    screen_init(&s, &rich, "0", false);
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        cr_expect_lt(strlen(show(&s, events[i])), 200, "%s", events[i]);
}
