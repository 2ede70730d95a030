/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * Fourth page: the phone. Looks for it again and again by itself, says what it sees and what to do,
 * and begins when the operator says so.
 */
#include <string.h>

#include "desktop/intake_i.h"
#include "desktop/picture.h"
#include "desktop/states.h"

#define LOOK_EVERY_MS 1500

static void show_words(struct kd_intake *in, const char *state, const char *remedy)
{
	kd_picture_set(in->picture, state, kd_state_title(state));
	kd_set(in->state_title, kd_state_title(state));
	kd_set(in->state_remedy, remedy);
	if (g_strcmp0(in->last_state, state) == 0)
		return;
	g_free(in->last_state);
	in->last_state = g_strdup(state);
	kd_app_state(in->app, "phone-%s", state);
}

static void show_state(struct kd_intake *in, const char *state, const char *fallback)
{
	show_words(in, state, kd_state_remedy(state, fallback));
}

/* Both names, so that somebody can tell a wrong phone from a wrong mandate. */
static void show_other(struct kd_intake *in, const struct kt_jv *d)
{
	const char *serial = kt_jv_str(d, "serial"),
		   *want = in->resume.device != NULL ? in->resume.device : in->device;
	char *names, *s, *have, *wanted;

	if (serial == NULL || want == NULL) {
		show_state(in, "wrong-device", NULL);
		return;
	}
	have = kd_ltr(serial);
	wanted = kd_ltr(want);
	names = g_strdup_printf(_("Its name is %s; the right one is %s."), have, wanted);
	s = g_strdup_printf("%s %s", kd_state_remedy("wrong-device", NULL), names);
	show_words(in, "wrong-device", s);
	g_free(have);
	g_free(wanted);
	g_free(names);
	g_free(s);
}

/* Android and iPhone names differ in case alone when a mandate was typed by hand. */
static bool is_wanted(const struct kd_intake *in, const struct kt_jv *d)
{
	const char *kind = kt_jv_str(d, "kind"), *serial = kt_jv_str(d, "serial");

	if (kind == NULL || serial == NULL || g_strcmp0(kind, in->kind) != 0)
		return false;
	if (in->resume.device != NULL)
		return g_ascii_strcasecmp(serial, in->resume.device) == 0;
	return in->device == NULL || g_ascii_strcasecmp(serial, in->device) == 0;
}

static bool can_start(const char *state)
{
	static const char *const states[] = {"authorised",	"not-authorised-yet", "connecting",
					     "waiting-for-tap", "waiting-for-trust",  "locked",
					     "revoked"};

	for (size_t i = 0; i < G_N_ELEMENTS(states); i++)
		if (strcmp(states[i], state) == 0)
			return true;
	return false;
}

static void on_chosen(GtkToggleButton *b, gpointer data)
{
	struct kd_intake *in = data;

	if (!gtk_toggle_button_get_active(b))
		return;
	g_free(in->chosen);
	in->chosen = g_strdup(g_object_get_data(G_OBJECT(b), "serial"));
	in->picked = true;
}

/* The list of phones, made anew only when another set is there, so that a choice stays. */
static void list_devices(struct kd_intake *in, const struct kt_jv *list)
{
	GString *set = g_string_new("");
	GtkWidget *first = NULL;

	for (const struct kt_jv *d = list->child; d != NULL; d = d->next)
		if (is_wanted(in, d))
			g_string_append_printf(set, "%s\n", kt_jv_str(d, "serial"));
	if (g_strcmp0(in->shown_devices, set->str) == 0) {
		g_string_free(set, TRUE);
		return;
	}
	g_free(in->shown_devices);
	in->shown_devices = g_string_free(set, FALSE);
	kd_group_clear(in->devices);
	for (const struct kt_jv *d = list->child; d != NULL; d = d->next) {
		GtkWidget *b, *row;
		char *title, *name, *maker, *product;

		if (!is_wanted(in, d))
			continue;
		maker = kd_isolate(kt_jv_str(d, "manufacturer"));
		product = kd_isolate(kt_jv_str(d, "product"));
		title = g_strdup_printf("%s %s", maker, product);
		row = kd_row(title, kt_jv_str(d, "serial"));
		b = gtk_toggle_button_new_with_label(_("This one"));
		name = g_strdup_printf(_("Choose %s"), kt_jv_str(d, "serial"));
		kd_name(b, name);
		gtk_widget_set_valign(b, GTK_ALIGN_CENTER);
		if (first != NULL)
			gtk_toggle_button_set_group(GTK_TOGGLE_BUTTON(b), GTK_TOGGLE_BUTTON(first));
		else
			first = b;
		g_object_set_data_full(G_OBJECT(b), "serial", g_strdup(kt_jv_str(d, "serial")),
				       g_free);
		g_signal_connect(b, "toggled", G_CALLBACK(on_chosen), in);
		/* a choice holds when another phone comes or goes */
		if (in->picked && g_strcmp0(in->chosen, kt_jv_str(d, "serial")) == 0)
			gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(b), TRUE);
		adw_action_row_add_suffix(ADW_ACTION_ROW(row), b);
		kd_group_add(in->devices, row);
		g_free(maker);
		g_free(product);
		g_free(title);
		g_free(name);
	}
}

