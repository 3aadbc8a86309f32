/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/names.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "tests/unit/harness.h"
#include "tests/unit/seed.h"
#include "tests/unit/tunnel/folder.h"

static void fill(void *arg, void *out, size_t len)
{
    seed_fill(arg, out, len);
}

static void zeros(void *arg, void *out, size_t len)
{
    (void)arg;
    memset(out, 0, len);
}

BEAM_TEST(names, a_target_keeps_its_name)
{
    struct seed seed = seed_start("names/a_target_keeps_its_name");
    struct rng rng = {fill, &seed};
    struct folder f = folder_make();
    char first[NAMES_SIZE], other[NAMES_SIZE], again[NAMES_SIZE];

    cr_assert_eq(names_for(f.path, &rng, "127.0.0.1:3000", false, first, NULL), 0);
    cr_assert_eq(names_for(f.path, &rng, "unix:/run/\"a\".sock", false, other, NULL), 0);
    cr_assert_eq(names_for(f.path, &rng, "127.0.0.1:3000", false, again, NULL), 0);
    cr_assert_str_eq(first, again);
    cr_assert_str_neq(first, other);
    cr_assert(text_label_valid(first) && text_label_valid(other));

    struct stat st;
    char *file = file_join(f.path, "names.json");
    cr_assert_not_null(file);
    cr_assert_eq(stat(file, &st), 0);
    cr_assert_eq(st.st_mode & 07777, 0600);
    free(file);
    folder_remove(&f);
}

BEAM_TEST(names, an_ephemeral_one_is_not_kept)
{
    struct seed seed = seed_start("names/an_ephemeral_one_is_not_kept");
    struct rng rng = {fill, &seed};
    struct folder f = folder_make();
    char first[NAMES_SIZE], second[NAMES_SIZE];
    cr_assert_eq(names_for(f.path, &rng, "127.0.0.1:3000", true, first, NULL), 0);
    cr_assert_eq(names_for(f.path, &rng, "127.0.0.1:3000", true, second, NULL), 0);
    cr_assert_str_neq(first, second);
    cr_assert(text_label_valid(first));
    cr_assert_eq(folder_count(&f), 0);
    folder_remove(&f);
}

BEAM_TEST(names, a_name_that_is_kept_is_not_made_again)
{
    struct rng stuck = {zeros, NULL};
    struct folder f = folder_make();
    struct beam_why why = {0};
    char name[NAMES_SIZE], none[NAMES_SIZE] = "untouched";
    cr_assert_eq(names_for(f.path, &stuck, "127.0.0.1:1", false, name, NULL), 0);
    cr_assert_eq(names_for(f.path, &stuck, "127.0.0.1:2", false, none, &why), BEAM_ELIMIT);
    cr_assert_not_null(strstr(why.text, "--name"));
    cr_assert_str_eq(none, "untouched");
    folder_remove(&f);
}

static void refuses_file(const char *text, size_t len)
{
    struct rng rng = {zeros, NULL};
    struct folder f = folder_make();
    struct beam_why why = {0};
    char name[NAMES_SIZE] = "untouched", *kept = NULL;
    char *file = file_join(f.path, "names.json");
    size_t kept_len;
    cr_assert_not_null(file);
    cr_assert_eq(file_write(file, 0600, text, len), 0);
    cr_assert_eq(names_for(f.path, &rng, "127.0.0.1:1", false, name, &why), BEAM_EINVAL, "%s",
                 text);
    cr_assert_not_null(strstr(why.text, file));
    cr_assert_not_null(strstr(why.text, "mend it, or move it away"));
    cr_assert_str_eq(name, "untouched");
    cr_assert_eq(file_read(file, 1000, &kept, &kept_len), 0);
    cr_assert_eq(kept_len, len);
    cr_assert_eq(memcmp(kept, text, len), 0);
    free(kept);
    free(file);
    folder_remove(&f);
}

#define REFUSES(text) refuses_file(text, sizeof(text) - 1)

BEAM_TEST(names, a_spoilt_file_is_told_of_and_left_as_it_is)
{
    REFUSES("");
    REFUSES("{");
    REFUSES("[]");
    REFUSES("{} x");
    REFUSES("{}\0{}");
    REFUSES("{\"127.0.0.1:1\": 7}");
    REFUSES("{\"127.0.0.1:1\": \"Not A Label\"}");
    REFUSES("{\"127.0.0.1:1\": \"a\"");
}

BEAM_TEST(names, a_file_mended_by_hand_is_read)
{
    static const char text[] = "{ \"127.0.0.1:1\":\n\t\"my-app\" }\n\n";
    struct rng rng = {zeros, NULL};
    struct folder f = folder_make();
    char name[NAMES_SIZE];
    char *file = file_join(f.path, "names.json");
    cr_assert_not_null(file);
    cr_assert_eq(file_write(file, 0600, text, sizeof(text) - 1), 0);
    cr_assert_eq(names_for(f.path, &rng, "127.0.0.1:1", false, name, NULL), 0);
    cr_assert_str_eq(name, "my-app");
    free(file);
    folder_remove(&f);
}

BEAM_TEST(names, a_folder_that_is_missing_is_an_error)
{
    struct rng rng = {zeros, NULL};
    struct beam_why why = {0};
    char name[NAMES_SIZE];
    cr_assert_lt(names_for("/nonexistent/beam", &rng, "127.0.0.1:1", false, name, &why), 0);
    cr_assert_not_null(strstr(why.text, "/nonexistent/beam/names.json"));
}

BEAM_TEST(names, every_random_name_is_a_label)
{
    struct seed seed = seed_start("names/every_random_name_is_a_label");
    struct rng rng = {fill, &seed};
    char name[NAMES_SIZE];
    for (int i = 0; i < 5000; i++) {
        cr_assert_eq(names_for("/", &rng, "", true, name, NULL), 0);
        cr_assert(text_label_valid(name), "%s", name);
        size_t len = strlen(name);
        cr_assert_not_null(strchr(name, '-'));
        cr_assert(name[len - 4] == '-' && name[len - 3] >= '1', "%s", name);
    }
}

static void check_refuses(const char *name, const char *words)
{
    struct beam_why why = {0};
    cr_assert_eq(names_check(name, &why), BEAM_EINVAL, "%s", name);
    cr_assert_not_null(strstr(why.text, "1 to 63 of the characters a-z, 0-9 and -"));
    cr_assert_not_null(strstr(why.text, words), "%s", why.text);
    cr_assert_eq(names_check(name, NULL), BEAM_EINVAL);
}

BEAM_TEST(names, check_says_what_a_name_may_be)
{
    char long_name[301];
    memset(long_name, 'a', 300);
    long_name[300] = '\0';
    check_refuses("", "name \"\":");
    check_refuses("MyApp", "name MyApp:");
    check_refuses("my.app", "name my.app:");
    check_refuses("my app", "name my app:");
    check_refuses("-app", "name -app:");
    check_refuses("app-", "name app-:");
    check_refuses("\xf0\x9f\x90\x8c", "name \xf0\x9f\x90\x8c:");
    check_refuses("a\x1b[2J", "name a\\x1b[2J:");
    check_refuses(long_name, "aaa...:");
    long_name[64] = '\0';
    check_refuses(long_name, "aaa:");
    long_name[63] = '\0';
    cr_assert_eq(names_check(long_name, NULL), 0);
    cr_assert_eq(names_check("a", NULL), 0);
    cr_assert_eq(names_check("swift-beam-456", NULL), 0);
    cr_assert_eq(names_check("0", NULL), 0);
}
