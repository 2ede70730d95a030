/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * draw-view VIEW REPORT.JSON: a view on standard output, drawn without the sandbox; for tests, figures and
 * for looking at a view while it is being made.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "reports/pdf/pdf.h"
#include "reports/render/export.h"
#include "reports/render/html.h"

static FILE *in;

static int file_read(void *arg, void *p, size_t n, size_t *got, struct kt_err *err)
{
	(void)arg;
	(void)err;
	*got = fread(p, 1, n, in);
	return 0;
}

static struct kt_json_src open_again(void *arg)
{
	rewind(in);
	return (struct kt_json_src){file_read, arg, 0};
}

static int put(void *arg, const void *p, size_t n, struct kt_err *err)
{
	(void)arg;
	return fwrite(p, 1, n, stdout) == n ? 0 : KT_FAIL(err, KT_E_STORAGE, "can't write");
}

static int put_file(void *arg, unsigned file, const void *p, size_t n, struct kt_err *err)
{
	char name[KT_EXPORT_NAME], path[4200];
	FILE *f;

	if (kt_export_name(file, name) == NULL)
		return KT_FAIL(err, KT_E_INTERNAL, "file %u", file);
	snprintf(path, sizeof(path), "%s/%s", (const char *)arg, name);
	f = fopen(path, "ab");
	if (f == NULL || fwrite(p, 1, n, f) != n)
		return KT_FAIL(err, KT_E_STORAGE, "can't write %s", path);
	fclose(f);
	return 0;
}

int main(int argc, char **argv)
{
	static struct pdf_fonts fonts;
	struct kt_html_opts opts;
	struct kt_err err = {0};
	int lang, r;

	if (argc == 4 && strcmp(argv[1], "exports") == 0 && (in = fopen(argv[2], "rb")) != NULL) {
		r = kt_export(open_again(NULL), put_file, argv[3], &err);
		fclose(in);
		if (r < 0)
			fprintf(stderr, "draw-view: %s\n", kt_err_text(&err));
		return r < 0;
	}
	if (argc != 3 || (in = fopen(argv[2], "rb")) == NULL || strchr(argv[1], '-') == NULL) {
		fprintf(stderr, "usage: draw-view html-en|html-nl|pdf-en|pdf-nl REPORT.JSON\n"
				"       draw-view exports REPORT.JSON EMPTY-DIR\n");
		return 2;
	}
	lang = kt_lang_find(strchr(argv[1], '-') + 1);
	if (lang < 0)
		lang = KT_LANG_EN;
	if (strncmp(argv[1], "pdf-", 4) == 0) {
		struct kt_pdf_in src = {open_again, NULL};

		r = pdf_fonts_load(&fonts, &err);
		if (r == 0)
			r = kt_render_pdf(&fonts, src, (enum kt_lang)lang, put, NULL, &err);
	} else {
		kt_html_opts_init(&opts, (enum kt_lang)lang);
		r = kt_render_html(open_again(NULL), &opts, put, NULL, &err);
	}
	fclose(in);
	if (r < 0)
		fprintf(stderr, "draw-view: %s\n", kt_err_text(&err));
	return r < 0;
}
