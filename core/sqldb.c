/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Opening a database of the evidence on the file system of sqlvfs.c, so that nothing of what it
 * holds is run and nothing of it is changed.
 */
#include "core/buf.h"
#include "core/sqlvfs_i.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER 100u /* https://www.sqlite.org/fileformat2.html, section 1.3 */
/*
 * Instructions of SQLite's virtual machine: a full scan takes about ten for a row of a few columns,
 * and a row has a few bytes at least. Pages that point at one another, or a missing index, would
 * otherwise keep it busy for ever.
 */
#define OPS_STEP ((uint64_t)10000)
#define OPS_BASE ((uint64_t)50000000)
#define OPS_BYTE ((uint64_t)64)

const char *kt_sqlview_name(enum kt_sqlview view)
{
	return view == KT_SQLVIEW_WAL		? "main+wal"
	       : view == KT_SQLVIEW_ROLLED_BACK ? "rolled-back"
						: "main";
}

/*
 * SQLite's start-up; and its random numbers, which it would otherwise read from the system at the
 * first use. Its own file system is never asked again: no name of ours opens one.
 */
int kt_sqldb_warm(struct kt_err *err)
{
	uint8_t one;

	if (sqlite3_initialize() != SQLITE_OK)
		return KT_FAIL(err, KT_E_INTERNAL, "SQLite does not start");
	sqlite3_randomness(sizeof(one), &one);
	return 0;
}

/* -- results ---------------------------------------------------------------------------------- */

static int code_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		return KT_E_NOMEM;
	case SQLITE_INTERRUPT:
	case SQLITE_TOOBIG:
	case SQLITE_FULL:
		return KT_E_LIMIT;
	case SQLITE_MISUSE:
		return KT_E_INTERNAL;
	default:
		return KT_E_FORMAT;
	}
}

bool kt_sqldb_faulty(const struct kt_sqldb *db)
{
	return ((const struct kt_sqlvfs *)db->vfs)->fault != 0;
}

int kt_sqldb_fail(const struct kt_sqldb *db, int rc, struct kt_err *err)
{
	const struct kt_sqlvfs *v = db->vfs;

	if (v->fault != 0 && v->fault_err.n > 0) {
		if (err != NULL)
			*err = v->fault_err;
		return KT_TRACE(err, v->fault, "database can't be read");
	}
	if (v->fault == KT_E_LIMIT)
		return KT_FAIL(err, v->fault, "rolling back the journal needs more than %llu bytes",
			       (unsigned long long)v->pages.max);
	if (v->fault != 0 || code_of(rc) == KT_E_NOMEM)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a database");
	if ((rc & 0xff) == SQLITE_INTERRUPT)
		return KT_FAIL(err, KT_E_LIMIT, "more work than a database of this size can need");
	return KT_FAIL(err, code_of(rc), "SQLite: %.120s",
		       db->db != NULL ? sqlite3_errmsg(db->db) : sqlite3_errstr(rc));
}

/* -- what may run ----------------------------------------------------------------------------- */

/* Functions that only shape values; the rest of SQLite's are for queries that nobody here makes. */
static bool is_harmless(const char *name)
{
	static const char *const names[] = {
		"abs",	 "coalesce", "count", "hex",  "ifnull",	 "iif",	   "instr", "length",
		"like",	 "lower",    "ltrim", "max",  "min",	 "nullif", "quote", "round",
		"rtrim", "substr",   "sum",   "trim", "unicode", "typeof", "upper", "glob",
	};

	for (size_t i = 0; name != NULL && i < sizeof(names) / sizeof(names[0]); i++)
		if (sqlite3_stricmp(name, names[i]) == 0)
			return true;
	return false;
}

