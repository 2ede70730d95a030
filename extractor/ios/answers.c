/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * What the phone asks during a backup, and what it is told. It believes that a folder is filled: of
 * that folder only names and sizes exist. The messages are read where they lie, without libplist:
 * one that moves a million files would cost half a gigabyte as a tree.
 */
#include "core/err.h"
#include "core/json.h"
#include "extractor/image/plist.h"
#include "extractor/ios/stream_i.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTHING	     "___EmptyParameterString___"
#define LISTING_MAX  200000u /* files in one folder: a 256th of the largest backups, many times */
#define NAMES_MAX    100000u /* files that the phone may ask for at once */
#define LARGE_MAX    ((uint32_t)1 << 30)
#define WINDOW	     ((size_t)64 << 10)
#define HEX_ID	     40u
#define CODE_ABSENT  (-6)
#define CODE_REFUSED (-1)
#define CODE_MULTI   (-13)

static const char *const specials[KT_STREAM_SPECIALS] = {
	"Manifest.db",	   "Manifest.plist",  "Status.plist",	    "Info.plist",
	"Manifest.db-wal", "Manifest.db-shm", "Manifest.plist-wal", "Manifest.plist-shm"};

/* -- names ------------------------------------------------------------------------------------ */

static int hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool hex_byte(const uint8_t *p, uint8_t *v)
{
	int a = hex_digit(p[0]), b = hex_digit(p[1]);

	if (a < 0 || b < 0)
		return false;
	*v = (uint8_t)(a << 4 | b);
	return true;
}

/* "ab/abcd..."; n bytes are there, exactly 43 are read. */
static bool parse_id(const uint8_t *p, size_t n, uint8_t id[KT_NAMES_ID])
{
	uint8_t first;

	if (n < 3 + HEX_ID || p[2] != '/' || !hex_byte(p, &first))
		return false;
	for (unsigned i = 0; i < KT_NAMES_ID; i++)
		if (!hex_byte(p + 3 + 2 * (size_t)i, &id[i]))
			return false;
	return id[0] == first;
}

static bool equals(const uint8_t *p, size_t n, const char *text)
{
	return strlen(text) == n && memcmp(p, text, n) == 0;
}

void kt_dl_parse(const char *udid, const uint8_t *p, size_t n, struct kt_dl_path *out)
{
	size_t k = strlen(udid);

	memset(out, 0, sizeof(*out));
	out->special = -1;
	if (n < k || memcmp(p, udid, k) != 0)
		return;
	p += k;
	n -= k;
	if (n == 0 || equals(p, n, "/")) {
		out->what = KT_DL_TOP;
		return;
	}
	if (*p != '/')
		return;
	p++;
	n--;
	if (equals(p, n, "Snapshot") || equals(p, n, "Snapshot/")) {
		out->what = KT_DL_SNAPSHOT;
		return;
	}
	if (n > 9 && memcmp(p, "Snapshot/", 9) == 0) {
		out->in_snapshot = true;
		p += 9;
		n -= 9;
	}
	if (n == 3 + HEX_ID && parse_id(p, n, out->id)) {
		out->what = KT_DL_FILE;
		return;
	}
	if ((n == 2 || (n == 3 && p[2] == '/')) && hex_byte(p, &out->id[0])) {
		out->what = KT_DL_FOLDER;
		return;
	}
	for (int i = 0; i < KT_STREAM_SPECIALS; i++) {
		if (!equals(p, n, specials[i]))
			continue;
		out->what = KT_DL_SPECIAL;
		out->special = i;
	}
}

/* -- reading the message ---------------------------------------------------------------------- */

struct dl {
	struct kt_bpl b;
	struct kt_bpl_obj root;
	char name[64];
};

/* DeviceLink speaks binary; an XML list is checked and made binary. */
static int make_binary(struct kt_stream *st, struct kt_err *err)
{
	plist_t node = NULL;
	char *bin = NULL;
	uint32_t n = 0;
	int r = kt_plist_check(st->msg.p, st->msg.len, err);

	if (r < 0)
		return r;
	plist_from_xml((const char *)st->msg.p, (uint32_t)st->msg.len, &node);
	if (node != NULL)
		plist_to_bin(node, &bin, &n);
	plist_free(node);
	kt_buf_reset(&st->msg);
	if (bin == NULL || kt_buf_put(&st->msg, bin, n) < 0)
		r = KT_FAIL(err, KT_E_FORMAT, "the phone sends a message that is no property list");
	free(bin);
	return r;
}

