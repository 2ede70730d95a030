/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * make-photos OUTDIR COUNT [--seed N] [--size KIB] [--canary TEXT]
 *
 * Writes COUNT geotagged JPEG files IMG_00001.jpg ... and expected.csv, for the demo, the
 * benchmarks and the tests. Everything is invented: open sea and national parks, dates in 2024,
 * cameras that nobody sells. The same arguments give the same bytes.
 *
 * The maker note, the thumbnail of IFD1 and the pixels hold TEXT, so that a test can prove that
 * none of them was read. The pixels are a real baseline scan: its Huffman tables have 255 codes of
 * 8 bits that all mean "no difference" and "end of block", so that every byte but FF decodes and
 * the text can stand in it as it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define THUMB_LEN 1500u /* bytes of the thumbnail's scan */

static const struct place {
	int32_t lat_cs, lon_cs; /* hundredths of a second of arc */
	int32_t spread_cs, zone_min;
	int32_t alt_dm, alt_spread; /* decimetres */
} places[] = {
	{19980000, 1080000, 500000, 60, 0, 30},		 /* North Sea, 55.5 N 3 E */
	{16380000, -2160000, 500000, 60, 0, 30},	 /* Bay of Biscay */
	{-10800000, -7200000, 900000, -120, 0, 40},	 /* South Atlantic */
	{720000, -50400000, 900000, -600, 0, 40},	 /* Pacific, near the equator */
	{18756000, 2098800, 20000, 120, 400, 300},	 /* De Hoge Veluwe */
	{16056000, -39780000, 90000, -420, 24000, 4000}, /* Yellowstone */
	{-838800, 12538800, 90000, 180, 15000, 2000},	 /* Serengeti */
	{-9108000, 47160000, 40000, 570, 5000, 800},	 /* Uluru-Kata Tjuta */
	{-18360000, -26280000, 40000, -180, 1000, 900},	 /* Torres del Paine */
	{-16344000, 60372000, 60000, 720, 200, 900},	 /* Fiordland */
	{23184000, -6048000, 60000, 0, 9000, 3000},	 /* Vatnajokull */
	{13050000, 12882000, 30000, 180, -40, 20},	 /* shore below sea level */
};

static const char *const makes[][3] = {
	{"Voorbeeld", "VB-1 Pro", "VB 14.2"},
	{"Lumeno", "Lumeno X20", "L20-2024.1"},
	{"Kaleido Optics", "KO 7", "7.0.3"},
};

struct opts {
	const char *dir, *canary;
	unsigned count, size_kib;
	uint64_t seed;
};

static uint64_t rng;

static uint32_t rnd(uint32_t below)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)((rng >> 16) % below);
}

/* -- a growing file image --------------------------------------------------------------------- */

struct out {
	uint8_t *p;
	size_t len, cap;
	bool big; /* byte order of put16, put32 */
};

static void put(struct out *o, const void *p, size_t n)
{
	if (n == 0)
		return;
	if (o->len + n > o->cap) {
		o->cap = (o->len + n) * 2;
		o->p = realloc(o->p, o->cap);
		if (o->p == NULL) {
			perror("make-photos");
			exit(1);
		}
	}
	memcpy(o->p + o->len, p, n);
	o->len += n;
}

static void put16(struct out *o, unsigned v)
{
	uint8_t b[2] = {(uint8_t)(o->big ? v >> 8 : v), (uint8_t)(o->big ? v : v >> 8)};

	put(o, b, 2);
}

static void put32(struct out *o, uint32_t v)
{
	put16(o, (o->big ? v >> 16 : v) & 0xffff);
	put16(o, (o->big ? v : v >> 16) & 0xffff);
}

/* -- JPEG ------------------------------------------------------------------------------------- */

static void put_segment(struct out *o, unsigned marker, const void *p, size_t n)
{
	bool big = o->big;

	o->big = true;
	put16(o, marker);
	put16(o, (unsigned)n + 2);
	put(o, p, n);
	o->big = big;
}

