/* SPDX-License-Identifier: BSD-3-Clause */
#include "doctor/machine.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rng.h"
#include "identity/keystore.h"
#include "tests/unit/harness.h"
#include "tests/unit/tor/kit.h"

static char *dir;

static const char *environment(const char *name)
{
    return strcmp(name, "BEAM_HOME") == 0 ? dir : NULL;
}

static struct home *home_of(char *at)
{
    struct home *h = NULL;
    struct beam_why why;
    dir = at;
    cr_assert_eq(home_find(environment, &h, &why), 0, "%s", why.text);
    return h;
}

static const struct finding *last(const struct findings *fs)
{
    cr_assert_gt(fs->count, 0);
    return &fs->list[fs->count - 1];
}

BEAM_TEST(machine, folders)
{
    struct findings fs = {.count = 0};
    struct beam_why why;
    kit_init();
    char *at = kit_dir();
    struct home *h = home_of(at);
    machine_folders(&fs, h);
    cr_assert_eq(last(&fs)->status, FINDINGS_OK, "%s", last(&fs)->text);
    cr_assert_lt(access(h->data, F_OK), 0, "it only looks");
    cr_assert_eq(home_prepare(h, &why), 0);
    machine_folders(&fs, h);
    cr_assert_eq(last(&fs)->status, FINDINGS_OK, "%s", last(&fs)->text);
    cr_assert_eq(chmod(h->tor, 0755), 0);
    machine_folders(&fs, h);
    cr_assert_eq(last(&fs)->status, FINDINGS_FAIL);
    cr_assert_not_null(strstr(last(&fs)->text, h->tor), "%s", last(&fs)->text);
    cr_assert_not_null(strstr(last(&fs)->next, "chmod"), "%s", last(&fs)->next);
    home_free(h);
    kit_remove(at);
}

static void write_store(const char *in, const char *name, const char *text)
{
    char *path = file_join(in, name);
    cr_assert_eq(file_write(path, 0600, text, strlen(text)), 0);
    free(path);
}

BEAM_TEST(machine, keys)
{
    struct findings fs = {.count = 0};
    struct beam_why why;
    struct keystore *ks = NULL;
    kit_init();
    char *at = kit_dir();
    struct home *h = home_of(at);
    cr_assert_eq(home_prepare(h, &why), 0);
    machine_keys(&fs, h);
    cr_assert_eq(last(&fs)->status, FINDINGS_OK, "%s", last(&fs)->text);
    cr_assert_not_null(strstr(last(&fs)->text, "none yet"), "%s", last(&fs)->text);
    cr_assert_eq(keystore_new(h->data, KEYSTORE_OWN, rng_system(), &ks), 0);
    cr_assert_eq(keystore_open(ks, &why), 0, "%s", why.text);
    machine_keys(&fs, h); /* beside its owner */
    cr_assert_eq(last(&fs)->status, FINDINGS_OK, "%s", last(&fs)->text);
    cr_assert_not_null(strstr(last(&fs)->text, "whole"), "%s", last(&fs)->text);
    keystore_free(ks);
    write_store(h->data, "keystore", "no key store");
    machine_keys(&fs, h);
    cr_assert_eq(last(&fs)->status, FINDINGS_FAIL, "%s", last(&fs)->text);
    cr_assert_not_null(strstr(last(&fs)->next, "backup"), "%s", last(&fs)->next);
    home_free(h);
    kit_remove(at);
}

/* One without a passphrase that is damaged fails as one does that has another passphrase. */
BEAM_TEST(machine, keys_that_are_not_those_of_their_seal)
{
    struct findings fs = {.count = 0};
    struct beam_why why;
    struct seal seal;
    const uint8_t key[SEAL_KEY_SIZE] = {1};
    struct keystore *ks = NULL;
    char *text = NULL;
    size_t len = 0;
    kit_init();
    char *at = kit_dir();
    struct home *h = home_of(at);
    cr_assert_eq(home_prepare(h, &why), 0);
    cr_assert_eq(keystore_new(h->data, KEYSTORE_OWN, rng_system(), &ks), 0);
    cr_assert_eq(keystore_open(ks, &why), 0, "%s", why.text);
    char *path = file_join(h->data, "keystore");
    cr_assert_eq(file_read(path, 65536, &text, &len), 0);
    text[len - 1] ^= 1;
    cr_assert_eq(file_write(path, 0600, text, len), 0);
    machine_keys(&fs, h);
    cr_assert_eq(last(&fs)->status, FINDINGS_FAIL, "%s", last(&fs)->text);
    cr_assert_not_null(strstr(last(&fs)->text, "keystore.key"), "%s", last(&fs)->text);
    cr_assert_not_null(strstr(last(&fs)->next, "backup"), "%s", last(&fs)->next);
    seal_init_passphrase(&seal, rng_system());
    cr_assert_eq(keystore_reseal(ks, &seal, key, &why), 0, "%s", why.text);
    machine_keys(&fs, h);
    cr_assert_eq(last(&fs)->status, FINDINGS_OK, "%s", last(&fs)->text);
    cr_assert_not_null(strstr(last(&fs)->text, "with a passphrase"), "%s", last(&fs)->text);
    free(text);
    free(path);
    keystore_free(ks);
    home_free(h);
    kit_remove(at);
}

