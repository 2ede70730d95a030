/* SPDX-License-Identifier: EUPL-1.2 */
/* Last page: what was taken, what was not and why, the package, and what is left to do. */
#include <string.h>

#include "desktop/intake_i.h"
#include "desktop/qr.h"
#include "desktop/states.h"

static void fact(struct kd_intake *in, const char *title, const char *value)
{
	if (value != NULL && value[0] != '\0')
		kd_group_add(in->done_facts, kd_row(title, value));
}

/* What a reading that ended early had still to do: that nothing is said of it is no answer. */
static void show_unfinished(struct kd_intake *in)
{
	GList *keys = g_list_sort(g_hash_table_get_keys(in->titles), (GCompareFunc)strcmp);

	for (GList *k = keys; k != NULL; k = k->next) {
		guint i = 0;

		while (i < in->ended->len &&
		       strcmp(((const struct kd_ended *)in->ended->pdata[i])->item, k->data) != 0)
			i++;
		if (i == in->ended->len)
			kd_group_add(in->done_items, kd_row(kd_item_title(in, k->data),
							    _("not finished when it ended")));
	}
	g_list_free(keys);
}

static void show_items(struct kd_intake *in, bool early)
{
	kd_group_clear(in->done_items);
	for (guint i = 0; i < in->ended->len; i++) {
		const struct kd_ended *e = in->ended->pdata[i];
		char *size = kd_bytes((guint64)e->bytes), *reason = kd_said(e->reason), *text;

		/* of a sealed case, what is stored of a thing that is not there is its reason */
		if (e->objects > 0 && strcmp(e->outcome, "absent") != 0)
			text = g_strdup_printf("%s: %s%s%s", kd_outcome(e->outcome), size,
					       reason[0] != '\0' ? ". " : "", reason);
		else
			text = g_strdup_printf("%s%s%s", kd_outcome(e->outcome),
					       reason[0] != '\0' ? ". " : "", reason);
		kd_group_add(in->done_items, kd_row(kd_item_title(in, e->item), text));
		g_free(text);
		g_free(reason);
		g_free(size);
	}
	if (early)
		show_unfinished(in);
	gtk_widget_set_visible(in->done_items, early || in->ended->len > 0);
}

static void check_row(struct kd_intake *in, const char *title, const char *what)
{
	GtkWidget *row = kd_row(title, what), *check = gtk_check_button_new();

	kd_name(check, title);
	gtk_widget_remove_css_class(row, "kd-fact");
	adw_action_row_add_prefix(ADW_ACTION_ROW(row), check);
	adw_action_row_set_activatable_widget(ADW_ACTION_ROW(row), check);
	kd_group_add(in->done_checklist, row);
}

/* The holder of an iPhone was asked and did not trust this station. */
static bool is_denied(const struct kd_engine_result *res)
{
	return res->status == 4 && strstr(res->error, "trust-denied:") != NULL;
}

static void show_checklist(struct kd_intake *in, const struct kd_engine_result *res)
{
	bool recorded = res->status == 0;

	kd_group_clear(in->done_checklist);
	gtk_widget_set_visible(in->done_checklist, in->touched);
	if (!in->touched)
		return;
	if (g_strcmp0(in->kind, "ios") == 0) {
		if (!is_denied(res)) /* else there is none to take back */
			check_row(
				in, _("Trust is taken back"),
				_("Keten does that at the end, when the phone is still plugged in "
				  "and did not trust this station before. If it was unplugged, or "
				  "to be sure: Settings, General, Transfer or Reset, Reset "
				  "Location "
				  "and Privacy."));
	} else {
		check_row(in, _("USB debugging is switched off"),
			  _("Settings, Developer options. Its holder does it."));
		check_row(in, _("The authorisation is revoked"),
			  in->package != NULL || (in->withdrawn && recorded)
				  ? _("Settings, Developer options, Revoke USB debugging "
				      "authorisations. The "
				      "key of this case is deleted already.")
				  : _("Settings, Developer options, Revoke USB debugging "
				      "authorisations. The "
				      "key of this case stays until the case is finished or "
				      "withdrawn."));
	}
	check_row(in, _("The phone is back in its holder's hands"), NULL);
}

static void ask_receipt(struct kd_intake *in);

/* -- how it ended ----------------------------------------------------------------------------- */

