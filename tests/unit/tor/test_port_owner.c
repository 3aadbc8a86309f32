/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/port_owner.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/harness.h"

static struct addr at_port(uint16_t port)
{
    struct addr a;
    cr_assert_eq(addr_ip("127.0.0.1", 9, port, &a), 0);
    return a;
}

/* Four bytes of an address as the kernel writes them on this machine. */
#define WORD_SIZE 9
static const char *word(uint32_t value, char *out)
{
    snprintf(out, WORD_SIZE, "%08X", (unsigned)htonl(value));
    return out;
}

static uid_t of(const char *local, const char *state)
{
    char line[256];
    uid_t uid = 4711;
    const struct addr at = at_port(0x235b);
    snprintf(line, sizeof(line),
             "   7: %s 00000000:0000 %s 00000000:00000000 00:00000000 00000000   102        0 "
             "31337 1 0000000000000000 100 0 0 10 0\n",
             local, state);
    return port_owner_line(line, &at, &uid) ? uid : 4711;
}

static uid_t bound(const char *before, uint32_t last, const char *port)
{
    char text[64], end[WORD_SIZE];
    snprintf(text, sizeof(text), "%s%s:%s", before, word(last, end), port);
    cr_assert_eq(of(text, "01"), 4711, "it does not listen");
    return of(text, "0A");
}

#define NOT   PORT_OWNER_NOBODY
#define ZEROS "000000000000000000000000"

BEAM_TEST(port_owner, of_a_line)
{
    char mapped[32] = "0000000000000000";
    cr_assert_eq(bound("", INADDR_LOOPBACK, "235B"), 102);
    cr_assert_eq(bound("", INADDR_ANY, "235B"), 102);
    cr_assert_eq(bound("", INADDR_LOOPBACK + 1, "235B"), NOT);
    cr_assert_eq(bound("", INADDR_LOOPBACK, "235C"), NOT);
    cr_assert_eq(bound("", INADDR_ANY, "35B"), NOT);
    cr_assert_eq(bound(ZEROS, INADDR_ANY, "235B"), 102, "both of IPv6 and IPv4");
    cr_assert_eq(bound(ZEROS, 1, "235B"), NOT, "::1");
    word(0xffff, mapped + 16);
    cr_assert_eq(bound(mapped, INADDR_LOOPBACK, "235B"), 102);
    cr_assert_eq(bound(mapped, INADDR_LOOPBACK + 1, "235B"), NOT);
    cr_assert_eq(bound("00000000", INADDR_LOOPBACK, "235B"), NOT, "no address is so long");
}

BEAM_TEST(port_owner, of_what_is_no_line)
{
    static const char *const bad[] = {
        "",
        "\n",
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid",
        "   0: 0100007F:235B 00000000:0000 0A",
        "0: :235B 0:0 0A 0:0 0:0 0 0",
        "x: 0100007F:235B 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0"};
    const struct addr at = at_port(0x235b);
    uid_t uid;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_not(port_owner_line(bad[i], &at, &uid), "%s", bad[i]);
}

BEAM_TEST(port_owner, of_a_port_that_is_ours)
{
    struct addr at = at_port(1);
    struct sockaddr_in *in = (struct sockaddr_in *)&at.ss;
    socklen_t len = sizeof(*in);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    in->sin_port = 0;
    cr_assert_eq(bind(fd, (struct sockaddr *)in, len), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)in, &len), 0);
    cr_assert_eq(port_owner(&at), PORT_OWNER_NOBODY, "it does not listen yet");
    cr_assert_eq(listen(fd, 1), 0);
    cr_assert_eq(port_owner(&at), geteuid());
    close(fd);
    cr_assert_eq(port_owner(&at), PORT_OWNER_NOBODY);
}
