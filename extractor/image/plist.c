/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Whole property lists through libplist, after checks of ours: its readers recurse on the depth of
 * the input and copy shared objects each time they meet them. See plist.h.
 */
#include "extractor/image/plist.h"

#include "core/buf.h"
#include "core/err.h"

#include <plist/plist.h>
#include <string.h>

#define VISITS	    200000u
#define BIN_DEPTH   32u
#define XML_NESTS   8000u /* containers in all: an upper bound of their depth */
#define XML_TAGS    400000u
#define KEY_MAX	    256u
#define OUT_MAX	    ((size_t)1 << 20)
#define TEXT_VALUES 64u

/* -- checks ----------------------------------------------------------------------------------- */

static bool tag_is(const uint8_t *p, size_t n, const char *name)
{
	size_t k = strlen(name);

	return n >= k && memcmp(p, name, k) == 0;
}

/*
 * An XML list: each container may be nested in each other, so their number limits the depth,
 * whatever comments and other hiding places there are.
 */
static int check_xml(const uint8_t *p, size_t n, struct kt_err *err)
{
	uint32_t nests = 0, tags = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] != '<')
			continue;
		tags++;
		if (tag_is(p + i, n - i, "<array") || tag_is(p + i, n - i, "<dict"))
			nests++;
		if (tag_is(p + i, n - i, "<!ENTITY"))
			return KT_FAIL(err, KT_E_FORMAT,
				       "a property list with entities of its own");
	}
	if (nests > XML_NESTS || tags > XML_TAGS)
		return KT_FAIL(err, KT_E_LIMIT, "a property list with too many parts");
	return 0;
}

static bool is_binary(const void *p, size_t n)
{
	return n >= 8 && memcmp(p, "bplist", 6) == 0;
}

int kt_plist_check(const void *p, size_t n, struct kt_err *err)
{
	struct kt_bpl b;

	if (n > KT_PLIST_BYTES)
		return KT_FAIL(err, KT_E_LIMIT, "a property list of %zu bytes", n);
	if (is_binary(p, n)) {
		if (!kt_bpl_open(&b, p, n))
			return KT_FAIL(err, KT_E_FORMAT, "a damaged property list");
		if (!kt_bpl_is_tame(&b, BIN_DEPTH, VISITS))
			return KT_FAIL(err, KT_E_LIMIT,
				       "a property list that is damaged, too deep or too large");
		return 0;
	}
	if (n < 5 || memchr(p, '<', n) == NULL)
		return KT_FAIL(err, KT_E_FORMAT, "no property list");
	return check_xml(p, n, err);
}

/* A dictionary, to be freed by plist_free(); NULL with the reason in err. */
static plist_t load(const void *p, size_t n, int *code, struct kt_err *err)
{
	plist_t root = NULL;

	*code = kt_plist_check(p, n, err);
	if (*code < 0)
		return NULL;
	if (is_binary(p, n))
		plist_from_bin(p, (uint32_t)n, &root);
	else
		plist_from_xml(p, (uint32_t)n, &root);
	if (root != NULL && plist_get_node_type(root) == PLIST_DICT)
		return root;
	plist_free(root);
	*code = KT_FAIL(err, KT_E_FORMAT, "no property list, or not a dictionary");
	return NULL;
}

/* -- single values ---------------------------------------------------------------------------- */

/* Node by a path "A/B", n bytes of it; NULL when a level is missing or no dictionary. */
static plist_t find(plist_t node, const char *path, size_t n)
{
	while (n > 0 && node != NULL) {
		const char *end = memchr(path, '/', n);
		size_t k = end != NULL ? (size_t)(end - path) : n;
		char key[KEY_MAX];

		if (k >= sizeof(key) || plist_get_node_type(node) != PLIST_DICT)
			return NULL;
		memcpy(key, path, k);
		key[k] = '\0';
		node = plist_dict_get_item(node, key);
		k += end != NULL ? 1 : 0;
		path += k;
		n -= k;
	}
	return node;
}

static bool copy_text(plist_t node, char *out, size_t size)
{
	const char *text;
	uint64_t n = 0;

	if (node == NULL || plist_get_node_type(node) != PLIST_STRING)
		return false;
	/* not plist_get_string_val(): it aborts when there is a NUL inside (libplist 2.2.0) */
	text = plist_get_string_ptr(node, &n);
	if (text == NULL || n >= size || strnlen(text, n) != n)
		return false;
	memcpy(out, text, n);
	out[n] = '\0';
	return true;
}

bool kt_plist_path_text(const void *p, size_t n, const char *path, char *out, size_t size)
{
	int code;
	plist_t root = load(p, n, &code, NULL);
	bool ok = root != NULL && copy_text(find(root, path, strlen(path)), out, size);

	plist_free(root);
	return ok;
}

bool kt_plist_text(const void *p, size_t n, const char *key, char *out, size_t size)
{
	return kt_plist_path_text(p, n, key, out, size);
}

