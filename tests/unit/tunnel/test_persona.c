/* SPDX-License-Identifier: BSD-3-Clause */
#include "tunnel/persona.h"

#include <dirent.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/harness.h"
#include "tests/unit/tunnel/folder.h"

struct address {
    char text[ONION_ADDRESS_SIZE];
};

static struct address address_of(const struct folder *f, const char *target, const char *name,
                                 bool ephemeral)
{
    struct onion_key *key = NULL;
    struct beam_why why = {0};
    struct address a = {""};
    cr_assert_eq(persona_key(f->path, rng_system(), target, name, ephemeral, &key, &why), 0, "%s",
                 why.text);
    snprintf(a.text, sizeof(a.text), "%s", onion_key_address(key));
    onion_key_free(key);
    return a;
}

/* The one key file of the folder, whole. */
static void key_file(const struct folder *f, char *out, size_t size)
{
    char dir[128];
    snprintf(dir, sizeof(dir), "%s/onions", f->path);
    DIR *d = opendir(dir);
    cr_assert_not_null(d);
    int found = 0;
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(out, size, "%s/%s", dir, e->d_name);
        found++;
    }
    closedir(d);
    cr_assert_eq(found, 1);
}

BEAM_TEST(persona, a_target_and_name_keep_their_address)
{
    cr_assert_geq(sodium_init(), 0);
    struct folder f = folder_make();
    struct address first = address_of(&f, "127.0.0.1:3000", "a", false);
    struct address again = address_of(&f, "127.0.0.1:3000", "a", false);
    cr_assert_str_eq(first.text, again.text);
    folder_remove(&f);
}

BEAM_TEST(persona, no_two_share_one)
{
    cr_assert_geq(sodium_init(), 0);
    struct folder f = folder_make();
    struct address a = address_of(&f, "127.0.0.1:3000", "a", false);
    struct address b = address_of(&f, "127.0.0.1:3000", "b", false);
    struct address c = address_of(&f, "127.0.0.1:3001", "a", false);
    struct address d = address_of(&f, "127.0.0.1:300", "0a", false);
    cr_assert_str_neq(a.text, b.text);
    cr_assert_str_neq(a.text, c.text);
    cr_assert_str_neq(a.text, d.text);
    cr_assert_str_neq(b.text, c.text);
    folder_remove(&f);
}

BEAM_TEST(persona, the_file_is_private_and_its_name_tells_nothing)
{
    cr_assert_geq(sodium_init(), 0);
    struct folder f = folder_make();
    char file[512];
    struct stat st;
    (void)address_of(&f, "127.0.0.1:3000", "my-app", false);
    key_file(&f, file, sizeof(file));
    cr_assert_eq(stat(file, &st), 0);
    cr_assert_eq(st.st_mode & 07777, 0600);
    cr_assert_null(strstr(file, "my-app"));
    cr_assert_null(strstr(file, "3000"));
    const char *base = strrchr(file, '/') + 1;
    cr_assert_eq(strlen(base), 32 + 4);
    cr_assert_eq(strspn(base, "0123456789abcdef"), 32);
    cr_assert_str_eq(base + 32, ".key");
    folder_remove(&f);
}

BEAM_TEST(persona, an_ephemeral_one_leaves_the_disk_alone)
{
    cr_assert_geq(sodium_init(), 0);
    struct folder f = folder_make();
    struct address kept = address_of(&f, "127.0.0.1:3000", "a", false);
    struct folder empty = folder_make();
    struct address first = address_of(&empty, "127.0.0.1:3000", "a", true);
    struct address second = address_of(&empty, "127.0.0.1:3000", "a", true);
    cr_assert_str_neq(first.text, second.text);
    cr_assert_str_neq(first.text, kept.text);
    cr_assert_eq(folder_count(&empty), 0);
    folder_remove(&empty);
    folder_remove(&f);
}

BEAM_TEST(persona, a_loose_or_spoilt_file_is_refused_and_left_alone)
{
    cr_assert_geq(sodium_init(), 0);
    struct folder f = folder_make();
    struct onion_key *key = NULL;
    struct beam_why why = {0};
    char file[512];
    struct stat st;
    (void)address_of(&f, "127.0.0.1:3000", "a", false);
    key_file(&f, file, sizeof(file));
    cr_assert_eq(chmod(file, 0644), 0);
    cr_assert_eq(persona_key(f.path, rng_system(), "127.0.0.1:3000", "a", false, &key, &why),
                 BEAM_EPERM);
    cr_assert_not_null(strstr(why.text, file), "%s", why.text);
    cr_assert_null(key);
    cr_assert_eq(chmod(file, 0600), 0);
    cr_assert_eq(truncate(file, 7), 0);
    cr_assert_eq(persona_key(f.path, rng_system(), "127.0.0.1:3000", "a", false, &key, &why),
                 BEAM_EINVAL);
    cr_assert_not_null(strstr(why.text, file), "%s", why.text);
    cr_assert_eq(stat(file, &st), 0);
    cr_assert_eq(st.st_size, 7);
    folder_remove(&f);
}

BEAM_TEST(persona, a_loose_folder_is_refused)
{
    cr_assert_geq(sodium_init(), 0);
    struct folder f = folder_make();
    struct onion_key *key = NULL;
    struct beam_why why = {0};
    char dir[128];
    snprintf(dir, sizeof(dir), "%s/onions", f.path);
    cr_assert_eq(mkdir(dir, 0700), 0);
    cr_assert_eq(chmod(dir, 0755), 0);
    cr_assert_eq(persona_key(f.path, rng_system(), "127.0.0.1:3000", "a", false, &key, &why),
                 BEAM_EPERM);
    cr_assert_not_null(strstr(why.text, dir), "%s", why.text);
    cr_assert_null(key);
    folder_remove(&f);
}
