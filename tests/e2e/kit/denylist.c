/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Large denylists, for tests/e2e/denylist_load:
 *
 *     denylist signer                                     the peer id of who signs them
 *     denylist make FILE SEQUENCE ENTRIES [PEER...]       one, with these owners' keys on it
 *     denylist time FILE DIR                              reads it and looks things up: figures
 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/text.h"
#include "relay/denylist.h"

enum { LOOKUPS = 1000000 };

static struct key_pair *signer(void)
{
    const uint8_t seed[KEY_SEED_SIZE] = {'l', 'i', 's', 't'};
    struct key_pair *pair = NULL;
    if (key_pair_from_seed(seed, &pair) < 0)
        exit(1);
    return pair;
}

static void signer_id(struct peer_id *out)
{
    struct key_public key;
    struct key_pair *pair = signer();
    key_pair_public(pair, &key);
    key_pair_free(pair);
    if (peer_id_from_key(&key, out) < 0)
        exit(1);
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, DENYLIST_HASH_SIZE);
}

static int make(const char *path, const char *sequence, const char *entries, char **peers,
                int count)
{
    uint64_t seq, n;
    struct key_pair *pair = signer();
    struct peer_id id;
    uint8_t *file;
    size_t len;
    if (text_number(sequence, strlen(sequence), UINT64_MAX, &seq) < 0 ||
        text_number(entries, strlen(entries), DENYLIST_ENTRIES_MAX, &n) < 0 || n < (uint64_t)count)
        return 1;
    uint8_t(*hashes)[DENYLIST_HASH_SIZE] = calloc(n + 1, sizeof(*hashes));
    if (!hashes)
        return 1;
    randombytes_buf(hashes, n * sizeof(*hashes));
    for (int i = 0; i < count; i++) {
        if (peer_id_parse(peers[i], strlen(peers[i]), &id, NULL) < 0)
            return 1;
        denylist_hash(DENYLIST_KEY, id.bytes, id.len, hashes[i]);
    }
    qsort(hashes, n, sizeof(*hashes), by_bytes);
    int err =
        denylist_make(pair, seq, 7, (const uint8_t(*)[DENYLIST_HASH_SIZE])hashes, n, &file, &len);
    free(hashes);
    if (err == 0)
        err = file_write(path, 0644, file, len);
    free(file);
    key_pair_free(pair);
    return err < 0;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double look_up(const struct denylist *d)
{
    uint8_t value[16] = {0};
    size_t found = 0;
    double begin = now_ms();
    for (size_t i = 0; i < LOOKUPS; i++) {
        memcpy(value, &i, sizeof(i));
        found += denylist_has(d, DENYLIST_ENDPOINT, value, sizeof(value));
    }
    return found == 0 ? now_ms() - begin : 0; /* that one is on it does not happen */
}

static int measure(const char *path, const char *dir)
{
    struct peer_id alice;
    struct denylist *d;
    struct beam_why why = {.text = ""};
    double begin = now_ms(), longest = 0, before = begin;
    signer_id(&alice);
    int err = denylist_open(path, dir, &alice, 0, &d, &why), steps = 0;
    if (err < 0) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    for (err = BEAM_EAGAIN; err == BEAM_EAGAIN; steps++) {
        err = denylist_read(d, &why);
        double at = now_ms();
        longest = at - before > longest ? at - before : longest;
        before = at;
    }
    double read = now_ms() - begin, looked = look_up(d);
    printf("{\"entries\": %llu, \"read_ms\": %.0f, \"steps\": %d, \"longest_step_ms\": %.1f, "
           "\"lookup_us\": %.2f}\n",
           (unsigned long long)denylist_head(d)->entries, read, steps, longest,
           looked * 1e3 / LOOKUPS);
    denylist_free(d);
    return err < 0;
}

int main(int argc, char **argv)
{
    struct peer_id id;
    char text[PEER_ID_TEXT_SIZE];
    if (sodium_init() < 0 || argc < 2)
        return 2;
    if (argc == 2 && strcmp(argv[1], "signer") == 0) {
        signer_id(&id);
        peer_id_text(&id, text);
        puts(text);
        return 0;
    }
    if (argc >= 5 && strcmp(argv[1], "make") == 0)
        return make(argv[2], argv[3], argv[4], argv + 5, argc - 5);
    if (argc == 4 && strcmp(argv[1], "time") == 0)
        return measure(argv[2], argv[3]);
    return 2;
}
