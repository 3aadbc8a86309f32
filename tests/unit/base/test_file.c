/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "tests/unit/harness.h"

/* A fresh folder for each test; `at` names something in it. */
static char dir[64];

static void begin(void)
{
    cr_assert_geq(sodium_init(), 0);
    umask(022);
    snprintf(dir, sizeof(dir), "/tmp/beam-file-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
}

/* What the last file that was removed had in it by then: this stands before the C library's. */
static char last_words[64];
static ssize_t last_len = -1;

int unlink(const char *path)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0) {
        last_len = read(fd, last_words, sizeof(last_words));
        close(fd);
    }
    return unlinkat(AT_FDCWD, path, 0);
}

static const char *at(const char *name)
{
    static char paths[4][256];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
    return path;
}

static void end(void)
{
    struct stat st;
    cr_assert_eq(file_remove_tree(dir), 0);
    cr_assert(lstat(dir, &st) < 0 && errno == ENOENT);
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    cr_assert_eq(lstat(path, &st), 0, "%s", path);
    return st.st_mode & 07777;
}

BEAM_TEST(file, written_is_read)
{
    begin();
    char *data = NULL;
    size_t len = 0;
    cr_assert_eq(file_write(at("a"), 0640, "one\0two", 7), 0);
    cr_assert_eq(mode_of(at("a")), 0640u);
    cr_assert_eq(file_read(at("a"), 7, &data, &len), 0);
    cr_assert(len == 7 && memcmp(data, "one\0two", 8) == 0, "and a NUL after it");
    free(data);
    data = NULL;
    cr_assert_eq(file_read(at("a"), 6, &data, &len), BEAM_ELIMIT);
    cr_assert(data == NULL && len == 7);

    cr_assert_eq(file_write(at("a"), 0600, NULL, 0), 0);
    cr_assert_eq(mode_of(at("a")), 0600u, "the new file's mode");
    cr_assert_eq(file_read(at("a"), 0, &data, &len), 0);
    cr_assert(len == 0 && data[0] == '\0');
    free(data);
    end();
}

BEAM_TEST(file, read_refuses_what_is_no_regular_file)
{
    begin();
    char *data = NULL;
    size_t len;
    cr_assert_eq(file_read(at("none"), 10, &data, &len), BEAM_ENOTFOUND);
    cr_assert_eq(file_read(dir, 10, &data, &len), BEAM_EINVAL);
    cr_assert_eq(mkfifo(at("pipe"), 0600), 0);
    cr_assert_eq(file_read(at("pipe"), 10, &data, &len), BEAM_EINVAL, "and without waiting");
    cr_assert_eq(file_read("/dev/null", 10, &data, &len), BEAM_EINVAL);
    cr_assert_null(data);
    end();
}

BEAM_TEST(file, a_large_file_comes_back_whole)
{
    begin();
    enum { SIZE = 3 * 1024 * 1024 + 17 };
    char *big = malloc(SIZE), *data = NULL;
    size_t len = 0;
    cr_assert_not_null(big);
    for (size_t i = 0; i < SIZE; i++)
        big[i] = (char)(i * 31 >> 3);
    cr_assert_eq(file_write(at("big"), 0600, big, SIZE), 0);
    cr_assert_eq(file_read(at("big"), SIZE, &data, &len), 0);
    cr_assert(len == SIZE && memcmp(data, big, SIZE) == 0);
    free(data);
    free(big);
    end();
}

BEAM_TEST(file, a_write_that_fails_leaves_the_old_file_and_no_other)
{
    begin();
    char *data = NULL;
    size_t len;
    cr_assert_eq(file_write(at("none/a"), 0600, "x", 1), BEAM_ENOTFOUND);
    cr_assert_eq(mkdir(at("d"), 0700), 0);
    cr_assert_eq(file_write(at("d/old"), 0600, "old", 3), 0);
    /* A folder in the way of the rename. */
    cr_assert_eq(mkdir(at("d/way"), 0700), 0);
    cr_assert_lt(file_write(at("d/way"), 0600, "x", 1), 0);
    cr_assert_eq(file_read(at("d/old"), 10, &data, &len), 0);
    cr_assert_str_eq(data, "old");
    free(data);
    cr_assert_eq(rmdir(at("d/way")), 0);
    cr_assert_eq(unlink(at("d/old")), 0);
    cr_assert_eq(rmdir(at("d")), 0, "nothing else was left in it");
    end();
}

