/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A designed journey of a made-up phone: photos, account history, Wi-Fi, SIM, with errors, received and edited
 * pictures, a clock that is off and a planted track. The findings are compared with tests/unit/journey.expect, line by
 * line and twice. With arguments "N FILE" it writes a report over N observations to FILE and prints what that cost;
 * with "--report FILE" it writes that of the journey, from which test-journey.sh draws every view.
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
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "core/buf.h"
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
#include "reports/model/statement.h"
#include "tests/unit/record_put.h"

/* -- the case --------------------------------------------------------------------------------- */

enum { DEVICE, PHOTOS, TIMELINE, WIFI, SIM, TRACKS, ITEMS };

static const struct kt_plugin_info plugins[ITEMS] = {
	{"ios-device", 1, "What an iPhone says about itself", "schema-tested, not device-tested",
	 "-", 64, 10, 20},
	{"media-exif", 2, "Photo metadata", "tried on real photos", "-", 64, 10, 20},
	{"google-timeline", 1, "Timeline export", "schema-tested, not device-tested", "-", 64, 10,
	 20},
	{"ios-wifi-known", 1, "Known Wi-Fi networks", "schema-tested, not device-tested", "-", 64,
	 10, 20},
	{"ios-cellular", 1, "SIM and network", "schema-tested, not device-tested", "-", 64, 10, 20},
	{"tracks", 1, "Track files", "tried on published tracks", "-", 64, 10, 20},
};
static const struct kt_want wants[ITEMS] = {
	{"ios-device", KT_REQ_HANDED, KT_TAKE_WHOLE, "*", 1 << 20},
	{"media-exif", KT_REQ_HANDED, KT_TAKE_RANGES, "*", 1 << 20},
	{"google-timeline", KT_REQ_HANDED, KT_TAKE_WHOLE, "*", 1 << 20},
	{"ios-wifi-known", KT_REQ_HANDED, KT_TAKE_WHOLE, "*", 1 << 20},
	{"ios-cellular", KT_REQ_HANDED, KT_TAKE_WHOLE, "*", 1 << 20},
	{"tracks", KT_REQ_HANDED, KT_TAKE_WHOLE, "*", 1 << 20},
};
static const char *const item_ids[ITEMS] = {"device/x", "photos/x", "timeline/x",
					    "wifi/x",	"sim/x",    "tracks/x"};
static const char *const paths[ITEMS] = {"/info.plist",	   "/DCIM/100APPLE/IMG_0001.JPG",
					 "/Timeline.json", "/wifi.plist",
					 "/sim.db",	   "/Download/tour.gpx"};
/* A second object of pictures: those that a messenger stored. */
#define RECEIVED "/Media/WhatsApp Images/IMG-1.jpg"

static const char mandate_json[] =
	"{\"subject\":{\"minor\":true,\"language\":\"ti\",\"representative\":\"A. Guardian\"}}";

