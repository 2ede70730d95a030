/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * A pairing: who the host is to the phone, and the phone to the host. Keten's own is made for one
 * session and lives in memory alone; one that the computer has from before is borrowed. The escrow
 * bag in it lets the backup service start; it is cleansed with the rest.
 */
#ifndef KT_IOS_PAIR_H
#define KT_IOS_PAIR_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <plist/plist.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kt_err;

#define KT_PAIR_MAX    ((size_t)1 << 20) /* bytes of a pair record */
#define KT_PAIR_ESCROW ((size_t)64 << 10)

struct kt_pair {
	bool set;
	bool ours;    /* made by us in this process: unpaired at the end */
	bool trusted; /* ours, and the phone took it */
	char host_id[64], buid[64];
	X509 *device_cert, *host_cert, *root_cert; /* owned */
	EVP_PKEY *root_key;
	uint8_t *escrow;
	size_t escrow_len;
};

void kt_pair_free(struct kt_pair *p);
/* usbmuxd's record, an XML or binary list. KT_E_FORMAT: parts are missing. */
int kt_pair_load(struct kt_pair *p, const void *record, size_t n, struct kt_err *err);
/*
 * A new one for a phone with this public key (PEM, PKCS#1 or X.509 form): certificates without
 * names, valid for ten years, as Apple's hosts make them, signed with SHA-256.
 */
int kt_pair_make(struct kt_pair *p, const void *device_key, size_t n, const char *buid,
		 struct kt_err *err);
/* The public part, as Pair and Unpair carry it. The caller's; NULL: no memory. */
plist_t kt_pair_public(const struct kt_pair *p);
/* Keeps the escrow bag that came with a new pairing. */
int kt_pair_set_escrow(struct kt_pair *p, const void *bag, size_t n, struct kt_err *err);

#endif
