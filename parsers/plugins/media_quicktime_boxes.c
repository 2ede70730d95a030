/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * media-quicktime, box part: finding the movie header (moov) and reading what it says about time,
 * place and camera, and nothing else: no sample table, no title, no description, no cover. After
 * ISO/IEC 14496-12 section 8.2, the QuickTime File Format (movie, user data and metadata atoms) and
 * 3GPP TS 26.244 section 8. moov may stand at the end; its size bridges the film itself.
 */
#include "parsers/plugins/media_quicktime.h"
#include "parsers/sdk/bmff.h"

#include <string.h>

#define TOP_MAX	   512u /* boxes of the file: a fragmented film has many */
#define CHILD_MAX  256u /* boxes of moov, udta or meta */
#define KEYS_MAX   256u
#define META_READ  4096u /* a meta box up to this size is read at once */
#define TABLE_MAX  16384u
#define VALUE_MAX  1024u
#define MOVIE_PEEK 40u /* all that is wanted of mvhd */
#define TRACK_PEEK 20u /* of a track: the head of its tkhd, and the time in it */

#define TEXT_BOX(a, b, c) KT_BOX(0xa9, a, b, c)

/* Names of metadata keys (QuickTime's "mdta" namespace), and the text that they give. */
static const struct {
	const char *name;
	enum movie_text text;
} key_names[] = {
	{"com.apple.quicktime.location.ISO6709", MT_PLACE},
	{"com.apple.quicktime.location.accuracy.horizontal", MT_ACCURACY},
	{"com.apple.quicktime.creationdate", MT_CREATED},
	{"com.apple.quicktime.make", MT_MAKE},
	{"com.apple.quicktime.model", MT_MODEL},
	{"com.apple.quicktime.software", MT_SOFTWARE},
	{"com.apple.quicktime.content.identifier", MT_CONTENT_ID},
	{"com.android.manufacturer", MT_MAKE},
	{"com.android.model", MT_MODEL},
	{"com.android.version", MT_SOFTWARE},
};

/* Boxes of the user data, which iTunes-like metadata uses too. */
static const struct {
	uint32_t type;
	enum movie_text text;
} box_names[] = {
	{TEXT_BOX('x', 'y', 'z'), MT_PLACE},	  {TEXT_BOX('d', 'a', 'y'), MT_CREATED},
	{TEXT_BOX('m', 'a', 'k'), MT_MAKE},	  {TEXT_BOX('m', 'o', 'd'), MT_MODEL},
	{TEXT_BOX('s', 'w', 'r'), MT_SOFTWARE},	  {TEXT_BOX('t', 'o', 'o'), MT_SOFTWARE},
	{KT_BOX('d', 'a', 't', 'e'), MT_CREATED},
};

static int text_of_box(uint32_t type)
{
	for (unsigned i = 0; i < sizeof(box_names) / sizeof(box_names[0]); i++)
		if (box_names[i].type == type)
			return (int)box_names[i].text;
	return -1;
}

static int text_of_key(const uint8_t *p, size_t n)
{
	for (unsigned i = 0; i < sizeof(key_names) / sizeof(key_names[0]); i++)
		if (strlen(key_names[i].name) == n && memcmp(key_names[i].name, p, n) == 0)
			return (int)key_names[i].text;
	return -1;
}

static void set_text(struct movie *m, enum movie_text t, const uint8_t *p, size_t n, uint64_t off,
		     uint64_t len)
{
	struct movie_value *v = &m->text[t];
	const uint8_t *nul = n > 0 ? memchr(p, '\0', n) : NULL;
	struct kt_str s = {(const char *)p, (uint32_t)(nul != NULL ? (size_t)(nul - p) : n)};

	s = kt_str_trim(s);
	if (s.len > KT_REC_STR_MAX)
		s.len = KT_REC_STR_MAX;
	if (s.len == 0)
		return;
	if (v->s.len > 0) {
		m->places_differ |=
			t == MT_PLACE && (v->s.len != s.len || memcmp(v->s.p, s.p, s.len) != 0);
		return;
	}
	v->s = s;
	v->off = off;
	v->len = len;
}

/* -- movie and track header ------------------------------------------------------------------- */

