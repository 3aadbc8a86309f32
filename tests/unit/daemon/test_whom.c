/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/whom.h"

#include <string.h>

#include "tests/unit/harness.h"

#define PEER "12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE"

BEAM_TEST(whom, a_peer_an_address_or_both)
{
    static const struct {
        const char *text;
        bool peer, addr;
    } good[] = {
        {PEER, true, false},
        {"/p2p/" PEER, true, false},
        {"/ip4/192.0.2.7/tcp/4001", false, true},
        {"/ip4/192.0.2.7/tcp/4001/p2p/" PEER, true, true},
        {"/dns/example.org/tcp/443/p2p/" PEER, true, true},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct whom w = {.has_peer = false};
        struct beam_why why = {0};
        char text[PEER_ID_TEXT_SIZE];
        cr_assert_eq(whom_parse(good[i].text, &w, &why), 0, "%s: %s", good[i].text, why.text);
        cr_expect_eq(w.has_peer, good[i].peer, "%s", good[i].text);
        cr_expect_eq(w.has_addr, good[i].addr, "%s", good[i].text);
        if (w.has_peer) {
            peer_id_text(&w.peer, text);
            cr_expect_str_eq(text, PEER);
        }
    }
}

BEAM_TEST(whom, what_is_neither_is_wrong_usage)
{
    static const char *const bad[] = {"",
                                      "/",
                                      "alice",
                                      "/ip4/1.2.3.4/tcp/",
                                      "/p2p/alice",
                                      "127.0.0.1",
                                      "/ip4/192.0.2.7/tcp/4001/"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct whom w;
        struct beam_why why = {0};
        cr_expect_eq(whom_parse(bad[i], &w, &why), BEAM_EUSAGE, "%s", bad[i]);
        cr_expect_eq(why.code, BEAM_EUSAGE);
        cr_expect(why.text[0]);
    }
}
