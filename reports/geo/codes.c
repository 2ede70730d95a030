/* SPDX-License-Identifier: EUPL-1.2 */
/* Mobile country codes and calling codes: codes.tsv, searched line by line as it is asked rarely. */
#include "reports/geo/data.h"
#include "reports/geo/geo.h"

#include <stdio.h>
#include <string.h>

#define CALLING_MAX 4u /* digits of a calling code in the table */

static bool find(const char *kind, const char *code, size_t n, char out[KT_GEO_CODES])
{
	const char *p = (const char *)kt_geo_codes_bytes;

	while (*p != '\0') {
		const char *end = strchr(p, '\n'), *tab = strchr(p, '\t');
		const char *value = tab != NULL ? strchr(tab + 1, '\t') : NULL;

		if (end == NULL)
			return false;
		if (*p != '#' && value != NULL && value < end &&
		    strncmp(p, kind, strlen(kind)) == 0 && p[strlen(kind)] == '\t' &&
		    (size_t)(value - tab - 1) == n && memcmp(tab + 1, code, n) == 0) {
			snprintf(out, KT_GEO_CODES, "%.*s", (int)(end - value - 1), value + 1);
			return true;
		}
		p = end + 1;
	}
	return false;
}

bool kt_geo_mcc(const char *mcc, char out[KT_GEO_CODES])
{
	return strlen(mcc) == 3 && find("mcc", mcc, 3, out);
}

bool kt_geo_calling(const char *digits, char out[KT_GEO_CODES])
{
	size_t n = strlen(digits);

	for (n = n < CALLING_MAX ? n : CALLING_MAX; n > 0; n--)
		if (find("calling", digits, n, out))
			return true;
	return false;
}
