/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Contiguous memory that cannot be refused.
 *
 * An area is a contiguous range of page frames with a name. Drivers and
 * DMA-BUF heaps allocate page ranges from it; what nobody has allocated is lent
 * to dmem, which keeps copies of disk blocks there. Allocating discards those
 * copies and migrates nothing, so it never waits for I/O, needs no memory of
 * its own, and succeeds whenever a free range of that size and alignment exists.
 *
 * A driver written for CMA switches by one line before its includes:
 *
 *	#define GCMA_REPLACES_CMA
 *
 * after which struct cma, cma_alloc() and cma_release() mean an area of gcma.
 */
#ifndef _SURETY_GCMA_H
#define _SURETY_GCMA_H

#include <linux/gfp.h>
#include <linux/types.h>

struct gcma_area;
struct page;

/* Longest name of an area, with the terminating zero. */
#define GCMA_NAME_LEN	32

struct gcma_area *gcma_area_get(const char *name);
void gcma_area_put(struct gcma_area *area);

const char *gcma_area_name(const struct gcma_area *area);
phys_addr_t gcma_area_base(const struct gcma_area *area);
unsigned long gcma_area_pages(const struct gcma_area *area);

struct page *gcma_alloc(struct gcma_area *area, unsigned long nr_pages,
			unsigned int align, gfp_t gfp);
bool gcma_release(struct gcma_area *area, const struct page *page,
		  unsigned long nr_pages);

#ifdef GCMA_REPLACES_CMA
#include <linux/cma.h>	/* before its names change their meaning */

#define cma		gcma_area
#define cma_alloc(area, count, align, no_warn)				\
	gcma_alloc(area, count, align,					\
		   GFP_KERNEL | ((no_warn) ? __GFP_NOWARN : 0))
#define cma_release(area, pages, count)	gcma_release(area, pages, count)
#define cma_get_base(area)		gcma_area_base(area)
#define cma_get_size(area)		(gcma_area_pages(area) << PAGE_SHIFT)
#define cma_get_name(area)		gcma_area_name(area)
#endif

#endif /* _SURETY_GCMA_H */
