/* SPDX-License-Identifier: EUPL-1.2 */
#include "desktop/report.h"

#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "core/json.h"
#include "core/time.h"
#include "desktop/words.h"

#define STR_MAX	 4096
#define KEY_MAX	 256
#define WHAT_MAX 160

struct mem {
	const char *p;
	gsize n, at;
};

static int mem_read(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct mem *m = arg;

	(void)err;
	*got = MIN(n, m->n - m->at);
	memcpy(p, m->p + m->at, *got);
	m->at += *got;
	return 0;
}

struct load {
	struct kd_report *r;
	struct kt_json j;
	GInputStream *in;
	GHashTable *types, *items; /* those of r->types and r->items */
	guint64 n;
	bool at_end;
	struct kt_err err;
};

/* What the parser reads is put away as it comes. */
static int stream_read(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct load *l = arg;
	gssize k = l->at_end ? 0 : g_input_stream_read(l->in, p, n, NULL, NULL);

	(void)err;
	*got = k > 0 ? (size_t)k : 0;
	l->at_end = k <= 0;
	l->n += *got;
	if (l->n >= G_MAXUINT32)
		return KT_E_LIMIT;
	return kd_store_add(l->r->text, p, *got) ? 0 : KT_E_NOMEM;
}

/* keten shall not be told that nobody listens any more. */
static void drain(struct load *l)
{
	char *piece = g_malloc(65536);

	while (!l->at_end)
		l->at_end = g_input_stream_read(l->in, piece, 65536, NULL, NULL) <= 0;
	g_free(piece);
}

static const char *keep(struct kd_report *r, const char *s)
{
	return g_string_chunk_insert_const(r->strings, s);
}

/* 1e-7 degree from "48.2085586"; floats never decide where something stands. */
static gint32 degree(const char *s)
{
	gint64 v = 0, scale = 10000000;
	bool minus = *s == '-', behind = false;

	for (s += minus; *s != '\0'; s++) {
		if (*s == '.') {
			behind = true;
			continue;
		}
		if (*s < '0' || *s > '9')
			return KD_NO_PLACE;
		if (behind)
			scale /= 10;
		if (scale == 0 || v > 4000000000LL)
			return KD_NO_PLACE;
		v = v * 10 + (*s - '0');
	}
	v *= scale;
	if (v > 1800000000LL)
		return KD_NO_PLACE;
	return (gint32)(minus ? -v : v);
}

/* -- one observation -------------------------------------------------------------------------- */

struct parts {
	char name[WHAT_MAX], value[WHAT_MAX], label[WHAT_MAX], path[WHAT_MAX], activity[64],
		local[64];
	bool ok;
};

/* As much as has room, and no part of a character. */
static void copy(char *to, const char *s, size_t n)
{
	if (g_strlcpy(to, s, n) >= n)
		kd_trim(to);
}

static void part(struct load *l, struct kd_obs *o, struct parts *p, const char *key, const char *s)
{
	const struct {
		const char *key;
		char *to;
		size_t n;
	} copies[] = {
		{"record.name", p->name, sizeof(p->name)},
		{"record.value", p->value, sizeof(p->value)},
		{"record.place_label", p->label, sizeof(p->label)},
		{"record.activity", p->activity, sizeof(p->activity)},
		{"record.t_local", p->local, sizeof(p->local)},
		{"path", p->path, sizeof(p->path)},
	};
	const struct {
		const char *key, **to;
	} kept[] = {
		{"id", &o->id},
		{"object", &o->object},
		{"item", &o->item},
		{"record.type", &o->type},
		{"record.position", &o->position},
		{"record.t", &o->when},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(copies); i++)
		if (strcmp(copies[i].key, key) == 0)
			copy(copies[i].to, s, copies[i].n);
	for (size_t i = 0; i < G_N_ELEMENTS(kept); i++)
		if (strcmp(kept[i].key, key) == 0)
			/* ids and times hardly ever repeat: no table of them */
			*kept[i].to = kept[i].to == &o->id || kept[i].to == &o->when
					      ? g_string_chunk_insert(l->r->strings, s)
					      : keep(l->r, s);
	if (strcmp(key, "use.as") == 0)
		o->counted = strcmp(s, "position") == 0;
	if (strcmp(key, "record.lat") == 0)
		o->lat = degree(s);
	if (strcmp(key, "record.lon") == 0)
		o->lon = degree(s);
}

