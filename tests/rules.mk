# Test programs. Unit tests: one cmocka program per tests/unit/test_*.c, linked with everything.
UNIT_NAMES := $(patsubst tests/unit/%.c,%,$(sort $(wildcard tests/unit/test_*.c)))
FUZZ_NAMES := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
TEST_LIBS  := plugins parsers_sdk parsers_worker parsers_host extractor reports core
TEST_PKGS := libssl libusbmuxd-2.0 libcrypto libusb-1.0 sqlite3 libseccomp libplist-2.0 expat zlib libqrencode

PROGS_TEST += $(UNIT_NAMES)
$(foreach u,$(UNIT_NAMES),$(eval SRCS_$(u) := tests/unit/$(u).c))
$(foreach u,$(UNIT_NAMES),$(eval LIBS_$(u) := $(TEST_LIBS)))
$(foreach u,$(UNIT_NAMES),$(eval PKGS_$(u) := $(TEST_PKGS) cmocka))

# All fuzz targets in one plain program that replays inputs: each is compiled under its own name there.
ifneq ($(VARIANT),fuzz)
PROGS_TEST += replay
SRCS_replay := tests/fuzz/replay.c tests/fuzz/inproc.c $(FUZZ_NAMES:%=tests/fuzz/%.c)
LIBS_replay := $(TEST_LIBS)
PKGS_replay := $(TEST_PKGS) cairo harfbuzz fribidi freetype2
SRCS_replay += $(sort $(wildcard reports/pdf/*.c))
$(BUILD)/tests/fuzz/fuzz_%.o: CFLAGS += -DLLVMFuzzerTestOneInput=$(notdir $*)
# objects of a time when they had other names must not be linked
$(FUZZ_NAMES:%=$(BUILD)/tests/fuzz/%.o) $(BUILD)/tests/fuzz/replay.o: tests/rules.mk
$(BUILD)/tests/fuzz/replay.o: CFLAGS += -DKT_FUZZ_TARGETS='$(foreach f,$(FUZZ_NAMES),X($(f)))'
endif

# The fuzzing build (make fuzz): libFuzzer brings main().
ifeq ($(VARIANT),fuzz)
PROGS_TEST += $(FUZZ_NAMES)
$(foreach f,$(FUZZ_NAMES),$(eval SRCS_$(f) := tests/fuzz/$(f).c tests/fuzz/inproc.c))
$(foreach f,$(FUZZ_NAMES),$(eval LIBS_$(f) := $(TEST_LIBS)))
$(foreach f,$(FUZZ_NAMES),$(eval PKGS_$(f) := $(TEST_PKGS)))
$(foreach f,$(FUZZ_NAMES),$(eval LDLIBS_$(f) := -fsanitize=fuzzer))
SRCS_fuzz_paper += $(sort $(wildcard reports/pdf/*.c))
PKGS_fuzz_paper += cairo harfbuzz fribidi freetype2
endif

PROGS_TEST += try-parser make-photos make-timeline
SRCS_try-parser := tests/parsers/try.c tests/fuzz/inproc.c
LIBS_try-parser := $(TEST_LIBS)
PKGS_try-parser := $(TEST_PKGS)
SRCS_make-photos := tests/tools/make_photos.c
SRCS_make-timeline := tests/tools/make_timeline.c
LIBS_make-timeline := core
PROGS_TEST += age-stream
SRCS_age-stream := tests/tools/age_stream.c
LIBS_age-stream := core
PKGS_age-stream := libcrypto

# -- bench: helpers of tests/bench/run ------------------------------------------------------------
PROGS_TEST += bench-measure bench-recv-hash bench-sink-copy bench-gen-records
PROGS_TEST += bench-sqlite-rows
SRCS_bench-sqlite-rows := tests/bench/sqlite_rows.c
PKGS_bench-sqlite-rows := sqlite3
SRCS_bench-gen-records := tests/bench/gen_records_json.c
LIBS_bench-gen-records := core
SRCS_bench-measure := tests/bench/measure.c
SRCS_bench-recv-hash := tests/bench/recv_hash.c
LIBS_bench-recv-hash := extractor core
PKGS_bench-recv-hash := libusb-1.0 libcrypto
SRCS_bench-sink-copy := tests/bench/sink_copy.c
LIBS_bench-sink-copy := core
PKGS_bench-sink-copy := libcrypto
PROGS_TEST += bench-image-pass
SRCS_bench-image-pass := tests/bench/image_pass.c
LIBS_bench-image-pass := core
PKGS_bench-image-pass := libcrypto
# -- end of bench ---------------------------------------------------------------------------------

# --- sandbox: a worker with hostile parsers, and what starts it ---------------------------------
# In a folder of its own, because keten-worker is looked for beside the program that starts it.
PROGS_TEST += sandbox/keten-worker sandbox/drive
SRCS_sandbox/keten-worker := tests/sandbox/attack.c
LIBS_sandbox/keten-worker := parsers_worker parsers_sdk core
PKGS_sandbox/keten-worker := libcrypto libseccomp sqlite3
SRCS_sandbox/drive := tests/sandbox/drive.c
LIBS_sandbox/drive := parsers_host core
PKGS_sandbox/drive := libcrypto libseccomp
PROGS_TEST += sandbox/sql-run make-sql
SRCS_make-sql := tests/sandbox/make_sql.c
LIBS_make-sql := core
PKGS_make-sql := sqlite3
SRCS_sandbox/sql-run := tests/sandbox/sql_run.c
LIBS_sandbox/sql-run := parsers_host core
PKGS_sandbox/sql-run := libcrypto libseccomp
$(BUILD)/sandbox/keten-worker $(BUILD)/sandbox/drive $(BUILD)/sandbox/sql-run: | $(BUILD)/sandbox
$(BUILD)/sandbox/drive: $(BUILD)/sandbox/preload.so
$(BUILD)/sandbox:
	@mkdir -p $@
$(BUILD)/sandbox/preload.so: tests/sandbox/preload.c | $(BUILD)/sandbox
	$(Q)$(CC) -std=c17 -D_GNU_SOURCE -O2 -Wall -Wextra -fPIC -shared -o $@ $< -pthread
# The calls that tests/unit/test_faults.c makes fail.
LDLIBS_test_faults := $(foreach f,malloc calloc realloc writev fsync syncfs openat __openat_2 renameat \
	renameat2 linkat ftruncate read pread unlinkat,-Wl,--wrap=$(f))
# --- end of sandbox -----------------------------------------------------------------------------

# --- signing: puts a certificate on a test token ---
PROGS_TEST += token-cert
SRCS_token-cert := tests/tools/token_cert.c

# -- what the window reads, without its widgets --
SRCS_test_window_report += desktop/report.c desktop/store.c desktop/words.c
CFLAGS_test_window_report := $(GTK_CFLAGS)
PKGS_test_window_report := cmocka
LDLIBS_test_window_report = $(shell $(PKGCONF) --libs gio-2.0 zlib) -lcrypto

# -- views --
SRCS_test_pdf += $(sort $(wildcard reports/pdf/*.c))
PKGS_test_pdf += cairo harfbuzz fribidi freetype2
PROGS_TEST += draw-view
SRCS_draw-view := tests/tools/draw_view.c $(sort $(wildcard reports/pdf/*.c))
LIBS_draw-view := reports core
PKGS_draw-view := libcrypto sqlite3 cairo harfbuzz fribidi freetype2
# keten's own step: the sandboxed keten-render draws what lies in a folder
PROGS_TEST += render-views
SRCS_render-views := tests/tools/render_views.c $(filter-out cli/keten.c,$(SRCS_keten))
LIBS_render-views := $(LIBS_keten)
PKGS_render-views := $(PKGS_keten)
