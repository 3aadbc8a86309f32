/* SPDX-License-Identifier: BSD-3-Clause */
/* A private folder for one test, gone at its end. */
#ifndef BEAM_TESTS_UNIT_TUNNEL_FOLDER_H
#define BEAM_TESTS_UNIT_TUNNEL_FOLDER_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "tests/unit/harness.h"

struct folder {
    char path[64];
};

static inline struct folder folder_make(void)
{
    struct folder f;
    snprintf(f.path, sizeof(f.path), "/tmp/beam-unit-XXXXXX");
    cr_assert_not_null(mkdtemp(f.path));
    return f;
}

static inline void folder_remove(struct folder *f)
{
    cr_assert_eq(file_remove_tree(f->path), 0);
}

/* How many things are in it. */
static inline int folder_count(const struct folder *f)
{
    int n = 0;
    DIR *d = opendir(f->path);
    cr_assert_not_null(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d))
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

#endif
