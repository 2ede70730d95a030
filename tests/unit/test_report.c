/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * report.json from a made-up case: members and their order, counts, identical bytes on a second
 * run, and that a case whose parts do not fit together is refused. With an argument it writes
 * the document to that file instead, for a look at the page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/cms.h"
#include "core/err.h"
#include "core/hash.h"
#include "core/io.h"
#include "core/json.h"
#include "core/mandate.h"
#include "core/plan.h"
#include "core/record.h"
#include "core/recstore.h"
#include "core/request.h"
#include "core/time.h"
#include "reports/model/report.h"
#include "tests/unit/record_put.h"
#include "tests/unit/report_plan.h"

/* -- the case --------------------------------------------------------------------------------- */

static void put_file(int dirfd, const char *name, const char *text)
{
	struct kt_err err = {0};

	assert_int_equal(kt_file_write(dirfd, name, text, strlen(text), 0600, &err), 0);
}

static void log_event(struct fixture *f, struct kt_buf *log, const char *utc, const char *event,
		      const char *detail)
{
	size_t from = log->len;
	struct kt_err err = {0};

	f->seq++;
	kt_buf_printf(log,
		      "{\"actor\":\"keten\",\"detail\":%s,\"event\":\"%s\",\"mono_ns\":%u,"
		      "\"prev\":\"%s\",\"seq\":%u,\"utc\":\"%s\"}\n",
		      detail, event, f->seq * 1000, f->prev, f->seq, utc);
	assert_false(log->failed);
	kt_sha256_hex(log->p + from, log->len - from, f->prev, &err);
}

static void make_log(struct fixture *f, bool later)
{
	struct kt_buf b;

	kt_buf_init(&b, 0);
	memset(f->prev, '0', 64);
	f->prev[64] = '\0';
	f->seq = 0;
	log_event(f, &b, "2026-11-22T09:00:01Z", "session.open",
		  "{\"anchored\":\"no\",\"case_id\":\"00112233445566778899aabbccddeeff\","
		  "\"tool_version\":\"0.1.0\"}");
	log_event(f, &b, "2026-11-22T09:00:09Z", "device.connect", "{\"serial\":\"SIM0001\"}");
	log_event(f, &b, "2026-11-22T09:00:10Z", "device.connect", "{\"serial\":\"SIM0001\"}");
	log_event(f, &b, "2026-11-22T09:00:20Z", "device.identified",
		  "{\"key_fingerprint\":\"AA:BB\",\"serial\":\"SIM0001\"}");
	log_event(f, &b, "2026-11-22T09:00:21Z", "clock.check",
		  "{\"offset_ms\":-2310,\"when\":\"start\"}");
	log_event(f, &b, "2026-11-22T09:02:00Z", "attempt.refused",
		  "{\"rule\":\"max-bytes\",\"text\":\"file larger than the limit\"}");
	log_event(f, &b, "2026-11-22T09:03:21Z", "clock.check",
		  "{\"offset_ms\":1980,\"when\":\"end\"}");
	log_event(f, &b, "2026-11-22T09:03:30Z", "device.disconnect", "{\"reason\":\"finished\"}");
	log_event(f, &b, "2026-11-22T09:03:31Z", "acquisition.sealed", "{\"segments\":7}");
	if (later) {
		log_event(f, &b, "2026-11-22T09:10:00Z", "parse.done", "{\"records\":7}");
		log_event(f, &b, "2026-11-22T09:11:00Z", "operator.note", "{\"text\":\"later\"}");
	}
	put_file(f->fd, "custody.jsonl", kt_buf_cstr(&b));
	kt_buf_free(&b);
}

#define SHA_A "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90"
#define HEAD(n, item, plugin)                                                                      \
	"{\"format\":\"keten-index-1\",\"item\":\"" item "\",\"plugin\":\"" plugin                 \
	"\",\"segment\":" #n "}\n"
#define END(outcome, reason)                                                                       \
	"{\"entries\":1,\"kind\":\"end\",\"objects\":1,\"outcome\":\"" outcome                     \
	"\",\"reason\":\"" reason "\"}\n"