/* Is this page about a refusal or a withdrawal, and did its record not come about? */
static bool is_act(const struct kd_intake *in)
{
	return in->withdrawn || kd_ends_here(in);
}

static bool is_unrecorded(const struct kd_intake *in, const struct kd_engine_result *res)
{
	return is_act(in) && res->status != 0;
}

static bool is_there(const char *path)
{
	return path != NULL && g_file_test(path, G_FILE_TEST_EXISTS);
}

/* The package was complete before the holder withdrew. What there is decides what is said. */
static const char *next_step_late(const struct kd_intake *in)
{
	if (!is_there(in->package))
		return _("The package was complete before they said so. It is destroyed all the "
			 "same, with what lay in the folder of the case, and that is recorded. "
			 "Hand the receipt over and tell the authoriser.");
	if (in->envelope != NULL && !is_there(in->envelope))
		return _("The package was complete before they said so. Its key is destroyed, and "
			 "that is recorded: nobody can open it any more. Hand the receipt over and "
			 "tell the authoriser.");
	return _("The package was complete before they said so, and it is NOT destroyed: its "
		 "mandate does not have packages erased. That they withdrew is recorded. Do not "
		 "pass the package on. Hand the receipt over and tell the authoriser at once; they "
		 "decide on its deletion.");
}

static const char *next_step_act(const struct kd_intake *in, const struct kd_engine_result *res)
{
	if (is_unrecorded(in, res) && strstr(res->error, "already-packaged:") != NULL)
		return _(
			"A package of this case was made before, and it is still there. Write down "
			"that the holder withdraws, and give this page to the administrator: keten "
			"expire destroys that package.");
	if (is_unrecorded(in, res))
		return in->withdrawn
			       ? _("The withdrawal is not recorded to its end, and something of "
				   "what was taken may still be there. Mend what Keten names "
				   "above, then try again on this page. If that does not help, "
				   "keep the case folder as it is and call the administrator.")
			       : _("Nothing was read, but what the holder said is not recorded "
				   "yet. Mend what Keten names above, then try again on this "
				   "page.");
	if (in->too_late)
		return next_step_late(in);
	if (in->withdrawn)
		return _("What was taken is destroyed; that it was begun and "
			 "stopped is recorded. "
			 "Hand the receipt over and tell the authoriser.");
	return _("No phone was touched and nothing was read. Tell the authoriser that the "
		 "holder "
		 "objects; no reason is asked for. Hand the receipt over.");
}

/* What to do next, by the exit status of keten: nothing dead-ends. */
static const char *next_step(const struct kd_intake *in, const struct kd_engine_result *res)
{
	if (is_act(in))
		return next_step_act(in, res);
	if (strstr(res->error, "passphrase") != NULL)
		return _("The operator's key needs a passphrase that nobody could ask for. Ask the "
			 "administrator "
			 "to set up pinentry, or use a card; then go on. What was taken is safe.");
	switch (res->status) {
	case -1:
		return _("A part of Keten is missing, or broke off. What was taken is safe, and "
			 "the case can be "
			 "gone on with. If it happens again, ask the administrator to install "
			 "Keten again.");
	case 0:
		return _("Hand the receipt over, tick what is done, and pass the package on.");
	case 1:
		return in->package != NULL
			       ? _("Something is missing; the list says what and why. Pass "
				   "the package on as it is. What is missing is asked for once "
				   "more when you begin again with the same mandate.")
			       : _("Go on now, or later from the first page; it uses up no further "
				   "session.");
	case 2:
		return _("Something that was asked for is missing or wrong; Keten says what. "
			 "Change it, then "
			 "start again. Nothing more was read.");
	case 3:
		return _("Ask whoever issued the mandate, or change what was asked. Nothing more "
			 "was read.");
	case 4:
		if (is_denied(res))
			return _("That is their decision; nothing is read without it. To ask them "
				 "again, unplug the phone and plug it in, then go on: it uses up "
				 "no further session. If they stay with it, withdraw the case on "
				 "the first page, which records that.");
		return _("See that the phone is unlocked and plugged in, then go on. It uses up no "
			 "further session.");
	case 6:
		return _("Ask the administrator to look at this station's trust folder.");
	case 7:
		return _("Make room on the disk that holds the folder of this case, which is named "
			 "below, then go on. What was taken is safe.");
	default:
		return _("Keep the case folder as it is and show this page to the administrator.");
	}
}

