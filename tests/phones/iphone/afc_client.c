/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * iphone-afc: lists and reads a phone's Media folder through Debian's libimobiledevice, to prove
 * the simulated phone with code that knows nothing of it. Debian has no such command.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libimobiledevice/afc.h>
#include <libimobiledevice/libimobiledevice.h>
#include <libimobiledevice/lockdown.h>

static int print_list(afc_error_t e, char **list)
{
	if (e != AFC_E_SUCCESS) {
		fprintf(stderr, "error %d\n", (int)e);
		return 1;
	}
	for (char **p = list; p && *p; p++)
		puts(*p);
	afc_dictionary_free(list);
	return 0;
}

static int copy(afc_client_t afc, const char *path, int64_t skip)
{
	uint64_t handle = 0, at = 0;
	uint32_t n = 0;
	char buf[65536];
	afc_error_t e = afc_file_open(afc, path, AFC_FOPEN_RDONLY, &handle);

	if (e == AFC_E_SUCCESS && skip)
		e = afc_file_seek(afc, handle, skip, SEEK_SET);
	if (e == AFC_E_SUCCESS && skip)
		e = afc_file_tell(afc, handle, &at);
	if (e != AFC_E_SUCCESS || at != (uint64_t)skip) {
		fprintf(stderr, "error %d at %" PRIu64 "\n", (int)e, at);
		return 1;
	}
	while ((e = afc_file_read(afc, handle, buf, sizeof(buf), &n)) == AFC_E_SUCCESS && n)
		fwrite(buf, 1, n, stdout);
	afc_file_close(afc, handle);
	return e == AFC_E_SUCCESS || e == AFC_E_END_OF_DATA ? 0 : 1;
}

static int run(afc_client_t afc, int argc, char **argv)
{
	char **list = NULL;
	afc_error_t e;

	if (!strcmp(argv[1], "device")) {
		e = afc_get_device_info(afc, &list);
		return print_list(e, list);
	}
	if (argc > 2 && !strcmp(argv[1], "ls")) {
		e = afc_read_directory(afc, argv[2], &list);
		return print_list(e, list);
	}
	if (argc > 2 && !strcmp(argv[1], "info")) {
		e = afc_get_file_info(afc, argv[2], &list);
		return print_list(e, list);
	}
	if (argc > 2 && !strcmp(argv[1], "cat"))
		return copy(afc, argv[2], argc > 3 ? strtoll(argv[3], NULL, 10) : 0);
	if (argc > 2 && !strcmp(argv[1], "rm"))
		return afc_remove_path(afc, argv[2]) != AFC_E_SUCCESS;
	if (argc > 2 && !strcmp(argv[1], "mkdir"))
		return afc_make_directory(afc, argv[2]) != AFC_E_SUCCESS;
	return 2;
}

int main(int argc, char **argv)
{
	idevice_t phone = NULL;
	lockdownd_client_t lockdown = NULL;
	lockdownd_service_descriptor_t service = NULL;
	afc_client_t afc = NULL;
	int r = 3;

	if (argc < 2) {
		fputs("usage: iphone-afc device | ls DIR | info PATH | cat PATH [SKIP] | rm PATH\n",
		      stderr);
		return 2;
	}
	if (idevice_new(&phone, NULL) == IDEVICE_E_SUCCESS &&
	    lockdownd_client_new_with_handshake(phone, &lockdown, "iphone-afc") ==
		    LOCKDOWN_E_SUCCESS &&
	    lockdownd_start_service(lockdown, AFC_SERVICE_NAME, &service) == LOCKDOWN_E_SUCCESS &&
	    afc_client_new(phone, service, &afc) == AFC_E_SUCCESS)
		r = run(afc, argc, argv);
	afc_client_free(afc);
	if (service)
		lockdownd_service_descriptor_free(service);
	lockdownd_client_free(lockdown);
	idevice_free(phone);
	return r;
}