/* mvhd: version 0 has 32-bit times, version 1 64-bit ones. p: the box's first bytes, n of them. */
static int movie_header(struct movie *m, const struct kt_box *b, uint8_t *p, size_t n,
			struct kt_err *err)
{
	size_t head = (size_t)(b->body - b->off);
	const uint8_t *q = p + head;
	uint64_t duration;

	if (n < MOVIE_PEEK && n < b->end - b->off) { /* not the first: its contents are not there */
		int r = kt_in_read(m->ctx, b->off, p, MOVIE_PEEK, &n, err);

		if (r < 0)
			return r;
	}
	if (n < head + 20 || (q[0] != 0 && n < head + 32) || b->end - b->body < 20 ||
	    m->header_len != 0)
		return 0;
	m->header_off = b->off;
	m->header_len = b->end - b->off;
	if (q[0] == 0) {
		m->created = kt_get_be32(q + 4);
		m->timescale = kt_get_be32(q + 12);
		duration = kt_get_be32(q + 16);
		m->duration = duration == UINT32_MAX ? 0 : duration;
	} else {
		m->created = kt_get_be64(q + 4);
		m->timescale = kt_get_be32(q + 20);
		duration = kt_get_be64(q + 24);
		m->duration = duration == UINT64_MAX ? 0 : duration;
	}
	return 0;
}

/*
 * The header of a track usually comes first in it; a later one is not looked for, and none where the
 * movie's own header has a time.
 */
static int track_header(struct movie *m, const struct kt_box *b, struct kt_err *err)
{
	struct kt_box_win w;
	struct kt_box in;
	const uint8_t *q;
	int r;

	if (m->created != 0 || m->track_created != 0)
		return 0;
	r = kt_box_open(m->ctx, b->body, b->end, TRACK_PEEK, &w, err);
	if (r < 0 || w.len < TRACK_PEEK || !kt_box_parse(w.p, w.len, w.base, w.end, &in) ||
	    in.type != KT_BOX('t', 'k', 'h', 'd') || in.body - in.off != KT_BOX_HEAD)
		return r;
	q = w.p + KT_BOX_HEAD;
	m->track_created = q[0] == 0 ? kt_get_be32(q + 4) : kt_get_be64(q + 4);
	return 0;
}

/* -- metadata: keys and values ---------------------------------------------------------------- */

/* The value of an ilst item is in its "data" box: u32 kind (1: UTF-8), u32 locale, the bytes. */
static int item_value(struct movie *m, const struct kt_box_win *w, const struct kt_box *item,
		      enum movie_text t, struct kt_err *err)
{
	const uint8_t *p;
	struct kt_box data;
	size_t n;
	int r = kt_box_load(m->ctx, w, item, VALUE_MAX, &p, &n, err);

	if (r < 0 || kt_box_next(p, n, item->body, item->body, &data) != KT_BOX_OK ||
	    data.type != KT_BOX('d', 'a', 't', 'a') || data.end - data.body < 8)
		return r;
	p += data.body - item->body;
	if ((kt_get_be32(p) & 0xffffff) != 1)
		return kt_note(m->ctx, "value-unusable", "a metadata value that is no UTF-8 text",
			       err);
	set_text(m, t, p + 8, (size_t)(data.end - data.body) - 8, item->off, item->end - item->off);
	return 0;
}

/* Which text the key of each number (from 1) gives; -1: none. *rest: bytes that make no key. */
static unsigned read_keys(const uint8_t *p, size_t n, int8_t texts[KEYS_MAX], size_t *rest)
{
	size_t off = 8; /* version, flags, how many */
	unsigned count = 0;

	while (count < KEYS_MAX && n >= 8 && n - off >= 8) {
		uint32_t size = kt_get_be32(p + off);

		if (size < 8 || size > n - off)
			break;
		texts[count++] = memcmp(p + off + 4, "mdta", 4) == 0
					 ? (int8_t)text_of_key(p + off + 8, size - 8)
					 : -1;
		off += size;
	}
	*rest = n < off ? 0 : n - off;
	return count;
}

