/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/plain.h"

#include <string.h>

#include "base/text.h"

size_t plain_text(const char *words, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    while (*words && used + 1 < size) {
        size_t len = strcspn(words, "\\");
        used += text_escape(words, len, out + used, size - used);
        words += len;
        if (*words && used + 1 < size) {
            out[used++] = *words++;
            out[used] = '\0';
        }
    }
    return used;
}
