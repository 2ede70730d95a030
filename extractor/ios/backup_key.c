/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/ios/backup_key.h"
#include "core/cbc.h"
#include "core/err.h"
#include "core/unzip.h"
#include "extractor/image/plist.h"
#include "extractor/ios/keybag.h"

#include <openssl/crypto.h>
#include <plist/plist.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 65536u /* decrypted at once */

/* One plain view of a ciphertext. */
struct view {
	struct kt_rdat cipher;
	uint64_t size; /* of the plain bytes */
	uint8_t key[KT_CBC_KEY];
	uint8_t buf[KT_CBC_BLOCK + PIECE];
};

/* Plain bytes [off, off + n) of at most one piece; off lies on a block. */
static int decrypt(struct view *v, uint64_t off, size_t n, struct kt_err *err)
{
	size_t lead = off > 0 ? KT_CBC_BLOCK : 0, got = 0;
	int r = v->cipher.read_at(v->cipher.arg, off - lead, v->buf + KT_CBC_BLOCK - lead, lead + n,
				  &got, err);

	if (r < 0)
		return r;
	if (got != lead + n)
		return KT_FAIL(err, KT_E_FORMAT, "the ciphertext ends early");
	return kt_cbc_blocks(v->key, lead > 0 ? v->buf : NULL, v->buf + KT_CBC_BLOCK, n,
			     v->buf + KT_CBC_BLOCK, err);
}

static int read_at(void *arg, uint64_t off, void *p, size_t n, size_t *got, struct kt_err *err)
{
	struct view *v = arg;
	uint8_t *out = p;

	*got = 0;
	if (off >= v->size)
		return 0;
	if (n > v->size - off)
		n = (size_t)(v->size - off);
	while (n > 0) {
		uint64_t at = off - off % KT_CBC_BLOCK;
		size_t skip = (size_t)(off - at), k = n < PIECE - skip ? n : PIECE - skip;
		size_t blocks = (skip + k + KT_CBC_BLOCK - 1) / KT_CBC_BLOCK * KT_CBC_BLOCK;
		int r = decrypt(v, at, blocks, err);

		if (r < 0)
			return r;
		memcpy(out, v->buf + KT_CBC_BLOCK + skip, k);
		out += k;
		off += k;
		n -= k;
		*got += k;
	}
	return 0;
}

static int make_view(const struct kt_rdat *cipher, const uint8_t *key, uint64_t size,
		     struct kt_rdat *plain, struct kt_err *err)
{
	struct view *v;

	if (cipher->size % KT_CBC_BLOCK != 0)
		return KT_FAIL(err, KT_E_FORMAT, "the ciphertext is no whole number of blocks");
	if (size > cipher->size)
		return KT_FAIL(err, KT_E_FORMAT, "the ciphertext is shorter than the size stated");
	v = calloc(1, sizeof(*v));
	if (v == NULL)
		return KT_FAIL(err, KT_E_NOMEM, "no memory to decrypt");
	v->cipher = *cipher;
	memcpy(v->key, key, sizeof(v->key));
	v->size = size;
	plain->read_at = read_at;
	plain->arg = v;
	plain->size = size;
	return 0;
}

static int open_manifest(void *arg, const struct kt_rdat *cipher, struct kt_rdat *plain,
			 struct kt_err *err)
{
	const struct kt_backup_opener *o = arg;

	return make_view(cipher, o->manifest_key, cipher->size, plain, err);
}

static int open_file(void *arg, const uint8_t *record, size_t n, const struct kt_rdat *cipher,
		     struct kt_rdat *plain, struct kt_err *err)
{
	const struct kt_backup_opener *o = arg;
	uint8_t key[KT_KEYBAG_KEY];
	struct kt_mbfile f;
	int r;

	if (!kt_mbfile_read(record, n, &f) || !f.has_size)
		return KT_FAIL(err, KT_E_FORMAT, "Manifest.db states no size or no key");
	r = kt_backup_opener_file_key(o, &f, key, err);
	if (r == 0)
		r = make_view(cipher, key, f.size, plain, err);
	OPENSSL_cleanse(key, sizeof(key));
	return r;
}

static void close_view(void *arg, struct kt_rdat *plain)
{
	struct view *v = plain->arg;

	(void)arg;
	if (v == NULL)
		return;
	OPENSSL_cleanse(v, sizeof(*v));
	free(v);
	plain->arg = NULL;
}

int kt_backup_opener_file_key(const struct kt_backup_opener *o, const struct kt_mbfile *f,
			      uint8_t key[32], struct kt_err *err)
{
	if (!f->has_key)
		return KT_FAIL(err, KT_E_FORMAT, "Manifest.db states no key for this file");
	return kt_keybag_file_key(o->bag, f->protection_class, f->wrapped_key, key, err);
}

/* -- opening ---------------------------------------------------------------------------------- */

static int take_keys(struct kt_backup_opener *o, plist_t root, const void *password, size_t len,
		     struct kt_err *err)
{
	plist_t bag = plist_get_node_type(root) == PLIST_DICT
			      ? plist_dict_get_item(root, "BackupKeyBag")
			      : NULL;
	plist_t manifest = bag != NULL ? plist_dict_get_item(root, "ManifestKey") : NULL;
	const char *p;
	uint64_t n = 0;
	int r;

	if (bag == NULL || plist_get_node_type(bag) != PLIST_DATA || manifest == NULL ||
	    plist_get_node_type(manifest) != PLIST_DATA)
		return KT_FAIL(err, KT_E_FORMAT,
			       "manifest-plist: no BackupKeyBag or no ManifestKey in it");
	p = plist_get_data_ptr(bag, &n);
	r = p == NULL ? KT_FAIL(err, KT_E_FORMAT, "manifest-plist: an empty key bag")
		      : kt_keybag_parse(p, n, &o->bag, err);
	if (r == 0)
		r = kt_keybag_unlock(o->bag, password, len, err);
	if (r < 0)
		return r;
	p = plist_get_data_ptr(manifest, &n);
	return p == NULL ? KT_FAIL(err, KT_E_FORMAT, "manifest-plist: an empty ManifestKey")
			 : kt_keybag_manifest_key(o->bag, p, n, o->manifest_key, err);
}

int kt_backup_opener_open(struct kt_backup_opener *o, const void *manifest_plist, size_t n,
			  const void *password, size_t len, struct kt_err *err)
{
	plist_t root = NULL;
	int r;

	memset(o, 0, sizeof(*o));
	o->key = (struct kt_backup_key){open_manifest, open_file, close_view, o};
	r = kt_plist_check(manifest_plist, n, err);
	if (r < 0)
		return r;
	plist_from_memory(manifest_plist, (uint32_t)n, &root);
	if (root == NULL)
		return KT_FAIL(err, KT_E_FORMAT, "manifest-plist: no property list");
	r = take_keys(o, root, password, len, err);
	plist_free(root);
	if (r < 0)
		kt_backup_opener_close(o);
	return r;
}

void kt_backup_opener_close(struct kt_backup_opener *o)
{
	kt_keybag_free(&o->bag);
	OPENSSL_cleanse(o->manifest_key, sizeof(o->manifest_key));
}