static void describe(struct load *l, struct kd_obs *o, const struct parts *p)
{
	char text[2 * WHAT_MAX + 8];
	const char *slash = strrchr(p->path, '/');

	if (p->name[0] != '\0' && p->value[0] != '\0')
		snprintf(text, sizeof(text), "%s: %s", p->name, p->value);
	else
		g_strlcpy(text,
			  p->label[0] != '\0'	   ? p->label
			  : p->activity[0] != '\0' ? p->activity
			  : p->name[0] != '\0'	   ? p->name
			  : slash != NULL	   ? slash + 1
						   : p->path,
			  sizeof(text));
	o->what = keep(l->r, text);
	if (o->when == NULL && p->local[0] != '\0') {
		o->when = keep(l->r, p->local);
		o->local = true;
	}
}

static gint64 instant(const char *s)
{
	int64_t us;

	if (s == NULL || kt_time_parse(s, strlen(s), false, &us, NULL, NULL) < 0)
		return KD_NO_TIME;
	return us;
}

/* A NUL in a text is shown as what it is, and a text that was cut says so. */
static void leaf(const struct kt_json *j, const char *key, kd_member fn, gpointer data)
{
	GString *s;

	if (!j->str_cut && strlen(j->str) == j->str_len) {
		fn(key, j->str, data);
		return;
	}
	s = g_string_new(NULL);
	for (size_t i = 0; i < j->str_len; i++)
		if (j->str[i] != '\0')
			g_string_append_c(s, j->str[i]);
		else
			g_string_append(s, "\u2400");
	if (j->str_cut) {
		kd_trim(s->str);
		g_string_truncate(s, strlen(s->str));
		g_string_append(s, "\u2026");
	}
	fn(key, s->str, data);
	g_string_free(s, TRUE);
}

/* Walks one value whose first token was read, giving each leaf with its path. */
static int walk(struct kt_json *j, int tok, char *key, gsize key_len, kd_member fn, gpointer data,
		struct kt_err *err)
{
	gsize at[KT_JSON_DEPTH] = {key_len};
	int depth = 0;

	do {
		if (tok < 0)
			return tok;
		switch (tok) {
		case KT_JSON_OBJ:
		case KT_JSON_ARR:
			if (++depth >= KT_JSON_DEPTH)
				return KT_E_LIMIT;
			at[depth] = strlen(key);
			break;
		case KT_JSON_OBJ_END:
		case KT_JSON_ARR_END:
			if (depth == 0) /* the end of what this stands in */
				return KT_FAIL(err, KT_E_FORMAT, "an end where a value belongs");
			depth--;
			key[at[depth]] = '\0';
			break;
		case KT_JSON_KEY:
			key[at[depth]] = '\0';
			g_strlcat(key, at[depth] > 0 ? "." : "", KEY_MAX);
			g_strlcat(key, j->str, KEY_MAX);
			kd_trim(key);
			break;
		case KT_JSON_STRING:
		case KT_JSON_NUMBER:
			leaf(j, key, fn, data);
			break;
		case KT_JSON_TRUE:
			fn(key, "true", data);
			break;
		case KT_JSON_FALSE:
			fn(key, "false", data);
			break;
		default:
			break;
		}
		if (depth == 0)
			return 0;
		tok = kt_json_next(j, err);
	} while (1);
}

struct one {
	struct load *l;
	struct kd_obs *o;
	struct parts *p;
};

static void on_member(const char *key, const char *value, gpointer data)
{
	struct one *one = data;

	part(one->l, one->o, one->p, key, value);
}

/* s: of keep(), so that one text has one address. */
static void add_once(GPtrArray *to, GHashTable *seen, const char *s)
{
	if (g_hash_table_add(seen, (gpointer)s))
		g_ptr_array_add(to, (gpointer)s);
}

static int load_obs(struct load *l, int tok)
{
	struct kd_obs o = {.t = KD_NO_TIME, .lat = KD_NO_PLACE, .lon = KD_NO_PLACE};
	struct parts p = {0};
	struct one one = {l, &o, &p};
	char key[KEY_MAX] = "";
	guint64 from = l->j.tok_off;
	int r = walk(&l->j, tok, key, 0, on_member, &one, &l->err);

	if (r < 0)
		return r;
	o.off = (guint32)from;
	o.len = (guint32)(l->j.tok_end - from);
	describe(l, &o, &p);
	o.t = instant(o.when);
	if (o.type == NULL)
		o.type = keep(l->r, "");
	/* a place that is in doubt is written, not drawn */
	if (o.position == NULL || strcmp(o.position, "ok") != 0)
		o.lat = o.lon = KD_NO_PLACE;
	if (o.item == NULL)
		o.item = keep(l->r, "");
	add_once(l->r->types, l->types, o.type);
	add_once(l->r->items, l->items, o.item);
	g_array_append_val(l->r->obs, o);
	return 0;
}

