/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/ticket.h"

#include <sys/stat.h>

#include "tests/unit/relay/owners.h"

static struct ticket some(uint8_t n)
{
    struct ticket t = {.relay = owner(n)};
    memset(t.id, n, sizeof(t.id));
    memset(t.token, n + 1, sizeof(t.token));
    return t;
}

BEAM_TEST(ticket, is_kept_for_a_persona_and_a_relay)
{
    struct place p;
    struct ticket t = some(7), again = {.relay = {.len = 0}};
    struct peer_id alice = owner(1), bob = owner(2);
    struct stat st = {.st_mode = 0};
    place_make(&p);
    snprintf(p.file, sizeof(p.file), "%s/relays", p.dir);
    char *path = ticket_path(p.file, &alice, "relay.example:4001");
    char *of_bob = ticket_path(p.file, &bob, "relay.example:4001");
    char *elsewhere = ticket_path(p.file, &alice, "relay.example:4002");
    bool made = path && of_bob && elsewhere;
    bool apart = made && strcmp(path, of_bob) != 0 && strcmp(path, elsewhere) != 0;
    int missing = made ? ticket_load(path, &again, NULL) : BEAM_ENOMEM;
    int err = made ? ticket_save(path, &t, NULL) : BEAM_ENOMEM;
    if (err == 0)
        err = ticket_load(path, &again, NULL);
    if (err == 0)
        err = stat(path, &st);
    free(path);
    free(of_bob);
    free(elsewhere);
    place_remove(&p);
    cr_assert_eq(err, 0);
    cr_assert(apart);
    cr_assert_eq(missing, BEAM_ENOTFOUND);
    cr_assert_eq(st.st_mode & 0777, 0600u);
    cr_assert(peer_id_equal(&t.relay, &again.relay));
    cr_assert_eq(memcmp(t.id, again.id, sizeof(t.id)), 0);
    cr_assert_eq(memcmp(t.token, again.token, sizeof(t.token)), 0);
}

static int load_text(const char *file, const char *text, struct beam_why *why)
{
    struct ticket t;
    if (file_write(file, 0600, text, strlen(text)) < 0)
        return BEAM_EIO;
    return ticket_load(file, &t, why);
}

BEAM_TEST(ticket, has_one_form)
{
#define PEER  "12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5"
#define ID    "000102030405060708090a0b0c0d0e0f"
#define TOKEN "101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
    static const char *const bad[] = {
        "",
        "beam-reservation 2 " PEER " " ID " " TOKEN "\n",
        "beam-reservation 1 " PEER " " ID " " TOKEN,
        "beam-reservation 1 " PEER " " ID " " TOKEN "\n\n",
        "beam-reservation 1 " PEER "  " ID " " TOKEN "\n",
        "beam-reservation 1 Qm " ID " " TOKEN "\n",
        "beam-reservation 1 " PEER " 0001020304050607080A0B0C0D0E0F00 " TOKEN "\n",
    };
    struct place p;
    struct beam_why why = {.text = ""}, loose = {.text = ""};
    int bads = 0;
    place_make(&p);
    int good = load_text(p.file, "beam-reservation 1 " PEER " " ID " " TOKEN "\n", &why);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        bads += load_text(p.file, bad[i], &why) == BEAM_EINVAL;
    int mode = chmod(p.file, 0644);
    struct ticket t;
    int open_to_all = ticket_load(p.file, &t, &loose);
    place_remove(&p);
    cr_assert_eq(good, 0);
    cr_assert_eq(bads, (int)(sizeof(bad) / sizeof(bad[0])), "%s", why.text);
    cr_assert(mode == 0 && open_to_all == BEAM_EPERM, "%s", loose.text);
}
