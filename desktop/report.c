/* SPDX-License-Identifier: EUPL-1.2 */
#include "desktop/report.h"

#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "core/json.h"
#include "core/time.h"
#include "desktop/ui.h"

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
	const char *end;

	if (g_strlcpy(to, s, n) >= n && !g_utf8_validate(to, -1, &end))
		to[end - to] = '\0';
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
		const char *end;

		if (!g_utf8_validate(s->str, -1, &end))
			g_string_truncate(s, (gsize)(end - s->str));
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
			depth--;
			key[at[depth]] = '\0';
			break;
		case KT_JSON_KEY:
			key[at[depth]] = '\0';
			g_strlcat(key, at[depth] > 0 ? "." : "", KEY_MAX);
			g_strlcat(key, j->str, KEY_MAX);
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

static void add_once(GPtrArray *to, const char *s)
{
	for (guint i = 0; i < to->len; i++)
		if (to->pdata[i] == s)
			return;
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
	add_once(l->r->types, o.type);
	add_once(l->r->items, o.item);
	g_array_append_val(l->r->obs, o);
	return 0;
}

/* -- the other lists -------------------------------------------------------------------------- */

struct pair_parts {
	GString *title, *text;
	struct kd_report *r;
	struct kd_claim claim;
	char kind[16]; /* of what was not taken */
};

