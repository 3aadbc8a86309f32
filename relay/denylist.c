/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/denylist.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/pb.h"

enum { READ_SIZE = 64 * 1024, STARTS = 65536 };
enum { FIELD_SEQUENCE = 1, FIELD_CREATED, FIELD_ENTRIES, FIELD_DIGEST };

static const char magic[8] = "BEAMDENY";
static const char label[] = "beam denylist";
static const uint8_t type[] = "/beam/denylist";
static const struct envelope_kind kind_of_head = {
    .domain = "beam-denylist", .type = type, .type_len = sizeof(type) - 1};

struct denylist {
    struct denylist_head head;
    int from, copy; /* -1 when they are done with */
    uint64_t read;  /* bytes of hashes */
    crypto_hash_sha256_state state;
    uint8_t last[DENYLIST_HASH_SIZE]; /* the last hash so far */
    void *map;                        /* of the file; NULL until all is good, or when none */
    size_t map_len;
    const uint8_t *hashes;
    uint32_t *starts; /* of each first two bytes: how many hashes come before; STARTS + 1 */
    size_t started;   /* of these, the ones that are known */
    uint8_t *block;
    char name[256]; /* for messages */
};

void denylist_hash(enum denylist_kind kind, const void *value, size_t len,
                   uint8_t out[DENYLIST_HASH_SIZE])
{
    crypto_hash_sha256_state state;
    uint8_t hash[crypto_hash_sha256_BYTES], k = (uint8_t)kind;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const uint8_t *)label, sizeof(label) - 1);
    crypto_hash_sha256_update(&state, &k, 1);
    crypto_hash_sha256_update(&state, value, len);
    crypto_hash_sha256_final(&state, hash);
    memcpy(out, hash, DENYLIST_HASH_SIZE);
}

/* ---- heads ---------------------------------------------------------------------------------- */

static int take_field(const struct pb_field *f, struct denylist_head *out)
{
    if (f->number == FIELD_DIGEST) {
        if (f->wire != PB_BYTES || f->len != sizeof(out->digest))
            return BEAM_EINVAL;
        memcpy(out->digest, f->at, f->len);
        return 0;
    }
    if (f->wire != PB_VARINT)
        return BEAM_EINVAL;
    if (f->number == FIELD_SEQUENCE)
        out->sequence = f->value;
    else if (f->number == FIELD_CREATED)
        out->created = f->value;
    else
        out->entries = f->value;
    return 0;
}

static int parse_payload(const struct envelope *e, struct denylist_head *out)
{
    struct denylist_head h = {.sequence = 0};
    struct pb_reader r;
    struct pb_field f;
    bool seen[FIELD_DIGEST + 1] = {false};
    pb_read_init(&r, e->payload, e->payload_len);
    while (pb_next(&r, &f)) {
        if (f.number > FIELD_DIGEST)
            continue;
        if (seen[f.number] || take_field(&f, &h) < 0)
            pb_fail(&r, BEAM_EINVAL);
        seen[f.number] = true;
    }
    if (pb_end(&r) < 0 || !seen[FIELD_SEQUENCE] || !seen[FIELD_DIGEST])
        return BEAM_EINVAL;
    *out = h;
    return 0;
}

int denylist_head_parse(const void *data, size_t len, const struct peer_id *signer,
                        struct denylist_head *out, struct beam_why *why)
{
    const uint8_t *at = data;
    struct denylist_head h;
    struct envelope *e;
    size_t sealed = 0;
    if (len < DENYLIST_PREFIX_SIZE || memcmp(at, magic, sizeof(magic)) != 0)
        return beam_why(why, BEAM_EINVAL, "not a denylist");
    for (size_t i = 0; i < 4; i++)
        sealed = sealed << 8 | at[sizeof(magic) + i];
    if (sealed > ENVELOPE_MAX || sealed > len - DENYLIST_PREFIX_SIZE)
        return beam_why(why, BEAM_EINVAL, "its head is cut, or too long");
    e = calloc(1, sizeof(*e)); /* a key of RSA is large */
    if (!e)
        return beam_why(why, BEAM_ENOMEM, "out of memory");
    int err = envelope_open(at + DENYLIST_PREFIX_SIZE, sealed, &kind_of_head, e, why);
    if (err == 0 && !peer_id_is_of(signer, &e->key))
        err = beam_why(why, BEAM_EAUTH, "it is signed, but by another");
    if (err == 0 && parse_payload(e, &h) < 0)
        err = beam_why(why, BEAM_EINVAL, "its head makes no sense");
    if (err == 0 && h.entries > DENYLIST_ENTRIES_MAX)
        err = beam_why(why, BEAM_ELIMIT, "it has more than %d entries", DENYLIST_ENTRIES_MAX);
    free(e);
    if (err < 0)
        return err;
    h.len = DENYLIST_PREFIX_SIZE + sealed;
    *out = h;
    return 0;
}

