/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/lease_db.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include "tests/unit/relay/owners.h"

static struct lease found[8];
static size_t found_count;

static int on_lease(void *arg, const struct lease *l)
{
    int *err = arg;
    if (found_count == sizeof(found) / sizeof(found[0]))
        return BEAM_ELIMIT;
    found[found_count++] = *l;
    return *err;
}

static struct lease lease(uint8_t n, uint64_t expires)
{
    struct lease l = {.id = {n}, .owner = owner(n), .kind = RESERVATION_HTTP, .expires = expires};
    snprintf(l.name, sizeof(l.name), "name-%d", n);
    memset(l.token_hash, n, sizeof(l.token_hash));
    return l;
}

static int load(struct lease_db *db)
{
    int err = 0;
    found_count = 0;
    return lease_db_load(db, on_lease, &err);
}

static int put(struct lease_db *db, const struct lease *l)
{
    return lease_db_put(db, l);
}

BEAM_TEST(lease_db, what_was_put_is_there_again)
{
    struct place p;
    struct lease_db *db = NULL;
    struct stat st;
    struct lease a = lease(1, 2000), b = lease(2, 1000), c = lease(3, 3000);
    place_make(&p);
    int err = lease_db_open(p.file, &db, NULL);
    if (err == 0)
        err = put(db, &a) | put(db, &b) | put(db, &c) | lease_db_drop(db, &c);
    lease_db_close(db);
    db = NULL;
    a.expires = 500;
    a.visitor_address = true;
    int again = lease_db_open(p.file, &db, NULL);
    if (again == 0)
        again = put(db, &a) | load(db);
    lease_db_close(db);
    int mode = stat(p.file, &st) == 0 ? st.st_mode & 0777 : 0;
    place_remove(&p);
    cr_assert_eq(err, 0);
    cr_assert_eq(again, 0);
    cr_assert_eq(mode, 0600);
    cr_assert_eq(found_count, 2u);
    cr_assert_eq(found[0].id[0], 1);
    cr_assert_eq(found[0].expires, 500u);
    cr_assert(found[0].visitor_address);
    cr_assert(peer_id_equal(&found[0].owner, &a.owner));
    cr_assert_str_eq(found[0].name, "name-1");
    cr_assert_eq(memcmp(found[0].token_hash, a.token_hash, sizeof(a.token_hash)), 0);
    cr_assert_eq(found[1].id[0], 2);
}

/* Writes to the file as somebody else would. */
static void meddle(const char *file, const char *text)
{
    sqlite3 *handle = NULL;
    cr_assert_eq(sqlite3_open(file, &handle), SQLITE_OK);
    int code = sqlite3_exec(handle, text, NULL, NULL, NULL);
    sqlite3_close(handle);
    cr_assert_eq(code, SQLITE_OK, "%s", text);
}

BEAM_TEST(lease_db, rows_that_cannot_be_leases_are_passed_over)
{
    struct place p;
    struct lease_db *db = NULL;
    struct lease a = lease(1, 2000), b = lease(2, 3000), c = lease(3, 4000), d = lease(4, 5000);
    place_make(&p);
    int err = lease_db_open(p.file, &db, NULL);
    if (err == 0)
        err = put(db, &a) | put(db, &b) | put(db, &c) | put(db, &d);
    lease_db_close(db);
    db = NULL;
    meddle(p.file, "UPDATE lease SET owner = x'00' WHERE expires = 2000;"
                   "UPDATE lease SET name = 'No Label' WHERE expires = 3000;"
                   "UPDATE lease SET token = 'short' WHERE expires = 4000;");
    int again = lease_db_open(p.file, &db, NULL);
    if (again == 0)
        again = load(db);
    lease_db_close(db);
    place_remove(&p);
    cr_assert_eq(err, 0);
    cr_assert_eq(again, 0);
    cr_assert_eq(found_count, 1u);
    cr_assert_eq(found[0].id[0], 4);
}

static int open_once(const char *file, struct beam_why *why)
{
    struct lease_db *db = NULL;
    int err = lease_db_open(file, &db, why);
    lease_db_close(db);
    return err;
}