bool kt_plist_path_bool(const void *p, size_t n, const char *path, bool *v)
{
	int code;
	plist_t root = load(p, n, &code, NULL);
	plist_t node = root != NULL ? find(root, path, strlen(path)) : NULL;
	bool ok = node != NULL && plist_get_node_type(node) == PLIST_BOOLEAN;
	uint8_t b = 0;

	if (ok)
		plist_get_bool_val(node, &b);
	*v = b != 0;
	plist_free(root);
	return ok;
}

/* -- the list for the plugin ------------------------------------------------------------------ */

/*
 * Not plist_copy(): its copy of a text with a NUL inside is shorter than it says (libplist 2.2.0),
 * and writing that out would read behind it.
 */
void *kt_plist_single(void *node)
{
	uint64_t u = 0, n = 0;
	uint8_t b = 0;
	double real = 0;
	int32_t s = 0, us = 0;
	const char *data;
	const char *text;

	switch (plist_get_node_type(node)) {
	case PLIST_BOOLEAN:
		plist_get_bool_val(node, &b);
		return plist_new_bool(b);
	case PLIST_UINT:
		plist_get_uint_val(node, &u);
		return plist_new_uint(u);
	case PLIST_REAL:
		plist_get_real_val(node, &real);
		return plist_new_real(real);
	case PLIST_DATE:
		plist_get_date_val(node, &s, &us);
		return plist_new_date(s, us);
	case PLIST_DATA:
		data = plist_get_data_ptr(node, &n);
		return data != NULL ? plist_new_data(data, n) : NULL;
	case PLIST_STRING:
		text = plist_get_string_ptr(node, &n);
		return text != NULL && strnlen(text, n) == n ? plist_new_string(text) : NULL;
	default:
		return NULL;
	}
}

/* The frame of the list; *values is where the values go. */
static plist_t new_list(const char *source, const char *domain, plist_t *values)
{
	plist_t top = plist_new_dict(), head = plist_new_dict();

	plist_dict_set_item(head, "source", plist_new_string(source));
	plist_dict_set_item(head, "domain", plist_new_string(domain));
	*values = plist_new_dict();
	plist_dict_set_item(top, "keten-values", head);
	plist_dict_set_item(top, "values", *values);
	return top;
}

static int write_list(plist_t top, struct kt_buf *out, struct kt_err *err)
{
	char *xml = NULL;
	uint32_t n = 0;
	int r;

	plist_to_xml(top, &xml, &n);
	if (xml == NULL)
		r = KT_FAIL(err, KT_E_FORMAT, "the values can't be written");
	else if (n > OUT_MAX)
		r = KT_FAIL(err, KT_E_LIMIT, "more than 1 MiB of values");
	else
		r = kt_buf_put(out, xml, n);
	plist_to_xml_free(xml);
	return r;
}

/* "List[text]": whether the list of that name holds the text; nothing else of it gets out. */
static plist_t listed(plist_t root, const char *key, size_t n)
{
	const char *open = memchr(key, '[', n);
	size_t name = open != NULL ? (size_t)(open - key) : 0;
	plist_t list = open != NULL && key[n - 1] == ']' ? find(root, key, name) : NULL;
	uint32_t count = list != NULL && plist_get_node_type(list) == PLIST_ARRAY
				 ? plist_array_get_size(list)
				 : 0;

	for (uint32_t i = 0; i < count; i++) {
		plist_t v = plist_array_get_item(list, i);
		const char *text;
		uint64_t len = 0;

		if (v == NULL || plist_get_node_type(v) != PLIST_STRING)
			continue;
		text = plist_get_string_ptr(v, &len);
		if (text != NULL && len == n - name - 2 && memcmp(text, open + 1, len) == 0)
			return plist_new_bool(1);
	}
	return NULL;
}

static plist_t single(plist_t root, const char *key, size_t n)
{
	plist_t node;

	if (memchr(key, '[', n) != NULL)
		return listed(root, key, n);
	node = find(root, key, n);
	return node != NULL ? kt_plist_single(node) : NULL;
}

int kt_plist_values(const void *p, size_t n, const char *source, const char *domain,
		    const char *keys, struct kt_buf *out, struct kt_err *err)
{
	plist_t values, top, root;
	int r;

	root = load(p, n, &r, err);
	if (root == NULL)
		return r;
	top = new_list(source, domain, &values);
	while (*keys != '\0') {
		size_t k = strcspn(keys, "|");
		char key[KEY_MAX];
		plist_t node = k > 0 && k < sizeof(key) ? single(root, keys, k) : NULL;

		if (node != NULL) {
			memcpy(key, keys, k);
			key[k] = '\0';
			plist_dict_set_item(values, key, node);
		}
		keys += k + (keys[k] == '|' ? 1 : 0);
	}
	r = write_list(top, out, err);
	plist_free(top);
	plist_free(root);
	return r;
}

int kt_plist_texts(const struct kt_plist_text_value *v, size_t n, const char *source,
		   const char *domain, struct kt_buf *out, struct kt_err *err)
{
	plist_t values, top = new_list(source, domain, &values);
	int r;

	for (size_t i = 0; i < n && i < TEXT_VALUES; i++)
		plist_dict_set_item(values, v[i].key, plist_new_string(v[i].text));
	r = write_list(top, out, err);
	plist_free(top);
	return r;
}
