/* SPDX-License-Identifier: BSD-3-Clause */
/* What holds for yamux over every kind of stream, as one suite run over each of them. */
#ifndef BEAM_TESTS_SUITE_MUXER_SUITE_H
#define BEAM_TESTS_SUITE_MUXER_SUITE_H

#include "loop/loop.h"
#include "stream/stream.h"
#include "tests/unit/harness.h"

struct muxer_kind {
    const char *name;
    /* Makes a connected pair; asserts that it could. */
    void (*open)(struct loop *l, struct stream **a, struct stream **b);
};

void muxer_many_streams(const struct muxer_kind *kind);
void muxer_takes_turns(const struct muxer_kind *kind);
void muxer_a_word_among_bulk(const struct muxer_kind *kind);
void muxer_slow_reader(const struct muxer_kind *kind);
void muxer_unread_streams(const struct muxer_kind *kind);
void muxer_memory_is_short(const struct muxer_kind *kind);
void muxer_window_grows(const struct muxer_kind *kind);
void muxer_too_many_streams(const struct muxer_kind *kind);
void muxer_go_away(const struct muxer_kind *kind);
void muxer_ping(const struct muxer_kind *kind);
void muxer_freed_session(const struct muxer_kind *kind);
void muxer_lost_connection(const struct muxer_kind *kind);
void muxer_left_streams(const struct muxer_kind *kind);
void muxer_idle_holds_nothing(const struct muxer_kind *kind);

#define MUXER_SUITE_TEST(kind_, test_)                                                             \
    BEAM_TEST(kind_, test_)                                                                        \
    {                                                                                              \
        muxer_##test_(&kind_);                                                                     \
    }

#define MUXER_SUITE(kind_)                                                                         \
    MUXER_SUITE_TEST(kind_, many_streams)                                                          \
    MUXER_SUITE_TEST(kind_, takes_turns)                                                           \
    MUXER_SUITE_TEST(kind_, a_word_among_bulk)                                                     \
    MUXER_SUITE_TEST(kind_, slow_reader)                                                           \
    MUXER_SUITE_TEST(kind_, unread_streams)                                                        \
    MUXER_SUITE_TEST(kind_, memory_is_short)                                                       \
    MUXER_SUITE_TEST(kind_, window_grows)                                                          \
    MUXER_SUITE_TEST(kind_, too_many_streams)                                                      \
    MUXER_SUITE_TEST(kind_, go_away)                                                               \
    MUXER_SUITE_TEST(kind_, ping)                                                                  \
    MUXER_SUITE_TEST(kind_, freed_session)                                                         \
    MUXER_SUITE_TEST(kind_, lost_connection)                                                       \
    MUXER_SUITE_TEST(kind_, left_streams)                                                          \
    MUXER_SUITE_TEST(kind_, idle_holds_nothing)

#endif