/* -- the other lists -------------------------------------------------------------------------- */

struct pair_parts {
	GString *title, *text;
	struct kd_report *r;
	struct kd_claim claim;
	struct kd_missing missing;
};

static void on_missing(const char *key, const char *value, gpointer data)
{
	struct pair_parts *p = data;
	struct kd_missing *m = &p->missing;
	const struct {
		const char *key, **to;
	} kept[] = {
		{"kind", &m->kind},	  {"id", &m->id},	  {"what", &m->what},
		{"outcome", &m->outcome}, {"reason", &m->reason}, {"absence", &m->absence},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(kept); i++)
		if (strcmp(kept[i].key, key) == 0)
			*kept[i].to = keep(p->r, value);
}

static void on_claim(const char *key, const char *value, gpointer data)
{
	struct pair_parts *p = data;
	struct kd_claim *c = &p->claim;
	const struct {
		const char *key, **to;
	} kept[] = {
		{"text", &c->text},
		{"period.from", &c->from},
		{"period.to", &c->to},
		{"coverage.text", &c->coverage},
		{"fits.observations", &c->fits},
		{"does_not_fit.observations", &c->does_not_fit},
		{"undecided.observations", &c->undecided},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(kept); i++)
		if (strcmp(kept[i].key, key) == 0)
			*kept[i].to = keep(p->r, value);
	if (strcmp(key, "findings") == 0) {
		c->found_fits |= strcmp(value, "fits") == 0;
		c->found_not |= strcmp(value, "does-not-fit") == 0;
	}
}

/* What is shown of plugins, territories, stays and pairs of sources. */
static void on_line(const char *key, const char *value, gpointer data)
{
	static const char *const titles[] = {"id", "code", "n"}, *const kept[] = {
									 "title",
									 "version",
									 "name_en",
									 "name_nl",
									 "from",
									 "to",
									 "a",
									 "b",
									 "text",
									 "where.verdict",
									 "where.territories"};
	struct pair_parts *p = data;

	for (size_t i = 0; i < G_N_ELEMENTS(titles); i++)
		if (strcmp(titles[i], key) == 0)
			g_string_assign(p->title, value);
	for (size_t i = 0; i < G_N_ELEMENTS(kept); i++)
		if (strcmp(kept[i], key) == 0)
			g_string_append_printf(p->text, "%s=%s\n", key, value);
}

static void on_limit(const char *key, const char *value, gpointer data)
{
	struct pair_parts *p = data;

	if (strcmp(key, "text") == 0)
		g_string_assign(p->text, value);
}

/* What stands there is the list or object that belongs there, or null; all else is no report. */
static int opened(struct load *l, const char *name, int tok, int want)
{
	if (tok == want || tok == KT_JSON_NULL)
		return 0;
	return tok < 0 ? tok
		       : KT_FAIL(&l->err, KT_E_FORMAT, "%s is no %s", name,
				 want == KT_JSON_ARR ? "list" : "object");
}

static int load_pairs(struct load *l, const char *name, GArray *to, kd_member fn)
{
	struct pair_parts p = {.title = g_string_new(""), .text = g_string_new(""), .r = l->r};
	int tok = kt_json_next(&l->j, &l->err), r = opened(l, name, tok, KT_JSON_ARR);

	while (r == 0 && tok == KT_JSON_ARR) {
		int t = kt_json_next(&l->j, &l->err);
		char key[KEY_MAX] = "";
		struct kd_pair pair;

		if (t == KT_JSON_ARR_END || t < 0) {
			r = t < 0 ? t : 0;
			break;
		}
		g_string_truncate(p.title, 0);
		g_string_truncate(p.text, 0);
		p.missing = (struct kd_missing){"", "", "", "", "", ""};
		p.claim = (struct kd_claim){"", "", "", "", "0", "0", "0", false, false};
		r = walk(&l->j, t, key, 0, fn, &p, &l->err);
		if (to == l->r->claims) {
			g_array_append_val(to, p.claim);
			continue;
		}
		if (to == l->r->not_taken) {
			g_array_append_val(to, p.missing);
			continue;
		}
		pair.title = g_string_chunk_insert(l->r->strings, p.title->str);
		pair.text = g_string_chunk_insert(l->r->strings, p.text->str);
		g_array_append_val(to, pair);
	}
	g_string_free(p.title, TRUE);
	g_string_free(p.text, TRUE);
	return r;
}

