/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/uploads.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/harness.h"

static enum uploads_news note(struct uploads *u, uint64_t now, enum hs_desc_action action,
                              const char *directory, const char *reason)
{
    struct hs_desc d = {.action = action};
    snprintf(d.directory, sizeof(d.directory), "%s", directory);
    snprintf(d.reason, sizeof(d.reason), "%s", reason);
    return uploads_note(u, now, &d);
}

static enum uploads_news begin(struct uploads *u, uint64_t now, const char *directory)
{
    return note(u, now, HS_DESC_UPLOAD, directory, "");
}

static enum uploads_news fail(struct uploads *u, uint64_t now, const char *directory)
{
    return note(u, now, HS_DESC_FAILED, directory, "UPLOAD_REJECTED");
}

static enum uploads_news take(struct uploads *u, const char *directory)
{
    return note(u, 0, HS_DESC_UPLOADED, directory, "");
}

BEAM_TEST(uploads, said_once_when_none_was_taken)
{
    struct uploads u = {.count = 0};
    cr_expect_eq(begin(&u, 0, "$A"), UPLOADS_BEGUN);
    cr_expect_eq(begin(&u, 0, "$B"), UPLOADS_NOTHING);
    cr_expect_eq(fail(&u, 1, "$A"), UPLOADS_NOTHING);
    cr_expect_eq(fail(&u, 1, "$A"), UPLOADS_NOTHING, "twice is not two");
    cr_expect_eq(fail(&u, 1, "$C"), UPLOADS_NOTHING, "not one of these");
    cr_expect_eq(fail(&u, 1, "$B"), UPLOADS_ALL_FAILED);
    cr_expect_eq(u.count, 2);
    cr_expect_eq(begin(&u, 2, "$A"), UPLOADS_NOTHING);
    cr_expect_eq(fail(&u, 3, "$A"), UPLOADS_NOTHING, "said once");
    cr_expect(!uploads_late(&u));
}

BEAM_TEST(uploads, that_a_directory_has_another_is_kept_for_the_round)
{
    struct uploads u = {.count = 0};
    begin(&u, 0, "$A");
    begin(&u, 0, "$B");
    note(&u, 0, HS_DESC_FAILED, "$A", "UNEXPECTED");
    cr_expect(!u.rejected);
    fail(&u, 0, "$B");
    cr_expect(u.rejected);
    begin(&u, 1, "$A");
    take(&u, "$A");
    cr_expect(u.rejected, "$B has it still");
    begin(&u, 2, "$A");
    cr_expect(!u.rejected);
}

BEAM_TEST(uploads, one_that_is_taken_is_enough)
{
    struct uploads u = {.count = 0};
    begin(&u, 0, "$A");
    begin(&u, 0, "$B");
    cr_expect_eq(take(&u, "$A"), UPLOADS_TAKEN);
    cr_expect_eq(fail(&u, 0, "$B"), UPLOADS_NOTHING);
    cr_expect(!uploads_late(&u));
}

BEAM_TEST(uploads, each_renewal_is_a_round_of_its_own)
{
    struct uploads u = {.count = 0};
    for (uint64_t round = 0; round < 3; round++) {
        uint64_t now = round * 3600000;
        cr_expect_eq(begin(&u, now, "$A"), UPLOADS_BEGUN);
        cr_expect_eq(begin(&u, now, "$B"), UPLOADS_NOTHING);
        cr_expect_eq(take(&u, "$B"), UPLOADS_TAKEN);
        cr_expect_eq(begin(&u, now, "$C"), UPLOADS_NOTHING, "one is under way: the same round");
        cr_expect_eq(take(&u, "$C"), UPLOADS_TAKEN);
        cr_expect_eq(take(&u, "$A"), UPLOADS_TAKEN);
    }
    cr_expect_eq(begin(&u, 20000000, "$A"), UPLOADS_BEGUN);
    cr_expect_eq(fail(&u, 20000000, "$A"), UPLOADS_ALL_FAILED);
    cr_expect_eq(begin(&u, 30000000, "$A"), UPLOADS_NOTHING, "goes on");
    cr_expect_eq(fail(&u, 30000000, "$A"), UPLOADS_NOTHING);
    cr_expect_eq(begin(&u, 40000000, "$A"), UPLOADS_NOTHING);
    cr_expect_eq(take(&u, "$A"), UPLOADS_TAKEN);
    cr_expect_eq(begin(&u, 50000000, "$A"), UPLOADS_BEGUN);
    cr_expect_eq(fail(&u, 50000000, "$A"), UPLOADS_ALL_FAILED, "and again");
}

BEAM_TEST(uploads, one_that_nothing_is_heard_of_has_failed)
{
    struct uploads u = {.count = 0};
    begin(&u, 0, "$A");
    begin(&u, UPLOADS_LOST, "$B");
    cr_expect_eq(fail(&u, UPLOADS_LOST, "$B"), UPLOADS_ALL_FAILED);
    take(&u, "$B");
    cr_expect_eq(begin(&u, 3 * UPLOADS_LOST, "$A"), UPLOADS_BEGUN);
    cr_expect(uploads_late(&u));
    cr_expect(!uploads_late(&u));
}

BEAM_TEST(uploads, what_is_of_fetching_says_nothing)
{
    static const char *const reasons[] = {"NOT_FOUND", "BAD_DESC", "QUERY_NO_HSDIR",
                                          "QUERY_RATE_LIMITED"};
    struct uploads u = {.count = 0};
    begin(&u, 0, "$A");
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        cr_expect_eq(note(&u, 0, HS_DESC_FAILED, "$A", reasons[i]), UPLOADS_NOTHING);
    cr_expect_eq(note(&u, 0, HS_DESC_REQUESTED, "$A", ""), UPLOADS_NOTHING);
    cr_expect_eq(note(&u, 0, HS_DESC_RECEIVED, "$A", ""), UPLOADS_NOTHING);
    cr_expect_eq(note(&u, 0, HS_DESC_OTHER, "$A", ""), UPLOADS_NOTHING);
    cr_expect_eq(note(&u, 0, HS_DESC_FAILED, "$A", "UNEXPECTED"), UPLOADS_ALL_FAILED);
}

BEAM_TEST(uploads, more_than_are_looked_at)
{
    struct uploads u = {.count = 0};
    char name[32];
    for (int i = 0; i < 3 * UPLOADS_MAX; i++) {
        snprintf(name, sizeof(name), "$%06dAAAAAAAAAAAAAAAA", i);
        begin(&u, 0, name);
    }
    cr_expect_eq(u.count, UPLOADS_MAX);
    cr_expect_eq(take(&u, name), UPLOADS_TAKEN);
    cr_expect_eq(u.count, UPLOADS_MAX);
    snprintf(name, sizeof(name), "$000000AAAAAAAAAAAAAAAA~nick");
    cr_expect_eq(take(&u, name), UPLOADS_TAKEN);
    cr_expect_eq(u.count, UPLOADS_MAX - 1);
}
