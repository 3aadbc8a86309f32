/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/secrecy.h"

#include <cjson/cJSON.h>
#include <malloc.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/err.h"

void secrecy_wipe(void *memory)
{
    if (memory)
        sodium_memzero(memory, malloc_usable_size(memory));
}

void secrecy_free(void *memory)
{
    secrecy_wipe(memory);
    free(memory);
}

int secrecy_begin(void)
{
    /* With a free of ours cJSON does not use realloc, which would leave copies behind. */
    cJSON_Hooks hooks = {.malloc_fn = malloc, .free_fn = secrecy_free};
    const struct rlimit none = {0, 0};
    cJSON_InitHooks(&hooks);
    return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0
                                                                                         : BEAM_EIO;
}