static int read_items(struct movie *m, const struct kt_box_win *w, const struct kt_box *ilst,
		      const int8_t *texts, unsigned nkeys, struct kt_err *err)
{
	struct kt_box_win in = *w;
	uint64_t off = ilst->body;

	in.end = ilst->end;
	if (in.base + in.len > in.end)
		in.len = (size_t)(in.end - in.base);
	for (unsigned i = 0; i < CHILD_MAX; i++) {
		struct kt_box b;
		int t, r = kt_box_at(m->ctx, &in, off, &b, err);

		if (r != KT_BOX_OK)
			return r < 0 ? r : 0;
		t = b.type >= 1 && b.type <= nkeys ? texts[b.type - 1] : text_of_box(b.type);
		if (t >= 0) {
			r = item_value(m, &in, &b, (enum movie_text)t, err);
			if (r < 0)
				return r;
		}
		off = b.end;
	}
	return 0;
}

/*
 * QuickTime's meta atom holds its children at once; ISO's has a version and flags before them. Where
 * the first child's type stands tells which it is.
 */
static int read_meta(struct movie *m, const struct kt_box *meta, struct kt_err *err)
{
	uint64_t size = meta->end - meta->body, off = meta->body;
	int8_t texts[KEYS_MAX];
	unsigned nkeys = 0;
	size_t rest;
	struct kt_box_win w;
	int r = kt_box_open(m->ctx, meta->body, meta->end, size <= META_READ ? META_READ : 12, &w,
			    err);

	if (r < 0)
		return r;
	if (w.len >= 12 && memcmp(w.p + 8, "hdlr", 4) == 0)
		off += 4;
	for (unsigned i = 0; i < CHILD_MAX; i++) {
		struct kt_box b;
		const uint8_t *p;
		size_t n;

		r = kt_box_at(m->ctx, &w, off, &b, err);
		if (r != KT_BOX_OK)
			return r < 0 ? r : 0;
		if (b.type == KT_BOX('k', 'e', 'y', 's')) {
			r = kt_box_load(m->ctx, &w, &b, TABLE_MAX, &p, &n, err);
			if (r == 0)
				nkeys = read_keys(p, n, texts, &rest);
			if (r == 0 && rest > 0)
				r = kt_note(m->ctx, "value-unusable",
					    "the table of metadata keys breaks off", err);
		} else {
			r = 0;
			if (b.type == KT_BOX('i', 'l', 's', 't'))
				r = read_items(m, &w, &b, texts, nkeys, err);
		}
		if (r < 0)
			return r;
		off = b.end;
	}
	return 0;
}

/* -- user data -------------------------------------------------------------------------------- */

/* u16 length, u16 language, text; or the text alone. */
static void user_text(struct movie *m, enum movie_text t, const struct kt_box *b, const uint8_t *p,
		      size_t n)
{
	if (n >= 4 && kt_get_be16(p) <= n - 4) {
		n = kt_get_be16(p);
		p += 4;
	}
	set_text(m, t, p, n, b->off, b->end - b->off);
}

/* A text that ends with NUL; false when it does not end. */
static bool cstring(const uint8_t *p, size_t n, size_t *off, struct kt_str *s)
{
	const uint8_t *nul = *off < n ? memchr(p + *off, '\0', n - *off) : NULL;

	if (nul == NULL)
		return false;
	s->p = (const char *)p + *off;
	s->len = (uint32_t)(nul - (p + *off));
	*off += s->len + 1;
	return true;
}

static void user_loci(struct movie *m, const struct kt_box *b, const uint8_t *p, size_t n)
{
	struct movie_loci *l = &m->loci;
	size_t off = 6; /* version, flags, language */

	if (l->there)
		return;
	l->there = true;
	l->off = b->off;
	l->len = b->end - b->off;
	if (!cstring(p, n, &off, &l->name) || n - off < 13)
		return;
	l->role = p[off];
	l->lon = (int32_t)kt_get_be32(p + off + 1);
	l->lat = (int32_t)kt_get_be32(p + off + 5);
	l->alt = (int32_t)kt_get_be32(p + off + 9);
	off += 13;
	l->sound = cstring(p, n, &off, &l->body);
}