static const char *const segments[] = {
	HEAD(1, "device/getprop", "android-device") //
	"{\"bytes\":812,\"kind\":\"object\",\"method\":\"shell\",\"object\":\"o000001\","
	"\"outcome\":\"acquired\",\"reason\":\"\",\"sha256\":\"" SHA_A "\"}\n" END("acquired", ""),
	HEAD(2, "device/users", "android-device") //
	"{\"bytes\":90,\"kind\":\"object\",\"method\":\"shell\",\"object\":\"o000002\","
	"\"outcome\":\"acquired\",\"reason\":\"\",\"sha256\":\"" SHA_A "\"}\n" END("acquired", ""),
	HEAD(3, "fixes/location", "android-location-state") END("failed", "timeout"),
	HEAD(4, "photos/dcim", "media-exif") //
	"{\"bytes\":21044,\"fs_mtime\":1715520000,\"fs_size\":4831022,\"kind\":\"object\","
	"\"method\":\"dd\",\"object\":\"o000003\",\"outcome\":\"acquired\","
	"\"path\":\"/sdcard/DCIM/Camera/IMG_20240512_160322.jpg\",\"path_hex\":\"2f\","
	"\"ranges\":[[0,20,0],[512,24,20]],\"reason\":\"\",\"sha256\":\"" SHA_A "\"}\n"
	"{\"bytes\":18200,\"fs_mtime\":1715520900,\"fs_size\":3900100,\"kind\":\"object\","
	"\"method\":\"dd\",\"object\":\"o000004\",\"outcome\":\"acquired\","
	"\"path\":\"/sdcard/DCIM/\xd8\xb5\xd9\x88\xd8\xb1 "
	"\xd8\xa7\xd9\x84\xd8\xb1\xd8\xad\xd9\x84\xd8\xa9/<script>alert(1)</"
	"script>\\\\u{202e}gpj.jpg\",\"path_hex\":\"2f\",\"ranges\":[[0,18200,0]],\"reason\":\"\","
	"\"sha256\":\"" SHA_A "\"}\n"
	"{\"kind\":\"object\",\"outcome\":\"failed\",\"path\":\"/sdcard/DCIM/gone.jpg\","
	"\"reason\":\"vanished\"}\n"
	"{\"count\":312,\"kind\":\"withheld\",\"reason\":\"outside-period\"}\n"
	"{\"count\":41,\"kind\":\"unmatched\",\"reason\":\"not-asked-for\"}\n" END("partial",
										   "files-failed"),
	HEAD(5, "photos/pictures", "media-exif") END("absent", "no-such-folder"),
	HEAD(6, "timeline/download", "google-timeline") //
	"{\"bytes\":1834221,\"fs_mtime\":1715520000,\"fs_size\":1834221,\"kind\":\"object\","
	"\"method\":\"sync\",\"object\":\"o000005\",\"outcome\":\"acquired\","
	"\"path\":\"/sdcard/Download/Timeline \xd8\xa7\xd9\x84\xd8\xac\xd8\xaf\xd9\x88\xd9\x84 "
	"\xd8\xa7\xd9\x84\xd8\xb2\xd9\x85\xd9\x86\xd9\x8a.json\",\"path_hex\":\"2f\","
	"\"reason\":\"\",\"sha256\":\"" SHA_A "\"}\n" END("acquired", ""),
	HEAD(7, "timeline/documents", "google-timeline") END("refused", "permission-denied"),
};

