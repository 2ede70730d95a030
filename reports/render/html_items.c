/* SPDX-License-Identifier: EUPL-1.2 */
/* What was taken, what was not, what was found and is not reported, and the objects. */
#include "reports/render/html_i.h"
#include "core/vocab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- taken ------------------------------------------------------------------------------------ */

void taken_begin(struct html *h)
{
	put(h, "<section aria-labelledby=\"taken\">\n<h2 id=\"taken\">{What was "
	       "taken}</h2>\n<table class=\"taken\">\n<caption>{Every request of the plan with its "
	       "outcome}</caption>\n<thead><tr><th scope=\"col\">{What}</th><th "
	       "scope=\"col\">{Asked for}</th><th scope=\"col\">{Outcome}</th><th scope=\"col\" "
	       "class=\"num\">{Objects}</th><th scope=\"col\" class=\"num\">{Stored}</th><th "
	       "scope=\"col\" class=\"num\">{Size at the source}</th></tr></thead>\n<tbody>\n");
	kt_buf_reset(&h->later);
	memset(h->common, 0, sizeof(h->common));
}

static const char *take_words(const char *take)
{
	if (take != NULL && strcmp(take, "ranges") == 0)
		return N_("only the metadata parts of files");
	if (take != NULL && strcmp(take, "whole") == 0)
		return N_("whole files");
	if (take != NULL && strcmp(take, "group") == 0)
		return N_("a whole database");
	if (take != NULL && strcmp(take, "output") == 0)
		return N_("single values");
	return take;
}

static void put_counts(struct html *h, const char *term, const char *list)
{
	if (!flat_has(h->f, list, 0))
		return;
	put(h, "<div><dt>%T</dt><dd>", term);
	for (unsigned i = 0; flat_has(h->f, list, i); i++)
		put(h, i > 0 ? "; %n: %w" : "%n: %w", flat_in(h->f, list, i, "count"),
		    kt_word(KT_VOCAB_REASONS, flat_in(h->f, list, i, "reason")));
	put_raw(h, "</dd></div>\n");
}

static const char *field_words(const char *field)
{
	static const char *const words[] = {N_("time"),	    N_("position"), N_("accuracy"),
					    N_("movement"), N_("camera"),   N_("place"),
					    N_("network"),  N_("device")};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], field) == 0)
			return words[i];
	return field;
}

static void put_fields(struct html *h)
{
	put(h, "<div><dt>{Kinds of data allowed}</dt><dd>");
	for (unsigned i = 0; flat_at(h->f, "fields", i) != NULL; i++)
		put(h, i > 0 ? ", %T" : "%T", field_words(flat_at(h->f, "fields", i)));
	put_raw(h, "</dd></div>\n");
}

static void put_precision(struct html *h)
{
	const char *m = flat_get(h->f, "max_precision_m");

	if (m == NULL || strcmp(m, "0") == 0)
		put(h, "<div><dt>{Precision of positions}</dt><dd>{as recorded}</dd></div>\n");
	else
		put(h,
		    "<div><dt>{Precision of positions}</dt><dd>{coarsened to %n m, as the mandate "
		    "says}</dd></div>\n",
		    m);
}

static void put_methods(struct html *h)
{
	static const char *const methods[][2] = {
		{"methods.sync", "{%n over the file service (sync)}"},
		{"methods.dd", "{%n by byte ranges (dd)}"},
		{"methods.recv", "{%n read from the start (recv)}"},
		{"methods.shell", "{%n as output of a command}"},
		{"methods.read", "{%n out of the source (read)}"},
		{"methods.other", "{%n otherwise}"},
	};
	bool any = false;

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		const char *n = flat_get(h->f, methods[i][0]);

		if (n == NULL)
			continue;
		if (!any)
			put(h, "<div><dt>{How it was read}</dt><dd>");
		put_raw(h, any ? "; " : "");
		put(h, methods[i][1], n);
		any = true;
	}
	if (any)
		put_raw(h, "</dd></div>\n");
}

static void put_justification(struct html *h)
{
	put_dl(h, "Why, says the mandate", "%t", flat_get(h->f, "justification"));
}

static void put_period(struct html *h)
{
	put(h,
	    "<div><dt>{Period allowed}</dt><dd>{from %u until before %u}<small>{records without a "
	    "time: %T}</small></dd></div>\n",
	    flat_get(h->f, "period.from"), flat_get(h->f, "period.to"),
	    flat_true(h->f, "undated") ? N_("may be shown") : N_("withheld"));
}

/*
 * Whether all requests share a fact is known at the end alone. Until then it stands in every card
 * between two control characters, which no text can hold: put() writes them out.
 */
