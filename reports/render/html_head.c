/* SPDX-License-Identifier: EUPL-1.2 */
/* The result in short, the limits, the authority, the phone and the session. */
#include "reports/render/html_i.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- in short --------------------------------------------------------------------------------- */

static const char *outcome_words(const char *s)
{
	static const char *const words[][2] = {
		{"acquired", N_("acquired")}, {"partial", N_("acquired in part")},
		{"absent", N_("absent")},     {"refused", N_("refused")},
		{"failed", N_("failed")},     {"withheld", N_("withheld")},
	};

	for (size_t i = 0; s != NULL && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i][0], s) == 0)
			return words[i][1];
	return s;
}

void put_outcome(struct html *h, const char *outcome)
{
	put(h, "<span class=\"pill\">%T</span>", outcome_words(outcome));
}

void put_outcome_reason(struct html *h, const char *reason)
{
	static const struct {
		const char *phone, *folder, *other;
	} said[] = {
		{"No such file or directory", N_("the folder is not there"), N_("it is not there")},
		{"Permission denied", N_("the phone gives no access to the folder"),
		 N_("the phone gives no access to it")},
	};

	if (reason == NULL || *reason == '\0')
		return;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		if (strstr(reason, said[i].phone) != NULL) {
			put(h,
			    "<small>%T</small><small>{the phone's words: "
			    "\xe2\x80\x9c%p\xe2\x80\x9d}</small>",
			    *reason == '/' ? said[i].folder : said[i].other, reason);
			return;
		}
	put(h, strchr(reason, ' ') != NULL ? "<small>%T</small>" : "<small>%w</small>", reason);
}

/* "2 files and 136 records"; nothing withheld is "none". */
static void put_withheld(struct html *h, const char *files, const char *records)
{
	bool f = files != NULL && strcmp(files, "0") != 0;
	bool r = records != NULL && strcmp(records, "0") != 0;

	if (f)
		put(h,
		    strcmp(files, "1") == 0 ? "{<span>%n file</span>}" : "{<span>%n files</span>}",
		    files);
	if (f && r)
		put(h, " {and} ");
	if (r)
		put(h,
		    strcmp(records, "1") == 0 ? "{<span>%n record</span>}"
					      : "{<span>%n records</span>}",
		    records);
	if (!f && !r)
		put(h, "{none}");
}

static void put_sources(struct html *h)
{
	static const char *const cols[] = {
		"item",		  "plugin",   "outcome", "observations", "with_position",
		"withheld_files", "withheld", "skipped", "why",
	};

	put(h,
	    "<table class=\"sources\">\n<caption>{What each source gave}</caption>\n<thead><tr><th "
	    "scope=\"col\">{Source}</th><th scope=\"col\">{Outcome}</th><th scope=\"col\" "
	    "class=\"num\">{Observations}</th><th scope=\"col\" class=\"num\">{of these with "
	    "position}</th><th scope=\"col\" class=\"num\">{Withheld}</th><th scope=\"col\" "
	    "class=\"num\">{Not reported}</th><th scope=\"col\">{In "
	    "words}</th></tr></thead>\n<tbody>\n");
	for (unsigned i = 0; flat_has(h->f, "sources", i); i++) {
		const char *v[9];

		for (size_t k = 0; k < 9; k++)
			v[k] = flat_in(h->f, "sources", i, cols[k]);
		put(h, "<tr><th scope=\"row\">%T<small>%c</small></th><td>", title_of(h, v[1]),
		    v[0]);
		put_outcome(h, v[2]);
		put(h, "</td><td class=\"num\">%n</td><td class=\"num\">%n</td><td class=\"num\">",
		    v[3], v[4]);
		put_withheld(h, v[5], v[6]);
		put(h, "</td><td class=\"num\">%n</td><td>%T</td></tr>\n", v[7], v[8]);
	}
	put_raw(h, "</tbody>\n</table>\n");
}

static uint64_t count(const struct html *h, const char *path)
{
	const char *s = flat_get(h->f, path);

	return s != NULL ? strtoull(s, NULL, 10) : 0;
}