BEAM_TEST(machine, folders_that_cannot_be_made)
{
    struct findings fs = {.count = 0};
    char at[] = "/dev/null/beam";
    kit_init();
    struct home *h = home_of(at);
    machine_folders(&fs, h);
    cr_assert_eq(last(&fs)->status, FINDINGS_FAIL);
    cr_assert_not_null(strstr(last(&fs)->text, "cannot be made"), "%s", last(&fs)->text);
    cr_assert_not_null(strstr(last(&fs)->next, "BEAM_HOME"), "%s", last(&fs)->next);
    home_free(h);
}

/* /proc is no file system in memory, and /dev is a tmpfs on every Linux. */
BEAM_TEST(machine, services)
{
    char disk[] = "/proc/beam-is-not-there", memory[] = "/dev/beam-is-not-there";
    struct findings fs = {.count = 0};
    struct beam_why why;
    struct conf *c;
    kit_init();
    char *at = kit_dir();
    for (int section = 0; section < 2; section++) {
        fs.count = 0;
        cr_assert_eq(conf_new(&c), 0);
        struct home *h = home_of(disk);
        machine_services(&fs, h, c);
        cr_expect_eq(fs.count, 0, "no key would be there");
        char *path = kit_file(at, "beam.conf", 0600,
                              "[policy \"tagged\"]\npaths = onion\ntag_circuits = yes\n");
        if (section)
            cr_assert_eq(conf_load(c, path, &why), 0, "%s", why.text);
        else
            cr_assert_eq(conf_set(c, "onion.tag_circuits=yes", &why), 0, "%s", why.text);
        machine_services(&fs, h, c);
        cr_assert_eq(fs.count, 1);
        cr_expect_eq(last(&fs)->status, FINDINGS_WARN);
        cr_expect_not_null(strstr(last(&fs)->text, "is on a disk"), "%s", last(&fs)->text);
        cr_expect_not_null(strstr(last(&fs)->text, disk), "%s", last(&fs)->text);
        cr_expect_not_null(strstr(last(&fs)->next, "tmpfs"), "%s", last(&fs)->next);
        home_free(h);
        h = home_of(memory);
        machine_services(&fs, h, c);
        cr_expect_eq(fs.count, 1);
        home_free(h);
        free(path);
        conf_free(c);
    }
    kit_remove(at);
}

BEAM_TEST(machine, bridges)
{
    struct findings fs = {.count = 0};
    struct conf *c;
    struct beam_why why;
    kit_init();
    cr_assert_eq(conf_new(&c), 0);
    machine_bridges(&fs, c);
    cr_assert_eq(last(&fs)->status, FINDINGS_OK);
    cr_assert_eq(conf_set(c, "tor.bridge=192.0.2.1:443", &why), 0);
    cr_assert_eq(conf_set(c, "tor.bridge=192.0.2.2:443", &why), 0);
    machine_bridges(&fs, c);
    cr_assert_eq(last(&fs)->status, FINDINGS_OK);
    cr_assert_not_null(strstr(last(&fs)->text, "2 configured"), "%s", last(&fs)->text);
    cr_assert_eq(conf_set(c, "tor.bridge=strange 192.0.2.2:443", &why), 0);
    machine_bridges(&fs, c);
    cr_assert_eq(last(&fs)->status, FINDINGS_FAIL);
    cr_assert_not_null(strstr(last(&fs)->next, "tor.transport"), "%s", last(&fs)->next);
    conf_free(c);
}

BEAM_TEST(machine, data)
{
    struct findings fs = {.count = 0};
    struct beam_why why;
    char path[256];
    kit_init();
    char *at = kit_dir();
    struct home *h = home_of(at);
    machine_data(&fs, h, false);
    cr_assert_eq(last(&fs)->status, FINDINGS_OK, "%s", last(&fs)->text);
    cr_assert_eq(home_prepare(h, &why), 0);
    snprintf(path, sizeof(path), "%s/data", h->tor);
    cr_assert_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/data/lock", h->tor);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    cr_assert_geq(fd, 0);
    cr_assert_eq(flock(fd, LOCK_EX), 0);
    machine_data(&fs, h, false);
    cr_assert_eq(last(&fs)->status, FINDINGS_FAIL);
    machine_data(&fs, h, true);
    cr_assert_eq(last(&fs)->status, FINDINGS_OK, "the daemon's");
    close(fd);
    home_free(h);
    kit_remove(at);
}

BEAM_TEST(machine, configuration)
{
    struct findings fs = {.count = 0};
    struct setup *s;
    kit_init();
    char *at = kit_dir();
    cr_assert_eq(setenv("BEAM_HOME", at, 1), 0);
    struct daemon_options options = {.version = "1"};
    machine_configuration(&fs, &options, &s);
    cr_assert_eq(last(&fs)->status, FINDINGS_OK, "%s", last(&fs)->text);
    cr_assert_not_null(s);
    setup_free(s);
    char *path = kit_file(at, "beam.conf", 0600, "[tor]\nbinry = x\n");
    machine_configuration(&fs, &options, &s);
    cr_assert_eq(last(&fs)->status, FINDINGS_FAIL);
    cr_assert_not_null(strstr(last(&fs)->text, "beam.conf:2"), "%s", last(&fs)->text);
    cr_assert_null(s);
    free(path);
    kit_remove(at);
}