#define COMMON_BEGIN '\x01' /* then the number of the fact as a letter */
#define COMMON_END   '\x02'

static void put_common(struct html *h, unsigned i, void (*fact)(struct html *h))
{
	struct kt_buf *b = h->o;
	size_t from;

	kt_buf_putc(b, COMMON_BEGIN);
	kt_buf_putc(b, (char)('a' + i));
	from = b->len;
	fact(h);
	if (h->rows == 0) {
		h->common[i].off = from;
		h->common[i].len = b->len - from;
	} else if (!b->failed &&
		   (b->len - from != h->common[i].len ||
		    memcmp(b->p + from, b->p + h->common[i].off, b->len - from) != 0)) {
		h->common[i].differs = true;
	}
	kt_buf_putc(b, COMMON_END);
}

/* What all requests share, then the cards without it. */
static void put_cards(struct html *h)
{
	const struct kt_buf *b = &h->later;
	bool any = false, show = true;

	for (unsigned i = 0; i < COMMONS && !b->failed; i++) {
		if (h->common[i].differs || h->common[i].len == 0)
			continue;
		if (!any)
			put(h, "<p>{For all requests:}</p>\n<dl class=\"facts\">\n");
		kt_buf_put(h->base, b->p + h->common[i].off, h->common[i].len);
		any = true;
	}
	put_raw(h, any ? "</dl>\n<div class=\"cards\">\n" : "<div class=\"cards\">\n");
	for (size_t i = 0; i < b->len && !b->failed; i++) {
		char c = (char)b->p[i];

		if (c == COMMON_BEGIN)
			show = h->common[b->p[++i] - 'a'].differs;
		else if (c == COMMON_END)
			show = true;
		else if (show)
			kt_buf_putc(h->base, c);
	}
	put_raw(h, "</div>\n");
}

static const char *request_words(const char *kind)
{
	static const char *const words[][2] = {
		{"command", N_("command")},
		{"folder", N_("folder")},
		{"image-file", N_("file of an image")},
		{"media", N_("media folder")},
		{"file", N_("file of a backup")},
		{"values", N_("single values")},
	};

	for (size_t i = 0; kind != NULL && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i][0], kind) == 0)
			return words[i][1];
	return kind;
}

/* A list of choices, one '|' between two of them, each as a token; a command stays as it is. */
static void put_choices(struct html *h, const char *kind, const char *list)
{
	char one[512];

	if (list == NULL || (kind != NULL && strcmp(kind, "command") == 0)) {
		put(h, "%c", list);
		return;
	}
	while (*list != '\0') {
		size_t n = strcspn(list, "|");

		snprintf(one, sizeof(one), "%.*s", (int)(n < sizeof(one) ? n : sizeof(one) - 1),
			 list);
		list += n;
		put(h, *list != '\0' ? "%c, " : "%c", one);
		list += *list != '\0';
	}
}

/* One item in full: goes behind the table. */
static void put_card(struct html *h)
{
	const char *kind = flat_get(h->f, "request.kind");

	put(h, "<article>\n<h4>%T<small>%c</small></h4>\n<dl class=\"facts\">\n",
	    flat_get(h->f, "title"), flat_get(h->f, "item"));
	if (kind != NULL && strcmp(kind, "handed") == 0) {
		put(h, "<div><dt>{Request}</dt><dd>{none: the person handed the file over}");
	} else {
		put(h, "<div><dt>{Request}</dt><dd>%T ", request_words(kind));
		put_choices(h, kind, flat_get(h->f, "request.text"));
	}
	put_raw(h, "</dd></div>\n");
	if (flat_get(h->f, "request.names") != NULL) {
		put(h, "<div><dt>{Names looked for}</dt><dd>");
		put_choices(h, "names", flat_get(h->f, "request.names"));
		put_raw(h, "</dd></div>\n");
	}
	put_common(h, COMMON_WHY, put_justification);
	put_common(h, COMMON_PERIOD, put_period);
	put_common(h, COMMON_FIELDS, put_fields);
	put_common(h, COMMON_PRECISION, put_precision);
	put_dl(h, "Limit for one object", "%b", flat_get(h->f, "max_object_bytes"));
	put_methods(h);
	put_counts(h, "Withheld while reading", "withheld");
	put_counts(h, "Files not acquired", "problems");
	put_counts(h, "Listed, not asked for", "unmatched");
	put(h, "<div><dt>{Read by}</dt><dd>{%c version %n}<small>%T</small></dd></div>\n",
	    flat_get(h->f, "plugin"), flat_get(h->f, "version"), flat_get(h->f, "status"));
	put_dl(h, "SHA-256 of its index", "%c", flat_get(h->f, "segment_sha256"));
	put_raw(h, "</dl>\n</article>\n");
}

