/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The requests of a source that is no phone (OPEN, NEXT, WHOLE, PART): from frames to
 * extractor/image and back.
 */
#ifndef KT_DEVICE_SOURCE_H
#define KT_DEVICE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "extractor/image/facts.h"
#include "extractor/ios/backup_key.h"

#define KT_SECRET_MAX 1024u

struct kt_err;
struct kt_image;
struct kt_img_member;
struct kt_img_summary;
struct kt_rd;
struct kt_session;
struct kt_session_result;

struct kt_source {
	struct kt_session *s; /* borrowed */
	int fd;		      /* -1: none was given */
	struct kt_img_facts facts;
	const bool *may; /* the plan, borrowed */
	struct kt_image *im;
	struct kt_buf detail; /* of the SOURCE frame */
	/* the holder's backup password, from SECRET until the next OPEN; cleansed then */
	uint8_t secret[KT_SECRET_MAX];
	size_t secret_len;
	bool has_secret;
	struct kt_backup_opener opener; /* of an encrypted backup that is open */
};

void kt_source_init(struct kt_source *src, struct kt_session *s, int fd, const bool *may);
void kt_source_free(struct kt_source *src);

/*
 * Each serves one request: reads its fields from rd (the tag is in res already), sends the frames
 * before the RESULT and fills *res. The code of the RESULT; KT_E_USAGE: the request makes no sense.
 */
int kt_source_open(struct kt_source *src, struct kt_rd *rd, struct kt_session_result *res,
		   struct kt_err *err);
/* SECRET: keeps the password for the next OPEN; says nothing about whether it is right. */
int kt_source_secret(struct kt_source *src, struct kt_rd *rd, struct kt_err *err);
int kt_source_next(struct kt_source *src, struct kt_rd *rd, struct kt_session_result *res,
		   struct kt_err *err);
int kt_source_whole(struct kt_source *src, struct kt_rd *rd, struct kt_session_result *res,
		    struct kt_err *err);
int kt_source_part(struct kt_source *src, struct kt_rd *rd, struct kt_session_result *res,
		   struct kt_err *err);

/* A MEMBER frame; a SUMMARY frame and what it means for the flags of the RESULT. */
int kt_source_put_member(struct kt_session *s, uint32_t tag, const struct kt_img_member *m,
			 struct kt_err *err);
int kt_source_put_summary(struct kt_session *s, struct kt_session_result *res,
			  const struct kt_img_summary *sum, const char *text, struct kt_err *err);
/* The RDATA frame of a PART and what goes with it into the RESULT. */
int kt_source_put_part(struct kt_session *s, struct kt_session_result *res, const uint8_t *p,
		       size_t n, struct kt_err *err);

#endif
