/* SPDX-License-Identifier: EUPL-1.2 */
/* keten: finds the command and runs it. */
#include "cli/keten.h"
#include "core/json.h"
#include "core/spawn.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define MORE "\n           " /* a usage goes on in a further line */
/* What "keten COMMAND --help" and the man page add. */
#define SIGNS "[--pinentry FILE] [--tsa URL]... [--tsa-trust DIR]"
#define TAKES                                                                                      \
	"[--subject POSITION] [--interpreter NAME] [--lang TAG] [--releaser FILE]..." MORE         \
	"[--simulated] [--progress=json] [--json] " SIGNS
#define PHONE "[--wait S] [--password-fd N] " TAKES

static const struct command {
	const char *name;
	int (*run)(const struct kt_opts *o);
	const char *usage, *what, *also;
} commands[] = {
	{"devices", kt_cmd_devices, "[--json] [--wait S] [--case DIR]",
	 "phones, their state, and what to do next", NULL},
	{"parsers", kt_cmd_parsers, "[ID] [--try [--count] FILE...] [--json]",
	 "what is understood, what it wants, what its absence does not prove", NULL},
	{"mandate", kt_cmd_mandate,
	 "template | check FILE [--trust DIR] [--operator PEM] [--device ID]" MORE "[--json]",
	 "the signed authorisation", NULL},
	{"plan", kt_cmd_plan, "--mandate FILE [--device ID] [--form FORM] [--trust DIR] [--json]",
	 "what would be asked for, before anything is", NULL},
	{"run", kt_cmd_run,
	 "--mandate FILE --device ID --operator PEM --case DIR" MORE
	 "--out DIR [--statement FILE] [--trust DIR]",
	 "acquire, seal, parse, report, package: the main job", PHONE},
	{"import", kt_cmd_import,
	 "--from PATH [--form backup|image|carrier|file] --mandate FILE" MORE
	 "--operator PEM --case DIR --out DIR [--password-fd N] [--statement FILE] [--trust DIR]",
	 "the same from a backup, an image, a carrier or a file in place of a phone", TAKES},
	{"acquire", kt_cmd_acquire,
	 "--mandate FILE --device ID --operator PEM --case DIR [--trust DIR]",
	 "only the acquisition and its seal", PHONE},
	{"parse", kt_cmd_parse, "--case DIR [--trust DIR]", "records from a sealed case",
	 "[--progress=json] [--json]"},
	{"report", kt_cmd_report, "--case DIR [--statement FILE] [--trust DIR]",
	 "report.json and report.html", "[--progress=json] [--json]"},
	{"seal", kt_cmd_seal, "--case DIR --out DIR --operator PEM [--trust DIR]",
	 "the evidence package", SIGNS},
	{"release", kt_cmd_release,
	 "PACKAGE --releaser KEY --out DIR [--envelope FILE]" MORE
	 "[--second KEY] [--statement FILE] [--trust DIR] [--json]",
	 "second stage: open what is sealed, and evaluate it", SIGNS},
	{"verify", kt_cmd_verify,
	 "PACKAGE... [--trust DIR] [--json]" MORE
	 "--reproduce ACQUISITION RELEASE --releaser KEY" MORE
	 "[--envelope FILE] [--second KEY] [--out DIR]",
	 "valid, invalid or undetermined, with each reason", "[--tsa-trust DIR] [--crl DIR]"},
	{"redact", kt_cmd_redact, "PACKAGE --marks FILE --out DIR --operator PEM [--trust DIR]",
	 "a copy of a report without the rows that a reviewer marked", SIGNS},
	{"timestamp", kt_cmd_timestamp,
	 "PACKAGE... --tsa URL --operator KEY --out DIR [--trust DIR] [--tsa-trust DIR]",
	 "an outside clock's time over finished packages, as a package", "[--pinentry FILE]"},
	{"act", kt_cmd_act,
	 "opening|transfer|copy|hold PACKAGE... --reason TEXT" MORE
	 "[--to TEXT] [--until DATE] --operator KEY --out DIR",
	 "record what is done with packages, as a package", SIGNS},
	{"expire", kt_cmd_expire,
	 "PACKAGE|FOLDER... --operator KEY --out DIR" MORE
	 "[--reason ordered|withdrawn] [--trust DIR] [--json]",
	 "destroy the envelopes of what may no longer be kept", SIGNS},
	{"stats", kt_cmd_stats, "PACKAGE|FOLDER... [--trust DIR] [--json]",
	 "how many were read and released, and what came of it", NULL},
	{"show", kt_cmd_show, "PACKAGE NAME [--offset N] [--length N] [--judged HEX]",
	 "the bytes of one file in a package", NULL},
	{"station", kt_cmd_station,
	 "[--case DIR] [--out DIR] [--mandate FILE --operator PEM]" MORE
	 "[--statement FILE] [--trust DIR] [--json]",
	 "is this station fit for an acquisition?", NULL},
	{"information", kt_cmd_information,
	 "--mandate FILE [--lang TAG] [--information DIR] [--html FILE]" MORE
	 "--json [--information DIR]: the languages that there are",
	 "the sheet for the person, before anything is read", NULL},
	{"receipt", kt_cmd_receipt,
	 "CASE|PACKAGE [--mandate FILE] [--lang TAG] [--html FILE]" MORE "[--json]",
	 "what was read, under which authority, and what pins the record", NULL},
	{"refuse", kt_cmd_refuse,
	 "--mandate FILE | --case DIR, --reason WORD --operator PEM --out DIR" MORE
	 "[--subject WORD] [--interpreter NAME] [--note TEXT]",
	 "a record that nothing was read, and why", SIGNS},
	{"withdraw", kt_cmd_withdraw,
	 "--case DIR --operator PEM --out DIR [--interpreter NAME] [--note TEXT]",
	 "the person stops it: what was read is destroyed, the record stays", SIGNS},
	{"interrupt", kt_cmd_interrupt,
	 "--case DIR --operator PEM --out DIR [--reason WORD] [--note TEXT]",
	 "a signed record of a reading that was cut off, when it left none itself", SIGNS},
	{"comment", kt_cmd_comment, "PACKAGE --text FILE --operator PEM --out DIR",
	 "the applicant's own words, beside the package and of equal rank", SIGNS},
	{"erratum", kt_cmd_erratum, "PACKAGE... --plugin ID --text FILE --operator PEM --out DIR",
	 "a parser was wrong: what follows for packages made with it", SIGNS},
	{"disclose", kt_cmd_disclose, "PACKAGE --to NAME [--purpose TEXT] --operator PEM --out DIR",
	 "a copy for counsel, with all that was said about it, and a record of that", SIGNS},
	{"cases", kt_cmd_cases, "FOLDER [--json]",
	 "the cases in a folder, and how far each has come", NULL},
	{"log", kt_cmd_log, "--case DIR [--json]", "the custody log of a case, checked", NULL},
};

