/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity/multiaddr_list.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/harness.h"

struct heard {
    size_t addresses, words;
    int err;
};

static int on_entry(void *arg, const struct multiaddr *a, struct beam_why *why)
{
    struct heard *h = arg;
    *(a ? &h->addresses : &h->words) += 1;
    return h->err < 0 ? beam_why(why, h->err, "not that one") : 0;
}

BEAM_TEST(multiaddr_list, each_entry_is_heard)
{
    struct heard h = {0};
    struct beam_why why;
    cr_expect_eq(multiaddr_list_each("a.b", "", NULL, on_entry, &h, &why), 0);
    cr_expect_eq(h.addresses, 0u);
    cr_expect_eq(multiaddr_list_each("a.b", "/ip4/127.0.0.1/tcp/1\n\ntor\n/ip4/127.0.0.1/tcp/2",
                                     "tor", on_entry, &h, &why),
                 0);
    cr_expect_eq(h.addresses, 2u);
    cr_expect_eq(h.words, 1u);
}

BEAM_TEST(multiaddr_list, faults_name_the_key)
{
    struct heard h = {0};
    struct beam_why why;
    cr_expect_eq(multiaddr_list_each("a.b", "tor", NULL, on_entry, &h, &why), BEAM_EINVAL);
    cr_expect_eq(strncmp(why.text, "a.b: ", 5), 0, "%s", why.text);
    h.err = BEAM_EPOLICY;
    cr_expect_eq(multiaddr_list_each("a.b", "/ip4/127.0.0.1/tcp/1\n/ip4/127.0.0.1/tcp/2", NULL,
                                     on_entry, &h, &why),
                 BEAM_EPOLICY);
    cr_expect_str_eq(why.text, "a.b: not that one");
    cr_expect_eq(h.addresses, 1u, "the first fault ends it");
}

BEAM_TEST(multiaddr_list, is_bounded)
{
    struct heard h = {0};
    struct beam_why why;
    static const char entry[] = "/ip4/127.0.0.1/tcp/1\n";
    char list[(sizeof(entry) - 1) * (MULTIADDR_LIST_MAX + 1) + 1] = "";
    for (size_t i = 0; i <= MULTIADDR_LIST_MAX; i++)
        memcpy(list + i * (sizeof(entry) - 1), entry, sizeof(entry));
    cr_expect_eq(multiaddr_list_each("a.b", list, NULL, on_entry, &h, &why), BEAM_ELIMIT);
    cr_expect_eq(h.addresses, (size_t)MULTIADDR_LIST_MAX);
}
