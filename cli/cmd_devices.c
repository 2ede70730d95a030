/* SPDX-License-Identifier: EUPL-1.2 */
/* keten devices: which phones are there, in which state, and what to do next. */
#include "cli/device.h"
#include "cli/keten.h"
#include "cli/station.h"
#include "core/io.h"
#include "core/json.h"
#include "core/time.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PHONES_MAX 16

#define NO_PHONE                                                                                   \
	"No phone is seen. Android: plug it in with a data cable, unlock it, and switch on "       \
	"Developer options > USB debugging. iPhone: plug it in and unlock it; usbmuxd must run "   \
	"on "                                                                                      \
	"this station."

#define NO_DEBUGGING                                                                               \
	"A phone is plugged in, but USB debugging is off: on the phone, Settings > Developer "     \
	"options > USB debugging. An iPhone needs none of this."

struct phone {
	char serial[128], maker[128], product[128], detail[256];
	unsigned state, bus, address;
};

struct list {
	struct phone p[PHONES_MAX];
	size_t n;
	struct phone *probing;
};

static void copy(char *out, size_t n, const char *p, size_t len)
{
	struct kt_buf b;

	kt_buf_init(&b, 0);
	kt_text_escape(&b, p, len);
	snprintf(out, n, "%s", kt_buf_cstr(&b) != NULL ? kt_buf_cstr(&b) : "");
	kt_buf_free(&b);
}

/* usbmuxd knows iPhones; the bus does not say where they are. */
static bool is_iphone(const struct phone *p)
{
	return p->bus == 0 && strcmp(p->maker, "Apple") == 0;
}

static int on_event(void *arg, const struct kt_dev_event *ev, struct kt_err *err)
{
	struct list *l = arg;
	struct phone *p;

	(void)err;
	if (ev->type == KT_DEV_STATE && l->probing != NULL)
		l->probing->state = ev->state;
	if (ev->type != KT_DEV_DEVICE || l->n >= PHONES_MAX)
		return 0;
	p = &l->p[l->n++];
	copy(p->serial, sizeof(p->serial), ev->serial.p, ev->serial.n);
	copy(p->maker, sizeof(p->maker), ev->maker.p, ev->maker.n);
	copy(p->product, sizeof(p->product), ev->product.p, ev->product.n);
	copy(p->detail, sizeof(p->detail), ev->text.p, ev->text.n);
	p->state = ev->state;
	p->bus = ev->bus;
	p->address = ev->address;
	if (is_iphone(p) && p->state == KT_STATE_TRUST) /* it will ask; it does not ask now */
		p->state = KT_STATE_UNAUTHORISED;
	return 0;
}

static int probe(struct kt_dev *d, struct list *l, struct phone *p, struct kt_err *err)
{
	struct kt_dev_result res;
	uint32_t tag;
	size_t start = kt_dev_begin(d, KT_DEV_PROBE, &tag);
	int r;

	kt_buf_put_blob(&d->out, p->serial, strlen(p->serial));
	kt_frame_end(&d->out, start);
	l->probing = p;
	r = kt_dev_call(d, tag, on_event, l, NULL, &res, err);
	l->probing = NULL;
	return r;
}

static int look(struct kt_dev *d, struct list *l, struct kt_err *err)
{
	struct kt_dev_result res;
	uint32_t tag;
	size_t start = kt_dev_begin(d, KT_DEV_ENUM, &tag);
	int r;

	kt_frame_end(&d->out, start);
	l->n = 0;
	r = kt_dev_call(d, tag, on_event, l, NULL, &res, err);
	if (r == 0 && res.code < 0)
		r = KT_FAIL(err, KT_E_DEVICE, "%s", res.text);
	for (size_t i = 0; r == 0 && i < l->n; i++)
		if (l->p[i].state == KT_STATE_CONNECTING || l->p[i].state == KT_STATE_NONE)
			r = probe(d, l, &l->p[i], err);
	return r;
}