static const char *headline(const struct kd_intake *in, const struct kd_engine_result *res)
{
	if (is_unrecorded(in, res))
		return in->withdrawn ? _("The withdrawal is not complete")
				     : _("The refusal is not recorded");
	if (in->withdrawn)
		return _("The holder withdrew");
	if (kd_ends_here(in))
		return _("The holder said no");
	if (in->stopping && res->status != 0)
		return _("Stopped");
	switch (res->status) {
	case -1:
		return _("Keten broke off");
	case 2:
		return _("Something that was asked for is missing");
	case 0:
		return _("Everything that was asked for has an answer");
	case 1:
		return in->package != NULL ? _("Read, with parts missing") : _("Stopped");
	case 3:
		return _("Refused by the mandate");
	case 4:
		return is_denied(res) ? kd_state_title("trust-refused")
				      : _("The phone was not there, not trusted, or lost");
	case 7:
		return _("No room, or the disk does not take it");
	default:
		return _("It did not work");
	}
}

static const char *state_word(const struct kd_intake *in, const struct kd_engine_result *res)
{
	static const char *const words[] = {"complete",	    "partial", "usage",
					    "refused",	    "device",  "invalid",
					    "undetermined", "storage", "internal"};

	if (is_unrecorded(in, res))
		return "unrecorded";
	if (in->withdrawn)
		return in->too_late ? "withdrawn-late" : "withdrawn";
	if (kd_ends_here(in))
		return "objected";
	if (in->stopping && res->status != 0)
		return "stopped";
	return res->status >= 0 && res->status < (int)G_N_ELEMENTS(words) ? words[res->status]
									  : "killed";
}

static void take_path(const struct kd_intake *in, char **to, const char *name)
{
	g_clear_pointer(to, g_free);
	if (name != NULL)
		*to = g_build_filename(kd_entry(in->out_row), name, NULL);
}

/* What keten expire says of the one package that it was given. */
static const struct kt_jv *first_package(const struct kt_jv *r)
{
	const struct kt_jv *list = kt_jv_get(r, "packages");

	return list != NULL && list->type == KT_JV_ARR ? list->child : NULL;
}

static void take_record(struct kd_intake *in, const struct kt_jv *r)
{
	const char *record = kt_jv_str(r, "interruption");

	if (record == NULL)
		record = kt_jv_str(r, "record");
	if (record == NULL)
		record = kt_jv_str(first_package(r), "record");
	take_path(in, &in->record, record);
}

void kd_done_take(struct kd_intake *in, const struct kt_jv *r)
{
	gint64 files = kt_jv_int(r, "destroyed_files", -1);
	const char *end = kt_jv_str(first_package(r), "end");

	g_clear_pointer(&in->case_id, g_free);
	g_clear_pointer(&in->head, g_free);
	g_clear_pointer(&in->destroyed, g_free);
	if (!in->too_late) { /* else it is known, and what is said now is of its end */
		take_path(in, &in->package, kt_jv_str(r, "package"));
		take_path(in, &in->envelope, kt_jv_str(r, "envelope"));
	}
	take_record(in, r);
	/* before: by a try that was cut off */
	in->erased = g_strcmp0(end, "destroyed") == 0 || g_strcmp0(end, "destroyed-before") == 0;
	in->case_id = g_strdup(kt_jv_str(r, "case_id"));
	in->head = g_strdup(kt_jv_str(r, "custody_head"));
	if (in->withdrawn && files > 0) { /* 0: there was nothing, or a first try destroyed it */
		char *size = kd_bytes((guint64)kt_jv_int(r, "destroyed_bytes", 0));

		in->destroyed = g_strdup_printf(_("files: %lld, %s"), (long long)files, size);
		g_free(size);
	}
}

static char *clock_failed(const char *reason)
{
	char *why = kd_said(reason),
	     *s = g_strdup_printf("%s %s", _("No outside clock: it was asked, and gave no time."),
				  why);

	g_free(why);
	return s;
}

/* Whose clock stands behind the time of the package. */
static void show_clock(struct kd_intake *in, const struct kt_jv *r)
{
	const char *reason = kt_jv_str(r, "time_reason");
	char *s;

	if (g_strcmp0(kt_jv_str(r, "time"), "anchored") == 0)
		s = g_strdup(_("It says when the package was sealed."));
	else if (reason != NULL)
		s = clock_failed(reason);
	else
		s = g_strdup(_("No outside clock: none is set. The time rests on this station's "
			       "clock."));
	fact(in, _("Outside clock"), s);
	g_free(s);
}

