/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/place.h"

#include <string.h>

#include "tests/unit/harness.h"

BEAM_TEST(place, is_an_address_and_a_port)
{
    static const struct {
        const char *text, *out;
    } good[] = {{"127.0.0.1:8080", "127.0.0.1:8080"},
                {"[::1]:1", "[::1]:1"},
                {"0.0.0.0:65535", "0.0.0.0:65535"}};
    struct addr a;
    struct beam_why why;
    char text[ADDR_TEXT_SIZE];
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        cr_assert_eq(place_read("--listen", good[i].text, &a, &why), 0, "%s", why.text);
        addr_text(&a, text);
        cr_expect_str_eq(text, good[i].out);
    }
    cr_assert_eq(place_read("--listen", "127.0.0.1:0", &a, &why), 0);
    cr_expect_eq(addr_port(&a), 0);
}

BEAM_TEST(place, what_is_none_is_refused)
{
    static const char *const bad[] = {
        "",  "8080", ":8080",           "::1:8080", "localhost:80", "[::1]",  "127.0.0.1:",
        "x", "[]:1", "127.0.0.1:65536", "[::1:80",  "127.0.0.1:-1", "1.2.3:4"};
    struct addr a;
    struct beam_why why;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_expect_eq(place_read("relay.p2p", bad[i], &a, &why), BEAM_EUSAGE, "%s", bad[i]);
        cr_expect_eq(strncmp(why.text, "relay.p2p", 9), 0);
    }
}
