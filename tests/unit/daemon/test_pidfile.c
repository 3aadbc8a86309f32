/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/pidfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/tunnel/folder.h"

static char *path_in(const struct folder *f)
{
    char *path = file_join(f->path, "beam.pid");
    cr_assert_not_null(path);
    return path;
}

BEAM_TEST(pidfile, holds_the_pid_while_it_is_held)
{
    struct folder f = folder_make();
    char *path = path_in(&f), *text = NULL, own[32];
    struct pidfile *p = NULL;
    struct stat st;
    size_t len;
    cr_assert_eq(pidfile_take(path, "daemon", &p, NULL), 0);
    snprintf(own, sizeof(own), "%ld\n", (long)getpid());
    cr_assert_eq(file_read(path, 64, &text, &len), 0);
    cr_expect_str_eq(text, own);
    cr_expect_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0600);
    pidfile_free(p);
    cr_expect_neq(access(path, F_OK), 0);
    free(text);
    free(path);
    folder_remove(&f);
}

BEAM_TEST(pidfile, one_at_a_time)
{
    struct folder f = folder_make();
    char *path = path_in(&f), own[32];
    struct pidfile *first = NULL, *second = NULL;
    struct beam_why why = {0};
    cr_assert_eq(pidfile_take(path, "daemon", &first, NULL), 0);
    cr_expect_eq(pidfile_take(path, "daemon", &second, &why), BEAM_EEXIST);
    snprintf(own, sizeof(own), "pid %ld", (long)getpid());
    cr_expect_not_null(strstr(why.text, own), "%s", why.text);
    pidfile_free(first);
    cr_expect_eq(pidfile_take(path, "daemon", &second, NULL), 0);
    pidfile_free(second);
    free(path);
    folder_remove(&f);
}

BEAM_TEST(pidfile, one_left_behind_is_taken_over)
{
    struct folder f = folder_make();
    char *path = path_in(&f), *text = NULL;
    struct pidfile *p = NULL;
    size_t len;
    cr_assert_eq(file_write(path, 0600, "123456789\n", 10), 0);
    cr_assert_eq(pidfile_take(path, "daemon", &p, NULL), 0);
    cr_assert_eq(file_read(path, 64, &text, &len), 0);
    cr_expect_eq(strtol(text, NULL, 10), (long)getpid());
    cr_expect_lt(len, 10);
    pidfile_free(p);
    free(text);
    free(path);
    folder_remove(&f);
}

BEAM_TEST(pidfile, its_holder_dead_it_is_free)
{
    struct folder f = folder_make();
    char *path = path_in(&f);
    struct pidfile *p = NULL;
    pid_t child = fork();
    if (child == 0)
        _exit(pidfile_take(path, "daemon", &p, NULL) == 0 ? 0 : 1);
    int status = 1;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    cr_expect_eq(access(path, F_OK), 0);
    cr_assert_eq(pidfile_take(path, "daemon", &p, NULL), 0);
    pidfile_free(p);
    free(path);
    folder_remove(&f);
}

BEAM_TEST(pidfile, a_link_is_not_followed)
{
    struct folder f = folder_make();
    char *path = path_in(&f), *other = file_join(f.path, "other");
    struct pidfile *p = NULL;
    struct beam_why why = {0};
    cr_assert_not_null(other);
    cr_assert_eq(symlink(other, path), 0);
    cr_expect_eq(pidfile_take(path, "daemon", &p, &why), BEAM_EIO);
    cr_expect_not_null(strstr(why.text, path), "%s", why.text);
    cr_expect_neq(access(other, F_OK), 0);
    free(other);
    free(path);
    folder_remove(&f);
}
