/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files of passwords. The first line is an Authorization value, the rest the file. Of a file that
 * is taken, each line that says something must enter, and a list without that pair must not.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/text.h"
#include "gate/passwords.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool enters(const struct passwords *p, const char *pair, size_t len)
{
    char value[TEXT_BASE64_SIZE(PASSWORDS_LINE_MAX + 1) + 6] = "Basic ";
    if (text_base64_encode(pair, len, value + 6, sizeof(value) - 6) < 0)
        abort();
    return passwords_check(p, value, strlen(value));
}

static void check_taken(const struct passwords *p, const char *text, size_t len)
{
    size_t found = 0;
    while (len > 0) {
        const char *newline = memchr(text, '\n', len);
        size_t line = newline ? (size_t)(newline - text) : len;
        if (line > 0 && text[0] != '#') {
            if (!enters(p, text, line) || enters(p, text, line - 1))
                abort();
            found++;
        }
        text += newline ? line + 1 : line;
        len -= newline ? line + 1 : line;
    }
    if (found != passwords_count(p))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *newline = size ? memchr(text, '\n', size) : NULL;
    size_t head = newline ? (size_t)(newline - text) + 1 : 0;
    struct passwords *p = NULL;
    struct beam_why why = {0};
    if (sodium_init() < 0)
        abort();
    if (passwords_parse("fuzz", text + head, size - head, rng_system(), &p, &why) == 0) {
        check_taken(p, text + head, size - head);
        (void)passwords_check(p, text, head);
    } else if (p || why.text[0] == '\0') {
        abort();
    }
    passwords_free(p);
    return 0;
}