void kd_done_begin(struct kd_intake *in, const struct kd_engine_result *res)
{
	bool open, again, mend, unrecorded = is_unrecorded(in, res);

	in->unrecorded = unrecorded;
	kd_done_take(in, res->json);
	open = in->package == NULL && !is_act(in);
	again = open && res->status != 3 && res->status != 2;
	mend = unrecorded || (open && !in->stopping && res->status != 1 && res->status != 4);
	kd_set(in->p_done.heading, headline(in, res));
	kd_set(in->done_lead, res->said);
	gtk_widget_set_visible(in->done_lead, res->error[0] != '\0' && !in->stopping);
	kd_set(in->done_next, next_step(in, res));
	kd_group_clear(in->done_facts);
	fact(in, _("Package"), is_there(in->package) ? in->package : NULL);
	fact(in, _("Signed record of how it ended"), in->record);
	fact(in, _("Destroyed"), in->destroyed);
	if (kt_jv_str(res->json, "note") != NULL) {
		char *note = kd_said(kt_jv_str(res->json, "note"));

		fact(in, _("Note"), note);
		g_free(note);
	}
	if (in->package != NULL && !in->too_late)
		show_clock(in, res->json);
	fact(in, _("Last line of the custody log (the receipt names an earlier one)"), in->head);
	if (is_there(kd_entry(in->case_row)))
		fact(in, _("Folder of this case"), kd_entry(in->case_row));
	gtk_widget_set_visible(in->done_facts, !kd_ends_here(in) || in->record != NULL);
	show_items(in, open && in->head != NULL);
	show_checklist(in, res);
	gtk_widget_set_visible(in->again, again);
	gtk_widget_set_visible(in->retry, unrecorded);
	if (unrecorded)
		gtk_widget_remove_css_class(in->p_done.forward, "suggested-action");
	else
		gtk_widget_add_css_class(in->p_done.forward, "suggested-action");
	gtk_widget_set_visible(in->mend, mend);
	g_clear_pointer(&in->receipt_text, g_free);
	gtk_widget_set_visible(in->receipt, FALSE);
	gtk_widget_set_visible(in->receipt_frame, FALSE);
	if (!unrecorded)
		ask_receipt(in);
	kd_intake_page(in, "done");
	kd_app_state(in->app, "done-%s", state_word(in, res));
	kd_app_focus(unrecorded ? in->retry : in->p_done.forward);
}

static void on_finish(GtkButton *b, gpointer data)
{
	struct kd_intake *in = data;

	(void)b;
	if (!kd_intake_ask_leave(in))
		kd_app_home(in->app);
}

static void on_again(GtkButton *b, gpointer data)
{
	struct kd_intake *in = data;

	(void)b;
	if (in->resume.sealed || in->all_read)
		kd_run_begin(in);
	else
		kd_phone_begin(in);
}

static void on_retry(GtkButton *b, gpointer data)
{
	struct kd_intake *in = data;

	(void)b;
	if (in->withdrawn)
		kd_run_withdraw(in);
	else
		kd_run_refuse(in);
}

static void on_mend(GtkButton *b, gpointer data)
{
	(void)b;
	kd_station_again(data);
}

/* -- the receipt ------------------------------------------------------------------------------ */

#define RECEIPT_FONT "Monospace 9"
#define RECEIPT_CODE 200

static PangoLayout *receipt_layout(GtkPrintContext *ctx, const char *text)
{
	PangoLayout *l = gtk_print_context_create_pango_layout(ctx);
	PangoFontDescription *font = pango_font_description_from_string(RECEIPT_FONT);

	pango_layout_set_font_description(l, font);
	pango_font_description_free(font);
	pango_layout_set_width(l, (int)(gtk_print_context_get_width(ctx) * PANGO_SCALE));
	pango_layout_set_wrap(l, PANGO_WRAP_WORD_CHAR);
	pango_layout_set_text(l, text, -1);
	return l;
}

static bool is_code(PangoLayout *l, int i)
{
	const PangoLayoutLine *line =
		i < pango_layout_get_line_count(l) ? pango_layout_get_line_readonly(l, i) : NULL;

	return line != NULL &&
	       kd_qr_is_line(pango_layout_get_text(l) + line->start_index, (gsize)line->length);
}

