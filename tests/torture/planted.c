/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Faults planted to prove that tests/torture/run finds them. Each body is right while memory
 * lasts. Pointers go through volatile objects, for compilers leave out allocations nobody sees.
 */
#include "tests/unit/harness.h"

#include <stdlib.h>
#include <string.h>

static void *volatile first;
static char *volatile second;

BEAM_TEST(planted, sound)
{
    for (int i = 0; i < 3; i++) {
        first = malloc(16);
        cr_assert_not_null(first);
        free(first);
    }
}

/* Its second allocation is used unchecked. */
BEAM_TEST(planted, crash)
{
    first = malloc(16);
    cr_assert_not_null(first);
    second = strdup("text");
    *(volatile char *)second = 'T';
    free(second);
    free(first);
}

/* Gives up on its second allocation with the first in hand. */
BEAM_TEST(planted, leak)
{
    first = malloc(16);
    cr_assert_not_null(first);
    second = calloc(1, 16);
    if (second)
        free(first);
    free(second);
    first = NULL;
}

/* Waits for ever for what a failed allocation did not bring. */
BEAM_TEST(planted, hang)
{
    second = malloc(16);
    while (!second)
        ;
    free(second);
}