static const char statement_json[] =
	"{\"format\":\"keten-statement-1\",\"given_at\":\"2026-11-20T10:00:00+01:00\",\"language\":"
	"\"ti\","
	"\"source\":\"report of the interview, page 4\",\"claims\":["
	"{\"id\":\"c1\",\"kind\":\"stayed\",\"text\":\"In Athens and nowhere else.\","
	"\"period\":{\"from\":\"2024-05-01\",\"to\":\"2024-05-05\"},\"place\":{\"kind\":"
	"\"country\",\"code\":\"GR\"}},"
	"{\"id\":\"c2\",\"kind\":\"stayed\",\"text\":\"Then in the Netherlands.\","
	"\"period\":{\"from\":\"2024-05-12\",\"to\":\"2024-05-14\"},\"place\":{\"kind\":"
	"\"country\",\"code\":\"NL\"}},"
	"{\"id\":\"c3\",\"kind\":\"visited\",\"text\":\"In Italy in June.\","
	"\"period\":{\"from\":\"2024-06-01\",\"to\":\"2024-06-30\"},\"place\":{\"kind\":"
	"\"country\",\"code\":\"IT\"}},"
	"{\"id\":\"c4\",\"kind\":\"not-there\",\"text\":\"Never in Lisbon.\","
	"\"period\":{\"from\":\"2024-05-01\",\"to\":\"2024-05-05\"},\"place\":{\"kind\":\"point\","
	"\"name\":\"Lisbon\","
	"\"lat\":\"38.7223\",\"lon\":\"-9.1393\",\"radius_m\":20000},\"uncertainty\":{\"days\":1,"
	"\"metres\":5000}},"
	"{\"id\":\"c5\",\"kind\":\"stayed\",\"text\":\"In this quarter.\","
	"\"period\":{\"from\":\"2024-05-01\",\"to\":\"2024-05-05\"},\"place\":{\"kind\":\"area\","
	"\"name\":\"Quarter\",\"corners\":["
	"{\"lat\":\"37.9\",\"lon\":\"23.6\"},{\"lat\":\"37.9\",\"lon\":\"23.9\"},{\"lat\":\"38.1\","
	"\"lon\":\"23.9\"},"
	"{\"lat\":\"38.1\",\"lon\":\"23.6\"}]}},"
	"{\"id\":\"c6\",\"kind\":\"stayed\",\"text\":\"In Kosovo on the way.\","
	"\"period\":{\"from\":\"2024-05-09\",\"to\":\"2024-05-10\"},\"place\":{\"kind\":"
	"\"country\",\"code\":\"x-kosovo\"}},"
	"{\"id\":\"c7\",\"kind\":\"stayed\",\"text\":\"A day in Belgium.\","
	"\"period\":{\"from\":\"2024-05-11\",\"to\":\"2024-05-11\"},\"place\":{\"kind\":"
	"\"country\",\"code\":\"BE\"}},"
	"{\"id\":\"c8\",\"kind\":\"visited\",\"text\":\"In France.\","
	"\"period\":{\"from\":\"2024-05-16\",\"to\":\"2024-05-26\"},\"place\":{\"kind\":"
	"\"country\",\"code\":\"FR\"}}]}";

struct fixture {
	char dir[64];
	int fd;
	struct kt_mandate mandate;
	struct kt_plan plan;
	struct kt_recstore store;
	struct kt_statement statement;
	char prev[KT_SHA256_HEX];
	unsigned seq, nobjects;
};

static int64_t at(const char *text)
{
	int64_t us = 0;

	assert_int_equal(kt_time_parse(text, strlen(text), true, &us, NULL, NULL), 0);
	return us;
}

static void put_file(int dirfd, const char *name, const char *text)
{
	struct kt_err err = {0};

	assert_int_equal(kt_file_write(dirfd, name, text, strlen(text), 0600, &err), 0);
}

static void log_event(struct fixture *f, struct kt_buf *log, const char *event, const char *detail)
{
	size_t from = log->len;
	struct kt_err err = {0};

	f->seq++;
	kt_buf_printf(log,
		      "{\"actor\":\"keten\",\"detail\":%s,\"event\":\"%s\",\"mono_ns\":%u,\"prev\":"
		      "\"%s\","
		      "\"seq\":%u,\"utc\":\"2026-11-22T09:00:00Z\"}\n",
		      detail, event, f->seq, f->prev, f->seq);
	kt_sha256_hex(log->p + from, log->len - from, f->prev, &err);
}

static void make_log(struct fixture *f)
{
	struct kt_buf b;

	kt_buf_init(&b, 0);
	memset(f->prev, '0', 64);
	log_event(f, &b, "session.open", "{\"tool_version\":\"0\"}");
	/* two minutes ahead, at both ends */
	log_event(f, &b, "clock.check", "{\"offset_ms\":120000,\"when\":\"start\"}");
	log_event(f, &b, "clock.check", "{\"offset_ms\":121000,\"when\":\"end\"}");
	log_event(f, &b, "acquisition.sealed", "{\"segments\":6}");
	put_file(f->fd, "custody.jsonl", kt_buf_cstr(&b));
	kt_buf_free(&b);
}

#define SHA_A "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90"

static void put_object_line(struct kt_buf *b, unsigned object, const char *path)
{
	kt_buf_printf(b,
		      "{\"bytes\":100,\"kind\":\"object\",\"method\":\"read\",\"object\":\"o%06u\","
		      "\"outcome\":"
		      "\"acquired\",\"path\":\"%s\",\"path_hex\":\"2f\",\"reason\":\"\",\"sha256\":"
		      "\"" SHA_A "\"}\n",
		      object, path);
}

