/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/secrecy.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "tests/unit/harness.h"

BEAM_TEST(secrecy, nobody_else_reads_this_process)
{
    struct rlimit core = {1, 1};
    cr_assert_eq(secrecy_begin(), 0);
    cr_assert_eq(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
    cr_assert_eq(getrlimit(RLIMIT_CORE, &core), 0);
    cr_assert_eq(core.rlim_cur, 0);
    cr_assert_eq(core.rlim_max, 0);
}

BEAM_TEST(secrecy, all_that_malloc_gave_is_wiped)
{
    static const char nothing[100];
    char *text = malloc(sizeof(nothing));
    cr_assert(text);
    memset(text, 'k', sizeof(nothing));
    secrecy_wipe(text);
    cr_assert_arr_eq(text, nothing, sizeof(nothing));
    free(text);
    secrecy_wipe(NULL);
}

/* What is larger than cJSON's first buffer for printing grows without realloc. */
BEAM_TEST(secrecy, json_is_read_and_written_as_before)
{
    char text[2000] = "{\"key\":\"";
    size_t len = strlen(text);
    memset(text + len, 'k', 1500);
    memcpy(text + len + 1500, "\"}", 3);
    cr_assert_eq(secrecy_begin(), 0);
    cJSON *o = cJSON_Parse(text);
    char *printed = cJSON_PrintUnformatted(o);
    cr_assert(printed);
    cr_assert_str_eq(printed, text);
    cJSON_free(printed);
    cJSON_Delete(o);
}