/* n bytes that are no FF, with the text every 1,024 bytes. */
static void put_scan(struct out *o, size_t n, const char *canary)
{
	size_t start = o->len, text = strlen(canary), step = text + 16 > 1024 ? text + 16 : 1024;
	uint8_t chunk[1024];

	for (size_t left = n; left > 0;) {
		size_t k = left < sizeof(chunk) ? left : sizeof(chunk);
		for (size_t i = 0; i < k; i++)
			chunk[i] = (uint8_t)((i * 31 + left * 7) % 255);
		put(o, chunk, k);
		left -= k;
	}
	for (size_t at = 0; at + text <= n; at += step)
		memcpy(o->p + start + at, canary, text);
}

/* Tables, frame and scan of a grey picture of w x h blocks, up to EOI. */
static void put_picture(struct out *o, unsigned w, unsigned h, const char *canary)
{
	uint8_t dqt[65], dht[17 + 255] = {0};
	uint8_t sof[9] = {8,
			  (uint8_t)(h * 8 >> 8),
			  (uint8_t)(h * 8),
			  (uint8_t)(w * 8 >> 8),
			  (uint8_t)(w * 8),
			  1,
			  1,
			  0x11,
			  0};
	static const uint8_t sos[6] = {1, 1, 0, 0, 63, 0};

	memset(dqt, 1, sizeof(dqt));
	dqt[0] = 0;
	put_segment(o, 0xffdb, dqt, sizeof(dqt));
	put_segment(o, 0xffc0, sof, sizeof(sof));
	dht[8] = 255; /* codes of 8 bits; their symbols are all zero */
	put_segment(o, 0xffc4, dht, sizeof(dht));
	dht[0] = 0x10;
	put_segment(o, 0xffc4, dht, sizeof(dht));
	put_segment(o, 0xffda, sos, sizeof(sos));
	put_scan(o, (size_t)2 * w * h, canary);
	put(o, "\xff\xd9", 2);
}

/* -- EXIF ------------------------------------------------------------------------------------- */

struct entry {
	unsigned tag, type;
	uint32_t count;
	uint8_t data[48]; /* in the file's byte order */
	const void *far;  /* instead of data */
	size_t len;
};

struct dir {
	struct entry e[20];
	unsigned n;
};

static struct entry *add(struct dir *d, unsigned tag, unsigned type, uint32_t count)
{
	struct entry *e = &d->e[d->n++];

	memset(e, 0, sizeof(*e));
	e->tag = tag;
	e->type = type;
	e->count = count;
	return e;
}

static void add_text(struct dir *d, unsigned tag, const char *s)
{
	struct entry *e = add(d, tag, 2, (uint32_t)strlen(s) + 1);

	e->len = strlen(s) + 1;
	memcpy(e->data, s, e->len);
}

/* An opaque value of n bytes, which the caller fills in. */
static struct entry *add_raw(struct dir *d, unsigned tag, size_t n)
{
	struct entry *e = add(d, tag, 7, (uint32_t)n);

	e->len = n;
	return e;
}

static void add_long(struct dir *d, const struct out *o, unsigned tag, uint32_t v)
{
	struct entry *e = add(d, tag, 4, 1);

	e->len = 4;
	for (unsigned i = 0; i < 4; i++)
		e->data[i] = (uint8_t)(v >> (o->big ? 24 - 8 * i : 8 * i));
}

static void add_byte(struct dir *d, unsigned tag, unsigned v)
{
	struct entry *e = add(d, tag, 1, 1);

	e->len = 1;
	e->data[0] = (uint8_t)v;
}

static void add_rationals(struct dir *d, const struct out *o, unsigned tag, unsigned n,
			  const uint32_t *v)
{
	struct entry *e = add(d, tag, 5, n);

	e->len = (size_t)8 * n;
	for (unsigned k = 0; k < 2 * n; k++)
		for (unsigned i = 0; i < 4; i++)
			e->data[4 * k + i] = (uint8_t)(v[k] >> (o->big ? 24 - 8 * i : 8 * i));
}

