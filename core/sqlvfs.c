/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The files that SQLite sees: main file, -wal and -journal by callback, and private pages over the
 * main file for what rolling back writes. sqldb.c opens databases on it.
 */
#include "core/sqlvfs_i.h"
#include "core/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 64
#define AHEAD	       ((size_t)64 << 10)

struct file {
	sqlite3_file base; /* first */
	struct kt_sqlvfs *v;
	enum kt_sqlfile which;
};

static struct kt_sqlvfs *vfs_of(sqlite3_vfs *base)
{
	return (struct kt_sqlvfs *)base;
}

static struct file *file_of(sqlite3_file *base)
{
	return (struct file *)base;
}

/* -- private pages ---------------------------------------------------------------------------- */

static size_t slot_of(const struct kt_sqlpages *t, uint64_t no)
{
	size_t i = (size_t)(no * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (t->cap - 1);

	while (t->slot[i].p != NULL && t->slot[i].no != no)
		i = (i + 1) & (t->cap - 1);
	return i;
}

static uint8_t *page_find(const struct kt_sqlpages *t, uint64_t no)
{
	return t->cap > 0 ? t->slot[slot_of(t, no)].p : NULL;
}

static int table_grow(struct kt_sqlpages *t)
{
	struct kt_sqlpages bigger = *t;

	bigger.cap = t->cap > 0 ? t->cap * 2 : 64;
	bigger.slot = calloc(bigger.cap, sizeof(*bigger.slot));
	if (bigger.slot == NULL)
		return KT_E_NOMEM;
	for (size_t i = 0; i < t->cap; i++)
		if (t->slot[i].p != NULL)
			bigger.slot[slot_of(&bigger, t->slot[i].no)] = t->slot[i];
	free(t->slot);
	*t = bigger;
	return 0;
}

/* A new page, not initialised. */
static int page_add(struct kt_sqlpages *t, uint64_t no, uint8_t **p)
{
	size_t i;

	*p = NULL;
	if ((t->n + 1) * (KT_SQLPAGE + 2 * sizeof(*t->slot)) > t->max)
		return KT_E_LIMIT;
	if (2 * (t->n + 1) > t->cap && table_grow(t) < 0)
		return KT_E_NOMEM;
	i = slot_of(t, no);
	t->slot[i].p = malloc(KT_SQLPAGE);
	if (t->slot[i].p == NULL)
		return KT_E_NOMEM;
	t->slot[i].no = no;
	t->n++;
	*p = t->slot[i].p;
	return 0;
}

static void pages_free(struct kt_sqlpages *t)
{
	for (size_t i = 0; i < t->cap; i++)
		free(t->slot[i].p);
	free(t->slot);
	t->slot = NULL;
	t->n = t->cap = 0;
}

/* -- reading ---------------------------------------------------------------------------------- */

/* The first fault is the cause; SQLite's own result only says that there was one. */
static int fault(struct kt_sqlvfs *v, int code, struct kt_err *err)
{
	if (v->fault == 0) {
		v->fault = code;
		if (err != NULL)
			v->fault_err = *err;
	}
	return code;
}

int kt_sqlvfs_raw(struct kt_sqlvfs *v, enum kt_sqlfile which, uint64_t off, void *p, size_t n,
		  size_t *got)
{
	uint64_t size = v->src.size[which];
	struct kt_err err = {0};
	int r;

	*got = 0;
	if (size == KT_SQLFILE_NONE || off >= size || n == 0)
		return 0;
	if (n > size - off)
		n = (size_t)(size - off);
	r = v->src.read(v->src.arg, which, off, p, n, got, &err);
	return r < 0 ? fault(v, r, &err) : 0;
}

/*
 * Bytes of the main file as handed in. A table written in one go lies page behind page: whoever has
 * just read up to off most likely goes on there, and one large read is cheaper than sixteen.
 */
static int read_main(struct kt_sqlvfs *v, uint64_t off, uint8_t *p, size_t n, size_t *got)
{
	bool onwards = off == v->ahead.next;
	int r;

	v->ahead.next = off + n;
	if (v->ahead.len > 0 && off >= v->ahead.off && off - v->ahead.off <= v->ahead.len &&
	    n <= v->ahead.len - (size_t)(off - v->ahead.off)) {
		memcpy(p, v->ahead.p + (off - v->ahead.off), n);
		*got = n;
		return 0;
	}
	if (!onwards || n >= AHEAD || off == 0)
		return kt_sqlvfs_raw(v, KT_SQLFILE_MAIN, off, p, n, got);
	if (v->ahead.p == NULL) {
		v->ahead.p = malloc(AHEAD);
		if (v->ahead.p == NULL)
			return fault(v, KT_E_NOMEM, NULL);
	}
	v->ahead.len = 0;
	r = kt_sqlvfs_raw(v, KT_SQLFILE_MAIN, off, v->ahead.p, AHEAD, got);
	if (r < 0)
		return r;
	v->ahead.off = off;
	v->ahead.len = *got;
	if (*got > n)
		*got = n;
	memcpy(p, v->ahead.p, *got);
	return 0;
}

/* A piece inside one private page: from it, or from what shows through, or zeros. */
static int read_piece(struct kt_sqlvfs *v, uint64_t off, uint8_t *p, size_t n)
{
	const uint8_t *page = page_find(&v->pages, off / KT_SQLPAGE);
	size_t got = 0, want = n;
	int r;

	if (page != NULL) {
		memcpy(p, page + off % KT_SQLPAGE, n);
		return 0;
	}
	if (off >= v->kept)
		want = 0;
	else if (want > v->kept - off)
		want = (size_t)(v->kept - off);
	r = want > 0 ? kt_sqlvfs_raw(v, KT_SQLFILE_MAIN, off, p, want, &got) : 0;
	memset(p + got, 0, n - got);
	return r;
}

static int read_private(struct kt_sqlvfs *v, uint64_t off, uint8_t *p, size_t n, size_t *got)
{
	*got = 0;
	if (off >= v->size[KT_SQLFILE_MAIN])
		return 0;
	if (n > v->size[KT_SQLFILE_MAIN] - off)
		n = (size_t)(v->size[KT_SQLFILE_MAIN] - off);
	while (*got < n) {
		size_t k = KT_SQLPAGE - (size_t)((off + *got) % KT_SQLPAGE);
		int r;

		if (k > n - *got)
			k = n - *got;
		r = read_piece(v, off + *got, p + *got, k);
		if (r < 0)
			return r;
		*got += k;
	}
	return 0;
}

static int f_read(sqlite3_file *base, void *p, int n, sqlite3_int64 off)
{
	const struct file *f = file_of(base);
	struct kt_sqlvfs *v = f->v;
	size_t got = 0;
	int r = 0;

	if (n < 0 || off < 0)
		return SQLITE_IOERR_READ;
	if (f->which == KT_SQLFILE_MAIN)
		r = v->changed ? read_private(v, (uint64_t)off, p, (size_t)n, &got)
			       : read_main(v, (uint64_t)off, p, (size_t)n, &got);
	else if (v->size[f->which] != KT_SQLFILE_NONE && v->size[f->which] > 0)
		r = kt_sqlvfs_raw(v, f->which, (uint64_t)off, p, (size_t)n, &got);
	if (r < 0)
		return SQLITE_IOERR_READ;
	if (got == (size_t)n)
		return SQLITE_OK;
	memset((uint8_t *)p + got, 0, (size_t)n - got);
	return SQLITE_IOERR_SHORT_READ;
}

/* -- writing, privately ----------------------------------------------------------------------- */

static int write_piece(struct kt_sqlvfs *v, uint64_t off, const uint8_t *p, size_t n)
{
	uint64_t no = off / KT_SQLPAGE;
	uint8_t *page = page_find(&v->pages, no);

	if (page == NULL) {
		uint8_t was[KT_SQLPAGE];
		int r = read_piece(v, no * KT_SQLPAGE, was, KT_SQLPAGE);

		if (r == 0)
			r = page_add(&v->pages, no, &page);
		if (r < 0)
			return fault(v, r, NULL);
		memcpy(page, was, KT_SQLPAGE);
	}
	memcpy(page + off % KT_SQLPAGE, p, n);
	return 0;
}

/* Whatever is done to a journal ends it: SQLite writes into one only to say that it is used up. */
static int f_write(sqlite3_file *base, const void *p, int n, sqlite3_int64 off)
{
	const struct file *f = file_of(base);
	struct kt_sqlvfs *v = f->v;
	uint64_t end;

	if (v->sealed || f->which == KT_SQLFILE_WAL || n < 0 || off < 0)
		return SQLITE_READONLY;
	if (f->which == KT_SQLFILE_JOURNAL) {
		v->size[KT_SQLFILE_JOURNAL] = 0;
		return SQLITE_OK;
	}
	end = (uint64_t)off + (uint64_t)n;
	for (size_t done = 0; done < (size_t)n;) {
		uint64_t at = (uint64_t)off + done;
		size_t k = KT_SQLPAGE - (size_t)(at % KT_SQLPAGE);

		if (k > (size_t)n - done)
			k = (size_t)n - done;
		v->changed = true;
		if (write_piece(v, at, (const uint8_t *)p + done, k) < 0)
			return SQLITE_FULL;
		done += k;
	}
	if (end > v->size[KT_SQLFILE_MAIN])
		v->size[KT_SQLFILE_MAIN] = end;
	return SQLITE_OK;
}

/* Bytes behind the new end must read as zeros if the file grows again. */
static void forget_behind(struct kt_sqlvfs *v, uint64_t size)
{
	for (size_t i = 0; i < v->pages.cap; i++) {
		const struct kt_sqlpage *s = &v->pages.slot[i];
		uint64_t at = s->no * KT_SQLPAGE;

		if (s->p == NULL || at + KT_SQLPAGE <= size)
			continue;
		if (at >= size)
			memset(s->p, 0, KT_SQLPAGE);
		else
			memset(s->p + (size - at), 0, KT_SQLPAGE - (size_t)(size - at));
	}
	if (v->kept > size)
		v->kept = size;
}

static int f_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	const struct file *f = file_of(base);
	struct kt_sqlvfs *v = f->v;

	if (v->sealed || f->which == KT_SQLFILE_WAL || size < 0)
		return SQLITE_READONLY;
	if (f->which == KT_SQLFILE_JOURNAL) {
		v->size[KT_SQLFILE_JOURNAL] = 0;
		return SQLITE_OK;
	}
	if ((uint64_t)size == v->size[KT_SQLFILE_MAIN])
		return SQLITE_OK;
	forget_behind(v, (uint64_t)size);
	v->size[KT_SQLFILE_MAIN] = (uint64_t)size;
	v->changed = true;
	return SQLITE_OK;
}

