/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/keys.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/ask.h"
#include "cli/json_line.h"
#include "cli/passphrase.h"
#include "conf/home.h"
#include "identity/keystore.h"
#include "identity/peer_id.h"

/* What one command works with. */
struct work {
    const struct options *o;
    struct beam_why *why;
    struct home *home;
    struct keystore *store;
};

/* ---- passphrases ---------------------------------------------------------------------------- */

/* What a store or a backup is sealed under; key NULL: a key of its own. */
struct under {
    struct seal seal;
    uint8_t *key;
};

static void under_clear(struct under *u)
{
    sodium_free(u->key);
    u->key = NULL;
}

static const struct seal *seal_of(const struct under *u)
{
    return u->key ? &u->seal : NULL;
}

/* The key that a passphrase makes; takes u->seal's memory and about a second. */
static int make_key(struct under *u, const char *passphrase, size_t len, struct beam_why *why)
{
    uint8_t *key = sodium_malloc(SEAL_KEY_SIZE);
    int err = key ? seal_key(&u->seal, passphrase, len, key) : BEAM_ENOMEM;
    if (err < 0) {
        sodium_free(key);
        return beam_why(why, err, "passphrase: its key takes %u MiB of memory, which is not there",
                        (unsigned)(u->seal.memory / 1024));
    }
    u->key = key;
    return 0;
}

static int ask_key(const struct passphrase_ask *ask, struct under *u, struct beam_why *why)
{
    char *passphrase = NULL;
    size_t len = 0;
    int err = passphrase_get(ask, &passphrase, &len, why);
    if (err == 0 && passphrase)
        err = make_key(u, passphrase, len, why);
    sodium_free(passphrase);
    return err;
}

/* A new passphrase, or none where that is allowed. */
static int ask_new(const char *file, const char *option, const char *prompt, bool may_be_none,
                   struct under *out, struct beam_why *why)
{
    const struct passphrase_ask ask = {.file = file,
                                       .option = option,
                                       .prompt = prompt,
                                       .fresh = true,
                                       .may_be_none = may_be_none};
    seal_init_passphrase(&out->seal, rng_system());
    return ask_key(&ask, out, why);
}

static int ask_new_store(struct work *w, const char *file, const char *option, struct under *out)
{
    if (w->o->no_passphrase)
        return 0;
    return ask_new(file, option, "New passphrase of the key store (empty: none)", true, out,
                   w->why);
}

/* That of the store, where it has one. */
static int ask_store(struct work *w, struct under *out)
{
    const struct passphrase_ask ask = {.file = w->o->passphrase_file,
                                       .option = "--passphrase-file",
                                       .prompt = "Passphrase of the key store"};
    int err = keystore_how(w->store, &out->seal, w->why);
    if (err == BEAM_ENOTFOUND)
        beam_why(w->why, err,
                 "key store: there is none yet (the first tunnel makes one; or run: beam keys "
                 "init)");
    if (err < 0 || out->seal.by != SEAL_BY_PASSPHRASE)
        return err;
    return ask_key(&ask, out, w->why);
}

/* Opens the store, asking for its passphrase where it has one. */
static int open_store(struct work *w)
{
    struct under u = {.key = NULL};
    int err = ask_store(w, &u);
    if (err == 0)
        err = u.key ? keystore_unlock(w->store, u.key, w->why) : keystore_open(w->store, w->why);
    under_clear(&u);
    return err;
}

/* ---- the daemon ----------------------------------------------------------------------------- */

struct asking {
    const uint8_t *key; /* NULL: lock */
    char state[16];     /* of its store, afterwards */
};

static cJSON *make_request(void *arg, uint64_t id, const struct request_common *c)
{
    const struct asking *a = arg;
    char hex[TEXT_HEX_SIZE(SEAL_KEY_SIZE)];
    if (!a->key)
        return request_lock(id, c);
    text_hex_encode(a->key, SEAL_KEY_SIZE, hex, sizeof(hex));
    cJSON *request = request_unlock(id, c, hex);
    sodium_memzero(hex, sizeof(hex));
    return request;
}

static bool on_reply(void *arg, const cJSON *reply)
{
    struct asking *a = arg;
    const char *state = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(reply, "keys"));
    snprintf(a->state, sizeof(a->state), "%s", state ? state : "");
    return false;
}

