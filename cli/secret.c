/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/secret.h"
#include "cli/acquire.h"
#include "core/io.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int from_terminal(struct kt_secret *s, struct kt_err *err)
{
	KT_AUTO_FD tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (tty < 0)
		return KT_FAIL(
			err, KT_E_REFUSED,
			"encrypted-backup: its password is asked for on a terminal, and there "
			"is none (programs: --password-fd)");
	if (EVP_read_pw_string_min(s->text, 1, KT_SECRET_BYTES, "Backup password: ", 0) != 0)
		return KT_FAIL(err, KT_E_REFUSED, "encrypted-backup: no password was given");
	s->n = strlen(s->text);
	return 0;
}

/* One line, byte by byte: what follows is for the next attempt. */
static int from_fd(int fd, struct kt_secret *s, struct kt_err *err)
{
	while (s->n < KT_SECRET_BYTES) {
		ssize_t k = read(fd, s->text + s->n, 1);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return KT_FAIL(err, KT_E_USAGE, "--password-fd: %s", strerror(errno));
		if (k == 0 || s->text[s->n] == '\n')
			break;
		s->n++;
	}
	return s->n > 0 ? 0 : KT_FAIL(err, KT_E_REFUSED, "encrypted-backup: no password was given");
}

int kt_secret_ask(struct kt_acq *q, bool again, struct kt_secret *s, struct kt_err *err)
{
	s->n = 0;
	kt_progress_ask(&q->prog, "backup-password", again);
	kt_progress_say(
		&q->prog, "%s",
		again ? "That is not the password of this backup."
		      : "This backup is encrypted. Its holder types the backup password here; "
			"it is not shown, kept or logged.");
	return q->o->password_fd >= 0 ? from_fd(q->o->password_fd, s, err) : from_terminal(s, err);
}

int kt_secret_send(struct kt_acq *q, const struct kt_secret *s, struct kt_err *err)
{
	struct kt_dev_result res;
	uint32_t tag;
	size_t at = kt_dev_begin(&q->dev, KT_DEV_SECRET, &tag);
	int r;

	kt_buf_put_blob(&q->dev.out, s->text, s->n);
	kt_frame_end(&q->dev.out, at);
	r = kt_dev_call(&q->dev, tag, NULL, NULL, NULL, &res, err);
	if (q->dev.out.p != NULL && q->dev.out.len == 0)
		OPENSSL_cleanse(q->dev.out.p, q->dev.out.cap);
	if (r == 0 && res.code < 0)
		r = KT_FAIL(err, res.code, "the backup's password: %.100s", res.text);
	return r;
}

void kt_secret_forget(struct kt_secret *s)
{
	OPENSSL_cleanse(s, sizeof(*s));
}
