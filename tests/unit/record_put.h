/* SPDX-License-Identifier: EUPL-1.2 */
/* Puts a record into a store, as a worker's parent does. */
#ifndef KT_TESTS_UNIT_RECORD_PUT_H
#define KT_TESTS_UNIT_RECORD_PUT_H

#include "core/json.h"
#include "core/record.h"
#include "core/recstore.h"

static void put_record(struct kt_recstore *store, const char *object, uint64_t n,
		       struct kt_record *r)
{
	struct kt_err err = {0};
	struct kt_buf b;
	struct kt_jw w;

	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	kt_rec_json(r, &w);
	kt_jw_obj_end(&w);
	assert_int_equal(kt_rec_check(r, &err), 0);
	assert_int_equal(kt_recstore_record(store, object, n,
					    r->time_kind == KT_TIME_NONE ? NULL : &r->t_us,
					    (const char *)b.p, b.len, &err),
			 0);
	kt_buf_free(&b);
}

#endif