BEAM_TEST(file, what_a_killed_writer_left_goes_with_the_next_write)
{
    begin();
    char *data = NULL;
    size_t len;
    cr_assert_eq(mkdir(at("d"), 0700), 0);
    cr_assert_eq(file_write(at("d/a.part"), 0600, "half of it", 10), 0);
    cr_assert_eq(file_write_alone(at("d/a"), 0600, "whole", 5), 0);
    cr_assert_eq(file_read(at("d/a"), 10, &data, &len), 0);
    cr_assert_str_eq(data, "whole");
    free(data);
    cr_assert_eq(symlink(at("d/a"), at("d/a.part")), 0);
    cr_assert_eq(file_write_alone(at("d/a"), 0600, "anew", 4), 0);
    cr_assert_eq(file_read(at("d/a"), 10, &data, &len), 0);
    cr_assert_str_eq(data, "anew", "no link is followed");
    free(data);
    cr_assert_eq(unlink(at("d/a")), 0);
    cr_assert_eq(rmdir(at("d")), 0, "nothing else was left in it");
    end();
}

BEAM_TEST(file, a_write_replaces_a_link_not_what_it_points_to)
{
    begin();
    char *data = NULL;
    size_t len;
    cr_assert_eq(file_write(at("target"), 0600, "target", 6), 0);
    cr_assert_eq(symlink(at("target"), at("link")), 0);
    cr_assert_eq(file_write(at("link"), 0600, "new", 3), 0);
    cr_assert_eq(file_read(at("target"), 10, &data, &len), 0);
    cr_assert_str_eq(data, "target");
    free(data);
    end();
}

BEAM_TEST(file, secrets_must_be_ours_alone)
{
    begin();
    uint8_t *data = NULL;
    size_t len = 0;
    cr_assert_eq(file_write(at("key"), 0600, "secret", 6), 0);
    cr_assert_eq(file_read_secret(at("key"), 6, &data, &len), 0);
    cr_assert_not_null(data);
    cr_assert(len == 6 && memcmp(data, "secret", 7) == 0);
    sodium_free(data);
    data = NULL;
    cr_assert_eq(file_read_secret(at("key"), 5, &data, &len), BEAM_ELIMIT);

    cr_assert_eq(chmod(at("key"), 0400), 0);
    cr_assert_eq(file_read_secret(at("key"), 6, &data, &len), 0);
    sodium_free(data);
    data = NULL;

    static const mode_t loose[] = {0640, 0604, 0620, 0610, 0700, 04600, 0666};
    for (size_t i = 0; i < sizeof(loose) / sizeof(loose[0]); i++) {
        cr_assert_eq(chmod(at("key"), loose[i]), 0);
        cr_assert_eq(file_read_secret(at("key"), 6, &data, &len), BEAM_EPERM, "%o",
                     (unsigned)loose[i]);
    }
    cr_assert_eq(chmod(at("key"), 0600), 0);
    cr_assert_eq(symlink(at("key"), at("link")), 0);
    cr_assert_eq(file_read_secret(at("link"), 6, &data, &len), BEAM_EPERM);
    cr_assert_eq(file_read_secret(at("none"), 6, &data, &len), BEAM_ENOTFOUND);
    cr_assert_eq(file_read_secret(dir, 6, &data, &len), BEAM_EINVAL);
    cr_assert_null(data);
    end();
}

BEAM_TEST(file, shared_secrets_may_be_a_group_s_to_read)
{
    begin();
    uint8_t *data = NULL;
    size_t len = 0;
    cr_assert_eq(file_write(at("key"), 0640, "secret", 6), 0);
    cr_assert_eq(chmod(at("key"), 0640), 0);
    cr_assert_eq(symlink(at("key"), at("link")), 0);
    cr_assert_eq(file_read_shared_secret(at("link"), 6, &data, &len), 0);
    cr_assert_not_null(data);
    cr_assert(len == 6 && memcmp(data, "secret", 7) == 0);
    sodium_free(data);
    data = NULL;
    static const mode_t loose[] = {0644, 0660, 0604, 0610, 0700, 04600};
    for (size_t i = 0; i < sizeof(loose) / sizeof(loose[0]); i++) {
        cr_assert_eq(chmod(at("key"), loose[i]), 0);
        cr_assert_eq(file_read_shared_secret(at("key"), 6, &data, &len), BEAM_EPERM, "%o",
                     (unsigned)loose[i]);
    }
    end();
}

