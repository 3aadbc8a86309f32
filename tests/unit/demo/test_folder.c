/* SPDX-License-Identifier: BSD-3-Clause */
#include "demo/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/harness.h"

BEAM_TEST(folder, is_private_and_goes)
{
    char *path = NULL, file[128];
    struct stat st;
    unsetenv("TMPDIR");
    cr_assert_eq(folder_make(&path, NULL), 0);
    cr_assert_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_mode & 07777, 0700);
    cr_expect_eq(strncmp(path, "/tmp/beam-demo-", 15), 0, "%s", path);
    snprintf(file, sizeof(file), "%s/x", path);
    cr_assert_eq(file_write(file, 0600, "x", 1), 0);
    folder_remove(path);
    cr_expect_neq(stat(file, &st), 0);
    folder_remove(NULL);
}

BEAM_TEST(folder, is_where_tmpdir_says_if_that_is_short)
{
    char *outer = NULL, *inner = NULL;
    cr_assert_eq(folder_make(&outer, NULL), 0);
    setenv("TMPDIR", outer, 1);
    cr_assert_eq(folder_make(&inner, NULL), 0);
    cr_expect_eq(strncmp(inner, outer, strlen(outer)), 0, "%s", inner);
    folder_remove(inner);
    setenv("TMPDIR", "/tmp/a-folder-so-deep-that-no-unix-socket-fits-below-it", 1);
    cr_assert_eq(folder_make(&inner, NULL), 0);
    cr_expect_eq(strncmp(inner, "/tmp/beam-demo-", 15), 0, "%s", inner);
    folder_remove(inner);
    folder_remove(outer);
}

BEAM_TEST(folder, one_that_cannot_be_made_is_told)
{
    char *path = NULL;
    struct beam_why why = {0};
    setenv("TMPDIR", "/nonexistent", 1);
    cr_expect_eq(folder_make(&path, &why), BEAM_EIO);
    cr_expect_not_null(strstr(why.text, "/nonexistent"), "%s", why.text);
    cr_expect_null(path);
}
