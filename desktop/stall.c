/* SPDX-License-Identifier: EUPL-1.2 */
#include "desktop/stall.h"

#include <fcntl.h>
#include <stdio.h>
#include <time.h>

#define NOTED_US 5000

static int stall_fd = -1;
static gint64 woke, woke_cpu; /* when the last poll returned; 0: not yet */

/* What other programs take from this one's time does not show in it. */
static gint64 cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * G_USEC_PER_SEC + t.tv_nsec / 1000;
}

/* Between two polls the window answers nobody: that is a turn. */
static int watched_poll(GPollFD *fds, guint n, int timeout)
{
	gint64 now = g_get_monotonic_time();
	int r;

	if (woke != 0 && now - woke >= NOTED_US)
		dprintf(stall_fd,
			"turn %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n",
			now, now - woke, cpu_us() - woke_cpu);
	r = g_poll(fds, n, timeout);
	woke = g_get_monotonic_time();
	woke_cpu = cpu_us();
	return r;
}

void kd_stall_watch(const char *path)
{
	stall_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (stall_fd < 0)
		g_printerr("keten-desktop: %s can't be written\n", path);
	else
		g_main_context_set_poll_func(NULL, watched_poll);
}

static void on_painted(GdkFrameClock *clock, gpointer data)
{
	(void)data;
	dprintf(stall_fd, "window %" G_GINT64_FORMAT "\n", g_get_monotonic_time());
	g_signal_handlers_disconnect_by_func(clock, on_painted, NULL);
}

static gboolean on_tick(GtkWidget *w, GdkFrameClock *clock, gpointer data)
{
	(void)w;
	(void)data;
	g_signal_connect(clock, "after-paint", G_CALLBACK(on_painted), NULL);
	return G_SOURCE_REMOVE;
}

void kd_stall_window(GtkWidget *window)
{
	if (stall_fd >= 0)
		gtk_widget_add_tick_callback(window, on_tick, NULL, NULL);
}
