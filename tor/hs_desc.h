/* SPDX-License-Identifier: BSD-3-Clause */
/* HS_DESC events: what became of an onion service's descriptor at one of the
 * directories, where it was taken to or asked for (control-spec section 4.1.25). Pure. */
#ifndef BEAM_TOR_HS_DESC_H
#define BEAM_TOR_HS_DESC_H

#include "tor/onion_key.h"

enum hs_desc_action {
    HS_DESC_UPLOAD,
    HS_DESC_UPLOADED,
    HS_DESC_REQUESTED,
    HS_DESC_RECEIVED,
    HS_DESC_FAILED, /* an upload, or a request */
    HS_DESC_OTHER
};

enum { HS_DESC_DIRECTORY_SIZE = 48 };

struct hs_desc {
    enum hs_desc_action action;
    char address[ONION_ADDRESS_SIZE]; /* as tor writes it: lower case, no ".onion" */
    char
        directory[HS_DESC_DIRECTORY_SIZE]; /* "$" and its fingerprint in hex; "" when it has none */
    char reason[32];                       /* "" when none was given */
};

/* `text` is an event's line from "HS_DESC" on. 0, or BEAM_EINVAL: another event, or not of a v3
 * onion. */
int hs_desc_parse(const char *text, struct hs_desc *out);

#endif