/* Bytes that put_dir() will write. */
static size_t dir_size(const struct dir *d)
{
	size_t n = 2 + (size_t)12 * d->n + 4;

	for (unsigned i = 0; i < d->n; i++)
		if (d->e[i].len > 4)
			n += d->e[i].len + (d->e[i].len & 1);
	return n;
}

/* Table at the end of o (whose TIFF header stands at base), values behind it. */
static void put_dir(struct out *o, size_t base, const struct dir *d, uint32_t next)
{
	uint32_t at = (uint32_t)(o->len - base + 2 + (size_t)12 * d->n + 4);

	put16(o, d->n);
	for (unsigned i = 0; i < d->n; i++) {
		const struct entry *e = &d->e[i];
		put16(o, e->tag);
		put16(o, e->type);
		put32(o, e->count);
		if (e->len <= 4) {
			put(o, e->data, 4);
			continue;
		}
		put32(o, at);
		at += (uint32_t)(e->len + (e->len & 1));
	}
	put32(o, next);
	for (unsigned i = 0; i < d->n; i++) {
		const struct entry *e = &d->e[i];
		if (e->len <= 4)
			continue;
		put(o, e->far != NULL ? e->far : e->data, e->len);
		put(o, "", e->len & 1);
	}
}

/* -- one photo -------------------------------------------------------------------------------- */

struct shot {
	unsigned year, month, day, h, m, s, gps_cs; /* local; hundredths of the GPS second */
	int zone_min;
	bool has_offset, has_gps_time;
	char taken[64], offset[16], gps_date[32];
	unsigned gh, gm, gs;
	uint32_t lat[6], lon[6];
	bool south, west, below;
	int64_t lat_nano, lon_nano; /* 1e-9 degrees */
	uint32_t alt_dm;
};

/*
 * A position in one of the forms that cameras write; cs hundredths of arc seconds, not negative.
 * The form is chosen so that each gives cs exactly, or says what it gives instead.
 */
static int64_t coordinate(unsigned form, uint32_t cs, uint32_t v[6])
{
	uint32_t e7 = (uint32_t)((uint64_t)cs * 250 / 9);

	v[1] = v[3] = v[5] = 1;
	switch (form) {
	case 0: /* degrees, minutes, seconds */
		v[0] = cs / 360000;
		v[2] = cs / 6000 % 60;
		v[4] = cs % 6000;
		v[5] = 100;
		break;
	case 1: /* degrees, decimal minutes */
		cs -= cs % 6;
		v[0] = cs / 360000;
		v[2] = cs % 360000 / 6;
		v[3] = 1000;
		v[4] = 0;
		break;
	default: /* decimal degrees */
		v[0] = e7;
		v[1] = 10000000;
		v[2] = v[4] = 0;
		return (int64_t)e7 * 100;
	}
	return ((int64_t)cs * 25000 + 4) / 9; /* rounded to the nearest: ninths have no half */
}

