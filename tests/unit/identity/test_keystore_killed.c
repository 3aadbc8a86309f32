/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A process that changes the key store and is killed before its first system call, its second, and
 * so on to its last: whatever is on disk then can be opened, and holds the keys that it held.
 */
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "identity/keystore.h"
#include "tests/unit/harness.h"
#include "tests/unit/tunnel/folder.h"

enum { STORE, KEY, BACKUP, FILES, FILE_MAX = 4096, CALLS_MAX = 2000 };

static const uint8_t secret[SEAL_KEY_SIZE] = "what a passphrase has been made ";
static const uint8_t other[SEAL_KEY_SIZE] = "what another passphrase made of ";

struct kept {
    size_t len; /* 0: no such file */
    char bytes[FILE_MAX];
};

struct scene {
    struct folder folder;
    char path[FILES][96];
    struct kept files[FILES]; /* as they are before each attempt */
};

struct id {
    uint8_t bytes[KEY_ED25519_SIZE];
};

static struct scene begin(void)
{
    static const char *const names[] = {"keystore", "keystore.key", "backup"};
    struct scene s = {.folder = folder_make()};
    if (beam_fault_disarm)
        beam_fault_disarm(); /* test_keystore.c has memory run out; here that would take too long */
    cr_assert_geq(sodium_init(), 0);
    for (size_t i = 0; i < FILES; i++)
        snprintf(s.path[i], sizeof(s.path[i]), "%s/%s", s.folder.path, names[i]);
    return s;
}

static struct keystore *store_new(const struct scene *s)
{
    struct keystore *ks = NULL;
    cr_assert_eq(keystore_new(s->folder.path, KEYSTORE_OWN, rng_system(), &ks), 0);
    return ks;
}

static void keep(struct scene *s)
{
    for (size_t i = 0; i < FILES; i++) {
        FILE *f = fopen(s->path[i], "rb");
        s->files[i].len = f ? fread(s->files[i].bytes, 1, FILE_MAX, f) : 0;
        if (f)
            fclose(f);
    }
}

/* What a process that was killed left beside them goes too. */
static void put_back(const struct scene *s)
{
    cr_assert_eq(file_remove_tree(s->folder.path), 0);
    cr_assert_eq(file_private_dir(s->folder.path, NULL), 0);
    for (size_t i = 0; i < FILES; i++)
        if (s->files[i].len > 0)
            cr_assert_eq(file_write_brief(s->path[i], 0600, s->files[i].bytes, s->files[i].len), 0);
}

/* Opens it by whatever it is sealed under. */
static int open_any(struct keystore *ks, struct beam_why *why)
{
    struct seal how;
    if (keystore_how(ks, &how, NULL) < 0 || how.by == SEAL_BY_KEY)
        return keystore_open(ks, why);
    return keystore_unlock(ks, secret, why) == 0 ? 0 : keystore_unlock(ks, other, why);
}

/* Which store it is: the public key of its node. */
static struct id node_of(struct keystore *ks)
{
    struct id id = {{0}};
    struct key_pair *pair = NULL;
    struct key_public public;
    cr_assert_eq(keystore_pair(ks, DERIVE_NODE, "", 0, &pair, NULL), 0);
    key_pair_public(pair, &public);
    memcpy(id.bytes, public.data, sizeof(id.bytes));
    key_pair_free(pair);
    return id;
}

static struct id look(const struct scene *s, const char *after, unsigned calls)
{
    struct beam_why why = {.text = ""};
    struct keystore *ks = store_new(s);
    int err = open_any(ks, &why);
    cr_assert_eq(err, 0, "%s, killed at system call %u: %s", after, calls, why.text);
    struct id id = node_of(ks);
    keystore_free(ks);
    return id;
}

/* ---- what is done to it ---------------------------------------------------------------------- */

static struct seal sealed(void)
{
    struct seal s;
    seal_init_passphrase(&s, rng_system());
    return s;
}

static int first_use(struct keystore *ks, const struct scene *s)
{
    (void)s;
    return keystore_open(ks, NULL);
}

static int add(struct keystore *ks, const struct scene *s)
{
    (void)s;
    int err = keystore_add(ks, DERIVE_ONION, "a", 1, "more", 4, NULL);
    return err < 0 ? err : keystore_commit(ks, NULL);
}

