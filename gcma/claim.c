// SPDX-License-Identifier: GPL-2.0
/*
 * Where an area's memory comes from.
 *
 * From the running kernel: a contiguous range is emptied chunk by chunk, each
 * next one below the last, from the top of the node's memory downward, where
 * the kernel's own unmovable data is rare. A chunk that cannot be emptied makes
 * the range start anew below it. All or nothing, and a signal ends it.
 *
 * From a boot-time reservation (memmap=SIZE$PHYS): the kernel does not know
 * these frames, so they get struct pages first.
 */
#include <linux/ioport.h>
#include <linux/memremap.h>
#include <linux/mmzone.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <compat_contig.h>

#include "gcma.h"

/* 4 MiB: large enough for few calls, small enough to stay interruptible. */
#define CHUNK_PAGES	((4UL << 20) >> PAGE_SHIFT)

/* How often the node is searched; migration of a busy page may succeed later. */
#define PASSES		3

/**
 * struct search - a claim from the running kernel that is under way
 * @claim:    pages [base_pfn, base_pfn + nr_pages) are ours so far
 * @want:     pages wanted in all
 * @reported: tenths of @want that were reported
 */
struct search {
	struct gcma_claim *claim;
	unsigned long want;
	unsigned int reported;
};

/* Is it worth trying? All pages in one zone, known to the buddy allocator. */
static bool claimable(unsigned long pfn, unsigned long nr, int nid)
{
	struct page *first = pfn_to_online_page(pfn);
	unsigned long i;

	if (!first || (nid != NUMA_NO_NODE && page_to_nid(first) != nid))
		return false;
	/* Long-lived pages would defeat what the movable zone is for. */
	if (zone_idx(page_zone(first)) == ZONE_MOVABLE ||
	    is_highmem(page_zone(first)))
		return false;
	for (i = 0; i < nr; i++) {
		struct page *page = pfn_to_online_page(pfn + i);

		if (!page || PageReserved(page) ||
		    page_zone(page) != page_zone(first))
			return false;
	}
	return true;
}

static void report_progress(struct search *search, const char *name)
{
	unsigned int tenths = search->claim->nr_pages * 10 / search->want;

	if (tenths == search->reported)
		return;
	search->reported = tenths;
	pr_info("gcma: %s: %lu of %lu MiB claimed\n", name,
		search->claim->nr_pages >> (20 - PAGE_SHIFT),
		search->want >> (20 - PAGE_SHIFT));
}

static void give_up_range(struct gcma_claim *claim)
{
	if (claim->nr_pages)
		free_contig_range(claim->base_pfn, claim->nr_pages);
	claim->nr_pages = 0;
}

/* Extend the range downward by @nr pages, to begin at @pfn. */
static int claim_chunk(struct gcma_claim *claim, unsigned long pfn,
		       unsigned long nr, int nid)
{
	int err;

	if (signal_pending(current))
		return -EINTR;
	if (!claimable(pfn, nr, nid))
		return -EBUSY;
	err = compat_claim_range(pfn, pfn + nr);
	if (err)
		return err == -EINTR ? err : -EBUSY;
	claim->base_pfn = pfn;
	claim->nr_pages += nr;
	cond_resched();
	return 0;
}

/* One way down from @top to @bottom. */
static int search_down(struct search *search, const struct gcma_spec *spec,
		       unsigned long bottom, unsigned long top)
{
	struct gcma_claim *claim = search->claim;
	unsigned long end = round_down(top, CHUNK_PAGES);
	unsigned long pos = end;
	int err;

	while (claim->nr_pages < search->want) {
		unsigned long nr = min(search->want - claim->nr_pages,
				       CHUNK_PAGES);

		if (pos < bottom + nr) {
			give_up_range(claim);
			return -ENOMEM;
		}
		err = claim_chunk(claim, pos - nr, nr, spec->nid);
		if (err == -EBUSY) {
			give_up_range(claim);
			search->reported = 0;
			pos = round_down(pos - nr, CHUNK_PAGES);
			continue;
		}
		if (err) {
			give_up_range(claim);
			return err;
		}
		pos -= nr;
		report_progress(search, spec->name);
	}
	return 0;
}

static int claim_anywhere(struct gcma_claim *claim, const struct gcma_spec *spec)
{
	struct search search = { .claim = claim,
				 .want = spec->size >> PAGE_SHIFT };
	unsigned int pass;
	int nid, err = -ENOMEM;

	for (pass = 0; pass < PASSES; pass++) {
		for_each_online_node(nid) {
			if (spec->nid != NUMA_NO_NODE && spec->nid != nid)
				continue;
			err = search_down(&search, spec,
					  NODE_DATA(nid)->node_start_pfn,
					  node_end_pfn(nid));
			if (!err || err == -EINTR)
				goto out;
		}
	}
out:
	if (err == -EINTR)
		pr_info("gcma: %s: interrupted, everything given back\n",
			spec->name);
	else if (err)
		pr_err("gcma: %s: no contiguous %llu MiB could be emptied; try earlier after boot, less, or a boot-time reservation\n",
		       spec->name, spec->size >> 20);
	return err;
}