static void make_shot(struct shot *t, unsigned i)
{
	const struct place *pl = &places[rnd(sizeof(places) / sizeof(places[0]))];
	int32_t spread = pl->spread_cs;
	int32_t lat = pl->lat_cs + (int32_t)rnd(2 * (uint32_t)spread) - spread;
	int32_t lon = pl->lon_cs + (int32_t)rnd(2 * (uint32_t)spread) - spread;
	int32_t alt = pl->alt_dm + (int32_t)rnd((uint32_t)pl->alt_spread);
	unsigned form = rnd(3);
	int zone = pl->zone_min, utc_min;

	memset(t, 0, sizeof(*t));
	t->zone_min = zone;
	t->has_offset = rnd(4) != 0;
	t->has_gps_time = rnd(8) != 0;
	t->year = 2024;
	t->month = 1 + rnd(12);
	t->day = 2 + rnd(26); /* a zone can move it by one day within the month */
	t->h = rnd(24);
	t->m = rnd(60);
	t->s = 20 + rnd(40);
	snprintf(t->taken, sizeof(t->taken), "%04u:%02u:%02u %02u:%02u:%02u", t->year, t->month,
		 t->day, t->h, t->m, t->s);
	snprintf(t->offset, sizeof(t->offset), "%c%02d:%02d", zone < 0 ? '-' : '+', abs(zone) / 60,
		 abs(zone) % 60);
	utc_min = (int)(t->day * 1440 + t->h * 60 + t->m) - zone;
	t->gh = (unsigned)(utc_min % 1440 / 60);
	t->gm = (unsigned)(utc_min % 60);
	t->gs = t->s - rnd(20); /* the fix is some seconds older than the picture */
	t->gps_cs = i % 3 == 0 ? rnd(100) : 0;
	snprintf(t->gps_date, sizeof(t->gps_date), "%04u:%02u:%02u", t->year, t->month,
		 (unsigned)(utc_min / 1440));
	t->south = lat < 0;
	t->west = lon < 0;
	t->below = alt < 0;
	t->alt_dm = (uint32_t)abs(alt);
	t->lat_nano = coordinate(form, (uint32_t)abs(lat), t->lat);
	t->lon_nano = coordinate(form, (uint32_t)abs(lon), t->lon);
}

static void gps_dir(struct dir *d, const struct out *o, const struct shot *t)
{
	uint32_t alt[2] = {t->alt_dm, 10}, acc[2] = {3000 + rnd(20000), 1000};
	uint32_t time[6] = {t->gh, 1, t->gm, 1, t->gs * 100 + t->gps_cs, 100};
	uint32_t speed[2] = {rnd(500), 100}, head[2] = {rnd(36000), 100};

	add_text(d, 0x01, t->south ? "S" : "N");
	add_rationals(d, o, 0x02, 3, t->lat);
	add_text(d, 0x03, t->west ? "W" : "E");
	add_rationals(d, o, 0x04, 3, t->lon);
	add_byte(d, 0x05, t->below);
	add_rationals(d, o, 0x06, 1, alt);
	if (t->has_gps_time)
		add_rationals(d, o, 0x07, 3, time);
	if (rnd(2) == 0) {
		add_text(d, 0x0c, "K");
		add_rationals(d, o, 0x0d, 1, speed);
		add_text(d, 0x10, "T");
		add_rationals(d, o, 0x11, 1, head);
	}
	if (t->has_gps_time)
		add_text(d, 0x1d, t->gps_date);
	if (rnd(2) == 0)
		add_rationals(d, o, 0x1f, 1, acc);
}

static void exif_dir(struct dir *d, const struct out *o, const struct shot *t, const char *note,
		     size_t note_len)
{
	const uint32_t exposure[2] = {1, 60 + rnd(900)}, aperture[2] = {18, 10};

	add_rationals(d, o, 0x829a, 1, exposure);
	add_rationals(d, o, 0x829d, 1, aperture);
	memcpy(add_raw(d, 0x9000, 4)->data, "0232", 4);
	add_text(d, 0x9003, t->taken);
	add_text(d, 0x9004, t->taken);
	if (t->has_offset) {
		add_text(d, 0x9010, t->offset);
		add_text(d, 0x9011, t->offset);
		add_text(d, 0x9012, t->offset);
	}
	add_raw(d, 0x927c, note_len)->far = note;
	memcpy(add_raw(d, 0xa000, 4)->data, "0100", 4);
}

/* The APP1 segment: IFD0, then the Exif and GPS directories in either order, IFD1, thumbnail. */
static void put_exif(struct out *file, const struct shot *t, const struct out *thumb,
		     const char *note, size_t note_len)
{
	static const uint32_t dpi[2] = {72, 1};
	const char *const *cam = makes[rnd(sizeof(makes) / sizeof(makes[0]))];
	struct dir d0 = {.n = 0}, dx = {.n = 0}, dg = {.n = 0}, d1 = {.n = 0};
	struct out o = {.big = rnd(2) == 0};
	bool gps_first = rnd(2) == 0;
	uint32_t at;

	put(&o, "Exif\0", 6);
	put(&o, o.big ? "MM" : "II", 2);
	put16(&o, 42);
	put32(&o, 8);
	add_text(&d0, 0x010f, cam[0]);
	add_text(&d0, 0x0110, cam[1]);
	add_rationals(&d0, &o, 0x011a, 1, dpi);
	add_rationals(&d0, &o, 0x011b, 1, dpi);
	add_text(&d0, 0x0131, cam[2]);
	add_text(&d0, 0x0132, t->taken);
	add_long(&d0, &o, 0x8769, 0);
	add_long(&d0, &o, 0x8825, 0);
	exif_dir(&dx, &o, t, note, note_len);
	gps_dir(&dg, &o, t);
	at = (uint32_t)(8 + dir_size(&d0));
	d0.n -= 2;
	add_long(&d0, &o, 0x8769, gps_first ? at + (uint32_t)dir_size(&dg) : at);
	add_long(&d0, &o, 0x8825, gps_first ? at : at + (uint32_t)dir_size(&dx));
	at += (uint32_t)(dir_size(&dx) + dir_size(&dg));
	put_dir(&o, 6, &d0, at);
	put_dir(&o, 6, gps_first ? &dg : &dx, 0);
	put_dir(&o, 6, gps_first ? &dx : &dg, 0);
	add_long(&d1, &o, 0x0201, 0);
	add_long(&d1, &o, 0x0202, (uint32_t)thumb->len);
	at += (uint32_t)dir_size(&d1);
	d1.n = 0;
	add_long(&d1, &o, 0x0201, at);
	add_long(&d1, &o, 0x0202, (uint32_t)thumb->len);
	put_dir(&o, 6, &d1, 0);
	put(&o, thumb->p, thumb->len);
	put_segment(file, 0xffe1, o.p, o.len);
	free(o.p);
}

static const uint8_t jfif[] = {'J', 'F', 'I', 'F', 0, 1, 2, 1, 0, 72, 0, 72, 0, 0};

/* Pixels of about the wanted size, as square as it gets; an APP15 segment takes up the rest. */
static void put_body(struct out *o, size_t want, const char *canary)
{
	const size_t tables = 700; /* what put_picture() writes beside the scan, rounded up */
	size_t blocks, side = 1, used;
	uint8_t pad[4000];

	blocks = want > o->len + tables + 2 ? (want - o->len - tables) / 2 : 1;
	while ((side + 1) * (side + 1) <= blocks && side < 8000)
		side++;
	used = o->len + tables + 2 * side * side;
	memset(pad, 'p', sizeof(pad));
	while (used + 8 < want) {
		size_t n = want - used - 4 < sizeof(pad) ? want - used - 4 : sizeof(pad);
		put_segment(o, 0xffef, pad, n);
		used += n + 4;
	}
	put_picture(o, (unsigned)side, (unsigned)side, canary);
}

static int write_file(const char *path, const void *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	const uint8_t *at = p;

	if (fd < 0)
		return -1;
	while (n > 0) {
		ssize_t k = write(fd, at, n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0) {
			close(fd);
			return -1;
		}
		at += k;
		n -= (size_t)k;
	}
	return close(fd);
}

static void csv_line(FILE *csv, unsigned i, const struct shot *t)
{
	fprintf(csv, "IMG_%05u.jpg,%s%lld.%09lld,%s%lld.%09lld,%s%u.%u,", i, t->south ? "-" : "",
		(long long)(t->lat_nano / 1000000000), (long long)(t->lat_nano % 1000000000),
		t->west ? "-" : "", (long long)(t->lon_nano / 1000000000),
		(long long)(t->lon_nano % 1000000000), t->below ? "-" : "", t->alt_dm / 10,
		t->alt_dm % 10);
	if (t->has_gps_time) {
		fprintf(csv, "%.4s-%.2s-%.2sT%02u:%02u:%02u", t->gps_date, t->gps_date + 5,
			t->gps_date + 8, t->gh, t->gm, t->gs);
		if (t->gps_cs != 0)
			fprintf(csv, ".%02u", t->gps_cs);
		fprintf(csv, "Z");
	}
	fprintf(csv, ",%.4s-%.2s-%.2sT%s%s\n", t->taken, t->taken + 5, t->taken + 8, t->taken + 11,
		t->has_offset ? t->offset : "");
}

