/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Errors as a short story: a fixed-size stack of frames, innermost first. Every layer that passes
 * an error on adds one frame with what it was doing. Anyone may use it; it never allocates,
 * prints or exits.
 */
#ifndef KT_CORE_ERR_H
#define KT_CORE_ERR_H

/* What kind of trouble. Callers act on the code, people read the text. */
enum kt_code {
	KT_OK = 0,
	KT_E_INTERNAL = -1,	 /* a bug of ours */
	KT_E_NOMEM = -2,	 /* allocation failed */
	KT_E_USAGE = -3,	 /* the caller's request makes no sense */
	KT_E_REFUSED = -4,	 /* mandate, policy or phone says no */
	KT_E_ABSENT = -5,	 /* the thing asked for is not there */
	KT_E_DEVICE = -6,	 /* phone not there, not trusted, lost */
	KT_E_TIMEOUT = -7,	 /* a deadline passed */
	KT_E_CANCELLED = -8,	 /* the operator stopped it */
	KT_E_FORMAT = -9,	 /* input is malformed */
	KT_E_LIMIT = -10,	 /* input exceeds a limit of ours */
	KT_E_INVALID = -11,	 /* evidence or package does not hold */
	KT_E_UNDETERMINED = -12, /* cannot be decided with what is at hand */
	KT_E_STORAGE = -13,	 /* full, unwritable, I/O error */
	KT_E_PARTIAL = -14,	 /* finished, but not everything */
};

#define KT_ERR_FRAMES 8
#define KT_ERR_TEXT   160

struct kt_err_frame {
	int code; /* enum kt_code */
	const char *file;
	int line;
	char text[KT_ERR_TEXT];
};

struct kt_err {
	unsigned n;
	struct kt_err_frame frame[KT_ERR_FRAMES];
};

/*
 * Appends a frame; err may be NULL. When the stack is full the last frame is replaced, so that
 * cause and outermost context survive. Returns code, for `return kt_err_push(...)`.
 */
int kt_err_push(struct kt_err *err, int code, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

void kt_err_clear(struct kt_err *err);

/* Text of the outermost frame ("" when empty): what to show first. Never NULL. */
const char *kt_err_text(const struct kt_err *err);

/* Writes "outer: inner: innermost" into out (size n > 0, always terminated). Returns out. */
const char *kt_err_story(const struct kt_err *err, char *out, unsigned long n);

/* A constant one-word name of the code ("refused", "format", ...). */
const char *kt_code_name(int code);

#define KT_FAIL(err, code, ...)	 kt_err_push((err), (code), __FILE__, __LINE__, __VA_ARGS__)
#define KT_TRACE(err, code, ...) kt_err_push((err), (code), __FILE__, __LINE__, __VA_ARGS__)

#endif
