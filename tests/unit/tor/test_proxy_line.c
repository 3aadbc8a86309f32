/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/proxy_line.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "tests/unit/harness.h"

#define START "PROXY TCP6 fc00:dead:beef:4dad::"

BEAM_TEST(proxy_line, as_tor_writes_it)
{
    static const struct {
        const char *line;
        uint32_t circuit;
    } rows[] = {
        {START "0:33 ::1 51 80", 0x33}, /* of tor 0.4.9.11 */
        {START "0:0 ::1 0 0", 0},
        {START "1:2 ::1 2 80", 0x10002},
        {START "ffff:fffe ::1 65534 65535", 0xfffffffe},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t circuit = 7;
        size_t len = strlen(rows[i].line);
        cr_expect_eq(proxy_line_parse(rows[i].line, len, &circuit), 0, "%s", rows[i].line);
        cr_expect_eq(circuit, rows[i].circuit);
        cr_expect(len >= PROXY_LINE_MIN && len <= PROXY_LINE_MAX);
        for (size_t cut = 0; cut < len - 4; cut++)
            cr_expect_eq(proxy_line_parse(rows[i].line, cut, &circuit), BEAM_EPROTO);
    }
}

BEAM_TEST(proxy_line, nothing_else)
{
    static const char *const wrong[] = {
        "",
        "GET / HTTP/1.1",
        "PROXY UNKNOWN",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2",
        "PROXY TCP6 fc00:dead:beef:4dae::0:1 ::1 1 80",
        "PROXY TCP6 ::1 ::1 1 80",
        "proxy TCP6 fc00:dead:beef:4dad::0:1 ::1 1 80",
        START "0:1 ::1 1 80 ",
        START "0:1 ::1 1 80\r",
        START "0:1  ::1 1 80",
        START "0:1 ::2 1 80",
        START "0:01 ::1 1 80",
        START "0:A ::1 1 80",
        START "0:12345 ::1 1 80",
        START ":1 ::1 1 80",
        START "0: ::1 1 80",
        START "0:1 ::1 65536 80",
        START "0:1 ::1 1 99999",
        START "0:1 ::1 -1 80",
        START "0:1 ::1 1 080",
        START "0:1 ::1 1",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        uint32_t circuit = 7;
        cr_expect_eq(proxy_line_parse(wrong[i], strlen(wrong[i]), &circuit), BEAM_EPROTO, "%s",
                     wrong[i]);
        cr_expect_eq(circuit, 7);
    }
    uint32_t circuit;
    cr_expect_eq(proxy_line_parse(START "0:1 ::1 1 80\0", sizeof(START "0:1 ::1 1 80"), &circuit),
                 BEAM_EPROTO);
}
