// SPDX-License-Identifier: GPL-2.0
/*
 * Alignment, and how long the search takes when it is hardest.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "gcma_test.h"

int test_alignment(struct test_run *run)
{
	static const unsigned long sizes[] = { 1, 3, 16, 257, 512, 1000 };
	unsigned int align, i;

	for (align = 0; align <= 10; align++) {
		bool ok = true;

		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			struct page *page;

			page = gcma_alloc(run->area, sizes[i], align, GFP_KERNEL);
			ok = ok && page && IS_ALIGNED(page_to_pfn(page),
						      1UL << align);
			if (page)
				gcma_release(run->area, page, sizes[i]);
		}
		test_judge(run, ok, "aligned to order %u at every size", align);
	}
	return 0;
}

static u64 timed_alloc(struct test_run *run, unsigned long nr,
		       unsigned int align, struct page **page)
{
	u64 began = ktime_get_ns();

	*page = gcma_alloc(run->area, nr, align, GFP_KERNEL | __GFP_NOWARN);
	return ktime_get_ns() - began;
}

/* Free the odd pages of an area that is handed out page by page. */
static void make_comb(struct test_run *run, struct page *first)
{
	unsigned long i;

	for (i = 1; i < run->pages; i += 2)
		gcma_release(run->area, first + i, 1);
}

/*
 * The worst there can be: every other page allocated, and a request whose
 * alignment no free page has.
 */
int test_worst(struct test_run *run)
{
	struct page *all, *page;
	unsigned long i;
	u64 plain, hopeless, aligned;

	all = gcma_alloc(run->area, run->pages, 0, GFP_KERNEL);
	if (!all)
		return -ENOMEM;
	make_comb(run, all);
	plain = timed_alloc(run, 1, 0, &page);
	test_judge(run, page, "one page from %lu free ranges: %llu ns",
		   run->pages / 2, plain);
	if (page)
		gcma_release(run->area, page, 1);
	hopeless = timed_alloc(run, 2, 0, &page);
	test_judge(run, !page, "two pages, none together: refused in %llu ns",
		   hopeless);
	aligned = timed_alloc(run, 1, 1, &page);
	test_judge(run, !page, "an alignment that none has: refused in %llu ns",
		   aligned);
	for (i = 0; i < run->pages; i += 2)
		gcma_release(run->area, all + i, 1);
	aligned = timed_alloc(run, run->pages, 0, &page);
	test_judge(run, page, "all of it in one piece afterwards: %llu ns",
		   aligned);
	if (page)
		gcma_release(run->area, page, run->pages);
	return 0;
}
