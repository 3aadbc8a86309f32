/* SPDX-License-Identifier: BSD-3-Clause */
/* What holds whatever the input is. */
#ifndef BEAM_TESTS_FUZZ_MUST_H
#define BEAM_TESTS_FUZZ_MUST_H

#include <stdlib.h>

#define MUST(x)                                                                                    \
    do {                                                                                           \
        if (!(x))                                                                                  \
            abort();                                                                               \
    } while (0)

#endif