static void make_case(struct fixture *f)
{
	struct kt_err err = {0};
	char name[16];
	int index;

	strcpy(f->dir, "/tmp/kt-report-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->fd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->fd >= 0);
	put_file(f->fd, "case.json",
		 "{\"case_id\":\"00112233445566778899aabbccddeeff\",\"created\":\"2026-11-22T09:00:"
		 "00Z\",\"device\":\"SIM0001\",\"device_kind\":\"android\",\"format\":\"keten-case-"
		 "1\",\"mandate_id\":\"m-2026-000117\",\"mandate_sha256\":\"5a\",\"simulated\":"
		 "true}\n");
	put_file(f->fd, "seal.json",
		 "{\"case_id\":\"00112233445566778899aabbccddeeff\",\"custody_head\":\"" SHA_A
		 "\",\"custody_lines\":6,\"format\":\"keten-seal-1\",\"segments\":[]}");
	make_log(f, false);
	index = kt_dir_open(f->fd, "index", true, &err);
	assert_true(index >= 0);
	for (unsigned i = 0; i < ITEMS; i++) {
		snprintf(name, sizeof(name), "i%04u.jsonl", i + 1);
		put_file(index, name, segments[i]);
	}
	close(index);
}

/* -- the records ------------------------------------------------------------------------------ */

static void put_artifact(struct fixture *f, const char *object, unsigned item, const char *code,
			 uint64_t seen, uint64_t emitted, uint64_t skipped, uint64_t withheld)
{
	struct kt_artifact_row row = {
		.object = object,
		.item = item_ids[item],
		.plugin = plugins[item_plugin[item]].id,
		.version = plugins[item_plugin[item]].version,
		.code = code,
		.error = strcmp(code, "ok") == 0 ? "" : "byte 18112: unexpected end",
		.seen = seen,
		.emitted = emitted,
		.skipped = skipped,
		.withheld = withheld,
	};
	struct kt_err err = {0};

	assert_int_equal(kt_recstore_artifact(&f->store, &row, &err), 0);
}

static struct kt_record record(enum kt_rec_type type, enum kt_rec_basis basis, const char *path,
			       uint64_t off, uint64_t len)
{
	struct kt_record r = {
		.type = (uint8_t)type,
		.basis = (uint8_t)basis,
		.loc = {.kind = path != NULL ? KT_LOC_JSON : KT_LOC_BYTES, .off = off, .len = len},
	};

	if (path != NULL) {
		r.loc.path.p = path;
		r.loc.path.len = (uint32_t)strlen(path);
	}
	return r;
}

static void set_place(struct kt_record *r, int32_t lat, int32_t lon, int64_t accuracy_mm)
{
	r->pos_state = KT_POS_OK;
	r->lat_e7 = lat;
	r->lon_e7 = lon;
	r->has_accuracy = accuracy_mm > 0;
	r->accuracy_mm = accuracy_mm;
}

static void put_property(struct fixture *f, uint64_t n, const char *name, const char *value)
{
	struct kt_record r = record(KT_REC_PROPERTY, KT_BASIS_STATED, NULL, n * 40, 38);

	kt_rec_str(&r, KT_F_NAME, name, strlen(name));
	kt_rec_str(&r, KT_F_VALUE, value, strlen(value));
	put_record(&f->store, "o000001", n, &r);
}

static void begin(struct fixture *f)
{
	struct kt_err err = {0};

	assert_int_equal(kt_recstore_begin(&f->store, &err), 0);
}

static void commit(struct fixture *f)
{
	struct kt_err err = {0};

	assert_int_equal(kt_recstore_commit(&f->store, &err), 0);
}

static void put_device(struct fixture *f)
{
	struct kt_record r = record(KT_REC_USER, KT_BASIS_STATED, NULL, 30, 40);

	begin(f);
	put_artifact(f, "o000001", 0, "ok", 4, 4, 0, 0);
	put_property(f, 1, "ro.product.model", "Example Phone 5");
	put_property(f, 2, "ro.product.brand", "example");
	put_property(f, 3, "ro.build.version.release", "13");
	put_property(f, 4, "persist.sys.timezone", "Europe/Athens\xe2\x80\xae");
	commit(f);
	begin(f);
	put_artifact(f, "o000002", 1, "ok", 2, 1, 1, 0);
	kt_rec_int(&r, KT_F_PHONE_USER, 10);
	kt_rec_str(&r, KT_F_VALUE, "flags 30", 8);
	put_record(&f->store, "o000002", 1, &r);
	commit(f);
}

static void put_photos(struct fixture *f)
{
	struct kt_record r = record(KT_REC_POSITION, KT_BASIS_MEASURED, NULL, 1210, 96);
	struct kt_locator first = {.kind = KT_LOC_BYTES, .off = 18112, .len = 12};
	struct kt_err err = {0};

	begin(f);
	put_artifact(f, "o000003", 3, "ok", 1, 1, 0, 0);
	r.time_kind = KT_TIME_UTC;
	r.t_us = at("2024-05-12T13:03:22Z");
	set_place(&r, 379838000, 237275000, 4700);
	kt_rec_str(&r, KT_F_CAMERA_MODEL, "Example Phone 5", 15);
	kt_rec_str(&r, KT_F_TAKEN_LOCAL, "2024:05:12 16:03:22", 19);
	kt_rec_int(&r, KT_F_ALTITUDE_MM, 71200);
	r.raw = (struct kt_str){"37/1 59/1 168/100 N", 19};
	put_record(&f->store, "o000003", 1, &r);
	commit(f);

	begin(f);
	put_artifact(f, "o000004", 3, "parse-error", 2, 1, 1, 0);
	r = record(KT_REC_MEDIA, KT_BASIS_MEASURED, NULL, 1180, 64);
	r.time_kind = KT_TIME_LOCAL;
	r.t_us = at("2024-05-12T18:20:00Z");
	r.pos_state = KT_POS_UNUSABLE;
	r.pos_reason = (struct kt_str){"hemisphere-missing", 18};
	r.flags = KT_FLAG_BAD_ACCURACY;
	put_record(&f->store, "o000004", 1, &r);
	assert_int_equal(kt_recstore_skip(&f->store, "o000004", "truncated-tag", 1, &first, &err),
			 0);
	commit(f);
}

static void put_timeline(struct fixture *f)
{
	struct kt_record r =
		record(KT_REC_VISIT, KT_BASIS_INFERRED, "$.semanticSegments[14].visit", 88210, 402);
	struct kt_locator first = {
		.kind = KT_LOC_JSON, .off = 120, .len = 44, .path = {"$.x[2]", 6}};
	struct kt_err err = {0};
	const char raw[] = "37.9755000\xc2\xb0, 23.7348000\xc2\xb0";

	begin(f);
	put_artifact(f, "o000005", 5, "ok", 5211, 5, 40, 5166);
	r.time_kind = KT_TIME_UTC;
	r.t_us = at("2024-05-11T20:12:00Z");
	r.has_end = true;
	r.t_end_us = at("2024-05-12T06:40:00Z");
	set_place(&r, 379755000, 237348000, 0);
	kt_rec_str(&r, KT_F_PLACE_LABEL, "INFERRED_HOME", 13);
	kt_rec_str(&r, KT_F_PROBABILITY, "visit 0.98, place 0.63", 22);
	kt_rec_int(&r, KT_F_LOCAL_OFFSET_MIN, 180);
	r.raw = (struct kt_str){raw, sizeof(raw) - 1};
	put_record(&f->store, "o000005", 1, &r);

	r = record(KT_REC_MOVEMENT, KT_BASIS_INFERRED, "$.semanticSegments[15].activity", 88700,
		   380);
	r.time_kind = KT_TIME_UTC;
	r.t_us = at("2024-05-12T06:40:00Z");
	r.has_end = true;
	r.t_end_us = at("2024-05-12T07:05:30Z");
	set_place(&r, 379755000, 237348000, 0);
	kt_rec_int(&r, KT_F_END_LAT_E7, 379838000);
	kt_rec_int(&r, KT_F_END_LON_E7, -5000);
	kt_rec_int(&r, KT_F_DISTANCE_MM, 2104000);
	kt_rec_str(&r, KT_F_ACTIVITY, "IN_BUS", 6);
	put_record(&f->store, "o000005", 2, &r);

	r = record(KT_REC_POSITION, KT_BASIS_MEASURED, "$.rawSignals[3].position", 910000, 210);
	r.time_kind = KT_TIME_UTC;
	r.t_us = at("2024-05-12T07:05:31.250Z");
	set_place(&r, 0, 0, 1200000);
	r.flags = KT_FLAG_NULL_ISLAND | KT_FLAG_COARSE;
	kt_rec_str(&r, KT_F_PROVIDER, "CELL", 4);
	put_record(&f->store, "o000005", 3, &r);

	r = record(KT_REC_POSITION, KT_BASIS_INFERRED, "$.rawSignals[9].position", 920000, 180);
	set_place(&r, 379838000, 237275000, 25000);
	put_record(&f->store, "o000005", 4, &r);

	/* searched for on a map: named, and no position of the phone */
	r = record(KT_REC_PLACE, KT_BASIS_STATED, "$.frequentPlaces[0]", 90100, 60);
	set_place(&r, 385000000, 240000000, 0);
	put_record(&f->store, "o000005", 5, &r);

	assert_int_equal(kt_recstore_skip(&f->store, "o000005", "wifi-scan", 40, &first, &err), 0);
	assert_int_equal(kt_recstore_withheld(&f->store, "o000005", "outside-period", 5100, &err),
			 0);
	assert_int_equal(kt_recstore_withheld(&f->store, "o000005", "undated", 66, &err), 0);
	assert_int_equal(kt_recstore_note(&f->store, "o000005", "wifi-scan-stations",
					  "40 Wi-Fi scans with 512 stations were not reported.", 51,
					  &err),
			 0);
	commit(f);
}

static void make_store(struct fixture *f, void (*const *fill)(struct fixture *f), size_t n)
{
	char path[128];
	struct kt_err err = {0};

	snprintf(path, sizeof(path), "%s/records.sqlite", f->dir);
	assert_int_equal(kt_recstore_create(path, &f->store, &err), 0);
	for (size_t i = 0; i < n; i++)
		fill[i](f);
	assert_int_equal(kt_recstore_close(&f->store, &err), 0);
	assert_int_equal(kt_recstore_open(path, &f->store, &err), 0);
}

static int setup(void **state)
{
	static void (*const all[])(struct fixture *) = {put_device, put_photos, put_timeline};
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	make_mandate(f);
	make_plan(f);
	make_case(f);
	make_store(f, all, 3);
	strcpy(f->authoriser.subject, "CN=A. Authoriser,O=Immigration service");
	strcpy(f->operator_cert.subject, "CN=Desk 3,O=Immigration service");
	memset(f->operator_cert.cert_sha256, 7, sizeof(f->operator_cert.cert_sha256));
	*state = f;
	return 0;
}

static void remove_in(int dirfd, const char *name)
{
	unlinkat(dirfd, name, 0);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	struct kt_err err = {0};
	char name[24];

	kt_recstore_close(&f->store, &err);
	for (unsigned i = 1; i <= ITEMS; i++) {
		snprintf(name, sizeof(name), "index/i%04u.jsonl", i);
		remove_in(f->fd, name);
	}
	unlinkat(f->fd, "index", AT_REMOVEDIR);
	remove_in(f->fd, "case.json");
	remove_in(f->fd, "seal.json");
	remove_in(f->fd, "custody.jsonl");
	remove_in(f->fd, "records.sqlite");
	remove_in(f->fd, "out.json");
	close(f->fd);
	rmdir(f->dir);
	kt_jdoc_free(&f->mandate.doc);
	free(f);
	return 0;
}

/* -- tests ------------------------------------------------------------------------------------ */

static int write_report(struct fixture *f, int fd, struct kt_err *err)
{
	struct kt_report_in in = {
		.case_fd = f->fd,
		.mandate = &f->mandate,
		.authoriser = &f->authoriser,
		.operator_cert = &f->operator_cert,
		.plan = &f->plan,
		.plugins = plugins,
		.nplugins = sizeof(plugins) / sizeof(plugins[0]),
		.store = &f->store,
	};

	return kt_report_write(&in, fd, err);
}

/* The document as text; the caller frees the buffer. */
static int make_report(struct fixture *f, struct kt_buf *b, struct kt_err *err)
{
	int fd = openat(f->fd, "out.json", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), r;

	assert_true(fd >= 0);
	kt_buf_init(b, 0);
	r = write_report(f, fd, err);
	close(fd);
	if (r == 0)
		r = kt_file_read(f->fd, "out.json", (size_t)1 << 24, b, err);
	if (r == 0)
		assert_non_null(kt_buf_cstr(b));
	return r;
}

static bool has(const struct kt_buf *b, const char *text)
{
	if (strstr((const char *)b->p, text) != NULL)
		return true;
	print_error("missing: %s\n", text);
	return false;
}

struct mem {
	const struct kt_buf *b;
	size_t off;
};

static int mem_read(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct mem *m = arg;

	(void)err;
	if (n > m->b->len - m->off)
		n = m->b->len - m->off;
	memcpy(p, m->b->p + m->off, n);
	m->off += n;
	*got = n;
	return 0;
}

static void test_is_json_in_order(void **state)
{
	static const char *const order[] = {
		"format",	"case_id",    "case_ref",     "mandate_id", "mandate_sha256",
		"simulated",	"plugins",    "limits",	      "attention",  "result",
		"statement",	"authority",  "device",	      "session",    "clock",
		"taken",	"containers", "not_taken",    "geography",  "totals",
		"stays",	"places",     "agreement",    "conflicts",  "photos",
		"observations", "links",      "not_reported", "parsing",    "objects",
	};
	static struct kt_json j;
	struct kt_err err = {0};
	struct kt_buf b;
	struct mem m = {&b, 0};
	struct kt_json_src src = {mem_read, &m, 0};
	size_t n = 0;
	int tok;

	assert_int_equal(make_report(*state, &b, &err), 0);
	kt_json_init(&j, src, 4096);
	assert_int_equal(kt_json_next(&j, &err), KT_JSON_OBJ);
	while ((tok = kt_json_next(&j, &err)) == KT_JSON_KEY) {
		assert_true(n < sizeof(order) / sizeof(order[0]));
		assert_string_equal(j.str, order[n++]);
		tok = kt_json_next(&j, &err);
		if (tok == KT_JSON_OBJ || tok == KT_JSON_ARR)
			assert_int_equal(kt_json_skip(&j, tok, &err), 0);
	}
	assert_int_equal(tok, KT_JSON_OBJ_END);
	assert_int_equal(kt_json_next(&j, &err), KT_JSON_END);
	assert_int_equal(n, sizeof(order) / sizeof(order[0]));
	kt_json_free(&j);
	kt_buf_free(&b);
}

static void test_counts(void **state)
{
	struct kt_err err = {0};
	struct kt_buf b;

	assert_int_equal(make_report(*state, &b, &err), 0);
	assert_true(has(&b, "\"code\":\"positions-reported\",\"text\":\"5 observations with a "
			    "usable position, from 2 sources; 3 of them are used as positions of "
			    "this phone. Their number is no measure of weight.\""));
	assert_true(has(&b, "\"observations\":12,\"with_position\":5,\"places_named\":1,"
			    "\"with_time\":5,\"local_time\":1,\"undated\":7,\"withheld\":5166,"
			    "\"withheld_files\":312,\"skipped\":42"));
	assert_true(has(&b, "\"by_basis\":{\"measured\":3,\"inferred\":3,\"stated\":6}"));
	assert_true(has(&b, "\"objects\":2,\"bytes\":39244,\"phone_bytes\":8731122"));
	assert_true(has(&b, "\"objects_by_outcome\":{\"acquired\":2,\"failed\":1}"));
	assert_true(has(&b, "\"problems\":[{\"reason\":\"vanished\",\"count\":1}]"));
	assert_true(has(&b, "\"withheld\":[{\"reason\":\"outside-period\",\"count\":312}]"));
	assert_true(has(&b, "\"unmatched\":[{\"reason\":\"not-asked-for\",\"count\":41}]"));
	/* the photos that lie outside are counted with their source, not only in the sum */
	assert_true(has(&b, "\"with_position\":1,\"skipped\":1,\"withheld\":0,"
			    "\"withheld_files\":312,"));
	assert_true(has(&b, "\"why\":\"Statements of the phone about itself; this source holds no "
			    "positions.\""));
	/* the first connection never answered */
	assert_true(has(&b,
			"\"connects\":[{\"utc\":\"2026-11-22T09:00:09Z\",\"serial\":\"SIM0001\","
			"\"key_fingerprint\":null},{\"utc\":\"2026-11-22T09:00:10Z\",\"serial\":"
			"\"SIM0001\",\"key_fingerprint\":\"AA:BB\"}]"));
	assert_true(has(&b, "the phone's clock was 2310 ms behind that of the station"));
	assert_true(has(&b, "the phone's clock was 1980 ms ahead of that of the station"));
	kt_buf_free(&b);
}

/* Beside the photo o000003: copies of its entry, and neighbours in time or place alone. */
static void put_copies(struct fixture *f)
{
	put_photos(f);
	begin(f);
	put_artifact(f, "o000005", 5, "ok", 5, 5, 0, 0);
	for (uint64_t n = 1; n <= 5; n++) {
		struct kt_record r = record(n == 5 ? KT_REC_PLACE : KT_REC_POSITION,
					    KT_BASIS_STATED, NULL, 10, 10);

		r.time_kind = n == 4 ? KT_TIME_LOCAL : KT_TIME_UTC;
		/* 1: 2 s later and 0.0001 degree off; 2: too late; 3: too far; 4: no instant; 5: a
		 * place that is only named */
		r.t_us = at("2024-05-12T13:03:22Z") + (n == 2 ? 2000001 : 2000000);
		set_place(&r, 379838000 + (n == 3 ? 1001 : 1000), 237275000, 0);
		put_record(&f->store, "o000005", n, &r);
	}
	commit(f);
}

static void test_links(void **state)
{
	static void (*const copies[])(struct fixture *) = {put_copies};
	struct fixture *f = *state;
	struct kt_err err = {0};
	struct kt_buf b;

	assert_int_equal(kt_recstore_close(&f->store, &err), 0);
	make_store(f, copies, 1);
	assert_int_equal(make_report(f, &b, &err), 0);
	assert_true(has(&b, "\"links\":[\n{\"kind\":\"same-time-and-place\",\"a\":\"o000003#1\","
			    "\"b\":\"o000005#1\"}],\n"));
	kt_buf_free(&b);
}

static void test_sections(void **state)
{
	struct kt_err err = {0};
	struct kt_buf b;

	assert_int_equal(make_report(*state, &b, &err), 0);
	/* the container that straddles is named, the photos are not */
	assert_true(has(&b, "{\"object\":\"o000005\",\"item\":\"timeline/download\",\"path\":"));
	assert_true(has(&b, "\"reason\":\"outside-period\",\"withheld\":5100}"));
	/* not taken: all six kinds */
	assert_true(has(&b, "{\"kind\":\"item\",\"id\":\"fixes/location\""));
	assert_true(has(&b, "{\"kind\":\"scope\",\"id\":\"backup\",\"what\":\"ios-backup\""));
	assert_true(has(&b, "{\"kind\":\"plugin\",\"id\":\"wifi-networks\""));
	assert_true(has(&b, "{\"kind\":\"user\",\"id\":\"10\",\"what\":null"));
	assert_true(has(&b, "{\"kind\":\"exclusion\",\"id\":\"contacts\""));
	assert_true(has(&b, "{\"kind\":\"unreachable\",\"id\":\"deleted\""));
	/* identity, with the hidden character made visible where it stands */
	assert_true(has(&b, "{\"name\":\"ro.product.model\",\"value\":\"Example Phone 5\","
			    "\"object\":\"o000001\"}"));
	assert_true(has(&b, "Europe/Athens\\\\u{202e}"));
	assert_null(strstr((char *)b.p, "\xe2\x80\xae"));
	/* observation: wrapper and stored record */
	assert_true(has(&b,
			"{\"id\":\"o000003#1\",\"object\":\"o000003\",\"sha256\":\"" SHA_A
			"\",\"path\":\"/sdcard/DCIM/Camera/IMG_20240512_160322.jpg\","
			"\"item\":\"photos/"
			"dcim\",\"plugin\":\"media-exif\",\"use\":{\"as\":\"position\",\"why\":"
			"\"position\",\"source\":\"camera\",\"where\":{\"verdict\":\"in\","
			"\"territories\":[\"GR\"]},\"place\":2,\"stay\":2},\"record\":{\"type\":"
			"\"position\",\"basis\":\"measured\",\"t\":\"2024-05-12T13:03:22Z\""));
	assert_true(has(&b, "{\"kind\":\"result\",\"item\":\"photos/dcim\",\"reason\":\"parse-"
			    "error\",\"count\":1,\"text\":\"byte 18112: unexpected end\"}"));
	assert_true(has(&b, "\"skips\":[{\"reason\":\"wifi-scan\",\"count\":40,\"first\":{\"path\":"
			    "\"$.x[2]\",\"offset\":120,\"length\":44}}]"));
	kt_buf_free(&b);
}

static void test_order_of_observations(void **state)
{
	static const char *const ids[] = {"o000005#1", "o000005#2", "o000005#3",
					  "o000003#1", "o000004#1", "o000001#1",
					  "o000001#4", "o000002#1", "o000005#4"};
	struct kt_err err = {0};
	struct kt_buf b;
	const char *p;

	assert_int_equal(make_report(*state, &b, &err), 0);
	p = strstr((char *)b.p, "\"observations\":[");
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		assert_non_null(p);
		p = strstr(p, ids[i]);
	}
	assert_non_null(p);
	kt_buf_free(&b);
}

