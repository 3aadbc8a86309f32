/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/visitors.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <sodium.h>

#include "base/file.h"
#include "base/json.h"
#include "base/secrecy.h"
#include "cli/json_line.h"
#include "gate/visitors.h"
#include "tor/onion_key.h"

enum { ONION_LEN = 56 };

static const char any_address[] = "ADDRESS", onion[] = ".onion";

/* ---- what is printed ------------------------------------------------------------------------ */

/* An object as one line; taken over, NULL is one that memory failed for. */
static int print_object(cJSON *o, struct beam_why *why)
{
    char *line = o ? json_line(o) : NULL;
    cJSON_Delete(o);
    if (!line)
        return beam_why(why, BEAM_ENOMEM, "visitors: out of memory");
    fputs(line, stdout);
    secrecy_free(line); /* it may have had a key */
    return 0;
}

static void print_pair(const char *name, const char *address, const char *secret)
{
    printf("%s may enter with this key. It is shown once and kept nowhere: hand it over where "
           "nobody else reads.\n\n"
           "  Tor Browser asks for it when it opens the address:\n"
           "    %s\n"
           "  tor wants a line in %s.auth_private, in the folder that ClientOnionAuthDir names:\n"
           "    %s:descriptor:x25519:%s\n",
           name, secret, name, address, secret);
    if (address == any_address)
        printf("    where %s is what stands before %s in the address that beam prints.\n",
               any_address, onion);
}

static cJSON *describe_pair(const char *name, const char *address, const char *secret,
                            const char *public)
{
    cJSON *o = cJSON_CreateObject();
    char line[ONION_LEN + 32 + VISITOR_KEY_SIZE];
    snprintf(line, sizeof(line), "%s:descriptor:x25519:%s", address, secret);
    bool whole = cJSON_AddStringToObject(o, "name", name) &&
                 cJSON_AddStringToObject(o, "public", public) &&
                 cJSON_AddStringToObject(o, "secret", secret) &&
                 cJSON_AddStringToObject(o, "auth_private", line);
    sodium_memzero(line, sizeof(line));
    return json_whole(o, whole);
}

/* ---- what is done --------------------------------------------------------------------------- */

/* The file, or an empty list where there is none yet and one may be begun. */
static int open_list(const char *path, bool begin, struct visitors **out, struct beam_why *why)
{
    int err = visitors_load(path, out, why);
    if (err != BEAM_ENOTFOUND || !begin)
        return err;
    err = visitors_new(out);
    return err < 0 ? beam_why(why, err, "%s: out of memory", path) : 0;
}

/* Two that write the list at once would lose what one of them did, a revocation perhaps. */
static int lock_list(const char *path, int *out, struct beam_why *why)
{
    char *lock = NULL;
    if (asprintf(&lock, "%s.lock", path) < 0)
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", path);
    int fd = file_lock(lock);
    if (fd == BEAM_EEXIST)
        beam_why(why, fd, "%s: another beam visitors writes it just now (try again)", path);
    else if (fd < 0)
        beam_why(why, fd, "%s: cannot be written: %s (name a file in a folder of yours)", path,
                 strerror(errno));
    free(lock);
    *out = fd;
    return fd < 0 ? fd : 0;
}

/* A pair that was made, to be told before its visitor may enter: it is kept nowhere. */
struct pair {
    const char *name, *address, *secret, *public;
    bool json;
};

static int tell_pair(const struct pair *p, struct beam_why *why)
{
    int err = 0;
    if (p->json)
        err = print_object(describe_pair(p->name, p->address, p->secret, p->public), why);
    else
        print_pair(p->name, p->address, p->secret);
    if (err == 0 && (fflush(stdout) == EOF || ferror(stdout)))
        err = beam_why(why, BEAM_EIO,
                       "visitors make: the key cannot be written out: %s (%s was not added)",
                       strerror(errno), p->name);
    return err;
}

static int add_to(struct visitors *v, const char *name, const uint8_t *key, const struct pair *made,
                  struct beam_why *why)
{
    int err = visitors_add(v, name, key, why);
    if (err == BEAM_EINVAL) /* the name, which is a word of the command */
        err = why->code = BEAM_EUSAGE;
    return err == 0 && made ? tell_pair(made, why) : err;
}

/* Lets `name` in who has this key, of a pair that was `made` (else NULL), or revokes him: NULL. */
static int change(const char *path, const char *name, const uint8_t *key, const struct pair *made,
                  struct beam_why *why)
{
    struct visitors *v = NULL;
    int lock = -1, err = key || access(path, F_OK) == 0 ? lock_list(path, &lock, why) : 0;
    if (err < 0)
        return err;
    err = open_list(path, key != NULL, &v, why);
    if (err == 0)
        err = key ? add_to(v, name, key, made, why) : visitors_revoke(v, name, why);
    if (err == 0)
        err = visitors_save(v, path, why);
    visitors_free(v);
    if (lock >= 0)
        close(lock);
    return err;
}

