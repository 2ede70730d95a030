/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The files beside an SQLite database among the stored objects of one plan item: NAME-wal, NAME-shm
 * and NAME-journal belong to the object whose path is NAME. They are read with it, never by
 * themselves; and each is accounted for.
 */
#ifndef KT_CLI_SIBLINGS_H
#define KT_CLI_SIBLINGS_H

#include "core/casestore.h"
#include "core/hash.h"

struct kt_err;
struct kt_jv;

enum kt_sib_kind { KT_SIB_WAL = 0, KT_SIB_JOURNAL, KT_SIB_SHM };

struct kt_sib {
	uint8_t stem[KT_SHA256_LEN]; /* SHA-256 of the path without its ending, in hex digits */
	enum kt_sib_kind kind;
	bool partial; /* not all of it was acquired */
	uint64_t bytes;
	char object[KT_OBJECT], main[KT_OBJECT]; /* main: whose it is, "" until somebody asked */
};

struct kt_siblings {
	struct kt_sib *v; /* owned; sorted by stem, kind, object */
	size_t n, cap;
};

/*
 * Collects those of one index segment: about a hundred bytes for each. 0, KT_E_INVALID, KT_E_NOMEM,
 * KT_E_STORAGE. Free with kt_siblings_free(), also after an error.
 */
int kt_siblings_load(struct kt_siblings *s, const struct kt_case *c, unsigned segment,
		     struct kt_err *err);
void kt_siblings_free(struct kt_siblings *s);

/* Is the object of this index line a sibling? */
bool kt_siblings_is_one(const struct kt_jv *line);
/*
 * The sibling of the object of this index line, marked as belonging to it; NULL when there is none.
 * Of two with the same path the first is meant.
 */
struct kt_sib *kt_siblings_claim(struct kt_siblings *s, const struct kt_jv *line,
				 enum kt_sib_kind kind, struct kt_err *err);

#endif