/* The sentence of report.json, made again from its numbers: they differ from language to language. */
static void put_result_text(struct html *h)
{
	const char *one = N_("%n observation with a usable position.");
	const char *many = N_("%n observations with a usable position.");
	const char *n = flat_get(h->f, "with_position");
	char sources[24];
	unsigned given = 0;

	if (h->no_finding || n == NULL) {
		put(h, "<p class=\"result\">%T</p>\n", flat_get(h->f, "text"));
		return;
	}
	for (unsigned i = 0; flat_has(h->f, "sources", i); i++) {
		const char *p = flat_in(h->f, "sources", i, "with_position");

		given += p != NULL && strcmp(p, "0") != 0;
	}
	snprintf(sources, sizeof(sources), "%u", given);
	put_raw(h, "<p class=\"result\">");
	put(h, kt_tr(h->lang, count(h, "with_position") == 1 ? one : many), n);
	put(h, given == 1 ? " {They come from %n source.}" : " {They come from %n sources.}",
	    sources);
	if (flat_get(h->f, "positions") != NULL)
		put(h, " {Used as positions of this phone: %n.}", flat_get(h->f, "positions"));
	put(h, " {Their number is no measure of weight.}</p>\n");
}

int sec_result(struct html *h)
{
	const char *code = flat_get(h->f, "code");

	h->no_finding = code != NULL && strcmp(code, "no-usable-finding") == 0;
	h->all = count(h, "observations");
	h->places = count(h, "observations") - count(h, "by_type.property") -
		    count(h, "by_type.setting") - count(h, "by_type.user");
	put(h, "<section aria-labelledby=\"short\">\n<h2 id=\"short\">{In short}</h2>\n");
	put_result_text(h);
	put_raw(h, "<dl class=\"counts\">\n");
	put_dl(h, "Observations", "%n", flat_get(h->f, "observations"));
	put_dl(h, "with a position", "%n", flat_get(h->f, "with_position"));
	put_dl(h, "Used as positions of this phone", "%n", flat_get(h->f, "positions"));
	put_dl(h, "Places only named", "%n", flat_get(h->f, "places_named"));
	put_dl(h, "with a time", "%n", flat_get(h->f, "with_time"));
	put_dl(h, "without a time", "%n", flat_get(h->f, "undated"));
	put(h, "<div><dt>{Withheld: outside the mandate}</dt><dd>");
	put_withheld(h, flat_get(h->f, "withheld_files"), flat_get(h->f, "withheld"));
	put_raw(h, "</dd></div>\n");
	put_dl(h, "Not reported, with reasons", "%n", flat_get(h->f, "skipped"));
	put_dl(h, "Stays in a territory", "%n", flat_get(h->f, "stays"));
	put_dl(h, "Agreements of independent sources", "%n", flat_get(h->f, "agreements"));
	put_dl(h, "Conflicts between sources", "%n", flat_get(h->f, "conflicts"));
	put_raw(h, "</dl>\n<dl class=\"counts\">\n");
	put_dl(h, "Recorded at the time", "%n", flat_get(h->f, "by_basis.measured"));
	put_dl(h, "Inferred by the source", "%n", flat_get(h->f, "by_basis.inferred"));
	put_dl(h, "Edited by a user", "%n", flat_get(h->f, "by_basis.user-edited"));
	put_dl(h, "From another device", "%n", flat_get(h->f, "by_basis.other-device"));
	put_dl(h, "Stated by the phone", "%n", flat_get(h->f, "by_basis.stated"));
	put_raw(h, "</dl>\n");
	put_sources(h);
	put_raw(h, "</section>\n");
	return 0;
}

/* -- attention -------------------------------------------------------------------------------- */

void attention_begin(struct html *h)
{
	h->rows = 0;
}

