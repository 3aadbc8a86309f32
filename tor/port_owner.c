/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/port_owner.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LISTENS = 0x0a, /* the kernel's TCP_LISTEN */
    HEX = 8,        /* digits of a word */
    LINE = 256      /* theirs have 150 bytes */
};

/* An address as the kernel writes it: its words in hex as the machine's numbers, one for IPv4, four
 * for IPv6. Whether who listens there takes connections to `want`. */
static bool takes(const char *hex, in_addr_t want)
{
    uint32_t word[4] = {0};
    const size_t len = strlen(hex), words = len / HEX;
    if (len != HEX && len != 4 * HEX)
        return false;
    for (size_t i = 0; i < words; i++) {
        char one[HEX + 1] = "";
        memcpy(one, hex + HEX * i, HEX);
        word[i] = (uint32_t)strtoul(one, NULL, 16);
    }
    const uint32_t last = word[words - 1];
    if (words == 4 &&
        (word[0] || word[1] || (word[2] && word[2] != htonl(0xffff)) || (!word[2] && last)))
        return false;
    return last == want || last == htonl(INADDR_ANY);
}

bool port_owner_line(const char *line, const struct addr *at, uid_t *uid)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)&at->ss;
    char local[33], port[5], state[3], owner[11];
    /* its number, where it is bound, the other end, the state, queues, timers, the owner */
    if (sscanf(line, " %*9[0-9]: %32[0-9A-F]:%4[0-9A-F] %*37s %2[0-9A-F] %*17s %*11s %*8s %10[0-9]",
               local, port, state, owner) != 4 ||
        strtoul(state, NULL, 16) != LISTENS)
        return false;
    *uid = PORT_OWNER_NOBODY;
    if (in->sin_family == AF_INET && strtoul(port, NULL, 16) == addr_port(at) &&
        takes(local, in->sin_addr.s_addr))
        *uid = (uid_t)strtoul(owner, NULL, 10);
    return true;
}

/* Adds those of a file to *uid. False: they are several, or the file cannot be read. */
static bool look(const char *path, const struct addr *at, uid_t *uid)
{
    char line[LINE];
    uid_t one;
    bool good = true;
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    /* After the headline those who listen come first, and the rest may be very long. */
    if (fgets(line, sizeof(line), f))
        while (good && fgets(line, sizeof(line), f) && port_owner_line(line, at, &one)) {
            good = one == PORT_OWNER_NOBODY || *uid == PORT_OWNER_NOBODY || *uid == one;
            if (one != PORT_OWNER_NOBODY)
                *uid = one;
        }
    fclose(f);
    return good;
}

uid_t port_owner(const struct addr *at)
{
    uid_t uid = PORT_OWNER_NOBODY;
    if (!look("/proc/self/net/tcp", at, &uid))
        return PORT_OWNER_NOBODY;
    uid_t dual = uid; /* a machine without IPv6 has no such file */
    if (access("/proc/self/net/tcp6", F_OK) == 0 && !look("/proc/self/net/tcp6", at, &dual))
        return PORT_OWNER_NOBODY;
    return dual;
}
