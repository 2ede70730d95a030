# What can be made beside programs: checks, fuzzing, figures, the demo.

C_FILES := $(shell git ls-files --cached --others --exclude-standard '*.c' '*.h' 2>/dev/null)
TIDY_FILES := $(filter %.c,$(filter-out tests/%,$(C_FILES)))

check: programs test-programs verify-page
	$(Q)tests/run $(BUILD)

lint: lint-includes lint-format lint-sizes lint-words lint-plugins lint-po lint-shell lint-cppcheck lint-tidy lint-compiler

lint-includes:
	$(Q)tests/lint/check-includes
lint-sizes:
	$(Q)tests/lint/check-sizes
lint-words:
	$(Q)tests/lint/check-words
lint-plugins:
	$(Q)tests/lint/check-plugins
lint-po:
	$(Q)po/extract.py --check
lint-format:
	$(Q)clang-format --dry-run -Werror $(C_FILES)
lint-shell:
	$(Q)shellcheck bootstrap .ci/run tests/run $(filter-out %/check-plugins,$(wildcard tests/lint/check-*)) tests/tools/new-mandate tests/tools/signal-when tests/ui/run tests/ui/scene tests/ui/repeat tests/ui/cage tests/ui/display tests/deb/inside tests/deb/clean-root \
		packaging/make-deb packaging/debian/keten.postinst packaging/completion/keten.bash \
		$(shell git ls-files --cached --others --exclude-standard '*.sh')
lint-cppcheck:
	$(Q)cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr \
		--suppressions-list=tests/lint/cppcheck.txt --library=gtk --std=c11 -D_GNU_SOURCE -DKT_VERSION='"0"' \
		-I. -j2 $(filter %.c,$(C_FILES))
# How far the path analysis of clang goes in one function. Its own default, 225000, takes three times as
# long: `make lint-tidy TIDY_NODES=225000` now and then. The check as a whole takes 20000, half the time.
TIDY_NODES ?= 60000
lint-tidy:
	$(Q)printf '%s\n' $(TIDY_FILES) | xargs -P 2 -n 1 tests/lint/tidy-some $(LIBUSB_CFLAGS) $(GTK_CFLAGS) \
		-Xclang -analyzer-config -Xclang max-nodes=$(TIDY_NODES) --
# Warnings are errors in every build (WERROR=0 for a compiler of another age).
lint-compiler: programs test-programs

# Unit tests and golden cases under AddressSanitizer and UBSan.
asan:
	$(Q)$(MAKE) --no-print-directory VARIANT=asan $(addprefix build/asan/,$(UNIT_NAMES) try-parser replay)
	$(Q)tests/run-asan build/asan

# fuzz-smoke shares FUZZ_SECONDS among the targets; `make fuzz FUZZ_SECONDS=36000` runs for hours.
FUZZ_SECONDS ?= 180
fuzz-smoke fuzz:
	$(Q)$(MAKE) --no-print-directory VARIANT=fuzz $(addprefix build/fuzz/,$(FUZZ_NAMES))
	$(Q)tests/fuzz/run build/fuzz $(FUZZ_SECONDS)

format:
	$(Q)clang-format -i $(C_FILES)

# The window on virtual screens, scene by scene: `make check-ui SCENES="android keyboard"`; `TIMES=10` again and again.
SCENES ?=
TIMES ?= 1
check-ui: programs test-programs
ifeq ($(TIMES),1)
	$(Q)tests/ui/run $(BUILD) $(SCENES)
else
	$(Q)tests/ui/repeat $(BUILD) $(TIMES) $(SCENES)
endif

# The Debian packages in a minimal root, and built twice; root, debootstrap and a mirror are needed.
check-deb: programs test-programs verify-page
	$(Q)tests/deb/clean-root $(BUILD)

bench: programs test-programs
	$(Q)tests/bench/run $(BUILD) $(ROWS)
	$(Q)tests/bench/views $(BUILD)

demo: programs $(addprefix $(BUILD)/,sim-usb sim-iphone make-photos make-timeline)
	$(Q)tests/demo/run $(BUILD)

# Which lines the unit tests and golden cases reach.
coverage:
	$(Q)$(MAKE) --no-print-directory VARIANT=cov OPT='-O0 -g --coverage' FORTIFY= LDLIBS_COV=--coverage \
		CFLAGS=--coverage LDHARD=--coverage $(addprefix build/cov/,$(UNIT_NAMES) try-parser)
	$(Q)tests/run-asan build/cov
	$(Q)find build/cov -name '*.gcda' -not -path '*/tests/*' | xargs gcov -n 2>/dev/null | \
		awk '/^File/ { f = $$2 } /^Lines executed/ { print $$2, f }' | grep -v usr/include | sort -u

.PHONY: check check-deb check-ui lint lint-includes lint-sizes lint-words lint-plugins lint-format lint-shell lint-cppcheck \
	lint-tidy lint-compiler asan fuzz fuzz-smoke format bench demo coverage
