/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * iphone-drain: asks a phone for a full backup through Debian's libimobiledevice, answers every
 * message and keeps nothing. The bare loop that an acquisition is compared with, and a client
 * that can take a million files.
 * usage: iphone-drain [UDID]      prints files, bytes and messages; exit status 0: ended with 0
 */
#include <endian.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libimobiledevice/libimobiledevice.h>
#include <libimobiledevice/lockdown.h>
#include <libimobiledevice/mobilebackup2.h>

#define SPACE ((uint64_t)1 << 40)

struct drain {
	mobilebackup2_client_t mb;
	uint64_t files, bytes, messages;

	char buf[65536];
};

/*
 * Exactly n bytes, thrown away when p is NULL. The library gives what there is, up to what is
 * asked for: never ask for more than belongs to the files, or a plist is swallowed.
 */
static int take(struct drain *d, void *p, uint32_t n)
{
	uint32_t done = 0, empty = 0;

	while (done < n && empty < 30) {
		uint32_t got = 0,
			 want = n - done < sizeof(d->buf) ? n - done : (uint32_t)sizeof(d->buf);

		mobilebackup2_receive_raw(d->mb, p ? (char *)p + done : d->buf, want, &got);
		done += got;
		empty = got ? 0 : empty + 1;
	}
	return done == n ? 0 : -1;
}

static int take_name(struct drain *d, uint32_t *n)
{
	char name[4096];

	if (take(d, n, 4) < 0)
		return -1;
	*n = be32toh(*n);
	return *n > sizeof(name) ? -1 : take(d, name, *n);
}

static int take_files(struct drain *d)
{
	uint32_t n = 0;

	for (;;) {
		uint8_t code = 0x0c;

		if (take_name(d, &n) < 0)
			return -1;
		if (!n)
			return 0;
		if (take_name(d, &n) < 0)
			return -1;
		while (code == 0x0c) {
			if (take(d, &n, 4) < 0 || take(d, &code, 1) < 0)
				return -1;
			n = be32toh(n) - 1;
			if (take(d, NULL, n) < 0)
				return -1;
			d->bytes += n;
		}
		d->files++;
	}
}

/* Says of every file that was asked for that it is not there. */
static int send_nothing(struct drain *d, plist_t message)
{
	static const char no[] = "\0\0\0\x1a\x06No such file or directory";
	plist_t list = plist_array_get_item(message, 1), errors = plist_new_dict();
	uint32_t sent;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < plist_array_get_size(list); i++) {
		plist_t one = plist_new_dict();
		char *name = NULL;
		uint32_t n;

		plist_get_string_val(plist_array_get_item(list, i), &name);
		n = htobe32((uint32_t)strlen(name));
		mobilebackup2_send_raw(d->mb, (const char *)&n, 4, &sent);
		mobilebackup2_send_raw(d->mb, name, (uint32_t)strlen(name), &sent);
		r = mobilebackup2_send_raw(d->mb, no, sizeof(no) - 1, &sent);
		plist_dict_set_item(one, "DLFileErrorString", plist_new_string("No such file"));
		plist_dict_set_item(one, "DLFileErrorCode", plist_new_uint((uint64_t)-6));
		plist_dict_set_item(errors, name, one);
		free(name);
	}
	mobilebackup2_send_raw(d->mb, "\0\0\0\0", 4, &sent);
	r = mobilebackup2_send_status_response(d->mb, -13, "Multi status", errors);
	plist_free(errors);
	return r == MOBILEBACKUP2_E_SUCCESS ? 0 : -1;
}

static int answer(struct drain *d, const char *name, plist_t message)
{
	plist_t value = NULL;
	int r;

	if (!strcmp(name, "DLMessageDownloadFiles"))
		return send_nothing(d, message);
	if (!strcmp(name, "DLMessageUploadFiles") && take_files(d) < 0)
		return -1;
	value = !strcmp(name, "DLMessageGetFreeDiskSpace") ? plist_new_uint(SPACE)
							   : plist_new_dict();
	r = mobilebackup2_send_status_response(
		d->mb, strcmp(name, "DLMessagePurgeDiskSpace") ? 0 : -1, NULL, value);
	plist_free(value);
	return r == MOBILEBACKUP2_E_SUCCESS ? 0 : -1;
}

static int drain(struct drain *d)
{
	for (unsigned quiet = 0; quiet < 20;) {
		plist_t message = NULL, code;
		char *name = NULL;
		uint64_t error = 0;
		int r;

		mobilebackup2_receive_message(d->mb, &message, &name);
		if (!message || !name) {
			quiet++;
			continue;
		}
		quiet = 0;
		d->messages++;
		if (!strcmp(name, "DLMessageProcessMessage")) {
			code = plist_dict_get_item(plist_array_get_item(message, 1), "ErrorCode");
			if (code)
				plist_get_uint_val(code, &error);
			free(name);
			plist_free(message);
			return error ? -(int)error : 0;
		}
		r = answer(d, name, message);
		free(name);
		plist_free(message);
		if (r < 0)
			break;
	}
	return -1;
}

int main(int argc, char **argv)
{
	static struct drain d;
	idevice_t phone = NULL;
	lockdownd_client_t lockdown = NULL;
	lockdownd_service_descriptor_t service = NULL;
	double versions[] = {2.0, 2.1}, agreed = 0;
	plist_t options = plist_new_dict();
	char *udid = NULL;
	int r = -1;

	signal(SIGPIPE, SIG_IGN);
	plist_dict_set_item(options, "ForceFullBackup", plist_new_bool(1));
	if (idevice_new(&phone, argc > 1 ? argv[1] : NULL) == IDEVICE_E_SUCCESS &&
	    idevice_get_udid(phone, &udid) == IDEVICE_E_SUCCESS &&
	    lockdownd_client_new_with_handshake(phone, &lockdown, "iphone-drain") ==
		    LOCKDOWN_E_SUCCESS &&
	    lockdownd_start_service_with_escrow_bag(lockdown, MOBILEBACKUP2_SERVICE_NAME,
						    &service) == LOCKDOWN_E_SUCCESS &&
	    mobilebackup2_client_new(phone, service, &d.mb) == MOBILEBACKUP2_E_SUCCESS &&
	    mobilebackup2_version_exchange(d.mb, versions, 2, &agreed) == MOBILEBACKUP2_E_SUCCESS &&
	    mobilebackup2_send_request(d.mb, "Backup", udid, udid, options) ==
		    MOBILEBACKUP2_E_SUCCESS)
		r = drain(&d);
	printf("files %" PRIu64 " bytes %" PRIu64 " messages %" PRIu64 " result %d\n", d.files,
	       d.bytes, d.messages, r);
	plist_free(options);
	free(udid);
	if (d.mb)
		mobilebackup2_client_free(d.mb);
	if (service)
		lockdownd_service_descriptor_free(service);
	if (lockdown)
		lockdownd_client_free(lockdown);
	if (phone)
		idevice_free(phone);
	return r == 0 ? 0 : 1;
}