/* Object i + 1 belongs to item i; o000007 is a second one of the pictures. */
static void make_index(struct fixture *f)
{
	struct kt_err err = {0};
	int index = kt_dir_open(f->fd, "index", true, &err);
	struct kt_buf b;
	char name[24];

	assert_true(index >= 0);
	kt_buf_init(&b, 0);
	for (unsigned i = 0; i < ITEMS; i++) {
		kt_buf_reset(&b);
		kt_buf_printf(&b,
			      "{\"format\":\"keten-index-1\",\"item\":\"%s\",\"plugin\":\"%s\","
			      "\"segment\":%u}\n",
			      item_ids[i], plugins[i].id, i + 1);
		put_object_line(&b, i + 1, paths[i]);
		if (i == PHOTOS)
			put_object_line(&b, ITEMS + 1, RECEIVED);
		kt_buf_puts(
			&b,
			"{\"entries\":1,\"kind\":\"end\",\"objects\":1,\"outcome\":\"acquired\","
			"\"reason\":\"\"}\n");
		snprintf(name, sizeof(name), "i%04u.jsonl", i + 1);
		put_file(index, name, kt_buf_cstr(&b));
	}
	kt_buf_free(&b);
	close(index);
}

static void make_mandate(struct fixture *f)
{
	struct kt_mandate *m = &f->mandate;
	struct kt_err err = {0};

	assert_int_equal(kt_jdoc_parse(mandate_json, strlen(mandate_json), &m->doc, &err), 0);
	m->mandate_id = "m-1";
	m->issuer = "Immigration service";
	m->case_ref = "N-1";
	m->purpose = "claim-examination";
	m->mode = "consent";
	m->legal_code = "EX-1";
	m->legal_text = "Example act";
	m->question = "Where?";
	m->proportionality = "Places only.";
	m->device_kind = "ios";
	m->subject_minor = true;
	m->subject_language = "ti";
	m->operator_role = "intake";
	m->max_sessions = 1;
	m->nscope = ITEMS;
	for (size_t i = 0; i < ITEMS; i++) {
		m->scope[i].id = plugins[i].id;
		m->scope[i].source = plugins[i].id;
		m->scope[i].fields = 0xffu;
		m->scope[i].from_us = at("2024-05-01T00:00:00Z");
		m->scope[i].to_us = at("2024-06-01T00:00:00Z");
		m->scope[i].justification = "-";
		snprintf(f->plan.item[i].id, sizeof(f->plan.item[i].id), "%s", item_ids[i]);
		f->plan.item[i].plugin = &plugins[i];
		f->plan.item[i].want = &wants[i];
		f->plan.item[i].scope = &m->scope[i];
	}
	f->plan.n = ITEMS;
	f->plan.form = KT_FORM_BACKUP;
}

/* -- the journey ------------------------------------------------------------------------------ */

enum { NO_TIME = 0 };

struct step {
	unsigned item;
	const char *object;
	enum kt_rec_type type;
	enum kt_rec_basis basis;
	const char *t, *end; /* NULL: none; "L..." : local, without a zone */
	double lat, lon;     /* 0, 0: none */
	int accuracy_m;
	const char *make, *model, *software, *gps_time, *origin;
};

#define PHOTO(t, lat, lon, acc, make, model, software, gps)                                        \
	{                                                                                          \
		PHOTOS, "o000002", KT_REC_POSITION, KT_BASIS_MEASURED, t, NULL, lat, lon, acc,     \
			make, model, software, gps, NULL                                           \
	}
#define POINT(item, object, basis, t, lat, lon, acc)                                               \
	{                                                                                          \
		item, object, KT_REC_POSITION, basis, t, NULL, lat, lon, acc, NULL, NULL, NULL,    \
			NULL, NULL                                                                 \
	}

