/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/add_onion.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/text.h"

static const char client_keyword[] = " ClientAuthV3=";

enum { CLIENT_SIZE = sizeof(client_keyword) - 1 + TEXT_BASE32_SIZE(ONION_CLIENT_LEN) - 1 };

/* A keyword for each client, fresh; NULL: out of memory. */
static char *list_clients(const struct onion_clients *c)
{
    char *text = malloc(c->count * CLIENT_SIZE + 1), *at = text;
    for (size_t i = 0; text && i < c->count; i++) {
        char key[TEXT_BASE32_SIZE(ONION_CLIENT_LEN)];
        (void)text_base32_encode(c->key[i], ONION_CLIENT_LEN, key, sizeof(key));
        at += snprintf(at, CLIENT_SIZE + 1, "%s%s", client_keyword, key);
    }
    if (text)
        *at = '\0';
    return text;
}

static void list_limits(const struct onion_limits *l, bool pow, char *out, size_t size)
{
    int len = 0;
    out[0] = '\0';
    if (l->max_streams)
        len = snprintf(out, size, " MaxStreams=%u", l->max_streams);
    if (l->pow && pow)
        snprintf(out + len, size - (size_t)len,
                 " PoWDefensesEnabled=1 PoWQueueRate=%u PoWQueueBurst=%u", l->pow_rate,
                 l->pow_burst);
}

int add_onion_send(struct control *control, const struct onion_spec *spec, bool pow, control_fn *fn,
                   void *arg)
{
    char limits[128], target[ADDR_TEXT_SIZE];
    char *blob = onion_key_blob(spec->key), *clients = list_clients(&spec->clients);
    int err = blob && clients ? 0 : BEAM_ENOMEM;
    list_limits(&spec->limits, pow, limits, sizeof(limits));
    addr_text(&spec->target, target);
    if (err == 0)
        err = control_send(control, fn, arg, "ADD_ONION %s Flags=DiscardPK%s%s Port=%u,%s%s", blob,
                           spec->clients.count ? ",V3Auth" : "", limits, (unsigned)spec->port,
                           target, clients);
    free(clients);
    sodium_free(blob);
    return err;
}

/* 512 is for a keyword that is not known, 551 for one that this build cannot honour; 513, 552 and
 * 553 for such options. */
bool add_onion_lacks_pow(const struct control_reply *r)
{
    static const unsigned codes[] = {512, 513, 551, 552, 553};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (r->code == codes[i])
            return strcasestr(r->lines[0].text, "pow") != NULL;
    return false;
}