BEAM_TEST(file, private_folders_are_made_and_checked)
{
    begin();
    struct beam_why why = {0};
    cr_assert_eq(file_private_dir(at("a/b//c/"), &why), 0);
    cr_assert_eq(mode_of(at("a")), 0700u);
    cr_assert_eq(mode_of(at("a/b")), 0700u);
    cr_assert_eq(mode_of(at("a/b/c")), 0700u);
    cr_assert_eq(file_private_dir(at("a/b/c"), &why), 0, "there already");
    cr_assert_eq(chmod(at("a/b"), 0755), 0);
    cr_assert_eq(file_private_dir(at("a/b/c"), &why), 0, "a parent may be open");

    cr_assert_eq(chmod(at("a/b/c"), 0750), 0);
    cr_assert_eq(file_private_dir(at("a/b/c"), &why), BEAM_EPERM);
    cr_assert_not_null(strstr(why.text, at("a/b/c")));
    cr_assert_not_null(strstr(why.text, "0750"));
    cr_assert_not_null(strstr(why.text, "chmod 700 '"));
    cr_assert_eq(mode_of(at("a/b/c")), 0750u, "refused, not mended");
    cr_assert_eq(file_private_dir(at("a/b/c"), NULL), BEAM_EPERM);

    cr_assert_eq(file_write(at("f"), 0600, "", 0), 0);
    cr_assert_eq(file_private_dir(at("f"), &why), BEAM_EINVAL);
    cr_assert_eq(file_private_dir(at("f/under"), &why), BEAM_EINVAL);
    cr_assert_eq(file_private_dir("", &why), BEAM_EINVAL);
    if (geteuid() != 0) {
        cr_assert_eq(file_private_dir("/", &why), BEAM_EPERM);
        cr_assert_not_null(strstr(why.text, "belongs to user 0"));
    }
    end();
}

BEAM_TEST(file, modes_are_checked)
{
    begin();
    struct beam_why why = {0};
    cr_assert_eq(file_check_mode(at("none"), 0600, &why), 0);
    cr_assert_eq(file_write(at("f"), 0640, "", 0), 0);
    cr_assert_eq(file_check_mode(at("f"), 0640, &why), 0);
    cr_assert_eq(file_check_mode(at("f"), 0644, &why), 0);
    cr_assert_eq(file_check_mode(at("f"), 0600, &why), BEAM_EPERM);
    cr_assert_not_null(strstr(why.text, "chmod 600 '"));
    cr_assert_eq(file_check_mode(at("f/x"), 0600, &why), BEAM_EINVAL);
    static const char *const others[] = {"/tmp", "/dev/null"};
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(file_check_mode(others[i], 0600, &why), BEAM_EINVAL);
        cr_assert_null(strstr(why.text, "chmod"), "%s", why.text);
    }
    end();
}

