/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/ticket.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

enum { HASH_LEN = 16, FILE_MAX = 512 };

static const char first[] = "beam-reservation 1 ";

char *ticket_path(const char *dir, const struct peer_id *persona, const char *relay)
{
    crypto_generichash_state st;
    uint8_t hash[HASH_LEN];
    char name[TEXT_HEX_SIZE(HASH_LEN) + sizeof(".reservation")];
    crypto_generichash_init(&st, NULL, 0, sizeof(hash));
    crypto_generichash_update(&st, &persona->len, 1);
    crypto_generichash_update(&st, persona->bytes, persona->len);
    crypto_generichash_update(&st, (const uint8_t *)relay, strlen(relay));
    crypto_generichash_final(&st, hash, sizeof(hash));
    text_hex_encode(hash, sizeof(hash), name, TEXT_HEX_SIZE(HASH_LEN));
    strncat(name, ".reservation", sizeof(name) - strlen(name) - 1);
    return file_join(dir, name);
}

static size_t write_text(const struct ticket *t, char out[FILE_MAX])
{
    char relay[PEER_ID_TEXT_SIZE], id[TEXT_HEX_SIZE(RESERVATION_ID_SIZE)],
        token[TEXT_HEX_SIZE(RESERVATION_TOKEN_SIZE)];
    peer_id_text(&t->relay, relay);
    text_hex_encode(t->id, sizeof(t->id), id, sizeof(id));
    text_hex_encode(t->token, sizeof(t->token), token, sizeof(token));
    int n = snprintf(out, FILE_MAX, "%s%s %s %s\n", first, relay, id, token);
    sodium_memzero(token, sizeof(token));
    return (size_t)n;
}

/* Into parts, then written again and compared: there is one form and no other. */
static int parse(const char *text, size_t len, struct ticket *out)
{
    const size_t id_len = TEXT_HEX_SIZE(RESERVATION_ID_SIZE) - 1,
                 token_len = TEXT_HEX_SIZE(RESERVATION_TOKEN_SIZE) - 1;
    const size_t tail = 1 + id_len + 1 + token_len + 1;
    char again[FILE_MAX];
    struct ticket t;
    if (len < sizeof(first) - 1 + tail || len >= FILE_MAX)
        return BEAM_EINVAL;
    const char *relay = text + sizeof(first) - 1, *id = text + len - tail + 1,
               *token = id + id_len + 1;
    if (peer_id_parse(relay, (size_t)(id - 1 - relay), &t.relay, NULL) < 0 ||
        text_hex_decode(id, id_len, t.id, sizeof(t.id)) < 0 ||
        text_hex_decode(token, token_len, t.token, sizeof(t.token)) < 0)
        return BEAM_EINVAL;
    int err =
        write_text(&t, again) == len && sodium_memcmp(text, again, len) == 0 ? 0 : BEAM_EINVAL;
    if (err == 0)
        *out = t;
    sodium_memzero(&t, sizeof(t));
    sodium_memzero(again, sizeof(again));
    return err;
}

int ticket_load(const char *path, struct ticket *out, struct beam_why *why)
{
    uint8_t *text;
    size_t len;
    int err = file_read_secret(path, FILE_MAX - 1, &text, &len);
    if (err == BEAM_EPERM)
        return beam_why(why, err, "%s: must be yours and 0600 (chmod 600 it)", path);
    if (err < 0)
        return beam_why(why, err, "%s: %s", path, beam_err_text(err));
    err = parse((const char *)text, len, out);
    sodium_free(text);
    return err < 0 ? beam_why(why, err,
                              "%s: not a ticket of a relay (remove it: the tunnel then "
                              "gets another URL there)",
                              path)
                   : 0;
}

static int make_folder(const char *path, struct beam_why *why)
{
    char *folder = strdup(path);
    if (!folder)
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", path);
    *strrchr(folder, '/') = '\0';
    int err = file_private_dir(folder, why);
    free(folder);
    return err;
}

int ticket_save(const char *path, const struct ticket *t, struct beam_why *why)
{
    char text[FILE_MAX];
    int err = make_folder(path, why);
    if (err < 0)
        return err;
    size_t len = write_text(t, text);
    err = file_write(path, 0600, text, len);
    sodium_memzero(text, sizeof(text));
    return err < 0 ? beam_why(why, err, "%s: %s", path, beam_err_text(err)) : 0;
}
