# The ADB client (a library, for keten-device and the unit tests) and the process that uses it.
LIB_extractor := \
	extractor/android/adb.c \
	extractor/android/allow.c \
	extractor/android/connect.c \
	extractor/android/keys.c \
	extractor/android/range.c \
	extractor/android/shell.c \
	extractor/android/stream.c \
	extractor/android/sync.c \
	extractor/android/sync_list.c \
	extractor/android/transport.c \
	extractor/android/usb.c \
	extractor/android/usb_find.c \
	$(sort $(wildcard extractor/image/*.c)) \
	$(sort $(wildcard extractor/ios/*.c))

PROGS += keten-device
SRCS_keten-device := \
	extractor/device/main.c \
	extractor/device/harden.c \
	extractor/device/iphone.c \
	extractor/device/phone.c \
	extractor/device/serve.c \
	extractor/device/session.c \
	extractor/device/source.c
PKGS_keten-device := libusb-1.0 libssl libcrypto libseccomp sqlite3 libplist-2.0 libusbmuxd-2.0 zlib
LIBS_keten-device := extractor core
