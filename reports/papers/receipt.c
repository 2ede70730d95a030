/* SPDX-License-Identifier: EUPL-1.2 */
/* The receipt's record, from mandate, case and custody log. */
#include "reports/papers/receipt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/custody.h"
#include "core/err.h"
#include "core/json.h"
#include "core/mandate.h"
#include "core/time.h"

#define ITEMS_MAX 256u

struct item {
	char id[96], source[64], outcome[16];
	int64_t objects, bytes;
};

/* What the log tells that belongs on the receipt. */
struct story {
	char opened[KT_TIME_TEXT], operator_cert[KT_SHA256_HEX], tool[32], device[129];
	char position[16], interpreter[128], language[36], sheet[KT_SHA256_HEX];
	int64_t sealed_us;
	struct item item[ITEMS_MAX];
	size_t n;
};

static struct item *item_of(struct story *s, const char *id)
{
	if (*id == '\0')
		return NULL;
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->item[i].id, id) == 0)
			return &s->item[i];
	if (s->n == ITEMS_MAX)
		return NULL;
	snprintf(s->item[s->n].id, sizeof(s->item[s->n].id), "%s", id);
	snprintf(s->item[s->n].outcome, sizeof(s->item[s->n].outcome), "pending");
	return &s->item[s->n++];
}

static void on_item(struct story *s, const struct kt_custody_item *said)
{
	struct item *it = item_of(s, said->id);

	if (it == NULL)
		return;
	if (said->plugin != NULL)
		snprintf(it->source, sizeof(it->source), "%s", said->plugin);
	if (said->outcome == NULL)
		return;
	snprintf(it->outcome, sizeof(it->outcome), "%s", said->outcome);
	it->objects = said->objects;
	it->bytes = said->bytes;
}

static int on_line(void *arg, uint64_t seq, const char *event, const struct kt_jv *line,
		   struct kt_err *err)
{
	struct story *s = arg;
	const struct kt_jv *d = kt_jv_get(line, "detail");
	const char *utc = kt_jv_str(line, "utc");
	struct kt_custody_item item;

	(void)seq;
	(void)err;
	if (strcmp(event, "session.open") == 0) {
		kt_jv_copy(line, "utc", s->opened, sizeof(s->opened));
		kt_jv_copy(d, "operator_cert_sha256", s->operator_cert, sizeof(s->operator_cert));
		kt_jv_copy(d, "tool_version", s->tool, sizeof(s->tool));
	} else if (strcmp(event, "subject.informed") == 0) {
		kt_jv_copy(d, "language", s->language, sizeof(s->language));
		kt_jv_copy(d, "sheet_sha256", s->sheet, sizeof(s->sheet));
	} else if (strcmp(event, "subject.position") == 0) {
		kt_jv_copy(d, "position", s->position, sizeof(s->position));
		kt_jv_copy(d, "interpreter", s->interpreter, sizeof(s->interpreter));
	} else if (strcmp(event, "device.identified") == 0) {
		kt_jv_copy(d, "serial", s->device, sizeof(s->device));
	} else if (strcmp(event, "source.opened") == 0) {
		kt_jv_copy(d, "identifier", s->device, sizeof(s->device));
	} else if (strcmp(event, "acquisition.sealed") == 0) {
		kt_time_parse(utc, strlen(utc), true, &s->sealed_us, NULL, NULL);
	} else if (kt_custody_item(event, line, &item)) {
		on_item(s, &item);
	}
	return 0;
}

static void put_time(struct kt_jw *w, const char *key, int64_t us)
{
	char t[KT_TIME_TEXT];

	kt_jw_kstr(w, key, us != 0 ? kt_time_text(us, t) : "");
}

static void put_authority(struct kt_jw *w, const struct kt_mandate *m)
{
	char hex[KT_SHA256_HEX];

	kt_jw_key(w, "authority");
	kt_jw_obj(w);
	kt_jw_kstr(w, "issuer", m->issuer);
	kt_jw_kstr(w, "legal_code", m->legal_code);
	kt_jw_kstr(w, "legal_text", m->legal_text);
	kt_jw_kstr(w, "mandate_id", m->mandate_id);
	kt_jw_kstr(w, "mandate_sha256", kt_hex(m->sha256, sizeof(m->sha256), hex));
	kt_jw_kstr(w, "mode", m->mode);
	kt_jw_kstr(w, "purpose", m->purpose);
	kt_jw_obj_end(w);
}

