/* SPDX-License-Identifier: EUPL-1.2 */
/* Mandate, signature, trust and operator of a session, held against each other. */
#include "cli/keten.h"
#include "core/io.h"
#include "core/register.h"
#include "core/request.h"
#include "core/spawn.h"
#include "core/time.h"
#include "parsers/host/host.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIGNATURE_MAX ((size_t)1 << 20)

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

static int run_sign(const char *act, const char *key, const void *content, size_t n,
		    struct kt_buf *result, struct kt_err *err)
{
	const char *argv[] = {"keten-sign", act, "--key", key, NULL};
	struct kt_spawn s;
	int in[2], out[2], status, r;
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) < 0)
		return KT_FAIL(err, KT_E_INTERNAL, "no pipe");
	if (pipe2(out, O_CLOEXEC) < 0) {
		close(in[0]);
		close(in[1]);
		return KT_FAIL(err, KT_E_INTERNAL, "no pipe");
	}
	kt_spawn_init(&s, "keten-sign", argv);
	s.keep_tty = true;			      /* a passphrase may be asked for */
	s.keep_env = strncmp(key, "pkcs11:", 7) == 0; /* a card's module may need its settings */
	s.fds[0] = in[0];
	s.fds[1] = out[1];
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
	status = kt_wait(pid);
	if (r < 0)
		return r;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return KT_FAIL(err,
			       WIFEXITED(status) && WEXITSTATUS(status) == 3 ? KT_E_REFUSED
									     : KT_E_USAGE,
			       "the operator's key %.100s can't be used (see the line above)", key);
	return 0;
}

int kt_sign(const char *key, const void *content, size_t n, struct kt_buf *der, struct kt_err *err)
{
	return run_sign("sign", key, content, n, der, err);
}

static int load_operator(const struct kt_opts *o, struct kt_authority *a, struct kt_err *err)
{
	struct kt_buf pem;
	int r;

	if (o->operator_key == NULL)
		return 0;
	kt_buf_init(&pem, SIGNATURE_MAX);
	r = run_sign("cert", o->operator_key, "", 0, &pem, err);
	if (r == 0)
		r = kt_cert_facts(pem.p, pem.len, a->trust, kt_time_now(), &a->operator_cert, err);
	kt_buf_free(&pem);
	a->has_operator = r == 0;
	return r;
}

static int load_trust(const struct kt_opts *o, struct kt_authority *a, struct kt_err *err)
{
	const char *dir = o->trust != NULL ? o->trust : "/etc/keten/trust";
	int r = kt_trust_load(dir, &a->trust, err);

	if (r == KT_E_ABSENT) {
		kt_err_clear(err);
		return KT_FAIL(err, KT_E_UNDETERMINED,
			       "no-trust-anchor: %.60s holds no CA certificate, so nobody vouches "
			       "for the mandate; name the folder with --trust",
			       dir);
	}
	return r;
}

static int load_files(const struct kt_opts *o, struct kt_authority *a, struct kt_err *err)
{
	char p7s[4096];
	int r;

	if ((size_t)snprintf(p7s, sizeof(p7s), "%s.p7s", o->mandate) >= sizeof(p7s))
		return KT_FAIL(err, KT_E_USAGE, "the mandate's path is too long");
	r = kt_path_read(o->mandate, KT_MANDATE_MAX_BYTES, &a->mandate_bytes, err);
	if (r < 0)
		return KT_TRACE(err, r == KT_E_ABSENT ? KT_E_USAGE : r, "mandate can't be read");
	r = kt_path_read(p7s, SIGNATURE_MAX, &a->p7s, err);
	if (r == KT_E_ABSENT)
		return KT_FAIL(
			err, KT_E_REFUSED,
			"signature-missing: the mandate's signature is expected beside it as "
			"%.60s.p7s",
			strrchr(o->mandate, '/') != NULL ? strrchr(o->mandate, '/') + 1
							 : o->mandate);
	if (r < 0)
		return r;
	return kt_sha256_hex(a->mandate_bytes.p, a->mandate_bytes.len, a->sha256_hex, err);
}

/* iPhones are called by 40 hexadecimal digits, newer ones by 8, a hyphen and 16. */
static bool is_udid(const char *s)
{
	static const char hex[] = "0123456789abcdefABCDEF";
	size_t n = strspn(s, hex);

	if (n == 40 && s[n] == '\0')
		return true;
	return n == 8 && s[n] == '-' && strspn(s + n + 1, hex) == 16 && s[n + 17] == '\0';
}

static int check(const struct kt_opts *o, bool for_session, bool case_known, int64_t at_us,
		 struct kt_authority *a, struct kt_err *err)
{
	const char *sources[KT_PLAN_MAX + 1];
	struct kt_mandate_use use = {0};
	int r;

	if (kt_plugins_n > KT_PLAN_MAX)
		return KT_FAIL(err, KT_E_INTERNAL, "too many plugins");
	for (size_t i = 0; i < kt_plugins_n; i++)
		sources[i] = kt_plugins[i].id;
	sources[kt_plugins_n] = NULL;
	use.sources = sources;
	use.now_us = at_us;
	use.trust = a->trust;
	use.sessions_used = -1;
	use.device_identifier = o->device;
	/* a source says itself what it comes from, once it is opened */
	if (o->from == NULL && o->device != NULL)
		use.device_kind = is_udid(o->device) ? "ios" : "android";
	use.operator_cert = a->has_operator ? &a->operator_cert : NULL;
	if (for_session && !case_known) {
		r = kt_register_sessions(a->mandate->mandate_id, a->sha256_hex, &use.sessions_used,
					 err);
		if (r < 0)
			return r;
	}
	return kt_mandate_check(a->mandate, a->mandate_bytes.p, a->mandate_bytes.len, a->p7s.p,
				a->p7s.len, &use, &a->authoriser, err);
}

int kt_authority_load(const struct kt_opts *o, bool for_session, bool case_known, int64_t at_us,
		      struct kt_authority *a, struct kt_err *err)
{
	int r;

	memset(a, 0, sizeof(*a));
	kt_buf_init(&a->mandate_bytes, 0);
	kt_buf_init(&a->p7s, 0);
	if (o->mandate == NULL)
		return KT_FAIL(err, KT_E_USAGE, "name the mandate with --mandate FILE");
	r = load_files(o, a, err);
	if (r == 0)
		r = kt_mandate_parse(a->mandate_bytes.p, a->mandate_bytes.len, &a->mandate, err);
	if (r == 0)
		r = load_trust(o, a, err);
	if (r == 0)
		r = load_operator(o, a, err);
	if (r == 0)
		r = check(o, for_session, case_known, at_us, a, err);
	return r;
}

void kt_authority_free(struct kt_authority *a)
{
	kt_buf_free(&a->mandate_bytes);
	kt_buf_free(&a->p7s);
	kt_mandate_free(&a->mandate);
	kt_trust_free(&a->trust);
}

int kt_authority_plan(const struct kt_authority *a, unsigned form, struct kt_plan *plan,
		      struct kt_err *err)
{
	return kt_plan_make(a->mandate, form, kt_plugins, kt_plugins_n, kt_wants, kt_wants_n, plan,
			    err);
}
