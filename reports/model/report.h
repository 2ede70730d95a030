/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * report.json: what was taken under which authority, what was not, and every observation with the
 * place where it stands (docs/formats/report.md). A function of the sealed case, the mandate,
 * the statement and the versions of plugins and map alone: no clock, host, path of this station or random number goes in, so two
 * runs give identical bytes. Called by the engine; signs nothing, judges nothing.
 */
#ifndef KT_REPORTS_MODEL_REPORT_H
#define KT_REPORTS_MODEL_REPORT_H

#include <stddef.h>

struct kt_case_view;
struct kt_err;
struct kt_mandate;
struct kt_plan;
struct kt_plugin_info;
struct kt_recstore;
struct kt_signer;
struct kt_statement;

#define KT_REPORT_FORMAT "keten-report-2"

/* Everything is borrowed. */
struct kt_report_in {
	int case_fd; /* case folder: case.json, index/, custody.jsonl, seal.json */
	const struct kt_case_view *view; /* NULL: the folder */
	const struct kt_mandate *mandate;
	const struct kt_signer *authoriser, *operator_cert; /* NULL: written as null */
	const struct kt_plan *plan;
	const struct kt_plugin_info *plugins;
	size_t nplugins;
	struct kt_recstore *store;	      /* opened for reading */
	const struct kt_statement *statement; /* NULL: none was given */
};

/*
 * Writes the document to fd, streaming: memory grows with the number of objects (some 24 bytes
 * each), not with that of observations. 0; KT_E_INVALID when case and records do not fit together
 * or the custody log does not hold; KT_E_FORMAT, KT_E_LIMIT, KT_E_NOMEM, KT_E_STORAGE.
 */
int kt_report_write(const struct kt_report_in *in, int fd, struct kt_err *err);

#endif