static int ask_it(struct work *w, struct asking *a, bool start)
{
    const struct ask ask = {.request = make_request, .reply = on_reply, .start = start, .arg = a};
    return ask_daemon(w->o, &ask, w->why);
}

/* A daemon that runs lets go of the store, so that it can be changed. Says whether one did. */
static int let_go(struct work *w, bool *ran)
{
    struct asking a = {0};
    int err = ask_it(w, &a, false);
    *ran = err == 0;
    return err == BEAM_ENODAEMON ? 0 : err;
}

static void tell_locked(bool ran)
{
    if (ran)
        puts("The daemon has locked its key store: beam keys unlock");
}

/* ---- the commands --------------------------------------------------------------------------- */

struct facts {
    char peer[PEER_ID_TEXT_SIZE];
    char key[TEXT_HEX_SIZE(KEY_ED25519_SIZE)];
    bool sealed; /* by a passphrase */
};

static int find_facts(struct work *w, struct facts *out)
{
    struct key_pair *pair;
    struct key_public key;
    struct peer_id id;
    struct seal seal;
    int err = keystore_pair(w->store, DERIVE_NODE, "", 0, &pair, w->why);
    if (err < 0)
        return err;
    key_pair_public(pair, &key);
    key_pair_free(pair);
    err = peer_id_from_key(&key, &id);
    if (err < 0)
        return beam_why(w->why, err, "key store: %s", beam_err_text(err));
    err = keystore_how(w->store, &seal, w->why);
    if (err < 0)
        return err;
    peer_id_text(&id, out->peer);
    text_hex_encode(key.data, KEY_ED25519_SIZE, out->key, sizeof(out->key));
    out->sealed = seal.by == SEAL_BY_PASSPHRASE;
    return 0;
}

static int print_json(const struct work *w, const struct facts *f)
{
    cJSON *o = cJSON_CreateObject();
    char *line = NULL;
    if (cJSON_AddStringToObject(o, "peer_id", f->peer) &&
        cJSON_AddStringToObject(o, "public_key", f->key) &&
        cJSON_AddBoolToObject(o, "passphrase", f->sealed) &&
        cJSON_AddNumberToObject(o, "entries", (double)keystore_entries(w->store)))
        line = json_line(o);
    cJSON_Delete(o);
    if (!line)
        return beam_why(w->why, BEAM_ENOMEM, "keys: out of memory");
    fputs(line, stdout);
    free(line);
    return 0;
}

static int print(struct work *w)
{
    struct facts f;
    int err = find_facts(w, &f);
    if (err < 0)
        return err;
    if (w->o->json)
        return print_json(w, &f);
    printf("Peer id     %s\nPublic key  %s (Ed25519)\nPassphrase  %s\nEntries     %zu\n", f.peer,
           f.key, f.sealed ? "yes" : "none (set one: beam keys passphrase)",
           keystore_entries(w->store));
    return 0;
}

static int run_init(struct work *w)
{
    struct under u = {.key = NULL};
    if (keystore_state(w->store) != KEYSTORE_NONE)
        return beam_why(w->why, BEAM_EEXIST,
                        "key store: there is one already (see it with: beam keys show)");
    int err = ask_new_store(w, w->o->passphrase_file, "--passphrase-file", &u);
    if (err == 0)
        err = keystore_make(w->store, seal_of(&u), u.key, w->why);
    under_clear(&u);
    return err < 0 ? err : print(w);
}

static int run_show(struct work *w)
{
    int err = open_store(w);
    return err < 0 ? err : print(w);
}

static int run_lock(struct work *w)
{
    struct asking a = {0};
    int err = ask_it(w, &a, false);
    if (err < 0)
        return err;
    if (strcmp(a.state, keystore_state_name(KEYSTORE_LOCKED)) != 0)
        return beam_why(w->why, BEAM_EINVAL,
                        "key store: it has no passphrase, so the next tunnel opens it again (set "
                        "one: beam keys passphrase)");
    puts("Locked. Tunnels that are up keep their keys until they end.");
    return 0;
}

static int run_unlock(struct work *w)
{
    struct under u = {.key = NULL};
    int err = ask_store(w, &u);
    if (err == 0 && !u.key) {
        puts("The key store has no passphrase: there is nothing to unlock.");
        return 0;
    }
    struct asking a = {.key = u.key};
    if (err == 0)
        err = ask_it(w, &a, true);
    under_clear(&u);
    if (err == 0)
        puts("Unlocked.");
    return err;
}

