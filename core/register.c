/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/register.h"
#include "core/err.h"
#include "core/io.h"
#include "core/time.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYSTEM_DIR "/var/lib/keten"

/* mkdir -p for the folder of the user's own register. */
static void make_parents(char *path)
{
	for (char *p = path + 1; *p != '\0'; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(path, 0700);
		*p = '/';
	}
}

static int register_path(char *out, size_t n, struct kt_err *err)
{
	const char *env = getenv("KETEN_REGISTER"), *state = getenv("XDG_STATE_HOME"),
		   *home = getenv("HOME");
	int w;

	if (env != NULL && env[0] != '\0')
		w = snprintf(out, n, "%s", env);
	else if (access(SYSTEM_DIR, W_OK) == 0)
		w = snprintf(out, n, SYSTEM_DIR "/register.sqlite");
	else if (state != NULL && state[0] == '/')
		w = snprintf(out, n, "%s/keten/register.sqlite", state);
	else if (home != NULL && home[0] == '/')
		w = snprintf(out, n, "%s/.local/state/keten/register.sqlite", home);
	else
		return KT_FAIL(
			err, KT_E_STORAGE,
			"no place for the register of sessions: set KETEN_REGISTER to a file");
	if (w < 0 || (size_t)w >= n)
		return KT_FAIL(err, KT_E_STORAGE, "the register's path is too long");
	make_parents(out);
	return 0;
}

/* What SQLite makes is for one person; where a group shares the folder, all of it opens sessions. */
static void make_file(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	KT_AUTO_FD fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	KT_AUTO_FD dir = -1;

	snprintf(folder, sizeof(folder), "%.*s", slash != NULL ? (int)(slash - path) + 1 : 1,
		 slash != NULL ? path : ".");
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && dir >= 0)
		kt_share(dir, fd, 0660, NULL); /* only its owner can: the others find it so */
}

static int fail_db(sqlite3 *db, struct kt_err *err)
{
	return KT_FAIL(err, KT_E_STORAGE, "register of sessions: %s",
		       db != NULL ? sqlite3_errmsg(db) : "no memory");
}

static int open_register(sqlite3 **db, struct kt_err *err)
{
	static const char schema[] =
		"CREATE TABLE IF NOT EXISTS session(mandate_id TEXT NOT NULL, mandate_sha256 TEXT "
		"NOT NULL, case_id TEXT PRIMARY KEY, utc TEXT NOT NULL)";
	char path[PATH_MAX];
	int r = register_path(path, sizeof(path), err);

	*db = NULL;
	if (r < 0)
		return r;
	make_file(path);
	if (sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
		    SQLITE_OK ||
	    sqlite3_busy_timeout(*db, 5000) != SQLITE_OK ||
	    sqlite3_exec(*db, schema, NULL, NULL, NULL) != SQLITE_OK) {
		r = fail_db(*db, err);
		KT_TRACE(err, r, "%.120s can't be used; set KETEN_REGISTER to a writable file",
			 path);
		sqlite3_close(*db);
		*db = NULL;
	}
	return r;
}

/* The id alone counts: a second text under the same id is the same authority. */
static int count(sqlite3 *db, const char *mandate_id, int64_t *n, struct kt_err *err)
{
	sqlite3_stmt *st = NULL;
	int r = 0;

	if (sqlite3_prepare_v2(db, "SELECT count(*) FROM session WHERE mandate_id = ?", -1, &st,
			       NULL) != SQLITE_OK ||
	    sqlite3_bind_text(st, 1, mandate_id, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_step(st) != SQLITE_ROW)
		r = fail_db(db, err);
	else
		*n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return r;
}

int kt_register_sessions(const char *mandate_id, int64_t *sessions, struct kt_err *err)
{
	sqlite3 *db;
	int r = open_register(&db, err);

	*sessions = 0;
	if (r == 0)
		r = count(db, mandate_id, sessions, err);
	sqlite3_close(db);
	return r;
}

static int is_known(sqlite3 *db, const char *mandate_id, const char *case_id, bool *known,
		    struct kt_err *err)
{
	sqlite3_stmt *st = NULL;
	int r = 0;

	if (sqlite3_prepare_v2(db,
			       "SELECT count(*) FROM session WHERE mandate_id = ? AND case_id = ?",
			       -1, &st, NULL) != SQLITE_OK ||
	    sqlite3_bind_text(st, 1, mandate_id, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_text(st, 2, case_id, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_step(st) != SQLITE_ROW)
		r = fail_db(db, err);
	else
		*known = sqlite3_column_int64(st, 0) > 0;
	sqlite3_finalize(st);
	return r;
}

static int insert(sqlite3 *db, const char *mandate_id, const char *sha, const char *case_id,
		  struct kt_err *err)
{
	char now[KT_TIME_TEXT];
	sqlite3_stmt *st = NULL;
	int r = 0;

	kt_time_text(kt_time_now(), now);
	if (sqlite3_prepare_v2(db, "INSERT INTO session VALUES(?, ?, ?, ?)", -1, &st, NULL) !=
		    SQLITE_OK ||
	    sqlite3_bind_text(st, 1, mandate_id, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_text(st, 2, sha, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_text(st, 3, case_id, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_text(st, 4, now, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_step(st) != SQLITE_DONE)
		r = fail_db(db, err);
	sqlite3_finalize(st);
	return r;
}

int kt_register_use(const char *mandate_id, const char *mandate_sha256, const char *case_id,
		    int64_t max_sessions, struct kt_err *err)
{
	sqlite3 *db;
	int64_t used = 0;
	bool known = false;
	int r = open_register(&db, err);

	if (r < 0)
		return r;
	if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		r = fail_db(db, err);
	if (r == 0)
		r = count(db, mandate_id, &used, err);
	if (r == 0)
		r = is_known(db, mandate_id, case_id, &known, err);
	if (r == 0 && known) {
		/* counted before a crash could log it: the same case uses no second session */
		sqlite3_close(db);
		return 0;
	}
	if (r == 0 && used >= max_sessions)
		r = KT_FAIL(err, KT_E_REFUSED,
			    "sessions-used-up: this mandate allows %lld sessions and this desk has "
			    "opened %lld; ask the authoriser for a new mandate",
			    (long long)max_sessions, (long long)used);
	if (r == 0)
		r = insert(db, mandate_id, mandate_sha256, case_id, err);
	if (r == 0 && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		r = fail_db(db, err);
	sqlite3_close(db);
	return r;
}