BEAM_TEST(file, join)
{
    static const char *const rows[][3] = {
        {"a", "b", "a/b"}, {"a/", "b", "a/b"},          {"/", "b", "/b"},
        {"", "b", "b"},    {"/a/b", "c/d", "/a/b/c/d"}, {"a", "", "a/"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *path = file_join(rows[i][0], rows[i][1]);
        cr_assert_not_null(path);
        cr_assert_str_eq(path, rows[i][2]);
        free(path);
    }
}

BEAM_TEST(file, remove_one)
{
    begin();
    cr_assert_eq(file_write(at("f"), 0600, "", 0), 0);
    cr_assert_eq(file_remove(at("f")), 0);
    cr_assert_eq(access(at("f"), F_OK), -1);
    cr_assert_eq(file_remove(at("f")), 0, "missing is fine");
    cr_assert_lt(file_remove(dir), 0, "not a folder");
    cr_assert_eq(access(dir, F_OK), 0);
    end();
}

BEAM_TEST(file, remove_tree_keeps_to_the_tree)
{
    begin();
    cr_assert_eq(file_private_dir(at("out"), NULL), 0);
    cr_assert_eq(file_write(at("out/kept"), 0600, "x", 1), 0);
    cr_assert_eq(file_private_dir(at("in/deep/er"), NULL), 0);
    cr_assert_eq(file_write(at("in/deep/er/f"), 0400, "x", 1), 0);
    cr_assert_eq(file_write(at("in/.hidden"), 0600, "x", 1), 0);
    cr_assert_eq(mkfifo(at("in/pipe"), 0600), 0);
    cr_assert_eq(symlink(at("out"), at("in/link")), 0);
    cr_assert_eq(symlink("/nowhere", at("in/dangling")), 0);
    cr_assert_eq(file_remove_tree(at("in")), 0);
    cr_assert_eq(access(at("in"), F_OK), -1);
    cr_assert_eq(access(at("out/kept"), F_OK), 0, "links were not followed");

    cr_assert_eq(symlink(at("out"), at("link")), 0);
    cr_assert_eq(file_remove_tree(at("link/")), BEAM_EINVAL);
    cr_assert_eq(file_remove_tree(""), BEAM_EINVAL);
    cr_assert_eq(file_remove_tree(at("link")), 0);
    cr_assert_eq(access(at("out/kept"), F_OK), 0, "not even the first");
    cr_assert_eq(file_remove_tree(at("link")), 0, "missing is fine");
    cr_assert_eq(file_remove_tree(at("out/kept")), 0, "one file is a tree");
    end();
}

/* One that is too deep to be removed stays, and nothing else. */
BEAM_TEST(file, remove_tree_goes_on_past_what_stays)
{
    enum { DEPTH = 70, OTHERS = 20 };
    begin();
    char path[512], name[32];
    size_t len = (size_t)snprintf(path, sizeof(path), "%s/t", dir);
    cr_assert_eq(mkdir(path, 0700), 0);
    for (int i = 0; i < OTHERS; i++) {
        snprintf(name, sizeof(name), "t/%d", i);
        cr_assert_eq(file_write_brief(at(name), 0600, "x", 1), 0);
    }
    for (int i = 0; i < DEPTH; i++) {
        len += (size_t)snprintf(path + len, sizeof(path) - len, "/d");
        cr_assert_eq(mkdir(path, 0700), 0);
    }
    cr_assert_eq(file_remove_tree(at("t")), BEAM_ELIMIT);
    for (int i = 0; i < OTHERS; i++) {
        snprintf(name, sizeof(name), "t/%d", i);
        cr_expect_lt(access(at(name), F_OK), 0, "%s stayed", name);
    }
    for (int i = 0; i <= DEPTH; i++) {
        cr_assert_eq(rmdir(path), 0);
        *strrchr(path, '/') = '\0';
    }
    end();
}

BEAM_TEST(file, remove_tree_has_a_depth)
{
    begin();
    char path[512];
    size_t len = (size_t)snprintf(path, sizeof(path), "%s", dir);
    for (int i = 0; i < 70; i++) {
        len += (size_t)snprintf(path + len, sizeof(path) - len, "/d");
        cr_assert_eq(mkdir(path, 0700), 0);
    }
    cr_assert_eq(file_remove_tree(at("d")), BEAM_ELIMIT);
    for (int i = 0; i < 70; i++) {
        cr_assert_eq(rmdir(path), 0);
        *strrchr(path, '/') = '\0';
    }
    end();
}

BEAM_TEST(file, a_new_one_is_written_only_where_nothing_is)
{
    begin();
    char *data = NULL;
    size_t len = 0;
    cr_assert_eq(file_write_new(at("a"), 0600, "one", 3), 0);
    cr_assert_eq(mode_of(at("a")), 0600u);
    cr_assert_eq(file_write_new(at("a"), 0600, "other", 5), BEAM_EEXIST);
    cr_assert_eq(symlink(at("none"), at("link")), 0);
    cr_assert_eq(file_write_new(at("link"), 0600, "other", 5), BEAM_EEXIST);
    cr_assert_eq(file_write_new(at("no/such"), 0600, "other", 5), BEAM_ENOTFOUND);
    cr_assert_eq(file_read(at("a"), 10, &data, &len), 0);
    cr_assert(len == 3 && memcmp(data, "one", 3) == 0);
    free(data);
    end();
}

BEAM_TEST(file, a_brief_one_is_as_a_new_one)
{
    begin();
    char *data = NULL;
    size_t len = 0;
    cr_assert_eq(file_write_brief(at("a"), 0600, "one", 3), 0);
    cr_assert_eq(mode_of(at("a")), 0600u);
    cr_assert_eq(file_write_brief(at("a"), 0600, "other", 5), BEAM_EEXIST);
    cr_assert_eq(file_read(at("a"), 10, &data, &len), 0);
    cr_assert(len == 3 && memcmp(data, "one", 3) == 0);
    free(data);
    end();
}

BEAM_TEST(file, what_exists_of_a_path)
{
    static const char *const rows[][2] = {
        {"/dev/null", "/dev/null"}, {"/dev/none/no", "/dev"}, {"/none/no", "/"}, {"/", "/"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char path[32];
        snprintf(path, sizeof(path), "%s", rows[i][0]);
        file_to_existing(path);
        cr_expect_str_eq(path, rows[i][1]);
    }
}

/* /dev is a tmpfs on every Linux, and /proc is no such file system. */
BEAM_TEST(file, what_is_in_memory_is_known)
{
    cr_expect(file_in_memory("/dev"));
    cr_expect(!file_in_memory("/proc"));
    cr_expect(!file_in_memory("/dev/beam-is-not-there"));
}

BEAM_TEST(file, wiped_is_gone_and_was_zeros)
{
    begin();
    char *data = NULL;
    size_t len = 0;
    static uint8_t large[10000];
    memset(large, 'x', sizeof(large));
    cr_assert_eq(file_write(at("a"), 0600, large, sizeof(large)), 0);
    cr_assert_eq(link(at("a"), at("b")), 0, "a second name shows what became of the bytes");
    cr_assert_eq(file_wipe(at("a")), 0);
    cr_assert_lt(access(at("a"), F_OK), 0);
    cr_assert_eq(file_read(at("b"), sizeof(large), &data, &len), 0);
    memset(large, 0, sizeof(large));
    cr_assert(len == sizeof(large) && memcmp(data, large, len) == 0);
    free(data);
    cr_assert_eq(file_wipe(at("a")), 0, "missing is fine");
    cr_assert_eq(symlink(at("b"), at("link")), 0);
    cr_assert_eq(file_wipe(at("link")), BEAM_EPERM);
    cr_assert_eq(access(at("b"), F_OK), 0);
    end();
}

typedef int write_fn(const char *path, mode_t mode, const void *data, size_t len);

/* No file may grow beyond ROOM bytes, as on a disk that is full. */
static void fails_half_way(write_fn *write_it)
{
    enum { ROOM = 20 };
    static const char zeros[ROOM];
    char secret[2 * ROOM];
    const struct rlimit full = {ROOM, RLIM_INFINITY};
    memset(secret, 's', sizeof(secret));
    last_len = -1;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &full), 0);
    int err = write_it(at("key"), 0600, secret, sizeof(secret));
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY}), 0);
    cr_expect_eq(err, BEAM_EIO);
    cr_expect_lt(access(at("key"), F_OK), 0);
    cr_assert_eq(last_len, ROOM);
    cr_expect_eq(memcmp(last_words, zeros, ROOM), 0, "half a secret was left on the disk");
}