static const struct step journey[] = {
	/* Athens: account history, pictures, Wi-Fi */
	{TIMELINE, "o000003", KT_REC_VISIT, KT_BASIS_INFERRED, "2024-05-01T18:00:00Z",
	 "2024-05-02T05:00:00Z", 37.9755, 23.7348, 0, NULL, NULL, NULL, NULL, NULL},
	POINT(TIMELINE, "o000003", KT_BASIS_MEASURED, "2024-05-02T09:00:00Z", 37.9838, 23.7275, 12),
	PHOTO("2024-05-02T09:20:00Z", 37.9839, 23.7279, 5, "Apple", "iPhone 12", "17.4",
	      "2024-05-02T09:20:00Z"),
	/* the phone's clock alone: shifted by two minutes */
	PHOTO("2024-05-03T10:00:00Z", 37.9715, 23.7257, 8, "Apple", "iPhone 12", "17.4", NULL),
	/* the same entry once more, from the account: a copy, no second witness */
	POINT(TIMELINE, "o000003", KT_BASIS_INFERRED, "2024-05-04T12:00:01Z", 37.9715, 23.7257, 0),
	PHOTO("2024-05-04T12:00:00Z", 37.9715, 23.7257, 8, "Apple", "iPhone 12", "17.4",
	      "2024-05-04T12:00:00Z"),
	PHOTO("L2024-05-04T15:00:00Z", 37.9715, 23.7257, 0, "Apple", "iPhone 12", "17.4", NULL),
	POINT(WIFI, "o000004", KT_BASIS_MEASURED, "2024-05-05T08:00:00Z", 37.9801, 23.7301, 65),
	/* not this phone's */
	PHOTO("2024-05-03T11:00:00Z", 38.7223, -9.1393, 5, "samsung", "SM-A515F", NULL,
	      "2024-05-03T11:00:00Z"),
	{PHOTOS, "o000007", KT_REC_POSITION, KT_BASIS_MEASURED, "2024-05-03T12:00:00Z", NULL,
	 48.8566, 2.3522, 0, NULL, NULL, NULL, NULL, NULL},
	{PHOTOS, "o000007", KT_REC_POSITION, KT_BASIS_MEASURED, "2024-05-03T12:30:00Z", NULL,
	 48.8566, 2.3522, 0, "Apple", "iPhone 12", NULL, NULL, NULL},
	PHOTO("2024-05-03T13:00:00Z", 41.9028, 12.4964, 5, "Apple", "iPhone 12", "Snapseed 2.0",
	      "2024-05-03T13:00:00Z"),
	POINT(WIFI, "o000004", KT_BASIS_OTHER_DEVICE, "2024-05-03T14:00:00Z", 45.4642, 9.19, 50),
	{TIMELINE, "o000003", KT_REC_PLACE, KT_BASIS_STATED, NULL, NULL, 52.52, 13.405, 0, NULL,
	 NULL, NULL, NULL, NULL},
	POINT(TIMELINE, "o000003", KT_BASIS_MEASURED, "2024-05-03T15:00:00Z", 1e-7, 0, 900),
	POINT(TIMELINE, "o000003", KT_BASIS_INFERRED, NULL, 37.9755, 23.7348, 0),
	/* the way: a contested area, a border, the sea, an accuracy that says nothing */
	POINT(TIMELINE, "o000003", KT_BASIS_MEASURED, "2024-05-10T12:00:00Z", 42.6629, 21.1655, 20),
	POINT(TIMELINE, "o000003", KT_BASIS_MEASURED, "2024-05-11T18:00:00Z", 51.445, 4.93, 30),
	POINT(TIMELINE, "o000003", KT_BASIS_MEASURED, "2024-05-11T20:00:00Z", 51.92, 4.48, 250000),
	/* the Netherlands, and a planted track through Rio de Janeiro */
	POINT(TIMELINE, "o000003", KT_BASIS_MEASURED, "2024-05-12T08:00:00Z", 52.3702, 4.8952, 20),
	POINT(WIFI, "o000004", KT_BASIS_MEASURED, "2024-05-12T08:30:00Z", 52.3705, 4.896, 65),
	POINT(TIMELINE, "o000003", KT_BASIS_MEASURED, "2024-05-13T09:00:00Z", 52.3702, 4.8952, 20),
	POINT(TRACKS, "o000006", KT_BASIS_MEASURED, "2024-05-13T09:30:00Z", -22.9068, -43.1729, 0),
	POINT(TRACKS, "o000006", KT_BASIS_MEASURED, "2024-05-13T10:00:00Z", -22.91, -43.18, 0),
	POINT(TIMELINE, "o000003", KT_BASIS_MEASURED, "2024-05-13T11:00:00Z", 52.3702, 4.8952, 20),
	POINT(TIMELINE, "o000003", KT_BASIS_MEASURED, "2024-05-14T22:00:00Z", 52.09, 5.12, 20),
	/* more than 72 hours later: another stay; and an island that belongs to a state far away */
	POINT(TIMELINE, "o000003", KT_BASIS_MEASURED, "2024-05-18T08:00:00Z", 52.09, 5.12, 20),
	POINT(TIMELINE, "o000003", KT_BASIS_MEASURED, "2024-05-25T08:00:00Z", -21.13, 55.53, 20),
};

