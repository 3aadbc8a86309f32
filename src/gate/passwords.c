/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate/passwords.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include <sodium.h>

#include "base/file.h"
#include "base/text.h"

enum { HASH_SIZE = crypto_generichash_BYTES, DECODED_MAX = PASSWORDS_CREDENTIALS_MAX / 4 * 3 };

struct entry {
    uint8_t user[HASH_SIZE]; /* to find one that comes twice */
    uint8_t pair[HASH_SIZE]; /* of user:password */
    uint64_t line;
};

struct passwords { /* all of it in locked memory */
    uint64_t count;
    uint8_t key[crypto_generichash_KEYBYTES];
    struct entry entry[];
};
/* Locked memory ends at a page's end, so that a size that is no multiple of 8 would start askew. */
_Static_assert(sizeof(struct passwords) % 8 == 0 && sizeof(struct entry) % 8 == 0, "aligned");

static void hash(const struct passwords *p, const char *text, size_t len, uint8_t *out)
{
    crypto_generichash(out, HASH_SIZE, (const uint8_t *)text, len, p->key, sizeof(p->key));
}

/* ---- the file ------------------------------------------------------------------------------- */

struct line {
    const char *name; /* the file's */
    uint64_t number;
    const char *text;
    size_t len;
};

static int fault(const struct line *l, struct beam_why *why, const char *what)
{
    return beam_why(why, BEAM_EINVAL, "%s, line %llu: %s", l->name, (unsigned long long)l->number,
                    what);
}

static bool has_control(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return true;
    return false;
}

static int check_line(const struct line *l, struct beam_why *why)
{
    const char *colon = memchr(l->text, ':', l->len);
    if (l->len > PASSWORDS_LINE_MAX)
        return beam_why(why, BEAM_ELIMIT, "%s, line %llu: longer than %d bytes", l->name,
                        (unsigned long long)l->number, PASSWORDS_LINE_MAX);
    if (l->text[l->len - 1] == '\r')
        return fault(l, why,
                     "it ends in CR LF, as on Windows (run: sed -i 's/\\r$//' on the file)");
    if (l->number == 1 && l->len >= 3 && memcmp(l->text, "\xef\xbb\xbf", 3) == 0)
        return fault(l, why, "it begins with a byte order mark (save the file as UTF-8 without)");
    if (has_control(l->text, l->len))
        return fault(l, why, "a control character, which no user or password has (RFC 7617)");
    if (!text_utf8_valid(l->text, l->len))
        return fault(l, why, "not UTF-8");
    if (!colon)
        return fault(l, why, "no colon (write user:password)");
    if (colon == l->text)
        return fault(l, why, "no user before the colon (write user:password)");
    if (colon == l->text + l->len - 1)
        return fault(l, why, "no password after the colon (write user:password)");
    return 0;
}

static int add(struct passwords *p, const struct line *l, struct beam_why *why)
{
    const char *colon = memchr(l->text, ':', l->len);
    struct entry *e = &p->entry[p->count];
    e->line = l->number;
    hash(p, l->text, (size_t)(colon - l->text), e->user);
    hash(p, l->text, l->len, e->pair);
    for (uint64_t i = 0; i < p->count; i++)
        if (sodium_memcmp(p->entry[i].user, e->user, HASH_SIZE) == 0)
            return beam_why(why, BEAM_EINVAL,
                            "%s, line %llu: the user of line %llu once more (keep one of them)",
                            l->name, (unsigned long long)l->number,
                            (unsigned long long)p->entry[i].line);
    p->count++;
    return 0;
}

/* The next line that says something; false at the end. */
static bool next_line(struct line *l, const char **at, const char *end)
{
    while (*at < end) {
        const char *newline = memchr(*at, '\n', (size_t)(end - *at));
        l->text = *at;
        l->len = (size_t)((newline ? newline : end) - *at);
        l->number++;
        *at = newline ? newline + 1 : end;
        if (l->len > 0 && l->text[0] != '#')
            return true;
    }
    return false;
}

