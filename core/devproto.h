/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The frames between keten and keten-device (core/frame.h carries them). keten sends requests
 * that name rows of requests.def by id; keten-device answers each with any number of data frames
 * and exactly one RESULT. Both ends check every field; docs/formats/device-frames.md has the
 * bytes. Integers are little-endian, "blob" is u32 length + bytes.
 */
#ifndef KT_CORE_DEVPROTO_H
#define KT_CORE_DEVPROTO_H

#include <stdint.h>

#define KT_DEV_PROTO	 1u
#define KT_DEV_FD_IN	 0 /* frames from keten */
#define KT_DEV_FD_OUT	 1 /* frames to keten */
#define KT_DEV_FD_CASE	 3 /* case folder: holds KT_DEV_KEY_NAME alone; absent when listing only */
#define KT_DEV_FD_SOURCE 4 /* folder or file that is read instead of a phone; absent otherwise */
#define KT_DEV_KEY_NAME	 "adb.key"
#define KT_DEV_PATH_MAX	 1024u	      /* bytes of a path on the phone */
#define KT_DEV_CHUNK	 (1u << 20)   /* data bytes in one frame */
#define KT_DEV_RANGE_MAX (256u << 10) /* bytes of one range request */
#define KT_DEV_BATCH	 96u	      /* range requests that may be under way at once */

/* keten -> keten-device */
enum kt_dev_req {
	KT_DEV_PLAN =
		'P', /* u16 n, n x u16 request id: first frame, once; nothing else is let through */
	KT_DEV_ENUM = 'L', /* u32 tag: list phones (no connection is made) -> DEVICE* RESULT */
	KT_DEV_PROBE =
		'p', /* u32 tag, blob serial: say hello, never ask for trust -> STATE RESULT */
	KT_DEV_CONNECT =
		'C', /* u32 tag, blob serial, blob key comment, u32 wait_s -> STATE* IDENT RESULT */
	KT_DEV_SHELL = 'S', /* u32 tag, u16 request id -> OUT* ERROUT* RESULT */
	KT_DEV_LIST =
		'l', /* u32 tag, u16 root id, u32 max_entries, u32 max_depth -> ENTRY* RESULT */
	KT_DEV_FETCH =
		'F', /* u32 tag, u16 root id, u64 max_bytes, blob path -> STAT OUT* STAT RESULT */
	KT_DEV_STAT = 't', /* u32 tag, u16 root id, blob path -> STAT RESULT */
	KT_DEV_RANGE =
		'R', /* u32 tag, u16 root id, u64 file size, u64 offset, u32 len, blob path -> RANGE RESULT */
	/* -- reading a backup, an image, a carrier or a file: the source is KT_DEV_FD_SOURCE -- */
	KT_DEV_OPEN = 'O', /* u32 tag, u8 form (enum kt_form) -> SOURCE RESULT */
	KT_DEV_NEXT =
		'N', /* u32 tag -> [MEMBER] RESULT: the next object that the plan wants; at the end
				RESULT has KT_E_ABSENT and SUMMARY came before it */
	KT_DEV_WHOLE = 'W', /* u32 tag, u64 max_bytes -> OUT* RESULT: the current object */
	KT_DEV_PART =
		'T', /* u32 tag, u64 offset, u32 len -> RDATA RESULT: bytes of the current object */
	KT_DEV_SECRET =
		'K', /* u32 tag, blob backup password -> RESULT: before OPEN, or after it or IOS was answered with F_ENCRYPTED; KT_E_REFUSED "wrong-password": may be sent again. Never logged */
	/* -- an iPhone: then NEXT, WHOLE, PART as for a source -- */
	KT_DEV_IOS =
		'I', /* u32 tag, u32 trust_wait_s, u32 passcode_wait_s, blob udid -> STATE* SOURCE RESULT: pairs and opens a session; the UDID must be given */
	KT_DEV_CANCEL = 'X', /* u32 tag or 0 for whatever is under way */
	KT_DEV_BYE = 'B',    /* close streams and the device, exit 0 */
};

/* keten-device -> keten */
enum kt_dev_reply {
	KT_DEV_HELLO = 'h', /* u32 KT_DEV_PROTO: first frame */
	KT_DEV_DEVICE =
		'd', /* u32 tag, u8 state, u16 bus, u16 address, blob serial, blob manufacturer, blob product, blob remedy detail */
	KT_DEV_STATE =
		's', /* u32 tag, u8 state, u32 seconds left, blob key fingerprint, blob detail */
	KT_DEV_IDENT =
		'i', /* u32 tag, u32 adb version, u32 max payload, blob usb serial, blob banner, blob key fingerprint, u8 key was new */
	KT_DEV_OUT = 'o',    /* u32 tag, then data (stdout, or file content) */
	KT_DEV_ERROUT = 'e', /* u32 tag, then data (stderr) */
	KT_DEV_ENTRY = 'n',  /* u32 tag, u32 errno, u32 mode, u64 size, i64 mtime s, blob path */
	KT_DEV_STATR =
		'a', /* u32 tag, u8 0 before | 1 after, u32 errno, u32 mode, u64 size, i64 mtime s */
	KT_DEV_RDATA =
		'r', /* u32 tag, u8 method, then the bytes: exactly the range, cut at the file's end */
	KT_DEV_SOURCER =
		'c', /* u32 tag, u8 layout (enum kt_dev_layout), u64 size (0 for folders), blob identifier (UDID, or empty: it names none), blob detail */
	KT_DEV_MEMBER =
		'm', /* u32 tag, u8 flags (KT_DEV_M_*), u16 n, n x u16 request id, u32 mode, u64 size, i64 mtime s, blob path as the source names it, blob note (may be empty) */
	KT_DEV_CONFIRM =
		'v', /* u32 tag of NEXT, u32 number of the MEMBER (from 1), u8 enum kt_dev_verdict, u8 has_key, 32 bytes key, u64 plaintext size, i64 mtime, blob path, blob note: what Manifest.db says of a provisional member; all of them come before SUMMARY */
	KT_DEV_SUMMARY =
		'u', /* u32 tag, u64 objects seen, u64 bytes of the source read, u64 names refused, u64 members that could not be read, u8 has_sha, 32 bytes SHA-256 of the source (files only), blob text */
	KT_DEV_RESULT =
		'f', /* u32 tag, i32 kt_code, i32 exit status or -1, u64 data bytes, u32 flags, blob text */
};

