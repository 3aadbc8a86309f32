/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/listeners.h"

#include <string.h>

#include "tests/unit/harness.h"

static const char key[] = "net/listeners/socks";

/* "" when there is none that can be used. */
static const char *first(unsigned code, const char *line)
{
    static char text[ADDR_TEXT_SIZE];
    const struct control_line lines[] = {{.text = line, .data = ""}, {.text = "OK", .data = ""}};
    const struct control_reply r = {.code = code, .count = 2, .lines = lines};
    struct addr a;
    text[0] = '\0';
    if (listeners_first(&r, key, &a) == 0)
        addr_text(&a, text);
    return text;
}

BEAM_TEST(listeners, the_first_on_this_machine)
{
    cr_assert_str_eq(first(250, "net/listeners/socks=\"127.0.0.1:9050\""), "127.0.0.1:9050");
    cr_assert_str_eq(first(250, "net/listeners/socks=\"unix:/run/tor/socks\" \"127.0.0.1:9050\""),
                     "unix:/run/tor/socks");
    cr_assert_str_eq(first(250, "net/listeners/socks=\"10.0.0.1:9050\" \"[::1]:9050\""),
                     "[::1]:9050");
    cr_assert_str_eq(first(250, "net/listeners/socks=\"0.0.0.0:9050\""), "127.0.0.1:9050");
    cr_assert_str_eq(first(250, "net/listeners/socks=\"unix:/a \\\"b\""), "unix:/a \"b");
}

BEAM_TEST(listeners, none)
{
    static const char *const lines[] = {"net/listeners/socks=",
                                        "net/listeners/socks",
                                        "net/listeners/socks=\"",
                                        "net/listeners/socks=\"127.0.0.1:9050",
                                        "net/listeners/dns=\"127.0.0.1:5353\"",
                                        "net/listeners/socks=\"127.0.0.1:0\"",
                                        "net/listeners/socks=\"192.0.2.1:9050\"",
                                        "net/listeners/socks=\"\\"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        cr_assert_str_eq(first(250, lines[i]), "", "%s", lines[i]);
    cr_assert_str_eq(first(552, "net/listeners/socks=\"127.0.0.1:9050\""), "");
}
