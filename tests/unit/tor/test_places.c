/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/places.h"

#include <string.h>

#include "tests/unit/harness.h"

static void is_at(const char *control, const char *at)
{
    struct places p;
    struct beam_why why;
    char text[ADDR_TEXT_SIZE];
    cr_assert_eq(places_parse(control, &p, &why), 0, "%s", control);
    cr_assert_eq(p.count, 1);
    cr_assert_not(p.usual);
    cr_assert_not(p.list[0].proof, "whoever named it trusts it");
    addr_text(&p.list[0].at, text);
    cr_assert_str_eq(text, at);
}

BEAM_TEST(places, named)
{
    is_at("unix:/run/tor/control", "unix:/run/tor/control");
    is_at("127.0.0.1:9051", "127.0.0.1:9051");
    is_at("127.3.0.1:1", "127.3.0.1:1");
    is_at("[::1]:9051", "[::1]:9051");
    is_at("localhost:65535", "127.0.0.1:65535");
}

BEAM_TEST(places, that_are_none)
{
    static const char *const bad[] = {
        "",
        "9051",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:0",
        "localhost",
        "unix:",
        "unix:relative",
        "127.0.0.1:x",
        "127.0.0.1:70000",
        "Auto",
        "auto:9051",
        "/run/tor/control",
        "10.0.0.1:9051",
        "tor.example:9051",
        "0.0.0.0:9051",
        "[::]:9051",
        "::1:9051",
        ("unix:/a-path-much-too-long-for-a-unix-socket/"
         "-----------------------------------------------------------------------------")};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct places p = {.count = 77};
        struct beam_why why = {.text = ""};
        cr_assert_eq(places_parse(bad[i], &p, &why), BEAM_EINVAL, "%s", bad[i]);
        cr_assert_eq(strncmp(why.text, "tor.control: ", 13), 0, "%s", why.text);
        cr_assert_eq(p.count, 77);
    }
}

BEAM_TEST(places, the_usual_ones)
{
    struct places p;
    struct beam_why why;
    cr_assert_eq(places_parse("auto", &p, &why), 0);
    cr_assert(p.usual);
    cr_assert_eq(p.count, 3);
    cr_assert_str_eq(addr_path(&p.list[0].at), "/run/tor/control");
    cr_assert_not(p.list[0].proof, "nobody but tor can be there");
    cr_assert_eq(addr_port(&p.list[1].at), 9051);
    cr_assert(p.list[1].proof && p.list[2].proof, "anybody can");
    cr_assert_eq(places_none(&p, &why), BEAM_EREFUSED);
    cr_assert_not_null(strstr(why.text, "unix:/run/tor/control, 127.0.0.1:9051, 127.0.0.1:9151"));
}

BEAM_TEST(places, not_reached)
{
    static const struct {
        int err, code;
        const char *words;
    } rows[] = {{BEAM_EREFUSED, BEAM_EREFUSED, "nothing listens"},
                {BEAM_ENOTFOUND, BEAM_EREFUSED, "nothing listens"},
                {BEAM_EPERM, BEAM_EPERM, "debian-tor"},
                {BEAM_ETIMEOUT, BEAM_ETIMEOUT, "timed out"}};
    struct places p;
    struct beam_why why;
    cr_assert_eq(places_parse("unix:/x", &p, &why), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_assert_eq(places_unreached(&p.list[0], rows[i].err, &why), rows[i].code);
        cr_assert_eq(why.code, rows[i].code);
        cr_assert_not_null(strstr(why.text, rows[i].words), "%s", why.text);
        cr_assert_not_null(strstr(why.text, "unix:/x"), "%s", why.text);
    }
}