/* How a range was read (goes into the index). */
enum kt_dev_method {
	KT_METHOD_NONE = 0,
	KT_METHOD_SYNC = 1,  /* RECV, whole */
	KT_METHOD_DD = 2,    /* constant command, operands on stdin, exact bytes */
	KT_METHOD_RECV = 3,  /* RECV from the start, rest dropped in memory, stream closed early */
	KT_METHOD_SHELL = 4, /* stdout of a constant command */
	KT_METHOD_READ = 5,  /* read from a folder or an archive */
};

/* What a source turned out to be. */
enum kt_dev_layout {
	KT_LAYOUT_NONE = 0,
	KT_LAYOUT_FOLDER, /* a folder tree */
	KT_LAYOUT_TAR,	  /* tar, not compressed */
	KT_LAYOUT_TARGZ,  /* tar inside gzip */
	KT_LAYOUT_ZIP,
	KT_LAYOUT_BACKUP, /* iPhone backup folder with Manifest.db */
	KT_LAYOUT_FILE,	  /* one file as it is */
	KT_LAYOUT_IPHONE, /* no source at all: an iPhone on the cable */
	KT_LAYOUT_COUNT
};

/* Flags of RESULT. */
#define KT_DEV_F_COMPLETE     1u  /* exit packet / DONE seen and all sizes agree */
#define KT_DEV_F_CHANGED      2u  /* the file's size or mtime differs after reading */
#define KT_DEV_F_TRUNCATED    4u  /* a cap of ours cut it */
#define KT_DEV_F_LISTED_NONE  8u  /* the folder listed nothing, not even ".": possibly refused */
#define KT_DEV_F_SKIPPED_NAME 16u /* entries with impossible names were left out */
#define KT_DEV_F_LOST	      32u /* phone or source is gone; nothing further will work */
#define KT_DEV_F_ENCRYPTED    64u /* of OPEN: this is an encrypted backup */

/* Flags of MEMBER. Neither set: it can be read, the note is empty or a remark. */
#define KT_DEV_M_UNREADABLE 1u /* WHOLE and PART will fail; the note says why */
#define KT_DEV_M_PATH_ONLY                                                                         \
	2u		     /* an app's container known by its path alone, not by its identifier */
#define KT_DEV_M_REPEATED 4u /* the same name came before in this source */
#define KT_DEV_M_PROVISIONAL                                                                       \
	8u /* of a backup stream: kept only when CONFIRM says so; size not known yet (UINT64_MAX) */
#define KT_DEV_M_ENCRYPTED 16u /* what WHOLE gives is ciphertext; CONFIRM brings the key */
#define KT_DEV_M_MISSING                                                                           \
	32u /* with UNREADABLE: listed by the source (a Manifest.db), but not in it */

/* What the manifest of a backup says of a file that came in its stream. */
enum kt_dev_verdict {
	KT_VERDICT_CONFIRMED = 1,
	KT_VERDICT_CONTRADICTED, /* another domain, path, size or digest: to be deleted */
	KT_VERDICT_NOT_LISTED,	 /* the manifest has no such file: to be deleted */
	KT_VERDICT_UNCONFIRMED,	 /* there is no manifest to be had: to be deleted */
};

/* States of a phone, facts that a person can act on. */
enum kt_dev_state {
	KT_STATE_NONE = 0,	/* no phone with USB debugging seen */
	KT_STATE_NO_PERMISSION, /* the system doesn't let us open it */
	KT_STATE_BUSY,		/* another program (often an adb server) holds it */
	KT_STATE_CONNECTING,
	KT_STATE_WAITING_TAP,  /* prompt on the phone; fingerprint and seconds left are given */
	KT_STATE_UNAUTHORISED, /* it will ask its holder to allow this station */
	KT_STATE_AUTHORISED,
	KT_STATE_REVOKED,     /* it accepted this case's key before and now refuses it */
	KT_STATE_OFFLINE,     /* on the bus, but it doesn't answer */
	KT_STATE_WRONG_MODE,  /* recovery, sideload or bootloader */
	KT_STATE_UNSUPPORTED, /* asks for TLS, or has no shell protocol v2 */
	/* iPhone */
	KT_STATE_TRUST,	 /* the phone asks its holder whether to trust this station */
	KT_STATE_DENIED, /* the holder said no */
	KT_STATE_LOCKED, /* the phone is locked and answers nothing */
	KT_STATE_PASSCODE, /* the holder must type the phone's code on the phone to allow the backup */
	KT_STATE_PREPARING, /* the phone prepares the backup and sends nothing yet */
	KT_STATE_RECEIVING, /* the backup comes in; the detail says how much of it so far */
	KT_STATE_COUNT
};

#endif
