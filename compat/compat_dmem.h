/* SPDX-License-Identifier: GPL-2.0 */
/* What dmem asks of device-mapper and of the page allocator. */
#ifndef _COMPAT_DMEM_H
#define _COMPAT_DMEM_H

#include <linux/blkdev.h>
#include <linux/device-mapper.h>
#include <linux/gfp.h>

#include <features.h>

/*
 * How a target asks that pages do not change while they are being written: up
 * to 6.9 by a flag of the target, then by a queue limit.
 */
static inline void dmem_compat_dm_stable_writes(struct dm_target *ti, bool on)
{
#ifdef HAVE_DM_NEEDS_STABLE_WRITES
	ti->needs_stable_writes = on;
#endif
}

static inline void dmem_compat_limits_stable_writes(struct queue_limits *limits,
						    bool on)
{
#ifdef HAVE_BLK_FEAT_STABLE_WRITES
	if (on)
		limits->features |= BLK_FEAT_STABLE_WRITES;
#endif
}

/*
 * Take the page frames from @start to @end (exclusive) out of the running
 * kernel. May sleep, migrates what is there.
 */
static inline int dmem_compat_claim(unsigned long start, unsigned long end)
{
#ifdef HAVE_ALLOC_CONTIG_FLAGS
	return alloc_contig_range(start, end, ACR_FLAGS_NONE,
				  GFP_KERNEL | __GFP_NOWARN);
#else
	return alloc_contig_range(start, end, MIGRATE_MOVABLE,
				  GFP_KERNEL | __GFP_NOWARN);
#endif
}

#endif /* _COMPAT_DMEM_H */
