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

# The simulated iPhone.
PROGS_TEST += sim-iphone iphone-afc iphone-drain

SRCS_sim-iphone := \
	tests/phones/iphone/afc.c \
	tests/phones/iphone/backup.c \
	tests/phones/iphone/config.c \
	tests/phones/iphone/content.c \
	tests/phones/iphone/faults.c \
	tests/phones/iphone/folder.c \
	tests/phones/iphone/journal.c \
	tests/phones/iphone/keybag.c \
	tests/phones/iphone/lockdown.c \
	tests/phones/iphone/main.c \
	tests/phones/iphone/manifest.c \
	tests/phones/iphone/mbfile.c \
	tests/phones/iphone/moves.c \
	tests/phones/iphone/mux.c \
	tests/phones/iphone/np.c \
	tests/phones/iphone/pairing.c \
	tests/phones/iphone/services.c \
	tests/phones/iphone/stored.c \
	tests/phones/iphone/tls.c \
	tests/phones/iphone/upload.c \
	tests/phones/iphone/values.c \
	tests/phones/iphone/wire.c
LIBS_sim-iphone := core
PKGS_sim-iphone := libplist-2.0 libssl libcrypto sqlite3

# A stranger to it: Debian's AFC client library behind a command line.
SRCS_iphone-afc := tests/phones/iphone/afc_client.c
PKGS_iphone-afc := libimobiledevice-1.0 libplist-2.0

# Takes a whole backup and keeps nothing: what an acquisition is compared with.
SRCS_iphone-drain := tests/phones/iphone/drain.c
PKGS_iphone-drain := libimobiledevice-1.0 libplist-2.0
