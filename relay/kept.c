/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/kept.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "relay/pins.h"

static int load_peer(struct kept *k, const struct where *where, struct beam_why *why)
{
    struct beam_why missing;
    k->peer = where->peer;
    k->pinned = k->peer.len > 0;
    if (!k->pinned) {
        int err = pins_find(k->pins_file, where->text, &k->peer, &missing);
        if (err < 0 && err != BEAM_ENOTFOUND)
            return beam_why(why, err, "%s", missing.text);
        k->pinned = err == 0;
    }
    if (k->peer.len > 0)
        peer_id_text(&k->peer, k->peer_text);
    return 0;
}

static int load_ticket(struct kept *k, struct beam_why *why)
{
    struct beam_why missing;
    if (!k->keep)
        return 0;
    int err = ticket_load(k->ticket_file, &k->ticket, &missing);
    k->has_ticket = err == 0;
    return err < 0 && err != BEAM_ENOTFOUND ? beam_why(why, err, "%s", missing.text) : 0;
}

int kept_open(struct kept *k, const char *dir, const struct peer_id *persona,
              const struct where *where, bool keep, struct beam_why *why)
{
    *k = (struct kept){.keep = keep};
    k->ticket_file = ticket_path(dir, persona, where->text);
    k->pins_file = file_join(dir, "pins");
    if (!k->ticket_file || !k->pins_file)
        return beam_why(why, BEAM_ENOMEM, "relay: out of memory");
    int err = load_peer(k, where, why);
    return err < 0 ? err : load_ticket(k, why);
}

void kept_close(struct kept *k)
{
    free(k->ticket_file);
    free(k->pins_file);
    sodium_memzero(k, sizeof(*k));
}

int kept_pin(struct kept *k, const struct where *where, const struct peer_id *peer,
             struct beam_why *why)
{
    k->peer = *peer;
    peer_id_text(peer, k->peer_text);
    if (k->pinned)
        return 0;
    k->pinned = true;
    int err = pins_add(k->pins_file, where->text, peer, why);
    if (err < 0)
        return err;
    beam_why(why, 0,
             "relay %s: taken for %s from now on, for nothing else was known of it (an address "
             "that ends in /p2p/PEER says whom to expect)",
             where->text, k->peer_text);
    return 1;
}

int kept_put(struct kept *k, const struct reservation_answer *a, struct beam_why *why)
{
    struct ticket t = {.relay = k->peer};
    memcpy(t.id, a->id, sizeof(t.id));
    memcpy(t.token, a->token, sizeof(t.token));
    bool same = k->has_ticket && memcmp(t.id, k->ticket.id, sizeof(t.id)) == 0 &&
                sodium_memcmp(t.token, k->ticket.token, sizeof(t.token)) == 0;
    k->has_ticket = true;
    k->ticket = t;
    sodium_memzero(&t, sizeof(t));
    return same || !k->keep ? 0 : ticket_save(k->ticket_file, &k->ticket, why);
}

void kept_drop(struct kept *k)
{
    k->has_ticket = false;
    sodium_memzero(&k->ticket, sizeof(k->ticket));
}

void kept_explain(const struct kept *k, const struct where *where, struct beam_why *why)
{
    struct beam_why what = *why;
    beam_why(why, BEAM_EAUTH,
             "%s (relay %s was another at its first use; if it has a new key for a good reason, "
             "remove its line from %s)",
             what.text, where->text, k->pins_file);
}
