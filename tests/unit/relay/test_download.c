/* SPDX-License-Identifier: BSD-3-Clause */
/* relay/download, and relay/url_stream below it. */
#include "relay/download.h"

#include <sys/stat.h>

#include "tests/unit/loop/until.h"
#include "tests/unit/relay/mirror.h"
#include "tests/unit/relay/owners.h"

struct scene {
    struct loop *loop;
    struct permit *permit;
    struct place place;
    struct mirror mirror;
    struct download_spec spec;
    struct download *download;
    int first; /* what `begins` says */
    char began[64];
    bool over;
    int err;
    struct beam_why why;
    char tag[DOWNLOAD_TAG_SIZE];
};

static int on_begins(void *arg, const void *data, size_t len, struct beam_why *why)
{
    struct scene *s = arg;
    cr_assert_lt(len, sizeof(s->began));
    memcpy(s->began, data, len);
    s->began[len] = '\0';
    return s->first < 0 ? beam_why(why, s->first, "not that one") : s->first;
}

static void on_done(void *arg, int err, const struct beam_why *why, const char *tag)
{
    struct scene *s = arg;
    s->over = true;
    s->err = err;
    s->download = NULL;
    if (err < 0)
        s->why = *why;
    snprintf(s->tag, sizeof(s->tag), "%s", tag);
}

static void begin(struct scene *s)
{
    memset(s, 0, sizeof(*s));
    s->loop = until_loop_new();
    place_make(&s->place);
    cr_assert_eq(permit_new_local(&s->permit), 0);
    mirror_open(&s->mirror, s->loop);
    s->spec = (struct download_spec){
        .way = {.loop = s->loop, .permit = s->permit, .origin = PERMIT_TYPED, .timeout_ms = 5000},
        .path = s->place.file,
        .tag = "",
        .max = 100,
        .first = 4,
        .idle_ms = 5000,
        .most_ms = 5000};
    cr_assert_eq(where_parse_url(s->mirror.url, &s->spec.url, NULL), 0);
}

static void end(struct scene *s)
{
    download_cancel(s->download);
    mirror_close(&s->mirror);
    permit_free(s->permit);
    place_remove(&s->place);
    loop_free(s->loop);
}

static int fetch(struct scene *s, const char *head, const char *body)
{
    const struct download_events events = {.begins = on_begins, .done = on_done, .arg = s};
    struct beam_why why = {.text = ""};
    s->mirror.head = head;
    s->mirror.body = body;
    s->mirror.len = strlen(body);
    s->over = false;
    s->why.text[0] = '\0';
    cr_assert_eq(download_start(&s->spec, &events, &s->download, &why), 0, "%s", why.text);
    cr_assert(until_flag(s->loop, &s->over));
    return s->err;
}