volatile int kt_stop_asked;
static bool fail_as_json;	      /* stderr is read by a program */
static const struct command *current; /* that runs */

static void on_signal(int sig)
{
	(void)sig;
	kt_stop_asked = 1;
}

void kt_catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal};

	sigemptyset(&sa.sa_mask);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

int kt_exit_of(int code)
{
	switch (code) {
	case KT_OK:
		return KT_EXIT_OK;
	case KT_E_PARTIAL:
	case KT_E_CANCELLED:
		return KT_EXIT_PARTIAL;
	case KT_E_USAGE:
	case KT_E_ABSENT:
	case KT_E_FORMAT: /* of what was handed over; of evidence see kt_of_evidence() */
	case KT_E_LIMIT:
		return KT_EXIT_USAGE;
	case KT_E_REFUSED:
		return KT_EXIT_REFUSED;
	case KT_E_DEVICE:
	case KT_E_TIMEOUT:
		return KT_EXIT_DEVICE;
	case KT_E_INVALID:
		return KT_EXIT_INVALID;
	case KT_E_UNDETERMINED:
		return KT_EXIT_UNDETERMINED;
	case KT_E_STORAGE:
		return KT_EXIT_STORAGE;
	default:
		return KT_EXIT_INTERNAL;
	}
}

int kt_of_evidence(int code)
{
	return code == KT_E_FORMAT || code == KT_E_LIMIT ? KT_E_INVALID : code;
}

static void fail_json(int code, const void *story, size_t n)
{
	struct kt_buf b;
	struct kt_jw w;

	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	kt_jw_kstr(&w, "schema", "keten-error-1");
	kt_jw_kint(&w, "exit", kt_exit_of(code));
	kt_jw_kstr(&w, "error", kt_code_name(code));
	kt_jw_kbytes(&w, "message", story, n);
	kt_jw_obj_end(&w);
	if (!b.failed)
		fprintf(stderr, "%.*s\n", (int)b.len, (const char *)b.p);
	kt_buf_free(&b);
}

/* Whoever names a file chose these bytes: they must not steer a terminal, nor make a line of their own. */
void kt_put_visible(FILE *out, const char *text)
{
	struct kt_buf b;

	if (kt_text_is_plain(text, strlen(text))) {
		fputs(text, out);
		return;
	}
	kt_buf_init(&b, 0);
	kt_text_escape(&b, text, strlen(text));
	fputs(kt_buf_cstr(&b) != NULL ? (const char *)b.p : "?", out);
	kt_buf_free(&b);
}

