/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/kept.h"

#include "tests/unit/relay/owners.h"

static struct where typed(const char *text)
{
    struct where w = {.text = ""};
    struct beam_why why;
    cr_assert_eq(where_parse(text, &w, &why), 0);
    return w;
}

BEAM_TEST(kept, a_relay_is_who_it_was_and_the_reservation_comes_back)
{
    const struct where where = typed("127.0.0.1:4001");
    const struct reservation_answer given = {.id = {1, 2, 3}, .token = {9, 8, 7}};
    struct peer_id persona = owner(1), relay = owner(2);
    struct beam_why why = {.text = ""};
    struct kept k;
    struct place p;
    place_make(&p);
    int opened = kept_open(&k, p.dir, &persona, &where, true, &why), first = 0, second = 0, put = 0;
    bool unknown = k.peer.len == 0 && !k.has_ticket;
    if (opened == 0) {
        first = kept_pin(&k, &where, &relay, &why);
        second = kept_pin(&k, &where, &relay, NULL);
        put = kept_put(&k, &given, NULL);
    }
    kept_close(&k);
    int again = kept_open(&k, p.dir, &persona, &where, true, NULL);
    bool same = peer_id_equal(&k.peer, &relay) && k.has_ticket &&
                memcmp(k.ticket.id, given.id, sizeof(given.id)) == 0 &&
                memcmp(k.ticket.token, given.token, sizeof(given.token)) == 0;
    kept_drop(&k);
    bool dropped = !k.has_ticket;
    kept_close(&k);
    place_remove(&p);
    cr_assert(opened == 0 && unknown && put == 0 && again == 0 && dropped);
    cr_assert(first == 1 && strstr(why.text, "from now on"), "%s", why.text);
    cr_assert_eq(second, 0);
    cr_assert(same);
}

BEAM_TEST(kept, who_is_forgotten_leaves_no_reservation_behind)
{
    const struct where where = typed("127.0.0.1:4001");
    const struct reservation_answer given = {.id = {1, 2, 3}, .token = {9, 8, 7}};
    struct peer_id persona = owner(1), relay = owner(2);
    struct beam_why why = {.text = ""};
    struct kept k;
    struct place p;
    place_make(&p);
    int err = kept_open(&k, p.dir, &persona, &where, false, &why);
    if (err == 0)
        err = kept_pin(&k, &where, &relay, &why) < 0 ? BEAM_EIO : kept_put(&k, &given, &why);
    kept_close(&k);
    int again = kept_open(&k, p.dir, &persona, &where, true, &why);
    bool none = !k.has_ticket;
    kept_close(&k);
    place_remove(&p);
    cr_assert(err == 0 && again == 0, "%s", why.text);
    cr_assert(none);
}
