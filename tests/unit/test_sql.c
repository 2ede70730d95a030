/* SPDX-License-Identifier: EUPL-1.2 */
/* SQLite artifacts through the SDK, in process: each ends as sql_cases.h says, and is not changed. */
#include "core/frame.h"
#include "core/hash.h"
#include "parsers/host/stream.h"
#include "parsers/sdk/ctx.h"
#include "tests/tools/sql_cases.h"
#include "tests/tools/sql_dump.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct run {
	const struct sql_files *f;
	uint64_t size;
	struct kt_stream stream;
	int code;
	uint64_t emitted, skipped;
	char notes[400], rows[40], view[40], error[200];
	struct kt_buf json;	 /* of all records */
	unsigned fail_at, reads; /* the read that fails; 0: none */
};

static int read_of(struct run *r, const struct kt_buf *b, uint64_t size, uint64_t off, void *p,
		   size_t n, size_t *got, struct kt_err *err)
{
	size_t have = 0;

	assert_true(off <= size && n <= size - off);
	if (++r->reads == r->fail_at)
		return KT_FAIL(err, KT_E_ABSENT, "not acquired");
	if (off < b->len)
		have = b->len - (size_t)off < n ? b->len - (size_t)off : n;
	if (have > 0)
		memcpy(p, b->p + off, have);
	memset((uint8_t *)p + have, 0, n - have);
	*got = n;
	return 0;
}

static int read_main(void *arg, uint64_t off, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct run *r = arg;

	return read_of(r, &r->f->main, r->size, off, p, n, got, err);
}

static int read_sibling(void *arg, enum kt_sibling which, uint64_t off, void *p, size_t n,
			size_t *got, struct kt_err *err)
{
	struct run *r = arg;
	const struct kt_buf *b = which == KT_SIBLING_WAL ? &r->f->wal : &r->f->journal;

	return read_of(r, b, b->len, off, p, n, got, err);
}

static void take_event(struct run *r, const struct kt_event *ev)
{
	const struct kt_attr *a;
	size_t n = strlen(r->notes);

	switch (ev->kind) {
	case KT_EV_NOTE:
		snprintf(r->notes + n, sizeof(r->notes) - n, "%s%.*s", n > 0 ? "," : "",
			 (int)ev->code_str.len, ev->code_str.p);
		if (kt_str_is(ev->code_str, "rows"))
			snprintf(r->rows, sizeof(r->rows), "%.*s", (int)ev->text.len, ev->text.p);
		break;
	case KT_EV_RECORD:
		a = kt_rec_attr(&ev->rec, KT_F_SOURCE_VIEW);
		assert_non_null(a);
		snprintf(r->view, sizeof(r->view), "%.*s", (int)a->s.len, a->s.p);
		if (r->json.len < 100000) {
			kt_event_json(ev, &r->json);
			kt_buf_putc(&r->json, '\n');
		}
		break;
	case KT_EV_END:
		r->code = ev->code;
		r->emitted = ev->emitted;
		r->skipped = ev->skipped;
		snprintf(r->error, sizeof(r->error), "%.*s", (int)ev->text.len, ev->text.p);
		break;
	default:
		break;
	}
}

static int take(void *arg, const void *p, size_t n, struct kt_err *err)
{
	const uint8_t *at = p;
	struct run *r = arg;

	while (n > 0) {
		struct kt_event ev;
		uint32_t len = kt_get_le32(at);

		assert_true(len <= n - KT_FRAME_HEAD);
		assert_int_equal(
			kt_stream_frame(&r->stream, at[4], at + KT_FRAME_HEAD, len, &ev, err), 0);
		take_event(r, &ev);
		at += KT_FRAME_HEAD + len;
		n -= KT_FRAME_HEAD + len;
	}
	return 0;
}

static void run_parser(struct run *r, const struct sql_files *f, const struct kt_parser *p)
{
	struct kt_ctx_ops ops = {read_main, take, r, read_sibling};
	struct kt_ctx ctx;

	r->f = f;
	r->size = f->extend > f->main.len ? f->extend : f->main.len;
	kt_buf_init(&r->json, 0);
	kt_stream_init(&r->stream, true);
	kt_ctx_init(&ctx, &ops, r->size);
	if (f->has_wal)
		ctx.sibling_size[KT_SIBLING_WAL] = f->wal.len;
	if (f->has_journal)
		ctx.sibling_size[KT_SIBLING_JOURNAL] = f->journal.len;
	assert_int_equal(kt_ctx_run(&ctx, p, NULL), 0);
	assert_true(r->stream.ended);
	assert_null(ctx.view);
	kt_ctx_free(&ctx);
}