static void put_text(struct kt_record *r, enum kt_field field, const char *s)
{
	if (s != NULL)
		kt_rec_str(r, field, s, strlen(s));
}

static void put_step(struct fixture *f, const struct step *s, uint64_t n)
{
	struct kt_record r = {.type = (uint8_t)s->type,
			      .basis = (uint8_t)s->basis,
			      .loc = {.kind = KT_LOC_BYTES, .off = n * 100, .len = 90}};

	if (s->t != NULL) {
		bool local = s->t[0] == 'L';

		r.time_kind = local ? KT_TIME_LOCAL : KT_TIME_UTC;
		r.t_us = at(s->t + local);
	}
	if (s->end != NULL) {
		r.has_end = true;
		r.t_end_us = at(s->end);
	}
	r.pos_state = KT_POS_OK;
	r.lat_e7 = (int32_t)(s->lat * 1e7 + (s->lat < 0 ? -0.5 : 0.5));
	r.lon_e7 = (int32_t)(s->lon * 1e7 + (s->lon < 0 ? -0.5 : 0.5));
	if (r.lat_e7 == 1 && r.lon_e7 == 0)
		r.flags |= KT_FLAG_NULL_ISLAND;
	r.has_accuracy = s->accuracy_m > 0;
	r.accuracy_mm = (int64_t)s->accuracy_m * 1000;
	put_text(&r, KT_F_CAMERA_MAKE, s->make);
	put_text(&r, KT_F_CAMERA_MODEL, s->model);
	put_text(&r, KT_F_SOFTWARE, s->software);
	put_text(&r, KT_F_GPS_TIME, s->gps_time);
	if (s->gps_time != NULL)
		kt_rec_int(&r, KT_F_TIME_DIFFERENCE_S, 120);
	put_record(&f->store, s->object, n, &r);
}

static void begin(struct fixture *f, const char *object, unsigned item)
{
	struct kt_artifact_row row = {.object = object,
				      .item = item_ids[item],
				      .plugin = plugins[item].id,
				      .version = 1,
				      .code = "ok",
				      .error = "",
				      .seen = 1,
				      .emitted = 1};
	struct kt_err err = {0};

	assert_int_equal(kt_recstore_begin(&f->store, &err), 0);
	assert_int_equal(kt_recstore_artifact(&f->store, &row, &err), 0);
}

static void commit(struct fixture *f)
{
	struct kt_err err = {0};

	assert_int_equal(kt_recstore_commit(&f->store, &err), 0);
}

static void put_phone(struct fixture *f)
{
	struct kt_record r = {.type = KT_REC_PROPERTY,
			      .basis = KT_BASIS_STATED,
			      .loc = {.kind = KT_LOC_BYTES, .len = 5}};
	struct kt_record sim = {.type = KT_REC_EVENT,
				.basis = KT_BASIS_STATED,
				.loc = {.kind = KT_LOC_BYTES, .len = 5}};
	struct kt_record card = r;
	struct kt_record user = {.type = KT_REC_USER,
				 .basis = KT_BASIS_STATED,
				 .loc = {.kind = KT_LOC_BYTES, .len = 5}};

	begin(f, "o000001", DEVICE);
	kt_rec_str(&r, KT_F_NAME, "Lockdown/ProductType", 20);
	kt_rec_str(&r, KT_F_VALUE, "iPhone13,2", 10);
	put_record(&f->store, "o000001", 1, &r);
	kt_rec_str(&card, KT_F_NAME, "ICCID", 5);
	kt_rec_str(&card, KT_F_VALUE, "8930123456789012345", 19);
	kt_rec_int(&user, KT_F_PHONE_USER, 10);
	kt_rec_str(&user, KT_F_VALUE, "flags 20", 8);
	put_record(&f->store, "o000001", 2, &user);
	put_record(&f->store, "o000001", 3, &card);
	commit(f);
	begin(f, "o000005", SIM);
	sim.time_kind = KT_TIME_UTC;
	sim.t_us = at("2024-05-01T00:00:10Z");
	kt_rec_str(&sim, KT_F_MCC, "202", 3);
	put_record(&f->store, "o000005", 1, &sim);
	commit(f);
}

