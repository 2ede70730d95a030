/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A read-only SQLite file system over bytes that somebody hands in: the main file with its -wal and
 * -journal, all by callback, so that it works on inherited descriptors, on memory and on a member of
 * an image. What SQLite writes (rolling back a hot journal) lands in private pages in memory; the
 * evidence is never changed, and no other name can be opened.
 */
#ifndef KT_CORE_SQLVFS_H
#define KT_CORE_SQLVFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kt_err;
struct sqlite3;

enum kt_sqlfile { KT_SQLFILE_MAIN = 0, KT_SQLFILE_WAL, KT_SQLFILE_JOURNAL, KT_SQLFILES };

#define KT_SQLFILE_NONE UINT64_MAX /* size of a file that is not there */

struct kt_sqlsrc {
	/* Reads n bytes at off of one of the files; *got short only at its end. 0 or a negative code. */
	int (*read)(void *arg, enum kt_sqlfile which, uint64_t off, void *p, size_t n, size_t *got,
		    struct kt_err *err);
	void *arg;
	uint64_t size[KT_SQLFILES]; /* KT_SQLFILE_NONE: not there; MAIN always is */
};

enum kt_sqlview { KT_SQLVIEW_MAIN = 0, KT_SQLVIEW_WAL, KT_SQLVIEW_ROLLED_BACK };

struct kt_sqldb {
	struct sqlite3 *db; /* owned */
	void *vfs;	    /* ours */
	enum kt_sqlview view;
	bool wal_mode_without_wal; /* the header says WAL, and no -wal was given */
	bool wal_unused; /* a -wal with bytes was given, and no committed frame of it is valid */
	bool wal_other;	 /* a -wal was given whose pages have another size: it was left out */
	bool journal_unused; /* a hot -journal was given, and rolling back changed nothing */
	bool damaged;	  /* header and size, or a part of the schema, do not hold: read anyway */
	char damage[160]; /* in SQLite's words; may hold names from the evidence */
};

/*
 * Registers nothing globally but one VFS per database under a name of its own. Opens with
 * query_only, defensive, trusted_schema off, cell_size_check on, exclusive locking, temp store in
 * memory, no extension, no virtual table, no ATTACH, and an authorizer that lets only SELECT, READ,
 * PRAGMA table_xinfo and harmless functions pass. A damaged schema, or a file that is shorter than
 * its header says, is opened all the same (db->damaged): what is there can be read. src is copied;
 * src->arg must live until close. max_overlay: bytes of private pages. 0; KT_E_FORMAT: no database,
 * or one that SQLite refuses; KT_E_LIMIT: rolling back would need more than max_overlay bytes of
 * memory; KT_E_NOMEM; or what src->read returned.
 */
int kt_sqldb_open(const struct kt_sqlsrc *src, uint64_t max_overlay, struct kt_sqldb *db,
		  struct kt_err *err);
/* All statements must have ended. */
void kt_sqldb_close(struct kt_sqldb *db);

/*
 * What an SQLite result other than OK, ROW and DONE means, as a code of ours with a frame in err:
 * a failed read gives what the read gave, a statement stopped for doing more work than a file of
 * this size can need gives KT_E_LIMIT, damage gives KT_E_FORMAT.
 */
int kt_sqldb_fail(const struct kt_sqldb *db, int rc, struct kt_err *err);
/* Has any read failed since it was opened? Then the end of a statement is not the end of its rows. */
bool kt_sqldb_faulty(const struct kt_sqldb *db);

/* "main", "main+wal", "rolled-back". */
const char *kt_sqlview_name(enum kt_sqlview v);
/* Needed once before a sandbox closes: SQLite's own start-up. 0 or KT_E_INTERNAL. */
int kt_sqldb_warm(struct kt_err *err);

#endif
