/* SPDX-License-Identifier: BSD-3-Clause */
#include "path/path.h"

void path_free(struct path *p)
{
    if (p)
        p->ops->free(p);
}

const char *path_state_name(enum path_state state)
{
    switch (state) {
    case PATH_WAITING:
        return "waiting";
    case PATH_OPENING:
        return "opening";
    case PATH_UP:
        return "up";
    case PATH_FAILED:
        return "failed";
    }
    return "unknown";
}
