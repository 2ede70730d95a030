LIB_parsers_sdk    := parsers/sdk/sdk.c $(filter-out parsers/sdk/sdk.c,$(wildcard parsers/sdk/*.c))
LIB_parsers_worker := parsers/worker/worker.c parsers/worker/sandbox.c
LIB_parsers_host   := parsers/host/host.c parsers/host/stream.c parsers/host/plugins.c
LIB_plugins        := $(sort $(wildcard parsers/plugins/*.c))
