/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of visitors. One that is taken is written as one that reads back as the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "gate/visitors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The lines that `beam visitors` would write. */
static char *write_list(const struct visitors *v, size_t *len)
{
    char *text = NULL, key[VISITOR_KEY_SIZE];
    FILE *to = open_memstream(&text, len);
    if (!to)
        abort();
    for (size_t i = 0; i < visitors_count(v); i++) {
        const struct visitor_entry *e = visitors_at(v, i);
        visitor_key_text(e->key, key);
        fprintf(to, "%s %s %s\n", e->revoked ? "revoked" : "allow", e->name, key);
    }
    if (fclose(to) != 0)
        abort();
    return text;
}

static void check_taken(const struct visitors *v)
{
    struct visitors *again = NULL;
    struct beam_why why;
    size_t len = 0;
    char *text = write_list(v, &len);
    if (visitors_parse("again", text, len, &again, &why) < 0 ||
        visitors_count(v) != visitors_count(again) ||
        visitors_allowed(v) != visitors_allowed(again))
        abort();
    for (size_t i = 0; i < visitors_count(v); i++) {
        const struct visitor_entry *a = visitors_at(v, i), *b = visitors_at(again, i);
        if (strcmp(a->name, b->name) != 0 || a->revoked != b->revoked ||
            memcmp(a->key, b->key, sizeof(a->key)) != 0)
            abort();
    }
    visitors_free(again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct visitors *v = NULL;
    struct beam_why why = {.text = ""};
    if (sodium_init() < 0)
        abort();
    if (visitors_parse("fuzz", (const char *)data, size, &v, &why) == 0)
        check_taken(v);
    else if (v || why.text[0] == '\0')
        abort();
    visitors_free(v);
    return 0;
}
