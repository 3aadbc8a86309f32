/* SPDX-License-Identifier: BSD-3-Clause */
/* What keeps the memory of this process to itself: keys, passphrases and addresses are in it. */
#ifndef BEAM_BASE_SECRECY_H
#define BEAM_BASE_SECRECY_H

/*
 * No core dump, and no attaching by other processes of this user. What cJSON lets go of is wiped
 * first, for a request or a reply may carry a key, and copies of it are in the strings, in the text
 * that is parsed and in what is printed. Called once, before there is anything to keep. 0, or
 * BEAM_EIO.
 */
int secrecy_begin(void);

/* Wipe the whole of what malloc gave, or that and free it. NULL allowed. */
void secrecy_wipe(void *memory);
void secrecy_free(void *memory);

#endif