/* -- the rest of a file ----------------------------------------------------------------------- */

static int f_close(sqlite3_file *base)
{
	(void)base;
	return SQLITE_OK;
}

static int f_sync(sqlite3_file *base, int flags)
{
	(void)base;
	(void)flags;
	return SQLITE_OK;
}

static int f_size(sqlite3_file *base, sqlite3_int64 *size)
{
	const struct file *f = file_of(base);
	uint64_t n = f->v->size[f->which];

	*size = n == KT_SQLFILE_NONE ? 0 : (sqlite3_int64)n;
	return SQLITE_OK;
}

static int f_lock(sqlite3_file *base, int level)
{
	(void)base;
	(void)level;
	return SQLITE_OK;
}

static int f_reserved(sqlite3_file *base, int *out)
{
	(void)base;
	*out = 0;
	return SQLITE_OK;
}

static int f_control(sqlite3_file *base, int op, void *arg)
{
	(void)base;
	(void)op;
	(void)arg;
	return SQLITE_NOTFOUND;
}

static int f_sector(sqlite3_file *base)
{
	(void)base;
	return 4096;
}

static int f_device(sqlite3_file *base)
{
	(void)base;
	return 0;
}

/* Version 1: no shared memory, no mapping. */
static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = f_close,
	.xRead = f_read,
	.xWrite = f_write,
	.xTruncate = f_truncate,
	.xSync = f_sync,
	.xFileSize = f_size,
	.xLock = f_lock,
	.xUnlock = f_lock,
	.xCheckReservedLock = f_reserved,
	.xFileControl = f_control,
	.xSectorSize = f_sector,
	.xDeviceCharacteristics = f_device,
};

