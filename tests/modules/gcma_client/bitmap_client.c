// SPDX-License-Identifier: GPL-2.0
/*
 * Baseline: a plain reservation with the least that an allocator can do, a
 * bitmap searched from the start under a spinlock. The pages are not touched,
 * so none are needed.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#define CLIENT "bitmap"

static unsigned long pages = 32768;
module_param(pages, ulong, 0444);
MODULE_PARM_DESC(pages, "size of the reservation in pages (default 32768)");

struct cma {
	spinlock_t lock;	/* protects @map */
	unsigned long *map;
};

/* Any frame that has a struct page will do as the first. */
#define BASE_PFN	256

static struct page *cma_alloc(struct cma *area, unsigned long nr,
			      unsigned int align, bool no_warn)
{
	unsigned long start, flags;

	spin_lock_irqsave(&area->lock, flags);
	start = bitmap_find_next_zero_area(area->map, pages, 0, nr,
					   (1UL << align) - 1);
	if (start < pages)
		bitmap_set(area->map, start, nr);
	spin_unlock_irqrestore(&area->lock, flags);
	return start < pages ? pfn_to_page(BASE_PFN) + start : NULL;
}

static void cma_release(struct cma *area, struct page *page, unsigned long nr)
{
	unsigned long flags;

	spin_lock_irqsave(&area->lock, flags);
	bitmap_clear(area->map, page - pfn_to_page(BASE_PFN), nr);
	spin_unlock_irqrestore(&area->lock, flags);
}

static struct cma *find_area(void)
{
	struct cma *area = kzalloc(sizeof(*area), GFP_KERNEL);

	if (!area)
		return NULL;
	spin_lock_init(&area->lock);
	area->map = bitmap_zalloc(pages, GFP_KERNEL);
	if (!area->map) {
		kfree(area);
		return NULL;
	}
	return area;
}

static void put_area(struct cma *area)
{
	bitmap_free(area->map);
	kfree(area);
}

#include "client.h"
