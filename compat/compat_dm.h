/* SPDX-License-Identifier: GPL-2.0 */
/* What dmem asks of device-mapper. */
#ifndef _COMPAT_DM_H
#define _COMPAT_DM_H

#include <linux/blkdev.h>
#include <linux/device-mapper.h>

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

#endif /* _COMPAT_DM_H */
