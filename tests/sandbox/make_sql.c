/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Writes the databases of tests/tools/sql_cases.h into files, for the sandbox to read.
 *
 * usage: make-sql DIR cases      DIR/NAME with its -wal and -journal; stdout: a line for each,
 *                                NAME TAB code TAB emitted TAB notes, "*" for any,
 *                                "-" for no notes
 *        make-sql DIR damaged N  DIR/NUMBER with its -wal or -journal; no lines
 *        make-sql DIR seeds      small inputs of the fuzz target (tests/fuzz/fuzz_sql.c)
 */
#include "tests/tools/sql_cases.h"

static void write_one(const char *dir, const char *name, const char *ending, const struct kt_buf *b,
		      uint64_t extend)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s%s", dir, name, ending);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	SQL_MUST(fd >= 0 && kt_write_full(fd, b->p, b->len, NULL) == 0);
	SQL_MUST(extend <= b->len || ftruncate(fd, (off_t)extend) == 0);
	close(fd);
}

static void write_files(const char *dir, const char *name, const struct sql_files *f)
{
	write_one(dir, name, "", &f->main, f->extend);
	if (f->has_wal)
		write_one(dir, name, "-wal", &f->wal, 0);
	if (f->has_journal)
		write_one(dir, name, "-journal", &f->journal, 0);
}

static void cases(const char *dir)
{
	for (size_t i = 0; i < SQL_CASES; i++) {
		const struct sql_case *c = &sql_cases[i];
		char emitted[16] = "*";
		struct sql_files f;

		sql_files_init(&f);
		c->make(&f);
		write_files(dir, c->name, &f);
		sql_files_free(&f);
		if (c->emitted != ANY)
			snprintf(emitted, sizeof(emitted), "%d", c->emitted);
		printf("%s\t%s\t%s\t%s\n", c->name, c->code != NULL ? c->code : "*", emitted,
		       c->notes == NULL	     ? "*"
		       : c->notes[0] != '\0' ? c->notes
					     : "-");
	}
}

static void damaged(const char *dir, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct sql_files f;
		char name[16];

		snprintf(name, sizeof(name), "%u", i);
		sql_files_init(&f);
		mk_damaged(&f, i);
		write_files(dir, name, &f);
		sql_files_free(&f);
	}
}

#define SMALL "PRAGMA page_size=512;"

static void s_plain(struct sql_files *f)
{
	sql_script(f, SMALL SQL_POINTS SQL_ROWS(0, 12));
}

static void s_wal(struct sql_files *f)
{
	sql_wal(f, SMALL SQL_POINTS SQL_ROWS(0, 5), SQL_ROWS(5, 8),
		"DELETE FROM points WHERE id<2");
}

static void s_hot(struct sql_files *f)
{
	sql_hot(f, SMALL SQL_POINTS SQL_ROWS(0, 30),
		"UPDATE points SET name='x'; " SQL_ROWS(30, 60));
}

static void s_kinds(struct sql_files *f)
{
	sql_script(f, SMALL "PRAGMA encoding='UTF-16le';"
			    "CREATE TABLE t(name TEXT, lat, lon, ts, data, PRIMARY KEY(name,lat)) "
			    "WITHOUT ROWID;"
			    "INSERT INTO t VALUES('a','52.1','5',1.5,x'00'),('b',52,5.25,NULL,'t');"
			    "CREATE VIEW points AS SELECT * FROM t; CREATE INDEX i ON t(lat);");
}

static void seeds(const char *dir)
{
	static const struct {
		const char *name;
		void (*make)(struct sql_files *f);
	} all[] = {{"plain", s_plain}, {"wal", s_wal},	      {"hot", s_hot},
		   {"kinds", s_kinds}, {"values", mk_values}, {"generated", mk_generated}};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct sql_files f;
		struct kt_buf b;

		sql_files_init(&f);
		kt_buf_init(&b, 0);
		all[i].make(&f);
		kt_buf_put_u8(&b, (uint8_t)(f.has_wal | f.has_journal << 1 | f.has_wal << 2));
		kt_buf_put_le32(&b, (uint32_t)f.main.len);
		b.len--;
		kt_buf_put_le32(&b, f.has_wal ? (uint32_t)f.wal.len : 0);
		b.len--;
		kt_buf_put(&b, f.main.p, f.main.len);
		if (f.has_wal)
			kt_buf_put(&b, f.wal.p, f.wal.len);
		if (f.has_journal)
			kt_buf_put(&b, f.journal.p, f.journal.len);
		write_one(dir, all[i].name, "", &b, 0);
		kt_buf_free(&b);
		sql_files_free(&f);
	}
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[2], "cases") == 0)
		cases(argv[1]);
	else if (argc == 3 && strcmp(argv[2], "seeds") == 0)
		seeds(argv[1]);
	else if (argc == 4 && strcmp(argv[2], "damaged") == 0)
		damaged(argv[1], (unsigned)strtoul(argv[3], NULL, 10));
	else
		return 2;
	return 0;
}