/* Children one by one: makers put previews into user data, and those stay unread. */
static int read_user_data(struct movie *m, const struct kt_box *udta, struct kt_err *err)
{
	struct kt_box_win w;
	uint64_t off = udta->body;
	int r = kt_box_open(m->ctx, udta->body, udta->end, 0, &w, err);

	for (unsigned i = 0; r >= 0 && i < CHILD_MAX; i++) {
		bool loci;
		struct kt_box b;
		const uint8_t *p;
		size_t n;
		int t;

		r = kt_box_at(m->ctx, &w, off, &b, err);
		if (r != KT_BOX_OK)
			return r < 0 ? r : 0;
		off = b.end;
		t = text_of_box(b.type);
		loci = b.type == KT_BOX('l', 'o', 'c', 'i');
		if (b.type == KT_BOX('m', 'e', 't', 'a'))
			r = read_meta(m, &b, err);
		if (r < 0 || (t < 0 && !loci))
			continue;
		r = kt_box_load(m->ctx, &w, &b, VALUE_MAX, &p, &n, err);
		if (r < 0)
			return r;
		if (loci)
			user_loci(m, &b, p, n);
		else
			user_text(m, (enum movie_text)t, &b, p, n);
	}
	return r < 0 ? r : 0;
}

/* -- the movie -------------------------------------------------------------------------------- */

static int read_movie(struct movie *m, const struct kt_box *moov, const char **why,
		      struct kt_err *err)
{
	uint64_t off = moov->body;
	uint8_t p[MOVIE_PEEK];
	bool damaged = false;
	size_t n;
	int r = 0;

	for (unsigned i = 0; i < CHILD_MAX; i++) {
		struct kt_box b;

		r = kt_box_read(m->ctx, off, moov->end, p, i == 0 ? MOVIE_PEEK : KT_BOX_HEAD, &n,
				&b, err);
		damaged = r == KT_BOX_BAD;
		if (r != KT_BOX_OK)
			break;
		r = 0;
		switch (b.type) {
		case KT_BOX('m', 'v', 'h', 'd'):
			r = movie_header(m, &b, p, n, err);
			break;
		case KT_BOX('t', 'r', 'a', 'k'):
			r = track_header(m, &b, err);
			break;
		case KT_BOX('m', 'e', 't', 'a'):
			r = read_meta(m, &b, err);
			break;
		case KT_BOX('u', 'd', 't', 'a'):
			r = read_user_data(m, &b, err);
			break;
		case KT_BOX('c', 'm', 'o', 'v'):
			*why = "compressed-movie-header";
			return 0;
		default:
			break;
		}
		if (r < 0)
			return r;
		off = b.end;
	}
	if (r < 0)
		return r;
	if (damaged || moov->cut)
		return kt_note(m->ctx, "movie-header-damaged",
			       "the movie header breaks off; what stands before is reported", err);
	return 0;
}

/* Types with which a film begins. */
static bool begins_film(uint32_t type)
{
	static const uint32_t types[] = {
		KT_BOX('f', 't', 'y', 'p'), KT_BOX('m', 'o', 'o', 'v'), KT_BOX('m', 'd', 'a', 't'),
		KT_BOX('f', 'r', 'e', 'e'), KT_BOX('s', 'k', 'i', 'p'), KT_BOX('w', 'i', 'd', 'e'),
		KT_BOX('p', 'n', 'o', 't'), KT_BOX('s', 't', 'y', 'p'),
	};

	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i] == type)
			return true;
	return false;
}

int kt_movie_read(struct movie *m, const char **why, struct kt_err *err)
{
	uint64_t off = 0, size = kt_in_size(m->ctx);
	uint8_t p[KT_BOX_PEEK];
	struct kt_box b;
	size_t n;

	for (unsigned i = 0; i < TOP_MAX; i++) {
		int r = kt_box_read(m->ctx, off, size, p, KT_BOX_HEAD, &n, &b, err);

		if (r < 0)
			return r;
		if (i == 0 && (r != KT_BOX_OK || !begins_film(b.type))) {
			*why = "kind-not-understood";
			return 0;
		}
		*why = r == KT_BOX_NONE ? "no-movie-header" : "film-damaged";
		if (r != KT_BOX_OK)
			return 0;
		if (b.type == KT_BOX('m', 'o', 'o', 'v')) {
			*why = NULL;
			return read_movie(m, &b, why, err);
		}
		off = b.end;
	}
	*why = "too-many-boxes";
	return 0;
}