static void on_not_taken(const char *key, const char *value, gpointer data)
{
	struct pair_parts *p = data;

	bool user = strcmp(p->kind, "user") == 0;

	if (strcmp(key, "kind") == 0)
		g_strlcpy(p->kind, value, sizeof(p->kind));
	if (strcmp(key, "id") == 0 && user)
		g_string_printf(p->title, _("user %s of the phone"), value);
	else if (strcmp(key, "id") == 0)
		g_string_assign(p->title, value);
	if (strcmp(key, "what") == 0 && user)
		g_string_append_printf(p->title, ": %s", value);
	else if (strcmp(key, "what") == 0)
		g_string_assign(p->title, strcmp(p->kind, "exclusion") == 0
						  ? kt_word(KT_VOCAB_EXCLUSIONS, value)
						  : value);
	if (strcmp(key, "reason") == 0 || strcmp(key, "absence") == 0)
		g_string_append_printf(p->text, "%s%s", p->text->len > 0 ? "\n" : "", value);
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

static int load_pairs(struct load *l, GArray *to, kd_member fn)
{
	struct pair_parts p = {.title = g_string_new(""), .text = g_string_new(""), .r = l->r};
	int r = 0, tok = kt_json_next(&l->j, &l->err);

	if (tok != KT_JSON_ARR)
		r = tok < 0 ? tok : tok == KT_JSON_NULL ? 0 : kt_json_skip(&l->j, tok, &l->err);
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
		p.kind[0] = '\0';
		p.claim = (struct kd_claim){"", "", "", "", "0", "0", "0", false, false};
		r = walk(&l->j, t, key, 0, fn, &p, &l->err);
		if (to == l->r->claims) {
			g_array_append_val(to, p.claim);
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
static int load_within(struct load *l, const char *list, GArray *to, kd_member fn, bool *there)
{
	int tok = kt_json_next(&l->j, &l->err), r = 0;

	if (tok != KT_JSON_OBJ)
		return tok < 0 ? tok : 0;
	*there = true;
	while (r == 0) {
		tok = kt_json_next(&l->j, &l->err);
		if (tok != KT_JSON_KEY)
			return tok < 0 ? tok : 0;
		if (strcmp(l->j.str, list) == 0)
			r = load_pairs(l, to, fn);
		else
			r = kt_json_skip(&l->j, KT_JSON_KEY, &l->err);
	}
	return r;
}

static int load_geography(struct load *l)
{
	bool there = false;

	return load_within(l, "territories", l->r->territories, on_line, &there);
}

static void on_result(const char *key, const char *value, gpointer data)
{
	struct load *l = data;

	if (strcmp(key, "text") == 0)
		l->r->result = keep(l->r, value);
}

static int load_observations(struct load *l)
{
	int tok = kt_json_next(&l->j, &l->err), r = tok < 0 ? tok : 0;

	while (r == 0) {
		tok = kt_json_next(&l->j, &l->err);
		if (tok == KT_JSON_ARR_END || tok < 0)
			return tok < 0 ? tok : 0;
		r = load_obs(l, tok);
	}
	return r;
}

static int load_member(struct load *l)
{
	char name[64], key[KEY_MAX] = "";
	const char **text = NULL;
	int tok;
	const struct {
		const char *name;
		GArray *to;
	} lists[] = {
		{"plugins", l->r->plugins},
		{"stays", l->r->stays},
		{"agreement", l->r->agreement},
		{"conflicts", l->r->conflicts},
	};

	g_strlcpy(name, l->j.str, sizeof(name));
	if (strcmp(name, "observations") == 0)
		return load_observations(l);
	if (strcmp(name, "not_taken") == 0)
		return load_pairs(l, l->r->not_taken, on_not_taken);
	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
		if (strcmp(name, lists[i].name) == 0)
			return load_pairs(l, lists[i].to, on_line);
	if (strcmp(name, "geography") == 0)
		return load_geography(l);
	if (strcmp(name, "limits") == 0)
		return load_pairs(l, l->r->limits, on_limit);
	if (strcmp(name, "statement") == 0)
		return load_within(l, "claims", l->r->claims, on_claim, &l->r->has_statement);
	if (strcmp(name, "case_ref") == 0)
		text = &l->r->case_ref;
	if (strcmp(name, "mandate_id") == 0)
		text = &l->r->mandate_id;
	if (text == NULL && strcmp(name, "result") != 0 && strcmp(name, "simulated") != 0)
		return kt_json_skip(&l->j, KT_JSON_KEY, &l->err);
	tok = kt_json_next(&l->j, &l->err);
	if (strcmp(name, "result") == 0)
		return walk(&l->j, tok, key, 0, on_result, l, &l->err);
	if (text != NULL && tok == KT_JSON_STRING)
		*text = keep(l->r, l->j.str);
	l->r->simulated |= tok == KT_JSON_TRUE;
	return tok < 0 ? tok : 0;
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

static const char *plugin_title(const struct kd_report *r, const char *item)
{
	char *id = g_strndup(item, strcspn(item, "/")), *title;
	const struct kd_pair *p = kd_pair_find(r->plugins, id);
	const char *kept = item;

	title = p != NULL ? kd_pair_get(p, "title") : NULL;
	if (title != NULL)
		kept = g_string_chunk_insert_const(r->strings, kd_tr(title));
	g_free(title);
	g_free(id);
	return kept;
}

struct kd_report *kd_report_load(GInputStream *in)
{
	struct kd_report *r = g_new0(struct kd_report, 1);
	struct load *l = g_new0(struct load, 1);
	GArray **const pairs[] = {&r->not_taken, &r->limits,	&r->plugins,  &r->territories,
				  &r->stays,	 &r->agreement, &r->conflicts};
	int tok, e = 0;

	r->refs = 1;
	r->text = kd_store_new();
	r->strings = g_string_chunk_new(65536);
	r->obs = g_array_new(FALSE, FALSE, sizeof(struct kd_obs));
	r->claims = g_array_new(FALSE, FALSE, sizeof(struct kd_claim));
	for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++)
		*pairs[i] = g_array_new(FALSE, FALSE, sizeof(struct kd_pair));
	r->types = g_ptr_array_new();
	r->items = g_ptr_array_new();
	r->titles = g_ptr_array_new();
	r->result = r->case_ref = r->mandate_id = "";
	l->r = r;
	l->in = in;
	kt_json_init(&l->j, (struct kt_json_src){stream_read, l, 0}, STR_MAX);
	tok = kt_json_next(&l->j, &l->err);
	if (tok != KT_JSON_OBJ)
		e = tok < 0 ? tok : KT_E_FORMAT;
	while (e == 0) {
		tok = kt_json_next(&l->j, &l->err);
		if (tok != KT_JSON_KEY) {
			e = tok < 0 ? tok : 0;
			break;
		}
		e = load_member(l);
	}
	if (e < 0)
		r->problem = g_strdup(l->err.n > 0 ? kt_err_text(&l->err) : kt_code_name(e));
	for (guint i = 0; i < r->items->len; i++)
		g_ptr_array_add(r->titles, (gpointer)plugin_title(r, r->items->pdata[i]));
	drain(l);
	kd_store_end(r->text);
	kt_json_free(&l->j);
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
	g_ptr_array_unref(r->titles);
	g_free(r->problem);
	g_free(r);
}

/* Asked for each row of the table: the titles are found once. */
const char *kd_source_title(const struct kd_report *r, const char *item)
{
	for (guint i = 0; i < r->items->len && i < r->titles->len; i++)
		if (r->items->pdata[i] == item)
			return r->titles->pdata[i];
	return item;
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
