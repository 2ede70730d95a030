/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/android/transport.h"

#include "core/err.h"

#include <time.h>

int64_t kt_mono_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t kt_deadline_min(int64_t deadline, int64_t ms)
{
	int64_t d = kt_mono_ms() + ms;

	return d < deadline ? d : deadline;
}

int kt_transport_watch(const struct kt_transport *t)
{
	if (t->watch.check == NULL)
		return 0;
	return t->watch.check(t->watch.ctx);
}

int kt_transport_send(struct kt_transport *t, const uint8_t *head, const void *body, size_t n,
		      int64_t deadline, struct kt_err *err)
{
	int r;

	if (t->broken)
		return KT_FAIL(err, KT_E_DEVICE, "the connection to the phone is broken");
	r = t->ops->send(t, head, body, n, deadline, err);
	if (r < 0)
		t->broken = true;
	return r;
}

int kt_transport_recv_head(struct kt_transport *t, uint8_t *head, int64_t deadline,
			   struct kt_err *err)
{
	int r;

	if (t->broken)
		return KT_FAIL(err, KT_E_DEVICE, "the connection to the phone is broken");
	r = t->ops->recv_head(t, head, deadline, err);
	if (r < 0 && r != KT_E_TIMEOUT && r != KT_E_CANCELLED)
		t->broken = true;
	return r;
}

int kt_transport_recv_body(struct kt_transport *t, void *p, size_t n, int64_t deadline,
			   struct kt_err *err)
{
	int r;

	if (t->broken)
		return KT_FAIL(err, KT_E_DEVICE, "the connection to the phone is broken");
	r = t->ops->recv_body(t, p, n, deadline, err);
	if (r < 0)
		t->broken = true;
	return r;
}

void kt_transport_close(struct kt_transport **t)
{
	if (*t != NULL)
		(*t)->ops->close(*t);
	*t = NULL;
}
