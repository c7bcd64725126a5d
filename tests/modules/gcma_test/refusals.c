// SPDX-License-Identifier: GPL-2.0
/*
 * What gcma must refuse, as a table, and that it changes nothing.
 */
#include <linux/mm.h>

#include "gcma_test.h"

static void refuse_allocations(struct test_run *run)
{
	const struct {
		const char *what;
		unsigned long nr;
		unsigned int align;
	} table[] = {
		{ "no pages", 0, 0 },
		{ "one page more than the area has", run->pages + 1, 0 },
		{ "a count that wraps in 32 bits", 1UL << 32 | 1, 0 },
		{ "the largest count", ULONG_MAX, 0 },
		{ "an alignment beyond the area", 1, 30 },
		{ "an alignment that cannot be", 1, 64 },
		{ "the largest alignment", 1, UINT_MAX },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct page *page = gcma_alloc(run->area, table[i].nr,
					       table[i].align,
					       GFP_KERNEL | __GFP_NOWARN);

		test_judge(run, !page, "refused: %s", table[i].what);
		if (page)
			gcma_release(run->area, page, table[i].nr);
	}
}

static void refuse_releases(struct test_run *run)
{
	unsigned long base = PHYS_PFN(gcma_area_base(run->area));
	struct page *page = gcma_alloc(run->area, 8, 0, GFP_KERNEL);
	struct page *other = alloc_page(GFP_KERNEL);
	const struct {
		const char *what;
		const struct page *page;
		unsigned long nr;
	} table[] = {
		{ "release of nothing", NULL, 1 },
		{ "release of no pages", page, 0 },
		{ "release of a page of another owner", other, 1 },
		{ "release across the area's end",
		  pfn_to_page(base + run->pages - 1), 2 },
		{ "release with a huge count", page, ULONG_MAX },
		{ "release of pages of which some are free", page + 4, 8 },
		{ "release of a free page", page + 8, 1 },
	};
	unsigned int i;

	/* The table wants the page after the eight to be free. */
	if (!page || !other) {
		test_judge(run, false, "memory for the table of releases");
		goto out;
	}
	for (i = 0; i < ARRAY_SIZE(table); i++)
		test_judge(run, !gcma_release(run->area, table[i].page,
					      table[i].nr),
			   "refused: %s", table[i].what);
	test_judge(run, gcma_release(run->area, page, 4), "first half released");
	test_judge(run, !gcma_release(run->area, page, 8),
		   "refused: release of what is half released");
	test_judge(run, gcma_release(run->area, page + 4, 4),
		   "second half released");
	test_judge(run, !gcma_release(run->area, page, 8),
		   "refused: release of what was released");
	page = NULL;
out:
	if (page)
		gcma_release(run->area, page, 8);
	if (other)
		__free_page(other);
}

int test_refusals(struct test_run *run)
{
	struct page *all;

	test_judge(run, !gcma_area_get("no-such-area"),
		   "refused: an area that does not exist");
	refuse_allocations(run);
	refuse_releases(run);

	all = gcma_alloc(run->area, run->pages, 0, GFP_KERNEL);
	test_judge(run, all, "the whole area is still there");
	test_judge(run, !all || !gcma_alloc(run->area, 1, 0,
					    GFP_KERNEL | __GFP_NOWARN),
		   "refused: one more page than there is");
	if (all)
		gcma_release(run->area, all, run->pages);
	return 0;
}
