/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * NSKeyedArchiver archives, and paths into property lists. See plist.h.
 *
 * An archive is a dictionary: $objects, an array of all objects; $top, which names the outermost ones;
 * objects refer to one another by identifiers, which are places in $objects. The text "$null" stands
 * for nothing. Identifiers may form cycles: each call here follows a fixed number of them.
 */
#include "parsers/sdk/plist.h"
#include "parsers/sdk/plist_tree.h"
#include "parsers/sdk/units.h"

#include <string.h>

static const struct kt_pl nothing = {NULL};

/* -- archives --------------------------------------------------------------------------------- */

/* What an identifier stands for; texts and data that were archived as objects of their own, too. */
static struct kt_pl resolve(struct kt_pl archive, struct kt_pl n)
{
	static const char *const wrapped[] = {"NS.string", "NS.data", "NS.bytes"};
	const struct kt_node *node = n.node;
	struct kt_str s;

	if (node != NULL && node->type == KT_PL_UID) {
		if (node->u.i > UINT32_MAX)
			return nothing;
		n = kt_pl_at(kt_pl_get(archive, "$objects"), (uint32_t)node->u.i);
	}
	if (kt_pl_text(n, &s) && kt_str_is(s, "$null"))
		return nothing;
	for (size_t i = 0; i < sizeof(wrapped) / sizeof(wrapped[0]); i++) {
		struct kt_pl in = kt_pl_get(n, wrapped[i]);

		if (kt_pl_type(in) == KT_PL_TEXT || kt_pl_type(in) == KT_PL_DATA)
			return in;
	}
	/* an identifier that leads to another one leads nowhere */
	return kt_pl_type(n) == KT_PL_UID ? nothing : n;
}

struct kt_pl kt_archive_root(struct kt_pl archive, const char *top_key)
{
	return resolve(archive,
		       kt_pl_get(kt_pl_get(archive, "$top"), top_key != NULL ? top_key : "root"));
}

struct kt_pl kt_archive_get(struct kt_pl archive, struct kt_pl object, const char *key)
{
	return resolve(archive, kt_pl_get(object, key));
}

static struct kt_pl elements(struct kt_pl archive, struct kt_pl object)
{
	if (kt_pl_type(object) == KT_PL_ARRAY)
		return object;
	return kt_archive_get(archive, object, "NS.objects");
}

uint32_t kt_archive_count(struct kt_pl archive, struct kt_pl object)
{
	struct kt_pl e = elements(archive, object);

	return kt_pl_type(e) == KT_PL_ARRAY ? kt_pl_count(e) : 0;
}

struct kt_pl kt_archive_at(struct kt_pl archive, struct kt_pl object, uint32_t i)
{
	return resolve(archive, kt_pl_at(elements(archive, object), i));
}

struct kt_pl kt_archive_value(struct kt_pl archive, struct kt_pl object, const char *key)
{
	struct kt_pl keys = kt_archive_get(archive, object, "NS.keys");
	uint32_t n = kt_pl_type(keys) == KT_PL_ARRAY ? kt_pl_count(keys) : 0;
	struct kt_str s;

	for (uint32_t i = 0; i < n; i++)
		if (kt_pl_text(resolve(archive, kt_pl_at(keys, i)), &s) && kt_str_is(s, key))
			return kt_archive_at(archive, object, i);
	return nothing;
}

bool kt_archive_date(struct kt_pl archive, struct kt_pl object, int64_t *t_us)
{
	int64_t us;

	if (kt_pl_date(object, t_us))
		return true;
	return kt_pl_scaled(kt_archive_get(archive, object, "NS.time"), 6, &us) &&
	       kt_epoch_us(KT_EPOCH_COCOA_S, us, 6, t_us);
}

/* -- key paths -------------------------------------------------------------------------------- */

void kt_keypath_init(struct kt_keypath *k)
{
	k->text[0] = '$';
	k->len = 1;
}

/* Appends what fits; a path that is too long ends early. */
static void append(struct kt_keypath *k, const char *p, size_t n)
{
	size_t room = sizeof(k->text) - k->len;

	if (n > room)
		n = room;
	memcpy(k->text + k->len, p, n);
	k->len += n;
}

static bool is_plain(struct kt_str key)
{
	for (uint32_t i = 0; i < key.len; i++) {
		char c = key.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      c == '_' || c == '-' || c == '$'))
			return false;
	}
	return key.len > 0;
}

size_t kt_keypath_key(struct kt_keypath *k, struct kt_str key)
{
	size_t before = k->len;

	if (is_plain(key)) {
		append(k, ".", 1);
		append(k, key.p, key.len);
		return before;
	}
	append(k, "[\"", 2);
	for (uint32_t i = 0; i < key.len; i++) {
		if (key.p[i] == '"' || key.p[i] == '\\')
			append(k, "\\", 1);
		append(k, key.p + i, 1);
	}
	append(k, "\"]", 2);
	return before;
}

size_t kt_keypath_index(struct kt_keypath *k, uint32_t i)
{
	size_t before = k->len;
	char t[16];
	unsigned n = sizeof(t);

	t[--n] = ']';
	do {
		t[--n] = (char)('0' + i % 10);
		i /= 10;
	} while (i > 0);
	t[--n] = '[';
	append(k, t + n, sizeof(t) - n);
	return before;
}

void kt_keypath_cut(struct kt_keypath *k, size_t len)
{
	if (len >= 1 && len < k->len)
		k->len = len;
}

struct kt_locator kt_keypath_locator(const struct kt_keypath *k)
{
	struct kt_locator l = {.kind = KT_LOC_KEY};

	l.path.p = k->text;
	l.path.len = (uint32_t)k->len;
	return l;
}
