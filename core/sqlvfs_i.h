/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Between sqlvfs.c (the files) and sqldb.c (the connection); nobody else includes it.
 */
#ifndef KT_CORE_SQLVFS_I_H
#define KT_CORE_SQLVFS_I_H

#include <sqlite3.h>

#include "core/err.h"
#include "core/sqlvfs.h"

#define KT_SQLPAGE                                                                                 \
	((size_t)4096) /* of private memory; has nothing to do with the database's pages */

/* Private pages over the main file: a hash table with open addressing. */
struct kt_sqlpages {
	struct kt_sqlpage {
		uint64_t no;
		uint8_t *p; /* NULL: free slot */
	} * slot;
	size_t n, cap; /* cap is a power of two, or 0 */
	uint64_t max;  /* bytes, table included */
};

struct kt_sqlvfs {
	sqlite3_vfs base; /* first: SQLite hands it back */
	char name[40];
	struct kt_sqlsrc src;
	uint64_t size[KT_SQLFILES]; /* as SQLite sees them; NONE: not there */
	uint64_t kept; /* bytes of the main file that still show through; behind them: zeros */
	struct kt_sqlpages pages;
	uint32_t page; /* the page size in the main file's header, 0 when it has none */
	bool sealed;   /* rolling back is over: writes fail */
	bool changed;  /* the main file was written or cut, privately */
	int fault;     /* the first code that reading gave, or KT_E_LIMIT for private pages */
	struct kt_err fault_err;
	uint64_t ops, max_ops; /* of the virtual machine, in steps of the progress handler */
	struct {
		uint64_t off; /* bytes of the main file that were read ahead */
		size_t len;
		uint64_t next; /* where a sequential reader would go on */
		uint8_t *p;    /* owned, NULL until needed */
	} ahead;
};

/* The name of the main file inside; the others have its name with their ending. */
#define KT_SQLNAME "/artifact"

/* Fills in v->base and the sizes, and registers it. 0 or KT_E_INTERNAL. */
int kt_sqlvfs_register(struct kt_sqlvfs *v, struct kt_err *err);
/* Unregisters and frees what v holds, and v. */
void kt_sqlvfs_free(struct kt_sqlvfs *v);
/* Like src.read, without what was written privately; a failure is remembered in v->fault. */
int kt_sqlvfs_raw(struct kt_sqlvfs *v, enum kt_sqlfile which, uint64_t off, void *p, size_t n,
		  size_t *got);

enum kt_sqlwal { KT_SQLWAL_NONE = 0, KT_SQLWAL_EMPTY, KT_SQLWAL_UNUSED, KT_SQLWAL_USED };
/*
 * What recovery will make of the -wal: is there a committed frame behind a valid chain of checksums?
 * *page_size gets its page size when the header is sound, else 0. 0 or a code.
 */
int kt_sqlwal_look(struct kt_sqlvfs *v, enum kt_sqlwal *wal, uint32_t *page_size);

#endif
