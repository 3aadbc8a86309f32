/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines that tor announces a visitor by: what is taken must be what tor writes for that circuit. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tor/proxy_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *line = (const char *)data;
    char want[PROXY_LINE_MAX + 1];
    uint32_t circuit = 0;
    if (proxy_line_parse(line, size, &circuit) < 0)
        return 0;
    int len = snprintf(want, sizeof(want), "PROXY TCP6 fc00:dead:beef:4dad::%x:%x ::1 ",
                       circuit >> 16, circuit & 0xffff);
    if (size < PROXY_LINE_MIN || size > PROXY_LINE_MAX || memcmp(line, want, (size_t)len) != 0)
        abort();
    return 0;
}
