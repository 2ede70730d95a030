/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SIM_ANDROID_WIRE_H
#define SIM_ANDROID_WIRE_H

/* Little-endian numbers and the constants of the ADB protocol. */

#include <stddef.h>
#include <stdint.h>

#define SIM_CNXN 0x4e584e43u
#define SIM_AUTH 0x48545541u
#define SIM_OPEN 0x4e45504fu
#define SIM_OKAY 0x59414b4fu
#define SIM_CLSE 0x45534c43u
#define SIM_WRTE 0x45545257u
#define SIM_STLS 0x534c5453u

#define SIM_HEADER	24
#define SIM_PAYLOAD_MAX ((size_t)1024 * 1024)
#define SIM_VERSION_OLD 0x01000000u
#define SIM_VERSION	0x01000001u

static inline uint32_t sim_get_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void sim_put_le32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
}

static inline void sim_put_le64(uint8_t *p, uint64_t v)
{
	sim_put_le32(p, (uint32_t)v);
	sim_put_le32(p + 4, (uint32_t)(v >> 32));
}

#endif
