// SPDX-License-Identifier: GPL-2.0
/*
 * Handing out page ranges.
 *
 * Which range: small requests follow each other through a chunk that was chosen
 * once. A request that fits a fragment (a free extent smaller than a grain) takes
 * the smallest such fragment. Otherwise a few windows are compared, at both ends
 * of the free extents and at grain boundaries between, and the one with the least
 * valuable cache wins. Windows inside an extent are aligned to their own size, which
 * leaves what a buddy system would leave. The number of windows is bounded, so
 * the time is too.
 *
 * A range is taken out of the index under the area's lock; what dmem keeps there
 * is revoked after that, with the lock dropped: the pages belong to nobody else
 * by then. A page is lent before it becomes free again, under the same lock, so
 * that no revoke can come before its lend.
 */
#include <linux/export.h>
#include <linux/ktime.h>
#include <linux/log2.h>

#include "gcma.h"
#include "zero.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* A fragment is smaller than this; windows inside an extent start at multiples. */
#define GRAIN_PAGES		(2 * DMEM_CHUNK_PAGES)

/* A request of no more follows the last such one, see choose_near(). */
#define SMALL_PAGES		(DMEM_CHUNK_PAGES / 4)

/* Zeroing a page costs a microsecond, missing a cached one a read: one in 16. */
#define ZEROING_COST		(DMEM_CHUNK_PAGES / 16)

/*
 * Windows whose cost is compared before the best one is taken: fewer for small
 * requests, where looking costs more than it saves, and for large ones, whose
 * windows overlap and which look at many chunks each.
 */
#define SMALL_WINDOWS		3
#define MAX_WINDOWS		8
#define MAX_CHUNK_LOOKS		64

/* Extents found too badly aligned before the search changes its way. */
#define MAX_MISSES		32

struct request {
	u32 nr;
	unsigned int align;
	bool zeroed;
};

struct choice {
	struct gcma_extent *extent;	/* NULL: nothing fits yet */
	u32 start;
	unsigned long cost;
	unsigned int windows_left;
};

/* Alignment is that of the physical address, as with CMA. */
static u64 align_up(const struct gcma_area *area, u64 page, unsigned int align)
{
	u64 base = area->claim.base_pfn;

	return round_up(base + page, 1ULL << align) - base;
}

static u64 align_down(const struct gcma_area *area, u64 page, unsigned int align)
{
	u64 base = area->claim.base_pfn;
	u64 down = round_down(base + page, 1ULL << align);

	return down < base ? U64_MAX : down - base;
}

/*
 * What the cache would lose with a range. dmem gives each chunk's value; a part
 * of a chunk counts in proportion. In units of 1 / DMEM_CHUNK_PAGES pages.
 */
static unsigned long cache_cost(const struct gcma_area *area, u32 start, u32 nr)
{
	u32 end = start + nr;
	u32 chunk = start >> DMEM_CHUNK_SHIFT;
	u32 last = end >> DMEM_CHUNK_SHIFT;
	unsigned long cost = 0;
	u32 part;

	if (chunk == last)
		return dmem_chunks_cost(area->store, chunk, 1) * nr;
	part = start % DMEM_CHUNK_PAGES;
	if (part)
		cost += dmem_chunks_cost(area->store, chunk++, 1) *
			(DMEM_CHUNK_PAGES - part);
	part = end % DMEM_CHUNK_PAGES;
	if (part)
		cost += dmem_chunks_cost(area->store, last, 1) * part;
	return cost + (dmem_chunks_cost(area->store, chunk, last - chunk) <<
		       DMEM_CHUNK_SHIFT);
}

/* What a window costs: cached copies, and zeroing in vain or still to be done. */
static unsigned long window_cost(const struct gcma_area *area,
				 const struct request *rq, u32 start)
{
	u32 zeroed = gcma_zero_weight(area, start, rq->nr);
	unsigned long pages = rq->zeroed ? rq->nr - zeroed : zeroed;

	return pages * ZEROING_COST + cache_cost(area, start, rq->nr);
}

static void try_window(struct gcma_area *area, const struct request *rq,
		       struct gcma_extent *e, u32 start, struct choice *best)
{
	unsigned long cost;

