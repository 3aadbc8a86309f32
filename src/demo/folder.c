/* SPDX-License-Identifier: BSD-3-Clause */
#include "demo/folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"

enum { PARENT_MAX = 40 }; /* bytes; unix sockets lie some folders further down */

int folder_make(char **out, struct beam_why *why)
{
    const char *parent = getenv("TMPDIR");
    char *path;
    if (!parent || parent[0] != '/' || strlen(parent) > PARENT_MAX)
        parent = "/tmp";
    if (asprintf(&path, "%s/beam-demo-XXXXXX", parent) < 0)
        return beam_why(why, BEAM_ENOMEM, "demo: out of memory");
    if (!mkdtemp(path)) {
        int err = beam_why(why, BEAM_EIO, "demo: no folder can be made in %s: %s", parent,
                           strerror(errno));
        free(path);
        return err;
    }
    *out = path;
    return 0;
}

void folder_remove(char *path)
{
    if (path && file_remove_tree(path) < 0)
        log_warn("demo", "%s could not be removed", path);
    free(path);
}
