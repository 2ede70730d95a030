/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * age-stream -r RECIPIENT | -i FILE: seals or opens standard input with core/age, as age would.
 * FILE holds one identity. For tests and figures alone.
 */
#include "core/age.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/io.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int put(void *arg, const void *p, size_t n, struct kt_err *err)
{
	(void)arg;
	return kt_write_full(STDOUT_FILENO, p, n, err);
}

static int seal(const char *to, struct kt_err *err)
{
	static uint8_t buf[1 << 16];
	uint8_t key[KT_AGE_KEY];
	struct kt_age_enc e = {NULL};
	size_t got = sizeof(buf);
	int r = kt_age_recipient_parse(to, strlen(to), key, err);

	if (r == 0)
		r = kt_age_enc_begin(&e, key, put, NULL, err);
	while (r == 0 && got == sizeof(buf)) {
		r = kt_read_full(STDIN_FILENO, buf, sizeof(buf), &got, err);
		if (r == 0)
			r = kt_age_enc_write(&e, buf, got, err);
	}
	return r == 0 ? kt_age_enc_end(&e, err) : r;
}

static int unseal(const char *file, struct kt_err *err)
{
	static uint8_t buf[1 << 16];
	uint8_t key[KT_AGE_KEY];
	struct kt_age_dec d = {NULL};
	struct kt_buf text;
	size_t got = sizeof(buf);
	const char *p, *end;
	int r;

	kt_buf_init(&text, 0);
	r = kt_path_read(file, 4096, &text, err);
	p = r == 0 && kt_buf_cstr(&text) != NULL ? strstr((const char *)text.p, "AGE-SECRET")
						 : NULL;
	end = p != NULL ? p + strcspn(p, "\r\n") : NULL;
	if (r == 0)
		r = p == NULL ? KT_E_FORMAT : kt_age_identity_parse(p, (size_t)(end - p), key, err);
	if (r == 0)
		r = kt_age_dec_begin(&d, key, put, NULL, err);
	while (r == 0 && got == sizeof(buf)) {
		r = kt_read_full(STDIN_FILENO, buf, sizeof(buf), &got, err);
		if (r == 0)
			r = kt_age_dec_write(&d, buf, got, err);
	}
	if (r == 0)
		r = kt_age_dec_end(&d, err);
	kt_age_dec_free(&d);
	kt_buf_free(&text);
	return r;
}

int main(int argc, char **argv)
{
	struct kt_err err = {0};
	int r;

	if (argc != 3 || (strcmp(argv[1], "-r") != 0 && strcmp(argv[1], "-i") != 0)) {
		fprintf(stderr, "usage: age-stream -r RECIPIENT | -i FILE\n");
		return 2;
	}
	r = argv[1][1] == 'r' ? seal(argv[2], &err) : unseal(argv[2], &err);
	if (r < 0)
		fprintf(stderr, "age-stream: %s\n", kt_err_text(&err));
	return r < 0;
}
