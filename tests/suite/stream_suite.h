/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What holds for every kind of stream, as one suite of tests run over each.
 *
 *     static void open_tcp(struct loop *l, struct suite_pair *p) { … }
 *     static const struct suite_kind tcp = {.name = "tcp", .open = open_tcp, …};
 *     STREAM_SUITE(tcp)
 */
#ifndef BEAM_TESTS_SUITE_STREAM_SUITE_H
#define BEAM_TESTS_SUITE_STREAM_SUITE_H

#include "loop/loop.h"
#include "stream/stream.h"
#include "tests/unit/harness.h"

/* What is written to one is read from the other. */
struct suite_pair {
    struct stream *near, *far;
};

struct suite_kind {
    const char *name; /* as stream_kind gives it, of `near` */
    /* Makes a connected pair; asserts that it could. */
    void (*open)(struct loop *l, struct suite_pair *p);
    void (*close)(void); /* what is left when both ends were freed; NULL: nothing */
    size_t hold;         /* the most that it takes while nobody reads */
};

void suite_random_chunks(const struct suite_kind *kind);
void suite_one_byte_at_a_time(const struct suite_kind *kind);
void suite_large_transfer(const struct suite_kind *kind);
void suite_back_pressure(const struct suite_kind *kind);
void suite_half_close(const struct suite_kind *kind);
void suite_end_after_data(const struct suite_kind *kind);
void suite_shut_twice(const struct suite_kind *kind);
void suite_reset_is_seen(const struct suite_kind *kind);
void suite_reset_wakes_the_blocked(const struct suite_kind *kind);
void suite_reset_after_the_end_is_seen(const struct suite_kind *kind);
void suite_gone_reader(const struct suite_kind *kind);
void suite_free_in_callback(const struct suite_kind *kind);
void suite_limits(const struct suite_kind *kind);
void suite_idle_holds_nothing(const struct suite_kind *kind);

#define STREAM_SUITE_TEST(kind_, test_)                                                            \
    BEAM_TEST(kind_, test_)                                                                        \
    {                                                                                              \
        suite_##test_(&kind_);                                                                     \
    }

#define STREAM_SUITE(kind_)                                                                        \
    STREAM_SUITE_TEST(kind_, random_chunks)                                                        \
    STREAM_SUITE_TEST(kind_, one_byte_at_a_time)                                                   \
    STREAM_SUITE_TEST(kind_, large_transfer)                                                       \
    STREAM_SUITE_TEST(kind_, back_pressure)                                                        \
    STREAM_SUITE_TEST(kind_, half_close)                                                           \
    STREAM_SUITE_TEST(kind_, end_after_data)                                                       \
    STREAM_SUITE_TEST(kind_, shut_twice)                                                           \
    STREAM_SUITE_TEST(kind_, reset_is_seen)                                                        \
    STREAM_SUITE_TEST(kind_, reset_wakes_the_blocked)                                              \
    STREAM_SUITE_TEST(kind_, reset_after_the_end_is_seen)                                          \
    STREAM_SUITE_TEST(kind_, gone_reader)                                                          \
    STREAM_SUITE_TEST(kind_, free_in_callback)                                                     \
    STREAM_SUITE_TEST(kind_, limits)                                                               \
    STREAM_SUITE_TEST(kind_, idle_holds_nothing)

#endif