/* Neither a second run nor what the log gains in between changes a byte. */
static void test_same_bytes(void **state)
{
	struct fixture *f = *state;
	struct kt_err err = {0};
	struct kt_buf a, b;

	assert_int_equal(make_report(f, &a, &err), 0);
	make_log(f, true);
	assert_int_equal(make_report(f, &b, &err), 0);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.p, b.p, a.len);
	kt_buf_free(&a);
	kt_buf_free(&b);
}

static void test_no_usable_finding(void **state)
{
	static void (*const device[])(struct fixture *) = {put_device};
	struct fixture *f = *state;
	struct kt_err err = {0};
	struct kt_buf b;

	kt_recstore_close(&f->store, &err);
	make_store(f, device, 1);
	assert_int_equal(make_report(f, &b, &err), 0);
	assert_true(has(&b, "\"code\":\"no-usable-finding\""));
	assert_true(has(&b, "result of the same rank"));
	assert_true(has(&b, "\"with_position\":0"));
	assert_true(has(&b, "The phone holds nothing of this kind in the places asked."));
	kt_buf_free(&b);
}

static void test_unfinished_segment(void **state)
{
	struct fixture *f = *state;
	struct kt_err err = {0};
	struct kt_buf b;

	put_file(f->fd, "index/i0005.jsonl", HEAD(5, "photos/pictures", "media-exif") "{\"ki");
	remove_in(f->fd, "index/i0007.jsonl");
	assert_int_equal(make_report(f, &b, &err), 0);
	assert_true(has(&b, "\"outcome\":\"failed\",\"reason\":\"not-finished\""));
	assert_true(has(&b, "\"outcome\":\"failed\",\"reason\":\"not-started\""));
	kt_buf_free(&b);
}