static void dump(struct run *r, const struct sql_files *f)
{
	memset(r, 0, sizeof(*r));
	run_parser(r, f, &sql_dump);
}

static void digest(const struct sql_files *f, uint8_t out[3][KT_SHA256_LEN])
{
	const struct kt_buf *b[] = {&f->main, &f->wal, &f->journal};

	for (int i = 0; i < 3; i++)
		assert_int_equal(kt_sha256(b[i]->p, b[i]->len, out[i], NULL), 0);
}

/* -- the cases -------------------------------------------------------------------------------- */

static bool as_expected(const struct sql_case *c, const struct run *r)
{
	const char *code = kt_code_name(r->code);

	if (c->code != NULL ? strcmp(code, c->code) != 0 : r->code != 0 && r->code != KT_E_FORMAT)
		return false;
	if (c->emitted != ANY && r->emitted != (uint64_t)c->emitted)
		return false;
	if (c->notes != NULL && strcmp(c->notes, r->notes) != 0)
		return false;
	if (r->code == 0 && strtoull(r->rows, NULL, 10) != r->emitted + r->skipped)
		return false;
	return c->view == NULL || r->emitted == 0 || strcmp(c->view, r->view) == 0;
}

static void each_ends_as_it_has_to(void **state)
{
	unsigned bad = 0;

	(void)state;
	for (size_t i = 0; i < SQL_CASES; i++) {
		uint8_t before[3][KT_SHA256_LEN], after[3][KT_SHA256_LEN];
		struct sql_files f;
		struct run r;

		sql_files_init(&f);
		sql_cases[i].make(&f);
		digest(&f, before);
		dump(&r, &f);
		digest(&f, after);
		assert_memory_equal(before, after, sizeof(before));
		if (!as_expected(&sql_cases[i], &r)) {
			bad++;
			print_error("%s: %s, %llu records (%s rows), notes %s, view %s: %s\n",
				    sql_cases[i].name, kt_code_name(r.code),
				    (unsigned long long)r.emitted, r.rows, r.notes, r.view,
				    r.error);
		}
		kt_buf_free(&r.json);
		sql_files_free(&f);
	}
	assert_int_equal(bad, 0);
}

/* -- damage ----------------------------------------------------------------------------------- */

/* Any end is right that has a name; what matters is that there is one, and no fault. */
static bool has_name(const struct run *r)
{
	return r->code == 0 || r->code == KT_E_FORMAT || r->code == KT_E_LIMIT;
}

static void cut_at_every_byte(void **state)
{
	struct sql_files f;
	size_t full;
	unsigned whole = 0;

	(void)state;
	sql_files_init(&f);
	sql_script(&f, "PRAGMA page_size=512;" SQL_POINTS SQL_ROWS(0, 12));
	full = f.main.len;
	assert_in_range(full, 1024, 4096);
	for (size_t n = 0; n <= full; n++) {
		struct run r;

		f.main.len = n;
		dump(&r, &f);
		assert_true(has_name(&r));
		assert_true(r.emitted <= 12);
		/* a file that lacks something must not read as if it were whole */
		if (r.code == 0 && strstr(r.notes, "database-damaged") == NULL)
			whole++;
		kt_buf_free(&r.json);
	}
	assert_int_equal(whole, 1);
	sql_files_free(&f);
}

static void cut_at_every_page(void **state)
{
	struct sql_files f;
	size_t full;
	uint64_t last = 0;

	(void)state;
	sql_files_init(&f);
	sql_script(&f, "PRAGMA page_size=1024;" SQL_POINTS SQL_ROWS(0, 1000));
	full = f.main.len;
	for (size_t n = 2048; n <= full; n += 1024) {
		struct run r;

		f.main.len = n;
		dump(&r, &f);
		assert_int_equal(r.code, n == full ? 0 : KT_E_FORMAT);
		assert_true((strstr(r.notes, "database-damaged") != NULL) == (n < full));
		/* what is there stays, and more of it with every page */
		assert_true(r.emitted >= last);
		last = r.emitted;
		kt_buf_free(&r.json);
	}
	assert_int_equal(last, 1000);
	sql_files_free(&f);
}

