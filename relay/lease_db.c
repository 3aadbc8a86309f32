/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/lease_db.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

enum { SCHEMA = 2, BUSY_MS = 2000 };

enum {
    COLUMN_ID,
    COLUMN_OWNER,
    COLUMN_NAME,
    COLUMN_TOKEN,
    COLUMN_KIND,
    COLUMN_ADDRESS,
    COLUMN_EXPIRES,
    COLUMN_PORT
};

struct lease_db {
    sqlite3 *handle;
    sqlite3_stmt *load, *by_id, *by_name, *put, *drop;
};

static const char schema[] = "CREATE TABLE IF NOT EXISTS lease("
                             "id BLOB PRIMARY KEY NOT NULL, owner BLOB NOT NULL, "
                             "name TEXT NOT NULL, token BLOB NOT NULL, kind INTEGER NOT NULL, "
                             "visitor_address INTEGER NOT NULL, expires INTEGER NOT NULL, "
                             "port INTEGER NOT NULL DEFAULT 0"
                             ") WITHOUT ROWID";
static const char with_ports[] = "ALTER TABLE lease ADD COLUMN port INTEGER NOT NULL DEFAULT 0";
static const char index_text[] = "CREATE INDEX IF NOT EXISTS lease_name ON lease(name)";
#define SELECT "SELECT id, owner, name, token, kind, visitor_address, expires, port FROM lease "
static const char load_text[] = SELECT "ORDER BY expires";
static const char by_id_text[] = SELECT "WHERE id = ?1";
static const char by_name_text[] = SELECT "WHERE name = ?1";
static const char put_text[] =
    "INSERT OR REPLACE INTO lease VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
static const char drop_text[] = "DELETE FROM lease WHERE id = ?1";

/* ---- opening -------------------------------------------------------------------------------- */

/* SQLite would make it as the umask has it; its journal gets the mode that the file has. */
static int make_private(const char *path, struct beam_why *why)
{
    int err = file_check_mode(path, 0600, why);
    if (err < 0)
        return err;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == ELOOP)
        return beam_why(why, BEAM_EPERM, "%s: it is a link (put the file itself there)", path);
    if (fd < 0)
        return beam_why(why, beam_err_errno(errno), "%s: %s", path, strerror(errno));
    close(fd);
    return 0;
}

#define ADVICE "put a copy back, or move it away: owners then get new URLs"

int lease_db_damaged(const char *path, struct beam_why *why)
{
    return beam_why(why, BEAM_EINVAL, "%s: damaged (" ADVICE ")", path);
}

static bool is_damaged(int code)
{
    code &= 0xff;
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

static int fail(const struct lease_db *db, const char *path, struct beam_why *why)
{
    int code = sqlite3_errcode(db->handle) & 0xff;
    if (code == SQLITE_NOMEM)
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", path);
    if (is_damaged(code))
        return lease_db_damaged(path, why);
    if (code == SQLITE_ERROR) /* of a form that it does not know, with tables of somebody else's */
        return beam_why(why, BEAM_EINVAL, "%s: not a relay's leases: %s (" ADVICE ")", path,
                        sqlite3_errmsg(db->handle));
    return beam_why(why, BEAM_EIO, "%s: %s", path, sqlite3_errmsg(db->handle));
}

static int run(const struct lease_db *db, const char *text)
{
    return sqlite3_exec(db->handle, text, NULL, NULL, NULL);
}

/* The first column of the first row, or -1. */
static int64_t ask_number(const struct lease_db *db, const char *text)
{
    sqlite3_stmt *q = NULL;
    int64_t n = -1;
    if (sqlite3_prepare_v2(db->handle, text, -1, &q, NULL) == SQLITE_OK &&
        sqlite3_step(q) == SQLITE_ROW)
        n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return n;
}

/* What a file that we did not write could make SQLite do is switched off. */
static bool tighten(const struct lease_db *db)
{
    return sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) == SQLITE_OK &&
           sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) == SQLITE_OK &&
           sqlite3_busy_timeout(db->handle, BUSY_MS) == SQLITE_OK &&
           run(db, "PRAGMA cell_size_check = ON") == SQLITE_OK;
}

