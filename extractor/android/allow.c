/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/android/allow.h"

#include "core/devproto.h"
#include "core/err.h"
#include "extractor/android/adb.h"
#include "extractor/android/transport.h"

#include <stdio.h>
#include <string.h>

#define SHELL_PREFIX "shell,v2,raw:"
#define SERVICE_MAX  (KT_ADB_PAYLOAD_MIN - 1)

int kt_allow_set_plan(struct kt_allow *w, const uint16_t *id, size_t n, struct kt_err *err)
{
	struct kt_allow next = {.planned = true};

	if (w->planned)
		return KT_FAIL(err, KT_E_USAGE, "the plan is set once");
	for (size_t i = 0; i < n; i++) {
		const struct kt_request *q = kt_request_get(id[i]);

		if (q == NULL)
			return KT_FAIL(err, KT_E_USAGE, "request %u is unknown", id[i]);
		next.may[id[i]] = true;
		if (q->kind == KT_REQ_KIND_ROOT)
			next.has_root = true;
	}
	next.may[KT_REQ_CLOCK] = true;
	*w = next;
	return 0;
}

/* The planned row of this kind, or NULL. */
static const struct kt_request *planned(const struct kt_allow *w, unsigned id,
					enum kt_request_kind kind, struct kt_err *err)
{
	const struct kt_request *q = kt_request_get(id);

	if (!w->planned || q == NULL || q->kind != kind || !w->may[id]) {
		KT_FAIL(err, KT_E_REFUSED, "request %u is not in the plan", id);
		return NULL;
	}
	return q;
}

int kt_allow_command(const struct kt_allow *w, unsigned id, struct kt_err *err)
{
	return planned(w, id, KT_REQ_KIND_SHELL, err) != NULL ? 0 : KT_E_REFUSED;
}

int kt_allow_root(const struct kt_allow *w, unsigned root, struct kt_err *err)
{
	return planned(w, root, KT_REQ_KIND_ROOT, err) != NULL ? 0 : KT_E_REFUSED;
}

static bool name_is_plain(const char *p, size_t n)
{
	if (n == 0 || n > KT_ALLOW_NAME_MAX || memchr(p, '\0', n) != NULL)
		return false;
	return !(n == 1 && p[0] == '.') && !(n == 2 && p[0] == '.' && p[1] == '.');
}

int kt_allow_path(const struct kt_allow *w, unsigned root, const void *path, size_t n,
		  struct kt_err *err)
{
	const struct kt_request *q = planned(w, root, KT_REQ_KIND_ROOT, err);
	const char *p = path;
	size_t len;

	if (q == NULL)
		return KT_E_REFUSED;
	len = strlen(q->text);
	if (n > KT_DEV_PATH_MAX || n < len || memcmp(p, q->text, len) != 0)
		return KT_FAIL(err, KT_E_REFUSED, "the path is not below %s", q->text);
	p += len;
	n -= len;
	while (n > 0) {
		const char *end;

		if (*p != '/')
			return KT_FAIL(err, KT_E_REFUSED, "the path is not below %s", q->text);
		p++;
		n--;
		end = memchr(p, '/', n);
		len = end != NULL ? (size_t)(end - p) : n;
		if (!name_is_plain(p, len))
			return KT_FAIL(err, KT_E_REFUSED, "the path has an impossible name in it");
		p += len;
		n -= len;
	}
	return 0;
}

/* Writes the OPEN packet. Nothing else in Keten does. */
static int open_service(struct kt_adb *a, const char *prefix, const char *text,
			struct kt_adb_stream **out, struct kt_err *err)
{
	char service[SERVICE_MAX + 1];
	uint8_t head[KT_ADB_HEAD];
	struct kt_adb_stream *s;
	enum kt_adb_event ev = KT_ADB_EV_CLOSED;
	int n = snprintf(service, sizeof(service), "%s%s", prefix, text);
	int r;

	*out = NULL;
	if (n < 0 || (size_t)n >= sizeof(service))
		return KT_FAIL(err, KT_E_INTERNAL, "service string is too long");
	s = kt_adb_stream_take(a);
	if (s == NULL)
		return KT_FAIL(err, KT_E_INTERNAL, "no stream is free");
	kt_adb_encode(head, KT_ADB_OPEN, s->local, 0, service, (size_t)n + 1,
		      a->version == KT_ADB_VERSION_OLD);
	r = kt_transport_send(a->t, head, service, (size_t)n + 1, kt_mono_ms() + KT_ADB_SEND_MS,
			      err);
	if (r == 0)
		r = kt_adb_wait(a, s, kt_mono_ms() + KT_ADB_IDLE_MS, &ev, err);
	if (r == 0 && ev != KT_ADB_EV_READY)
		r = KT_FAIL(err, KT_E_REFUSED, "the phone refuses the service %.12s", prefix);
	if (r < 0) {
		kt_adb_stream_close(a, &s);
		return r;
	}
	*out = s;
	return 0;
}

int kt_allow_open_command(const struct kt_allow *w, struct kt_adb *a, unsigned id,
			  struct kt_adb_stream **out, struct kt_err *err)
{
	const struct kt_request *q = planned(w, id, KT_REQ_KIND_SHELL, err);

	*out = NULL;
	if (q == NULL)
		return KT_E_REFUSED;
	return open_service(a, SHELL_PREFIX, q->text, out, err);
}

int kt_allow_open_sync(const struct kt_allow *w, struct kt_adb *a, struct kt_adb_stream **out,
		       struct kt_err *err)
{
	*out = NULL;
	if (!w->planned || !w->has_root)
		return KT_FAIL(err, KT_E_REFUSED, "no folder is in the plan");
	return open_service(a, "sync:", "", out, err);
}

int kt_allow_open_range(const struct kt_allow *w, struct kt_adb *a, struct kt_adb_stream **out,
			struct kt_err *err)
{
	*out = NULL;
	if (!w->planned || !w->has_root)
		return KT_FAIL(err, KT_E_REFUSED, "no folder is in the plan");
	return open_service(a, SHELL_PREFIX, KT_RANGE_COMMAND, out, err);
}