/* An object of which one list is shown. */
static int load_within(struct load *l, const char *name, const char *list, GArray *to, kd_member fn,
		       bool *there)
{
	int tok = kt_json_next(&l->j, &l->err), r = opened(l, name, tok, KT_JSON_OBJ);

	if (tok != KT_JSON_OBJ)
		return r;
	*there = true;
	while (r == 0) {
		tok = kt_json_next(&l->j, &l->err);
		if (tok != KT_JSON_KEY)
			return tok < 0 ? tok : 0;
		if (strcmp(l->j.str, list) == 0)
			r = load_pairs(l, list, to, fn);
		else
			r = kt_json_skip(&l->j, KT_JSON_KEY, &l->err);
	}
	return r;
}

static int load_observations(struct load *l)
{
	int tok = kt_json_next(&l->j, &l->err), r = opened(l, "observations", tok, KT_JSON_ARR);

	while (r == 0 && tok == KT_JSON_ARR) {
		int t = kt_json_next(&l->j, &l->err);

		if (t == KT_JSON_ARR_END || t < 0)
			return t < 0 ? t : 0;
		r = load_obs(l, t);
	}
	return r;
}

static int load_member(struct load *l)
{
	char name[64];
	bool there = false;
	int tok;
	const struct {
		const char *name;
		GArray *to;
		kd_member fn;
	} lists[] = {
		{"not_taken", l->r->not_taken, on_missing},
		{"plugins", l->r->plugins, on_line},
		{"stays", l->r->stays, on_line},
		{"agreement", l->r->agreement, on_line},
		{"conflicts", l->r->conflicts, on_line},
		{"limits", l->r->limits, on_limit},
	};

	g_strlcpy(name, l->j.str, sizeof(name));
	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
		if (strcmp(name, lists[i].name) == 0)
			return load_pairs(l, name, lists[i].to, lists[i].fn);
	if (strcmp(name, "observations") == 0)
		return load_observations(l);
	if (strcmp(name, "geography") == 0)
		return load_within(l, name, "territories", l->r->territories, on_line, &there);
	if (strcmp(name, "statement") == 0)
		return load_within(l, name, "claims", l->r->claims, on_claim, &l->r->has_statement);
	if (strcmp(name, "simulated") != 0)
		return kt_json_skip(&l->j, KT_JSON_KEY, &l->err);
	tok = kt_json_next(&l->j, &l->err);
	l->r->simulated |= tok == KT_JSON_TRUE;
	return kt_json_skip(&l->j, tok, &l->err);
}

const struct kd_pair *kd_pair_find(const GArray *pairs, const char *title)
{
	for (guint i = 0; i < pairs->len; i++) {
		const struct kd_pair *p = &g_array_index(pairs, struct kd_pair, i);

		if (strcmp(p->title, title) == 0)
			return p;
	}
	return NULL;
}

char *kd_pair_get(const struct kd_pair *p, const char *key)
{
	gsize n = strlen(key);

	for (const char *l = p->text; *l != '\0'; l = strchr(l, '\n') + 1)
		if (strncmp(l, key, n) == 0 && l[n] == '=')
			return g_strndup(l + n + 1, strcspn(l + n + 1, "\n"));
	return NULL;
}

char *kd_territory(const struct kd_report *r, const char *code)
{
	const struct kd_pair *p = kd_pair_find(r->territories, code);
	char *name =
		p != NULL ? kd_pair_get(p, kd_lang == KT_LANG_NL ? "name_nl" : "name_en") : NULL;

	return name != NULL ? name : g_strdup(code);
}

static char *plugin_title(const struct kd_report *r, const char *item)
{
	char *id = g_strndup(item, strcspn(item, "/")), *title, *shown;
	const struct kd_pair *p = kd_pair_find(r->plugins, id);

	title = p != NULL ? kd_pair_get(p, "title") : NULL;
	shown = kd_isolate(title != NULL ? kd_tr(title) : item);
	g_free(title);
	g_free(id);
	return shown;
}

struct kd_report *kd_report_load(GInputStream *in)
{
	struct kd_report *r = g_new0(struct kd_report, 1);
	struct load *l = g_new0(struct load, 1);
	GArray **const pairs[] = {&r->limits, &r->plugins,   &r->territories,
				  &r->stays,  &r->agreement, &r->conflicts};
	int tok, e = 0;