/* Each cut of a -wal gives one of the states that the database had, or says that it is damaged. */
static void cut_wal(void **state)
{
	struct sql_files f;
	size_t full;
	unsigned states[3] = {0};

	(void)state;
	sql_files_init(&f);
	sql_wal(&f, "PRAGMA page_size=512;" SQL_POINTS SQL_ROWS(0, 20), SQL_ROWS(20, 30),
		"DELETE FROM points WHERE id<15");
	full = f.wal.len;
	for (size_t n = 0; n <= full; n++) {
		struct run r;

		f.wal.len = n;
		dump(&r, &f);
		assert_int_equal(r.code, 0);
		assert_true(r.emitted == 20 || r.emitted == 30 || r.emitted == 15);
		assert_string_equal(r.view, r.emitted == 20 ? "main" : "main+wal");
		states[r.emitted == 20 ? 0 : r.emitted == 30 ? 1 : 2]++;
		kt_buf_free(&r.json);
	}
	assert_true(states[0] > 100 && states[1] > 100 && states[2] == 1);
	sql_files_free(&f);
}

static void damaged_at_random(void **state)
{
	unsigned ended[3] = {0};

	(void)state;
	for (unsigned i = 0; i < 400; i++) {
		struct sql_files f;
		struct run r;

		sql_files_init(&f);
		mk_damaged(&f, i);
		dump(&r, &f);
		assert_true(has_name(&r));
		ended[r.code == 0 ? 0 : r.code == KT_E_FORMAT ? 1 : 2]++;
		kt_buf_free(&r.json);
		sql_files_free(&f);
	}
	print_message("%u ok, %u format, %u limit\n", ended[0], ended[1], ended[2]);
	assert_true(ended[0] > 20 && ended[1] > 20);
}

/* A read that fails ends the parse with its own code, wherever it comes. */
static void failing_reads(void **state)
{
	static void (*const makers[])(struct sql_files *) = {mk_plain, mk_wal, mk_hot};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct sql_files f;
		unsigned n = 0;
		struct run r;

		sql_files_init(&f);
		makers[i](&f);
		do {
			memset(&r, 0, sizeof(r));
			r.fail_at = ++n;
			run_parser(&r, &f, &sql_dump);
			kt_buf_free(&r.json);
			if (r.reads >= n)
				if (r.code != KT_E_ABSENT)
					fail_msg("%zu: read %u of %u: %d %s", i, n, r.reads, r.code,
						 r.error);
		} while (r.reads >= n);
		assert_int_equal(r.code, 0);
		assert_true(n > 3);
		sql_files_free(&f);
	}
}

/* -- values ----------------------------------------------------------------------------------- */

static void values_say_what_they_are(void **state)
{
	static const char *const want[] = {
		/* text is no integer, blank before a number is no number */
		"\"position_reason\":\"not-a-number\",\"phone_user\":7,",
		"\"position_reason\":\"not-a-number\",\"flags\":[\"implausible-time\"],\"channel\":"
		"1",
		"\"t\":\"1970-01-01T00:00:01.500000Z\"",
		"\"name\":\"a\\\\u{0000}b\",\"channel\":0",
		/* neither is a fraction */
		"\"not-a-number\",\"source_view\":\"main\",\"raw\":\"9.0e+99\"",
		"\"phone_user\":2,\"source_view\":\"main\",\"raw\":\"9223372036854775807\"",
		"\"t\":\"2023-11-14T22:13:20.250000Z\",\"t_kind\":\"utc\",\"lat\":0.0010000,"
		"\"lon\":0.5000000",
		"\"path\":\"points/8\"",
	};
	struct sql_files f;
	struct run r;

	(void)state;
	sql_files_init(&f);
	mk_values(&f);
	dump(&r, &f);
	assert_int_equal(r.skipped, 1);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		if (strstr(kt_buf_cstr(&r.json), want[i]) == NULL)
			fail_msg("%s is not in\n%s", want[i], kt_buf_cstr(&r.json));
	kt_buf_free(&r.json);
	sql_files_free(&f);
}

