/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/tor_options.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* The fields that are texts. */
static const size_t texts[] = {
    offsetof(struct tor_options, control),
    offsetof(struct tor_options, control_password_file),
    offsetof(struct tor_options, binary),
    offsetof(struct tor_options, dir),
    offsetof(struct tor_options, torrc),
    offsetof(struct tor_options, bridges.bridges),
    offsetof(struct tor_options, bridges.transports),
};
enum { TEXTS = sizeof(texts) / sizeof(texts[0]) };

static const char *text_at(const struct tor_options *o, size_t i)
{
    const char *text;
    memcpy(&text, (const char *)o + texts[i], sizeof(text));
    return text;
}

static void set_text(struct tor_options *o, size_t i, const char *text)
{
    memcpy((char *)o + texts[i], &text, sizeof(text));
}

int tor_options_copy(const struct tor_options *from, struct tor_options *out)
{
    struct tor_options copy = *from;
    int err = 0;
    for (size_t i = 0; i < TEXTS; i++) {
        const char *text = text_at(from, i);
        char *own = text ? strdup(text) : NULL;
        set_text(&copy, i, own);
        if (text && !own)
            err = BEAM_ENOMEM;
    }
    if (err < 0)
        tor_options_clear(&copy);
    else
        *out = copy;
    return err;
}

void tor_options_clear(struct tor_options *copy)
{
    for (size_t i = 0; i < TEXTS; i++) {
        free((char *)(uintptr_t)text_at(copy, i));
        set_text(copy, i, NULL);
    }
}