/* "The sentence: TITLE, version N; TITLE, version N.": titles are texts of ours by themselves. */
static bool put_readers(struct html *h, const char *text)
{
	static const char version[] = ", version ";
	const char *p = strstr(text, "phone: ");
	char part[512];

	if (p == NULL || (size_t)(p - text) + 7 > sizeof(part))
		return false;
	snprintf(part, sizeof(part), "%.*s", (int)(p - text) + 6, text);
	put(h, "<li>%T ", part);
	for (p += 7; *p != '\0';) {
		const char *v = strstr(p, version);
		size_t n;

		if (v == NULL) {
			put(h, "%T", p);
			break;
		}
		snprintf(part, sizeof(part), "%.*s", (int)(v - p), p);
		put(h, "%T, ", part);
		p = v + sizeof(version) - 1;
		n = strspn(p, "0123456789");
		snprintf(part, sizeof(part), "%.*s", (int)n, p);
		p += n + strspn(p + n, ".; ");
		put(h, *p != '\0' ? "{version %n}; " : "{version %n}.", part);
	}
	put_raw(h, "</li>\n");
	return true;
}

int attention_elem(struct html *h)
{
	const char *id = flat_get(h->f, "id"), *text = flat_get(h->f, "text");

	if (h->rows++ == 0)
		put(h, "<section aria-labelledby=\"attention\">\n<h2 id=\"attention\">{To be noted "
		       "first}</h2>\n"
		       "<ul class=\"limits attention\">\n");
	if (id == NULL || text == NULL || strcmp(id, "not-device-tested") != 0 ||
	    !put_readers(h, text))
		put(h, "<li>%T</li>\n", text);
	return 0;
}

void attention_end(struct html *h)
{
	if (h->rows > 0)
		put_raw(h, "</ul>\n</section>\n");
}

/* -- limits ----------------------------------------------------------------------------------- */

void limits_begin(struct html *h)
{
	put(h, "<section aria-labelledby=\"limits\">\n<h2 id=\"limits\">{What this report can and "
	       "cannot say}</h2>\n<ul class=\"limits\">\n");
}

int limits_elem(struct html *h)
{
	put(h, "<li>%T</li>\n", flat_get(h->f, "text"));
	return 0;
}

void limits_end(struct html *h)
{
	put_raw(h, "</ul>\n</section>\n");
}

/* -- a redacted copy -------------------------------------------------------------------------- */

static const char *const category_words[][2] = {
	{"third-person", N_("about another person")},
	{"private-life", N_("private life, without meaning for the question")},
	{"minor", N_("about a minor")},
	{"health", N_("about health")},
	{"legal-advice", N_("contact with a lawyer or adviser")},
	{"security", N_("safety of a person or place")},
	{"not-relevant", N_("outside the question that was asked")},
};

int sec_redaction(struct html *h)
{
	put(h, "<section aria-labelledby=\"redacted\">\n<h2 id=\"redacted\">{A copy with rows left "
	       "out}</h2>\n<p "
	       "class=\"result\">{Rows were left out of this copy for disclosure. Counts, stays "
	       "and the statement are those of the "
	       "full report; lists, map and the other forms lack the rows.}</p>\n<dl "
	       "class=\"facts\">\n");
	put(h, "<div><dt>{The full package}</dt><dd>%c<small>SHA-256 %c</small></dd></div>\n",
	    flat_get(h->f, "package"), flat_get(h->f, "package_sha256"));
	put(h,
	    "<div><dt>{SHA-256 of its report.json}</dt><dd>%c</dd></div>\n<div><dt>{Left out "
	    "by}</dt><dd><bdi>%t</bdi></dd></div>\n",
	    flat_get(h->f, "report_sha256"), flat_get(h->f, "reviewer"));
	for (unsigned i = 0; flat_has(h->f, "left_out", i); i++) {
		const char *category = flat_in(h->f, "left_out", i, "category");

		for (size_t k = 0;
		     category != NULL && k < sizeof(category_words) / sizeof(category_words[0]);
		     k++)
			if (strcmp(category_words[k][0], category) == 0)
				category = category_words[k][1];
		put(h,
		    "<div><dt>{Left out:} %T</dt><dd>{observations: %n}; {objects: "
		    "%n}</dd></div>\n",
		    category, flat_in(h->f, "left_out", i, "observations"),
		    flat_in(h->f, "left_out", i, "objects"));
	}
	put(h,
	    "<div><dt>{Left out with them}</dt><dd>{places: %n}; {pairs: "
	    "%n}</dd></div>\n</dl>\n</section>\n",
	    flat_get(h->f, "places"), flat_get(h->f, "pairs"));
	return 0;
}