/* What a backup without a password can't hold is not said to be missing on the phone. */
static void test_encrypted_only(void **state)
{
	struct fixture *f = *state;
	struct kt_err err = {0};
	struct kt_buf b;

	put_file(f->fd, "index/i0005.jsonl",
		 HEAD(5, "photos/pictures", "media-exif")
			 END("absent", "encrypted-only: never in it"));
	assert_int_equal(make_report(f, &b, &err), 0);
	assert_true(has(&b, "Whether the phone holds it is not known."));
	assert_null(memmem(b.p, b.len, "The phone holds nothing of this kind", 36));
	kt_buf_free(&b);
}

static void put_iphone(struct fixture *f)
{
	begin(f);
	put_artifact(f, "o000001", 0, "ok", 2, 2, 0, 0);
	put_property(f, 1, "Lockdown/ProductType", "iPhone0,1");
	put_property(f, 2, "PhoneNumber", "+00 0 0000001");
	commit(f);
}

/* Make and model of an iPhone are found under its own names, and nothing else is. */
static void test_names_of_an_iphone(void **state)
{
	static void (*const iphone[])(struct fixture *) = {put_iphone};
	struct fixture *f = *state;
	struct kt_err err = {0};
	struct kt_buf b;

	assert_int_equal(kt_recstore_close(&f->store, &err), 0);
	make_store(f, iphone, 1);
	assert_int_equal(make_report(f, &b, &err), 0);
	assert_true(has(&b,
			"\"stated\":[{\"name\":\"Lockdown/ProductType\",\"value\":\"iPhone0,1\","
			"\"object\":\"o000001\"}]"));
	kt_buf_free(&b);
}

