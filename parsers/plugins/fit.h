/* SPDX-License-Identifier: EUPL-1.2 */
/* Between the files of the fit plugin: the reader's state, one message, and what is counted. */
#ifndef KT_PARSERS_PLUGINS_FIT_H
#define KT_PARSERS_PLUGINS_FIT_H

#include "parsers/sdk/keten_parser.h"

#define FIT_LOCALS  16u
#define FIT_BUFFER  ((size_t)160 << 10)
#define FIT_MESSAGE 65536u /* a longer message is no message */

struct fit_field {
	uint8_t num, size, type;
};

struct fit_definition {
	bool set, big_endian;
	uint16_t global;
	unsigned nfields;
	uint32_t size; /* bytes of a message, developer fields included */
	struct fit_field field[255];
};

/* One data message. */
struct fit_message {
	const struct fit_definition *def;
	const uint8_t *p;  /* its fields, def->size bytes */
	uint64_t off, len; /* with its header byte, in the unpacked artifact */
	bool has_time;
	uint32_t time; /* as in field 253 */
};

enum fit_skip { FIT_NO_POSITION, FIT_NOT_READ, FIT_OTHER_SENSOR, FIT_OTHER_EVENT, FIT_SKIPS };

struct fit {
	struct kt_ctx *ctx;
	struct kt_err *err;
	struct kt_json_src src;
	bool packed;
	uint8_t *buf; /* FIT_BUFFER */
	size_t pos, end;
	uint64_t base; /* offset of buf[0] */
	bool src_eof, src_broken;
	uint16_t crc, table[256];
	struct fit_definition local[FIT_LOCALS];
	bool has_time;
	uint32_t last_time;
	uint8_t file_type; /* of the last file_id; 0xff: not known */
	bool odd_noted, time_noted;
	struct {
		uint64_t n, off, len;
	} skip[FIT_SKIPS];
};

/* Gives one data message its end: a record, or a count in f->skip. 0 or negative. */
int kt_fit_message(struct fit *f, const struct fit_message *m);
void kt_fit_skip(struct fit *f, enum fit_skip why, const struct fit_message *m);
struct kt_locator kt_fit_locator(const struct fit *f, uint64_t off, uint64_t len);

#endif
