/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines of tor's log. Whatever is around an address, a relay's identity, an onion or a bridge's
 * argument, nothing of it is left, neither whole nor where the line is cut.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tor/logline.h"
#include "tor/scrub.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE_MAX_IN = 1000, TEXT_SIZE = 4 * SIZE_MAX_IN + 100 };

static const char *const opening[] = {" ", "\"", "'", "(", "[", "=", "$", "\t"};
static const char *const closing[] = {" ", "\"", "'", ")", "]", ",", ";", "\n"};
static const struct {
    const char *text, *told; /* what says enough of it */
} secrets[] = {
    {"192.0.2.77:9443", "192.0.2"},
    {"2001:db8::77", "2001:db8"},
    {"[2001:db8::77]:443", "2001:db8"},
    {"::ffff:192.0.2.77", "192.0.2"},
    {"fe80::77%eth0", "fe80::7"},
    {"0123456789ABCDEF0123456789ABCDEF01234567", "0123456789"},
    {"AbCdEfGhIjKlMnOpQrStUvWxYz0123456789+/AbCdE", "AbCdEfGh"},
    {"abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvwx", "abcdefgh"},
    {"https://a.example/path", "a.exampl"},
    {"url=https://a.example/pa;th", "a.exampl"},
    {"cert=b.example", "b.exampl"},
};

enum {
    BORDERS = sizeof(opening) / sizeof(opening[0]),
    SECRETS = sizeof(secrets) / sizeof(secrets[0])
};

static size_t put_line(char *text, const char *data, size_t before, size_t size, size_t border,
                       const char *secret)
{
    int len = snprintf(text, TEXT_SIZE, "%.*s%s%s%s%.*s", (int)before, data, opening[border],
                       secret, closing[border], (int)(size - before), data + before);
    if (len < 0 || len >= TEXT_SIZE)
        abort();
    return (size_t)len;
}

static void check_line(const char *data, size_t before, size_t size, size_t border, size_t secret)
{
    char text[TEXT_SIZE], escaped[TEXT_SIZE];
    struct logline l;
    const char *told = secrets[secret].told;
    size_t len = put_line(text, data, before, size, border, "");
    text_escape(text, len, escaped, sizeof(escaped));
    if (strstr(text, told) || strstr(escaped, told))
        return; /* it is in what is around, too, and maybe within a word */
    put_line(text, data, before, size, border, secrets[secret].text);
    scrub_line(text, sizeof(text));
    if (strlen(text) >= sizeof(text) || strstr(text, told))
        abort();
    logline_parse(text, strlen(text), &l);
    if (strstr(l.text, told))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > SIZE_MAX_IN || memchr(data, '\0', size))
        return 0;
    size_t before = data[0] * (size - 1) / UINT8_MAX;
    for (size_t i = 0; i < SECRETS; i++)
        check_line((const char *)data + 1, before, size - 1, (data[0] + i) % BORDERS, i);
    return 0;
}
