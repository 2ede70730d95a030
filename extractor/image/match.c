/* SPDX-License-Identifier: EUPL-1.2 */
#include "extractor/image/match.h"

#include "core/err.h"
#include "core/request.h"

#include <string.h>

/* Where a backup domain lies in a file system, below /private/var (observed in public images). */
static const struct {
	const char *domain; /* with a '-' at its end: the identifier of a container follows */
	const char *folder;
} places[] = {
	{"HomeDomain", "mobile"},
	{"CameraRollDomain", "mobile"},
	{"WirelessDomain", "wireless"},
	{"SystemPreferencesDomain", "preferences"},
	{"RootDomain", "root"},
	{"DatabaseDomain", "db"},
	{"HealthDomain", "mobile/Library"},
	{"AppDomain-", "mobile/Containers/Data/Application/*"},
	{"AppDomainGroup-", "mobile/Containers/Shared/AppGroup/*"},
	{"SysSharedContainerDomain-", "containers/Shared/SystemGroup/*"},
};

#define SDCARD	     "/sdcard/"
#define CAMERA_ROLL  "CameraRollDomain"
#define MEDIA_FOLDER "Media"

static const char *const suffixes[] = {"-wal", "-journal"};

/* -- making rules ----------------------------------------------------------------------------- */

/* Appends the components of text (n bytes) to a rule. */
static bool add_parts(struct kt_img_rule *q, const char *text, size_t n)
{
	while (n > 0) {
		const char *end = memchr(text, '/', n);
		size_t k = end != NULL ? (size_t)(end - text) : n;

		if (k > 0) {
			if (q->n == KT_IMG_PARTS)
				return false;
			q->part[q->n].p = text;
			q->part[q->n].len = (uint16_t)k;
			q->n++;
		}
		k += end != NULL ? 1 : 0;
		text += k;
		n -= k;
	}
	return true;
}

static struct kt_img_rule *add_rule(struct kt_img_rules *r, unsigned id)
{
	struct kt_img_rule *q;

	if (r->n == KT_IMG_RULES)
		return NULL;
	q = &r->rule[r->n++];
	memset(q, 0, sizeof(*q));
	q->id = (uint16_t)id;
	return q;
}

static bool add_tree(struct kt_img_rules *r, unsigned id, const char *front, const char *text)
{
	struct kt_img_rule *q = add_rule(r, id);

	if (q == NULL)
		return false;
	q->tree = true;
	return add_parts(q, front, strlen(front)) && add_parts(q, text, strlen(text));
}

/* A folder of the shared storage, by each name that dumps have for it. */
static bool add_root(struct kt_img_rules *r, const struct kt_request *q, unsigned form)
{
	static const char *const fronts[] = {"media/0", "sdcard", "storage/emulated/0"};
	const char *text = q->text;

	if (strncmp(text, SDCARD, strlen(SDCARD)) != 0)
		return false;
	text += strlen(SDCARD);
	if (form == KT_FORM_CARRIER) {
		if (!add_tree(r, q->id, "", text))
			return false;
		r->rule[r->n - 1].top = true;
		r->rule[r->n - 1].fold = true; /* FAT keeps no case in short names */
		return true;
	}
	for (size_t i = 0; i < sizeof(fronts) / sizeof(fronts[0]); i++)
		if (!add_tree(r, q->id, fronts[i], text))
			return false;
	return true;
}

static bool add_droid(struct kt_img_rules *r, const struct kt_request *q)
{
	const char *p = q->text;

	while (*p != '\0') {
		size_t n = strcspn(p, "|");
		struct kt_img_rule *rule = add_rule(r, q->id);

		if (rule == NULL || !add_parts(rule, p, n))
			return false;
		rule->siblings = true;
		p += n + (p[n] == '|' ? 1 : 0);
	}
	return true;
}

static bool add_ios_image(struct kt_img_rules *r, const struct kt_request *q)
{
	struct kt_img_rule *rule = add_rule(r, q->id);

	for (size_t i = 0; rule != NULL && i < sizeof(places) / sizeof(places[0]); i++) {
		size_t n = strlen(places[i].domain);
		bool group = places[i].domain[n - 1] == '-';

		if (strncmp(q->domain, places[i].domain, n) != 0 ||
		    (!group && q->domain[n] != '\0'))
			continue;
		rule->siblings = true;
		if (!add_parts(rule, places[i].folder, strlen(places[i].folder)))
			return false;
		if (group) {
			rule->container = rule->n;
			rule->bundle = q->domain + n;
		}
		return add_parts(rule, q->text, strlen(q->text));
	}
	return false;
}