static const char *remedy(const struct phone *p)
{
	if (is_iphone(p) && p->state == KT_STATE_UNAUTHORISED)
		return "The iPhone will ask its holder to trust this station, and for its code, "
		       "when an acquisition starts.";
	return kt_state_remedy(p->state);
}

/* Something on the bus offers files, as a phone or a camera does, and no debugging. */
static bool debugging_is_off(void)
{
	bool keyboard, plain;

	return kt_usb_look(&keyboard, &plain) && plain;
}

static int print_json(const struct list *l, struct kt_err *err)
{
	struct kt_buf b;
	struct kt_jw w;

	kt_buf_init(&b, 0);
	kt_jw_init(&w, &b);
	kt_jw_obj(&w);
	kt_jw_kstr(&w, "schema", "keten-devices-1");
	kt_jw_kstr(&w, "state",
		   l->n > 0		? "devices"
		   : debugging_is_off() ? "debugging-off"
					: kt_state_name(KT_STATE_NONE));
	kt_jw_kstr(&w, "remedy", l->n > 0 ? "" : debugging_is_off() ? NO_DEBUGGING : NO_PHONE);
	kt_jw_key(&w, "devices");
	kt_jw_arr(&w);
	for (size_t i = 0; i < l->n; i++) {
		const struct phone *p = &l->p[i];

		kt_jw_obj(&w);
		kt_jw_kstr(&w, "kind", is_iphone(p) ? "ios" : "android");
		kt_jw_kstr(&w, "serial", p->serial);
		kt_jw_kstr(&w, "manufacturer", p->maker);
		kt_jw_kstr(&w, "product", p->product);
		kt_jw_kuint(&w, "bus", p->bus);
		kt_jw_kuint(&w, "address", p->address);
		kt_jw_kstr(&w, "state", kt_state_name(p->state));
		kt_jw_kstr(&w, "remedy", remedy(p));
		kt_jw_obj_end(&w);
	}
	kt_jw_arr_end(&w);
	kt_jw_obj_end(&w);
	return kt_print_json(&b, err);
}

static void print_text(const struct list *l)
{
	if (l->n == 0)
		puts(debugging_is_off() ? "no phone: " NO_DEBUGGING : "no phone: " NO_PHONE);
	for (size_t i = 0; i < l->n; i++) {
		const struct phone *p = &l->p[i];

		printf("%-20s %s %s", p->serial, p->maker, p->product);
		if (!is_iphone(p))
			printf(" (bus %u, device %u)", p->bus, p->address);
		printf("\n  %s: %s\n", kt_state_name(p->state), remedy(p));
	}
}

static bool ready(const struct list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->p[i].state == KT_STATE_AUTHORISED || l->p[i].state == KT_STATE_UNAUTHORISED)
			return true;
	return false;
}

int kt_cmd_devices(const struct kt_opts *o)
{
	static struct list l;
	int64_t until = kt_time_mono_ns() + (int64_t)o->wait_s * INT64_C(1000000000);
	KT_AUTO_FD case_fd = -1;
	struct kt_err err = {0};
	struct kt_dev d;
	int r;

	if (o->case_dir != NULL)
		case_fd = kt_dir_open(AT_FDCWD, o->case_dir, false, &err);
	if (o->case_dir != NULL && case_fd < 0)
		return kt_fail_exit(case_fd, &err);
	r = kt_dev_start(&d, case_fd, NULL, &err);
	if (r < 0)
		return kt_fail_exit(r, &err);
	for (;;) {
		r = look(&d, &l, &err);
		if (r < 0 || ready(&l) || !o->wait_set || kt_stop_asked ||
		    kt_time_mono_ns() > until)
			break;
		usleep(500000);
	}
	kt_dev_stop(&d);
	if (r < 0)
		return kt_fail_exit(r, &err);
	if (!o->json)
		print_text(&l);
	else if ((r = print_json(&l, &err)) < 0)
		return kt_fail_exit(r, &err);
	return ready(&l) ? KT_EXIT_OK : KT_EXIT_DEVICE;
}
