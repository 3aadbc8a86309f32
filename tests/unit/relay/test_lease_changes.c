/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/lease_changes.h"

#include <sys/stat.h>

#include "tests/unit/relay/owners.h"

BEAM_TEST(lease_changes, are_seen_by_all_and_go_on_after_a_restart)
{
    struct place p;
    struct lease_changes one, other;
    struct beam_why why = {.text = ""};
    struct stat st;
    char path[128];
    uint64_t n = 7;
    place_make(&p);
    snprintf(path, sizeof(path), "%s-changes", p.file);
    cr_assert_eq(lease_changes_open(&one, p.file, &why), 0, "%s", why.text);
    cr_assert_eq(lease_changes_open(&other, p.file, &why), 0, "%s", why.text);
    cr_assert_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0600u);
    cr_expect(lease_changes_count(&other, &n) && n == 0);
    lease_changes_add(&one);
    lease_changes_add(&one);
    cr_expect(lease_changes_count(&other, &n) && n == 2);
    lease_changes_close(&one);
    cr_expect_not(lease_changes_count(&one, &n));
    cr_assert_eq(lease_changes_open(&one, p.file, &why), 0, "%s", why.text);
    lease_changes_add(&one);
    cr_expect(lease_changes_count(&other, &n) && n == 3);
    lease_changes_close(&one);
    lease_changes_close(&other);
    cr_assert_eq(chmod(path, 0644), 0);
    cr_expect_eq(lease_changes_open(&one, p.file, &why), BEAM_EPERM);
    lease_changes_close(&one);
    place_remove(&p);
}
