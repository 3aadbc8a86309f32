/* SPDX-License-Identifier: BSD-3-Clause */
/* The file of bans: what is taken of it is text again that says the same, and each is found. */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "relay/bans.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct bans *b, const struct bans_row *row)
{
    char text[BANS_WHAT_SIZE];
    struct ban again;
    ban_text(&row->ban, text);
    if (ban_parse(text, &again, NULL) < 0 || again.kind != row->ban.kind)
        abort();
    if ((again.kind == BAN_KEY && !bans_key(b, &again.key)) ||
        (again.kind == BAN_ENDPOINT && !bans_endpoint(b, again.id)) ||
        (again.kind == BAN_NET && !bans_net(b, &again.net)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bans *b = NULL;
    struct beam_why why = {.text = ""};
    const struct bans_row *row;
    size_t at = 0;
    if (sodium_init() < 0)
        abort();
    int err = bans_parse(rng_system(), "bans", (const char *)data, size, &b, &why);
    if (err < 0) {
        if (!why.text[0])
            abort();
        return 0;
    }
    while ((row = bans_next(b, &at)) != NULL)
        check(b, row);
    bans_free(b);
    return 0;
}
