LIB_core := $(sort $(wildcard core/*.c))