static int run_passphrase(struct work *w)
{
    struct under old = {.key = NULL}, new = {.key = NULL};
    bool ran = false;
    int err = ask_store(w, &old);
    if (err == 0)
        err = ask_new_store(w, w->o->new_passphrase_file, "--new-passphrase-file", &new);
    if (err == 0)
        err = let_go(w, &ran);
    if (err == 0)
        err =
            old.key ? keystore_unlock(w->store, old.key, w->why) : keystore_open(w->store, w->why);
    if (err == 0)
        err = keystore_reseal(w->store, seal_of(&new), new.key, w->why);
    if (err == 0) {
        puts(new.key ? "The key store has a new passphrase." : "The key store has no passphrase.");
        tell_locked(ran && new.key);
    }
    under_clear(&old);
    under_clear(&new);
    return err;
}

static int run_export(struct work *w)
{
    const char *file = w->o->operands[1];
    struct under u = {.key = NULL};
    if (access(file, F_OK) == 0)
        return beam_why(w->why, BEAM_EEXIST, "%s: it is there already, and is left as it is", file);
    int err = open_store(w);
    if (err == 0)
        err = ask_new(w->o->backup_passphrase_file, "--backup-passphrase-file",
                      "Passphrase of the backup", false, &u, w->why);
    if (err == 0)
        err = keystore_export(w->store, file, &u.seal, u.key, w->why);
    under_clear(&u);
    if (err == 0)
        printf("Exported to %s. It and its passphrase bring every key back.\n", file);
    return err;
}

static int ask_backup(struct work *w, const char *file, struct under *out)
{
    const struct passphrase_ask ask = {.file = w->o->backup_passphrase_file,
                                       .option = "--backup-passphrase-file",
                                       .prompt = "Passphrase of the backup"};
    int err = keystore_import_how(file, &out->seal, w->why);
    return err < 0 ? err : ask_key(&ask, out, w->why);
}

static int run_import(struct work *w)
{
    const char *file = w->o->operands[1];
    struct under backup = {.key = NULL}, u = {.key = NULL};
    if (!w->o->replace && keystore_state(w->store) != KEYSTORE_NONE)
        return beam_why(w->why, BEAM_EEXIST,
                        "key store: there is one already (--replace puts the backup in its place; "
                        "export it first)");
    bool ran = false;
    int err = ask_backup(w, file, &backup);
    if (err == 0)
        err = ask_new_store(w, w->o->passphrase_file, "--passphrase-file", &u);
    if (err == 0)
        err = let_go(w, &ran);
    if (err == 0)
        err =
            keystore_import(w->store, file, backup.key, w->o->replace, seal_of(&u), u.key, w->why);
    under_clear(&backup);
    under_clear(&u);
    return err < 0 ? err : print(w);
}

/* ---- which ---------------------------------------------------------------------------------- */

static const struct verb {
    const char *name;
    enum keystore_use use;
    int (*run)(struct work *w);
} verbs[] = {
    {"init", KEYSTORE_OWN, run_init},
    {"show", KEYSTORE_READ, run_show},
    {"lock", KEYSTORE_READ, run_lock},
    {"unlock", KEYSTORE_READ, run_unlock},
    {"export", KEYSTORE_READ, run_export},
    {"import", KEYSTORE_OWN, run_import},
    {"passphrase", KEYSTORE_OWN, run_passphrase},
};

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

static const char *get_environment(const char *name)
{
    return getenv(name);
}

int keys_command(const struct options *o, struct beam_why *why)
{
    struct work w = {.o = o, .why = why};
    const struct verb *v = find_verb(o->operand);
    if (!v)
        return beam_why(why, BEAM_EUSAGE, "keys %s: no such command", o->operand);
    int err = home_find(get_environment, &w.home, why);
    if (err < 0)
        return err;
    err = home_prepare(w.home, why);
    if (err == 0) {
        err = keystore_new(w.home->data, v->use, rng_system(), &w.store);
        if (err < 0)
            beam_why(why, err, "key store: %s", beam_err_text(err));
    }
    if (err == 0)
        err = v->run(&w);
    keystore_free(w.store);
    home_free(w.home);
    return err;
}
