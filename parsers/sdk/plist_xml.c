/* SPDX-License-Identifier: EUPL-1.2 */
/* XML property lists, over the events of xml.h. See plist.h and plist_tree.h. */
#include "parsers/sdk/plist_tree.h"
#include "parsers/sdk/xml.h"

#include <stdlib.h>
#include <string.h>

struct slot {
	struct kt_node *node;
};

struct open {
	bool dict;
	struct kt_buf kids; /* slots; a dictionary's keys and values in turn */
};

struct xml {
	struct kt_plist *pl;
	struct kt_err *err;
	size_t at; /* bytes given out */
	uint32_t nodes;
	bool plist;  /* inside the outermost <plist> */
	bool scalar; /* inside a scalar's element */
	unsigned depth;
	struct open open[KT_PLIST_MAX_DEPTH];
};

static int source(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct xml *x = arg;
	size_t left = x->pl->len - x->at;

	(void)err;
	*got = n < left ? n : left;
	memcpy(p, x->pl->file + x->at, *got);
	x->at += *got;
	return 0;
}

static int odd(const struct xml *x, const struct kt_xml_event *ev, const char *what)
{
	return KT_FAIL(x->err, KT_E_FORMAT, "property list: %s at byte %llu", what,
		       (unsigned long long)ev->off);
}

static struct kt_str trimmed(struct kt_str s)
{
	while (s.len > 0 && (uint8_t)s.p[0] <= ' ')
		s = kt_str_from(s, 1);
	while (s.len > 0 && (uint8_t)s.p[s.len - 1] <= ' ')
		s.len--;
	return s;
}

/* -- scalars ---------------------------------------------------------------------------------- */

static int keep_text(struct xml *x, struct kt_node *node, struct kt_str s)
{
	char *copy = kt_plist_alloc(x->pl, (size_t)s.len + 1);

	if (copy == NULL)
		return KT_FAIL(x->err, KT_E_NOMEM, "property list: no memory");
	memcpy(copy, s.p, s.len);
	node->u.bytes = copy;
	node->n = s.len;
	return 0;
}

/* Decimal or 0x..., with a sign. False: no such number, or it does not fit. */
static bool whole_number(struct kt_str s, int64_t *v)
{
	bool neg = s.len > 0 && s.p[0] == '-';
	uint64_t m = 0;
	unsigned base = 10;

	if (s.len > 0 && (s.p[0] == '-' || s.p[0] == '+'))
		s = kt_str_from(s, 1);
	if (s.len > 2 && s.p[0] == '0' && (s.p[1] | 0x20) == 'x') {
		base = 16;
		s = kt_str_from(s, 2);
	}
	for (uint32_t i = 0; i < s.len; i++) {
		char c = s.p[i];
		unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0')
				 : (c | 0x20) >= 'a' && (c | 0x20) <= 'f'
					 ? (unsigned)((c | 0x20) - 'a') + 10
					 : 99;

		if (digit >= base || __builtin_mul_overflow(m, base, &m) ||
		    __builtin_add_overflow(m, digit, &m))
			return false;
	}
	if (s.len == 0 || m > (uint64_t)INT64_MAX + neg)
		return false;
	*v = neg ? (int64_t)(0 - m) : (int64_t)m;
	return true;
}

static int sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* RFC 4648 with white space anywhere. */
static int base64(struct xml *x, const struct kt_xml_event *ev, struct kt_node *node)
{
	uint8_t *out = kt_plist_alloc(x->pl, (size_t)ev->text.len / 4 * 3 + 4);
	uint32_t bits = 0, n = 0, digits = 0, pads = 0;

	if (out == NULL)
		return KT_FAIL(x->err, KT_E_NOMEM, "property list: no memory");
	for (uint32_t i = 0; i < ev->text.len; i++) {
		char c = ev->text.p[i];

		if ((uint8_t)c <= ' ')
			continue;
		if (c == '=' && ++pads <= 2)
			continue;
		if (sextet(c) < 0 || pads > 0)
			return odd(x, ev, "damaged data");
		bits = bits << 6 | (uint32_t)sextet(c);
		if (++digits % 4 != 1)
			out[n++] = (uint8_t)(bits >> (6 - 2 * ((digits - 1) % 4)));
	}
	if (digits % 4 == 1 || (pads > 0 && (digits + pads) % 4 != 0))
		return odd(x, ev, "damaged data");
	node->u.bytes = (const char *)out;
	node->n = n;
	return 0;
}