static void expect_json(void (*make)(struct sql_files *), const char *const *want)
{
	struct sql_files f;
	struct run r;

	sql_files_init(&f);
	make(&f);
	dump(&r, &f);
	for (; *want != NULL; want++)
		if (strstr(kt_buf_cstr(&r.json), *want) == NULL)
			fail_msg("%s is not in\n%s", *want, kt_buf_cstr(&r.json));
	kt_buf_free(&r.json);
	sql_files_free(&f);
}

static void rows_are_named(void **state)
{
	(void)state;
	expect_json(mk_without_rowid, (const char *[]){"\"points/'it''s',1\"", "\"points/'b',1\"",
						       "\"points/'b',2\"", NULL});
	expect_json(mk_rowid_names, (const char *[]){"\"points/1\"", NULL});
	expect_json(mk_rowid_hidden, (const char *[]){"\"points/?\"", NULL});
	expect_json(mk_rowids, (const char *[]){"\"points/-9223372036854775808\"",
						"\"points/9223372036854775807\"", NULL});
	expect_json(mk_utf16le,
		    (const char *[]){"\"name\":\"\xc3\x86r\xc3\xb8\"", "\"lat\":52.2500000", NULL});
	expect_json(mk_utf16be, (const char *[]){"\"name\":\"\xc3\x86r\xc3\xb8\"", NULL});
	expect_json(mk_generated_stored, (const char *[]){"\"lat\":52.0000000", NULL});
	expect_json(mk_expressions, (const char *[]){"\"channel\":3", NULL});
}

/* -- the calls that sql_dump does not make ---------------------------------------------------- */

static int look_ups(struct kt_ctx *ctx, struct kt_err *err)
{
	static const char *const columns[] = {"gone|lat", "nowhere|never"};
	struct kt_err own = {0};
	struct kt_rows rows, two;
	struct kt_sql *db;
	struct kt_str s;
	int64_t v;

	assert_int_equal(kt_sql_open(ctx, &db, err), 0);
	assert_true(kt_sql_has(db, "points", NULL));
	assert_true(kt_sql_has(db, "POINTS", "Lat"));
	assert_false(kt_sql_has(db, "points", "latitude"));
	assert_false(kt_sql_has(db, "v", NULL));
	assert_false(kt_sql_has(db, "gen", "twice"));
	assert_true(kt_sql_has(db, "gen", "a"));
	assert_false(kt_sql_has(db, "sqlite_master|points", NULL));
	assert_string_equal(kt_sql_table(db, "a|v|points|gen"), "points");
	assert_null(kt_sql_table(db, "a|v"));
	assert_string_equal(kt_sql_column(db, "points", "x|y|lon|lat"), "lon");
	assert_null(kt_sql_column(db, "points", "x|y"));
	assert_null(kt_sql_column(db, "v", "lat"));
	assert_int_equal(kt_sql_count(db, "points"), 50);
	assert_int_equal(kt_sql_count(db, "v"), -1);

	/* twice the same statement: the missing column is named once */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(kt_sql_select(db, &rows, "points", columns, 2,
					       "WHERE id=?1 ORDER BY ts", err),
				 0);
		assert_int_equal(kt_rows_bind_int(&rows, 1, 7, err), 0);
		assert_int_equal(kt_rows_next(&rows, err), 1);
		assert_true(kt_rows_scaled(&rows, 1, 7, &v));
		assert_int_equal(v, 520000070);
		assert_true(kt_rows_null(&rows, 2));
		assert_int_equal(kt_rows_next(&rows, err), 0);
		assert_int_equal(kt_rows_next(&rows, err), 0); /* and does not start again */
		assert_int_equal(kt_rows_bind_int(&rows, 1, 777, err), 0);
		assert_int_equal(kt_rows_next(&rows, err), 0);
		kt_rows_end(&rows);
		kt_rows_end(&rows);
	}
	assert_int_equal(kt_sql_query(db, &rows, "SELECT id, name FROM points WHERE name=?1", err),
			 0);
	assert_int_equal(kt_sql_query(db, &two, "SELECT count(*) FROM points a JOIN gen b", err),
			 0);
	assert_int_equal(kt_rows_bind_text(&rows, 1, kt_str_c("p3"), err), 0);
	assert_int_equal(kt_rows_next(&rows, err), 1);
	assert_int_equal(kt_rows_next(&two, err), 1);
	assert_true(kt_rows_int(&rows, 0, &v));
	assert_int_equal(v, 3);
	assert_false(kt_rows_text(&rows, 0, &s));
	s = kt_rows_raw(&rows, 0);
	assert_true(kt_str_is(s, "3"));
	assert_true(kt_rows_int(&rows, 0, &v)); /* its text made it nothing else */
	kt_rows_end(&rows);
	kt_rows_end(&two);

	assert_int_equal(kt_sql_select(db, &rows, "v", columns, 2, NULL, &own), KT_E_FORMAT);
	assert_int_equal(kt_rows_next(&rows, &own), KT_E_INTERNAL);
	kt_rows_end(&rows);
	assert_int_equal(kt_sql_query(db, &rows, "SELECT * FROM v", &own), KT_E_FORMAT);
	assert_int_equal(kt_sql_query(db, &rows, "SELECT nothing FROM points", &own), KT_E_FORMAT);
	kt_sql_close(&db);
	assert_null(db);
	kt_sql_close(&db);
	return 0;
}

