/* SPDX-License-Identifier: EUPL-1.2 */
/* Time-stamps of a session: asked for when it opens, logged whatever came of it. */
#include "cli/acquire.h"
#include "core/io.h"
#include "core/time.h"
#include "core/tsp.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int kt_log_time(struct kt_acq *q, const char *over, const char *why, int64_t gen_us, const char *by,
		struct kt_err *err)
{
	struct kt_jw *w = &q->log.w;
	char t[KT_TIME_TEXT];

	q->anchored = gen_us != 0;
	snprintf(q->no_clock, sizeof(q->no_clock), "%s", gen_us != 0 ? "" : why);
	kt_custody_begin(&q->log);
	if (gen_us != 0) {
		kt_jw_kstr(w, "authority", by);
		kt_jw_kstr(w, "over", over);
		kt_jw_kstr(w, "time", kt_time_text(gen_us, t));
		kt_progress_say(&q->prog, "Time-stamp over the %s: %s, by %s",
				strcmp(over, "opening") == 0 ? "opening" : "package", t, by);
		return kt_custody_end(&q->log, "time.stamped", err);
	}
	kt_jw_kstr(w, "over", over);
	kt_jw_kstr(w, "reason", why);
	kt_progress_say(
		&q->prog,
		"No time-stamp over the %s: %s\nThe session goes on; its time rests on this "
		"machine's clock. keten timestamp can add one later.",
		strcmp(over, "opening") == 0 ? "opening" : "package", why);
	return kt_custody_end(&q->log, "time.unanchored", err);
}

/* The log's first line with its newline. */
static int first_line(const struct kt_case *c, struct kt_buf *b, struct kt_err *err)
{
	KT_AUTO_FD fd = openat(c->fd, "custody.jsonl", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	const uint8_t *nl;
	size_t got = 0;
	int r;

	if (fd < 0 || kt_buf_reserve(b, 65536) < 0)
		return KT_FAIL(err, KT_E_STORAGE, "the custody log can't be read");
	r = kt_read_full(fd, b->p, 65536, &got, err);
	nl = r < 0 ? NULL : memchr(b->p, '\n', got);
	if (nl == NULL)
		return KT_FAIL(err, KT_E_STORAGE, "the custody log has no first line");
	b->len = (size_t)(nl - b->p) + 1;
	return 0;
}

int kt_stamp_opening(struct kt_acq *q, struct kt_err *err)
{
	struct kt_err why = {0};
	struct kt_buf line, token;
	struct kt_token t;
	int r;

	/* once the acquisition is sealed a time-stamp over its opening would say little */
	if (!kt_stamp_wanted() || q->state.acquisition_sealed ||
	    faccessat(q->c.fd, "open.tst", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	kt_buf_init(&line, 0);
	kt_buf_init(&token, 0);
	memset(&t, 0, sizeof(t));
	r = first_line(&q->c, &line, err);
	if (r == 0) {
		r = kt_stamp(line.p, line.len, &token, &why);
		if (r == 0)
			r = kt_token_verify(token.p, token.len, line.p, line.len,
					    kt_trust_tsa(q->a->trust), &t, &why);
		if (r == 0)
			r = kt_token_apart(&t, &q->a->operator_cert, &why);
		if (r == 0 && kt_file_write(q->c.fd, "open.tst", token.p, token.len, 0600, err) < 0)
			r = KT_E_STORAGE;
		else
			r = kt_log_time(q, "opening", kt_err_text(&why), r == 0 ? t.gen_us : 0,
					t.tsa.subject, err);
	}
	kt_buf_free(&line);
	kt_buf_free(&token);
	return r;
}