/* A scalar's element has closed. */
static int scalar(struct xml *x, const struct kt_xml_event *ev, struct kt_node *node)
{
	struct kt_str text = trimmed(ev->text);

	if (kt_str_is(ev->name, "string") || kt_str_is(ev->name, "key")) {
		node->type = KT_PL_TEXT;
		return keep_text(x, node, ev->text);
	}
	if (kt_str_is(ev->name, "data")) {
		node->type = KT_PL_DATA;
		return base64(x, ev, node);
	}
	if (kt_str_is(ev->name, "true") || kt_str_is(ev->name, "false")) {
		node->type = KT_PL_BOOL;
		node->u.i = ev->name.p[0] == 't';
		return text.len == 0 ? 0 : odd(x, ev, "text in a truth value");
	}
	if (kt_str_is(ev->name, "integer")) {
		node->type = KT_PL_INT;
		if (whole_number(text, &node->u.i))
			return 0;
	} else if (kt_str_is(ev->name, "real")) {
		node->type = KT_PL_REAL;
	} else if (kt_str_is(ev->name, "date")) {
		node->type = KT_PL_DATE;
	} else {
		return odd(x, ev, "an unknown element");
	}
	node->form = KT_NODE_TEXT;
	return keep_text(x, node, text);
}

/* -- structure -------------------------------------------------------------------------------- */

static struct kt_node *new_node(struct xml *x)
{
	if (++x->nodes > KT_PLIST_MAX_NODES) {
		KT_FAIL(x->err, KT_E_LIMIT, "property list: too many nodes");
		return NULL;
	}
	return kt_plist_alloc(x->pl, sizeof(struct kt_node));
}

static bool is_key(struct kt_str name)
{
	return kt_str_is(name, "key");
}

/* A finished value, or a key, goes into the container that is open. */
static int add(struct xml *x, const struct kt_xml_event *ev, struct kt_node *node)
{
	struct open *o = x->depth > 0 ? &x->open[x->depth - 1] : NULL;
	struct slot slot;
	bool wants_key = o != NULL && o->dict && o->kids.len / sizeof(struct slot) % 2 == 0;

	if (is_key(ev->name) != wants_key)
		return odd(x, ev, wants_key ? "a value without a key" : "a key without a place");
	if (o == NULL) {
		if (x->pl->root != NULL)
			return odd(x, ev, "a second value");
		x->pl->root = node;
		return 0;
	}
	slot.node = node;
	if (kt_buf_put(&o->kids, &slot, sizeof(slot)) < 0)
		return KT_FAIL(x->err, KT_E_NOMEM, "property list: no memory");
	return 0;
}

/* Archives write an identifier as <dict><key>CF$UID</key><integer>5</integer></dict>. */
static void make_uid(struct kt_node *node)
{
	const struct kt_node *k = node->n == 1 ? node->u.kid[0] : NULL, *v;
	static const char name[] = "CF$UID";

	if (k == NULL || k->n != sizeof(name) - 1 || memcmp(k->u.bytes, name, k->n) != 0)
		return;
	v = node->u.kid[1];
	if (v->type != KT_PL_INT || v->form != KT_NODE_PLAIN || v->u.i < 0)
		return;
	node->type = KT_PL_UID;
	node->n = 0;
	node->u.i = v->u.i;
}

