/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/service_dir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "tests/unit/harness.h"
#include "tests/unit/tor/kit.h"

static bool is_there(const char *dir, const char *name)
{
    char *path = file_join(dir, name);
    cr_assert_not_null(path);
    bool there = access(path, F_OK) == 0;
    free(path);
    return there;
}

static void expect_file(const char *dir, const char *name, const void *want, size_t want_len)
{
    struct stat st;
    char *path = file_join(dir, name), *data = NULL;
    size_t len = 0;
    cr_assert_not_null(path);
    cr_assert_eq(file_read(path, 1000, &data, &len), 0, "%s", path);
    cr_expect_eq(len, want_len);
    cr_expect_eq(memcmp(data, want, want_len), 0, "%s", name);
    cr_expect_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0600);
    free(path);
    free(data);
}

BEAM_TEST(service_dir, has_what_tor_reads_and_goes)
{
    static const uint8_t clients[2][ONION_CLIENT_LEN] = {{0}, {0xff}};
    static const char head[32] = "== ed25519v1-secret: type0 ==";
    uint8_t want[32 + ONION_SECRET_SIZE];
    struct onion_key *key;
    struct stat st;
    kit_init();
    char *dir = kit_dir(), *path = file_join(dir, "services/one");
    cr_assert_eq(onion_key_new(rng_system(), &key), 0);
    cr_assert_not_null(path);
    struct onion_spec spec = {.key = key, .folder = path, .clients = {2, clients}};
    memcpy(want, head, sizeof(head));
    memcpy(want + sizeof(head), onion_key_secret(key), ONION_SECRET_SIZE);
    cr_assert_eq(service_dir_write(path, &spec), 0);
    cr_expect_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0700);
    expect_file(path, "hs_ed25519_secret_key", want, sizeof(want));
    static const char first[] = "descriptor:x25519:"
                                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n";
    expect_file(path, "authorized_clients/0.auth", first, sizeof(first) - 1);
    cr_expect(is_there(path, "authorized_clients/1.auth"));
    spec.clients.count = 0; /* anew: nothing is left of before */
    cr_assert_eq(service_dir_write(path, &spec), 0);
    cr_expect(is_there(path, "hs_ed25519_secret_key"));
    cr_expect(!is_there(path, "authorized_clients"));
    service_dir_wipe(path);
    cr_expect(!is_there(dir, "services/one"));
    service_dir_wipe(path);
    onion_key_free(key);
    free(path);
    kit_remove(dir);
}

BEAM_TEST(service_dir, what_was_left_is_swept)
{
    struct onion_key *key;
    kit_init();
    char *dir = kit_dir(), *services = file_join(dir, "services");
    cr_assert_eq(onion_key_new(rng_system(), &key), 0);
    cr_assert_not_null(services);
    service_dir_sweep(services);
    for (int i = 0; i < 2; i++) {
        char *path = file_join(services, i ? "one" : "two");
        cr_assert_not_null(path);
        const struct onion_spec spec = {.key = key, .folder = path};
        cr_assert_eq(service_dir_write(path, &spec), 0);
        free(path);
    }
    /* A second name for what is left of a key that was half-written shows what became of it. */
    static const uint8_t zeros[4];
    char *half = file_join(services, "one/hs_ed25519_secret_key.tmp");
    char *kept = file_join(dir, "kept");
    cr_assert(half && kept);
    cr_assert_eq(file_write_new(half, 0600, "half", sizeof(zeros)), 0);
    cr_assert_eq(link(half, kept), 0);
    service_dir_sweep(services);
    cr_expect(!is_there(dir, "services"));
    expect_file(dir, "kept", zeros, sizeof(zeros));
    free(half);
    free(kept);
    onion_key_free(key);
    free(services);
    kit_remove(dir);
}

/* What cannot be written over is removed like the rest, and the log tells of it. */
BEAM_TEST(service_dir, what_cannot_be_wiped_keeps_nothing_else)
{
    enum { HALVES = 20 };
    static const uint8_t zeros[4];
    char name[64], *text = NULL;
    size_t len = 0;
    kit_init();
    char *dir = kit_dir(), *path = file_join(dir, "one"), *log = file_join(dir, "log");
    cr_assert(path && log);
    cr_assert_eq(file_private_dir(path, NULL), 0);
    for (int i = 0; i < HALVES; i++) {
        snprintf(name, sizeof(name), "one/hs_ed25519_secret_key.%d", i);
        char *half = file_join(dir, name);
        snprintf(name, sizeof(name), "kept%d", i);
        char *kept = file_join(dir, name);
        cr_assert(half && kept);
        if (i % 2)
            cr_assert_eq(symlink("/dev/null", half), 0);
        else
            cr_assert_eq(file_write_new(half, 0600, "half", sizeof(zeros)), 0);
        if (i % 2 == 0)
            cr_assert_eq(link(half, kept), 0);
        free(half);
        free(kept);
    }
    cr_assert_eq(log_open(log), 0);
    service_dir_wipe(path);
    cr_assert_eq(log_open(NULL), 0);
    cr_expect(!is_there(dir, "one"));
    for (int i = 0; i < HALVES; i += 2) {
        snprintf(name, sizeof(name), "kept%d", i);
        expect_file(dir, name, zeros, sizeof(zeros));
    }
    cr_assert_eq(file_read(log, 10000, &text, &len), 0);
    cr_expect_not_null(strstr(text, "could not be written over before"), "%s", text);
    cr_expect_null(strstr(text, "/one"), "the log has the onion's address: %s", text);
    free(text);
    free(log);
    free(path);
    kit_remove(dir);
}

BEAM_TEST(service_dir, what_a_link_leads_to_is_left)
{
    kit_init();
    char *dir = kit_dir();
    char *other = file_join(dir, "other"), *in = file_join(dir, "other/in");
    char *services = file_join(dir, "services"), *one = file_join(dir, "services/one");
    char *secret = file_join(dir, "other/in/hs_ed25519_secret_key");
    cr_assert(other && in && services && one && secret);
    cr_assert_eq(file_private_dir(in, NULL), 0);
    cr_assert_eq(file_write(secret, 0600, "key", 3), 0);
    cr_assert_eq(symlink(other, services), 0);
    service_dir_sweep(services);
    cr_expect(!is_there(dir, "services"));
    expect_file(in, "hs_ed25519_secret_key", "key", 3);
    cr_assert_eq(file_private_dir(services, NULL), 0);
    cr_assert_eq(symlink(in, one), 0);
    service_dir_sweep(services);
    cr_expect(!is_there(dir, "services"));
    expect_file(in, "hs_ed25519_secret_key", "key", 3);
    free(secret);
    free(one);
    free(services);
    free(in);
    free(other);
    kit_remove(dir);
}