static int set_passphrase(struct keystore *ks, const struct scene *s)
{
    const struct seal seal = sealed();
    (void)s;
    int err = open_any(ks, NULL);
    return err < 0 ? err : keystore_reseal(ks, &seal, other, NULL);
}

static int drop_passphrase(struct keystore *ks, const struct scene *s)
{
    (void)s;
    int err = open_any(ks, NULL);
    return err < 0 ? err : keystore_reseal(ks, NULL, NULL, NULL);
}

static int take_backup(struct keystore *ks, const struct scene *s)
{
    return keystore_import(ks, s->path[BACKUP], secret, true, NULL, NULL, NULL);
}

typedef int change_fn(struct keystore *ks, const struct scene *s);

static _Noreturn void run(change_fn *change, const struct scene *s)
{
    struct keystore *ks = store_new(s);
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 || raise(SIGSTOP) != 0)
        _exit(2);
    int err = change(ks, s);
    _exit(err < 0 ? 1 : 0);
}

/* ---- killing --------------------------------------------------------------------------------- */

static int next_stop(pid_t pid, int request)
{
    int status = 0;
    if (request && ptrace((enum __ptrace_request)request, pid, NULL, NULL) < 0)
        return -1;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return status;
}

/* Kills it when it is about to make that system call. True: it came to its end before. */
static bool kill_at(change_fn *change, const struct scene *s, unsigned calls)
{
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0)
        run(change, s);
    int status = next_stop(pid, 0);
    cr_assert(WIFSTOPPED(status) &&
                  ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)PTRACE_O_EXITKILL) == 0,
              "it could not be traced");
    for (unsigned i = 0; i < 2 * calls + 1 && WIFSTOPPED(status); i++) /* into it, and out of it */
        status = next_stop(pid, PTRACE_SYSCALL);
    if (WIFSTOPPED(status)) {
        cr_assert_eq(kill(pid, SIGKILL), 0);
        status = next_stop(pid, 0);
        cr_assert(WIFSIGNALED(status));
        return false;
    }
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
    return true;
}

/* `or_this`: what it may hold as well; NULL: nothing else. */
static void at_every_moment(const char *what, change_fn *change, struct scene *s,
                            const struct id *this, const struct id *or_this)
{
    bool ended = false;
    unsigned calls;
    keep(s);
    for (calls = 0; !ended && calls < CALLS_MAX; calls++) {
        put_back(s);
        ended = kill_at(change, s, calls);
        struct id now = look(s, what, calls);
        cr_assert(!this || memcmp(&now, this, sizeof(now)) == 0 ||
                      (or_this && memcmp(&now, or_this, sizeof(now)) == 0),
                  "%s, killed at system call %u: other keys", what, calls);
    }
    cr_assert(ended);
    cr_assert_gt(calls, 10u, "%s: it made hardly a system call", what);
}

static struct id make(struct scene *s, const uint8_t *key)
{
    const struct seal seal = sealed();
    struct keystore *ks = store_new(s);
    cr_assert_eq(keystore_make(ks, key ? &seal : NULL, key, NULL), 0);
    struct id id = node_of(ks);
    keystore_free(ks);
    return id;
}

BEAM_TEST(keystore_killed, at_its_first_use)
{
    struct scene s = begin();
    at_every_moment("the first use", first_use, &s, NULL, NULL);
    folder_remove(&s.folder);
}

BEAM_TEST(keystore_killed, while_something_is_added)
{
    struct scene s = begin();
    struct id id = make(&s, NULL);
    at_every_moment("a key is added", add, &s, &id, NULL);
    folder_remove(&s.folder);
}

BEAM_TEST(keystore_killed, while_its_passphrase_comes_and_goes)
{
    struct scene s = begin();
    struct id id = make(&s, NULL);
    at_every_moment("a passphrase is set", set_passphrase, &s, &id, NULL);
    at_every_moment("another is set", set_passphrase, &s, &id, NULL);
    at_every_moment("it is dropped", drop_passphrase, &s, &id, NULL);
    folder_remove(&s.folder);
}

BEAM_TEST(keystore_killed, while_a_backup_takes_its_place)
{
    struct scene s = begin();
    struct id theirs = make(&s, secret);
    cr_assert_eq(rename(s.path[STORE], s.path[BACKUP]), 0);
    struct id mine = make(&s, NULL);
    at_every_moment("a backup is imported", take_backup, &s, &mine, &theirs);
    folder_remove(&s.folder);
}