	if (!best->windows_left)
		return;
	cost = window_cost(area, rq, start);
	best->windows_left--;
	if (!best->extent || cost < best->cost) {
		best->extent = e;
		best->start = start;
		best->cost = cost;
	}
	if (!cost)
		best->windows_left = 0;
}

/*
 * Windows between the first and the last place of an extent, spread evenly,
 * and elsewhere next time. Their places count from the area's start, so that
 * requests of one size fill an area of a multiple of it without gaps.
 */
static void try_inside(struct gcma_area *area, const struct request *rq,
		       struct gcma_extent *e, u64 first, u64 last,
		       struct choice *best)
{
	u64 unit = max_t(u64, GRAIN_PAGES, roundup_pow_of_two(rq->nr));
	u64 base = round_up(first + 1, unit);
	u64 places, stride, i;

	if (!best->windows_left || base >= last)
		return;
	places = DIV_ROUND_UP_ULL(last - base, unit);
	stride = max_t(u64, 1, div_u64(places, best->windows_left));
	for (i = area->rotor++ % stride; i < places && best->windows_left;
	     i += stride) {
		u64 start = align_up(area, base + i * unit, rq->align);

		if (start < last)
			try_window(area, rq, e, start, best);
	}
}

/* Compare windows of one extent. Return false if none is aligned well. */
static bool try_extent(struct gcma_area *area, const struct request *rq,
		       struct gcma_extent *e, struct choice *best)
{
	u64 first = align_up(area, e->start, rq->align);
	u64 last = align_down(area, (u64)e->start + e->nr - rq->nr, rq->align);

	if (last == U64_MAX || last < first)
		return false;
	try_window(area, rq, e, first, best);
	if (last > first)
		try_window(area, rq, e, last, best);

	try_inside(area, rq, e, first, last, best);
	return true;
}

/*
 * All fitting extents are shorter than size plus alignment, and the first ones
 * were badly aligned. Look at the aligned positions or at the extents,
 * whichever are fewer.
 */
static void search_aligned(struct gcma_area *area, const struct request *rq,
			   struct gcma_extent *e, struct choice *best)
{
	u64 page;

	if (area->nr_pages >> rq->align >= area->free.nr_nodes) {
		while (e && !try_extent(area, rq, e, best))
			e = gcma_extents_larger(e);
		return;
	}
	for (page = align_up(area, 0, rq->align); page < area->nr_pages;
	     page += 1ULL << rq->align) {
		e = gcma_extents_at(&area->free, page);
		if (e && e->start + e->nr - page >= rq->nr) {
			try_window(area, rq, e, page, best);
			return;
		}
	}
}

static bool choose_range(struct gcma_area *area, const struct request *rq,
			 struct choice *best)
{
	struct gcma_extent *e = gcma_extents_fitting(&area->free, rq->nr);
	unsigned int misses = 0;

	best->extent = NULL;
	best->windows_left = rq->nr < GRAIN_PAGES ? SMALL_WINDOWS :
		clamp_t(unsigned int, MAX_CHUNK_LOOKS * DMEM_CHUNK_PAGES / rq->nr,
			2, MAX_WINDOWS);
	for (; e && best->windows_left; e = gcma_extents_larger(e)) {
		if (best->extent && best->extent->nr < GRAIN_PAGES &&
		    e->nr >= GRAIN_PAGES)
			break;
		if (try_extent(area, rq, e, best) || best->extent)
			continue;
		if (++misses < MAX_MISSES)
			continue;
		/* One that is longer by the alignment fits for certain. */
		e = gcma_extents_fitting(&area->free,
					 rq->nr + (1U << rq->align) - 1);
		if (e)
			try_extent(area, rq, e, best);
		else
			search_aligned(area, rq,
				       gcma_extents_fitting(&area->free, rq->nr),
				       best);
		break;
	}
	return best->extent;
}

/**
 * gcma_choose_pool - where pages are best zeroed ahead of time
 * @area:  area, locked
 * @nr:    pages that the pool is to have
 * @start: first page of the place
 *
 * The place that loses least of the cache, counting pages that are zeroed
 * already as gained.
 *
 * Context: any.
 * Return: number of pages there, at most @nr, 0 if nothing is free.
 */
