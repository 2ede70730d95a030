/* SPDX-License-Identifier: EUPL-1.2 */
/* Writing a package that records an act, for the commands that do one. */
#include "cli/steps.h"
#include "core/io.h"
#include "core/time.h"
#include "reports/verify/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int sign(void *arg, const void *content, size_t n, struct kt_buf *der, struct kt_err *err)
{
	return kt_sign(arg, content, n, der, err);
}

static int digest(void *arg, const uint8_t *md, struct kt_buf *sig, struct kt_err *err)
{
	return kt_sign_digest(arg, md, sig, err);
}

static int stamp(void *arg, const void *content, size_t n, struct kt_buf *token, struct kt_err *err)
{
	(void)arg;
	return kt_stamp(content, n, token, err);
}

int kt_act_make(const char *dir, const char *key, const struct kt_trust *trust,
		struct kt_package *pkg, const struct kt_act *act, char name[KT_PKG_NAME_MAX + 1],
		struct kt_err *err)
{
	struct kt_verify_result *res = NULL;
	struct kt_package_out out = {
		.sealed_us = kt_time_now(),
		.sign = sign,
		.digest = digest,
		.stamp = kt_stamp_wanted() ? stamp : NULL,
		.arg = (void *)key, /* given back to kt_sign() alone */
		.trust = trust,
	};
	KT_AUTO_FD fd = -1;
	int r;

	name[0] = '\0';
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return KT_FAIL(err, KT_E_STORAGE, "%.100s: %s", dir, strerror(errno));
	fd = kt_dir_open(AT_FDCWD, dir, false, err);
	if (fd < 0)
		return fd;
	out.dir_fd = fd;
	out.number = kt_act_next_number(fd, act);
	res = malloc(sizeof(*res));
	r = res == NULL ? KT_FAIL(err, KT_E_NOMEM, "no memory") : kt_build_json(pkg, err);
	if (r == 0)
		r = kt_act_write(pkg, act, &out, name, res, err);
	free(res);
	return r;
}