/* ---- made ----------------------------------------------------------------------------------- */

static int make_head(const struct key_pair *pair, const struct denylist_head *h, uint8_t *out,
                     size_t *out_len)
{
    uint8_t payload[128];
    struct wire_writer w;
    size_t len, sealed;
    wire_write_init(&w, payload, sizeof(payload));
    pb_write_number(&w, FIELD_SEQUENCE, h->sequence);
    pb_write_number(&w, FIELD_CREATED, h->created);
    pb_write_number(&w, FIELD_ENTRIES, h->entries);
    pb_write_bytes(&w, FIELD_DIGEST, h->digest, sizeof(h->digest));
    int err = wire_write_end(&w, &len);
    if (err == 0)
        err = envelope_seal(pair, &kind_of_head, payload, len, out + DENYLIST_PREFIX_SIZE,
                            ENVELOPE_MAX, &sealed);
    if (err < 0)
        return err;
    memcpy(out, magic, sizeof(magic));
    for (size_t i = 0; i < 4; i++)
        out[sizeof(magic) + i] = (uint8_t)(sealed >> (24 - 8 * i));
    *out_len = DENYLIST_PREFIX_SIZE + sealed;
    return 0;
}

int denylist_make(const struct key_pair *pair, uint64_t sequence, uint64_t created,
                  const uint8_t (*hashes)[DENYLIST_HASH_SIZE], size_t n, uint8_t **out,
                  size_t *out_len)
{
    struct denylist_head h = {.sequence = sequence, .created = created, .entries = n};
    size_t body = n * DENYLIST_HASH_SIZE, len;
    uint8_t *file = malloc(DENYLIST_HEAD_MAX + body);
    if (!file)
        return BEAM_ENOMEM;
    crypto_hash_sha256(h.digest, (const uint8_t *)hashes, body);
    int err = make_head(pair, &h, file, &len);
    if (err < 0) {
        free(file);
        return err;
    }
    if (body > 0)
        memcpy(file + len, hashes, body);
    *out = file;
    *out_len = len + body;
    return 0;
}

/* ---- read ----------------------------------------------------------------------------------- */

static int system_fault(const struct denylist *d, struct beam_why *why)
{
    return beam_why(why, beam_err_errno(errno), "%s: %s", d->name, strerror(errno));
}

/* A file that nobody else can open, and that goes with us. */
static int open_copy(const char *dir)
{
    return open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
}

static int read_head(struct denylist *d, const struct peer_id *signer, struct beam_why *why)
{
    struct beam_why fault = {.text = ""};
    ssize_t n = pread(d->from, d->block, DENYLIST_HEAD_MAX, 0);
    if (n < 0)
        return system_fault(d, why);
    int err = denylist_head_parse(d->block, (size_t)n, signer, &d->head, &fault);
    if (err < 0)
        return beam_why(why, err, "%s: %s", d->name, fault.text);
    off_t size = lseek(d->from, 0, SEEK_END);
    if (size < 0 || (uint64_t)size != d->head.len + d->head.entries * DENYLIST_HASH_SIZE)
        return beam_why(why, BEAM_EINVAL, "%s: it is cut, or longer than it says", d->name);
    return 0;
}

int denylist_open(const char *path, const char *dir, const struct peer_id *signer, uint64_t least,
                  struct denylist **out, struct beam_why *why)
{
    struct denylist *d = calloc(1, sizeof(*d));
    int err = 0;
    if (d)
        d->block = malloc(READ_SIZE);
    if (!d || !d->block) {
        free(d);
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", path);
    }
    strncpy(d->name, path, sizeof(d->name) - 1);
    crypto_hash_sha256_init(&d->state);
    d->copy = -1;
    d->starts = malloc((STARTS + 1) * sizeof(*d->starts));
    d->from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (!d->starts)
        err = beam_why(why, BEAM_ENOMEM, "%s: out of memory", path);
    else if (d->from < 0)
        err = system_fault(d, why);
    if (err == 0)
        err = read_head(d, signer, why);
    if (err == 0 && d->head.sequence < least)
        err = beam_why(why, BEAM_EEXIST, "%s: it is older (%llu) than what we had (%llu)", path,
                       (unsigned long long)d->head.sequence, (unsigned long long)least);
    if (err == 0 && dir && (d->copy = open_copy(dir)) < 0)
        err = system_fault(d, why);
    if (err < 0)
        denylist_free(d);
    else
        *out = d;
    return err;
}