static void names_and_parameters(void **state)
{
	static const struct kt_parser p = {"look-ups", look_ups};
	struct run r = {0};
	struct sql_files f;

	(void)state;
	sql_files_init(&f);
	sql_script(
		&f,
		SQL_POINTS SQL_ROWS(
			0, 50) "CREATE VIEW v AS SELECT * FROM points;"
			       "CREATE TABLE gen(a, twice AS (a+a)); INSERT INTO gen VALUES(1);");
	run_parser(&r, &f, &p);
	assert_int_equal(r.code, 0);
	assert_string_equal(r.notes, "column-missing");
	kt_buf_free(&r.json);
	sql_files_free(&f);
}

/* A record that says itself what it was seen through keeps that; none is said when nothing is open. */
static int views(struct kt_ctx *ctx, struct kt_err *err)
{
	struct kt_record rec;
	struct kt_sql *db;

	kt_seen(ctx, 2);
	assert_int_equal(kt_sql_open(ctx, &db, err), 0);
	kt_rec_init(&rec, KT_REC_PROPERTY, KT_BASIS_STATED);
	rec.loc.kind = KT_LOC_ROW;
	rec.loc.path = kt_str_c("a/1");
	for (int i = 0; i < (int)KT_REC_ATTRS - 1; i++) {
		rec.attr[rec.nattrs++] =
			(struct kt_attr){.field = (uint16_t)(i + 1), .i = 1, .s = kt_str_c("x")};
	}
	assert_int_equal(kt_emit(ctx, &rec, err), 0);
	assert_int_equal(rec.nattrs, KT_REC_ATTRS - 1);
	rec.nattrs = 0;
	kt_rec_str(&rec, KT_F_SOURCE_VIEW, "mine", 4);
	assert_int_equal(kt_emit(ctx, &rec, err), 0);
	kt_sql_close(&db);
	return 0;
}

static void every_record_says_its_view(void **state)
{
	static const struct kt_parser p = {"views", views};
	struct run r = {0};
	struct sql_files f;

	(void)state;
	sql_files_init(&f);
	mk_wal(&f);
	run_parser(&r, &f, &p);
	assert_non_null(strstr(kt_buf_cstr(&r.json), "\"source_view\":\"main+wal\""));
	assert_non_null(strstr(kt_buf_cstr(&r.json), "\"source_view\":\"mine\""));
	kt_buf_free(&r.json);
	sql_files_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_ends_as_it_has_to),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(cut_at_every_page),
		cmocka_unit_test(cut_wal),
		cmocka_unit_test(damaged_at_random),
		cmocka_unit_test(failing_reads),
		cmocka_unit_test(values_say_what_they_are),
		cmocka_unit_test(rows_are_named),
		cmocka_unit_test(names_and_parameters),
		cmocka_unit_test(every_record_says_its_view),
	};

	return cmocka_run_group_tests_name("sql", tests, NULL, NULL);
}