static const struct kt_jv *device_of(const struct kd_intake *in, const struct kt_jv *list,
				     unsigned *wanted, unsigned *others)
{
	const struct kt_jv *one = NULL, *chosen = NULL;

	*wanted = *others = 0;
	for (const struct kt_jv *d = list != NULL ? list->child : NULL; d != NULL; d = d->next) {
		if (!is_wanted(in, d)) {
			(*others)++;
			continue;
		}
		(*wanted)++;
		one = d;
		/* the one that was there first is not chosen by that */
		if (in->picked && g_strcmp0(kt_jv_str(d, "serial"), in->chosen) == 0)
			chosen = d;
	}
	/* in place of one that was picked and is gone, no other is taken */
	return chosen != NULL ? chosen : *wanted == 1 && !in->picked ? one : NULL;
}

static void on_devices(const struct kd_engine_result *res, gpointer data)
{
	struct kd_intake *in = data;
	const struct kt_jv *list = kt_jv_get(res->json, "devices"), *d;
	unsigned wanted, others;
	const char *state;

	in->look = NULL;
	if (in->poll == 0)
		return;
	if (list == NULL) {
		gtk_widget_set_sensitive(in->p_phone.forward, FALSE);
		show_state(in, res->status < 0 ? "no-engine" : "no-look", res->said);
		return;
	}
	d = device_of(in, list, &wanted, &others);
	if (wanted == 0) /* all were taken away: the next one is shown by its name */
		in->picked = false;
	list_devices(in, list);
	gtk_widget_set_visible(in->devices, wanted > 0); /* which one it is has to be seen */
	if (d != NULL) {
		state = kt_jv_str(d, "state");
		state = state != NULL ? state : "no-look";
		if (g_strcmp0(in->chosen, kt_jv_str(d, "serial")) != 0) {
			g_free(in->chosen);
			in->chosen = g_strdup(kt_jv_str(d, "serial"));
			in->picked = false;
		}
		show_state(in, state, kt_jv_str(d, "remedy"));
		gtk_widget_set_sensitive(in->p_phone.forward, can_start(state));
		return;
	}
	gtk_widget_set_sensitive(in->p_phone.forward, FALSE);
	if (wanted > 0)
		show_state(in, wanted > 1 ? "several" : "chosen-gone", NULL);
	else if (others > 0)
		show_other(in, list->child);
	else
		show_state(in,
			   kt_jv_str(res->json, "state") != NULL ? kt_jv_str(res->json, "state")
								 : "no-look",
			   kt_jv_str(res->json, "remedy"));
}

static gboolean look(gpointer data)
{
	struct kd_intake *in = data;
	static const char *const args[] = {"devices", "--json", "--progress=json", NULL};

	/* an answer that is late is waited for: one look at a time */
	if (in->look == NULL)
		in->look = kd_engine_start(args, NULL, NULL, on_devices, in);
	return G_SOURCE_CONTINUE;
}

static void on_start(GtkButton *b, gpointer data)
{
	struct kd_intake *in = data;

	(void)b;
	kd_phone_leave(in);
	kd_run_begin(in);
}

static void on_back(GtkButton *b, gpointer data)
{
	struct kd_intake *in = data;

	(void)b;
	kd_phone_leave(in);
	kd_intake_page(in, "station");
}

void kd_phone_page(struct kd_intake *in)
{
	struct kd_page *p = &in->p_phone;

	kd_page_init(p, _("The phone"),
		     _("Plug it in and leave it in its holder's hands. Keten keeps looking by "
		       "itself for "
		       "as long as this page is open."));
	in->picture = kd_picture_new(360, 190);
	in->state_title = kd_text("", "title-2");
	in->state_remedy = kd_text("", NULL);
	in->devices = kd_group(_("Phones that are plugged in"), NULL);
	gtk_box_append(GTK_BOX(p->content), in->picture);
	gtk_box_append(GTK_BOX(p->content), in->state_title);
	gtk_box_append(GTK_BOX(p->content), in->state_remedy);
	gtk_box_append(GTK_BOX(p->content), in->devices);
	kd_page_buttons(
		p, kd_button(_("_Back"), NULL, G_CALLBACK(on_back), in),
		kd_button(_("_Start reading"), "suggested-action", G_CALLBACK(on_start), in));
}

void kd_phone_begin(struct kd_intake *in)
{
	g_clear_pointer(&in->last_state, g_free);
	g_clear_pointer(&in->chosen, g_free);
	in->picked = false;
	g_clear_pointer(&in->shown_devices, g_free);
	kd_group_clear(in->devices);
	gtk_widget_set_visible(in->devices, FALSE);
	gtk_widget_set_sensitive(in->p_phone.forward, FALSE);
	show_state(in, "no-device", NULL);
	kd_intake_page(in, "phone");
	if (in->poll == 0)
		in->poll = g_timeout_add(LOOK_EVERY_MS, look, in);
	look(in);
}

void kd_phone_leave(struct kd_intake *in)
{
	if (in->poll != 0)
		g_source_remove(in->poll);
	in->poll = 0;
	/* keten devices lets go of the phone before keten run asks for it */
	kd_engine_drop(in->look);
	in->look = NULL;
}
