/* SPDX-License-Identifier: EUPL-1.2 */
/*
 * The layers between a plugin and everything else. Process-wide layers are laid down once in the
 * worker's first process, the last ones in the child that will read one artifact. A mandatory
 * layer that can't be had ends the process before it reads a byte.
 */
#ifndef KT_PARSERS_WORKER_SANDBOX_H
#define KT_PARSERS_WORKER_SANDBOX_H

#include <stdint.h>

struct kt_err;

/* Descriptors of a child, fixed so that the filter can name them. */
#define KT_WFD_ARTIFACT 3
#define KT_WFD_OUT	4
#define KT_WFD_WAL	5
#define KT_WFD_JOURNAL	6
#define KT_WFD_REPLY	7

/* What holds; sent in HELLO and stored with the results. */
#define KT_LAYER_NO_NEW_PRIVS 1u   /* mandatory */
#define KT_LAYER_NOT_DUMPABLE 2u   /* mandatory */
#define KT_LAYER_SECCOMP      4u   /* mandatory */
#define KT_LAYER_RLIMITS      8u   /* mandatory */
#define KT_LAYER_PDEATHSIG    16u  /* mandatory */
#define KT_LAYER_EMPTY_ENV    32u  /* mandatory */
#define KT_LAYER_LANDLOCK     64u  /* when the kernel has it */
#define KT_LAYER_NAMESPACES   128u /* user, net, mount, IPC, UTS: when allowed */
#define KT_LAYERS_MANDATORY   63u
#define KT_LAYERS_ALL	      255u

/*
 * Before any job: no_new_privs, not dumpable, namespaces, Landlock with nothing allowed, and the
 * seccomp program is compiled. 0 or KT_E_REFUSED naming the layer.
 */
int kt_sandbox_prepare(uint32_t *layers, struct kt_err *err);

/*
 * In the child, after its descriptors are in place and before the first byte is read: limits, then
 * the filter. as_mib: address space, cpu_s: CPU seconds (soft; one more is the hard limit).
 * 0 or KT_E_REFUSED.
 */
int kt_sandbox_enter(unsigned as_mib, unsigned cpu_s, uint32_t *layers, struct kt_err *err);

#endif
