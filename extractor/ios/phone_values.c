/* SPDX-License-Identifier: EUPL-1.2 */
/* Single values of the phone and of its backup's manifest, as the lists that plugins read. */
#include "core/err.h"
#include "core/request.h"
#include "extractor/image/plist.h"
#include "extractor/ios/iphone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The values of a row, as far as the phone has them, as one list. */
int kt_iphone_values(struct kt_iphone *ip, const struct kt_request *q, struct kt_err *err)
{
	const char *keys = q->text;
	plist_t dict = plist_new_dict();
	struct kt_lockdown l;
	char *bin = NULL;
	uint32_t n = 0;
	int r = kt_lockdown_open(&l, &ip->link, err);

	if (r == 0)
		r = kt_lockdown_session(&l, err);
	while (r == 0 && *keys != '\0') {
		size_t k = strcspn(keys, "|"), top = strcspn(keys, "|/");
		struct kt_err why = {0};
		plist_t value = NULL;
		char key[256];

		snprintf(key, sizeof(key), "%.*s", (int)top, keys);
		keys += k + (keys[k] == '|' ? 1 : 0);
		if (plist_dict_get_item(dict, key) != NULL)
			continue;
		r = kt_lockdown_value(&l, q->domain, key, &value, &why);
		if (r == 0)
			plist_dict_set_item(dict, key, value);
		else if (r == KT_E_ABSENT || r == KT_E_REFUSED)
			r = 0; /* phones without a SIM, without a second one ... */
		else
			KT_FAIL(err, r, "%s", kt_err_text(&why));
	}
	kt_lockdown_close(&l);
	if (r == 0)
		plist_to_bin(dict, &bin, &n);
	plist_free(dict);
	if (r == 0)
		r = bin != NULL
			    ? kt_plist_values(bin, n, q->source, q->domain, q->text, &ip->mem, err)
			    : KT_FAIL(err, KT_E_NOMEM, "no memory for values");
	free(bin);
	return r;
}

/* The list of a row out of the backup's manifest. KT_E_ABSENT: its source is not there. */
int kt_iphone_after(struct kt_iphone *ip, const struct kt_request *q, struct kt_err *err)
{
	const struct kt_buf *p = &ip->stream.plist;

	if (strcmp(q->source, "manifest.plist") == 0)
		return ip->stream_open && ip->stream.has_plist
			       ? kt_plist_values(p->p, p->len, q->source, q->domain, q->text,
						 &ip->mem, err)
			       : KT_E_ABSENT;
	if (strcmp(q->source, "manifest-links") == 0)
		return ip->manifest_open ? kt_backup_links(&ip->manifest.b, q, &ip->mem, err)
					 : KT_E_ABSENT;
	return KT_E_ABSENT; /* Info.plist is the computer's, and nobody wrote one */
}

void kt_iphone_value_path(const struct kt_request *q, char *out, size_t size)
{
	if (strcmp(q->source, "lockdown") != 0)
		snprintf(out, size, "%s",
			 strcmp(q->source, "manifest.plist") == 0 ? "Manifest.plist"
								  : "Manifest.db");
	else
		snprintf(out, size, "lockdown%s%s", *q->domain != '\0' ? "/" : "", q->domain);
}