u32 gcma_choose_pool(struct gcma_area *area, u32 nr, u32 *start)
{
	struct gcma_extent *largest = gcma_extents_largest(&area->free);
	struct request rq = { .zeroed = true };
	struct choice best;

	lockdep_assert_held(&area->lock);
	if (!largest || !nr)
		return 0;
	rq.nr = min(nr, largest->nr);
	if (!choose_range(area, &rq, &best))
		return 0;
	*start = best.start;
	return rq.nr;
}

/*
 * A small request takes what follows, or precedes, the last one in the chunk
 * that was chosen for that: comparing windows anew would cost more than the few
 * copies there are worth. Zeroed pages are left to those who ask for them.
 */
static bool choose_near(struct gcma_area *area, const struct request *rq,
			struct choice *best)
{
	u32 chunk = round_down(area->near, DMEM_CHUNK_PAGES);
	struct gcma_extent *e;
	u64 start, end;

	if (rq->nr > SMALL_PAGES || rq->zeroed || area->near == chunk)
		return false;
	e = gcma_extents_at(&area->free, area->near);
	if (!e)
		return false;
	start = align_up(area, max(e->start, chunk), rq->align);
	end = start + rq->nr;
	if (end > e->start + e->nr || end > chunk + DMEM_CHUNK_PAGES ||
	    (start < area->zero.hi && end > area->zero.lo))
		return false;
	best->extent = e;
	best->start = start;
	return true;
}

static int take_range(struct gcma_area *area, const struct request *rq,
		      u32 *start, u32 *prezeroed)
{
	struct choice best;
	unsigned long flags;
	int err = -ENOMEM;

	spin_lock_irqsave(&area->lock, flags);
	if (unlikely(area->gone)) {
		err = -ENODEV;
	} else if (choose_near(area, rq, &best) ||
		   choose_range(area, rq, &best)) {
		gcma_extents_carve(&area->free, best.extent, best.start, rq->nr);
		if (rq->nr <= SMALL_PAGES)
			area->near = best.start + rq->nr;
		if (area->zero.nr_free)
			*prezeroed = gcma_zero_take(area, best.start, rq->nr);
		*start = best.start;
		err = 0;
	}
	spin_unlock_irqrestore(&area->lock, flags);
	return err;
}

static void report_failure(struct gcma_area *area, unsigned long nr_pages,
			   unsigned int align, int err)
{
	unsigned long flags;
	u32 nr_free, largest;

	spin_lock_irqsave(&area->lock, flags);
	nr_free = area->free.nr_free;
	largest = nr_free ? gcma_extents_largest(&area->free)->nr : 0;
	spin_unlock_irqrestore(&area->lock, flags);
	pr_warn_ratelimited("gcma: %s: cannot hand out %lu pages aligned to order %u (error %d): %u of %u pages are free, %u together\n",
			    area->name, nr_pages, align, err, nr_free,
			    area->nr_pages, largest);
}

/**
 * gcma_alloc - allocate contiguous pages from an area
 * @area:     area
 * @nr_pages: number of pages, any
 * @align:    alignment of the physical address as a page order, 0 for none
 * @gfp:      __GFP_ZERO: the pages are to be zeroed, from the pre-zeroed ones if
 *            possible; __GFP_NOWARN: do not log a failure. Nothing else matters:
 *            the memory is the area's, and no other memory is needed.
 *
 * Succeeds whenever pages that nobody has allocated form such a range, whatever
 * is cached there. Cached copies are discarded, the least valuable ones first.
 * The pages have a reference count of 1 each and do not form a compound page.
 *
 * Context: any; never sleeps, but for __GFP_ZERO with a @gfp that may block,
 * which lets others run while it zeroes. Takes the area's lock, interrupts off.
 * Return: the first page, or NULL if no range is free or the area is going away.
 * Origin: the role of cma_alloc(), without migration.
 */
