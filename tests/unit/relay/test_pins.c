/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/pins.h"

#include <sys/stat.h>

#include "tests/unit/relay/owners.h"

BEAM_TEST(pins, the_first_that_was_seen_stays)
{
    struct place p;
    struct peer_id a = owner(1), b = owner(2), found = {.len = 0}, other = {.len = 0};
    place_make(&p);
    snprintf(p.file, sizeof(p.file), "%s/relays/pins", p.dir);
    int none = pins_find(p.file, "relay.example:4001", &found, NULL);
    int err = pins_add(p.file, "relay.example:4001", &a, NULL);
    if (err == 0)
        err = pins_add(p.file, "relay.example:4002", &b, NULL);
    if (err == 0)
        err = pins_add(p.file, "relay.example:4001", &b, NULL);
    int missing = pins_find(p.file, "relay.example:400", &other, NULL);
    if (err == 0)
        err = pins_find(p.file, "relay.example:4001", &found, NULL);
    if (err == 0)
        err = pins_find(p.file, "relay.example:4002", &other, NULL);
    place_remove(&p);
    cr_assert_eq(none, BEAM_ENOTFOUND);
    cr_assert_eq(missing, BEAM_ENOTFOUND);
    cr_assert_eq(err, 0);
    cr_assert(peer_id_equal(&found, &a));
    cr_assert(peer_id_equal(&other, &b));
}

BEAM_TEST(pins, a_file_that_is_wrong_is_not_passed_over)
{
    static const char text[] = "relay.example:4001 nobody\n";
    struct place p;
    struct peer_id found;
    struct beam_why why = {.text = ""};
    place_make(&p);
    int wrote = file_write(p.file, 0600, text, sizeof(text) - 1);
    int err = pins_find(p.file, "relay.example:4001", &found, &why);
    int mode = chmod(p.file, 0666);
    int loose = pins_find(p.file, "relay.example:4001", &found, NULL);
    place_remove(&p);
    cr_assert(wrote == 0 && mode == 0);
    cr_assert_eq(err, BEAM_EINVAL, "%s", why.text);
    cr_assert_eq(loose, BEAM_EPERM);
}