static bool add_ios_backup(struct kt_img_rules *r, const struct kt_request *q)
{
	struct kt_img_rule *rule = add_rule(r, q->id);

	if (rule == NULL)
		return false;
	rule->siblings = true;
	rule->top = true;
	rule->domain = q->domain;
	return add_parts(rule, q->text, strlen(q->text));
}

static bool add_media(struct kt_img_rules *r, const struct kt_request *q, unsigned form)
{
	if (form == KT_FORM_IMAGE)
		return add_tree(r, q->id, "mobile/" MEDIA_FOLDER, q->text);
	if (!add_tree(r, q->id, MEDIA_FOLDER, q->text))
		return false;
	r->rule[r->n - 1].top = true;
	r->rule[r->n - 1].domain = CAMERA_ROLL;
	return true;
}

static bool add_request(struct kt_img_rules *r, const struct kt_request *q, unsigned form)
{
	switch (q->kind) {
	case KT_REQ_KIND_ROOT:
		return add_root(r, q, form);
	case KT_REQ_KIND_DROIDFILE:
		return add_droid(r, q);
	case KT_REQ_KIND_MEDIA:
		return add_media(r, q, form);
	case KT_REQ_KIND_IOSFILE:
		return form == KT_FORM_BACKUP ? add_ios_backup(r, q) : add_ios_image(r, q);
	case KT_REQ_KIND_HANDED:
		/* a carrier is not handed over file by file: its folders are named */
		r->all = form == KT_FORM_FILE;
		r->all_id = (uint16_t)q->id;
		return true;
	case KT_REQ_KIND_SHELL:
	case KT_REQ_KIND_VALUES:
		return true;
	}
	return false;
}

int kt_img_rules_make(struct kt_img_rules *r, unsigned form, const bool *may, struct kt_err *err)
{
	memset(r, 0, sizeof(*r));
	for (unsigned id = 1; id < KT_REQ_COUNT; id++) {
		const struct kt_request *q = kt_request_get(id);

		if (!may[id] || q == NULL || (q->forms & form) == 0)
			continue;
		if (!add_request(r, q, form))
			return KT_FAIL(err, KT_E_INTERNAL, "request %s has no place in a source",
				       q->name);
	}
	return 0;
}

/* -- matching --------------------------------------------------------------------------------- */

struct parts {
	const uint8_t *p[KT_IMG_COMPONENTS];
	size_t len[KT_IMG_COMPONENTS];
	size_t n;
};