BEAM_TEST(file, half_a_secret_is_wiped)
{
    begin();
    cr_assert_eq(sigaction(SIGXFSZ, &(struct sigaction){.sa_handler = SIG_IGN}, NULL), 0);
    fails_half_way(file_write);
    fails_half_way(file_write_new);
    fails_half_way(file_write_brief);
    /* And a whole one that could not be brought to its place. */
    static const char zeros[6];
    cr_assert_eq(file_private_dir(at("taken/in"), NULL), 0);
    last_len = -1;
    cr_expect_lt(file_write(at("taken"), 0600, "secret", sizeof(zeros)), 0);
    cr_assert_eq(last_len, sizeof(zeros));
    cr_expect_eq(memcmp(last_words, zeros, sizeof(zeros)), 0);
    end();
}

BEAM_TEST(file, a_lock_is_one_s_until_it_is_closed)
{
    begin();
    int first = file_lock(at("lock"));
    cr_assert_geq(first, 0);
    cr_assert_eq(mode_of(at("lock")), 0600u);
    cr_assert_eq(file_lock(at("lock")), BEAM_EEXIST);
    close(first);
    int second = file_lock(at("lock"));
    cr_assert_geq(second, 0);
    close(second);
    cr_assert_eq(file_lock(at("no/such")), BEAM_EIO);
    end();
}
