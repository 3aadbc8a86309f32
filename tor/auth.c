/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/auth.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/file.h"
#include "base/text.h"

/* The version of the protocol and the oldest tor that speaks all we say. */
static const unsigned oldest[] = {0, 4, 7};
#define OLDEST_TEXT "0.4.7"

bool auth_version_ok(const char *version)
{
    const char *s = version;
    for (size_t i = 0; i < sizeof(oldest) / sizeof(oldest[0]); i++) {
        size_t len = strcspn(s, ".-+ ");
        uint64_t n = 0;
        if (text_number(s, len, UINT32_MAX, &n) < 0 || n < oldest[i])
            return false;
        if (n > oldest[i])
            return true;
        s += len;
        if (*s == '.')
            s++;
    }
    return true;
}

void auth_hash(enum auth_side side, const uint8_t *cookie, const uint8_t *client_nonce,
               const uint8_t *server_nonce, uint8_t *out)
{
    static const char *const keys[] = {
        [AUTH_SERVER] = "Tor safe cookie authentication server-to-controller hash",
        [AUTH_CLIENT] = "Tor safe cookie authentication controller-to-server hash",
    };
    crypto_auth_hmacsha256_state st;
    crypto_auth_hmacsha256_init(&st, (const unsigned char *)keys[side], strlen(keys[side]));
    crypto_auth_hmacsha256_update(&st, cookie, AUTH_COOKIE);
    crypto_auth_hmacsha256_update(&st, client_nonce, AUTH_NONCE);
    crypto_auth_hmacsha256_update(&st, server_nonce, AUTH_NONCE);
    crypto_auth_hmacsha256_final(&st, out);
    sodium_memzero(&st, sizeof(st));
}

void auth_clear(struct auth *a)
{
    free(a->cookie_path);
    a->cookie_path = NULL;
    a->control = NULL;
    sodium_memzero(a->nonce, sizeof(a->nonce));
}

static void finish(struct auth *a, int err, const struct beam_why *why)
{
    auth_clear(a);
    a->done(a->arg, err, why);
}

__attribute__((format(printf, 3, 4))) static void refuse(struct auth *a, int err, const char *fmt,
                                                         ...)
{
    struct beam_why why;
    va_list ap;
    va_start(ap, fmt);
    beam_whyv(&why, err, fmt, ap);
    va_end(ap);
    finish(a, err, &why);
}

/* What tor said, fit to be shown. */
static const char *said(const struct control_reply *r, char *out, size_t size)
{
    const struct control_line *last = &r->lines[r->count - 1];
    text_escape(last->text, last->text_len, out, size);
    return out;
}

static void on_authenticated(void *arg, const struct control_reply *r)
{
    struct auth *a = arg;
    char text[200];
    if (r->code != 250)
        refuse(a, BEAM_EAUTH,
               "tor does not accept our proof: %u %s (another program may hold its "
               "folder; stop that one)",
               r->code, said(r, text, sizeof(text)));
    else
        finish(a, 0, NULL);
}

/* Holds tor's proof against the cookie and makes ours. 0, BEAM_EAUTH, or why the cookie cannot be
 * read. */
static int prove(const struct auth *a, const uint8_t *server_hash, const uint8_t *server_nonce,
                 uint8_t *proof)
{
    uint8_t *cookie = NULL, want[AUTH_HASH];
    size_t len = 0;
    int err = file_read_secret(a->cookie_path, AUTH_COOKIE, &cookie, &len);
    if (err < 0)
        return err;
    if (len != AUTH_COOKIE) {
        sodium_free(cookie);
        return BEAM_ELIMIT;
    }
    auth_hash(AUTH_SERVER, cookie, a->nonce, server_nonce, want);
    err = sodium_memcmp(want, server_hash, sizeof(want)) == 0 ? 0 : BEAM_EAUTH;
    if (err == 0)
        auth_hash(AUTH_CLIENT, cookie, a->nonce, server_nonce, proof);
    sodium_free(cookie);
    return err;
}

/* 0 when both values are there and whole. */
static int parse_challenge(const struct control_reply *r, uint8_t *hash, uint8_t *nonce)
{
    char hex[TEXT_HEX_SIZE(AUTH_HASH)];
    const char *text = control_after(r->lines[0].text, "AUTHCHALLENGE");
    if (r->code != 250 || !text || control_value(text, "SERVERHASH", hex, sizeof(hex)) < 0 ||
        text_hex_decode(hex, strlen(hex), hash, AUTH_HASH) < 0)
        return BEAM_EPROTO;
    if (control_value(text, "SERVERNONCE", hex, sizeof(hex)) < 0)
        return BEAM_EPROTO;
    return text_hex_decode(hex, strlen(hex), nonce, AUTH_NONCE);
}

