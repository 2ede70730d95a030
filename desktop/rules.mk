# SPDX-License-Identifier: EUPL-1.2
# The window. GTK's headers are not ours to warn about.
PROGS += keten-desktop

GTK_CFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKGCONF) --cflags libadwaita-1 gio-unix-2.0 2>/dev/null))
GTK_LIBS    = $(shell $(PKGCONF) --libs libadwaita-1 gio-unix-2.0 zlib)

SRCS_keten-desktop := $(sort $(wildcard desktop/*.c))
CFLAGS_keten-desktop := $(GTK_CFLAGS)
LIBS_keten-desktop := core
OBJS_RESOURCES := $(BUILD)/desktop/resources/keten.o
LDLIBS_keten-desktop = $(OBJS_RESOURCES) $(GTK_LIBS) -lcrypto -lm

RESOURCE_XML := desktop/resources/keten.gresource.xml
$(BUILD)/desktop/resources/keten.c: $(RESOURCE_XML) $(wildcard desktop/resources/*.css docs/help/*/*.md data/geo/outlines.geo)
	$(call say,RES,$@)
	@mkdir -p $(@D)
	$(Q)glib-compile-resources --sourcedir=. --generate-source --target=$@ $<
$(OBJS_RESOURCES): $(BUILD)/desktop/resources/keten.c
	$(call say,CC,$<)
	$(Q)$(CC) $(OPT) $(HARDEN) $(GTK_CFLAGS) $(CFLAGS) -c -o $@ $<
$(BUILD)/keten-desktop: $(OBJS_RESOURCES)