static void put_journey(struct fixture *f)
{
	static const struct {
		const char *object;
		unsigned item;
	} objects[] = {{"o000002", PHOTOS},
		       {"o000003", TIMELINE},
		       {"o000004", WIFI},
		       {"o000006", TRACKS},
		       {"o000007", PHOTOS}};

	put_phone(f);
	for (size_t k = 0; k < sizeof(objects) / sizeof(objects[0]); k++) {
		uint64_t n = 0;

		begin(f, objects[k].object, objects[k].item);
		for (size_t i = 0; i < sizeof(journey) / sizeof(journey[0]); i++)
			if (strcmp(journey[i].object, objects[k].object) == 0)
				put_step(f, &journey[i], ++n);
		commit(f);
	}
}

/* A phone that moves about Europe, minute by minute, for as long as n lasts. */
static void put_many(struct fixture *f, uint64_t n)
{
	struct step s = POINT(TIMELINE, "o000003", KT_BASIS_MEASURED, NULL, 0, 0, 20);
	uint32_t seed = 1;
	struct kt_record r = {.type = KT_REC_POSITION,
			      .basis = KT_BASIS_MEASURED,
			      .time_kind = KT_TIME_UTC,
			      .pos_state = KT_POS_OK,
			      .has_accuracy = true,
			      .loc = {.kind = KT_LOC_BYTES, .len = 90}};

	put_phone(f);
	begin(f, s.object, s.item);
	r.lat_e7 = 450000000;
	r.lon_e7 = 100000000;
	r.t_us = at("2020-01-01T00:00:00Z");
	for (uint64_t i = 1; i <= n; i++) {
		seed = seed * 1664525u + 1013904223u;
		if (i % 1000 > 700) { /* under way three hours in ten */
			r.lat_e7 += (int32_t)(seed >> 16 & 0xffff) -
				    (r.lat_e7 > 550000000 ? 50000 : 20000);
			r.lon_e7 +=
				(int32_t)(seed & 0xffff) - (r.lon_e7 > 300000000 ? 60000 : 25000);
		} else {
			r.lat_e7 += (int32_t)(seed >> 24) - 127;
		}
		r.t_us += 60 * KT_US_PER_S;
		r.accuracy_mm = 5000 + (seed >> 20);
		r.loc.off = i * 100;
		put_record(&f->store, s.object, i, &r);
	}
	commit(f);
}

static struct fixture *make(uint64_t many)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct kt_err err = {0};
	char path[128];

	assert_non_null(f);
	make_mandate(f);
	strcpy(f->dir, "/tmp/kt-findings-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->fd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->fd >= 0);
	put_file(f->fd, "case.json",
		 "{\"case_id\":\"00\",\"device\":\"X\",\"device_kind\":\"ios\",\"format\":\"keten-"
		 "case-1\","
		 "\"simulated\":true}\n");
	make_log(f);
	make_index(f);
	assert_int_equal(
		kt_statement_parse(statement_json, strlen(statement_json), &f->statement, &err), 0);
	snprintf(path, sizeof(path), "%s/records.sqlite", f->dir);
	assert_int_equal(kt_recstore_create(path, &f->store, &err), 0);
	if (many > 0)
		put_many(f, many);
	else
		put_journey(f);
	assert_int_equal(kt_recstore_close(&f->store, &err), 0);
	assert_int_equal(kt_recstore_open(path, &f->store, &err), 0);
	return f;
}

