# SPDX-License-Identifier: EUPL-1.2
# One Makefile, no recursion: each folder's rules.mk only lists sources. Programs land in build/,
# sanitizer variants in build/<variant>/. V=1 shows commands; `make help` lists the targets.

VARIANT ?=
BUILD   := build$(if $(VARIANT),/$(VARIANT))
V       ?= 0
WERROR  ?= 1
Q       := $(if $(filter 1,$(V)),,@)
say      = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)')

CC      ?= gcc
AR      ?= ar
PKGCONF ?= pkg-config
OPT     ?= -O2 -g
WARN    := -Wall -Wextra -Wshadow -Wconversion -Wformat=2 -Wvla $(if $(filter 1,$(WERROR)),-Werror)
ARCHCF  := $(if $(filter x86_64,$(shell uname -m)),-fcf-protection)
HARDEN  := -fstack-protector-strong -fstack-clash-protection $(ARCHCF) -fPIE
FORTIFY := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
LDHARD  := -pie -Wl,-z,relro,-z,now -Wl,--gc-sections
VERSION := 0.1.0

# -g1: a third off the compiler's time, and still a line in every trace (-Og crashes gcc 12)
ifeq ($(VARIANT),asan)
OPT     := -O1 -g1 -fno-omit-frame-pointer
SAN     := -fsanitize=address,undefined -fno-sanitize-recover=undefined
FORTIFY :=
endif

ifeq ($(VARIANT),fuzz)
CC      := clang
OPT     := -O1 -g -fno-omit-frame-pointer
SAN     := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
FORTIFY :=
WARN    := -Wall
endif

CFLAGS_ALL = -std=c17 -D_GNU_SOURCE -DKT_VERSION='"$(VERSION)"' -I. $(OPT) $(WARN) $(HARDEN) $(FORTIFY) \
	-ffunction-sections -fdata-sections -ffp-contract=off $(SAN) $(CFLAGS)

.DEFAULT_GOAL := all
all: programs

PROGS      :=
PROGS_TEST :=
include core/rules.mk extractor/rules.mk parsers/rules.mk reports/rules.mk reports/sign/rules.mk \
	cli/rules.mk desktop/rules.mk tests/rules.mk tests/phones/rules.mk

LIBRARIES := core extractor parsers_sdk parsers_worker parsers_host plugins reports
objs       = $(patsubst %.c,$(BUILD)/%.o,$(1))
libfile    = $(BUILD)/lib$(1).a

define library
$(call libfile,$(1)): $(call objs,$(LIB_$(1)))
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && $(AR) rcs $$@ $$^
endef
$(foreach l,$(LIBRARIES),$(eval $(call library,$(l))))

# Translations, compiled and built in: a sandboxed process can open no catalogue (core/tr.h).
$(BUILD)/gen/mo_%.c: po/%.po
	$(call say,MSGFMT,$<)
	@mkdir -p $(@D)
	$(Q)msgfmt --check --endianness=little --no-hash -o $(@:.c=.mo) $<
	$(Q){ printf '#include <stddef.h>\n#include <stdint.h>\nextern const uint8_t kt_mo_$*[];\n'; \
		printf 'extern const size_t kt_mo_$*_len;\nconst uint8_t kt_mo_$*[] = {\n'; \
		od -An -v -tu1 -w24 $(@:.c=.mo) | sed 's/  */,/g; s/^,//; s/$$/,/' ; \
		printf '};\nconst size_t kt_mo_$*_len = sizeof(kt_mo_$*);\n'; } > $@
$(BUILD)/gen/mo_nl.o: $(BUILD)/gen/mo_nl.c
	$(Q)$(CC) $(CFLAGS_ALL) -c -o $@ $<
$(call libfile,core): $(BUILD)/gen/mo_nl.o

# A program: its own sources, libraries of ours in link order, packages by pkg-config.
define program
OBJS_$(1) := $(call objs,$(SRCS_$(1)))
$(BUILD)/$(1): $$(OBJS_$(1)) $(foreach l,$(LIBS_$(1)),$(call libfile,$(l)))
	$$(call say,LD,$$@)
	$$(Q)$(CC) $(SAN) $(LDHARD) -o $$@ $$(OBJS_$(1)) -Wl,--start-group \
		$(foreach l,$(LIBS_$(1)),$(call libfile,$(l))) -Wl,--end-group \
		$$(if $(PKGS_$(1)),$$(shell $(PKGCONF) --libs $(PKGS_$(1)))) $(LDLIBS_$(1))
ALL_OBJS += $$(OBJS_$(1))
$$(OBJS_$(1)): PKGCFLAGS := $$(CFLAGS_$(1)) $$(if $(PKGS_$(1)),$$(shell $(PKGCONF) --cflags $(PKGS_$(1)) 2>/dev/null))
endef
$(foreach p,$(PROGS) $(PROGS_TEST),$(eval $(call program,$(p))))
ALL_OBJS += $(foreach l,$(LIBRARIES),$(call objs,$(LIB_$(l))))

LIBUSB_CFLAGS := $(shell $(PKGCONF) --cflags libusb-1.0 2>/dev/null)
$(BUILD)/extractor/%.o: PKGCFLAGS += $(LIBUSB_CFLAGS)
$(BUILD)/tests/%.o: PKGCFLAGS += $(LIBUSB_CFLAGS)

$(BUILD)/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(PKGCFLAGS) -MMD -MP -c -o $@ $<

-include $(sort $(ALL_OBJS:.o=.d))

programs: $(addprefix $(BUILD)/,$(PROGS))
test-programs: $(addprefix $(BUILD)/,$(PROGS_TEST))

include web/rules.mk
include packaging/rules.mk
include tests/targets.mk

install: programs
	install -d $(DESTDIR)/usr/bin $(DESTDIR)/usr/libexec/keten
	install -m 755 $(addprefix $(BUILD)/,$(PROGS)) $(DESTDIR)/usr/libexec/keten
	install -D -m 644 packaging/udev/60-keten.rules $(DESTDIR)/usr/lib/udev/rules.d/60-keten.rules
	ln -sf ../libexec/keten/keten ../libexec/keten/keten-verify $(DESTDIR)/usr/bin

clean:
	rm -rf build

help:
	@echo "all verify-page check check-ui check-deb lint format asan fuzz-smoke fuzz bench demo man sbom deb install clean"

.PHONY: all programs test-programs install clean help
.DELETE_ON_ERROR:
