/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * fit: activity files of sport watches, bicycle computers and some apps (FIT, "flexible and
 * interoperable data transfer"). Page: docs/formats/fit.md. This file reads the container; what the
 * messages mean is in fit_record.c.
 *
 * An element is one data message. Most become records; skipped are:
 *   no-position       a point of a recording at which the device had no fix
 *   message-not-read  kinds of message that say nothing about place or time of travel, and all that
 *                     measure the body
 *   other-sensor      what a sensor beside the recording device says about itself
 *   other-event       events other than start and stop
 *
 * After Garmin's public description of the protocol: a header of 12 or 14 bytes, definition messages
 * that say which fields the data messages behind them hold, a CRC-16 at the end; several such files
 * may follow one another. A file that breaks off gives what stands before, and KT_E_FORMAT.
 */
#include "parsers/plugins/fit.h"
#include "parsers/sdk/zip.h"

#include <string.h>

#define HEAD_MIN    12u
#define PACKED_READ 4096u /* where unpacking fails, at most so many bytes before that are lost */

static const char *const skip_names[FIT_SKIPS] = {
	[FIT_NO_POSITION] = "no-position",
	[FIT_NOT_READ] = "message-not-read",
	[FIT_OTHER_SENSOR] = "other-sensor",
	[FIT_OTHER_EVENT] = "other-event",
};

/* -- bytes ------------------------------------------------------------------------------------ */

/* Makes up to n bytes stand at buf + pos; *have says how many there are. n <= FIT_BUFFER. */
static int ahead(struct fit *f, size_t n, size_t *have)
{
	if (f->end - f->pos < n && !f->src_eof) {
		memmove(f->buf, f->buf + f->pos, f->end - f->pos);
		f->base += f->pos;
		f->end -= f->pos;
		f->pos = 0;
	}
	while (f->end < FIT_BUFFER && f->end - f->pos < n && !f->src_eof) {
		size_t got, room = FIT_BUFFER - f->end;
		int r;

		if (f->packed && room > PACKED_READ)
			room = PACKED_READ;
		r = f->src.read(f->src.arg, f->buf + f->end, room, &got, f->err);

		if (r < 0 && (r != KT_E_FORMAT || !f->packed))
			return r;
		f->src_broken = r < 0; /* what was unpacked before is read all the same */
		f->end += got;
		f->src_eof = r < 0 || got == 0;
	}
	*have = f->end - f->pos < n ? f->end - f->pos : n;
	return 0;
}

/* CRC-16 with the polynomial 0xa001 (reflected 0x8005), start 0. */
static void make_table(struct fit *f)
{
	for (unsigned i = 0; i < 256; i++) {
		unsigned c = i;

		for (unsigned k = 0; k < 8; k++)
			c = (c & 1) != 0 ? c >> 1 ^ 0xa001 : c >> 1;
		f->table[i] = (uint16_t)c;
	}
}

static uint16_t crc(const struct fit *f, uint16_t c, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		c = (uint16_t)(c >> 8 ^ f->table[(c ^ p[i]) & 0xff]);
	return c;
}

/* Passes over n bytes that stand in the buffer. */
static void consume(struct fit *f, size_t n)
{
	f->crc = crc(f, f->crc, f->buf + f->pos, n);
	f->pos += n;
}

static uint64_t here(const struct fit *f)
{
	return f->base + f->pos;
}

static uint16_t u16(bool big_endian, const uint8_t *p)
{
	return big_endian ? kt_get_be16(p) : kt_get_le16(p);
}

/* -- counting --------------------------------------------------------------------------------- */

struct kt_locator kt_fit_locator(const struct fit *f, uint64_t off, uint64_t len)
{
	struct kt_locator l = {.kind = KT_LOC_BYTES, .off = off, .len = len};

	if (f->packed) {
		l.kind = KT_LOC_MEMBER;
		l.path = kt_str_c("(gzip)");
	}
	return l;
}

void kt_fit_skip(struct fit *f, enum fit_skip why, const struct fit_message *m)
{
	if (f->skip[why].n++ > 0)
		return;
	f->skip[why].off = m->off;
	f->skip[why].len = m->len;
}

static int flush_skips(struct fit *f)
{
	int r = 0;

	for (unsigned i = 0; i < FIT_SKIPS && r == 0; i++) {
		struct kt_locator l = kt_fit_locator(f, f->skip[i].off, f->skip[i].len);

		r = kt_skip(f->ctx, skip_names[i], f->skip[i].n, &l, f->err);
	}
	return r;
}

/* -- messages --------------------------------------------------------------------------------- */

static int broken(struct fit *f, const char *what)
{
	return KT_FAIL(f->err, KT_E_FORMAT, "FIT: %s at byte %llu", what,
		       (unsigned long long)here(f));
}

/* n fields of three bytes at p, as far as they give sizes. */
static uint32_t field_sizes(const uint8_t *p, unsigned n)
{
	uint32_t size = 0;

	for (unsigned i = 0; i < n; i++)
		size += p[3 * i + 1];
	return size;
}

/* A definition message; left: bytes of the file's data that are left. *n: bytes of the message. */
static int definition(struct fit *f, uint64_t left, size_t *n)
{
	const uint8_t *p;
	struct fit_definition *d;
	size_t have, fields, dev = 0;
	int r = ahead(f, 2 + 6 + 3 * 255 + 3 * 255, &have);

	if (r < 0)
		return r;
	if (have > left)
		have = (size_t)left;
	p = f->buf + f->pos;
	if (have < 6)
		return broken(f, "the data ends in a definition");
	fields = p[5];
	*n = 6 + 3 * fields;
	if ((p[0] & 0x20) != 0) {
		if (have < *n + 1)
			return broken(f, "the data ends in a definition");
		dev = p[*n];
		*n += 1 + 3 * dev;
	}
	if (have < *n)
		return broken(f, "the data ends in a definition");
	if (p[2] > 1)
		return broken(f, "a definition of unknown byte order");
	d = &f->local[p[0] & 15];
	d->set = true;
	d->big_endian = p[2] == 1;
	d->global = u16(d->big_endian, p + 3);
	d->nfields = (unsigned)fields;
	for (size_t i = 0; i < fields; i++) {
		d->field[i].num = p[6 + 3 * i];
		d->field[i].size = p[6 + 3 * i + 1];
		d->field[i].type = p[6 + 3 * i + 2];
	}
	d->size = field_sizes(p + 6, (unsigned)fields);
	if (dev > 0)
		d->size += field_sizes(p + *n - 3 * dev, (unsigned)dev);
	return d->size >= FIT_MESSAGE ? broken(f, "a definition of impossible size") : 0;
}

/* The message's own time: field 253, or five bits that continue an earlier one. */
static void message_time(struct fit *f, struct fit_message *m, uint8_t head)
{
	const struct fit_definition *d = m->def;
	size_t off = 0;

	for (unsigned i = 0; i < d->nfields; off += d->field[i++].size) {
		const uint8_t *p = m->p + off;
		uint32_t v;

		if (d->field[i].num != 253 || d->field[i].size != 4 || d->field[i].type != 0x86)
			continue;
		v = d->big_endian ? kt_get_be32(p) : kt_get_le32(p);
		if (v == UINT32_MAX)
			continue;
		f->has_time = m->has_time = true;
		f->last_time = m->time = v;
		return;
	}
	if ((head & 0x80) != 0 && f->has_time) {
		uint32_t t = (f->last_time & ~UINT32_C(31)) + (head & 31);

		if (t < f->last_time)
			t += 32;
		m->has_time = true;
		f->last_time = m->time = t;
	}
}

static int data_message(struct fit *f, uint8_t head, uint64_t left, size_t *n)
{
	unsigned local = (head & 0x80) != 0 ? head >> 5 & 3 : head & 15;
	const struct fit_definition *d = &f->local[local];
	struct fit_message m = {.def = d, .off = here(f)};
	size_t have;
	int r;

	if (!d->set)
		return broken(f, "a message that was not defined");
	*n = 1 + (size_t)d->size;
	if (*n > left)
		return broken(f, "the data ends in a message");
	r = ahead(f, *n, &have);
	if (r < 0)
		return r;
	if (have < *n)
		return broken(f, "the file ends in a message");
	m.p = f->buf + f->pos + 1;
	m.len = *n;
	message_time(f, &m, head);
	kt_seen(f->ctx, 1);
	return kt_fit_message(f, &m);
}

static int messages(struct fit *f, uint64_t size)
{
	uint64_t end = here(f) + size;

	while (here(f) < end) {
		size_t have, n = 0;
		uint8_t head;
		int r = ahead(f, 1, &have);

		if (r < 0)
			return r;
		if (have == 0)
			return broken(f, "the file ends early");
		head = f->buf[f->pos];
		if ((head & 0xc0) == 0x40)
			r = definition(f, end - here(f), &n);
		else
			r = data_message(f, head, end - here(f), &n);
		if (r < 0)
			return r;
		consume(f, n);
	}
	return 0;
}

/* -- files ------------------------------------------------------------------------------------ */

/* 1: a header, *size bytes of data behind it; 0: none. */
static int header(struct fit *f, uint32_t *size)
{
	const uint8_t *p;
	size_t have;
	int r = ahead(f, 255, &have);

	if (r < 0)
		return r;
	p = f->buf + f->pos;
	if (have < HEAD_MIN || p[0] < HEAD_MIN || have < p[0] || memcmp(p + 8, ".FIT", 4) != 0)
		return 0;
	*size = kt_get_le32(p + 4);
	if (p[0] >= 14 && kt_get_le16(p + 12) != 0 && kt_get_le16(p + 12) != crc(f, 0, p, 12)) {
		r = kt_note(f->ctx, "header-crc-wrong",
			    "the header's check sum does not fit: it was changed or damaged",
			    f->err);
		if (r < 0)
			return r;
	}
	f->crc = 0;
	consume(f, p[0]);
	return 1;
}

static int check_crc(struct fit *f)
{
	uint16_t is = f->crc, said;
	size_t have;
	int r = ahead(f, 2, &have);

	if (r < 0)
		return r;
	if (have < 2)
		return broken(f, "the file ends before its check sum");
	said = kt_get_le16(f->buf + f->pos);
	consume(f, 2);
	if (said == is)
		return 0;
	return kt_note(f->ctx, "file-crc-wrong",
		       "the file's check sum does not fit: it was changed or damaged", f->err);
}

/* What the announced size alone tells. */
static int say_size(struct fit *f, uint32_t size)
{
	uint64_t end = here(f) + size + 2;

	if (size == 0)
		return kt_note(f->ctx, "no-data", "a header says that no data follow", f->err);
	if (!f->packed && end > kt_in_size(f->ctx))
		return kt_note(f->ctx, "file-too-short",
			       "the file is shorter than its header says: bytes are missing at its "
			       "end, or inside it",
			       f->err);
	return 0;
}

/* One file of those that may follow one another. 1: there may be more, 0: the end. */
static int one_file(struct fit *f, unsigned number)
{
	uint32_t size;
	size_t have;
	int r = ahead(f, 1, &have);

	if (r < 0 || (have == 0 && number > 0 && !f->src_broken))
		return r;
	r = header(f, &size);
	if (r < 0)
		return r;
	if (r == 0 && number == 0)
		return KT_FAIL(f->err, KT_E_FORMAT, "not-this-kind: no FIT file");
	if (r == 0)
		return broken(f, "what follows is no FIT file");
	for (unsigned i = 0; i < FIT_LOCALS; i++)
		f->local[i].set = false;
	f->has_time = false;
	f->file_type = 0xff;
	r = say_size(f, size);
	if (r < 0)
		return r;
	r = messages(f, size);
	if (r == 0)
		r = check_crc(f);
	return r < 0 ? r : 1;
}

static int open_source(struct fit *f)
{
	uint8_t magic[2];
	size_t got;
	int r = kt_in_read(f->ctx, 0, magic, sizeof(magic), &got, f->err);

	if (r < 0)
		return r;
	f->packed = got == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
	if (f->packed)
		return kt_gzip_src(f->ctx, &f->src, f->err);
	f->src = kt_in_json(f->ctx, 0);
	return 0;
}

static int parse(struct kt_ctx *ctx, struct kt_err *err)
{
	struct fit *f = kt_alloc(ctx, sizeof(*f));
	unsigned n = 0;
	int r, r2;

	if (f == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the parser");
	memset(f, 0, sizeof(*f));
	f->ctx = ctx;
	f->err = err;
	f->buf = kt_alloc(ctx, FIT_BUFFER);
	if (f->buf == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for the parser");
	make_table(f);
	r = open_source(f);
	if (r < 0)
		return r;
	do
		r = one_file(f, n++);
	while (r > 0);
	if (r < 0 && r != KT_E_FORMAT)
		return r;
	r2 = flush_skips(f);
	return r2 < 0 ? r2 : r;
}

const struct kt_parser kt_parser_fit = {.id = "fit", .parse = parse};
