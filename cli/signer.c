/* SPDX-License-Identifier: EUPL-1.2 */
/* keten-sign, one start per act: keten itself holds no key and opens no connection. */
#include "cli/vouch.h"
#include "core/io.h"
#include "core/json.h"
#include "core/spawn.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TSA_URLS_FILE "/etc/keten/tsa-urls"
#define ARGS_MAX      32
#define COMPLAINT_MAX 16384

static const struct kt_opts *setup; /* the options of this process */
static char station_urls[4096];	    /* of the station, when the options name none */
static const char *urls[KT_TSA_MAX];
static size_t nurls;

/* One address a line; lines that begin otherwise are remarks. */
static void read_station_urls(void)
{
	struct kt_buf b;
	char *p = station_urls;

	kt_buf_init(&b, 0);
	if (kt_path_read(TSA_URLS_FILE, sizeof(station_urls) - 1, &b, NULL) == 0)
		memcpy(station_urls, b.p, b.len);
	kt_buf_free(&b);
	while (*p != '\0' && nurls < KT_TSA_MAX) {
		size_t n = strcspn(p, "\n");
		bool last = p[n] == '\0';

		p[n] = '\0';
		if (strncmp(p, "http", 4) == 0)
			urls[nurls++] = p;
		if (last)
			break;
		p += n + 1;
	}
}

void kt_sign_setup(const struct kt_opts *o)
{
	setup = o;
	nurls = 0;
	for (size_t i = 0; i < o->ntsa; i++)
		if (strcmp(o->tsa[i], "none") != 0)
			urls[nurls++] = o->tsa[i];
	if (o->ntsa == 0)
		read_station_urls();
}

bool kt_stamp_wanted(void)
{
	return nurls > 0;
}

/* -- running it --------------------------------------------------------------------------------- */

/* Feeds content to a program's stdin while collecting its stdout; neither can block the other. */
static int exchange(int in, int out, const uint8_t *p, size_t n, struct kt_buf *result,
		    struct kt_err *err)
{
	uint8_t buf[16384];

	fcntl(in, F_SETFL, O_NONBLOCK);
	for (;;) {
		struct pollfd fds[2] = {{out, POLLIN, 0}, {n > 0 ? in : -1, POLLOUT, 0}};
		ssize_t k;

		if (n == 0 && in >= 0) {
			close(in);
			in = -1;
		}
		if (poll(fds, 2, -1) < 0)
			continue;
		if (n > 0 && fds[1].revents != 0) {
			k = write(in, p, n);
			if (k < 0 && fds[1].revents & (POLLERR | POLLHUP))
				n = 0;
			if (k > 0) {
				p += k;
				n -= (size_t)k;
			}
		}
		if (fds[0].revents == 0)
			continue;
		k = read(out, buf, sizeof(buf));
		if (k <= 0)
			break;
		if (kt_buf_put(result, buf, (size_t)k) < 0)
			break;
	}
	if (in >= 0)
		close(in);
	return result->failed ? KT_FAIL(err, KT_E_LIMIT, "keten-sign answers too much") : 0;
}

/* One start. complaint -1: its stderr is ours. *status: as wait() gives it. */
static int run(const char *const *argv, bool keep_env, const void *content, size_t n,
	       struct kt_buf *result, int complaint, int *status, struct kt_err *err)
{
	struct kt_spawn s;
	int in[2], out[2], r;
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) < 0)
		return KT_FAIL(err, KT_E_INTERNAL, "no pipe");
	if (pipe2(out, O_CLOEXEC) < 0) {
		close(in[0]);
		close(in[1]);
		return KT_FAIL(err, KT_E_INTERNAL, "no pipe");
	}
	kt_spawn_init(&s, "keten-sign", argv);
	s.keep_tty = true; /* a passphrase may be asked for */
	s.keep_env = keep_env;
	s.fds[0] = in[0];
	s.fds[1] = out[1];
	if (complaint >= 0)
		s.fds[2] = complaint;
	pid = kt_spawn_start(&s, err);
	close(in[0]);
	close(out[1]);
	if (pid < 0) {
		close(in[1]);
		close(out[0]);
		return (int)pid;
	}
	r = exchange(in[1], out[0], content, n, result, err);
	close(out[0]);
	*status = kt_wait(pid);
	return r;
}

void kt_sign_begin(struct kt_sign_start *s, const char *act, const char *option, const char *key)
{
	bool window = setup != NULL && setup->pinentry != NULL;
	int n = 0;

	memset(s, 0, sizeof(*s));
	s->argv[n++] = "keten-sign";
	s->argv[n++] = act;
	if (key != NULL) {
		s->argv[n++] = "--key";
		s->argv[n++] = key;
	}
	if (option != NULL)
		s->argv[n++] = option;
	if (window) {
		s->argv[n++] = "--pinentry";
		s->argv[n++] = setup->pinentry;
	}
	/* a card's module may need its settings, and a window to ask in its screen */
	s->keep_env = window || (key != NULL && strncmp(key, "pkcs11:", 7) == 0);
}