static void on_challenge(void *arg, const struct control_reply *r)
{
    struct auth *a = arg;
    uint8_t hash[AUTH_HASH], nonce[AUTH_NONCE], proof[AUTH_HASH];
    char hex[TEXT_HEX_SIZE(AUTH_HASH)], text[200];
    if (parse_challenge(r, hash, nonce) < 0) {
        refuse(a, BEAM_EPROTO, "tor's challenge is not one: %u %s", r->code,
               said(r, text, sizeof(text)));
        return;
    }
    int err = prove(a, hash, nonce, proof);
    if (err < 0) {
        refuse(a, err == BEAM_EAUTH ? BEAM_EAUTH : BEAM_EIO,
               err == BEAM_EAUTH
                   ? "what answers on tor's control socket does not know the cookie in %s (it is "
                     "not the tor we started)"
                   : "tor's cookie cannot be read: %s (it must be ours, 0600 and of 32 bytes)",
               a->cookie_path);
        return;
    }
    text_hex_encode(proof, sizeof(proof), hex, sizeof(hex));
    err = control_send(a->control, on_authenticated, a, "AUTHENTICATE %s", hex);
    sodium_memzero(hex, sizeof(hex));
    sodium_memzero(proof, sizeof(proof));
    if (err < 0)
        refuse(a, err, "tor's control connection: %s", beam_err_text(err));
}

/* "SAFECOOKIE" among "COOKIE,SAFECOOKIE". */
static bool listed(const char *list, const char *word)
{
    size_t len = strlen(word);
    for (;;) {
        size_t n = strcspn(list, ",");
        if (n == len && memcmp(list, word, len) == 0)
            return true;
        if (!list[n])
            return false;
        list += n + 1;
    }
}

/* What PROTOCOLINFO told; fields are "" where it did not. */
struct protocol_info {
    char methods[256], cookie_file[PATH_MAX];
};

static void parse_info(struct auth *a, const struct control_reply *r, struct protocol_info *info)
{
    a->version[0] = '\0';
    for (size_t i = 0; i < r->count; i++) {
        const char *text = control_after(r->lines[i].text, "AUTH");
        if (text) {
            control_value(text, "METHODS", info->methods, sizeof(info->methods));
            control_value(text, "COOKIEFILE", info->cookie_file, sizeof(info->cookie_file));
        }
        text = control_after(r->lines[i].text, "VERSION");
        char raw[AUTH_VERSION_SIZE];
        if (text && control_value(text, "Tor", raw, sizeof(raw)) == 0)
            text_escape(raw, strlen(raw), a->version, sizeof(a->version));
    }
}

static void on_info(void *arg, const struct control_reply *r)
{
    struct auth *a = arg;
    struct protocol_info info = {.methods = ""};
    char text[200], nonce[TEXT_HEX_SIZE(AUTH_NONCE)];
    parse_info(a, r, &info);
    if (r->code != 250 || !a->version[0]) {
        refuse(a, BEAM_EPROTO, "tor does not say what it is: %u %s", r->code,
               said(r, text, sizeof(text)));
        return;
    }
    if (!auth_version_ok(a->version)) {
        refuse(a, BEAM_EINVAL,
               "tor %s is too old: beam needs " OLDEST_TEXT " or later (update tor, or name "
               "another with tor.binary)",
               a->version);
        return;
    }
    if (!listed(info.methods, "SAFECOOKIE")) {
        refuse(a, BEAM_EAUTH,
               "tor does not offer SAFECOOKIE (take what changes "
               "CookieAuthentication out of tor.torrc)");
        return;
    }
    if (strcmp(info.cookie_file, a->cookie_path) != 0) {
        refuse(a, BEAM_EPERM,
               "tor names another cookie file than %s (it is not the tor we started)",
               a->cookie_path);
        return;
    }
    text_hex_encode(a->nonce, sizeof(a->nonce), nonce, sizeof(nonce));
    int err = control_send(a->control, on_challenge, a, "AUTHCHALLENGE SAFECOOKIE %s", nonce);
    if (err < 0)
        refuse(a, err, "tor's control connection: %s", beam_err_text(err));
}

int auth_start(struct auth *a, struct control *c, const struct rng *rng, const char *cookie,
               auth_fn *done, void *arg)
{
    char *path = strdup(cookie);
    if (!path)
        return BEAM_ENOMEM;
    *a = (struct auth){.control = c, .cookie_path = path, .done = done, .arg = arg};
    rng->fill(rng->arg, a->nonce, sizeof(a->nonce));
    int err = control_send(c, on_info, a, "PROTOCOLINFO 1");
    if (err < 0)
        auth_clear(a);
    return err;
}