static int check_all(const char *name, const char *text, size_t len, size_t *count,
                     struct beam_why *why)
{
    struct line l = {.name = name};
    const char *at = text;
    size_t n = 0;
    for (; next_line(&l, &at, text + len); n++) {
        int err = check_line(&l, why);
        if (err < 0)
            return err;
    }
    if (n == 0)
        return beam_why(why, BEAM_EINVAL,
                        "%s: it names no user, so that nobody could enter (write user:password)",
                        name);
    if (n > PASSWORDS_MAX)
        return beam_why(why, BEAM_ELIMIT, "%s: more than %d users", name, PASSWORDS_MAX);
    *count = n;
    return 0;
}

int passwords_parse(const char *name, const char *text, size_t len, const struct rng *rng,
                    struct passwords **out, struct beam_why *why)
{
    size_t count = 0;
    if (len > PASSWORDS_FILE_MAX)
        return beam_why(why, BEAM_ELIMIT, "%s: larger than %d bytes", name, PASSWORDS_FILE_MAX);
    int err = check_all(name, text, len, &count, why);
    if (err < 0)
        return err;
    struct passwords *p = sodium_malloc(sizeof(*p) + count * sizeof(p->entry[0]));
    if (!p)
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", name);
    p->count = 0;
    rng->fill(rng->arg, p->key, sizeof(p->key));
    struct line l = {.name = name};
    const char *at = text;
    while (err == 0 && next_line(&l, &at, text + len))
        err = add(p, &l, why);
    if (err < 0) {
        passwords_free(p);
        return err;
    }
    *out = p;
    return 0;
}

int passwords_load(const char *path, const struct rng *rng, struct passwords **out,
                   struct beam_why *why)
{
    uint8_t *text = NULL;
    size_t len = 0;
    int err = file_check_mode(path, 0600, why);
    if (err < 0)
        return err;
    err = file_read_secret(path, PASSWORDS_FILE_MAX, &text, &len);
    if (err == BEAM_ELIMIT)
        return beam_why(why, err, "%s: larger than %d bytes", path, PASSWORDS_FILE_MAX);
    if (err == BEAM_EPERM)
        return beam_why(why, err,
                        "%s: not a file of ours that nobody else can read, or a link to "
                        "one (name the file itself)",
                        path);
    if (err == BEAM_EINVAL)
        return beam_why(why, err, "%s: not a file", path);
    if (err < 0)
        return beam_why(why, err, "%s: cannot be read: %s", path, beam_err_text(err));
    err = passwords_parse(path, (const char *)text, len, rng, out, why);
    sodium_free(text);
    return err;
}

void passwords_free(struct passwords *p)
{
    sodium_free(p); /* which wipes it */
}

size_t passwords_count(const struct passwords *p)
{
    return p->count;
}

/* ---- the check ------------------------------------------------------------------------------ */

/* The token68 behind "Basic" and blanks (RFC 9110, 11.4), or false. */
static bool find_token(const char *value, size_t len, const char **token, size_t *token_len)
{
    static const char scheme[] = "Basic";
    size_t at = sizeof(scheme) - 1;
    if (len > PASSWORDS_CREDENTIALS_MAX || len <= at || value[at] != ' ' ||
        strncasecmp(value, scheme, at) != 0)
        return false;
    while (at < len && value[at] == ' ')
        at++;
    *token = value + at;
    *token_len = len - at;
    return true;
}

bool passwords_check(const struct passwords *p, const char *value, size_t len)
{
    char pair[DECODED_MAX];
    uint8_t given[HASH_SIZE];
    const char *token = NULL;
    size_t token_len = 0, pair_len = 0;
    unsigned found = 0;
    if (!find_token(value, len, &token, &token_len) ||
        text_base64_decode(token, token_len, pair, sizeof(pair), &pair_len) < 0)
        pair_len = 0; /* the hash of nothing is nobody's: no pair is empty */
    hash(p, pair, pair_len, given);
    for (uint64_t i = 0; i < p->count; i++)
        found |= (unsigned)(sodium_memcmp(p->entry[i].pair, given, HASH_SIZE) == 0);
    sodium_memzero(pair, sizeof(pair));
    sodium_memzero(given, sizeof(given));
    return found != 0;
}
