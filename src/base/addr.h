/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a socket may go: IPv4, IPv6 or a unix path. Pure; never asks DNS. */
#ifndef BEAM_BASE_ADDR_H
#define BEAM_BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct addr {
    struct sockaddr_storage ss;
    socklen_t len;
};

enum addr_scope {
    ADDR_UNIX,     /* a socket in the file system */
    ADDR_LOOPBACK, /* 127.0.0.0/8, ::1, and those mapped into IPv6 */
    ADDR_LAN,      /* private, link-local, unique local; 100.64.0.0/10 (RFC 6598); IPv6 that is
                      translated or tunnelled to IPv4 which is not global */
    ADDR_GLOBAL    /* everything else, multicast and unspecified included */
};

/* 0; BEAM_EINVAL when the path is empty, BEAM_ELIMIT when it is longer than a
 * sockaddr_un holds (107 bytes). */
int addr_unix(const char *path, struct addr *out);
/* IP literal ("127.0.0.1", "::1", no brackets) and a port 1–65535. 0 or BEAM_EINVAL. */
int addr_ip(const char *host, size_t host_len, uint16_t port, struct addr *out);
enum addr_scope addr_scope(const struct addr *a);
/* 0.0.0.0/8 or :: (or the former mapped into IPv6): dialled, they mean this machine. */
bool addr_unspecified(const struct addr *a);
/* The unix path, or NULL. Borrowed. */
const char *addr_path(const struct addr *a);
uint16_t addr_port(const struct addr *a);
/* Of an IP address; of others nothing is changed. */
void addr_set_port(struct addr *a, uint16_t port);

/* What addr_text writes, with a port 1–65535 and a path that may be relative. 0, BEAM_EINVAL, or
 * BEAM_ELIMIT (the path). */
int addr_parse(const char *text, struct addr *out);

enum { ADDR_TEXT_SIZE = 128 };
/* "127.0.0.1:3000", "[::1]:3000", "unix:/path" into out[ADDR_TEXT_SIZE]. */
void addr_text(const struct addr *a, char *out);

#endif