/* Lines from at on that fit on a page; 0 at the end. A code is never cut in two. */
static int lines_of_page(PangoLayout *l, int at, double height)
{
	double used = 0;
	int n = 0;

	for (; at + n < pango_layout_get_line_count(l); n++) {
		PangoRectangle r;

		pango_layout_line_get_extents(pango_layout_get_line_readonly(l, at + n), NULL, &r);
		used += (double)r.height / PANGO_SCALE;
		if (used > height && n > 0)
			break;
	}
	for (int k = n; k > 0 && is_code(l, at + k); k--)
		if (!is_code(l, at + k - 1))
			return k;
	return n;
}

static void begin_receipt(GtkPrintOperation *op, GtkPrintContext *ctx, gpointer data)
{
	struct kd_intake *in = data;
	PangoLayout *l = receipt_layout(ctx, in->receipt_text);
	int pages = 0;

	for (int at = 0, n; (n = lines_of_page(l, at, gtk_print_context_get_height(ctx))) > 0;
	     at += n)
		pages++;
	gtk_print_operation_set_n_pages(op, MAX(pages, 1));
	g_object_unref(l);
}

static void draw_receipt(GtkPrintOperation *op, GtkPrintContext *ctx, int page, gpointer data)
{
	struct kd_intake *in = data;
	cairo_t *cr = gtk_print_context_get_cairo_context(ctx);
	PangoLayout *l = receipt_layout(ctx, in->receipt_text);
	double height = gtk_print_context_get_height(ctx), y = 0;
	int at = 0, n = lines_of_page(l, 0, height);

	(void)op;
	for (int p = 0; p < page; p++) {
		at += n;
		n = lines_of_page(l, at, height);
	}
	for (int i = at; i < at + n; i++) {
		PangoLayoutLine *line = pango_layout_get_line_readonly(l, i);
		const char *s = in->receipt_text + line->start_index;
		PangoRectangle r;

		pango_layout_line_get_extents(line, NULL, &r);
		if (kd_qr_is_line(s, (gsize)line->length)) {
			double module = (double)r.height / PANGO_SCALE / 2;

			kd_qr_draw_line(cr, s, (gsize)line->length, 0, y, module);
		} else {
			cairo_move_to(cr, (double)r.x / PANGO_SCALE, y - (double)r.y / PANGO_SCALE);
			pango_cairo_show_layout_line(cr, line);
		}
		y += (double)r.height / PANGO_SCALE;
	}
	g_object_unref(l);
}

static void on_receipt(GtkButton *b, gpointer data)
{
	struct kd_intake *in = data;
	GtkPrintOperation *op;
	GError *error = NULL;

	(void)b;
	if (in->receipt_text == NULL)
		return;
	op = gtk_print_operation_new();
	gtk_print_operation_set_job_name(op, "keten-receipt");
	g_signal_connect(op, "begin-print", G_CALLBACK(begin_receipt), in);
	g_signal_connect(op, "draw-page", G_CALLBACK(draw_receipt), in);
	kd_app_state(in->app, "print");
	gtk_print_operation_run(op, GTK_PRINT_OPERATION_ACTION_PRINT_DIALOG,
				GTK_WINDOW(in->app->window), &error);
	if (error != NULL)
		kd_app_say(in->app, error->message);
	g_clear_error(&error);
	g_object_unref(op);
}

/* The text before the code, the code as a picture, and the text behind it. */
static void show_receipt(struct kd_intake *in)
{
	const char *p = in->receipt_text, *from = NULL, *to = NULL;
	char *before;

	for (gsize n; *p != '\0'; p += n + (p[n] == '\n' ? 1 : 0)) {
		n = strcspn(p, "\n");
		if (!kd_qr_is_line(p, n))
			continue;
		from = from == NULL ? p : from;
		to = p + n;
	}
	if (from == NULL || to == NULL)
		from = to = p; /* without a code: all of it stands before */
	before = g_strndup(in->receipt_text, (gsize)(from - in->receipt_text));
	kd_set(in->receipt_view, g_strchomp(before));
	kd_qr_set(in->receipt_code, from < to ? g_strndup(from, (gsize)(to - from)) : NULL);
	kd_set(in->receipt_rest, to + strspn(to, "\n"));
	g_free(before);
}