static void drop(struct fixture *f)
{
	struct kt_err err = {0};
	char name[32];

	kt_recstore_close(&f->store, &err);
	for (unsigned i = 1; i <= ITEMS; i++) {
		snprintf(name, sizeof(name), "index/i%04u.jsonl", i);
		unlinkat(f->fd, name, 0);
	}
	unlinkat(f->fd, "index", AT_REMOVEDIR);
	unlinkat(f->fd, "case.json", 0);
	unlinkat(f->fd, "custody.jsonl", 0);
	unlinkat(f->fd, "records.sqlite", 0);
	unlinkat(f->fd, "out.json", 0);
	close(f->fd);
	rmdir(f->dir);
	kt_jdoc_free(&f->mandate.doc);
	kt_statement_free(&f->statement);
	free(f);
}

static int write_report(struct fixture *f, int fd, struct kt_err *err)
{
	struct kt_report_in in = {.case_fd = f->fd,
				  .mandate = &f->mandate,
				  .plan = &f->plan,
				  .plugins = plugins,
				  .nplugins = ITEMS,
				  .store = &f->store,
				  .statement = &f->statement};

	return kt_report_write(&in, fd, err);
}

static void report_into(struct fixture *f, struct kt_buf *b)
{
	int fd = openat(f->fd, "out.json", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct kt_err err = {0};

	assert_true(fd >= 0);
	if (write_report(f, fd, &err) < 0)
		print_error("%s\n", kt_err_text(&err));
	assert_string_equal(kt_err_text(&err), "");
	close(fd);
	kt_buf_init(b, 0);
	assert_int_equal(kt_file_read(f->fd, "out.json", (size_t)1 << 24, b, &err), 0);
	assert_non_null(kt_buf_cstr(b));
}

/* -- tests ------------------------------------------------------------------------------------ */

/* What the model says: the members that it writes, and what each observation is used as. */
static void extract(const struct kt_buf *report, struct kt_buf *out)
{
	static const char *const members[] = {"attention", "statement", "clock",  "geography",
					      "totals",	   "stays",	"places", "agreement",
					      "conflicts", "photos",	"links"};
	bool on = false, list = false;

	kt_buf_init(out, 0);
	for (const char *p = (const char *)report->p, *end; *p != '\0'; p = end + 1) {
		end = strchr(p, '\n');
		if (end == NULL)
			break;
		if (*p == '"') {
			on = false;
			list = strncmp(p, "\"observations\"", 14) == 0;
			for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
				on |= strncmp(p + 1, members[i], strlen(members[i])) == 0 &&
				      p[1 + strlen(members[i])] == '"';
		}
		if (on) {
			kt_buf_put(out, p, (size_t)(end - p) + 1);
		} else if (list && *p == '{') {
			const char *use = strstr(p, "\"use\":"), *rec = strstr(p, ",\"record\":");

			assert_true(use != NULL && rec != NULL && use < rec && rec < end);
			kt_buf_put(out, p, (size_t)(strchr(p, ',') - p));
			kt_buf_puts(out, " ");
			kt_buf_put(out, use, (size_t)(rec - use));
			kt_buf_puts(out, "\n");
		}
	}
}

static void test_journey(void **state)
{
	struct fixture *f = make(0);
	struct kt_buf one, two, got, want;
	struct kt_err err = {0};
	const char *a, *b;

	(void)state;
	report_into(f, &one);
	report_into(f, &two);
	assert_int_equal(one.len, two.len);
	assert_memory_equal(one.p, two.p, one.len);
	extract(&one, &got);
	kt_buf_init(&want, 0);
	assert_int_equal(kt_path_read("tests/unit/journey.expect", 1 << 20, &want, &err), 0);
	a = kt_buf_cstr(&got);
	b = kt_buf_cstr(&want);
	for (unsigned line = 1; *a != '\0' || *b != '\0'; line++) {
		size_t n = strcspn(a, "\n"), k = strcspn(b, "\n");

		if (n != k || memcmp(a, b, n) != 0) {
			print_error("line %u is\n%.*s\nexpected\n%.*s\n", line, (int)n, a, (int)k,
				    b);
			fail();
		}
		a += n + (a[n] == '\n');
		b += k + (b[k] == '\n');
	}
	kt_buf_free(&one);
	kt_buf_free(&two);
	kt_buf_free(&got);
	kt_buf_free(&want);
	drop(f);
}

static void refused(const char *from, const char *to, const char *word)
{
	struct kt_statement s;
	struct kt_err err = {0};
	struct kt_buf b;
	const char *at_ = strstr(statement_json, from);

	assert_non_null(at_);
	kt_buf_init(&b, 0);
	kt_buf_put(&b, statement_json, (size_t)(at_ - statement_json));
	kt_buf_puts(&b, to);
	kt_buf_puts(&b, at_ + strlen(from));
	assert_int_equal(kt_statement_parse(b.p, b.len, &s, &err), KT_E_FORMAT);
	if (strstr(kt_err_text(&err), word) == NULL)
		print_error("\"%s\" is not in: %s\n", word, kt_err_text(&err));
	assert_non_null(strstr(kt_err_text(&err), word));
	kt_statement_free(&s);
	kt_buf_free(&b);
}

static void test_statement_refused(void **state)
{
	(void)state;
	refused("keten-statement-1", "keten-statement-9", "format");
	refused("\"language\"", "\"tongue\"", "tongue");
	refused("\"language\":\"ti\",", "", "language");
	refused("+01:00", "", "given_at");
	refused("\"c2\"", "\"c1\"", "twice");
	refused("\"c2\"", "\"C2\"", "id");
	refused("\"stayed\"", "\"lived\"", "kind");
	refused("\"to\":\"2024-05-05\"", "\"to\":\"2024-04-05\"", "behind");
	refused("2024-05-01", "1 May 2024", "period");
	refused("\"GR\"", "\"QQ\"", "no code of the map");
	refused("\"38.7223\"", "\"38,7223\"", "seven decimals");
	refused("\"38.7223\"", "\"91.0\"", "beyond");
	refused("\"38.7223\"", "38", "must be a text");
	refused("20000", "0", "radius_m");
	refused("\"days\":1", "\"days\":-1", "days");
	refused("{\"lat\":\"37.9\",\"lon\":\"23.6\"},{\"lat\":\"37.9\",\"lon\":\"23.9\"},", "",
		"corners");
	/* three steps of less than half the globe each, once round it */
	refused("\"lon\":\"23.6\"},{\"lat\":\"37.9\",\"lon\":\"23.9\"},{\"lat\":\"38.1\",\"lon\":"
		"\"23.9\"",
		"\"lon\":\"-120.0\"},{\"lat\":\"37.9\",\"lon\":\"0.0\"},{\"lat\":\"38.1\",\"lon\":"
		"\"120.0\"",
		"180 degrees");
	refused("Athens", "Ath\\u0007ens", "control character");
}

static int cost(uint64_t n, const char *path)
{
	struct fixture *f = make(n);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct kt_err err = {0};
	struct rusage u;
	clock_t from = clock();
	int r = fd < 0 ? -1 : write_report(f, fd, &err);

	getrusage(RUSAGE_SELF, &u);
	printf("%llu observations, %lld bytes, %.2f s CPU, %ld MiB at most\n",
	       (unsigned long long)n, (long long)lseek(fd, 0, SEEK_END),
	       (double)(clock() - from) / CLOCKS_PER_SEC, u.ru_maxrss / 1024);
	if (r < 0)
		fprintf(stderr, "%s\n", kt_err_text(&err));
	close(fd);
	drop(f);
	return r < 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_journey),
		cmocka_unit_test(test_statement_refused),
	};

	/* --expect: for a look at what would be expected */
	if (argc == 3 && (strcmp(argv[1], "--expect") == 0 || strcmp(argv[1], "--report") == 0)) {
		struct fixture *f = make(0);
		struct kt_buf b, e;
		struct kt_err err = {0};
		int r;

		report_into(f, &b);
		extract(&b, &e);
		if (argv[1][2] == 'r')
			r = kt_file_write(AT_FDCWD, argv[2], b.p, b.len, 0644, &err);
		else
			r = kt_file_write(AT_FDCWD, argv[2], e.p, e.len, 0644, &err);
		kt_buf_free(&b);
		kt_buf_free(&e);
		drop(f);
		return r < 0;
	}
	if (argc == 3)
		return cost(strtoull(argv[1], NULL, 10), argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
