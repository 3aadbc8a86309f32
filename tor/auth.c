/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/auth.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "base/file.h"
#include "base/text.h"
#include "tor/cookie.h"

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

enum protocol_method auth_choose(unsigned offered, bool password, bool cookie)
{
    if (password && (offered & PROTOCOL_PASSWORD))
        return PROTOCOL_PASSWORD;
    if (cookie && (offered & PROTOCOL_SAFECOOKIE))
        return PROTOCOL_SAFECOOKIE;
    if (cookie && (offered & PROTOCOL_COOKIE))
        return PROTOCOL_COOKIE;
    return password ? 0 : offered & PROTOCOL_NULL;
}

unsigned auth_no_weaker(unsigned offered, enum protocol_method known)
{
    if (known == PROTOCOL_SAFECOOKIE)
        return offered & PROTOCOL_SAFECOOKIE;
    if (known == PROTOCOL_COOKIE || known == PROTOCOL_PASSWORD)
        return offered & ~(unsigned)PROTOCOL_NULL;
    return offered;
}

void auth_clear(struct auth *a)
{
    sodium_free(a->cookie);
    a->cookie = NULL;
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

/* ---- the proof ------------------------------------------------------------------------------- */

static const char *advice(const struct auth *a)
{
    if (a->spec.cookie)
        return "another program may hold its folder; stop that one";
    if (a->method == PROTOCOL_PASSWORD)
        return "see that the file tor.control_password_file names has its password";
    return "see that tor.control leads to the tor you mean, and its log";
}

static void on_authenticated(void *arg, const struct control_reply *r)
{
    struct auth *a = arg;
    char text[200];
    if (r->code != 250)
        refuse(a, BEAM_EAUTH, "tor does not accept our proof: %u %s (%s)", r->code,
               said(r, text, sizeof(text)), advice(a));
    else
        finish(a, 0, NULL);
}

/* AUTHENTICATE with these bytes in hex, which stand for themselves in every method. */
static void authenticate(struct auth *a, const void *proof, size_t len)
{
    char hex[TEXT_HEX_SIZE(AUTH_PASSWORD_MAX)];
    text_hex_encode(proof, len, hex, sizeof(hex));
    int err =
        control_send(a->control, on_authenticated, a, "AUTHENTICATE%s%s", len ? " " : "", hex);
    sodium_memzero(hex, sizeof(hex));
    if (err < 0)
        refuse(a, err, "tor's control connection: %s", beam_err_text(err));
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
    uint8_t hash[AUTH_HASH], nonce[AUTH_NONCE], want[AUTH_HASH], proof[AUTH_HASH];
    char text[200];
    if (parse_challenge(r, hash, nonce) < 0) {
        refuse(a, BEAM_EPROTO, "tor's challenge is not one: %u %s", r->code,
               said(r, text, sizeof(text)));
        return;
    }
    auth_hash(AUTH_SERVER, a->cookie, a->nonce, nonce, want);
    if (sodium_memcmp(want, hash, sizeof(want)) != 0) {
        text_escape(a->info.cookie_file, strlen(a->info.cookie_file), text, sizeof(text));
        refuse(a, BEAM_EAUTH,
               "what answers on tor's control socket does not know the cookie in %s (%s)", text,
               a->spec.cookie ? "it is not the tor we started" : "it may not be tor");
        return;
    }
    auth_hash(AUTH_CLIENT, a->cookie, a->nonce, nonce, proof);
    authenticate(a, proof, sizeof(proof));
    sodium_memzero(proof, sizeof(proof));
}

static void challenge(struct auth *a)
{
    char nonce[TEXT_HEX_SIZE(AUTH_NONCE)];
    text_hex_encode(a->nonce, sizeof(a->nonce), nonce, sizeof(nonce));
    int err = control_send(a->control, on_challenge, a, "AUTHCHALLENGE SAFECOOKIE %s", nonce);
    if (err < 0)
        refuse(a, err, "tor's control connection: %s", beam_err_text(err));
}

/* The first line of the file; it may end in CRLF. */
static void give_password(struct auth *a)
{
    uint8_t *text = NULL;
    size_t len = 0;
    const char *path = a->spec.password_file;
    int err = file_read_secret(path, AUTH_PASSWORD_MAX, &text, &len);
    if (err < 0) {
        refuse(a, err,
               "tor.control_password_file: %s: %s (it must be yours, 0600 and of %d bytes "
               "at most)",
               path, beam_err_text(err), AUTH_PASSWORD_MAX);
        return;
    }
    authenticate(a, text, strcspn((const char *)text, "\r\n"));
    sodium_free(text);
}

/* ---- what there is to choose from ------------------------------------------------------------ */

/* A tor that we started has the cookie that we told it to have. */
static int check_own(struct auth *a, struct beam_why *why)
{
    if (!(a->info.methods & PROTOCOL_SAFECOOKIE))
        return beam_why(why, BEAM_EAUTH,
                        "tor does not offer SAFECOOKIE (take what changes "
                        "CookieAuthentication out of tor.torrc)");
    if (strcmp(a->info.cookie_file, a->spec.cookie) != 0)
        return beam_why(why, BEAM_EPERM,
                        "tor names another cookie file than %s (it is not the tor we started)",
                        a->spec.cookie);
    a->method = PROTOCOL_SAFECOOKIE;
    return cookie_read_own(a->spec.cookie, &a->cookie, why);
}

/* What is offered, and nothing of it is in reach. `cookie` says why its cookie is not, or is "". */
static int out_of_reach(const struct auth *a, const struct beam_why *cookie, struct beam_why *why)
{
    if (cookie->text[0]) {
        *why = *cookie;
        return why->code;
    }
    if (a->info.methods && !auth_no_weaker(a->info.methods, a->spec.known))
        return beam_why(why, BEAM_EAUTH,
                        "it let us in by %s before and does not offer that now, so it may not be "
                        "tor (if you changed tor's CookieAuthentication, run: beam stop)",
                        protocol_method_name(a->spec.known));
    if (a->spec.proof)
        return beam_why(why, BEAM_EAUTH,
                        "a control port offers no proof that it is tor's (name it in tor.control "
                        "if you trust what listens there, or give tor CookieAuthentication 1)");
    if (a->spec.tcp && (a->info.methods & PROTOCOL_COOKIE))
        return beam_why(why, BEAM_EAUTH,
                        "a control port wants the cookie itself, which whoever listens there could "
                        "be after (a tor offers SAFECOOKIE, too; or name its unix socket)");
    if (a->info.methods & PROTOCOL_PASSWORD)
        return beam_why(why, BEAM_EAUTH,
                        "tor's control port wants a password (put it into a file of mode 0600 and "
                        "name that in tor.control_password_file)");
    if (a->info.methods & PROTOCOL_NULL)
        return beam_why(
            why, BEAM_EAUTH,
            "a control port wants no password, and tor.control_password_file names one "
            "(see that tor.control leads to the tor you mean, or take the password out)");
    return beam_why(why, BEAM_EAUTH,
                    "tor offers no way to authenticate that beam knows (give it "
                    "CookieAuthentication 1)");
}

static int choose(struct auth *a, struct beam_why *why)
{
    const unsigned cookies = PROTOCOL_COOKIE | PROTOCOL_SAFECOOKIE;
    bool password = a->spec.password_file && a->spec.password_file[0];
    unsigned offered = auth_no_weaker(a->info.methods, a->spec.known);
    struct beam_why cookie = {.text = ""};
    if (a->spec.proof)
        offered &= PROTOCOL_SAFECOOKIE;
    if (a->spec.tcp)
        offered &= ~(unsigned)PROTOCOL_COOKIE;
    if ((offered & cookies) && auth_choose(offered, password, true) & cookies)
        (void)cookie_read(a->info.cookie_file, a->spec.proof ? &a->spec.listener : NULL, &a->cookie,
                          &cookie);
    a->method = auth_choose(offered, password, a->cookie != NULL);
    return a->method ? 0 : out_of_reach(a, &cookie, why);
}

static int check_info(const struct auth *a, struct beam_why *why)
{
    if (protocol_version_ok(a->info.version))
        return 0;
    return beam_why(why, BEAM_EINVAL,
                    "tor %s is too old: beam needs " PROTOCOL_OLDEST " or later (update tor%s)",
                    a->info.version, a->spec.cookie ? ", or name another with tor.binary" : "");
}

static void on_info(void *arg, const struct control_reply *r)
{
    struct auth *a = arg;
    struct beam_why why;
    char text[200];
    if (protocol_info_parse(r, &a->info) < 0) {
        refuse(a, BEAM_EPROTO, "tor does not say what it is: %u %s", r->code,
               said(r, text, sizeof(text)));
        return;
    }
    int err = check_info(a, &why);
    if (err == 0)
        err = a->spec.cookie ? check_own(a, &why) : choose(a, &why);
    if (err < 0)
        finish(a, err, &why);
    else if (a->method == PROTOCOL_SAFECOOKIE)
        challenge(a);
    else if (a->method == PROTOCOL_PASSWORD)
        give_password(a);
    else
        authenticate(a, a->cookie, a->method == PROTOCOL_COOKIE ? AUTH_COOKIE : 0);
}

int auth_start(struct auth *a, struct control *c, const struct auth_spec *spec, auth_fn *done,
               void *arg)
{
    *a = (struct auth){.control = c, .spec = *spec, .done = done, .arg = arg};
    spec->rng->fill(spec->rng->arg, a->nonce, sizeof(a->nonce));
    int err = control_send(c, on_info, a, "PROTOCOLINFO 1");
    if (err < 0)
        auth_clear(a);
    return err;
}
