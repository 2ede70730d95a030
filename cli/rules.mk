PROGS += keten keten-worker

SRCS_keten := $(filter-out cli/worker_main.c,$(sort $(wildcard cli/*.c)))
LIBS_keten := reports parsers_host parsers_sdk core
PKGS_keten := libcrypto sqlite3 libseccomp

SRCS_keten-worker := cli/worker_main.c
LIBS_keten-worker := parsers_worker plugins parsers_sdk reports core
PKGS_keten-worker := libcrypto libseccomp sqlite3 expat zlib
