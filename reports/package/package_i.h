/* SPDX-License-Identifier: EUPL-1.2 */
/* Private to reports/package: a package that is being written, and its signatures. */
#ifndef KT_PACKAGE_PACKAGE_I_H
#define KT_PACKAGE_PACKAGE_I_H

#include "core/buf.h"
#include "reports/package/files.h"

struct kt_pkg_work {
	struct kt_package *pkg;
	const struct kt_package_out *out;
	struct kt_zipw zip;
	uint8_t *buf; /* a piece of a file */
	struct kt_buf text;
	struct kt_buf p7s;	      /* the signature over the list, once it is made */
	int64_t signing_us;	      /* the time that it claims */
	uint64_t done, octets, files; /* of everything; of the payload */
	char name[KT_PKG_NAME_MAX + 1];
};

/* Keeps what is known of a written entry. 0 or KT_E_INVALID: not what the index states. */
int kt_pkg_settle(struct kt_pkg_work *w, struct kt_pkg_file *f, const struct kt_zipw_done *d,
		  struct kt_err *err);
/* A file that is made here. */
int kt_pkg_put_new(struct kt_pkg_work *w, const char *name, const void *p, size_t n,
		   struct kt_err *err);
/* Files in the order of their names. */
void kt_pkg_sort(struct kt_package *pkg);

/* signatures/: over exactly the bytes of the list, with a token when one can be had. */
int kt_pkg_put_signature(struct kt_pkg_work *w, const struct kt_buf *list, struct kt_err *err);
/* META-INF/signatures001.xml, when every other file is written. */
int kt_pkg_put_xades(struct kt_pkg_work *w, struct kt_err *err);

#endif
