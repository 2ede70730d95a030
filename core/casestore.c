/* SPDX-License-Identifier: EUPL-1.2 */
#include "core/casestore.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/io.h"
#include "core/json.h"
#include "core/time.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CASE_FORMAT   "keten-case-1"
#define RESUME_KEY    "resume.key"
#define LOCK_TRIES    20
#define LOCK_PAUSE_NS 10000000
#define UNNAMED_MAX   512 /* each costs a descriptor as long as it is held */

static int take_lock(struct kt_case *c, const char *path, struct kt_err *err)
{
	c->lock_fd = openat(c->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (c->lock_fd < 0)
		return KT_FAIL(err, KT_E_STORAGE, "%s/lock: %s", path, strerror(errno));
	/* keten cases holds it for a moment, to see whether somebody has it */
	for (int i = 0; flock(c->lock_fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (i == LOCK_TRIES)
			return KT_FAIL(err, KT_E_REFUSED,
				       "another Keten works on this case now; wait until it has "
				       "ended");
		nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE_NS}, NULL);
	}
	return 0;
}

static int random_id(char out[KT_CASE_ID], struct kt_err *err)
{
	uint8_t r[16];

	if (getrandom(r, sizeof(r), 0) != (ssize_t)sizeof(r))
		return KT_FAIL(err, KT_E_INTERNAL, "no random bytes");
	kt_hex(r, sizeof(r), out);
	return 0;
}

static int make_resume_key(struct kt_case *c, struct kt_err *err)
{
	uint8_t key[KT_SHA256_LEN];
	int r;

	if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
		return KT_FAIL(err, KT_E_INTERNAL, "no random bytes");
	r = kt_file_write(c->fd, RESUME_KEY, key, sizeof(key), 0600, err);
	OPENSSL_cleanse(key, sizeof(key));
	return r;
}