/* From whatever an earlier beam left, all or nothing. */
static bool bring_up(const struct lease_db *db, int64_t version)
{
    return run(db, "BEGIN IMMEDIATE") == SQLITE_OK && run(db, schema) == SQLITE_OK &&
           (version != 1 || run(db, with_ports) == SQLITE_OK) &&
           run(db, "PRAGMA user_version = 2") == SQLITE_OK && run(db, "COMMIT") == SQLITE_OK;
}

static int prepare(struct lease_db *db, const char *path, struct beam_why *why)
{
    if (!tighten(db) || run(db, "PRAGMA journal_mode = WAL") != SQLITE_OK ||
        run(db, "PRAGMA synchronous = NORMAL") != SQLITE_OK)
        return fail(db, path, why);
    int64_t version = ask_number(db, "PRAGMA user_version");
    if (version < 0)
        return fail(db, path, why);
    if (version > SCHEMA)
        return beam_why(why, BEAM_EINVAL, "%s: of a later beam (run that one, or move it away)",
                        path);
    if ((version < SCHEMA && !bring_up(db, version)) || run(db, index_text) != SQLITE_OK ||
        sqlite3_prepare_v2(db->handle, load_text, -1, &db->load, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db->handle, by_id_text, -1, &db->by_id, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db->handle, by_name_text, -1, &db->by_name, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db->handle, put_text, -1, &db->put, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db->handle, drop_text, -1, &db->drop, NULL) != SQLITE_OK)
        return fail(db, path, why);
    return 0;
}

int lease_db_open(const char *path, struct lease_db **out, struct beam_why *why)
{
    int err = make_private(path, why);
    if (err < 0)
        return err;
    struct lease_db *db = calloc(1, sizeof(*db));
    if (!db)
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", path);
    if (sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK)
        err = fail(db, path, why);
    else
        err = prepare(db, path, why);
    if (err < 0)
        lease_db_close(db);
    else
        *out = db;
    return err;
}