struct page *gcma_alloc(struct gcma_area *area, unsigned long nr_pages,
			unsigned int align, gfp_t gfp)
{
	struct request rq = { .nr = nr_pages, .align = align,
			      .zeroed = gfp & __GFP_ZERO };
	u64 began = ktime_get_ns();
	u32 start = 0, prezeroed = 0;
	struct page *page = NULL;
	int err = -EINVAL;
	u64 ns;

	trace_gcma_alloc_start(area, nr_pages, align);
	if (nr_pages && nr_pages <= area->nr_pages && align < 31)
		err = take_range(area, &rq, &start, &prezeroed);
	if (!err) {
		/* Zeroed pages are not lent; usually all or none of them are. */
		if (prezeroed < nr_pages)
			dmem_revoke(area->store, start, nr_pages);
		if (rq.zeroed && prezeroed < nr_pages)
			gcma_zero_rest(area, start, nr_pages,
				       gfpflags_allow_blocking(gfp));
		page = gcma_page(area, start);
	}

	ns = ktime_get_ns() - began;
	if (page) {
		gcma_count(area, ALLOCS, 1);
		gcma_count(area, ALLOC_PAGES, nr_pages);
		if (rq.zeroed) {
			gcma_count(area, PREZEROED, prezeroed);
			gcma_count(area, ZEROED_NOW, nr_pages - prezeroed);
		}
		if (prezeroed)
			gcma_zero_kick(area);
		gcma_count_latency(area, ns);
	} else {
		gcma_count(area, FAILS, 1);
		if (!(gfp & __GFP_NOWARN))
			report_failure(area, nr_pages, align, err);
	}
	trace_gcma_alloc_finish(area, page ? page_to_pfn(page) : 0, nr_pages,
				align, prezeroed, ns, err);
	return page;
}
EXPORT_SYMBOL_GPL(gcma_alloc);

/**
 * gcma_release - give pages back to their area
 * @area:     area that they were allocated from
 * @page:     first page
 * @nr_pages: number of pages; part of what was allocated may be given back
 *
 * Pages that are free already are refused, counted and reported.
 *
 * Context: any; takes the area's lock with interrupts off.
 * Return: false, and nothing changed, if the pages are not the area's or not
 * allocated.
 * Origin: the role of cma_release().
 */
bool gcma_release(struct gcma_area *area, const struct page *page,
		  unsigned long nr_pages)
{
	unsigned long pfn = page ? page_to_pfn(page) : 0;
	unsigned long start = pfn - area->claim.base_pfn;
	unsigned long flags;
	bool ok;

	if (!page || !nr_pages || pfn < area->claim.base_pfn ||
	    start >= area->nr_pages || nr_pages > area->nr_pages - start)
		return false;

	spin_lock_irqsave(&area->lock, flags);
	ok = !gcma_extents_overlap(&area->free, start, nr_pages);
	if (ok) {
		gcma_zero_forget(area, start, nr_pages);
		dmem_lend(area->store, start, nr_pages);
		gcma_extents_add(&area->free, start, nr_pages);
	}
	spin_unlock_irqrestore(&area->lock, flags);

	if (ok) {
		gcma_count(area, RELEASES, 1);
		gcma_count(area, RELEASE_PAGES, nr_pages);
		gcma_zero_kick(area);
	} else {
		gcma_count(area, BAD_RELEASES, 1);
		pr_err_ratelimited("gcma: %s: release of %lu pages at frame %#lx refused: some are free already (caller %pS)\n",
				   area->name, nr_pages, pfn,
				   __builtin_return_address(0));
	}
	trace_gcma_release(area, pfn, nr_pages, ok ? 0 : -EINVAL);
	return ok;
}
EXPORT_SYMBOL_GPL(gcma_release);

/* Most pages emptied with the area's lock held. */
#define EMPTY_BATCH	(4 * DMEM_CHUNK_PAGES)

/**
 * gcma_force_empty - discard everything that is cached in an area
 * @area: area
 *
 * Context: may sleep.
 * Return: number of free pages that were swept.
 */
unsigned long gcma_force_empty(struct gcma_area *area)
{
	unsigned long swept = 0;
	unsigned long flags;
	u32 page = 0;

	while (page < area->nr_pages) {
		const struct gcma_extent *e;
		u32 nr = 1;

		spin_lock_irqsave(&area->lock, flags);
		e = gcma_extents_at(&area->free, page);
		if (e) {
			nr = min_t(u32, EMPTY_BATCH, e->start + e->nr - page);
			dmem_revoke(area->store, page, nr);
			gcma_zero_lend_rest(area, page, nr);
			swept += nr;
		}
		spin_unlock_irqrestore(&area->lock, flags);
		page += nr;
		cond_resched();
	}
	gcma_count(area, EMPTIED, swept);
	return swept;
}
