/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/ios/mux.h"

#include "core/buf.h"
#include "core/err.h"
#include "extractor/ios/pair.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <usbmuxd.h>

int kt_mux_address(bool *loopback, struct kt_err *err)
{
	static const char *const here[] = {"127.0.0.1:", "localhost:", "[::1]:"};
	const char *env = getenv("USBMUXD_SOCKET_ADDRESS");

	*loopback = false;
	if (env == NULL || *env == '\0' || strncmp(env, "UNIX:", 5) == 0)
		return 0;
	for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++)
		*loopback |= strncmp(env, here[i], strlen(here[i])) == 0;
	if (*loopback)
		return 0;
	return KT_FAIL(err, KT_E_REFUSED,
		       "USBMUXD_SOCKET_ADDRESS names another computer: Keten reads phones on its "
		       "own cable alone");
}

int kt_mux_list(struct kt_mux_phone v[KT_MUX_PHONES], size_t *n, struct kt_err *err)
{
	usbmuxd_device_info_t *list = NULL;
	bool loopback;
	int count, r = kt_mux_address(&loopback, err);

	*n = 0;
	if (r < 0)
		return r;
	count = usbmuxd_get_device_list(&list);
	if (count < 0)
		return KT_FAIL(err, KT_E_DEVICE, "usbmuxd can't be reached: is it running?");
	for (int i = 0; i < count && *n < KT_MUX_PHONES; i++) {
		size_t len = strnlen(list[i].udid, sizeof(list[i].udid));

		if (list[i].conn_type != CONNECTION_TYPE_USB || len == 0 || len >= KT_MUX_UDID)
			continue;
		memset(&v[*n], 0, sizeof(v[*n]));
		v[*n].handle = list[i].handle;
		v[*n].product = (uint16_t)list[i].product_id;
		memcpy(v[*n].udid, list[i].udid, len);
		(*n)++;
	}
	usbmuxd_device_list_free(&list);
	return 0;
}

int kt_mux_find(const char *udid, struct kt_mux_phone *p, struct kt_err *err)
{
	struct kt_mux_phone v[KT_MUX_PHONES];
	size_t n, hits = 0;
	int r = kt_mux_list(v, &n, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(v[i].udid, udid) != 0)
			continue;
		*p = v[i];
		hits++;
	}
	if (hits > 1)
		return KT_FAIL(err, KT_E_REFUSED, "two phones say that they are %.44s", udid);
	return hits == 1 ? 0 : KT_FAIL(err, KT_E_ABSENT, "no such iPhone on the cable");
}

int kt_mux_connect(uint32_t handle, uint16_t port, struct kt_err *err)
{
	int fd = usbmuxd_connect(handle, port);

	return fd >= 0 ? fd : KT_FAIL(err, KT_E_DEVICE, "the phone takes no connection");
}

int kt_mux_pair_record(const char *udid, struct kt_buf *out, struct kt_err *err)
{
	char *data = NULL;
	uint32_t n = 0;
	int r;

	if (usbmuxd_read_pair_record(udid, &data, &n) < 0 || data == NULL || n == 0) {
		free(data);
		return KT_FAIL(err, KT_E_ABSENT, "the computer was never paired with this phone");
	}
	r = n > KT_PAIR_MAX ? KT_FAIL(err, KT_E_LIMIT, "a pair record of %u bytes", n)
			    : kt_buf_put(out, data, n);
	OPENSSL_cleanse(data, n);
	free(data);
	return r;
}

void kt_mux_buid(char out[64])
{
	char *buid = NULL;

	snprintf(out, 64, "00000000-0000-4000-8000-000000000000");
	if (usbmuxd_read_buid(&buid) == 0 && buid != NULL && strlen(buid) < 64)
		snprintf(out, 64, "%s", buid);
	free(buid);
}