static void file_is(const struct scene *s, const char *wanted)
{
    char *text = NULL;
    size_t len = 0;
    struct stat st;
    if (!wanted) {
        cr_expect_neq(stat(s->place.file, &st), 0, "there is no file");
        return;
    }
    cr_assert_eq(file_read(s->place.file, 1000, &text, &len), 0);
    cr_expect_str_eq(text, wanted);
    cr_assert_eq(stat(s->place.file, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0600);
    free(text);
}

BEAM_TEST(download, takes_bodies_of_any_framing)
{
    static struct scene s;
    begin(&s);
    cr_expect_eq(fetch(&s, "HTTP/1.1 200 OK\r\nETag: \"x\"\r\nContent-Length: 6\r\n", "abcdefrest"),
                 0);
    file_is(&s, "abcdef");
    cr_expect_str_eq(s.began, "abcd");
    cr_expect_str_eq(s.tag, "\"x\"");
    cr_expect_not_null(strstr(s.mirror.heard, "GET /list HTTP/1.1\r\nHost: 127.0.0.1:"));
    cr_expect_null(strstr(s.mirror.heard, "If-None-Match"));
    cr_expect_eq(
        fetch(&s, "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n",
              "3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n"),
        0);
    file_is(&s, "abcde");
    cr_expect_eq(fetch(&s, "HTTP/1.1 200 OK\r\n", "ab"), 0);
    file_is(&s, "ab");
    cr_expect_str_eq(s.began, "ab", "less than it wants to see");
    end(&s);
}

BEAM_TEST(download, what_has_not_changed_is_not_read)
{
    static struct scene s;
    begin(&s);
    s.spec.tag = "\"y\"";
    cr_expect_eq(fetch(&s, "HTTP/1.1 304 Not Modified\r\n", ""), DOWNLOAD_UNCHANGED);
    cr_expect_not_null(strstr(s.mirror.heard, "\r\nIf-None-Match: \"y\"\r\n"));
    file_is(&s, NULL);
    s.first = DOWNLOAD_UNCHANGED;
    cr_expect_eq(fetch(&s, "HTTP/1.1 200 OK\r\nContent-Length: 90\r\n", "abcdef"),
                 DOWNLOAD_UNCHANGED, "though the rest never comes");
    file_is(&s, NULL);
    s.first = BEAM_EAUTH;
    cr_expect_eq(fetch(&s, "HTTP/1.1 200 OK\r\nContent-Length: 90\r\n", "abcdef"), BEAM_EAUTH);
    cr_expect_str_eq(s.why.text, "not that one");
    end(&s);
}

BEAM_TEST(download, what_is_not_whole_or_too_large_leaves_no_file)
{
    static const struct {
        const char *head, *body;
        int err;
    } all[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n", "abcdef", BEAM_ELIMIT},
        {"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n", "abcdef", BEAM_ERESET},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", "6\r\nabcdef\r\n", BEAM_ERESET},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", "6\r\nabcdefg", BEAM_EPROTO},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", "65\r\nabcdef", BEAM_ERESET},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n", "", BEAM_EUNREACH},
        {"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n", "",
         BEAM_EUNREACH},
        {"nonsense\r\n", "", BEAM_EPROTO},
    };
    static struct scene s;
    static char long_body[201];
    begin(&s);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        cr_expect_eq(fetch(&s, all[i].head, all[i].body), all[i].err, "%zu: %d %s", i, s.err,
                     s.why.text);
        file_is(&s, NULL);
    }
    memset(long_body, 'a', 200);
    cr_expect_eq(fetch(&s, "HTTP/1.1 200 OK\r\n", long_body), BEAM_ELIMIT);
    file_is(&s, NULL);
    end(&s);
}

BEAM_TEST(download, has_deadlines_and_goes_nowhere_without_a_permit)
{
    static struct scene s;
    struct beam_why why = {.text = ""};
    const struct download_events events = {.begins = on_begins, .done = on_done, .arg = &s};
    begin(&s);
    s.spec.idle_ms = 50;
    cr_expect_eq(fetch(&s, NULL, ""), BEAM_ETIMEOUT);
    s.spec.idle_ms = 5000;
    s.spec.most_ms = 50;
    cr_expect_eq(fetch(&s, NULL, ""), BEAM_ETIMEOUT);
    file_is(&s, NULL);
    cr_assert_eq(where_parse_url("http://192.0.2.1/list", &s.spec.url, NULL), 0);
    cr_expect_eq(download_start(&s.spec, &events, &s.download, &why), BEAM_EPOLICY);
    cr_expect_neq(why.text[0], '\0');
    cr_assert_eq(where_parse_url("https://relay.example/list", &s.spec.url, NULL), 0);
    cr_expect_eq(download_start(&s.spec, &events, &s.download, &why), BEAM_EPOLICY,
                 "a name goes through Tor alone");
    cr_assert_eq(where_parse_url(s.mirror.url, &s.spec.url, NULL), 0);
    s.over = false;
    cr_assert_eq(download_start(&s.spec, &events, &s.download, &why), 0);
    download_cancel(s.download);
    s.download = NULL;
    cr_expect_not(s.over);
    file_is(&s, NULL);
    end(&s);
}
