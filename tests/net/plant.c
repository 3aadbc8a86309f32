/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Leaks on purpose, loaded into beam by LD_PRELOAD, each of which tests/net/leak must find. PLANT
 * says which:
 *
 *     udp   a question to a name server
 *     tcp   a connection to ADDRESS:PORT (PLANT_TO), a relay's own port: only whose it is gives it
 *           away
 *     name  a host name looked up by the C library
 *     six   a datagram to an IPv6 address
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void send_to(int family, const char *host, const char *port, int type)
{
    struct addrinfo hints = {.ai_family = family, .ai_socktype = type, .ai_flags = AI_NUMERICHOST},
                    *at;
    if (getaddrinfo(host, port, &hints, &at) != 0)
        abort();
    int fd = socket(family, type, 0);
    if (fd < 0)
        abort();
    if (connect(fd, at->ai_addr, at->ai_addrlen) == 0 && write(fd, "\0", 1) != 1)
        abort();
    close(fd);
    freeaddrinfo(at);
}

__attribute__((constructor)) static void leak(void)
{
    const char *plant = getenv("PLANT"), *to = getenv("PLANT_TO");
    struct addrinfo *at = NULL;
    if (!plant)
        return;
    if (strcmp(plant, "udp") == 0)
        send_to(AF_INET, "198.51.100.53", "53", SOCK_DGRAM);
    else if (strcmp(plant, "six") == 0)
        send_to(AF_INET6, "2001:db8::53", "53", SOCK_DGRAM);
    else if (strcmp(plant, "tcp") == 0 && to)
        send_to(AF_INET, "10.77.0.1", to, SOCK_STREAM);
    else if (strcmp(plant, "name") == 0 && getaddrinfo("app.example", "80", NULL, &at) == 0)
        freeaddrinfo(at);
}
