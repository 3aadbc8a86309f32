/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/events.h"

#include "tests/unit/daemon/fake_tunnel.h"
#include "tests/unit/harness.h"

static const struct events_head head = {.tunnel = 17, .wall_ms = 1767323045678};
#define HEAD(name) "{\"event\":\"" name "\",\"time\":\"2026-01-02T03:04:05.678Z\",\"tunnel\":17"

static void is_printed(cJSON *o, const char *text)
{
    char *printed = cJSON_PrintUnformatted(o);
    cr_assert_not_null(printed);
    cr_expect_str_eq(printed, text);
    cJSON_free(printed);
    cJSON_Delete(o);
}

BEAM_TEST(events, as_the_protocol_says)
{
    struct beam_why why;
    beam_why(&why, BEAM_EIO, "w");
    is_printed(events_starting(&head, "n", "t", "p"),
               HEAD("starting") ",\"name\":\"n\",\"target\":\"t\",\"policy\":\"p\"}");
    is_printed(events_progress(&head, "onion", 45, "s"),
               HEAD("progress") ",\"path\":\"onion\",\"percent\":45,\"summary\":\"s\"}");
    is_printed(events_path_up(&head, "onion", "http://x", "", false, 6200),
               HEAD("path_up") ",\"path\":\"onion\",\"url\":\"http://x\",\"ms\":6200}");
    is_printed(events_path_up(&head, "relay", "http://y/", "12D3", false, 5),
               HEAD("path_up") ",\"path\":\"relay\",\"url\":\"http://y/\",\"peer\":\"12D3\","
                               "\"ms\":5}");
    is_printed(events_path_up(&head, "relay", "https://y/", "12D3", true, 5),
               HEAD("path_up") ",\"path\":\"relay\",\"url\":\"https://y/\",\"peer\":\"12D3\","
                               "\"sealed\":true,\"ms\":5}");
    is_printed(events_path_down(&head, "onion", "r", 250),
               HEAD("path_down") ",\"path\":\"onion\",\"reason\":\"r\",\"retry_ms\":250}");
    is_printed(events_warning(&head, "w"), HEAD("warning") ",\"text\":\"w\"}");
    is_printed(events_error(&head, &why), HEAD("error") ",\"code\":\"io\",\"text\":\"w\"}");
    is_printed(events_stopped(&head), HEAD("stopped") "}");
}

BEAM_TEST(events, a_request)
{
    const struct tunnel_request r = {.id = 3,
                                     .method = "GET",
                                     .target = "/\x1b[31m",
                                     .status = 200,
                                     .ms = 12,
                                     .in = 4294967296,
                                     .out = 999999999999999,
                                     .path = "onion",
                                     .circuit = "uk7yas7p"};
    is_printed(events_request(&head, &r),
               HEAD("request") ",\"id\":3,\"method\":\"GET\",\"target\":\"/\\u001b[31m\","
                               "\"status\":200,\"ms\":12,\"in\":4294967296,"
                               "\"out\":999999999999999,\"path\":\"onion\","
                               "\"circuit\":\"uk7yas7p\"}");
}

BEAM_TEST(events, a_target_that_is_no_utf_8_is_escaped)
{
    const struct tunnel_request r = {
        .id = 1, .method = "GET", .target = "/a\\b\xc3\xa4\x9b", .path = "onion", .circuit = ""};
    is_printed(events_request(&head, &r),
               HEAD("request") ",\"id\":1,\"method\":\"GET\","
                               "\"target\":\"/a\\\\x5cb\xc3\xa4\\\\x9b\",\"status\":0,\"ms\":0,"
                               "\"in\":0,\"out\":0,\"path\":\"onion\"}");
}

static void no_path(void *arg, struct path *p, uint64_t ms)
{
    (void)arg;
    (void)p;
    (void)ms;
}

BEAM_TEST(events, ready_has_the_urls_of_paths_that_are_up)
{
    struct tunnel *t = NULL;
    const struct tunnel_spec spec = {.name = "n"};
    const struct tunnel_events quiet = {.path_up = no_path};
    cr_assert_eq(tunnel_open(NULL, &spec, &quiet, &t, NULL), 0);
    is_printed(events_ready(&head, t), HEAD("ready") ",\"name\":\"n\",\"urls\":[]}");
    fake_up(t, 1);
    is_printed(events_ready(&head, t),
               HEAD("ready") ",\"name\":\"n\",\"urls\":[\"http://n.onion\"]}");
    tunnel_free(t);
}
