/* SPDX-License-Identifier: GPL-2.0 */
/* Claiming page frames by number. */
#ifndef _SURETY_COMPAT_CLAIM_H
#define _SURETY_COMPAT_CLAIM_H

#include <linux/gfp.h>

#include <features.h>

/*
 * Take the page frames from @start to @end (exclusive) out of the running
 * kernel. May sleep, migrates what is there.
 */
static inline int compat_claim_range(unsigned long start, unsigned long end)
{
#ifdef HAVE_ALLOC_CONTIG_FLAGS
	return alloc_contig_range(start, end, ACR_FLAGS_NONE,
				  GFP_KERNEL | __GFP_NOWARN);
#else
	return alloc_contig_range(start, end, MIGRATE_MOVABLE,
				  GFP_KERNEL | __GFP_NOWARN);
#endif
}

#endif /* _SURETY_COMPAT_CLAIM_H */