static int make_all(const struct opts *op, FILE *csv)
{
	struct out thumb = {.p = NULL}, file = {.p = NULL};
	char note[1024], path[4096];
	size_t note_len;
	int r = 0;

	note_len = (size_t)snprintf(note, sizeof(note), "VBNOTE%c%s %s %s", 0, op->canary,
				    op->canary, op->canary);
	put(&thumb, "\xff\xd8", 2);
	put_picture(&thumb, THUMB_LEN / 2 / 25, 25, op->canary);
	fprintf(csv, "file,lat,lon,alt,gps_time,taken\n");
	for (unsigned i = 1; i <= op->count && r == 0; i++) {
		struct shot t;
		make_shot(&t, i);
		file.len = 0;
		put(&file, "\xff\xd8", 2);
		if (rnd(2) == 0)
			put_segment(&file, 0xffe0, jfif, sizeof(jfif));
		put_exif(&file, &t, &thumb, note, note_len);
		put_body(&file, (size_t)op->size_kib * 1024, op->canary);
		snprintf(path, sizeof(path), "%s/IMG_%05u.jpg", op->dir, i);
		r = write_file(path, file.p, file.len);
		csv_line(csv, i, &t);
	}
	free(thumb.p);
	free(file.p);
	return r;
}

static int usage(void)
{
	fprintf(stderr, "usage: make-photos OUTDIR COUNT [--seed N] [--size KIB] "
			"[--canary TEXT]\n");
	return 2;
}

static bool number(const char *s, uint64_t min, uint64_t max, uint64_t *v)
{
	char *end;

	errno = 0;
	*v = strtoull(s, &end, 10);
	return errno == 0 && s[0] >= '0' && s[0] <= '9' && *end == '\0' && *v >= min && *v <= max;
}

static int options(int argc, char **argv, struct opts *op)
{
	uint64_t v;

	if (argc < 3 || argc % 2 == 0 || !number(argv[2], 0, 99999, &v))
		return -1;
	op->dir = argv[1];
	op->count = (unsigned)v;
	for (int i = 3; i < argc; i += 2) {
		if (strcmp(argv[i], "--seed") == 0 && number(argv[i + 1], 0, UINT64_MAX, &v))
			op->seed = v;
		else if (strcmp(argv[i], "--size") == 0 && number(argv[i + 1], 1, 65536, &v))
			op->size_kib = (unsigned)v;
		else if (strcmp(argv[i], "--canary") == 0 && argv[i + 1][0] != '\0' &&
			 strlen(argv[i + 1]) <= 256)
			op->canary = argv[i + 1];
		else
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct opts op = {.canary = "KETEN-CANARY", .size_kib = 120, .seed = 1};
	char path[4096];
	FILE *csv;
	int r;

	if (options(argc, argv, &op) < 0)
		return usage();
	rng = op.seed * UINT64_C(0x9e3779b97f4a7c15) + UINT64_C(0x2545f4914f6cdd1d);
	if (rng == 0)
		rng = 1;
	for (unsigned i = 0; i < 16; i++)
		rnd(2);
	if (mkdir(op.dir, 0755) < 0 && errno != EEXIST) {
		perror(op.dir);
		return 1;
	}
	snprintf(path, sizeof(path), "%s/expected.csv", op.dir);
	csv = fopen(path, "we");
	if (csv == NULL) {
		perror(path);
		return 1;
	}
	r = make_all(&op, csv);
	if (fclose(csv) != 0 || r < 0) {
		perror("make-photos");
		return 1;
	}
	return 0;
}
