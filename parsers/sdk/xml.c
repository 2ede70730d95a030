/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * XML events by expat. See xml.h. A piece of the source is given to expat, its callbacks queue what
 * they saw, kt_xml_next() hands the queue out; so nothing grows with the file: the queue holds what
 * one piece and one unfinished tag can make, and an unfinished tag has a limit of its own.
 */
#include "parsers/sdk/xml.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define PIECE	  16384
#define TAG_MAX	  ((uint64_t)1 << 20) /* bytes of one tag, comment or instruction */
#define ATTRS_MAX 64u
#define QUEUE_MAX ((size_t)128 << 20) /* far above what PIECE + TAG_MAX bytes can make */

/* A range of the queue's bytes. */
struct piece {
	size_t at;
	uint32_t len;
};

struct queued {
	uint8_t kind;
	bool text_cut;
	unsigned depth, nattr;
	struct piece name, text;
	size_t first_attr; /* index into attrs, two pieces each */
	uint64_t off, open_off;
};

struct level {
	struct kt_buf text;
	bool cut;
	uint64_t off;
};

struct kt_xml {
	struct kt_json_src src;
	XML_Parser expat;
	uint64_t fed; /* bytes given to expat */
	uint64_t at;  /* see here() */
	bool fed_all, done;
	unsigned depth, depth_max;
	size_t text_max;
	bool keep_blanks;
	struct level *level; /* depth_max + 1 of them; [1] is the root's */
	/* what the callbacks found; offsets into bytes, so that it may move */
	struct kt_buf bytes, events, attrs;
	size_t next; /* event to hand out */
	struct kt_xml_attr attr[ATTRS_MAX];
	int stop; /* a code that a callback ended the reading with, */
	const char *stop_text;
	uint64_t stop_off;
};

/* -- callbacks -------------------------------------------------------------------------------- */

/* Where expat stands; where it stood, when it can't say (before the first tag is complete). */
static uint64_t here(struct kt_xml *x)
{
	XML_Index at = XML_GetCurrentByteIndex(x->expat);

	_Static_assert(sizeof(at) == 8, "offsets beyond 2 GiB");
	if (at >= 0)
		x->at = (uint64_t)at;
	return x->src.off + x->at;
}

static void stop(struct kt_xml *x, int code, const char *text)
{
	if (x->stop != 0)
		return;
	x->stop = code;
	x->stop_text = text;
	x->stop_off = here(x);
	XML_StopParser(x->expat, XML_FALSE);
}

/* Appends to the queue's bytes, at most max of them, never half a character. */
static struct piece put(struct kt_xml *x, const char *p, size_t n, size_t max)
{
	struct piece piece = {x->bytes.len, 0};

	if (n > max) {
		n = max;
		while (n > 0 && ((uint8_t)p[n] & 0xc0) == 0x80)
			n--;
	}
	piece.len = (uint32_t)n;
	kt_buf_put(&x->bytes, p, n);
	return piece;
}

static struct piece put_name(struct kt_xml *x, const char *name)
{
	const char *colon = strrchr(name, ':');

	if (colon != NULL && colon[1] != '\0')
		name = colon + 1;
	return put(x, name, strlen(name), KT_XML_TEXT_MAX);
}

