/* SPDX-License-Identifier: EUPL-1.2 */
/* The receipt of a refusal or a withdrawal: nothing is left that was read, and the record of that is a file. */
#include <stdio.h>
#include <string.h>

#include "core/err.h"
#include "core/mandate.h"
#include "reports/papers/paper.h"
#include "reports/papers/receipt.h"

static const char *lead(const struct kt_receipt_end *e)
{
	switch (e->how) {
	case KT_END_WITHDRAWN:
		return "receipt.withdrew";
	case KT_END_ERASED:
		return "receipt.erased";
	case KT_END_LOCKED:
		return "receipt.locked";
	case KT_END_REFUSED:
		break;
	}
	return strcmp(e->position, "objects") == 0 ? "receipt.refused" : "receipt.nothing";
}

/* What the end of a package did not reach is the person's to know. */
static void put_left(struct kt_paper *p, const struct kt_receipt_end *e,
		     const struct kt_words_fill *fill)
{
	const char *folder = "receipt.folder"; /* it was not named, or nothing is known of it */

	if (strcmp(e->folder, "emptied") == 0)
		folder = "receipt.emptied";
	else if (strcmp(e->folder, "locked") == 0)
		folder = "receipt.nobody";
	kt_paper_para(p, folder, fill);
	kt_paper_para(p, "receipt.copies", fill);
}

int kt_receipt_end(const struct kt_receipt_end *e, const struct kt_words *w, bool html,
		   struct kt_buf *out, struct kt_err *err)
{
	struct kt_paper p = {.words = w, .out = out, .html = html};
	char files[24], bytes[24], copies[24], made[32];
	const struct kt_words_fill fill[] = {{"0", files},
					     {"1", bytes},
					     {"copies", copies},
					     {"package", e->package},
					     {"issuer", e->mandate->issuer},
					     {"case", e->mandate->case_ref},
					     {NULL, NULL}};
	int r;

	snprintf(files, sizeof(files), "%lld", (long long)e->files);
	snprintf(bytes, sizeof(bytes), "%lld", (long long)e->bytes);
	snprintf(copies, sizeof(copies), "%lld", (long long)e->copies);
	snprintf(made, sizeof(made), "%.10s %.5s UTC", e->made, e->made + 11);
	kt_paper_begin(&p, "receipt.title", e->simulated ? "simulated" : NULL);
	kt_paper_para(&p, lead(e), fill);
	if (e->how == KT_END_ERASED || e->how == KT_END_LOCKED)
		put_left(&p, e, fill);
	kt_paper_row(&p, "receipt.case", e->mandate->case_ref, false);
	kt_paper_row(&p, "receipt.recorded", made, true);
	kt_paper_authority(&p,
			   &(struct kt_paper_authority){e->mandate->issuer, e->mandate->legal_text,
							e->mandate->legal_code, e->mandate->purpose,
							e->mandate->mode, e->mandate->mandate_id});
	kt_paper_heading(&p, "receipt.you");
	kt_paper_row(&p, "receipt.position", kt_words_of(w, "position", e->position, e->position),
		     false);
	kt_paper_row(&p, "receipt.interpreter",
		     *e->interpreter != '\0' ? e->interpreter : kt_words_get(w, "receipt.none"),
		     false);
	kt_paper_heading(&p, "receipt.complain");
	kt_paper_para(&p, "complain.text", fill);
	kt_paper_heading(&p, "receipt.pin");
	kt_paper_para(&p, "receipt.record.text", fill);
	r = kt_paper_pin(&p, e->sha256, err);
	kt_paper_blank(&p, "receipt.sign");
	kt_paper_blank(&p, "receipt.received");
	kt_paper_end(&p);
	if (r == 0 && out->failed)
		r = KT_FAIL(err, KT_E_NOMEM, "no memory");
	return r;
}