/* The 56 letters of an onion address, with or without http:// and .onion around them. */
static int read_address(const char *text, char *out, struct beam_why *why)
{
    static const char scheme[] = "http://";
    uint8_t bytes[ONION_LEN * 5 / 8];
    size_t n = 0;
    const char *at = strncmp(text, scheme, sizeof(scheme) - 1) ? text : text + sizeof(scheme) - 1;
    size_t len = strcspn(at, "./");
    const char *rest = at + len;
    if (strncmp(rest, onion, sizeof(onion) - 1) == 0)
        rest += sizeof(onion) - 1;
    if (len != ONION_LEN || (strcmp(rest, "") != 0 && strcmp(rest, "/") != 0) ||
        text_base32_decode(at, len, bytes, sizeof(bytes), &n) < 0)
        return beam_why(why, BEAM_EUSAGE, "visitors make: %s: not a v3 onion address", text);
    (void)text_base32_encode(bytes, n, out, ONION_LEN + 1); /* in lower case */
    if (onion_address_check(out) < 0)
        return beam_why(why, BEAM_EUSAGE,
                        "visitors make: %s: no onion service has this address (copy it anew)",
                        text);
    return 0;
}

static int make(const struct options *o, struct beam_why *why)
{
    char address[ONION_LEN + 1], secret[VISITOR_KEY_SIZE], public[VISITOR_KEY_SIZE];
    uint8_t secret_key[VISITOR_KEY_LEN], public_key[VISITOR_KEY_LEN];
    const char *path = o->operands[1], *name = o->operands[2], *onion_of = any_address;
    if (o->operand_count == 4) {
        int err = read_address(o->operands[3], address, why);
        if (err < 0)
            return err;
        onion_of = address;
    }
    visitor_key_make(rng_system(), secret_key, public_key);
    visitor_key_text(secret_key, secret);
    visitor_key_text(public_key, public);
    const struct pair made = {name, onion_of, secret, public, o->json};
    int err = change(path, name, public_key, &made, why);
    sodium_memzero(secret, sizeof(secret));
    sodium_memzero(secret_key, sizeof(secret_key));
    return err;
}

static int add(const struct options *o, struct beam_why *why)
{
    uint8_t key[VISITOR_KEY_LEN];
    const char *path = o->operands[1], *name = o->operands[2];
    struct beam_why fault = {.text = ""};
    if (visitor_key_parse(o->operands[3], key, &fault) < 0)
        return beam_why(why, BEAM_EUSAGE, "visitors add %s: %s", name, fault.text);
    int err = change(path, name, key, NULL, why);
    if (err == 0 && !o->json)
        printf("%s may enter with the key it has.\n", name);
    return err;
}

static int print_list(const struct visitors *v, bool json, struct beam_why *why)
{
    char key[VISITOR_KEY_SIZE];
    int err = 0;
    for (size_t i = 0; err == 0 && i < visitors_count(v); i++) {
        const struct visitor_entry *e = visitors_at(v, i);
        visitor_key_text(e->key, key);
        if (!json) {
            printf("%-7s  %s  %s\n", e->revoked ? "revoked" : "allowed", key, e->name);
            continue;
        }
        cJSON *line = cJSON_CreateObject();
        err = print_object(json_whole(line, cJSON_AddStringToObject(line, "name", e->name) &&
                                                cJSON_AddStringToObject(line, "public", key) &&
                                                cJSON_AddBoolToObject(line, "revoked", e->revoked)),
                           why);
    }
    return err;
}

static int list(const struct options *o, struct beam_why *why)
{
    struct visitors *v = NULL;
    int err = open_list(o->operands[1], false, &v, why);
    if (err == 0)
        err = print_list(v, o->json, why);
    visitors_free(v);
    return err;
}

static int revoke_visitor(const struct options *o, struct beam_why *why)
{
    const char *name = o->operands[2];
    int err = change(o->operands[1], name, NULL, NULL, why);
    if (err == 0 && !o->json)
        printf("%s is revoked. A tunnel that uses this file lets nobody in with that key from now "
               "on.\n",
               name);
    return err;
}

int visitors_command(const struct options *o, struct beam_why *why)
{
    static const struct {
        const char *word;
        int (*run)(const struct options *o, struct beam_why *why);
    } table[] = {{"make", make}, {"add", add}, {"list", list}, {"revoke", revoke_visitor}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (strcmp(table[i].word, o->operand) == 0)
            return table[i].run(o, why);
    return beam_why(why, BEAM_EUSAGE, "visitors %s: no such command", o->operand);
}