/* -- authority -------------------------------------------------------------------------------- */

static void put_means(struct html *h)
{
	const char *path = "necessity.less_intrusive_means";

	if (!flat_has(h->f, path, 0))
		return;
	put(h, "<div><dt>{Less intrusive means tried}</dt><dd><ul>\n");
	for (unsigned i = 0; flat_has(h->f, path, i); i++)
		put(h, "<li>{%t. <span class=\"muted\">Result:</span> %t}</li>\n",
		    flat_in(h->f, path, i, "means"), flat_in(h->f, path, i, "result"));
	put_raw(h, "</ul></dd></div>\n");
}

static const char *mode_words(const char *mode)
{
	if (mode != NULL && strcmp(mode, "consent") == 0)
		return N_("by consent");
	if (mode != NULL && strcmp(mode, "order") == 0)
		return N_("by order");
	return mode;
}

static void put_person(struct html *h, const char *who, const char *path)
{
	char key[64];
	const char *subject;

	snprintf(key, sizeof(key), "%s.subject", path);
	subject = flat_get(h->f, key);
	snprintf(key, sizeof(key), "%s.cert_sha256", path);
	put(h,
	    "<div><dt>%T</dt><dd><bdi>%t</bdi><small>{certificate, SHA-256 "
	    "%c}</small></dd></div>\n",
	    who, subject, flat_get(h->f, key));
}

/* Nothing for a value that is not given. */
static void put_given(struct html *h, const char *fmt, const char *path)
{
	const char *value = flat_get(h->f, path);

	if (value != NULL && *value != '\0')
		put(h, fmt, value);
}

static const char *kind_words(const char *kind)
{
	if (kind != NULL && strcmp(kind, "android") == 0)
		return N_("Android phone");
	if (kind != NULL && strcmp(kind, "ios") == 0)
		return N_("iPhone");
	return kind;
}

static const char *purpose_words(const char *word)
{
	return word == NULL				? NULL
	       : strcmp(word, "identity") == 0		? N_("to establish who a person is")
	       : strcmp(word, "claim-examination") == 0 ? N_("to examine what was stated")
	       : strcmp(word, "security") == 0		? N_("security")
							: word;
}

int sec_authority(struct html *h)
{
	const char *minor = flat_get(h->f, "subject.minor");

	put(h,
	    "<section aria-labelledby=\"authority\">\n<h2 id=\"authority\">{Authority}</h2>\n<p>{A "
	    "mandate, signed before anything was read, says what may be taken. What it does not "
	    "name was not asked for.}</p>\n<dl class=\"facts\">\n");
	put_dl(h, "Issued by", "%t", flat_get(h->f, "issuer"));
	put_dl(h, "Purpose", "%T", purpose_words(flat_get(h->f, "purpose")));
	put(h, "<div><dt>{Legal basis}</dt><dd>%t<small>%t</small></dd></div>\n",
	    flat_get(h->f, "legal_basis.code"), flat_get(h->f, "legal_basis.text"));
	put_dl(h, "Mode", "%T", mode_words(flat_get(h->f, "mode")));
	put_dl(h, "Question to be answered", "%t", flat_get(h->f, "necessity.question"));
	put_means(h);
	put_dl(h, "Proportionality", "%t", flat_get(h->f, "necessity.proportionality"));
	put(h, "<div><dt>{Person concerned}</dt><dd>{minor, as the mandate has it: %T}", minor);
	put_given(h, "{; language %c}", "subject.language");
	put_given(h, "<small>{representative: %t}</small>", "subject.representative");
	put_given(h, "<small>{interpreter: %t}</small>", "subject.interpreter");
	put_raw(h, "</dd></div>\n");
	put(h,
	    "<div><dt>{Valid}</dt><dd>{from %u to %u}<small>{issued %u; sessions allowed: "
	    "%n}</small></dd></div>\n",
	    flat_get(h->f, "validity.not_before"), flat_get(h->f, "validity.not_after"),
	    flat_get(h->f, "validity.issued_at"), flat_get(h->f, "validity.max_sessions"));
	if (flat_get(h->f, "device.identifier") != NULL)
		put(h, "<div><dt>{Phone named}</dt><dd>%T, %c</dd></div>\n",
		    kind_words(flat_get(h->f, "device.kind")), flat_get(h->f, "device.identifier"));
	else
		put(h, "<div><dt>{Phone named}</dt><dd>{none: any %T}</dd></div>\n",
		    kind_words(flat_get(h->f, "device.kind")));
	put_person(h, "Signed by (authoriser)", "authoriser");
	put_person(h, "Carried out by (operator)", "operator");
	put_raw(h, "</dl>\n");
	return 0;
}

