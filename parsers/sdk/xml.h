/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * XML as a stream, by expat inside the sandbox: elements and text come one by one, so that a file of
 * any size passes in constant memory. A document type with entity declarations ends the reading:
 * no track or settings file needs one.
 */
#ifndef KT_PARSERS_SDK_XML_H
#define KT_PARSERS_SDK_XML_H

#include "parsers/sdk/keten_parser.h"

#define KT_XML_DEPTH	64u
#define KT_XML_TEXT_MAX 4096u

enum kt_xml_ev { KT_XML_END = 0, KT_XML_OPEN, KT_XML_CLOSE };

struct kt_xml_attr {
	struct kt_str name, value; /* without prefix; UTF-8 */
};

struct kt_xml; /* a reader */

/*
 * Event by event. OPEN: name (without prefix), attributes; CLOSE: name, and text: the character data
 * directly inside the element that just closed (of elements without children: their content), white
 * space at both ends removed, cut at KT_XML_TEXT_MAX (text_cut). Attribute values are cut there too;
 * more than 64 attributes, or a tag or comment of more than 1 MiB, end the reading with KT_E_LIMIT.
 */
struct kt_xml_event {
	enum kt_xml_ev kind;
	struct kt_str name;
	unsigned depth; /* of this element, the root is 1 */
	const struct kt_xml_attr *attr;
	unsigned nattr;
	struct kt_str text;
	bool text_cut;
	uint64_t off; /* byte offset of the tag in the source; CLOSE: of the end of the element */
	uint64_t open_off; /* CLOSE: where the element began */
};

/* src: any sequential source, kt_in_json() of the artifact or a member of an archive. Owned *x. */
int kt_xml_open(struct kt_json_src src, struct kt_xml **x, struct kt_err *err);
/*
 * Other limits than KT_XML_DEPTH and KT_XML_TEXT_MAX (which hold for attributes in any case), and text
 * with its white space; before the first kt_xml_next(). 0 or KT_E_NOMEM.
 */
int kt_xml_set(struct kt_xml *x, unsigned depth, size_t text_max, bool keep_blanks,
	       struct kt_err *err);
void kt_xml_close(struct kt_xml **x);
/*
 * 1: an event, borrowed until the next call; 0: the document is complete, nothing follows;
 * KT_E_FORMAT (text says what and at which byte; what came before stays), KT_E_LIMIT, KT_E_NOMEM, or
 * the source's code.
 */
int kt_xml_next(struct kt_xml *x, struct kt_xml_event *ev, struct kt_err *err);
/* Attribute by name, len 0 and p NULL when it is not there. */
struct kt_str kt_xml_attr(const struct kt_xml_event *ev, const char *name);

#endif