BEAM_TEST(lease_db, what_is_not_ours_is_refused)
{
    struct place p;
    struct beam_why later = {.text = ""}, damaged = {.text = ""}, loose = {.text = ""};
    struct beam_why other = {.text = ""}, linked = {.text = ""};
    char link[sizeof(p.file) + 8];
    place_make(&p);
    int first = open_once(p.file, NULL);
    snprintf(link, sizeof(link), "%s.link", p.file);
    first |= symlink(p.file, link);
    open_once(link, &linked);
    first |= unlink(link);
    meddle(p.file, "PRAGMA user_version = 3");
    open_once(p.file, &later);
    meddle(p.file, "PRAGMA user_version = 2; DROP TABLE lease; CREATE TABLE lease(colour)");
    open_once(p.file, &other);
    int wrote = file_write(p.file, 0600, "this is no database, whatever it may be called", 46);
    open_once(p.file, &damaged);
    int mode = chmod(p.file, 0644);
    open_once(p.file, &loose);
    place_remove(&p);
    cr_assert(first == 0 && wrote == 0 && mode == 0);
    cr_assert_eq(later.code, BEAM_EINVAL, "%s", later.text);
    cr_assert_eq(other.code, BEAM_EINVAL, "%s", other.text);
    cr_assert_not_null(strstr(other.text, "move it away"), "%s", other.text);
    cr_assert_eq(linked.code, BEAM_EPERM, "%s", linked.text);
    cr_assert_not_null(strstr(linked.text, "a link"), "%s", linked.text);
    cr_assert_eq(damaged.code, BEAM_EINVAL, "%s", damaged.text);
    cr_assert_not_null(strstr(damaged.text, "damaged"));
    cr_assert_eq(loose.code, BEAM_EPERM, "%s", loose.text);
}

/* Its head is whole, so that it takes a reader of the rows to find out. */
BEAM_TEST(lease_db, one_that_is_damaged_further_in_is_no_less_so)
{
    enum { LEASES = 200, FIRST_LEAF = 2 * 4096, ROWS = 64 };
    static const uint8_t noise[ROWS] = {0xff, 0xff, 0xff};
    struct place p;
    struct lease_db *db = NULL;
    int err = 0;
    place_make(&p);
    int opened = lease_db_open(p.file, &db, NULL);
    for (unsigned i = 0; opened == 0 && i < LEASES; i++) {
        struct lease l = lease((uint8_t)i, i);
        err |= put(db, &l);
    }
    lease_db_close(db);
    db = NULL;
    FILE *f = fopen(p.file, "r+b");
    size_t n = 0;
    for (long at = FIRST_LEAF; f && fseek(f, 0, SEEK_END) == 0 && at < ftell(f); at += 4096)
        n += fseek(f, at, SEEK_SET) == 0 && fwrite(noise, sizeof(noise), 1, f) == 1;
    if (f)
        fclose(f);
    int again = lease_db_open(p.file, &db, NULL), loaded = again == 0 ? load(db) : 0;
    lease_db_close(db);
    place_remove(&p);
    cr_assert(opened == 0 && err == 0 && n > 1);
    cr_assert(again == BEAM_EINVAL || loaded == BEAM_EINVAL, "%d, %d", again, loaded);
}

BEAM_TEST(lease_db, a_reader_may_stop)
{
    struct place p;
    struct lease_db *db = NULL;
    struct lease a = lease(1, 1), b = lease(2, 2);
    int stop = BEAM_ECANCELED, err;
    place_make(&p);
    found_count = 0;
    err = lease_db_open(p.file, &db, NULL);
    if (err == 0)
        err = put(db, &a) | put(db, &b);
    if (err == 0)
        err = lease_db_load(db, on_lease, &stop);
    lease_db_close(db);
    place_remove(&p);
    cr_assert_eq(err, BEAM_ECANCELED);
    cr_assert_eq(found_count, 1u);
}

BEAM_TEST(lease_db, one_of_before_there_were_ports_is_brought_up)
{
    struct place p;
    struct lease_db *db = NULL;
    struct lease a = lease(1, 2000), b = lease(2, 3000);
    place_make(&p);
    int err = lease_db_open(p.file, &db, NULL);
    if (err == 0)
        err = put(db, &a);
    lease_db_close(db);
    db = NULL;
    meddle(p.file, "ALTER TABLE lease DROP COLUMN port; PRAGMA user_version = 1");
    b.port = 20001;
    int again = lease_db_open(p.file, &db, NULL);
    if (again == 0)
        again = put(db, &b) | load(db);
    lease_db_close(db);
    int third = open_once(p.file, NULL);
    place_remove(&p);
    cr_assert(err == 0 && again == 0 && third == 0);
    cr_assert_eq(found_count, 2u);
    cr_assert(found[0].id[0] == 1 && found[0].port == 0);
    cr_assert(found[1].id[0] == 2 && found[1].port == 20001);
}
