/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The figures of bench/peers, in numbers alone: GB a second of one yamux stream over Noise between
 * two processes, and streams a second that are opened, used for 100 bytes each way, and ended.
 *
 *     load [MEGABYTES [STREAMS]]
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/kit.h"
#include "bench/pump.h"
#include "bench/requests.h"

enum { MEGABYTES = 2000, STREAMS = 10000, AT_ONCE = 100, ALARM_S = 60 };

int main(int argc, char **argv)
{
    uint64_t megabytes = MEGABYTES, streams = STREAMS;
    const struct kit_argument arguments[] = {{"MEGABYTES", &megabytes, 1000000},
                                             {"STREAMS", &streams, 10000000}};
    kit_begin(argc, argv, arguments, 2, ALARM_S);
    pump_must(sodium_init() >= 0, "libsodium");
    printf("%.4f ", pump_rate(session_stream, megabytes * 1000000));
    printf("%.1f\n", (double)streams / requests_make(streams, AT_ONCE, NULL));
    return 0;
}
