# SPDX-License-Identifier: EUPL-1.2
# -- package and verifier: what a package is, making one, judging one -----------------------------
LIB_reports += reports/verify/layout.c reports/verify/zip_format.c reports/verify/zip_read.c \
	reports/verify/verify.c reports/verify/check_files.c reports/verify/check_bag.c \
	reports/verify/check_custody.c reports/verify/check_signers.c reports/verify/check_seal.c \
	reports/verify/check_index.c reports/verify/check_report.c reports/verify/check_act.c \
	reports/verify/check_subject.c reports/verify/check_sealed.c reports/verify/check_release.c reports/verify/check_stop.c \
	reports/verify/chain.c \
	reports/verify/print.c reports/verify/warm.c reports/verify/show.c \
	reports/package/zip_write.c reports/package/files.c reports/package/package.c \
	reports/package/act.c reports/package/place.c reports/package/signatures.c reports/package/pades.c \
	reports/verify/xades.c reports/verify/check_xades.c reports/verify/check_time.c

PROGS += keten-verify
SRCS_keten-verify := reports/verify/main.c reports/verify/sandbox.c
LIBS_keten-verify := reports core
PKGS_keten-verify := libcrypto libseccomp

PROGS_TEST += make-package
SRCS_make-package := tests/tools/make_package.c
LIBS_make-package := reports core
PKGS_make-package := libcrypto sqlite3
# -- end of package and verifier ------------------------------------------------------------------

# -- papers for the person: sheets, receipt --
LIB_reports += $(sort $(wildcard reports/papers/*.c))
$(BUILD)/reports/papers/builtin.o: data/information/en.txt data/information/nl.txt

# -- report model and views --
LIB_reports += $(sort $(wildcard reports/geo/*.c reports/model/*.c reports/render/*.c))
$(BUILD)/reports/geo/data_world.o: data/geo/world.geo
$(BUILD)/reports/geo/data_outlines.o: data/geo/outlines.geo
$(BUILD)/reports/geo/data_codes.o: data/geo/codes.tsv

PROGS_TEST += geo-places
SRCS_geo-places := tests/tools/geo_places.c
LIBS_geo-places := reports core
PKGS_geo-places := libcrypto sqlite3