/* -- phone and session ------------------------------------------------------------------------ */

static const char *property_words(const char *name)
{
	static const char *const words[][2] = {
		{"manufacturer", N_("Maker")},
		{"brand", N_("Brand")},
		{"model", N_("Model")},
		{"device", N_("Device name of the maker")},
		{"release", N_("System version")},
		{"sdk", N_("System level (API)")},
		{"security_patch", N_("Security patch")},
	};
	const char *dot = name != NULL ? strrchr(name, '.') : NULL;

	for (size_t i = 0; dot != NULL && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(dot + 1, words[i][0]) == 0)
			return words[i][1];
	return N_("Property");
}

/* What was read, and whose it is as far as that is known. */
static void put_read(struct html *h)
{
	static const char *const words[][2] = {
		{"backup", N_("the backup of an iPhone")},
		{"image", N_("an image of a phone's file system")},
		{"carrier", N_("a memory card or stick")},
		{"file", N_("a file that was handed over")},
	};
	const char *kind = kind_words(flat_get(h->f, "kind")), *id = flat_get(h->f, "identifier");
	const char *form = flat_get(h->f, "form");

	if (form == NULL) {
		put(h, "<div><dt>{Connected}</dt><dd>%T, %p</dd></div>\n", kind, id);
		return;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i][0], form) == 0)
			form = words[i][1];
	put(h,
	    "<div><dt>{What was read}</dt><dd>{%T, named %p}<small>{no phone was "
	    "connected}</small></dd></div>\n",
	    form, flat_get(h->f, "source"));
	if (id != NULL && strcmp(id, "unknown") != 0)
		put(h, "<div><dt>{About}</dt><dd>%T, %p</dd></div>\n", kind, id);
	else
		put(h,
		    "<div><dt>{About}</dt><dd>{%T; which one is not known: what was read names "
		    "none}</dd></div>\n",
		    kind);
}

int sec_device(struct html *h)
{
	put(h, "<h3>{The phone}</h3>\n<dl class=\"facts\">\n");
	put_read(h);
	for (unsigned i = 0; flat_has(h->f, "stated", i); i++) {
		const char *name = flat_in(h->f, "stated", i, "name");

		put(h,
		    "<div><dt>%T</dt><dd>%p<small><bdi "
		    "class=\"phone\">%t</bdi></small></dd></div>\n",
		    property_words(name), flat_in(h->f, "stated", i, "value"), name);
	}
	put_raw(h, "</dl>\n");
	if (flat_has(h->f, "stated", 0))
		put(h, "<p class=\"note\">{As the phone states them about itself; not checked "
		       "against anything else.}</p>\n");
	else
		put(h, "<p class=\"note\">{No statement of the phone about its make or model is "
		       "among the records.}</p>\n");
	return 0;
}

static unsigned entries(const struct html *h, const char *path)
{
	unsigned n = 0;

	while (flat_has(h->f, path, n))
		n++;
	return n;
}