static void on_open(void *arg, const char *name, const char **atts)
{
	struct kt_xml *x = arg;
	struct queued q = {.kind = KT_XML_OPEN, .off = here(x)};
	int n = XML_GetSpecifiedAttributeCount(x->expat) / 2;

	if (x->stop != 0)
		return;
	if (x->depth >= x->depth_max) {
		stop(x, KT_E_LIMIT, "elements are nested too deep");
		return;
	}
	if ((unsigned)n > ATTRS_MAX) {
		stop(x, KT_E_LIMIT, "an element has too many attributes");
		return;
	}
	q.depth = ++x->depth;
	q.name = put_name(x, name);
	q.nattr = (unsigned)n;
	q.first_attr = x->attrs.len / sizeof(struct piece);
	for (int i = 0; i < n; i++) {
		struct piece a[2] = {put_name(x, atts[2 * i])};

		a[1] = put(x, atts[2 * i + 1], strlen(atts[2 * i + 1]), KT_XML_TEXT_MAX);
		kt_buf_put(&x->attrs, a, sizeof(a));
	}
	kt_buf_put(&x->events, &q, sizeof(q));
	kt_buf_reset(&x->level[x->depth].text);
	x->level[x->depth].cut = false;
	x->level[x->depth].off = q.off;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void on_close(void *arg, const char *name)
{
	struct kt_xml *x = arg;
	struct queued q = {.kind = KT_XML_CLOSE, .depth = x->depth};
	struct level *l = &x->level[x->depth];
	size_t n = l->text.len;

	if (x->stop != 0)
		return;
	/* for <a/> the event's own bytes are counted by the opening */
	q.off = here(x) + (uint64_t)XML_GetCurrentByteCount(x->expat);
	q.open_off = l->off;
	q.name = put_name(x, name);
	while (!x->keep_blanks && !l->cut && n > 0 && is_blank((const char)l->text.p[n - 1]))
		n--;
	q.text = put(x, (const char *)l->text.p, n, SIZE_MAX);
	q.text_cut = l->cut;
	kt_buf_put(&x->events, &q, sizeof(q));
	x->depth--;
}

static void on_text(void *arg, const char *p, int len)
{
	struct kt_xml *x = arg;
	struct level *l = &x->level[x->depth];
	size_t n = (size_t)len, room;

	if (x->stop != 0 || x->depth == 0 || l->cut)
		return;
	while (!x->keep_blanks && l->text.len == 0 && n > 0 && is_blank(*p)) {
		p++;
		n--;
	}
	room = x->text_max - l->text.len;
	if (n > room) {
		n = room;
		while (n > 0 && ((uint8_t)p[n] & 0xc0) == 0x80)
			n--;
		l->cut = true;
	}
	if (n > 0 && kt_buf_put(&l->text, p, n) < 0)
		stop(x, KT_E_NOMEM, "no memory for text");
}

static void on_entity(void *arg, const char *name, int is_param, const char *value, int n,
		      const char *base, const char *system, const char *public, const char *note)
{
	(void)name;
	(void)is_param;
	(void)value;
	(void)n;
	(void)base;
	(void)system;
	(void)public;
	(void)note;
	stop(arg, KT_E_FORMAT, "an entity is declared");
}

/* Only possible behind a document type that lies elsewhere: its text would be missing silently. */
static void on_skipped(void *arg, const char *name, int is_param)
{
	(void)name;
	(void)is_param;
	stop(arg, KT_E_FORMAT, "an entity is used that nobody declared");
}

/* -- the reader ------------------------------------------------------------------------------- */

/* Against collisions on purpose in expat's tables; expat's own search for one may open files. */
static unsigned long salt(void)
{
	unsigned long v = 0;

	if (getrandom(&v, sizeof(v), GRND_NONBLOCK) != (ssize_t)sizeof(v) || v == 0)
		v = 0x6b6574656eul;
	return v;
}

int kt_xml_open(struct kt_json_src src, struct kt_xml **out, struct kt_err *err)
{
	struct kt_xml *x = calloc(1, sizeof(*x));

	*out = NULL;
	if (x == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for reading XML");
	x->src = src;
	x->text_max = KT_XML_TEXT_MAX;
	kt_buf_init(&x->bytes, QUEUE_MAX);
	kt_buf_init(&x->events, QUEUE_MAX);
	kt_buf_init(&x->attrs, QUEUE_MAX);
	x->expat = XML_ParserCreate(NULL);
	if (x->expat == NULL || kt_xml_set(x, KT_XML_DEPTH, KT_XML_TEXT_MAX, false, err) < 0) {
		kt_xml_close(&x);
		return KT_FAIL(err, KT_E_NOMEM, "no memory for reading XML");
	}
	XML_SetHashSalt(x->expat, salt());
	XML_SetUserData(x->expat, x);
	XML_SetElementHandler(x->expat, on_open, on_close);
	XML_SetCharacterDataHandler(x->expat, on_text);
	XML_SetEntityDeclHandler(x->expat, on_entity);
	XML_SetSkippedEntityHandler(x->expat, on_skipped);
	*out = x;
	return 0;
}

int kt_xml_set(struct kt_xml *x, unsigned depth, size_t text_max, bool keep_blanks,
	       struct kt_err *err)
{
	struct level *l = calloc((size_t)depth + 1, sizeof(*l));

	if (l == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for reading XML");
	for (unsigned i = 0; i <= depth; i++)
		kt_buf_init(&l[i].text, text_max);
	free(x->level);
	x->level = l;
	x->depth_max = depth;
	x->text_max = text_max;
	x->keep_blanks = keep_blanks;
	return 0;
}

void kt_xml_close(struct kt_xml **x)
{
	if (*x == NULL)
		return;
	if ((*x)->expat != NULL)
		XML_ParserFree((*x)->expat);
	for (unsigned i = 0; (*x)->level != NULL && i <= (*x)->depth_max; i++)
		kt_buf_free(&(*x)->level[i].text);
	free((*x)->level);
	kt_buf_free(&(*x)->bytes);
	kt_buf_free(&(*x)->events);
	kt_buf_free(&(*x)->attrs);
	free(*x);
	*x = NULL;
}

/* What ended the reading; later calls say the same. */
static int failed(struct kt_xml *x, int code, const char *text, uint64_t off, struct kt_err *err)
{
	x->stop = code;
	x->stop_text = text;
	x->stop_off = off;
	return KT_FAIL(err, code, "XML: %s at byte %llu", text, (unsigned long long)off);
}

static int feed(struct kt_xml *x, struct kt_err *err)
{
	void *to = XML_GetBuffer(x->expat, PIECE);
	size_t got = 0;
	int r;

	if (to == NULL)
		return failed(x, KT_E_NOMEM, "no memory", here(x), err);
	r = x->src.read(x->src.arg, to, PIECE, &got, err);
	if (r < 0)
		return r;
	x->fed += got;
	x->fed_all = got == 0;
	if (XML_ParseBuffer(x->expat, (int)got, x->fed_all) != XML_STATUS_OK) {
		enum XML_Error e = XML_GetErrorCode(x->expat);

		if (x->stop == 0) {
			x->stop = e == XML_ERROR_NO_MEMORY ? KT_E_NOMEM : KT_E_FORMAT;
			x->stop_text = XML_ErrorString(e);
			x->stop_off = here(x);
		}
	}
	if (x->bytes.failed || x->events.failed || x->attrs.failed)
		return failed(x, KT_E_NOMEM, "no memory", here(x), err);
	/* expat keeps an unfinished tag and reads it again with each piece */
	if (x->stop == 0 && !x->fed_all && x->src.off + x->fed - here(x) > TAG_MAX)
		return failed(x, KT_E_LIMIT, "a tag or comment is too long", here(x), err);
	return 0;
}

static struct kt_str text_of(const struct kt_xml *x, struct piece p)
{
	struct kt_str s = {(const char *)x->bytes.p + p.at, p.len};

	if (p.len == 0)
		s.p = "";
	return s;
}

static void hand_out(struct kt_xml *x, struct kt_xml_event *ev)
{
	struct queued q;

	memcpy(&q, x->events.p + x->next, sizeof(q));
	x->next += sizeof(q);
	memset(ev, 0, sizeof(*ev));
	ev->kind = (enum kt_xml_ev)q.kind;
	ev->name = text_of(x, q.name);
	ev->depth = q.depth;
	ev->off = q.off;
	ev->open_off = q.open_off;
	ev->text_cut = q.text_cut;
	ev->text = text_of(x, q.text);
	ev->attr = x->attr;
	ev->nattr = q.nattr;
	for (unsigned i = 0; i < q.nattr; i++) {
		struct piece a[2];

		memcpy(a, x->attrs.p + (q.first_attr + 2 * i) * sizeof(struct piece), sizeof(a));
		x->attr[i].name = text_of(x, a[0]);
		x->attr[i].value = text_of(x, a[1]);
	}
}

int kt_xml_next(struct kt_xml *x, struct kt_xml_event *ev, struct kt_err *err)
{
	while (x->next >= x->events.len) {
		int r;

		if (x->stop != 0)
			return failed(x, x->stop, x->stop_text, x->stop_off, err);
		if (x->fed_all)
			return 0;
		kt_buf_reset(&x->bytes);
		kt_buf_reset(&x->events);
		kt_buf_reset(&x->attrs);
		x->next = 0;
		r = feed(x, err);
		if (r < 0)
			return r;
	}
	hand_out(x, ev);
	return 1;
}

struct kt_str kt_xml_attr(const struct kt_xml_event *ev, const char *name)
{
	struct kt_str none = {NULL, 0};

	for (unsigned i = 0; i < ev->nattr; i++)
		if (kt_str_is(ev->attr[i].name, name))
			return ev->attr[i].value;
	return none;
}