static int authorize(void *arg, int action, const char *a, const char *b, const char *schema,
		     const char *trigger)
{
	(void)arg;
	(void)schema;
	(void)trigger;
	if (action == SQLITE_SELECT || action == SQLITE_READ ||
	    (action == SQLITE_FUNCTION && is_harmless(b)) ||
	    (action == SQLITE_PRAGMA && a != NULL && sqlite3_stricmp(a, "table_xinfo") == 0))
		return SQLITE_OK;
	return SQLITE_DENY;
}

static int progress(void *arg)
{
	struct kt_sqlvfs *v = arg;

	v->ops += OPS_STEP;
	return v->ops > v->max_ops;
}

static void set_limits(sqlite3 *db)
{
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 16 << 20);
	sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, 1 << 20);
	sqlite3_limit(db, SQLITE_LIMIT_VDBE_OP, 250000);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000);
	sqlite3_limit(db, SQLITE_LIMIT_TRIGGER_DEPTH, 1);
	sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
}

static int run(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* Everything that holds before the first byte is read. */
static int configure(sqlite3 *db)
{
	static const struct {
		int op, value;
	} flags[] = {
		{SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
		{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
		{SQLITE_DBCONFIG_ENABLE_VIEW, 0},
		{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1},
		{SQLITE_DBCONFIG_DEFENSIVE, 1},
		/* a misspelt column must be an error, not a text */
		{SQLITE_DBCONFIG_DQS_DML, 0},
	};
	int rc = SQLITE_OK;

	for (size_t i = 0; rc == SQLITE_OK && i < sizeof(flags) / sizeof(flags[0]); i++)
		rc = sqlite3_db_config(db, flags[i].op, flags[i].value, NULL);
	set_limits(db);
	if (rc == SQLITE_OK)
		rc = sqlite3_drop_modules(db, NULL);
	/* exclusive: the index of a -wal then lies in memory, no -shm is needed */
	if (rc == SQLITE_OK)
		rc = run(db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA query_only=ON;"
			     "PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=ON");
	return rc;
}

/* -- opening ---------------------------------------------------------------------------------- */

static void set_damage(struct kt_sqldb *db, const char *what)
{
	db->damaged = true;
	snprintf(db->damage, sizeof(db->damage), "%s", what);
}

/* The main file's header, as it lies there; a journal or -wal may put another in its place. */
static int look_at_header(struct kt_sqlvfs *v, struct kt_sqldb *db, struct kt_err *err)
{
	static const char magic[16] = "SQLite format 3";
	uint8_t h[HEADER];
	enum kt_sqlwal wal = KT_SQLWAL_NONE;
	uint32_t page, wal_page = 0;
	bool alone = v->src.size[KT_SQLFILE_WAL] == KT_SQLFILE_NONE &&
		     v->src.size[KT_SQLFILE_JOURNAL] == KT_SQLFILE_NONE;
	size_t got;
	int r = kt_sqlvfs_raw(v, KT_SQLFILE_MAIN, 0, h, sizeof(h), &got);

	if (r == 0)
		r = kt_sqlwal_look(v, &wal, &wal_page);
	if (r < 0)
		return kt_sqldb_fail(db, SQLITE_IOERR, err);
	if (v->src.size[KT_SQLFILE_MAIN] == 0)
		return KT_FAIL(err, KT_E_FORMAT, "an empty file, no database");
	if (alone && (got < sizeof(h) || memcmp(h, magic, sizeof(magic)) != 0))
		return KT_FAIL(err, KT_E_FORMAT, "no SQLite database, or an encrypted one");
	page = got < sizeof(h) ? 0 : kt_get_be16(h + 16);
	page = page == 1 ? 65536 : page;
	db->wal_mode_without_wal = wal == KT_SQLWAL_NONE && got == sizeof(h) && h[18] == 2;
	db->wal_unused = wal == KT_SQLWAL_UNUSED;
	db->wal_other = wal_page != 0 && page != 0 && wal_page != page;
	v->page = page;
	/* left out: SQLite would refuse all of it for a -wal of another version, too */
	if (db->wal_unused || db->wal_other)
		v->size[KT_SQLFILE_WAL] = KT_SQLFILE_NONE;
	else if (wal == KT_SQLWAL_USED)
		db->view = KT_SQLVIEW_WAL;
	return 0;
}

/* Does the -journal begin as one that must be rolled back? */
static bool is_hot(struct kt_sqlvfs *v)
{
	uint8_t first = 0;
	size_t got = 0;

	return v->src.size[KT_SQLFILE_JOURNAL] != KT_SQLFILE_NONE &&
	       kt_sqlvfs_raw(v, KT_SQLFILE_JOURNAL, 0, &first, 1, &got) == 0 && got == 1 &&
	       first != 0;
}

/*
 * Reads the schema: this rolls back and recovers. When it, or the file's length, does not hold, again
 * without insisting on it: phones are ahead of this SQLite, and one view that it can't read must
 * not hide every table; nor must a file that was cut off.
 */
static int first_read(struct kt_sqldb *db)
{
	static const char schema[] = "SELECT 1 FROM sqlite_master LIMIT 1";
	int rc = run(db->db, schema);

	if ((rc & 0xff) != SQLITE_CORRUPT && (rc & 0xff) != SQLITE_ERROR)
		return rc;
	set_damage(db, sqlite3_errmsg(db->db));
	sqlite3_db_config(db->db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
	sqlite3_db_config(db->db, SQLITE_DBCONFIG_WRITABLE_SCHEMA, 1, NULL);
	return run(db->db, schema);
}

int kt_sqldb_open(const struct kt_sqlsrc *src, uint64_t max_overlay, struct kt_sqldb *db,
		  struct kt_err *err)
{
	struct kt_sqlvfs *v = calloc(1, sizeof(*v));
	uint64_t bytes = src->size[KT_SQLFILE_MAIN], all = bytes;
	bool hot;
	int rc, r;

	memset(db, 0, sizeof(*db));
	if (v == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a database");
	v->src = *src;
	v->pages.max = max_overlay;
	if (v->src.size[KT_SQLFILE_WAL] != KT_SQLFILE_NONE)
		all += v->src.size[KT_SQLFILE_WAL];
	v->max_ops = OPS_BASE + (all < UINT64_MAX / OPS_BYTE / 2 ? all * OPS_BYTE : UINT64_MAX / 2);
	db->vfs = v;
	r = kt_sqlvfs_register(v, err);
	if (r < 0) {
		free(v);
		db->vfs = NULL;
		return r;
	}
	r = look_at_header(v, db, err);
	if (r < 0)
		goto out;
	hot = is_hot(v);
	rc = sqlite3_open_v2(KT_SQLNAME, &db->db,
			     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
			     v->name);
	if (rc == SQLITE_OK)
		rc = configure(db->db);
	if (rc == SQLITE_OK) {
		sqlite3_progress_handler(db->db, (int)OPS_STEP, progress, v);
		rc = first_read(db);
	}
	if (rc == SQLITE_OK)
		rc = sqlite3_set_authorizer(db->db, authorize, NULL);
	if (rc != SQLITE_OK || v->fault != 0) {
		r = kt_sqldb_fail(db, rc, err);
		goto out;
	}
	v->sealed = true;
	if (v->changed)
		db->view = KT_SQLVIEW_ROLLED_BACK;
	else if (!db->damaged && v->page >= 512 && bytes % v->page != 0)
		/* SQLite fills up the last page with zeros, and reads them as rows */
		set_damage(db, "the file ends inside a page");
	db->journal_unused = hot && !v->changed;
	return 0;
out:
	kt_sqldb_close(db);
	return r;
}

void kt_sqldb_close(struct kt_sqldb *db)
{
	if (db->db != NULL)
		sqlite3_close(db->db);
	kt_sqlvfs_free(db->vfs);
	db->db = NULL;
	db->vfs = NULL;
}
