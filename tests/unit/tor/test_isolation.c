/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/isolation.h"

#include <string.h>

#include "tests/unit/harness.h"
#include "tests/unit/tor/kit.h"

struct pair {
    char user[ISOLATION_TEXT_SIZE], password[ISOLATION_TEXT_SIZE];
};

static struct pair of(const struct isolation *iso, const char *persona, const char *destination)
{
    struct pair p;
    isolation_for(iso, persona, destination, p.user, p.password);
    cr_assert_eq(strlen(p.user), ISOLATION_TEXT_SIZE - 1);
    cr_assert_eq(strlen(p.password), ISOLATION_TEXT_SIZE - 1);
    cr_assert_eq(strspn(p.user, "0123456789abcdef"), strlen(p.user));
    cr_assert_eq(strspn(p.password, "0123456789abcdef"), strlen(p.password));
    return p;
}

static bool same(struct pair a, struct pair b)
{
    return strcmp(a.user, b.user) == 0 && strcmp(a.password, b.password) == 0;
}

BEAM_TEST(isolation, same_for_the_same_pair_alone)
{
    struct isolation iso, other;
    kit_init();
    isolation_init(&iso, rng_system());
    isolation_init(&other, rng_system());
    cr_assert(same(of(&iso, "a", "b:80"), of(&iso, "a", "b:80")));
    cr_assert_not(same(of(&iso, "a", "b:80"), of(&iso, "a", "c:80")));
    cr_assert_not(same(of(&iso, "a", "b:80"), of(&iso, "b", "b:80")));
    cr_assert_not(same(of(&iso, "a", "b:80"), of(&other, "a", "b:80")));
}

BEAM_TEST(isolation, pairs_do_not_run_together)
{
    struct isolation iso;
    kit_init();
    isolation_init(&iso, rng_system());
    cr_assert_not(same(of(&iso, "ab", "c"), of(&iso, "a", "bc")));
    cr_assert_not(same(of(&iso, "", "abc"), of(&iso, "abc", "")));
}
