/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Property lists out of a backup, of arbitrary bytes: what passes our checks goes through libplist as
 * in keten-device, and only keys that were asked for come out.
 */
#include "core/buf.h"
#include "core/err.h"
#include "extractor/image/plist.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct kt_mbfile f;
	struct kt_buf out;
	char text[64];
	bool yes;

	kt_buf_init(&out, 0);
	if (kt_mbfile_read(data, n, &f) && strlen(f.target) >= sizeof(f.target))
		abort();
	if (kt_plist_values(data, n, "info.plist", "", "Device Name|IMEI|Lockdown/DeviceName", &out,
			    NULL) == 0) {
		/* it is a list itself, with just two keys at its top */
		if (out.failed || out.len == 0 || kt_plist_check(out.p, out.len, NULL) != 0 ||
		    !kt_plist_path_text(out.p, out.len, "keten-values/source", text, sizeof(text)))
			abort();
		if (strcmp(text, "info.plist") != 0)
			abort();
	}
	kt_plist_path_bool(data, n, "IsEncrypted", &yes);
	kt_plist_path_text(data, n, "Lockdown/UniqueDeviceID", text, sizeof(text));
	kt_buf_free(&out);
	return 0;
}
