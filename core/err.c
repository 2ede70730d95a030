/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int kt_err_push(struct kt_err *err, int code, const char *file, int line, const char *fmt, ...)
{
	struct kt_err_frame *f;
	va_list ap;

	if (err == NULL)
		return code;
	if (err->n < KT_ERR_FRAMES)
		err->n++;
	f = &err->frame[err->n - 1];
	f->code = code;
	f->file = file;
	f->line = line;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	return code;
}

void kt_err_clear(struct kt_err *err)
{
	if (err != NULL)
		err->n = 0;
}

const char *kt_err_text(const struct kt_err *err)
{
	return err == NULL || err->n == 0 ? "" : err->frame[err->n - 1].text;
}

const char *kt_err_story(const struct kt_err *err, char *out, unsigned long n)
{
	unsigned long used = 0;

	out[0] = '\0';
	for (unsigned i = err == NULL ? 0 : err->n; i > 0 && used < n; i--) {
		int w = snprintf(out + used, n - used, "%s%s", used > 0 ? ": " : "",
				 err->frame[i - 1].text);
		if (w < 0)
			break;
		used += (unsigned long)w;
	}
	return out;
}

const char *kt_code_name(int code)
{
	static const char *const names[] = {
		"ok",	  "internal", "memory",	      "usage",	   "refused",
		"absent", "device",   "timeout",      "cancelled", "format",
		"limit",  "invalid",  "undetermined", "storage",   "partial",
	};
	unsigned i = code <= 0 ? (unsigned)-code : 1;

	return i < sizeof(names) / sizeof(names[0]) ? names[i] : "internal";
}
