# SPDX-License-Identifier: EUPL-1.2
# Simulated phones. Paths are relative to the top of the source tree.

SIM_ANDROID_COMMON := \
	tests/phones/android/auth.c \
	tests/phones/android/changing.c \
	tests/phones/android/config.c \
	tests/phones/android/journal.c \
	tests/phones/android/outq.c \
	tests/phones/android/phone.c \
	tests/phones/android/range.c \
	tests/phones/android/shell.c \
	tests/phones/android/storage.c \
	tests/phones/android/sync.c

PROGS_TEST += sim-android sim-usb

SRCS_sim-android := $(SIM_ANDROID_COMMON) \
	tests/phones/android/main.c \
	tests/phones/android/tcp.c
PKGS_sim-android := libcrypto

SRCS_sim-usb := $(SIM_ANDROID_COMMON) \
	tests/phones/usb/desc.c \
	tests/phones/usb/main.c \
	tests/phones/usb/pipe.c \
	tests/phones/usb/usbfs.c
PKGS_sim-usb := umockdev-1.0 gobject-2.0 glib-2.0 libcrypto
