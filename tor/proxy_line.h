/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The line that tor puts before what a visitor says, with HiddenServiceExportCircuitID haproxy
 * (tor(1); the form is that of version 1 of HAProxy's PROXY protocol): instead of an address, which
 * nobody knows, it has the number of the visitor's circuit. Pure.
 */
#ifndef BEAM_TOR_PROXY_LINE_H
#define BEAM_TOR_PROXY_LINE_H

#include <stddef.h>
#include <stdint.h>

enum {
    PROXY_LINE_MIN = 43, /* "PROXY TCP6 fc00:dead:beef:4dad::0:0 ::1 0 0", without CRLF */
    PROXY_LINE_MAX = 105 /* of any such line */
};

/* `line` without CRLF. 0, or BEAM_EPROTO: it has not exactly that form. */
int proxy_line_parse(const char *line, size_t len, uint32_t *circuit);

#endif
