/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The requests of requests.def as ids and rows. Wants (parsers/plugins.def) name them, the plan
 * carries them, keten-device alone turns one into words for the phone.
 */
#ifndef KT_CORE_REQUEST_H
#define KT_CORE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kt_request_id {
	KT_REQ_NONE = 0,
#define KT_SHELL(id, name, command, max_bytes, wall_s) KT_REQ_##id,
#define KT_ROOT(id, name, path)			       KT_REQ_##id,
#define KT_DROIDFILE(id, name, paths)		       KT_REQ_##id,
#define KT_MEDIA(id, name, path)		       KT_REQ_##id,
#define KT_IOSFILE(id, name, domain, path, reach)      KT_REQ_##id,
#define KT_VALUES(id, name, source, domain, keys)      KT_REQ_##id,
#define KT_HANDED(id, name)			       KT_REQ_##id,
#include "core/requests.def"
	KT_REQ_COUNT
};

enum kt_request_kind {
	KT_REQ_KIND_SHELL = 1,
	KT_REQ_KIND_ROOT,
	KT_REQ_KIND_DROIDFILE,
	KT_REQ_KIND_MEDIA,
	KT_REQ_KIND_IOSFILE,
	KT_REQ_KIND_VALUES,
	KT_REQ_KIND_HANDED,
};

/* What is read: bits, since a request can be there in several. */
enum kt_form {
	KT_FORM_PHONE = 1,    /* a phone on the cable */
	KT_FORM_BACKUP = 2,   /* a backup folder of an iPhone */
	KT_FORM_IMAGE = 4,    /* a file-system image: folder, tar, tar.gz, zip */
	KT_FORM_FILE = 8,     /* one file that the person handed over */
	KT_FORM_CARRIER = 16, /* a mounted SD card or USB stick */
};

enum kt_platform { KT_PLATFORM_ANDROID = 1, KT_PLATFORM_IOS = 2 };

/* In which kind of backup an iPhone's file can be at all. */
enum kt_reach { KT_REACH_ANY = 0, KT_REACH_ENCRYPTED, KT_REACH_IMAGE };

struct kt_request {
	enum kt_request_id id;
	enum kt_request_kind kind;
	const char *name;
	const char *text;   /* command, folder, path or keys */
	const char *domain; /* IOSFILE: backup domain; VALUES: lockdown domain; else NULL */
	const char *source; /* VALUES: where the keys are; else NULL */
	unsigned platform;  /* enum kt_platform, bits */
	unsigned forms;	    /* enum kt_form, bits */
	enum kt_reach reach;
	uint32_t max_bytes; /* SHELL: of stdout; VALUES */
	uint32_t wall_s;    /* SHELL, VALUES */
};

/* NULL when the id is unknown. Constant storage. */
const struct kt_request *kt_request_get(unsigned id);
/* "command", "folder", "image-file", "media", "file", "values", "handed"; "" for NULL. */
const char *kt_request_kind_name(const struct kt_request *q);
/* Word of one form ("phone", ...), NULL when unknown; and back, 0 when unknown. */
const char *kt_form_name(unsigned form);
unsigned kt_form_find(const char *name);
/* "android", "ios"; 0 when unknown. */
unsigned kt_platform_find(const char *name);

/* Reads a byte range of a file without its name in a command: operands travel on stdin. */
#define KT_RANGE_COMMAND "xargs -0 -n 3 dd iflag=skip_bytes,count_bytes bs=65536 status=none"

#endif