static void put_clocks(struct html *h)
{
	put(h, "<div><dt>{Clocks}</dt><dd>");
	if (entries(h, "clock_checks") == 0)
		put(h, "{The clock of the phone was not compared.}");
	for (unsigned i = 0; i < entries(h, "clock_checks"); i++) {
		const char *when = flat_in(h->f, "clock_checks", i, "when");
		const char *ms = flat_in(h->f, "clock_checks", i, "offset_ms");
		char n[40];

		put_raw(h, i > 0 ? "; " : "");
		if (when == NULL || ms == NULL) {
			const char *text = flat_in(h->f, "clock_checks", i, "text");

			if (text == NULL || strstr(text, " gave no usable time") == NULL)
				put(h, "%T", text);
			else if (strstr(text, "At the end") == text)
				put(h, "{at the end, the phone gave no usable time}");
			else
				put(h, "{at the start, the phone gave no usable time}");
			continue;
		}
		put(h,
		    strcmp(when, "start") == 0 ? "{at the start, phone minus station: %d seconds}"
					       : "{at the end, phone minus station: %d seconds}",
		    milli(ms, n, sizeof(n)));
	}
	put(h, "<small>%T</small></dd></div>\n", flat_get(h->f, "clock_source"));
}

/* Why a connection ended, or what the person said; both are codes. */
static const char *event_words(const char *reason)
{
	static const char *const words[][2] = {
		{"agrees", N_("agrees")},
		{"objects", N_("has objections")},
		{"not-asked", N_("was not asked")},
		{"done", N_("after the last request")},
		{"lost", N_("the connection was lost")},
		{"process-ended", N_("the program that speaks to the phone ended")},
	};

	for (size_t i = 0; reason != NULL && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i][0], reason) == 0)
			return words[i][1];
	return reason;
}

static void put_list(struct html *h, const char *term, const char *path, const char *member)
{
	bool codes = strcmp(path, "disconnects") == 0 || strcmp(path, "subject_position") == 0;
	unsigned n = entries(h, path);

	if (n == 0)
		return;
	put(h, "<div><dt>%T</dt><dd><ul>\n", term);
	for (unsigned i = 0; i < n; i++) {
		put(h, "<li>%u", flat_in(h->f, path, i, "utc"));
		if (flat_in(h->f, path, i, member) != NULL)
			put(h, ": %w",
			    codes ? event_words(flat_in(h->f, path, i, member))
				  : flat_in(h->f, path, i, member));
		if (flat_in(h->f, path, i, "key_fingerprint") != NULL)
			put(h, "<small>{; the station's key, as the phone shows it: %c}</small>",
			    flat_in(h->f, path, i, "key_fingerprint"));
		put_raw(h, "</li>\n");
	}
	put_raw(h, "</ul></dd></div>\n");
}

int sec_session(struct html *h)
{
	if (h->opts->head != NULL && flat_get(h->f, "closed") != NULL)
		snprintf(h->opts->head->sealed, sizeof(h->opts->head->sealed), "%.31s",
			 flat_get(h->f, "closed"));
	put(h, "<h3>{The session}</h3>\n<dl class=\"facts\">\n");
	put(h, "<div><dt>{Opened}</dt><dd>%u</dd></div>\n", flat_in(h->f, "opened", 0, "utc"));
	if (flat_get(h->f, "closed") != NULL)
		put_dl(h, "Sealed", "%u", flat_get(h->f, "closed"));
	else
		put(h, "<div><dt>{Sealed}</dt><dd>{The acquisition has not been "
		       "sealed.}</dd></div>\n");
	put_list(h, "Resumed", "resumed", "tool_version");
	put_list(h, "Phone connected", "connects", "serial");
	put_list(h, "Phone disconnected", "disconnects", "reason");
	put_clocks(h);
	put_list(h, "Position of the person", "subject_position", "position");
	put_list(h, "Requests refused by a rule", "refused_attempts", "text");
	put_list(h, "Notes of the operator", "notes", "text");
	put_dl(h, "Last line of the log at the seal", "%c", flat_get(h->f, "custody_head"));
	put_dl(h, "SHA-256 of the seal", "%c", flat_get(h->f, "seal_sha256"));
	put_raw(h, "</dl>\n</section>\n");
	return 0;
}