int taken_elem(struct html *h)
{
	const char *size = flat_get(h->f, "phone_bytes");

	put(h, "<tr><th scope=\"row\">%T<small>%c</small></th><td>%T</td><td>",
	    flat_get(h->f, "title"), flat_get(h->f, "item"), take_words(flat_get(h->f, "take")));
	put_outcome(h, flat_get(h->f, "outcome"));
	put_outcome_reason(h, flat_get(h->f, "reason"));
	put(h, "</td><td class=\"num\">%n</td><td class=\"num\">%b</td><td class=\"num\">",
	    flat_get(h->f, "objects"), flat_get(h->f, "bytes"));
	if (size != NULL && strcmp(size, "0") != 0)
		put(h, "%b", size);
	else
		put_raw(h, "\xe2\x80\x93");
	put_raw(h, "</td></tr>\n");
	h->o = &h->later;
	put_card(h);
	h->o = h->base;
	h->rows++;
	return 0;
}

void taken_end(struct html *h)
{
	put(h, "</tbody>\n</table>\n<h3>{Each request in full}</h3>\n");
	put_cards(h);
	kt_buf_reset(&h->later);
}

/* -- containers ------------------------------------------------------------------------------- */

void containers_begin(struct html *h)
{
	put(h, "<h3>{Taken whole, shown in part}</h3>\n");
}

int containers_elem(struct html *h)
{
	if (h->rows++ == 0)
		put(h,
		    "<p>{A file that holds records inside and outside the mandate's limits can "
		    "only be taken whole. Its records outside were withheld: counted, and not "
		    "shown.}</p>\n<table class=\"whole\">\n<caption>{Files with withheld "
		    "records}</caption>\n<thead><tr><th scope=\"col\">{File}</th><th "
		    "scope=\"col\">{Object}</th><th scope=\"col\">{Reason}</th><th scope=\"col\" "
		    "class=\"num\">{Records withheld}</th></tr></thead>\n<tbody>\n");
	put(h,
	    "<tr><th scope=\"row\">%p<small>%c</small></th><td>%c</td><td>%w</td>"
	    "<td class=\"num\">%n</td></tr>\n",
	    flat_get(h->f, "path"), flat_get(h->f, "item"), flat_get(h->f, "object"),
	    kt_word(KT_VOCAB_REASONS, flat_get(h->f, "reason")), flat_get(h->f, "withheld"));
	return 0;
}

void containers_end(struct html *h)
{
	put(h, h->rows > 0 ? "</tbody>\n</table>\n</section>\n" : "<p>{None.}</p>\n</section>\n");
}

/* -- not taken -------------------------------------------------------------------------------- */

static void close_group(struct html *h)
{
	if (strcmp(h->kind, "item") == 0)
		put_raw(h, "</tbody>\n</table>\n");
	else if (h->kind[0] != '\0')
		put_raw(h, "</ul>\n");
}

static void open_group(struct html *h, const char *kind, const char *reason)
{
	close_group(h);
	snprintf(h->kind, sizeof(h->kind), "%s", kind);
	snprintf(h->reason, sizeof(h->reason), "%s", reason != NULL ? reason : "");
	put(h, "<h3>%T</h3>\n", kt_word(KT_VOCAB_NOT_TAKEN, kind));
	if (strcmp(kind, "item") == 0)
		put(h, "<table class=\"gaps\">\n<caption>{Outcomes other than "
		       "acquired}</caption>\n<thead><tr><th scope=\"col\">{What}</th><th "
		       "scope=\"col\">{Outcome}</th><th scope=\"col\">{What a gap here can "
		       "mean}</th></tr></thead>\n<tbody>\n");
	else
		put(h, "<p>%T</p>\n<ul class=\"%t\">\n", h->reason,
		    strcmp(kind, "plugin") == 0 ? "plain many" : "plain");
}

void not_taken_begin(struct html *h)
{
	put(h, "<section aria-labelledby=\"not-taken\">\n<h2 id=\"not-taken\">{What was not taken, "
	       "and why}</h2>\n<p>{What is missing here is missing for one of the reasons below. "
	       "None of them says anything about the person.}</p>\n");
}

