/* SPDX-License-Identifier: BSD-3-Clause */
#include "p2p/handlers.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/harness.h"

static void none(void *arg, struct stream *s, const struct host_peer *peer)
{
    (void)arg;
    (void)s;
    (void)peer;
}

static const struct handler *find(const struct handlers *h, const char *name)
{
    return handlers_find(h, name, strlen(name));
}

BEAM_TEST(handlers, are_found_by_their_whole_name)
{
    struct handlers h = {.n = 0};
    int arg;
    cr_assert_eq(handlers_add(&h, "/a/1.0.0", none, &arg), 0);
    cr_assert_eq(handlers_add(&h, "/b/1.0.0", none, NULL), 0);
    cr_assert_not_null(find(&h, "/a/1.0.0"));
    cr_expect_eq(find(&h, "/a/1.0.0")->arg, &arg);
    cr_expect_null(find(&h, "/a/1.0"));
    cr_expect_null(find(&h, "/a/1.0.00"));
    cr_expect_eq(handlers_add(&h, "/a/1.0.0", none, NULL), BEAM_EEXIST);
    cr_expect(handlers_remove(&h, "/a/1.0.0"));
    cr_expect(!handlers_remove(&h, "/a/1.0.0"));
    cr_expect_null(find(&h, "/a/1.0.0"));
    cr_expect_not_null(find(&h, "/b/1.0.0"));
    handlers_clear(&h);
}

BEAM_TEST(handlers, are_bounded)
{
    struct handlers h = {.n = 0};
    char name[HANDLERS_NAME_MAX + 2];
    cr_expect_eq(handlers_add(&h, "", none, NULL), BEAM_EINVAL);
    cr_expect_eq(handlers_add(&h, "/a\n", none, NULL), BEAM_EINVAL);
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    cr_expect_eq(handlers_add(&h, name, none, NULL), BEAM_EINVAL);
    name[HANDLERS_NAME_MAX] = '\0';
    cr_assert_eq(handlers_add(&h, name, none, NULL), 0);
    for (unsigned i = 1; i < HANDLERS_MAX; i++) {
        (void)snprintf(name, sizeof(name), "/%u", i);
        cr_assert_eq(handlers_add(&h, name, none, NULL), 0);
    }
    cr_expect_eq(handlers_add(&h, "/more", none, NULL), BEAM_ELIMIT);
    handlers_clear(&h);
}
