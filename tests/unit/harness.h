/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every unit test is written with.
 *
 *     #include "tests/unit/harness.h"
 *
 *     BEAM_TEST(buf, append_keeps_order)
 *     {
 *         struct buf *b = buf_new(64);
 *         cr_assert_not_null(b);
 *         ...
 *         buf_free(b);
 *     }
 *
 * Criterion runs each test in a process of its own, where LeakSanitizer does not look by itself;
 * so the body is followed by a leak check whenever the program is built with AddressSanitizer. A
 * body therefore frees all it made, and does not `return` early with something in hand.
 *
 * The same bodies run once more with each allocation in turn made to fail (tests/torture). A body
 * may then fail its assertions, but must not crash: assert what a constructor or an allocation
 * gave before using it.
 *
 * Further arguments are Criterion's own; a .timeout is not needed, see BEAM_TEST_SECONDS.
 */
#ifndef BEAM_TESTS_UNIT_HARNESS_H
#define BEAM_TESTS_UNIT_HARNESS_H

#include <criterion/criterion.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define BEAM_TEST_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BEAM_TEST_ASAN 1
#endif
#endif

#ifdef BEAM_TEST_ASAN
#include <sanitizer/lsan_interface.h>
#endif

/* tests/torture/fault.c; weak, so that a program linked without it runs just the same. */
extern void beam_fault_arm(const char *test) __attribute__((weak));
extern void beam_fault_disarm(void) __attribute__((weak));
extern void beam_fault_leak(const char *test) __attribute__((weak));

/*
 * A pointer that a finished body left behind in dead stack would hide its leak: LeakSanitizer
 * takes any word on the stack for a reference. So a body runs some way down the stack, and all
 * of what it may have touched is written over, by a function that AddressSanitizer leaves alone
 * (whose red zones would stay as they are).
 */
enum { BEAM_TEST_DOWN = 1024, BEAM_TEST_WIPED = 64 * 1024 };

static __attribute__((noinline, unused, no_sanitize_address)) void
beam_test_down(void (*body)(void))
{
    volatile char down[BEAM_TEST_DOWN] = {0};
    body();
    (void)down[0];
}

static __attribute__((noinline, unused, no_sanitize_address)) void beam_test_wipe_stack(void)
{
    volatile char dead[BEAM_TEST_WIPED];
    for (size_t i = 0; i < sizeof(dead); i++)
        dead[i] = 0;
}

/* A body that hangs dies of SIGALRM, which Criterion reports as a crash. */
enum { BEAM_TEST_SECONDS = 120 };

static inline void beam_test_begin(const char *test)
{
    alarm(BEAM_TEST_SECONDS);
    if (beam_fault_arm)
        beam_fault_arm(test);
}

static inline void beam_test_end(const char *test)
{
    if (beam_fault_disarm)
        beam_fault_disarm();
    alarm(0);
#ifdef BEAM_TEST_ASAN
    beam_test_wipe_stack();
    int leaks = __lsan_do_recoverable_leak_check();
    if (leaks && beam_fault_leak)
        beam_fault_leak(test);
    cr_assert_eq(leaks, 0, "%s: memory leaked (LeakSanitizer's report is above)", test);
#else
    (void)test;
#endif
}

#define BEAM_TEST(suite_, name_, ...)                                                              \
    static __attribute__((noinline)) void beam_body_##suite_##_##name_(void);                      \
    Test(suite_, name_, ##__VA_ARGS__)                                                             \
    {                                                                                              \
        beam_test_begin(#suite_ "/" #name_);                                                       \
        beam_test_down(beam_body_##suite_##_##name_);                                              \
        beam_test_end(#suite_ "/" #name_);                                                         \
    }                                                                                              \
    static void beam_body_##suite_##_##name_(void)

#endif
