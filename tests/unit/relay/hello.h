/* SPDX-License-Identifier: BSD-3-Clause */
/* ClientHellos as a peer might send them. */
#ifndef BEAM_TESTS_UNIT_RELAY_HELLO_H
#define BEAM_TESTS_UNIT_RELAY_HELLO_H

#include <stddef.h>
#include <stdint.h>

enum { HELLO_SIZE = 128 * 1024 }; /* of one in long records; six times as much in records of 1 */

/* For a name (NULL: none), with an extension of `before` bytes in front of it, in records of at
 * most `record` bytes. Returns its length. */
size_t hello_make(uint8_t *out, const char *name, size_t before, size_t record);

#endif