/* A reading that ended early names what it had not come to, too. */
static void add_pending(struct story *s, const struct kt_mandate *m)
{
	for (size_t i = 0; i < m->nscope && s->n < ITEMS_MAX; i++) {
		struct item *it = &s->item[s->n];
		size_t k = 0;

		while (k < s->n && strcmp(s->item[k].source, m->scope[i].source) != 0)
			k++;
		if (k < s->n)
			continue;
		snprintf(it->id, sizeof(it->id), "%s", m->scope[i].source);
		snprintf(it->source, sizeof(it->source), "%s", m->scope[i].source);
		snprintf(it->outcome, sizeof(it->outcome), "pending");
		s->n++;
	}
}

static void put_items(struct kt_jw *w, const struct story *s, const struct kt_mandate *m)
{
	kt_jw_key(w, "items");
	kt_jw_arr(w);
	for (size_t i = 0; i < s->n; i++) {
		const struct item *it = &s->item[i];
		const struct kt_scope *sc = kt_mandate_scope(m, it->source);

		kt_jw_obj(w);
		kt_jw_kint(w, "bytes", it->bytes);
		put_time(w, "from", sc != NULL ? sc->from_us : 0);
		kt_jw_kstr(w, "item", it->id);
		kt_jw_kint(w, "objects", it->objects);
		kt_jw_kstr(w, "outcome", it->outcome);
		kt_jw_kstr(w, "source", it->source);
		put_time(w, "to", sc != NULL ? sc->to_us : 0);
		kt_jw_obj_end(w);
	}
	kt_jw_arr_end(w);
}

static void put_retention(struct kt_jw *w, const struct kt_mandate *m, int64_t sealed_us)
{
	const struct kt_jv *r = kt_jv_get(kt_jdoc_root(m->doc), "retention");
	int64_t days = kt_jv_int(r, "unreleased_days", 0);

	kt_jw_key(w, "retention");
	kt_jw_obj(w);
	kt_jw_kstr(w, "on_expiry", kt_jv_str(r, "on_expiry"));
	kt_jw_kstr(w, "released_until", kt_jv_str(r, "released_until"));
	kt_jw_kbool(w, "two_stage", m->two_stage);
	kt_jw_kint(w, "unreleased_days", days);
	put_time(w, "unreleased_until",
		 m->two_stage && sealed_us != 0 ? sealed_us + days * KT_US_PER_DAY : 0);
	kt_jw_obj_end(w);
}

static void put_subject(struct kt_jw *w, const struct story *s)
{
	kt_jw_key(w, "subject");
	kt_jw_obj(w);
	kt_jw_kstr(w, "interpreter", s->interpreter);
	kt_jw_kstr(w, "language", s->language);
	kt_jw_kstr(w, "position", s->position[0] != '\0' ? s->position : "not-asked");
	kt_jw_kstr(w, "sheet_sha256", s->sheet);
	kt_jw_obj_end(w);
}

int kt_receipt_make(const struct kt_receipt_facts *f, struct kt_buf *json, struct kt_err *err)
{
	struct story *s = calloc(1, sizeof(*s));
	char head[KT_SHA256_HEX], t[KT_TIME_TEXT];
	uint64_t lines = 0;
	struct kt_jw w;
	int r;

	if (s == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory");
	r = kt_custody_check(f->log, f->log_len, head, &lines, on_line, s, err);
	if (r < 0)
		goto out;
	if (f->interim)
		add_pending(s, f->mandate);
	kt_jw_init(&w, json);
	kt_jw_obj(&w);
	put_authority(&w, f->mandate);
	kt_jw_kstr(&w, "case_id", f->case_id);
	kt_jw_kstr(&w, "case_ref", f->mandate->case_ref);
	kt_jw_kstr(&w, "custody_head", head);
	kt_jw_kuint(&w, "custody_lines", lines);
	kt_jw_kstr(&w, "device", s->device[0] != '\0' ? s->device : f->device);
	kt_jw_kstr(&w, "form", f->form);
	kt_jw_kstr(&w, "format", "keten-receipt-1");
	if (f->interim)
		kt_jw_kbool(&w, "interim", true);
	kt_jw_kstr(&w, "issued", kt_time_text(f->issued_us, t));
	put_items(&w, s, f->mandate);
	kt_jw_kstr(&w, "opened", s->opened);
	kt_jw_kstr(&w, "operator_cert_sha256", s->operator_cert);
	put_retention(&w, f->mandate, s->sealed_us);
	kt_jw_kbool(&w, "simulated", f->simulated);
	put_subject(&w, s);
	kt_jw_kstr(&w, "tool_version", s->tool);
	kt_jw_obj_end(&w);
	kt_buf_putc(json, '\n');
	r = json->failed ? KT_FAIL(err, KT_E_NOMEM, "no memory") : 0;
out:
	free(s);
	return r;
}