static bool item(const struct dl *m, uint64_t i, struct kt_bpl_obj *o)
{
	uint64_t index;

	return kt_bpl_ref(&m->b, &m->root, i, &index) && kt_bpl_get(&m->b, index, o);
}

static int open_message(struct kt_stream *st, struct dl *m, struct kt_err *err)
{
	struct kt_bpl_obj name;
	int r = 0;

	if (st->msg.len < 8 || memcmp(st->msg.p, "bplist", 6) != 0)
		r = make_binary(st, err);
	if (r < 0)
		return r;
	if (!kt_bpl_open(&m->b, st->msg.p, st->msg.len) ||
	    !kt_bpl_get(&m->b, m->b.root, &m->root) || m->root.kind != KT_BPL_ARRAY ||
	    !item(m, 0, &name) || name.kind != KT_BPL_ASCII || name.len >= sizeof(m->name))
		return KT_FAIL(err, KT_E_FORMAT, "the phone sends a message without a name");
	memcpy(m->name, m->b.p + name.at, (size_t)name.len);
	m->name[name.len] = '\0';
	return 0;
}

/* A text as UTF-8; false when it is none, or too long. */
static bool text_of(const struct kt_bpl *b, const struct kt_bpl_obj *o, uint8_t *out, size_t size,
		    size_t *n)
{
	const uint8_t *p = b->p + o->at;

	*n = 0;
	if (o->kind == KT_BPL_ASCII && o->len < size) {
		memcpy(out, p, (size_t)o->len);
		*n = (size_t)o->len;
		return true;
	}
	if (o->kind != KT_BPL_UTF16 || o->len >= size / 4)
		return false;
	for (uint64_t i = 0; i < o->len; i++) {
		uint32_t c = kt_get_be16(p + 2 * i);

		if (c >= 0xd800 && c < 0xdc00 && i + 1 < o->len) {
			uint32_t low = kt_get_be16(p + 2 * i + 2);

			if (low >= 0xdc00 && low < 0xe000) {
				c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
				i++;
			}
		}
		*n += kt_utf8_put(out + *n, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
	}
	return true;
}

static bool path_of(const struct kt_stream *st, const struct kt_bpl *b, const struct kt_bpl_obj *o,
		    struct kt_dl_path *path)
{
	if (o->kind != KT_BPL_ASCII)
		return false;
	kt_dl_parse(st->o.link->phone.udid, b->p + o->at, (size_t)o->len, path);
	return true;
}

/* -- answers ---------------------------------------------------------------------------------- */

int kt_dl_status(struct kt_stream *st, int64_t code, const char *text, plist_t value,
		 struct kt_err *err)
{
	plist_t m = plist_new_array();
	int r;

	plist_array_append_item(m, plist_new_string("DLMessageStatusResponse"));
	plist_array_append_item(m, plist_new_uint((uint64_t)code));
	plist_array_append_item(m, plist_new_string(text != NULL ? text : NOTHING));
	plist_array_append_item(m, value != NULL ? value : plist_new_string(NOTHING));
	r = kt_ios_send(&st->o.link->allow, &st->w, KT_IOS_BACKUP, m,
			kt_wire_now() + KT_STREAM_IDLE_MS, err);
	plist_free(m);
	return r;
}

static int say_ok(struct kt_stream *st, const struct dl *m, struct kt_err *err)
{
	(void)m;
	return kt_dl_status(st, 0, NULL, plist_new_dict(), err);
}

static int say_absent(struct kt_stream *st, struct kt_err *err)
{
	return kt_dl_status(st, CODE_ABSENT, "No such file or directory", plist_new_dict(), err);
}

/* The phone asks for files of an older backup: there is none. */
static int no_files(struct kt_stream *st, const struct dl *m, struct kt_err *err)
{
	plist_t errors = plist_new_dict();
	struct kt_bpl_obj list, o;
	uint64_t index;
	int r = 0;

	if (!item(m, 1, &list) || list.kind != KT_BPL_ARRAY || list.len > NAMES_MAX)
		list.len = 0;
	for (uint64_t i = 0; r == 0 && i < list.len; i++) {
		int64_t deadline = kt_wire_now() + KT_STREAM_IDLE_MS;
		uint8_t name[KT_DEV_PATH_MAX + 1];
		plist_t one;
		size_t n;

		if (!kt_bpl_ref(&m->b, &list, i, &index) || !kt_bpl_get(&m->b, index, &o) ||
		    !text_of(&m->b, &o, name, sizeof(name), &n))
			continue;
		name[n] = '\0';
		r = kt_ios_send_no_file(&st->w, name, n, deadline, err);
		one = plist_new_dict();
		plist_dict_set_item(one, "DLFileErrorString",
				    plist_new_string("No such file or directory"));
		plist_dict_set_item(one, "DLFileErrorCode",
				    plist_new_uint((uint64_t)(int64_t)CODE_ABSENT));
		plist_dict_set_item(errors, (const char *)name, one);
	}
	if (r == 0)
		r = kt_ios_send_no_more(&st->w, kt_wire_now() + KT_STREAM_IDLE_MS, err);
	if (r == 0)
		return kt_dl_status(st, CODE_MULTI, "Multi status", errors, err);
	plist_free(errors);
	return r;
}

/* -- listings --------------------------------------------------------------------------------- */

struct listing {
	plist_t dict;
	uint32_t n;
};

static void list_one(struct listing *l, const char *name, bool folder, uint64_t size)
{
	plist_t one = plist_new_dict();

	plist_dict_set_item(one, "DLFileType",
			    plist_new_string(folder ? "DLFileTypeDirectory" : "DLFileTypeRegular"));
	plist_dict_set_item(one, "DLFileSize", plist_new_uint(size));
	plist_dict_set_item(one, "DLFileModificationDate", plist_new_date(0, 0));
	plist_dict_set_item(l->dict, name, one);
	l->n++;
}

static int list_file(void *arg, const uint8_t id[KT_NAMES_ID], uint64_t size)
{
	struct listing *l = arg;
	char hex[2 * KT_NAMES_ID + 1];

	if (l->n == LISTING_MAX)
		return KT_E_LIMIT;
	list_one(l, kt_hex(id, KT_NAMES_ID, hex), false, size);
	return 0;
}

static void list_folders(struct kt_stream *st, struct listing *l, bool in_snapshot)
{
	int where = in_snapshot ? 0 : 1;
	char name[3];

	for (unsigned i = 0; i < 256; i++) {
		uint8_t b = (uint8_t)i;

		if (st->names.made[where][i])
			list_one(l, kt_hex(&b, 1, name), true, 0);
	}
	for (int i = 0; i < KT_STREAM_SPECIALS; i++)
		if (st->special_here[in_snapshot][i])
			list_one(l, specials[i], false, st->special_size[in_snapshot][i]);
	if (!in_snapshot)
		list_one(l, "Snapshot", true, 0);
}

static int list_folder(struct kt_stream *st, const struct dl *m, struct kt_err *err)
{
	struct listing l = {.dict = plist_new_dict()};
	struct kt_dl_path path;
	struct kt_bpl_obj o;
	int r = 0;

	if (!item(m, 1, &o) || !path_of(st, &m->b, &o, &path))
		path.what = KT_DL_OTHER;
	if (path.what == KT_DL_TOP)
		list_folders(st, &l, false);
	else if (path.what == KT_DL_SNAPSHOT)
		list_folders(st, &l, true);
	else if (path.what == KT_DL_FOLDER)
		r = kt_names_each(&st->names, path.id[0],
				  path.in_snapshot ? KT_NAME_SNAPSHOT : KT_NAME_FINAL, list_file,
				  &l);
	if (r < 0) {
		plist_free(l.dict);
		return kt_dl_status(st, CODE_REFUSED, "Too many files", plist_new_dict(), err);
	}
	return kt_dl_status(st, 0, NULL, l.dict, err);
}

static int make_folder(struct kt_stream *st, const struct dl *m, struct kt_err *err)
{
	struct kt_dl_path path;
	struct kt_bpl_obj o;

	if (item(m, 1, &o) && path_of(st, &m->b, &o, &path) && path.what == KT_DL_FOLDER)
		st->names.made[path.in_snapshot ? 0 : 1][path.id[0]] = true;
	return say_ok(st, m, err);
}

static int free_space(struct kt_stream *st, const struct dl *m, struct kt_err *err)
{
	(void)m;
	return kt_dl_status(st, 0, NULL, plist_new_uint(st->o.free_bytes), err);
}

/* A phone that finds the space small asks its host to make some: answered, never done. */
static int no_purge(struct kt_stream *st, const struct dl *m, struct kt_err *err)
{
	(void)m;
	return kt_dl_status(st, CODE_REFUSED, "Operation not supported", plist_new_uint(0), err);
}

static int receive_files(struct kt_stream *st, const struct dl *m, struct kt_err *err)
{
	(void)m;
	(void)err;
	st->phase = KT_STREAM_FILES;
	return 0;
}

/* -- moves and removals ----------------------------------------------------------------------- */

static uint8_t place(const struct kt_dl_path *p)
{
	return p->in_snapshot ? KT_NAME_SNAPSHOT : KT_NAME_FINAL;
}

/* False: what is to be moved is not there. Names that are none of ours can be moved at will. */
static bool move_one(struct kt_stream *st, const struct kt_dl_path *from,
		     const struct kt_dl_path *to, bool copy)
{
	if (from->what == KT_DL_SPECIAL && to->what == KT_DL_SPECIAL) {
		if (!st->special_here[from->in_snapshot][from->special])
			return false;
		st->special_here[to->in_snapshot][to->special] = true;
		st->special_size[to->in_snapshot][to->special] =
			st->special_size[from->in_snapshot][from->special];
		if (!copy)
			st->special_here[from->in_snapshot][from->special] = false;
		return true;
	}
	if (from->what != KT_DL_FILE)
		return true;
	/* a file's name is its ID: it can't become another one */
	if (to->what != KT_DL_FILE || memcmp(from->id, to->id, KT_NAMES_ID) != 0)
		return false;
	st->names.made[to->in_snapshot ? 0 : 1][to->id[0]] = true;
	return kt_names_move(&st->names, from->id, copy ? 0xff : place(from), place(to));
}

static int move_files(struct kt_stream *st, const struct dl *m, struct kt_err *err)
{
	struct kt_bpl_obj dict, o;
	uint64_t index, missing = 0;

	if (!item(m, 1, &dict) || dict.kind != KT_BPL_DICT)
		return kt_dl_status(st, CODE_REFUSED, "Invalid argument", plist_new_dict(), err);
	for (uint64_t i = 0; i < dict.len; i++) {
		struct kt_dl_path from, to;

		if (!kt_bpl_ref(&m->b, &dict, i, &index) || !kt_bpl_get(&m->b, index, &o) ||
		    !path_of(st, &m->b, &o, &from) || !kt_bpl_value(&m->b, &dict, i, &o) ||
		    !path_of(st, &m->b, &o, &to))
			continue;
		missing += !move_one(st, &from, &to, false);
	}
	st->unknown_moves += missing;
	return missing > 0 ? say_absent(st, err) : say_ok(st, m, err);
}

static int copy_item(struct kt_stream *st, const struct dl *m, struct kt_err *err)
{
	struct kt_dl_path from, to;
	struct kt_bpl_obj a, b;

	if (!item(m, 1, &a) || !item(m, 2, &b) || !path_of(st, &m->b, &a, &from) ||
	    !path_of(st, &m->b, &b, &to))
		return say_ok(st, m, err);
	if (from.what == KT_DL_FILE && to.what == KT_DL_FILE &&
	    memcmp(from.id, to.id, KT_NAMES_ID) == 0) {
		uint64_t size;
		uint8_t flags;

		if (!kt_names_get(&st->names, from.id, &size, &flags))
			return say_absent(st, err);
		kt_names_move(&st->names, from.id, 0xff, flags | place(&to));
		return say_ok(st, m, err);
	}
	return move_one(st, &from, &to, true) ? say_ok(st, m, err) : say_absent(st, err);
}

static void remove_one(struct kt_stream *st, const struct kt_dl_path *p)
{
	switch (p->what) {
	case KT_DL_FILE:
		kt_names_move(&st->names, p->id, place(p), 0);
		break;
	case KT_DL_SPECIAL:
		st->special_here[p->in_snapshot][p->special] = false;
		break;
	case KT_DL_SNAPSHOT:
		/* files that were never put in place go with their folder */
		st->left_in_snapshot += st->names.in_snapshot;
		break;
	default:
		break;
	}
}

static int remove_files(struct kt_stream *st, const struct dl *m, struct kt_err *err)
{
	struct kt_bpl_obj list, o;
	struct kt_dl_path path;
	uint64_t index;

	if (!item(m, 1, &list) || list.kind != KT_BPL_ARRAY)
		return say_ok(st, m, err);
	for (uint64_t i = 0; i < list.len; i++)
		if (kt_bpl_ref(&m->b, &list, i, &index) && kt_bpl_get(&m->b, index, &o) &&
		    path_of(st, &m->b, &o, &path))
			remove_one(st, &path);
	return say_ok(st, m, err);
}

/* -- the end ---------------------------------------------------------------------------------- */

static void printable(char *p)
{
	for (; *p != '\0'; p++)
		if ((uint8_t)*p < 0x20 || (uint8_t)*p > 0x7e)
			*p = '?';
}

static int the_end(struct kt_stream *st, const struct dl *m, struct kt_err *err)
{
	struct kt_bpl_obj dict, o;
	size_t n;

	(void)err;
	st->phase = KT_STREAM_OVER;
	st->end_code = -1;
	snprintf(st->end_text, sizeof(st->end_text), "without a word");
	if (!item(m, 1, &dict) || dict.kind != KT_BPL_DICT)
		return 0;
	if (!kt_bpl_find(&m->b, &dict, "ErrorCode", &o) || !kt_bpl_int(&m->b, &o, &st->end_code))
		st->end_code = -1;
	if (kt_bpl_find(&m->b, &dict, "ErrorDescription", &o) &&
	    text_of(&m->b, &o, (uint8_t *)st->end_text, sizeof(st->end_text) - 1, &n)) {
		st->end_text[n] = '\0';
		printable(st->end_text);
	}
	return 0;
}

static int hung_up(struct kt_stream *st, const struct dl *m, struct kt_err *err)
{
	(void)m;
	(void)err;
	st->phase = KT_STREAM_OVER;
	st->end_code = -1;
	snprintf(st->end_text, sizeof(st->end_text), "the phone said goodbye");
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct kt_stream *st, const struct dl *m, struct kt_err *err);
} answers[] = {
	{"DLMessageUploadFiles", receive_files}, {"DLMessageDownloadFiles", no_files},
	{"DLContentsOfDirectory", list_folder},	 {"DLMessageGetFreeDiskSpace", free_space},
	{"DLMessagePurgeDiskSpace", no_purge},	 {"DLMessageCreateDirectory", make_folder},
	{"DLMessageMoveItems", move_files},	 {"DLMessageMoveFiles", move_files},
	{"DLMessageRemoveItems", remove_files},	 {"DLMessageRemoveFiles", remove_files},
	{"DLMessageCopyItem", copy_item},	 {"DLMessageProcessMessage", the_end},
	{"DLMessageDisconnect", hung_up},
};

