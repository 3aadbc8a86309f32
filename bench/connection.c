/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an idle connection costs in memory: TCP, Noise and yamux, at the end that accepts, after a
 * stream was used and has ended. It is what the process has more of than before the first.
 *
 *     connection [CONNECTIONS]
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/kit.h"
#include "bench/pump.h"
#include "bench/requests.h"

enum { CONNECTIONS = 1000, CONNECTIONS_MAX = 8000, WARM = 10, ALARM_S = 120 };
#define WANTED (24 * 1024) /* bytes each */

/* The bytes that are this process's alone. */
static size_t private_bytes(void)
{
    char row[256];
    size_t sum = 0, kib;
    FILE *f = fopen("/proc/self/smaps_rollup", "r");
    pump_must(f != NULL, "smaps_rollup");
    while (fgets(row, sizeof(row), f))
        if (strncmp(row, "Private_", 8) == 0 && sscanf(strchr(row, ':') + 1, "%zu", &kib) == 1)
            sum += kib * 1024;
    fclose(f);
    return sum;
}

/* Connects, asks once on each, and keeps them. */
static _Noreturn void ask_all(uint16_t port, uint64_t count)
{
    struct loop *l;
    struct session *all = calloc(count, sizeof(*all));
    pump_must(all && loop_new(&l) == 0, "memory");
    for (uint64_t i = 0; i < count; i++) {
        session_over(&all[i], l, kit_connected(port), true);
        requests_ask(&all[i]);
    }
    for (;;)
        pump_must(loop_run(l) == 0, "the loop");
}

static void accept_one(struct session *s, struct loop *l, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    pump_must(fd >= 0, "accept");
    requests_answer(s, l);
    session_over(s, l, fd, false);
    while (!s->idle)
        pump_must(loop_run(l) == 0, "the loop");
}

int main(int argc, char **argv)
{
    uint64_t count = CONNECTIONS;
    const struct kit_argument arguments[] = {{"CONNECTIONS", &count, CONNECTIONS_MAX}};
    uint16_t port;
    struct loop *l;
    kit_begin(argc, argv, arguments, 1, ALARM_S);
    pump_must(sodium_init() >= 0, "libsodium");
    int listener = kit_listening(&port);
    pid_t asker = kit_child();
    if (asker == 0)
        ask_all(port, count + WARM);
    struct session *all = calloc(count + WARM, sizeof(*all));
    pump_must(all && loop_new(&l) == 0, "memory");
    for (size_t i = 0; i < WARM; i++)
        accept_one(&all[i], l, listener);
    size_t before = private_bytes();
    for (size_t i = 0; i < count; i++)
        accept_one(&all[WARM + i], l, listener);
    double each = (double)(private_bytes() - before) / (double)count;
    kit_stop(asker);
    bool small = each < WANTED;
    printf("%-24s %.1f kB (wanted: under %d kB)%s\n", "memory of a connection", each / 1024,
           WANTED / 1024, small ? "" : " MISSED");
    return small ? 0 : 1;
}
