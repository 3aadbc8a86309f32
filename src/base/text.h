/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text codecs (RFC 4648), numbers, UTF-8 (RFC 3629), escaping. Pure. Sizes are
 * in bytes and count the final NUL where a string is written. Decoders refuse
 * anything not canonical.
 */
#ifndef BEAM_BASE_TEXT_H
#define BEAM_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_HEX_SIZE(n)    ((n)*2 + 1)
#define TEXT_BASE32_SIZE(n) (((n)*8 + 4) / 5 + 1)
#define TEXT_BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)

/* Lower case. 0 or BEAM_ELIMIT when out is too small. */
int text_hex_encode(const void *data, size_t len, char *out, size_t size);
/* Either case, exactly 2*size characters. 0 or BEAM_EINVAL. Runs in time that
 * depends on the length alone. */
int text_hex_decode(const char *text, size_t len, void *out, size_t size);

/* Lower case, no padding (as in onion addresses). 0 or BEAM_ELIMIT. */
int text_base32_encode(const void *data, size_t len, char *out, size_t size);
/* Lower or upper case, no padding, unused bits zero. Sets *out_len. 0, BEAM_EINVAL, BEAM_ELIMIT. */
int text_base32_decode(const char *text, size_t len, void *out, size_t size, size_t *out_len);

/* Standard alphabet with padding. 0 or BEAM_ELIMIT. */
int text_base64_encode(const void *data, size_t len, char *out, size_t size);
/* Padded or not. Sets *out_len. 0, BEAM_EINVAL, BEAM_ELIMIT. */
int text_base64_decode(const char *text, size_t len, void *out, size_t size, size_t *out_len);

/*
 * base58btc and base36, in which the whole of the bytes is one number and each leading zero byte
 * one leading zero digit. The work grows with the square of the length, so nothing longer than
 * TEXT_RADIX_MAX bytes is taken.
 */
enum { TEXT_RADIX_MAX = 128 };
#define TEXT_BASE58_SIZE(n) ((n)*138 / 100 + 2)
/* 0 or BEAM_ELIMIT. */
int text_base58_encode(const void *data, size_t len, char *out, size_t size);
/* Sets *out_len. 0, BEAM_EINVAL, BEAM_ELIMIT. */
int text_base58_decode(const char *text, size_t len, void *out, size_t size, size_t *out_len);
/* Lower or upper case. Sets *out_len. 0, BEAM_EINVAL, BEAM_ELIMIT. */
int text_base36_decode(const char *text, size_t len, void *out, size_t size, size_t *out_len);

/* A decimal number with no sign, space or leading zero, at most max. 0 or BEAM_EINVAL. */
int text_number(const char *text, size_t len, uint64_t max, uint64_t *out);

bool text_utf8_valid(const char *text, size_t len);

/*
 * Makes bytes fit for a terminal or a log line: printable UTF-8 stays, and
 * every other byte (controls, DEL, C1, invalid UTF-8, bidirectional and other
 * invisible format characters, the backslash) is written \xNN. The result is
 * cut (with "...") to fit size. Returns the length written.
 */
size_t text_escape(const void *data, size_t len, char *out, size_t size);

/*
 * The nearest of `n` known words for "did you mean", by edit distance with a
 * bound that grows with the word's length; NULL when none is near. Borrowed.
 */
const char *text_nearest(const char *word, const char *const *known, size_t n);

/* A label as names use it: [a-z0-9]([a-z0-9-]{0,61}[a-z0-9])? */
bool text_label_valid(const char *text);

#endif