static void refused(struct fixture *f, int code)
{
	struct kt_err err = {0};
	struct kt_buf b;

	assert_int_equal(make_report(f, &b, &err), code);
	assert_string_not_equal(kt_err_text(&err), "");
	kt_buf_free(&b);
}

static void test_parts_that_do_not_fit(void **state)
{
	struct fixture *f = *state;

	/* an item that the plan does not have */
	put_file(f->fd, "index/i0005.jsonl", HEAD(5, "photos/other", "media-exif"));
	refused(f, KT_E_INVALID);
	/* records of an object that the index does not have */
	put_file(f->fd, "index/i0005.jsonl", segments[4]);
	put_file(f->fd, "index/i0006.jsonl",
		 HEAD(6, "timeline/download", "google-timeline") END("acquired", ""));
	refused(f, KT_E_INVALID);
	put_file(f->fd, "index/i0006.jsonl", segments[5]);
	/* a log that was changed */
	put_file(f->fd, "custody.jsonl", "{\"actor\":\"keten\"}\n");
	refused(f, KT_E_INVALID);
	make_log(f, false);
	put_file(f->fd, "case.json", "{");
	refused(f, KT_E_FORMAT);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_is_json_in_order),
		TEST(test_counts),
		TEST(test_links),
		TEST(test_sections),
		TEST(test_order_of_observations),
		TEST(test_same_bytes),
		TEST(test_no_usable_finding),
		TEST(test_unfinished_segment),
		TEST(test_encrypted_only),
		TEST(test_names_of_an_iphone),
		TEST(test_parts_that_do_not_fit),
	};

	if (argc == 2) {
		void *state = NULL;
		struct kt_err err = {0};
		int fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		int r = fd < 0 ? 1 : setup(&state);

		if (r == 0) {
			r = write_report(state, fd, &err);
			close(fd);
			teardown(&state);
		}
		return r != 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
