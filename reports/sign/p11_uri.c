/* SPDX-License-Identifier: EUPL-1.2 */
#include "reports/sign/p11_uri.h"

#include <stdbool.h>
#include <string.h>

#include "core/err.h"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int kt_percent_decode(const char *s, size_t n, unsigned char *out, size_t cap)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		int c = (unsigned char)s[i];

		if (c == '%') {
			int high = i + 2 < n ? hex_value(s[i + 1]) : -1;
			int low = i + 2 < n ? hex_value(s[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -1;
			c = 16 * high + low;
			i += 2;
		}
		if (len + 1 >= cap)
			return -1;
		out[len++] = (unsigned char)c;
	}
	out[len] = '\0';
	return (int)len;
}

static int take(struct kt_p11_uri *u, const char *part, size_t n, bool query, struct kt_err *err)
{
	const struct {
		const char *name;
		bool query;
		unsigned char *out;
	} known[] = {
		{"token", false, (unsigned char *)u->token},
		{"serial", false, (unsigned char *)u->serial},
		{"object", false, (unsigned char *)u->object},
		{"id", false, u->id},
		{"module-path", true, (unsigned char *)u->module},
	};
	const char *eq = memchr(part, '=', n);
	size_t name = eq == NULL ? n : (size_t)(eq - part);
	int len;

	if (n == 0)
		return 0;
	if (query && name >= 3 && strncmp(part, "pin", 3) == 0)
		return KT_FAIL(err, KT_E_USAGE,
			       "a PIN has no place in the URI, where everybody can read it");
	/* every object that is meant is a private key and its certificate */
	if (!query && name == 4 && strncmp(part, "type", 4) == 0)
		return 0;
	for (size_t i = 0; eq != NULL && i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].query != query || strlen(known[i].name) != name ||
		    strncmp(known[i].name, part, name) != 0)
			continue;
		len = kt_percent_decode(eq + 1, n - name - 1, known[i].out, KT_P11_TEXT);
		if (len < 0 ||
		    (known[i].out != u->id && strlen((char *)known[i].out) != (size_t)len))
			return KT_FAIL(err, KT_E_USAGE, "pkcs11: URI: %s is malformed",
				       known[i].name);
		if (known[i].out == u->id)
			u->id_len = (size_t)len;
		return 0;
	}
	return KT_FAIL(err, KT_E_USAGE,
		       "pkcs11: URI: \"%.*s\" is not understood; known are token, serial, object, "
		       "id and module-path",
		       (int)(name < 40 ? name : 40), part);
}

int kt_p11_uri_parse(const char *uri, struct kt_p11_uri *u, struct kt_err *err)
{
	const char *p = uri + strlen("pkcs11:");
	bool query = false;
	int r = 0;

	memset(u, 0, sizeof(*u));
	while (r == 0 && *p != '\0') {
		size_t n = strcspn(p, query ? "&" : ";?");

		r = take(u, p, n, query, err);
		p += n;
		if (*p == '?')
			query = true;
		if (*p != '\0')
			p++;
	}
	if (r == 0 && u->module[0] != '\0' && u->module[0] != '/')
		r = KT_FAIL(err, KT_E_USAGE, "pkcs11: URI: module-path has to be absolute");
	return r;
}
