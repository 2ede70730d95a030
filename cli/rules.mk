PROGS += keten keten-worker keten-render

SRCS_keten := $(filter-out cli/worker_main.c cli/render_main.c,$(sort $(wildcard cli/*.c)))
LIBS_keten := reports parsers_host parsers_sdk core
PKGS_keten := libcrypto sqlite3 libseccomp libqrencode

SRCS_keten-worker := cli/worker_main.c
LIBS_keten-worker := parsers_worker plugins parsers_sdk reports core
PKGS_keten-worker := libcrypto libseccomp sqlite3 expat zlib

# The views: what draws text from a phone is kept apart from what parses it.
SRCS_keten-render := cli/render_main.c $(sort $(wildcard reports/pdf/*.c))
LIBS_keten-render := parsers_worker parsers_sdk reports core
PKGS_keten-render := libcrypto libseccomp sqlite3 expat zlib cairo harfbuzz fribidi freetype2