int not_taken_elem(struct html *h)
{
	const char *kind = flat_get(h->f, "kind"), *reason = flat_get(h->f, "reason");
	const char *what = flat_get(h->f, "what"), *id = flat_get(h->f, "id");

	if (kind == NULL)
		return 0;
	if (strcmp(kind, h->kind) != 0) {
		open_group(h, kind, reason);
	} else if (strcmp(kind, "form") == 0 && reason != NULL && strcmp(reason, h->reason) != 0) {
		snprintf(h->reason, sizeof(h->reason), "%s", reason);
		put(h, "</ul>\n<p>%T</p>\n<ul class=\"plain\">\n", h->reason);
	}
	if (strcmp(kind, "item") == 0) {
		put(h, "<tr><th scope=\"row\">%T<small>%c</small></th><td>", what, id);
		put_outcome(h, flat_get(h->f, "outcome"));
		put_outcome_reason(h, reason);
		put(h, "</td><td>%T</td></tr>\n", flat_get(h->f, "absence"));
		return 0;
	}
	if (strcmp(kind, "exclusion") == 0)
		what = kt_word(KT_VOCAB_EXCLUSIONS, what);
	if (strcmp(kind, "user") == 0)
		put(h, what != NULL ? "<li>{user %n: %p}" : "<li>{user %n}", id, what);
	else
		put(h,
		    strcmp(kind, "plugin") == 0 || strcmp(kind, "form") == 0 ||
				    strcmp(kind, "scope") == 0
			    ? "<li>%T <small>%c</small>"
			    : "<li>%w",
		    what, id);
	if (reason != NULL && strcmp(reason, h->reason) != 0)
		put(h, ". %T", reason);
	put_raw(h, "</li>\n");
	return 0;
}

void not_taken_end(struct html *h)
{
	close_group(h);
	put_raw(h, "</section>\n");
}

/* -- links ------------------------------------------------------------------------------------ */

void links_begin(struct html *h)
{
	put(h, "<section aria-labelledby=\"links\">\n<h2 id=\"links\">{Observations that can be "
	       "copies of one another}</h2>\n<p>{The pairs below come from different files and "
	       "agree in time (within 2 seconds) and place (within 0.0001 degree). They can be "
	       "copies of one entry, such as a photo and its row in the photo library. Two copies "
	       "are not two independent sources. Nothing was merged or left out. The name of an "
	       "observation stands in the last column of the table above.}</p>\n");
}

int links_elem(struct html *h)
{
	const char *a = flat_get(h->f, "a"), *b = flat_get(h->f, "b");

	if (a == NULL || b == NULL) {
		h->over += strtoull(flat_get(h->f, "count") != NULL ? flat_get(h->f, "count") : "0",
				    NULL, 10);
		return 0;
	}
	if (h->rows >= KT_HTML_LINKS) {
		h->over++;
		return 0;
	}
	if (h->rows++ == 0)
		put_raw(h, "<ul class=\"plain\">\n");
	put(h, "<li>{%c and %c}</li>\n", a, b);
	return 0;
}

void links_end(struct html *h)
{
	char n[24];

	put(h, h->rows > 0 ? "</ul>\n" : "<p>{There are no such pairs.}</p>\n");
	if (h->over > 0) {
		snprintf(n, sizeof(n), "%llu", (unsigned long long)h->over);
		put(h,
		    "<p class=\"more\">{<strong>%n more pairs</strong> stand in "
		    "report.json.}</p>\n",
		    n);
	}
	put_raw(h, "</section>\n");
}

/* -- found, not reported ---------------------------------------------------------------------- */

static const struct {
	const char *kind, *caption, *column, *intro;
} found[] = {
	{"skipped", N_("Elements that are no observation"), N_("Elements"),
	 N_("Elements that a source holds and that give no observation: each with the reason.")},
	{"withheld", N_("Records withheld"), N_("Records"),
	 N_("Records outside the mandate's limits. They were counted and not shown.")},
	{"result", N_("Objects that could not be read to the end"), N_("Objects"),
	 N_("Objects whose reading ended before their end. How many of their elements were read "
	    "and "
	    "reported stands in report.json, object by object.")},
	{"note", N_("Notes of the readers"), N_("Objects"),
	 N_("Remarks of the readers on gaps in what a source covers.")},
};

void not_reported_begin(struct html *h)
{
	put(h, "<section aria-labelledby=\"not-reported\">\n<h2 id=\"not-reported\">{What was "
	       "found and is not reported}</h2>\n");
}