/* A search among ten million would touch a page at each of its steps; from here on it is one. */
static void note_starts(struct denylist *d, size_t up_to, uint64_t before)
{
    while (d->started <= up_to)
        d->starts[d->started++] = (uint32_t)before;
}

/* Whether the hashes of a part follow one another, and those before. */
static bool in_order(struct denylist *d, size_t n)
{
    const uint8_t *last = d->last;
    for (size_t at = 0; at < n; at += DENYLIST_HASH_SIZE) {
        const uint8_t *next = d->block + at;
        if ((d->read > 0 || at > 0) && memcmp(last, next, DENYLIST_HASH_SIZE) >= 0)
            return false;
        note_starts(d, (size_t)next[0] << 8 | next[1], (d->read + at) / DENYLIST_HASH_SIZE);
        last = next;
    }
    memmove(d->last, last, sizeof(d->last));
    return true;
}

/* The copy has the hashes alone. */
static int map(struct denylist *d)
{
    size_t head = d->copy >= 0 ? 0 : d->head.len;
    size_t len = head + d->head.entries * DENYLIST_HASH_SIZE;
    void *at = mmap(NULL, len, PROT_READ, MAP_PRIVATE, d->copy >= 0 ? d->copy : d->from, 0);
    if (at == MAP_FAILED)
        return -1;
    d->map = at;
    d->map_len = len;
    d->hashes = (const uint8_t *)at + head;
    return 0;
}

static int finish(struct denylist *d, struct beam_why *why)
{
    uint8_t digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(&d->state, digest);
    if (memcmp(digest, d->head.digest, sizeof(digest)) != 0)
        return beam_why(why, BEAM_EAUTH, "%s: its entries are not those that were signed", d->name);
    if (d->head.entries > 0 && map(d) < 0)
        return system_fault(d, why);
    note_starts(d, STARTS, d->head.entries);
    close(d->from);
    if (d->copy >= 0)
        close(d->copy);
    d->from = d->copy = -1;
    free(d->block);
    d->block = NULL;
    return 0;
}

int denylist_read(struct denylist *d, struct beam_why *why)
{
    uint64_t left = d->head.entries * DENYLIST_HASH_SIZE - d->read;
    size_t n = left < READ_SIZE ? (size_t)left : READ_SIZE;
    if (n == 0)
        return finish(d, why);
    if (pread(d->from, d->block, n, (off_t)(d->head.len + d->read)) != (ssize_t)n)
        return beam_why(why, BEAM_EINVAL, "%s: it was cut while it was read", d->name);
    if (!in_order(d, n))
        return beam_why(why, BEAM_EINVAL, "%s: its entries are not in order", d->name);
    if (d->copy >= 0 && pwrite(d->copy, d->block, n, (off_t)d->read) != (ssize_t)n)
        return system_fault(d, why);
    crypto_hash_sha256_update(&d->state, d->block, n);
    d->read += n;
    return BEAM_EAGAIN;
}

/* ---- asked ---------------------------------------------------------------------------------- */

bool denylist_has(const struct denylist *d, enum denylist_kind kind, const void *value, size_t len)
{
    uint8_t hash[DENYLIST_HASH_SIZE];
    if (!d->hashes)
        return false;
    denylist_hash(kind, value, len, hash);
    size_t start = (size_t)hash[0] << 8 | hash[1];
    size_t low = d->starts[start], high = d->starts[start + 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(hash, d->hashes + middle * DENYLIST_HASH_SIZE, DENYLIST_HASH_SIZE);
        if (order == 0)
            return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

const struct denylist_head *denylist_head(const struct denylist *d)
{
    return &d->head;
}

void denylist_free(struct denylist *d)
{
    if (!d)
        return;
    if (d->map)
        (void)munmap(d->map, d->map_len);
    if (d->from >= 0)
        close(d->from);
    if (d->copy >= 0)
        close(d->copy);
    free(d->block);
    free(d->starts);
    free(d);
}