void lease_db_close(struct lease_db *db)
{
    if (!db)
        return;
    sqlite3_finalize(db->load);
    sqlite3_finalize(db->by_id);
    sqlite3_finalize(db->by_name);
    sqlite3_finalize(db->put);
    sqlite3_finalize(db->drop);
    sqlite3_close(db->handle);
    free(db);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static bool take_blob(sqlite3_stmt *row, int column, void *out, size_t size)
{
    const void *at = sqlite3_column_blob(row, column);
    if (!at || (size_t)sqlite3_column_bytes(row, column) != size)
        return false;
    memcpy(out, at, size);
    return true;
}

static bool take_owner(sqlite3_stmt *row, struct peer_id *out)
{
    const void *at = sqlite3_column_blob(row, COLUMN_OWNER);
    int len = sqlite3_column_bytes(row, COLUMN_OWNER);
    return at && peer_id_decode(at, (size_t)len, out, NULL) == 0;
}

static bool take_name(sqlite3_stmt *row, char out[RESERVATION_NAME_SIZE])
{
    const char *name = (const char *)sqlite3_column_text(row, COLUMN_NAME);
    if (!name || (name[0] && !text_label_valid(name)))
        return false;
    size_t len = strlen(name); /* a label's length is bounded */
    memcpy(out, name, len + 1);
    return true;
}

static bool take_lease(sqlite3_stmt *row, struct lease *out)
{
    int64_t kind = sqlite3_column_int64(row, COLUMN_KIND);
    int64_t expires = sqlite3_column_int64(row, COLUMN_EXPIRES);
    int64_t port = sqlite3_column_int64(row, COLUMN_PORT);
    memset(out, 0, sizeof(*out));
    if (kind <= 0 || expires < 0 || port < 0 || port > UINT16_MAX)
        return false;
    out->port = (uint16_t)port;
    out->kind = (uint64_t)kind;
    out->expires = (uint64_t)expires;
    out->visitor_address = sqlite3_column_int(row, COLUMN_ADDRESS) != 0;
    return take_blob(row, COLUMN_ID, out->id, sizeof(out->id)) && take_owner(row, &out->owner) &&
           take_name(row, out->name) &&
           take_blob(row, COLUMN_TOKEN, out->token_hash, sizeof(out->token_hash));
}

int lease_db_load(struct lease_db *db, int (*each)(void *arg, const struct lease *lease), void *arg)
{
    struct lease lease;
    int err = 0, step = SQLITE_ROW;
    while (err == 0 && (step = sqlite3_step(db->load)) == SQLITE_ROW) {
        if (take_lease(db->load, &lease))
            err = each(arg, &lease);
        else
            log_warn("relay", "a lease that cannot be read was passed over");
    }
    sqlite3_reset(db->load);
    if (err == 0 && step != SQLITE_DONE)
        err = is_damaged(step) ? BEAM_EINVAL : step == SQLITE_NOMEM ? BEAM_ENOMEM : BEAM_EIO;
    return err;
}

static int find(sqlite3_stmt *q, struct lease *out)
{
    struct lease lease;
    int code = sqlite3_step(q);
    bool found = code == SQLITE_ROW && take_lease(q, &lease);
    sqlite3_reset(q);
    if (found)
        *out = lease;
    return found ? 0 : code == SQLITE_ROW || code == SQLITE_DONE ? BEAM_ENOTFOUND : BEAM_EIO;
}

int lease_db_by_id(struct lease_db *db, const uint8_t id[RESERVATION_ID_SIZE], struct lease *out)
{
    int bad = sqlite3_bind_blob(db->by_id, 1, id, RESERVATION_ID_SIZE, SQLITE_STATIC);
    return bad ? BEAM_EIO : find(db->by_id, out);
}

int lease_db_by_name(struct lease_db *db, const char *name, struct lease *out)
{
    int bad = sqlite3_bind_text(db->by_name, 1, name, -1, SQLITE_STATIC);
    return bad ? BEAM_EIO : find(db->by_name, out);
}

/* Every value is bound anew for each run, so what was bound before need not be cleared. */
static int step(struct lease_db *db, sqlite3_stmt *q)
{
    int code = sqlite3_step(q);
    sqlite3_reset(q);
    if (code == SQLITE_DONE)
        return 0;
    log_error("relay", "the leases cannot be written: %s", sqlite3_errmsg(db->handle));
    return BEAM_EIO;
}

int lease_db_put(struct lease_db *db, const struct lease *l)
{
    sqlite3_stmt *q = db->put;
    int bad = sqlite3_bind_blob(q, COLUMN_ID + 1, l->id, sizeof(l->id), SQLITE_STATIC);
    bad |= sqlite3_bind_blob(q, COLUMN_OWNER + 1, l->owner.bytes, l->owner.len, SQLITE_STATIC);
    bad |= sqlite3_bind_text(q, COLUMN_NAME + 1, l->name, -1, SQLITE_STATIC);
    bad |=
        sqlite3_bind_blob(q, COLUMN_TOKEN + 1, l->token_hash, sizeof(l->token_hash), SQLITE_STATIC);
    bad |= sqlite3_bind_int64(q, COLUMN_KIND + 1, (int64_t)l->kind);
    bad |= sqlite3_bind_int64(q, COLUMN_ADDRESS + 1, l->visitor_address);
    bad |= sqlite3_bind_int64(q, COLUMN_EXPIRES + 1, (int64_t)l->expires);
    bad |= sqlite3_bind_int64(q, COLUMN_PORT + 1, l->port);
    return bad ? BEAM_EIO : step(db, q);
}

int lease_db_drop(struct lease_db *db, const struct lease *l)
{
    int bad = sqlite3_bind_blob(db->drop, COLUMN_ID + 1, l->id, sizeof(l->id), SQLITE_STATIC);
    return bad ? BEAM_EIO : step(db, db->drop);
}