int kt_dl_answer(struct kt_stream *st, struct kt_err *err)
{
	struct dl m;
	int r = open_message(st, &m, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (strcmp(answers[i].name, m.name) == 0)
			return answers[i].run(st, &m, err);
	st->unknown++;
	return kt_dl_status(st, CODE_REFUSED, "Operation not supported", plist_new_dict(), err);
}

int kt_dl_expect(struct kt_stream *st, const char *name, struct kt_err *err)
{
	uint8_t head[4];
	uint32_t n;
	struct dl m;
	int64_t deadline = kt_wire_now() + KT_STREAM_IDLE_MS;
	int r = kt_wire_read(&st->w, head, sizeof(head), deadline, err);

	if (r < 0)
		return r;
	n = kt_get_be32(head);
	if (n > KT_STREAM_MESSAGE)
		return KT_FAIL(err, KT_E_FORMAT, "%s: the phone announces %u bytes", name, n);
	kt_buf_reset(&st->msg);
	if (kt_buf_reserve(&st->msg, n) < 0)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a message");
	r = kt_wire_read(&st->w, st->msg.p, n, deadline, err);
	if (r < 0)
		return r;
	st->msg.len = n;
	r = open_message(st, &m, err);
	if (r == 0 && strcmp(m.name, name) != 0)
		r = KT_FAIL(err, KT_E_FORMAT, "the phone says %s where %s comes", m.name, name);
	return r;
}

int64_t kt_dl_number(struct kt_stream *st, const char *key, int64_t otherwise)
{
	struct kt_bpl_obj dict, o;
	struct dl m;
	int64_t v;

	if (open_message(st, &m, NULL) < 0 || !item(&m, 1, &dict) || dict.kind != KT_BPL_DICT ||
	    !kt_bpl_find(&m.b, &dict, key, &o) || !kt_bpl_int(&m.b, &o, &v))
		return otherwise;
	return v;
}

/* -- messages that are too large to keep ------------------------------------------------------ */

enum large { LARGE_OTHER = 0, LARGE_MOVE, LARGE_REMOVE };

struct scan {
	struct kt_stream *st;
	const char *udid;
	enum large kind;
	uint64_t missing;
};

static bool contains(const uint8_t *p, size_t n, const char *text)
{
	return memmem(p, n, text, strlen(text)) != NULL;
}

/* Encoders write an array before its items: the name stands near the beginning. */
static enum large recognise(const uint8_t *p, size_t n)
{
	if (contains(p, n, "DLMessageMoveItems") || contains(p, n, "DLMessageMoveFiles"))
		return LARGE_MOVE;
	if (contains(p, n, "DLMessageRemoveItems") || contains(p, n, "DLMessageRemoveFiles"))
		return LARGE_REMOVE;
	return LARGE_OTHER;
}

/*
 * A name in the window. Both names of a move carry the same ID; it is done when its second name,
 * outside of the snapshot, is met.
 */
static void on_name(struct scan *s, const uint8_t *p, size_t n)
{
	static const char snapshot[] = "/Snapshot/";
	bool in_snapshot =
		n > sizeof(snapshot) - 1 && memcmp(p, snapshot, sizeof(snapshot) - 1) == 0;
	size_t skip = in_snapshot ? sizeof(snapshot) - 1 : 1;
	struct kt_dl_path path = {.what = KT_DL_FILE, .in_snapshot = in_snapshot, .special = -1};
	uint64_t size;
	uint8_t flags;

	if (n < skip || *p != '/' || !parse_id(p + skip, n - skip, path.id))
		return;
	if (s->kind == LARGE_REMOVE) {
		remove_one(s->st, &path);
		return;
	}
	if (in_snapshot)
		return;
	s->st->names.made[1][path.id[0]] = true;
	if (!kt_names_move(&s->st->names, path.id, KT_NAME_SNAPSHOT, KT_NAME_FINAL) &&
	    !kt_names_get(&s->st->names, path.id, &size, &flags))
		s->missing++;
}

/* Looks at n bytes; returns how many of them are done with. last: nothing follows. */
static size_t look_through(struct scan *s, const uint8_t *p, size_t n, bool last)
{
	size_t k = strlen(s->udid), longest = k + 10 + 3 + HEX_ID, at = 0;

	while (at < n) {
		const uint8_t *hit = memmem(p + at, n - at, s->udid, k);

		if (hit == NULL && last)
			return n;
		if (hit == NULL) /* a part of one may stand at the end */
			return n - at >= k ? n - k + 1 : at;
		at = (size_t)(hit - p);
		if (n - at < longest && !last)
			return at;
		on_name(s, hit + k, n - at - k);
		at += k;
	}
	return at;
}

int kt_dl_answer_large(struct kt_stream *st, uint32_t n, struct kt_err *err)
{
	struct scan s = {.st = st, .udid = st->o.link->phone.udid};
	uint32_t left = n;
	size_t have = 0;
	int r = 0;

	if (n > LARGE_MAX)
		return KT_FAIL(err, KT_E_FORMAT, "the phone announces a message of %u bytes", n);
	if (st->scan == NULL)
		st->scan = malloc(WINDOW);
	if (st->scan == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory for a message");
	while (r == 0 && left > 0) {
		size_t k = WINDOW - have < left ? WINDOW - have : left, done;

		r = kt_wire_read(&st->w, st->scan + have, k, kt_wire_now() + KT_STREAM_IDLE_MS,
				 err);
		if (r < 0)
			return r;
		if (left == n)
			s.kind = recognise(st->scan, k);
		left -= (uint32_t)k;
		have += k;
		done = s.kind == LARGE_OTHER ? have : look_through(&s, st->scan, have, left == 0);
		have -= done;
		memmove(st->scan, st->scan + done, have);
	}
	st->unknown_moves += s.missing;
	if (s.kind == LARGE_OTHER) {
		st->unknown++;
		return kt_dl_status(st, CODE_REFUSED, "Operation not supported", plist_new_dict(),
				    err);
	}
	return s.missing > 0 ? say_absent(st, err) : say_ok(st, NULL, err);
}
