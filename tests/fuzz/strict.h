/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A reader of HTTP/1.1 that was written for the fuzz targets alone and shares no code with beam's.
 * It takes what strict senders write, and aborts at all else.
 */
#ifndef BEAM_TESTS_FUZZ_STRICT_H
#define BEAM_TESTS_FUZZ_STRICT_H

/* The line at *at, without its CRLF, which must be there, and NUL-ended. */
char *strict_line(char **at, char *end);
/* A chunked body and its trailers. */
void strict_chunks(char **at, char *end);

#endif