int not_reported_elem(struct html *h)
{
	const char *kind = flat_get(h->f, "kind"), *text = flat_get(h->f, "text");
	const char *item = flat_get(h->f, "item");

	if (kind == NULL)
		return 0;
	if (strcmp(kind, h->kind) != 0) {
		size_t i = 0;

		while (i < 3 && strcmp(found[i].kind, kind) != 0)
			i++;
		if (h->kind[0] != '\0')
			put_raw(h, "</tbody>\n</table>\n");
		snprintf(h->kind, sizeof(h->kind), "%s", kind);
		put(h,
		    "<h3>%T</h3>\n<p>%T</p>\n<table class=\"reasons\">\n<caption>{%T, by source}"
		    "</caption>\n<thead><tr><th scope=\"col\">{Source}</th><th "
		    "scope=\"col\">{Reason}</th><th scope=\"col\" "
		    "class=\"num\">%T</th></tr></thead>\n<tbody>\n",
		    found[i].caption, found[i].intro, found[i].caption, found[i].column);
	}
	put(h, "<tr><th scope=\"row\">%c</th><td>", item);
	put(h, "<bdi class=\"phone\">%w</bdi>",
	    kt_word(KT_VOCAB_REASONS, flat_get(h->f, "reason")));
	if (text != NULL && *text != '\0')
		put(h, "<small><bdi class=\"phone\">%T</bdi></small>", text);
	put(h, "</td><td class=\"num\">%n</td></tr>\n", flat_get(h->f, "count"));
	return 0;
}

void not_reported_end(struct html *h)
{
	put(h, h->kind[0] != '\0' ? "</tbody>\n</table>\n</section>\n"
				  : "<p>{Nothing: every element that was found is among the "
				    "observations.}</p>\n</section>\n");
}

/* -- objects ---------------------------------------------------------------------------------- */

void objects_begin(struct html *h)
{
	put(h,
	    "<section aria-labelledby=\"check\">\n<h2 id=\"check\">{How to "
	    "check}</h2>\n<ol>\n<li>{Check the package that this page came in: signatures, "
	    "time-stamps, and the hash of every file. The page <em>verify-without-keten</em> of "
	    "the user's documentation gives the steps with standard tools alone; no program of "
	    "this project is needed.}</li>\n<li>{Compare the "
	    "SHA-256 of the mandate at the top of this page with the mandate that the authority "
	    "holds.}</li>\n<li>{Compare the SHA-256 of an object below with the object in the "
	    "evidence, where the release of the evidence allows it.}</li>\n<li>{Find the element "
	    "of an observation at the byte range or path that it names, and read it there. Byte "
	    "offsets are offsets in the file as it was read. The object of a photo holds only "
	    "ranges of that file: <code>ranges</code> in <code>data/index</code> of the package "
	    "maps them, each as [offset in the file, length, offset in the "
	    "object].}</li>\n<li>{Evaluate the same evidence again on another machine: report.json "
	    "must come out with the same bytes.}</li>\n</ol>\n<h3>{Objects}</h3>\n<p>{An object is "
	    "what was stored of one file or of one answer. Where only parts of a file were read, "
	    "its size at the source is larger.}</p>\n<table class=\"objects\">\n<caption>{Objects "
	    "with their hashes}</caption>\n<thead><tr><th scope=\"col\">{Object}</th><th "
	    "scope=\"col\">{Path}</th><th scope=\"col\" class=\"num\">{Stored}</th><th "
	    "scope=\"col\">{SHA-256 of what was stored}</th></tr></thead>\n<tbody>\n");
}

int objects_elem(struct html *h)
{
	const char *path = flat_get(h->f, "path"), *outcome = flat_get(h->f, "outcome");

	h->rows++;
	put(h, "<tr><th scope=\"row\">%c", flat_get(h->f, "object"));
	if (outcome != NULL && strcmp(outcome, "acquired") != 0)
		put_outcome(h, outcome);
	put_raw(h, "</th><td>");
	if (path != NULL)
		put(h, "%p", path);
	else
		put(h, "{answer to a request}<small>%c</small>", flat_get(h->f, "item"));
	put(h, "</td><td class=\"num\">%b", flat_get(h->f, "bytes"));
	if (flat_get(h->f, "fs_size") != NULL)
		put(h, "<small>{of %b}</small>", flat_get(h->f, "fs_size"));
	put(h, "</td><td>%c</td></tr>\n", flat_get(h->f, "sha256"));
	return 0;
}

void objects_end(struct html *h)
{
	char n[24];

	put_raw(h, "</tbody>\n</table>\n");
	if (h->over > 0) {
		snprintf(n, sizeof(n), "%llu", (unsigned long long)h->over);
		put(h,
		    "<p class=\"more\">{<strong>%n more objects</strong> stand in report.json, "
		    "with their hashes.}</p>\n",
		    n);
	}
	put_raw(h, "</section>\n");
}