int kt_fail_exit(int code, const struct kt_err *err)
{
	char story[600];

	if (fail_as_json) {
		kt_err_story(err, story, sizeof(story));
		fail_json(code, story, strlen(story));
		return kt_exit_of(code);
	}
	fputs(code == KT_E_REFUSED ? "refused: " : "keten: ", stderr);
	kt_put_visible(stderr, kt_err_story(err, story, sizeof(story)));
	fputc('\n', stderr);
	return kt_exit_of(code);
}

void kt_warn(const struct kt_opts *o, const char *text)
{
	struct kt_progress p;

	kt_progress_init(&p, o);
	kt_progress_say(&p, "keten: warning: %s", text);
}

/* The lines of a usage as one: a message for a program. */
static void usage_json(const struct command *c)
{
	struct kt_buf b;

	kt_buf_init(&b, 0);
	kt_buf_puts(&b, "usage: keten ");
	kt_buf_puts(&b, c->name);
	kt_buf_putc(&b, ' ');
	for (const char *p = c->usage; *p != '\0'; p++) {
		kt_buf_putc(&b, *p == '\n' ? ' ' : *p);
		if (*p == '\n')
			p += strspn(p + 1, " ");
	}
	if (!b.failed)
		fail_json(KT_E_USAGE, b.p, b.len);
	kt_buf_free(&b);
}

int kt_usage_exit(void)
{
	if (fail_as_json)
		usage_json(current);
	else
		fprintf(stderr, "usage: keten %s %s\n", current->name, current->usage);
	return KT_EXIT_USAGE;
}

static int output_failed(struct kt_err *err)
{
	return KT_FAIL(err, KT_E_STORAGE, "standard output: %s", strerror(errno));
}

int kt_print_json(struct kt_buf *b, struct kt_err *err)
{
	int r = 0;

	if (b->failed)
		r = KT_FAIL(err, KT_E_NOMEM, "no memory for the result");
	else if (fwrite(b->p, 1, b->len, stdout) != b->len || putchar('\n') == EOF ||
		 fflush(stdout) != 0)
		r = output_failed(err);
	kt_buf_free(b);
	return r;
}

static void usage(FILE *f)
{
	fputs("Keten takes from a phone, a backup, an image or a file only what a signed mandate\n"
	      "allows, and makes a signed evidence package that stock tools can verify.\n\n"
	      "usage: keten COMMAND [options]\n\n",
	      f);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(f, "  %-8s %s\n           %s\n", commands[i].name, commands[i].usage,
			commands[i].what);
	fputs("\nWith --progress=json progress goes to stderr as JSON Lines.\n"
	      "Exit status: 0 complete, 1 partial, 2 usage, 3 refused, 4 phone, 5 invalid,\n"
	      "6 undetermined, 7 storage, 8 internal.\n",
	      f);
}

/* Before the options are understood: whoever reads stderr as JSON does so when one of them is wrong. */
static bool wants_json(int argc, char **argv)
{
	for (int i = 2; i < argc; i++)
		if (strcmp(argv[i], "--progress=json") == 0 ||
		    (strcmp(argv[i], "--progress") == 0 && i + 1 < argc &&
		     strcmp(argv[i + 1], "json") == 0))
			return true;
	return false;
}

/* What was printed has to have arrived: a result that is cut off must not look complete. */
static int checked(int status)
{
	struct kt_err err = {0};

	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	return status == KT_EXIT_OK || status == KT_EXIT_PARTIAL
		       ? kt_fail_exit(output_failed(&err), &err)
		       : status;
}

static void help(const struct command *c)
{
	printf("keten %s %s\n", c->name, c->usage);
	if (c->also != NULL)
		printf("           %s\n", c->also);
	printf("  %s\n", c->what);
}

static int run(int argc, char **argv)
{
	struct kt_opts o;
	struct kt_err err = {0};
	int r = kt_opts_parse(argc, argv, &o, &err);

	kt_sign_setup(&o);
	if (r < 0) {
		if (!fail_as_json)
			kt_usage_exit();
		r = kt_fail_exit(r, &err);
	} else if (o.help) {
		help(current);
	} else {
		r = current->run(&o);
	}
	kt_opts_free(&o);
	return r;
}

int main(int argc, char **argv)
{
	struct kt_err err = {0};

	kt_process_harden();
	kt_catch_signals();
	if (argc < 2) {
		usage(stderr);
		return KT_EXIT_USAGE;
	}
	fail_as_json = wants_json(argc, argv);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			current = &commands[i];
	if (current != NULL)
		return checked(run(argc, argv));
	if (strcmp(argv[1], "--version") == 0)
		puts("keten " KT_VERSION);
	else if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)
		usage(stdout);
	else
		return kt_fail_exit(KT_FAIL(&err, KT_E_USAGE,
					    "there is no command \"%.80s\"; see keten help",
					    argv[1]),
				    &err);
	return checked(KT_EXIT_OK);
}
