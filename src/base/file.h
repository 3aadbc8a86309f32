/* SPDX-License-Identifier: BSD-3-Clause */
/* Small files and private folders, safely. */
#ifndef BEAM_BASE_FILE_H
#define BEAM_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * Reads a whole regular file of at most `max` bytes into fresh memory, with a
 * NUL after the last byte that *len does not count. The caller frees with
 * free(). BEAM_ENOTFOUND, BEAM_ELIMIT, BEAM_EINVAL (not a regular file), BEAM_EIO.
 */
int file_read(const char *path, size_t max, char **out, size_t *len);
/* The same for a secret: the file must be ours and 0600 or tighter (BEAM_EPERM),
 * no symbolic link; the memory is sodium_malloc'd, free with sodium_free. */
int file_read_secret(const char *path, size_t max, uint8_t **out, size_t *len);
/* The same for a secret that somebody else may have put there (a certificate's key): links are
 * followed, and its group may read it (0640), as the owner of the file has it. */
int file_read_shared_secret(const char *path, size_t max, uint8_t **out, size_t *len);

/* Why one of these failed with `err`, asked at once: the system's words, where there are any. */
const char *file_fault(int err);

/* Writes a new file and renames it over `path`; mode as given; synced to disk
 * before the rename, its folder after it. On failure the old file is whole (or
 * the new one, when all that failed was to sync the folder), and what was written of the new one
 * is wiped. */
int file_write(const char *path, mode_t mode, const void *data, size_t len);
/* The same for a file that nobody else writes meanwhile (it has a lock): what a process left behind
 * that was killed at it, `path`.part, goes with the next write. */
int file_write_alone(const char *path, mode_t mode, const void *data, size_t len);
/* The same where nothing is yet: BEAM_EEXIST, and what is there stays. On failure nothing is. */
int file_write_new(const char *path, mode_t mode, const void *data, size_t len);
/* The same for what need not outlive a crash: it is not synced. */
int file_write_brief(const char *path, mode_t mode, const void *data, size_t len);
/* Cuts off of an absolute `path` what does not exist. */
void file_to_existing(char *path);
/* Whether it is there, in a file system that is in memory (tmpfs, ramfs) and on no disk. */
bool file_in_memory(const char *path);

/* Makes the folder (and missing parents) 0700. It must be ours and no looser
 * than 0700: otherwise BEAM_EPERM and `why` says which and the chmod to run. */
int file_private_dir(const char *path, struct beam_why *why);
/* A file that exists must be ours and no looser than `mode`. Missing: 0. */
int file_check_mode(const char *path, mode_t mode, struct beam_why *why);

/* "a/b" into fresh memory; NULL when out of memory. free(). */
char *file_join(const char *dir, const char *name);
/* Removes a file or socket; missing is fine. */
int file_remove(const char *path);
/* Removes a regular file after its bytes were written over with zeros, which a disk may still keep
 * elsewhere (a journal, a snapshot, flash). Missing is fine; no link is followed (BEAM_EPERM). */
int file_wipe(const char *path);
/* Takes the lock that the file stands for, which is made 0600 and stays when the lock is gone:
 * close the descriptor for that. The descriptor; BEAM_EEXIST: another process has it; BEAM_EIO. */
int file_lock(const char *path);
/* Removes a folder and what is in it, never following links and never
 * leaving the file system it is on. Missing is fine. No slash at the end (BEAM_EINVAL). What cannot
 * be removed keeps nothing else from it; the error is that of the first. */
int file_remove_tree(const char *path);

#endif