/* A place in the running kernel's memory that the user named. */
static int claim_exactly(struct gcma_claim *claim, const struct gcma_spec *spec)
{
	struct search search = { .claim = claim,
				 .want = spec->size >> PAGE_SHIFT };
	unsigned long pos = PHYS_PFN(spec->phys) + search.want;
	int err;

	while (claim->nr_pages < search.want) {
		unsigned long nr = min(search.want - claim->nr_pages,
				       CHUNK_PAGES);

		err = claim_chunk(claim, pos - nr, nr, NUMA_NO_NODE);
		if (err) {
			give_up_range(claim);
			pr_err("gcma: %s: %s at %#llx\n", spec->name,
			       err == -EINTR ? "interrupted" :
			       "memory in use that cannot be moved",
			       (u64)PFN_PHYS(pos - nr));
			return err;
		}
		pos -= nr;
		report_progress(&search, spec->name);
	}
	return 0;
}

/* struct pages are added to the kernel's map in pieces of this size. */
#define RESERVED_ALIGN	(PAGES_PER_SUBSECTION << PAGE_SHIFT)

static int claim_reserved(struct gcma_claim *claim, const struct gcma_spec *spec)
{
	struct dev_pagemap *pgmap;
	void *addr;
	int nid;
	int err;

	if (!IS_ALIGNED(spec->phys | spec->size, RESERVED_ALIGN)) {
		pr_err("gcma: %s: a boot-time reservation must be aligned to %lu KiB\n",
		       spec->name, RESERVED_ALIGN >> 10);
		return -EINVAL;
	}
	pgmap = kzalloc(sizeof(*pgmap), GFP_KERNEL);
	if (!pgmap)
		return -ENOMEM;
	/* Not a literal: if the area is lost, it outlives the module. */
	claim->res_name = kasprintf(GFP_KERNEL, "gcma %s", spec->name);
	if (!claim->res_name) {
		err = -ENOMEM;
		goto free_pgmap;
	}
	claim->res = request_mem_region(spec->phys, spec->size, claim->res_name);
	if (!claim->res) {
		pr_err("gcma: %s: %#llx is in use by another driver\n",
		       spec->name, spec->phys);
		err = -EBUSY;
		goto free_name;
	}
	pgmap->type = MEMORY_DEVICE_GENERIC;
	pgmap->range.start = spec->phys;
	pgmap->range.end = spec->phys + spec->size - 1;
	pgmap->nr_range = 1;
	nid = spec->nid == NUMA_NO_NODE ? first_online_node : spec->nid;
	addr = memremap_pages(pgmap, nid);
	if (IS_ERR(addr)) {
		err = PTR_ERR(addr);
		pr_err("gcma: %s: the reservation at %#llx cannot be mapped (error %d)\n",
		       spec->name, spec->phys, err);
		goto release_region;
	}
	claim->pgmap = pgmap;
	claim->base_pfn = PHYS_PFN(spec->phys);
	claim->nr_pages = spec->size >> PAGE_SHIFT;
	return 0;

release_region:
	release_mem_region(spec->phys, spec->size);
	claim->res = NULL;
free_name:
	kfree(claim->res_name);
free_pgmap:
	kfree(pgmap);
	return err;
}

static int claim_at(struct gcma_claim *claim, const struct gcma_spec *spec)
{
	switch (region_intersects(spec->phys, spec->size, IORESOURCE_SYSTEM_RAM,
				  IORES_DESC_NONE)) {
	case REGION_INTERSECTS:
		return claim_exactly(claim, spec);
	case REGION_MIXED:
		pr_err("gcma: %s: only part of the range at %#llx is memory\n",
		       spec->name, spec->phys);
		return -EINVAL;
	}
	if (region_intersects(spec->phys, spec->size, IORESOURCE_MEM,
			      IORES_DESC_RESERVED) != REGION_INTERSECTS) {
		pr_err("gcma: %s: %#llx is neither memory nor reserved at boot (memmap=%lluM$%#llx)\n",
		       spec->name, spec->phys, spec->size >> 20, spec->phys);
		return -EINVAL;
	}
	return claim_reserved(claim, spec);
}

/**
 * gcma_claim_memory - take the page frames for an area
 * @claim: where to say what was taken
 * @spec:  what is wanted; its size is a multiple of the page size
 *
 * Context: may sleep, for seconds if much memory has to be moved away.
 * Return: 0; -EINVAL for a place that cannot be, -EBUSY if something there
 * cannot be moved away, -ENOMEM, -EINTR on a signal. Each error is logged.
 */
int gcma_claim_memory(struct gcma_claim *claim, const struct gcma_spec *spec)
{
	memset(claim, 0, sizeof(*claim));
	return spec->at_phys ? claim_at(claim, spec) :
			       claim_anywhere(claim, spec);
}

/**
 * gcma_claim_return - give the page frames back to where they came from
 * @claim: from gcma_claim_memory(); nobody uses the pages any more
 *
 * Context: may sleep.
 */
void gcma_claim_return(struct gcma_claim *claim)
{
	if (claim->pgmap) {
		memunmap_pages(claim->pgmap);
		release_mem_region(PFN_PHYS(claim->base_pfn),
				   claim->nr_pages << PAGE_SHIFT);
		kfree(claim->res_name);
		kfree(claim->pgmap);
	} else {
		free_contig_range(claim->base_pfn, claim->nr_pages);
	}
	claim->nr_pages = 0;
}
