/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Byte queues without copies: a buf is a chain of segments of reference-counted
 * blocks from a pool. Bytes move between bufs by handing segments over, leave
 * and enter sockets by writev and readv. Each buf is born with a ceiling; no
 * operation makes it longer than that.
 */
#ifndef BEAM_BASE_BUF_H
#define BEAM_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

enum { BUF_BLOCK_SIZE = 32 * 1024 }; /* bytes in a block */

struct buf_pool;
struct buf_seg;

/* A pool that keeps at most `keep` idle blocks for use again. 0 or BEAM_ENOMEM. */
int buf_pool_new(size_t keep, struct buf_pool **out);
/* Every buf of the pool must have been freed before. NULL allowed. */
void buf_pool_free(struct buf_pool *pool);
/* Blocks in use now (for tests and figures). */
size_t buf_pool_used(const struct buf_pool *pool);

/* Fields are private to buf.c. An idle, empty buf holds no block. */
struct buf {
    struct buf_pool *pool;
    struct buf_seg *head, *tail;
    struct buf_seg *spare; /* lent by buf_prepare */
    size_t len, ceiling;
};

/* `pool` is borrowed and must outlive the buf. `ceiling` in bytes. */
void buf_init(struct buf *b, struct buf_pool *pool, size_t ceiling);
/* Lets every byte go; b is empty and usable again. */
void buf_clear(struct buf *b);

static inline size_t buf_len(const struct buf *b)
{
    return b->len;
}
/* The pool it was born with. Borrowed. */
static inline struct buf_pool *buf_pool(const struct buf *b)
{
    return b->pool;
}
/* Bytes until the ceiling. */
static inline size_t buf_room(const struct buf *b)
{
    return b->ceiling - b->len;
}

/* Appends a copy of len bytes, all or nothing. 0, BEAM_ENOMEM or BEAM_ELIMIT. */
int buf_add(struct buf *b, const void *data, size_t len);
/* The same for a secret: wherever the bytes are handed to, the memory they lie in is wiped before
 * it is used for anything else. As buf_add. */
int buf_add_secret(struct buf *b, const void *data, size_t len);
/* As buf_add, into blocks that are filled by this call alone, one after another: what is kept for
 * long then keeps no block that others have filled. For small pieces that wait to be many. */
int buf_add_apart(struct buf *b, const void *data, size_t len);
/* Appends formatted text (at most 4 KiB), all or nothing. As buf_add. */
int buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Room at the tail for readv: fills at most *n entries of iov, for at most
 * min(want, room) bytes, sets *n to the number filled. Nothing is appended
 * until buf_commit. 0, BEAM_ENOMEM, or BEAM_ELIMIT when there is no room.
 */
int buf_prepare(struct buf *b, size_t want, struct iovec *iov, int *n);
/* The first `len` bytes of what buf_prepare gave are now part of b (0 is fine
 * and gives unused blocks back). */
void buf_commit(struct buf *b, size_t len);

/* Describes the first bytes of b for writev: at most `max` entries. Returns how many. */
int buf_iov(const struct buf *b, struct iovec *iov, int max);
/* Lets the first `len` bytes go (len <= buf_len). */
void buf_drain(struct buf *b, size_t len);

/*
 * Hands the first `len` bytes of src over to the tail of dst: no bytes are
 * copied (a segment cut in two shares its block). Two bufs of one pool, len <=
 * buf_len(src), or BEAM_EINVAL. All or nothing: 0, BEAM_ENOMEM, or BEAM_ELIMIT
 * when dst has no room.
 */
int buf_move(struct buf *dst, struct buf *src, size_t len);

/* Copies up to len bytes from offset `from` to out. Returns how many. */
size_t buf_peek(const struct buf *b, size_t from, void *out, size_t len);
/* Offset of the first `byte` at or after `from` and below `limit`; -1 if none. */
ssize_t buf_find(const struct buf *b, size_t from, size_t limit, uint8_t byte);

#endif