/* -- names ------------------------------------------------------------------------------------ */

/* -1: not one of ours. */
static int which_file(const char *name)
{
	static const char *const names[KT_SQLFILES] = {KT_SQLNAME, KT_SQLNAME "-wal",
						       KT_SQLNAME "-journal"};

	for (int i = 0; name != NULL && i < KT_SQLFILES; i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	return -1;
}

static int v_open(sqlite3_vfs *base, const char *name, sqlite3_file *file, int flags, int *out)
{
	struct file *f = file_of(file);
	int which = which_file(name);

	f->base.pMethods = NULL;
	if (which < 0 || (flags & SQLITE_OPEN_DELETEONCLOSE) != 0)
		return SQLITE_CANTOPEN;
	f->v = vfs_of(base);
	f->which = (enum kt_sqlfile)which;
	f->base.pMethods = &methods;
	if (out != NULL)
		*out = flags;
	return SQLITE_OK;
}

/* A journal that was rolled back is gone, and so is the -wal of a database rolled back to nothing. */
static int v_delete(sqlite3_vfs *base, const char *name, int sync)
{
	int which = which_file(name);

	(void)sync;
	if (which <= KT_SQLFILE_MAIN)
		return SQLITE_READONLY;
	vfs_of(base)->size[which] = KT_SQLFILE_NONE;
	return SQLITE_OK;
}

static int v_access(sqlite3_vfs *base, const char *name, int flags, int *out)
{
	int which = which_file(name);

	(void)flags;
	*out = which >= 0 && vfs_of(base)->size[which] != KT_SQLFILE_NONE;
	return SQLITE_OK;
}

static int v_full_name(sqlite3_vfs *base, const char *name, int n, char *out)
{
	(void)base;
	return snprintf(out, (size_t)n, "%s", name) < n ? SQLITE_OK : SQLITE_CANTOPEN;
}

/* Nothing that is read depends on chance or on the time of day. */
static int v_randomness(sqlite3_vfs *base, int n, char *out)
{
	(void)base;
	memset(out, 0, (size_t)n);
	return n;
}

static int v_sleep(sqlite3_vfs *base, int us)
{
	(void)base;
	(void)us;
	return 0;
}

static int v_time(sqlite3_vfs *base, double *out)
{
	(void)base;
	*out = 0;
	return SQLITE_OK;
}

static int v_last_error(sqlite3_vfs *base, int n, char *out)
{
	(void)base;
	if (n > 0)
		out[0] = '\0';
	return 0;
}

int kt_sqlvfs_register(struct kt_sqlvfs *v, struct kt_err *err)
{
	snprintf(v->name, sizeof(v->name), "keten-%p", (void *)v);
	v->base.iVersion = 1;
	v->base.szOsFile = sizeof(struct file);
	v->base.mxPathname = NAME_MAX_BYTES;
	v->base.zName = v->name;
	v->base.xOpen = v_open;
	v->base.xDelete = v_delete;
	v->base.xAccess = v_access;
	v->base.xFullPathname = v_full_name;
	v->base.xRandomness = v_randomness;
	v->base.xSleep = v_sleep;
	v->base.xCurrentTime = v_time;
	v->base.xGetLastError = v_last_error;
	memcpy(v->size, v->src.size, sizeof(v->size));
	v->kept = v->size[KT_SQLFILE_MAIN];
	v->ahead.next = KT_SQLFILE_NONE;
	if (sqlite3_vfs_register(&v->base, 0) != SQLITE_OK)
		return KT_FAIL(err, KT_E_INTERNAL, "SQLite takes no file system");
	return 0;
}

void kt_sqlvfs_free(struct kt_sqlvfs *v)
{
	if (v == NULL)
		return;
	sqlite3_vfs_unregister(&v->base);
	pages_free(&v->pages);
	free(v->ahead.p);
	free(v);
}
