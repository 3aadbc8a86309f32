/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/path.h"

#include <string.h>

#include "tests/unit/harness.h"

static int freed;

static void free_fake(struct path *p)
{
    (void)p;
    freed++;
}

BEAM_TEST(path, free_is_the_kinds_own)
{
    static const struct path_ops ops = {.kind = "fake", .free = free_fake};
    struct path p = {.ops = &ops};
    freed = 0;
    path_free(NULL);
    cr_assert_eq(freed, 0);
    path_free(&p);
    cr_assert_eq(freed, 1);
    cr_assert_str_eq(path_kind(&p), "fake");
}

BEAM_TEST(path, states_have_names)
{
    static const char *const names[] = {"waiting", "opening", "up", "failed"};
    for (int state = PATH_WAITING; state <= PATH_FAILED; state++)
        cr_assert_str_eq(path_state_name((enum path_state)state), names[state]);
    cr_assert_str_eq(path_state_name((enum path_state)77), "unknown");
}
