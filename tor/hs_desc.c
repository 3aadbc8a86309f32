/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/hs_desc.h"

#include <stdio.h>
#include <string.h>

#include "tor/control_line.h"

static enum hs_desc_action action_of(const char *word)
{
    static const struct {
        const char *word;
        enum hs_desc_action action;
    } rows[] = {
        {"UPLOAD", HS_DESC_UPLOAD},       {"UPLOADED", HS_DESC_UPLOADED},
        {"REQUESTED", HS_DESC_REQUESTED}, {"RECEIVED", HS_DESC_RECEIVED},
        {"FAILED", HS_DESC_FAILED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].word, word) == 0)
            return rows[i].action;
    return HS_DESC_OTHER;
}

/* The fingerprint of "$FINGERPRINT~nickname", which comes after the kind of authorization. */
static void read_directory(const char *at, char *out)
{
    char word[96];
    if (control_word(&at, word, sizeof(word)) < 0 || control_word(&at, word, sizeof(word)) < 0)
        return;
    size_t len = strspn(word + 1, "0123456789ABCDEFabcdef") + 1;
    if (word[0] == '$' && len < HS_DESC_DIRECTORY_SIZE)
        snprintf(out, HS_DESC_DIRECTORY_SIZE, "%.*s", (int)len, word);
}

int hs_desc_parse(const char *text, struct hs_desc *out)
{
    char word[16];
    struct hs_desc d = {.reason = ""};
    const char *at = control_after(text, "HS_DESC");
    if (!at || control_word(&at, word, sizeof(word)) < 0)
        return BEAM_EINVAL;
    d.action = action_of(word);
    if (control_word(&at, d.address, sizeof(d.address)) < 0 ||
        strlen(d.address) != ONION_ADDRESS_LEN)
        return BEAM_EINVAL;
    read_directory(at, d.directory);
    control_value(at, "REASON", d.reason, sizeof(d.reason));
    *out = d;
    return 0;
}