/* Not there: the acquisition is sealed, or the case never was. */
static int read_resume_key(struct kt_case *c, struct kt_err *err)
{
	KT_AUTO_FD fd = openat(c->fd, RESUME_KEY, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t got;
	int r;

	if (fd < 0)
		return 0;
	r = kt_read_full(fd, c->resume_key, sizeof(c->resume_key), &got, err);
	c->has_resume_key = r == 0 && got == sizeof(c->resume_key);
	return r;
}

static int write_case(struct kt_case *c, const struct kt_case_new *make, struct kt_err *err)
{
	char now[KT_TIME_TEXT];
	struct kt_buf b;
	struct kt_jw w;
	int r = random_id(c->id, err);

	if (r < 0)
		return r;
	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	kt_jw_kstr(&w, "case_id", c->id);
	kt_jw_kstr(&w, "created", kt_time_text(kt_time_now(), now));
	kt_jw_kbytes(&w, "device", make->device, strlen(make->device));
	kt_jw_kstr(&w, "device_kind", make->device_kind);
	kt_jw_kstr(&w, "form", make->form != NULL ? make->form : "phone");
	kt_jw_kstr(&w, "format", CASE_FORMAT);
	kt_jw_kstr(&w, "mandate_id", make->mandate_id);
	kt_jw_kstr(&w, "mandate_sha256", make->mandate_sha256);
	if (make->sealed)
		kt_jw_kstr(&w, "release", "two-stage");
	kt_jw_kbool(&w, "simulated", make->simulated);
	if (make->source != NULL)
		kt_jw_kbytes(&w, "source", make->source, strlen(make->source));
	kt_jw_obj_end(&w);
	kt_buf_putc(&b, '\n');
	/* case.json last: with it the folder is a case */
	r = kt_file_write(c->fd, "mandate.json", make->mandate, make->mandate_len, 0600, err);
	if (r == 0 && make->sealed)
		r = make_resume_key(c, err);
	if (r == 0)
		r = kt_file_write(c->fd, "mandate.json.p7s", make->p7s, make->p7s_len, 0600, err);
	if (r == 0)
		r = b.failed ? KT_E_NOMEM
			     : kt_file_write(c->fd, "case.json", b.p, b.len, 0600, err);
	kt_buf_free(&b);
	c->created = r == 0;
	return r;
}

static int read_case(struct kt_case *c, struct kt_err *err)
{
	struct kt_jdoc *doc = NULL;
	const struct kt_jv *root, *sim;
	struct kt_buf b;
	int r;

	kt_buf_init(&b, 0);
	r = kt_file_read(c->fd, "case.json", 65536, &b, err);
	if (r == 0)
		r = kt_jdoc_parse(b.p, b.len, &doc, err);
	if (r == KT_E_FORMAT || r == KT_E_LIMIT)
		r = KT_TRACE(err, KT_E_INVALID, "case.json can't be read");
	if (r == 0) {
		const char *format, *form;

		root = kt_jdoc_root(doc);
		format = kt_jv_str(root, "format");
		form = kt_jv_str(root, "form"); /* cases made before other forms: a phone's */
		snprintf(c->form, sizeof(c->form), "phone");
		sim = kt_jv_get(root, "simulated");
		if (format == NULL || strcmp(format, CASE_FORMAT) != 0 ||
		    !kt_jv_copy(root, "case_id", c->id, sizeof(c->id)) ||
		    !kt_jv_copy(root, "mandate_id", c->mandate_id, sizeof(c->mandate_id)) ||
		    !kt_jv_copy(root, "mandate_sha256", c->mandate_sha256,
				sizeof(c->mandate_sha256)) ||
		    !kt_jv_copy(root, "device", c->device, sizeof(c->device)) ||
		    !kt_jv_copy(root, "device_kind", c->device_kind, sizeof(c->device_kind)) ||
		    (form != NULL && !kt_jv_copy(root, "form", c->form, sizeof(c->form))) ||
		    kt_jv_str(root, "created") == NULL ||
		    kt_time_parse(kt_jv_str(root, "created"), strlen(kt_jv_str(root, "created")),
				  true, &c->created_us, NULL, NULL) < 0)
			r = KT_FAIL(err, KT_E_INVALID,
				    "case.json is not as this version writes it");
		c->simulated = sim != NULL && sim->type == KT_JV_BOOL && sim->i;
		form = kt_jv_str(root, "release");
		c->sealed = form != NULL && strcmp(form, "two-stage") == 0;
	}
	if (r == 0 && c->sealed)
		r = read_resume_key(c, err);
	kt_jdoc_free(&doc);
	kt_buf_free(&b);
	return r;
}

/* Is there anything in the folder that is not ours to find in a case that was just begun? */
static bool is_foreign(int fd)
{
	static const char *const ours[] = {".",
					   "..",
					   "lock",
					   "objects",
					   "index",
					   "mandate.json",
					   "mandate.json.p7s",
					   "mandate.json.tmp",
					   "mandate.json.p7s.tmp",
					   "resume.key",
					   "resume.key.tmp",
					   "case.json.tmp"};
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
	struct dirent *e;
	bool foreign = false;

	if (d == NULL) {
		kt_close_fd(&copy);
		return true;
	}
	while ((e = readdir(d)) != NULL && !foreign) {
		foreign = true;
		for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
			if (strcmp(e->d_name, ours[i]) == 0)
				foreign = false;
	}
	closedir(d);
	return foreign;
}

int kt_case_open(const char *path, const struct kt_case_new *make, struct kt_case *c,
		 struct kt_err *err)
{
	int r = KT_E_INTERNAL;

	memset(c, 0, sizeof(*c));
	c->fd = c->objects_fd = c->index_fd = c->lock_fd = -1;
	c->next_object = 1;
	c->fd = r = kt_dir_open(AT_FDCWD, path, make != NULL, err);
	if (r < 0)
		goto out;
	if (faccessat(c->fd, "case.json", F_OK, 0) == 0) {
		r = take_lock(c, path, err);
		if (r == 0)
			r = read_case(c, err);
	} else if (make == NULL) {
		r = KT_FAIL(err, KT_E_ABSENT, "%s holds no case", path);
	} else if (is_foreign(c->fd)) {
		r = KT_FAIL(err, KT_E_USAGE, "%s holds other files; name an empty or new folder",
			    path);
	} else {
		r = take_lock(c, path, err);
		/* another process may have made it a case between our look and our lock */
		if (r == 0 && faccessat(c->fd, "case.json", F_OK, 0) != 0)
			r = write_case(c, make, err);
		if (r == 0)
			r = read_case(c, err);
	}
	if (r < 0)
		goto out;
	c->objects_fd = r = kt_dir_open(c->fd, "objects", true, err);
	if (r >= 0)
		c->index_fd = r = kt_dir_open(c->fd, "index", true, err);
	r = r < 0 ? r : kt_sync_fd(c->fd, err);
out:
	if (r < 0)
		kt_case_close(c);
	return r;
}

void kt_case_close(struct kt_case *c)
{
	OPENSSL_cleanse(c->resume_key, sizeof(c->resume_key));
	kt_close_fd(&c->objects_fd);
	kt_close_fd(&c->index_fd);
	kt_close_fd(&c->lock_fd);
	kt_close_fd(&c->fd);
}

void kt_case_seal_to(struct kt_case *c, const uint8_t recipient[KT_AGE_KEY])
{
	memcpy(c->recipient, recipient, KT_AGE_KEY);
	c->has_recipient = true;
}

static const char *const outcomes[] = {"acquired", "partial", "refused",
				       "failed",   "absent",  "withheld"};

/* Hides the outcome behind the rest of an id. */
static int outcome_mask(const struct kt_case *c, const uint8_t *id, uint8_t *mask)
{
	uint8_t mac[KT_SHA256_LEN];

	if (HMAC(EVP_sha256(), c->resume_key, sizeof(c->resume_key), id, KT_RESUME_ID - 1, mac,
		 NULL) == NULL)
		return KT_E_INTERNAL;
	*mask = mac[0];
	return 0;
}

int kt_case_resume_id(const struct kt_case *c, unsigned segment, const void *path, size_t n,
		      uint64_t size, int64_t mtime, const char *outcome, uint8_t id[KT_RESUME_ID],
		      struct kt_err *err)
{
	bool by_state = strcmp(c->form, "phone") != 0;
	uint8_t head[20] = {0}, sum[KT_SHA256_LEN], mac[KT_SHA256_LEN], at = 0, mask = 0;
	struct kt_hash h;
	int r;

	if (!c->has_resume_key)
		return KT_FAIL(err, KT_E_INTERNAL, "this case can't be gone on with");
	for (unsigned i = 0; i < 4; i++)
		head[i] = (uint8_t)(segment >> 8 * i);
	for (unsigned i = 0; by_state && i < 8; i++) {
		head[4 + i] = (uint8_t)(size >> 8 * i);
		head[12 + i] = (uint8_t)((uint64_t)mtime >> 8 * i);
	}
	r = kt_hash_init(&h, KT_SHA256, err);
	if (r == 0)
		r = kt_hash_update(&h, head, sizeof(head));
	if (r == 0)
		r = kt_hash_update(&h, path, n);
	if (r == 0)
		r = kt_hash_final(&h, sum);
	kt_hash_free(&h);
	if (r == 0 && HMAC(EVP_sha256(), c->resume_key, sizeof(c->resume_key), sum, sizeof(sum),
			   mac, NULL) == NULL)
		r = KT_E_INTERNAL;
	memcpy(id, mac, KT_RESUME_ID - 1);
	if (r == 0)
		r = outcome_mask(c, id, &mask);
	if (r < 0)
		return KT_FAIL(err, KT_E_INTERNAL, "hashing failed");
	while (at < sizeof(outcomes) / sizeof(outcomes[0]) && strcmp(outcomes[at], outcome) != 0)
		at++;
	id[KT_RESUME_ID - 1] = (uint8_t)(mask ^ at);
	return 0;
}

const char *kt_case_resume_outcome(const struct kt_case *c, const uint8_t id[KT_RESUME_ID])
{
	uint8_t mask, at;

	if (outcome_mask(c, id, &mask) < 0)
		return "failed";
	at = id[KT_RESUME_ID - 1] ^ mask;
	return at < sizeof(outcomes) / sizeof(outcomes[0]) ? outcomes[at] : "failed";
}

int kt_case_forget_resume(struct kt_case *c, struct kt_err *err)
{
	OPENSSL_cleanse(c->resume_key, sizeof(c->resume_key));
	c->has_resume_key = false;
	if (unlinkat(c->fd, RESUME_KEY, 0) < 0 && errno != ENOENT)
		return KT_FAIL(err, KT_E_STORAGE, RESUME_KEY ": %s", strerror(errno));
	return kt_sync_fd(c->fd, err);
}

/* -- sinks ------------------------------------------------------------------------------------ */

static int write_stored(void *arg, const void *p, size_t n, struct kt_err *err)
{
	struct kt_sink *s = arg;
	int r = kt_hash_update(&s->stored_hash, p, n);

	if (r < 0)
		return KT_FAIL(err, r, "hashing failed");
	s->stored += n;
	return kt_write_full(s->fd, p, n, err);
}

static void sink_free(struct kt_sink *s)
{
	kt_close_fd(&s->fd);
	kt_hash_free(&s->hash);
	kt_hash_free(&s->stored_hash);
	kt_age_enc_free(&s->enc);
}

/* What every sink begins with; its descriptor is open. */
static int sink_begin(struct kt_case *c, struct kt_sink *s, struct kt_err *err)
{
	int r = kt_hash_init(&s->hash, KT_SHA256, err);

	s->sealed = c->sealed;
	if (r == 0 && c->sealed && !c->has_recipient)
		r = KT_FAIL(err, KT_E_INTERNAL, "there is no key to seal this case with");
	if (r == 0 && c->sealed)
		r = kt_hash_init(&s->stored_hash, KT_SHA256, err);
	if (r == 0 && c->sealed)
		r = kt_age_enc_begin(&s->enc, c->recipient, write_stored, s, err);
	return r;
}

static void name_object(const struct kt_case *c, char name[KT_OBJECT])
{
	snprintf(name, KT_OBJECT, "o%06llu",
		 (unsigned long long)(c->next_object % UINT64_C(100000000000)));
}

int kt_sink_open(struct kt_case *c, struct kt_sink *s, struct kt_err *err)
{
	int r;

	memset(s, 0, sizeof(*s));
	name_object(c, s->object);
	s->fd = openat(c->objects_fd, s->object, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (s->fd < 0)
		return KT_FAIL(err, KT_E_STORAGE, "objects/%s: %s", s->object, strerror(errno));
	c->next_object++;
	r = sink_begin(c, s, err);
	if (r < 0)
		kt_sink_drop(c, s);
	return r;
}

/* The last bytes of what was written so far. */
static void keep_tail(struct kt_sink *s, const uint8_t *p, size_t n)
{
	const size_t all = sizeof(s->tail);

	if (n >= all) {
		memcpy(s->tail, p + n - all, all);
	} else {
		memmove(s->tail, s->tail + n, all - n);
		memcpy(s->tail + all - n, p, n);
	}
}

int kt_sink_write(struct kt_sink *s, const void *p, size_t n, struct kt_err *err)
{
	int r = kt_hash_update(&s->hash, p, n);

	if (r < 0)
		return KT_FAIL(err, r, "hashing failed");
	s->bytes += n;
	if (s->sealed) {
		keep_tail(s, p, n);
		s->enc.arg = s; /* a sink may have moved since it was opened */
		r = kt_age_enc_write(&s->enc, p, n, err);
	} else {
		r = kt_write_full(s->fd, p, n, err);
	}
	return r < 0 ? KT_TRACE(err, r, "objects/%s can't be written", s->object) : 0;
}

/* The hashes, once all is written. */
static int sum_up(struct kt_sink *s, char sha[KT_SHA256_HEX], struct kt_err *err)
{
	uint8_t d[KT_SHA256_LEN] = {0};
	int r;

	s->enc.arg = s;
	r = s->sealed ? kt_age_enc_end(&s->enc, err) : 0;
	if (r == 0)
		r = kt_hash_final(&s->hash, d);
	if (r == 0)
		kt_hex(d, sizeof(d), sha);
	if (r == 0 && s->sealed)
		r = kt_hash_final(&s->stored_hash, d);
	if (r == 0)
		kt_hex(d, sizeof(d), s->stored_sha);
	if (!s->sealed)
		s->stored = s->bytes;
	kt_hash_free(&s->hash);
	kt_hash_free(&s->stored_hash);
	kt_age_enc_free(&s->enc);
	return r;
}

int kt_sink_close(struct kt_sink *s, char sha[KT_SHA256_HEX], struct kt_err *err)
{
	int r = sum_up(s, sha, err);

	if (s->fd >= 0 && close(s->fd) < 0)
		r = KT_FAIL(err, KT_E_STORAGE, "objects/%s: %s", s->object, strerror(errno));
	s->fd = -1;
	return r;
}

static void drop_held(struct kt_case *c, struct kt_sink *s)
{
	sink_free(s);
	if (s->held[0] != '\0')
		unlinkat(c->objects_fd, s->held, 0);
	else
		c->unnamed--;
	s->holds = false;
}

void kt_sink_drop(struct kt_case *c, struct kt_sink *s)
{
	char last[KT_OBJECT];

	if (s->holds) {
		drop_held(c, s);
		return;
	}
	if (s->fd < 0)
		return;
	sink_free(s);
	unlinkat(c->objects_fd, s->object, 0);
	c->next_object--;
	name_object(c, last);
	if (strcmp(last, s->object) != 0)
		c->next_object++; /* others came after it: its number stays unused */
}

static int open_unnamed(struct kt_case *c)
{
	int fd;

	if (c->unnamed >= UNNAMED_MAX)
		return -1;
	fd = openat(c->objects_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		c->unnamed++;
	return fd;
}

int kt_sink_hold(struct kt_case *c, struct kt_sink *s, struct kt_err *err)
{
	int r;

	memset(s, 0, sizeof(*s));
	s->fd = open_unnamed(c);
	if (s->fd < 0) {
		snprintf(s->held, sizeof(s->held), "p%06u", ++c->held);
		s->fd = openat(c->objects_fd, s->held, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			       0600);
	}
	if (s->fd < 0)
		return KT_FAIL(err, KT_E_STORAGE, "objects/%s: %s", s->held, strerror(errno));
	s->holds = true;
	r = sink_begin(c, s, err);
	if (r < 0)
		drop_held(c, s);
	return r;
}

int kt_sink_finish(struct kt_sink *s, char sha[KT_SHA256_HEX], struct kt_err *err)
{
	int r = sum_up(s, sha, err);

	/* without a name the descriptor is all that keeps it */
	if (s->held[0] != '\0') {
		if (s->fd >= 0 && close(s->fd) < 0)
			r = KT_FAIL(err, KT_E_STORAGE, "objects/%s: %s", s->held, strerror(errno));
		s->fd = -1;
	}
	return r;
}

int kt_sink_reread(struct kt_case *c, const struct kt_sink *s, struct kt_err *err)
{
	int fd;

	if (s->sealed)
		return KT_FAIL(err, KT_E_INTERNAL, "what is sealed can't be read again");
	fd = s->held[0] != '\0' ? openat(c->objects_fd, s->held, O_RDONLY | O_CLOEXEC)
				: fcntl(s->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0) {
		kt_close_fd(&fd);
		return KT_FAIL(err, KT_E_STORAGE, "an object can't be read again: %s",
			       strerror(errno));
	}
	return fd;
}

int kt_sink_keep(struct kt_case *c, struct kt_sink *s, struct kt_err *err)
{
	char self[32];
	int r;

	name_object(c, s->object);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", s->fd);
	r = s->held[0] != '\0'
		    ? renameat2(c->objects_fd, s->held, c->objects_fd, s->object, RENAME_NOREPLACE)
		    : linkat(AT_FDCWD, self, c->objects_fd, s->object, AT_SYMLINK_FOLLOW);
	if (r < 0)
		return KT_FAIL(err, KT_E_STORAGE, "objects/%s: %s", s->object, strerror(errno));
	c->next_object++;
	if (s->held[0] == '\0')
		c->unnamed--;
	s->holds = false;
	if (s->fd >= 0 && close(s->fd) < 0)
		r = KT_FAIL(err, KT_E_STORAGE, "objects/%s: %s", s->object, strerror(errno));
	s->fd = -1;
	return r;
}

int kt_case_read_open(int case_fd, const struct kt_case_view *view, const char *name,
		      struct kt_err *err)
{
	int fd;

	if (view != NULL)
		return view->open(view->arg, name, err);
	fd = openat(case_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd >= 0 ? fd : KT_FAIL(err, kt_errno_code(errno), "%s: %s", name, strerror(errno));
}

int kt_case_sync(struct kt_case *c, struct kt_err *err)
{
	if (syncfs(c->objects_fd) < 0)
		return KT_FAIL(err, KT_E_STORAGE, "the disk reports an error: %s", strerror(errno));
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strncmp(a, b, KT_OBJECT);
}

int kt_case_drop_unlisted(struct kt_case *c, char (*listed)[KT_OBJECT], size_t n, uint64_t *dropped,
			  struct kt_err *err)
{
	int copy = openat(c->objects_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
	struct dirent *e;
	int r = 0;

	*dropped = 0;
	if (d == NULL) {
		r = KT_FAIL(err, KT_E_STORAGE, "objects: %s", strerror(errno));
		kt_close_fd(&copy);
		return r;
	}
	if (n > 0)
		qsort(listed, n, KT_OBJECT, by_name);
	while (r == 0 && (e = readdir(d)) != NULL) {
		char name[KT_OBJECT] = {0};

		if (e->d_name[0] != 'o' && e->d_name[0] != 'p')
			continue;
		memcpy(name, e->d_name, strnlen(e->d_name, KT_OBJECT - 1));
		if (n > 0 && bsearch(name, listed, n, KT_OBJECT, by_name) != NULL)
			continue;
		if (unlinkat(c->objects_fd, e->d_name, 0) < 0)
			r = KT_FAIL(err, KT_E_STORAGE, "objects/%.20s: %s", e->d_name,
				    strerror(errno));
		else
			(*dropped)++;
	}
	closedir(d);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		uint64_t v = strtoull(listed[i] + 1, NULL, 10);

		if (v >= c->next_object)
			c->next_object = v + 1;
	}
	return kt_sync_fd(c->objects_fd, err);
}