int kt_sign_ended(int status, const char *key, struct kt_err *err)
{
	static const int codes[] = {
		[2] = KT_E_USAGE,   [3] = KT_E_REFUSED,	     [4] = KT_E_DEVICE,
		[5] = KT_E_INVALID, [6] = KT_E_UNDETERMINED, [7] = KT_E_STORAGE};
	unsigned end = WIFEXITED(status) ? (unsigned)WEXITSTATUS(status) : 0;
	int code = KT_E_INTERNAL;

	if (WIFSIGNALED(status))
		return KT_FAIL(err, code, "keten-sign was ended by signal %d; do it again",
			       WTERMSIG(status));
	if (end < sizeof(codes) / sizeof(codes[0]) && codes[end] != 0)
		code = codes[end];
	return key == NULL ? KT_FAIL(err, code, "keten-sign refuses (see the line above)")
			   : KT_FAIL(err, code, "the key %.100s can't be used (see the line above)",
				     key);
}

int kt_sign_run(const char *act, const char *option, const char *key, const void *content, size_t n,
		struct kt_buf *result, struct kt_err *err)
{
	struct kt_sign_start s;
	int status = 0, r;

	kt_sign_begin(&s, act, option, key);
	r = run(s.argv, s.keep_env, content, n, result, -1, &status, err);
	return r < 0 || status == 0 ? r : kt_sign_ended(status, key, err);
}

int kt_sign(const char *key, const void *content, size_t n, struct kt_buf *der, struct kt_err *err)
{
	return kt_sign_run("sign", NULL, key, content, n, der, err);
}

int kt_sign_digest(const char *key, const uint8_t *digest, struct kt_buf *sig, struct kt_err *err)
{
	return kt_sign_run("digest", NULL, key, digest, KT_SHA256_LEN, sig, err);
}

/* -- time-stamps -------------------------------------------------------------------------------- */

/* The last line of keten-sign that begins so. */
static const char *last_line(const char *said, const char *head)
{
	const char *p = said, *found = NULL;

	while ((p = strstr(p, head)) != NULL)
		found = p++;
	return found == NULL ? NULL : found + strlen("keten-sign: ");
}

/* Why no authority gave one, else what was wrong before any was asked, as text that can stand in a log. */
static void last_reason(const char *said, char *out, size_t n)
{
	const char *found = last_line(said, "keten-sign: http");

	if (found == NULL)
		found = last_line(said, "keten-sign: ");
	if (found == NULL)
		found = "keten-sign gave no reason";
	snprintf(out, n, "%.*s", (int)strcspn(found, "\n"), found);
	for (char *c = out; *c != '\0'; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
}

static int trust_dir(char *out, size_t n, struct kt_err *err)
{
	const char *dir = kt_trust_dir(setup);
	int len = setup->tsa_trust != NULL ? snprintf(out, n, "%s", setup->tsa_trust)
					   : snprintf(out, n, "%s/tsa", dir);

	return len >= 0 && (size_t)len < n
		       ? 0
		       : KT_FAIL(err, KT_E_USAGE, "the trust folder's path is too long");
}

static int stamp(const char *option, const void *content, size_t n, struct kt_buf *token,
		 struct kt_err *err)
{
	const char *argv[ARGS_MAX] = {"keten-sign", "stamp", "--tsa-trust"};
	char dir[4200], said[COMPLAINT_MAX] = "", why[150];
	int argc = 4, complaint[2], status = 0, r;
	size_t got = 0;

	if (nurls == 0)
		return KT_FAIL(err, KT_E_ABSENT, "no time-stamp authority is named");
	r = trust_dir(dir, sizeof(dir), err);
	if (r < 0)
		return r;
	argv[3] = dir;
	for (size_t i = 0; i < nurls; i++) {
		argv[argc++] = "--tsa";
		argv[argc++] = urls[i];
	}
	argv[argc] = option; /* the last one, NULL behind it */
	if (pipe2(complaint, O_CLOEXEC | O_NONBLOCK) < 0)
		return KT_FAIL(err, KT_E_INTERNAL, "no pipe");
	r = run(argv, false, content, n, token, complaint[1], &status, err);
	close(complaint[1]);
	if (r == 0 && status != 0) {
		kt_read_full(complaint[0], said, sizeof(said) - 1, &got, NULL);
		last_reason(said, why, sizeof(why));
		r = KT_FAIL(err, KT_E_DEVICE, "%s", why);
	}
	close(complaint[0]);
	return r;
}

int kt_stamp(const void *content, size_t n, struct kt_buf *token, struct kt_err *err)
{
	return stamp(NULL, content, n, token, err);
}

int kt_stamp_digest(const uint8_t *sha256, struct kt_buf *token, struct kt_err *err)
{
	return stamp("--digest", sha256, KT_SHA256_LEN, token, err);
}