static int close_container(struct xml *x, const struct kt_xml_event *ev)
{
	struct open *o = &x->open[x->depth - 1];
	struct kt_node *node = new_node(x);
	size_t kids = o->kids.len / sizeof(struct slot);

	if (trimmed(ev->text).len > 0)
		return odd(x, ev, "text between elements");
	if (o->dict && kids % 2 != 0)
		return odd(x, ev, "a key without a value");
	if (node != NULL)
		node->u.kid = kt_plist_alloc(x->pl, o->kids.len);
	if (node == NULL || node->u.kid == NULL)
		return KT_FAIL(x->err, x->nodes > KT_PLIST_MAX_NODES ? KT_E_LIMIT : KT_E_NOMEM,
			       "property list: no room for another node");
	node->type = o->dict ? KT_PL_DICT : KT_PL_ARRAY;
	node->n = (uint32_t)(o->dict ? kids / 2 : kids);
	for (size_t i = 0; i < kids; i++) {
		struct slot slot;

		memcpy(&slot, o->kids.p + i * sizeof(slot), sizeof(slot));
		node->u.kid[o->dict ? i / 2 + i % 2 * node->n : i] = slot.node;
	}
	if (o->dict)
		make_uid(node);
	kt_buf_reset(&o->kids);
	x->depth--;
	return add(x, ev, node);
}

static int on_open(struct xml *x, const struct kt_xml_event *ev)
{
	bool dict = kt_str_is(ev->name, "dict");

	if (x->scalar)
		return odd(x, ev, "an element inside a value");
	if (ev->depth == 1 && kt_str_is(ev->name, "plist")) {
		x->plist = true;
		return 0;
	}
	if (!dict && !kt_str_is(ev->name, "array")) {
		x->scalar = true;
		return 0;
	}
	if (x->depth == KT_PLIST_MAX_DEPTH)
		return KT_FAIL(x->err, KT_E_LIMIT, "property list: nested too deep");
	x->open[x->depth++].dict = dict;
	return 0;
}

static int on_close(struct xml *x, const struct kt_xml_event *ev)
{
	struct kt_node *node;
	int r;

	if (x->plist && ev->depth == 1)
		return 0;
	if (!x->scalar)
		return close_container(x, ev);
	x->scalar = false;
	node = new_node(x);
	if (node == NULL)
		return KT_FAIL(x->err, x->nodes > KT_PLIST_MAX_NODES ? KT_E_LIMIT : KT_E_NOMEM,
			       "property list: no room for another node");
	r = scalar(x, ev, node);
	return r < 0 ? r : add(x, ev, node);
}

int kt_plist_read_xml(struct kt_plist *pl, struct kt_err *err)
{
	struct xml *x = calloc(1, sizeof(*x));
	struct kt_json_src src = {source, x, 0};
	struct kt_xml *reader = NULL;
	struct kt_xml_event ev;
	int r;

	if (x == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "property list: no memory");
	x->pl = pl;
	x->err = err;
	for (unsigned i = 0; i < KT_PLIST_MAX_DEPTH; i++)
		kt_buf_init(&x->open[i].kids, KT_PLIST_MAX_NODES * sizeof(struct slot));
	r = kt_xml_open(src, &reader, err);
	/* one level for <plist>, one for what the innermost container holds */
	if (r >= 0)
		r = kt_xml_set(reader, KT_PLIST_MAX_DEPTH + 2, KT_PLIST_MAX_BYTES, true, err);
	while (r >= 0 && (r = kt_xml_next(reader, &ev, err)) > 0)
		r = ev.kind == KT_XML_OPEN ? on_open(x, &ev) : on_close(x, &ev);
	kt_xml_close(&reader);
	for (unsigned i = 0; i < KT_PLIST_MAX_DEPTH; i++)
		kt_buf_free(&x->open[i].kids);
	free(x);
	if (r >= 0 && pl->root == NULL)
		return KT_FAIL(err, KT_E_FORMAT, "property list: empty");
	return r;
}
