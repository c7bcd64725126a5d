// SPDX-License-Identifier: GPL-2.0
/*
 * Baseline: alloc_contig_range() on ordinary memory, window after window
 * through a range, as one would without any area.
 */
#include <linux/mm.h>
#include <linux/moduleparam.h>

#include <compat_contig.h>

#define CLIENT "contig"

static unsigned long phys, pages = 32768;
module_param(phys, ulong, 0444);
MODULE_PARM_DESC(phys, "where the range begins");
module_param(pages, ulong, 0444);
MODULE_PARM_DESC(pages, "its size in pages (default 32768)");

struct cma {
	unsigned long next;	/* where the next window begins */
};

static struct page *cma_alloc(struct cma *area, unsigned long nr,
			      unsigned int align, bool no_warn)
{
	unsigned long end = PHYS_PFN(phys) + pages;
	unsigned long pfn;

	for (; area->next + nr <= end; area->next += nr) {
		pfn = area->next;
		if (!compat_claim_range(pfn, pfn + nr)) {
			area->next += nr;
			return pfn_to_page(pfn);
		}
	}
	return NULL;
}

static void cma_release(struct cma *area, struct page *page, unsigned long nr)
{
	free_contig_range(page_to_pfn(page), nr);
	area->next = PHYS_PFN(phys);
}

static struct cma the_area;

static struct cma *find_area(void)
{
	the_area.next = PHYS_PFN(phys);
	return phys ? &the_area : NULL;
}

static void put_area(struct cma *area)
{
}

#include "client.h"