/* False: more components than anything of ours has. */
static bool split(const uint8_t *path, size_t n, struct parts *c)
{
	c->n = 0;
	while (n > 0) {
		const uint8_t *end = memchr(path, '/', n);
		size_t k = end != NULL ? (size_t)(end - path) : n;

		if (k > 0 && !(k == 1 && path[0] == '.')) {
			if (c->n == KT_IMG_COMPONENTS)
				return false;
			c->p[c->n] = path;
			c->len[c->n] = k;
			c->n++;
		}
		k += end != NULL ? 1 : 0;
		path += k;
		n -= k;
	}
	return true;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool same(const char *a, const uint8_t *b, size_t n, bool fold)
{
	if (!fold)
		return memcmp(a, b, n) == 0;
	for (size_t i = 0; i < n; i++)
		if (lower((uint8_t)a[i]) != lower(b[i]))
			return false;
	return true;
}

/* One component; at most one '*' stands in a part of ours, for any bytes. */
static bool part_matches(const struct kt_img_part *q, const uint8_t *p, size_t n, bool fold)
{
	const char *star = memchr(q->p, '*', q->len);
	size_t front = star != NULL ? (size_t)(star - q->p) : q->len;
	size_t back = star != NULL ? q->len - front - 1 : 0;

	if (star == NULL)
		return n == q->len && same(q->p, p, n, fold);
	return n >= front + back && same(q->p, p, front, fold) &&
	       same(star + 1, p + n - back, back, fold);
}

/* The last component, or that with an ending of SQLite's companions. */
static bool last_matches(const struct kt_img_rule *q, const uint8_t *p, size_t n)
{
	const struct kt_img_part *last = &q->part[q->n - 1];

	if (part_matches(last, p, n, q->fold))
		return true;
	for (size_t i = 0; q->siblings && i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t k = strlen(suffixes[i]);

		if (n > k && memcmp(p + n - k, suffixes[i], k) == 0 &&
		    part_matches(last, p, n - k, q->fold))
			return true;
	}
	return false;
}

/* The rule's parts against c from component at on, as many as both have. */
static bool aligned(const struct kt_img_rule *q, const struct parts *c, size_t at)
{
	for (size_t i = 0; i < q->n && at + i < c->n; i++) {
		bool last = i + 1 == q->n && !q->tree;

		if (last ? !last_matches(q, c->p[at + i], c->len[at + i])
			 : !part_matches(&q->part[i], c->p[at + i], c->len[at + i], q->fold))
			return false;
	}
	return true;
}

/* Component where the rule begins; false when the path is not what it names. */
static bool find_start(const struct kt_img_rule *q, const struct parts *c, size_t *at)
{
	size_t most = q->top ? 0 : KT_IMG_PREFIX;

	if (c->n < q->n || (q->tree && c->n == q->n))
		return false;
	if (!q->tree) {
		*at = c->n - q->n;
		return *at <= most && aligned(q, c, *at);
	}
	for (*at = 0; *at <= most && *at + q->n < c->n; ++*at)
		if (aligned(q, c, *at))
			return true;
	return false;
}

static void add_hit(struct kt_img_hit *hit, uint16_t id)
{
	for (size_t i = 0; i < hit->n; i++)
		if (hit->id[i] == id)
			return;
	if (hit->n < sizeof(hit->id) / sizeof(hit->id[0]))
		hit->id[hit->n++] = id;
}

bool kt_img_match(const struct kt_img_rules *r, const uint8_t *path, size_t n,
		  struct kt_img_hit *hit)
{
	struct parts c;

	memset(hit, 0, sizeof(*hit));
	if (r->all)
		add_hit(hit, r->all_id);
	if (r->n == 0 || !split(path, n, &c))
		return hit->n > 0;
	for (size_t i = 0; i < r->n; i++) {
		const struct kt_img_rule *q = &r->rule[i];
		size_t at = 0;

		if (!find_start(q, &c, &at))
			continue;
		if (q->container > 0) {
			const uint8_t *end =
				c.p[at + q->container - 1] + c.len[at + q->container - 1];
			int is = r->container != NULL
					 ? r->container(r->arg, path, (size_t)(end - path),
							q->bundle)
					 : -1;

			if (is == 0)
				continue;
			if (is < 0)
				hit->path_only = true;
		}
		add_hit(hit, q->id);
	}
	return hit->n > 0;
}

bool kt_img_may_descend(const struct kt_img_rules *r, const uint8_t *path, size_t n)
{
	struct parts c;

	if (r->all)
		return true;
	if (!split(path, n, &c))
		return false;
	for (size_t i = 0; i < r->n; i++) {
		const struct kt_img_rule *q = &r->rule[i];
		size_t most = q->top ? 0 : KT_IMG_PREFIX;

		/* still in front of the known part */
		if (c.n <= most)
			return true;
		for (size_t at = 0; at <= most; at++)
			if ((q->tree || c.n - at < q->n) && aligned(q, &c, at))
				return true;
	}
	return false;
}

bool kt_img_match_backup(const struct kt_img_rules *r, const char *domain, const uint8_t *path,
			 size_t n, struct kt_img_hit *hit)
{
	struct parts c;
	size_t at;

	memset(hit, 0, sizeof(*hit));
	if (!split(path, n, &c))
		return false;
	for (size_t i = 0; i < r->n; i++)
		if (r->rule[i].domain != NULL && strcmp(r->rule[i].domain, domain) == 0 &&
		    find_start(&r->rule[i], &c, &at))
			add_hit(hit, r->rule[i].id);
	return hit->n > 0;
}
