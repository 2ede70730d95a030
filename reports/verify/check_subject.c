/* SPDX-License-Identifier: EUPL-1.2 */
/* The papers in a package, subject/, held against the log that tells of them. */
#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "reports/verify/check.h"

#define SHEET_PREFIX KT_PKG_SUBJECT_DIR "information."

static void keep(const struct kt_jv *d, const char *key, char *out, size_t cap)
{
	const char *s = kt_jv_str(d, key);

	if (s != NULL && strlen(s) < cap)
		memcpy(out, s, strlen(s) + 1);
}

void kt_vf_on_subject(struct kt_vf *c, const char *event, const struct kt_jv *line)
{
	const struct kt_jv *d = kt_jv_get(line, "detail");
	const char *head = kt_jv_str(d, "head"), *prev = kt_jv_str(line, "prev");

	if (strcmp(event, "subject.informed") == 0) {
		keep(d, "language", c->log_sheet_lang, sizeof(c->log_sheet_lang));
		keep(d, "sheet_sha256", c->log_sheet, sizeof(c->log_sheet));
	} else if (strcmp(event, "subject.position") == 0) {
		keep(d, "position", c->log_position, sizeof(c->log_position));
		keep(d, "second_cert_sha256", c->log_second, sizeof(c->log_second));
	} else if (strcmp(event, "receipt.issued") == 0) {
		if (c->log_receipt[0] != '\0')
			kt_vf_fail(c, KT_V_EVENTS, "the log issues two receipts");
		keep(d, "receipt_sha256", c->log_receipt, sizeof(c->log_receipt));
		keep(d, "head", c->log_receipt_head, sizeof(c->log_receipt_head));
		if (head == NULL || prev == NULL || strcmp(head, prev) != 0)
			kt_vf_fail(c, KT_V_EVENTS,
				   "the receipt names another line of the log than the last one");
	}
}

/* Is the file there, as the log says? want "": the log does not tell of it. */
static void check_file(struct kt_vf *c, const char *name, const char *want)
{
	const struct kt_zip_entry *e = kt_zip_find(&c->zip, name);
	char have[KT_SHA256_HEX];

	if (e == NULL && want[0] == '\0')
		return;
	if (e == NULL) {
		kt_vf_fail(c, KT_V_EVENTS, "%s, of which the log tells, is missing", name);
		return;
	}
	kt_hex(e->sha256, sizeof(e->sha256), have);
	if (strcmp(have, want) != 0)
		kt_vf_fail(c, KT_V_EVENTS, "%s is not the one that the log names", name);
}

/* The receipt's own words: what the person holds must pin this log. */
static int check_receipt(struct kt_vf *c)
{
	struct kt_jdoc *doc = NULL;
	const char *head, *id;
	struct kt_buf b;
	bool found = false;
	int r;

	if (kt_zip_find(&c->zip, KT_PKG_RECEIPT) == NULL)
		return 0;
	kt_buf_init(&b, 0);
	r = kt_vf_load(c, KT_V_EVENTS, KT_PKG_RECEIPT, KT_PKG_MAX_SMALL, &b, &found);
	if (r == 0 && found && kt_jdoc_parse(b.p, b.len, &doc, NULL) < 0)
		kt_vf_fail(c, KT_V_EVENTS, "%s cannot be read", KT_PKG_RECEIPT);
	if (doc != NULL) {
		head = kt_jv_str(kt_jdoc_root(doc), "custody_head");
		id = kt_jv_str(kt_jdoc_root(doc), "case_id");
		if (head == NULL || strcmp(head, c->log_receipt_head) != 0 || id == NULL ||
		    strcmp(id, c->case_id) != 0)
			kt_vf_fail(c, KT_V_EVENTS, "%s is of another log or case", KT_PKG_RECEIPT);
	}
	kt_jdoc_free(&doc);
	kt_buf_free(&b);
	return r;
}

/* The second authoriser's signature, where an objection asks for one. */
static int check_second(struct kt_vf *c)
{
	bool wanted = c->mandate != NULL && strcmp(c->log_position, "objects") == 0 &&
		      strcmp(c->mandate->objection, "second-authoriser") == 0;
	char cert[KT_SHA256_HEX];
	struct kt_signer s;
	struct kt_buf der;
	bool found = false;
	int r;

	if (strcmp(c->log_position, "objects") == 0 && c->mandate != NULL && !wanted &&
	    (strcmp(c->mandate->objection, "stop") == 0 ||
	     strcmp(c->mandate->mode, "consent") == 0))
		kt_vf_fail(c, KT_V_EVENTS, "the person objected, and the mandate stops at that");
	if (!wanted && kt_zip_find(&c->zip, KT_PKG_SECOND_SIG) == NULL)
		return 0;
	kt_buf_init(&der, 0);
	r = kt_vf_load(c, KT_V_EVENTS, KT_PKG_SECOND_SIG, KT_PKG_MAX_SMALL, &der, &found);
	if (r == 0 && found) {
		if (kt_cms_verify(der.p, der.len, c->mandate_raw.p, c->mandate_raw.len, c->trust,
				  c->session_us, &s, NULL) < 0)
			kt_vf_fail(c, KT_V_EVENTS, "%s does not hold", KT_PKG_SECOND_SIG);
		else if (strcmp(kt_hex(s.cert_sha256, KT_SHA256_LEN, cert), c->log_second) != 0)
			kt_vf_fail(c, KT_V_EVENTS, "somebody else countersigned than the log says");
		else if ((c->trust != NULL && (!s.chain_ok || !s.authoriser)) || !s.may_sign ||
			 (c->res->have_operator && kt_signer_same(&s, &c->res->operator_cert)) ||
			 (c->res->have_authoriser && kt_signer_same(&s, &c->res->authoriser_cert)))
			kt_vf_fail(c, KT_V_EVENTS, "%s may not countersign the mandate", s.subject);
	}
	kt_buf_free(&der);
	return r;
}

int kt_vf_subject(struct kt_vf *c)
{
	char name[KT_PKG_NAME_MAX + 1] = "";
	int r;

	if (c->log_sheet[0] != '\0' && (size_t)snprintf(name, sizeof(name), SHEET_PREFIX "%s.txt",
							c->log_sheet_lang) < sizeof(name))
		check_file(c, name, c->log_sheet);
	for (size_t i = 0; i < c->zip.n; i++) {
		const char *other = kt_zip_entry_name(&c->zip, &c->zip.e[i]);

		/* a sheet in a further language was shown before: the log has it, this has not */
		if (strncmp(other, KT_PKG_SUBJECT_DIR, sizeof(KT_PKG_SUBJECT_DIR) - 1) == 0 &&
		    strncmp(other, SHEET_PREFIX, sizeof(SHEET_PREFIX) - 1) != 0 &&
		    strcmp(other, KT_PKG_RECEIPT) != 0)
			kt_vf_fail(c, KT_V_EVENTS, "%s is none of the papers", other);
	}
	check_file(c, KT_PKG_RECEIPT, c->log_receipt);
	r = check_receipt(c);
	return r < 0 ? r : check_second(c);
}
