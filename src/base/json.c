/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/json.h"

#include "base/clock.h"

const char *json_text(const cJSON *o, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
    return text ? text : "";
}

double json_number(const cJSON *o, const char *key)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsNumber(m) ? m->valuedouble : 0;
}

bool json_true(const cJSON *o, const char *key)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, key));
}

cJSON *json_whole(cJSON *o, bool whole)
{
    if (whole)
        return o;
    cJSON_Delete(o);
    return NULL;
}

cJSON *json_append(cJSON *array)
{
    cJSON *o = cJSON_CreateObject();
    if (cJSON_AddItemToArray(array, o))
        return o;
    cJSON_Delete(o);
    return NULL;
}

bool json_add_time(cJSON *o, const char *key, uint64_t wall_ms)
{
    char text[CLOCK_TEXT_SIZE];
    clock_text(wall_ms, text);
    return cJSON_AddStringToObject(o, key, text) != NULL;
}