	r->refs = 1;
	r->text = kd_store_new();
	r->strings = g_string_chunk_new(65536);
	r->obs = g_array_new(FALSE, FALSE, sizeof(struct kd_obs));
	r->claims = g_array_new(FALSE, FALSE, sizeof(struct kd_claim));
	r->not_taken = g_array_new(FALSE, FALSE, sizeof(struct kd_missing));
	for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++)
		*pairs[i] = g_array_new(FALSE, FALSE, sizeof(struct kd_pair));
	r->types = g_ptr_array_new();
	r->items = g_ptr_array_new();
	r->titles = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	l->r = r;
	l->in = in;
	l->types = g_hash_table_new(NULL, NULL);
	l->items = g_hash_table_new(NULL, NULL);
	kt_json_init(&l->j, (struct kt_json_src){stream_read, l, 0}, STR_MAX);
	tok = kt_json_next(&l->j, &l->err);
	if (tok != KT_JSON_OBJ)
		e = tok < 0 ? tok : KT_E_FORMAT;
	while (e == 0) {
		tok = kt_json_next(&l->j, &l->err);
		if (tok != KT_JSON_KEY) {
			/* nothing may follow */
			tok = tok == KT_JSON_OBJ_END ? kt_json_next(&l->j, &l->err) : tok;
			e = tok < 0 ? tok : tok == KT_JSON_END ? 0 : KT_E_FORMAT;
			break;
		}
		e = load_member(l);
	}
	if (e < 0)
		r->problem = g_strdup(l->err.n > 0 ? kt_err_text(&l->err) : kt_code_name(e));
	for (guint i = 0; i < r->items->len; i++)
		g_hash_table_insert(r->titles, r->items->pdata[i],
				    plugin_title(r, r->items->pdata[i]));
	drain(l);
	kd_store_end(r->text);
	kt_json_free(&l->j);
	g_hash_table_unref(l->types);
	g_hash_table_unref(l->items);
	g_free(l);
	return r;
}

struct kd_report *kd_report_ref(struct kd_report *r)
{
	g_atomic_int_inc(&r->refs);
	return r;
}

void kd_report_free(struct kd_report *r)
{
	if (r == NULL || !g_atomic_int_dec_and_test(&r->refs))
		return;
	kd_store_free(r->text);
	kd_reader_clear(&r->reader);
	g_string_chunk_free(r->strings);
	g_array_unref(r->obs);
	g_array_unref(r->not_taken);
	g_array_unref(r->claims);
	g_array_unref(r->limits);
	g_array_unref(r->plugins);
	g_array_unref(r->territories);
	g_array_unref(r->stays);
	g_array_unref(r->agreement);
	g_array_unref(r->conflicts);
	g_ptr_array_unref(r->types);
	g_ptr_array_unref(r->items);
	g_hash_table_unref(r->titles);
	g_free(r->problem);
	g_free(r);
}

const char *kd_source_title(const struct kd_report *r, const char *item)
{
	const char *title = g_hash_table_lookup(r->titles, item);

	return title != NULL ? title : item;
}

char *kd_place_text(const struct kd_obs *o)
{
	char s[64];

	if (o->lat == KD_NO_PLACE)
		return g_strdup("");
	g_snprintf(s, sizeof(s), "%.5f, %.5f", o->lat / 1e7, o->lon / 1e7);
	return kd_ltr(s);
}

void kd_report_members(struct kd_report *r, guint i, kd_member fn, gpointer data)
{
	const struct kd_obs *o = kd_obs(r, i);
	struct mem m = {kd_store_read(r->text, &r->reader, o->off, o->len), o->len, 0};
	struct kt_json *j;
	char key[KEY_MAX] = "";

	if (m.p == NULL)
		return;
	j = g_new0(struct kt_json, 1);
	kt_json_init(j, (struct kt_json_src){mem_read, &m, 0}, STR_MAX);
	walk(j, kt_json_next(j, NULL), key, 0, fn, data, NULL);
	kt_json_free(j);
	g_free(j);
}

bool kd_report_holds(const struct kd_report *r, struct kd_reader *reader, guint i,
		     const char *words)
{
	const struct kd_obs *o = kd_obs(r, i);
	const char *p, *end;
	gsize n = strlen(words);

	if (n == 0)
		return true;
	p = kd_store_read(r->text, reader, o->off, o->len);
	if (p == NULL)
		return false;
	for (end = p + o->len; (gsize)(end - p) >= n; p++) {
		gsize k = 0;

		while (k < n && g_ascii_tolower(p[k]) == words[k])
			k++;
		if (k == n)
			return true;
	}
	return false;
}