static void on_receipt_text(const struct kd_engine_result *res, gpointer data)
{
	struct kd_intake *in = data;
	bool good = res->status == 0 && g_utf8_validate(res->out, (gssize)res->out_len, NULL);

	in->check = NULL;
	if (!good) {
		kd_group_add(in->done_facts, kd_row(_("There is no receipt yet"), res->said));
		gtk_widget_set_visible(in->done_facts, TRUE);
		return;
	}
	in->receipt_text = g_strdup(res->out);
	show_receipt(in);
	gtk_widget_set_visible(in->receipt_frame, TRUE);
	gtk_widget_set_visible(in->receipt, TRUE);
	check_row(in, _("The holder has the receipt"), NULL);
	gtk_widget_set_visible(in->done_checklist, TRUE);
	kd_app_state(in->app, "receipt");
}

/* What the person leaves with, whatever happened: keten writes it from mandate, case and log. */
static void ask_receipt(struct kd_intake *in)
{
	const char *args[10 + KD_TRUST_ARGS] = {"receipt", kd_entry(in->case_row)};
	char *mandate = g_build_filename(kd_entry(in->case_row), "mandate.json", NULL);
	/* nothing that was read is left: the record of that is what the receipt tells of */
	bool gone = is_act(in) && in->record != NULL && (!in->too_late || in->erased);
	size_t n = 2;

	if (gone)
		args[1] = in->record;
	if (gone && in->too_late) { /* a deletion holds no mandate */
		args[n++] = "--mandate";
		args[n++] = mandate;
	}
	if (kd_sheet_language(in) != NULL) {
		args[n++] = "--lang";
		args[n++] = kd_sheet_language(in);
	}
	n = kd_settings_trust_args(&in->app->set, args, n);
	if (in->app->set.information != NULL) {
		args[n++] = "--information";
		args[n++] = in->app->set.information;
	}
	kd_engine_drop(in->check);
	in->check = kd_engine_start(args, NULL, NULL, on_receipt_text, in);
	g_free(mandate);
}

void kd_done_page(struct kd_intake *in)
{
	struct kd_page *p = &in->p_done;

	kd_page_init(p, "", NULL);
	in->done_lead = kd_text("", NULL);
	in->done_next = kd_text("", "heading");
	in->done_facts = kd_group(_("What there is now"), NULL);
	in->done_items = kd_group(_("What was asked for, and the answer"), NULL);
	in->done_checklist = kd_group(_("Before the holder leaves"), NULL);
	gtk_box_append(GTK_BOX(p->content), in->done_lead);
	gtk_box_append(GTK_BOX(p->content), in->done_next);
	gtk_box_append(GTK_BOX(p->content), in->done_facts);
	gtk_box_append(GTK_BOX(p->content), in->done_checklist);
	gtk_box_append(GTK_BOX(p->content), in->done_items);
	in->receipt_frame = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
	in->receipt_view = kd_text("", "kd-receipt");
	gtk_box_append(GTK_BOX(in->receipt_frame), kd_text(_("Receipt"), "heading"));
	gtk_box_append(GTK_BOX(in->receipt_frame), in->receipt_view);
	in->receipt_code = kd_qr_new(RECEIPT_CODE);
	gtk_box_append(GTK_BOX(in->receipt_frame), in->receipt_code);
	in->receipt_rest = kd_text("", "kd-receipt");
	gtk_box_append(GTK_BOX(in->receipt_frame), in->receipt_rest);
	gtk_box_append(GTK_BOX(p->content), in->receipt_frame);
	in->again = kd_button(_("_Go on reading"), NULL, G_CALLBACK(on_again), in);
	in->retry = kd_button(_("_Try again"), "suggested-action", G_CALLBACK(on_retry), in);
	in->mend = kd_button(_("_Change what was asked"), NULL, G_CALLBACK(on_mend), in);
	in->receipt = kd_button(_("_Print the receipt"), NULL, G_CALLBACK(on_receipt), in);
	kd_page_buttons(p, in->again,
			kd_button(_("_Finish"), "suggested-action", G_CALLBACK(on_finish), in));
	gtk_box_insert_child_after(GTK_BOX(p->bar), in->retry, in->again);
	gtk_box_insert_child_after(GTK_BOX(p->bar), in->mend, in->retry);
	gtk_box_insert_child_after(GTK_BOX(p->bar), in->receipt,
				   gtk_widget_get_prev_sibling(p->forward));
}
