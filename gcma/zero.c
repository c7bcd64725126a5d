// SPDX-License-Identifier: GPL-2.0
/*
 * Free pages zeroed ahead of time.
 *
 * Memory that user space gets must be zero, and zeroing costs far more than
 * finding the range. So a thread per area, which runs only when the CPU would
 * idle (SCHED_IDLE), keeps a share of the area zeroed. Zeroed pages are not
 * lent to dmem, which would write to them; they are the price of handing out
 * zeroed memory at once, so their share is bounded (parameter zeroed_pool).
 *
 * The pool grows downward from the end of a free range that is as long as the
 * whole pool, so that it is contiguous; of the ranges there are, one that is
 * zeroed in part already or holds little of the cache. Requests for zeroed
 * memory prefer it, others avoid it; see window_cost().
 *
 * A page is zeroed under the area's lock: it stays free all the time, so a
 * request never has to wait for more than one page, and none is refused.
 */
#include <linux/bitmap.h>
#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <uapi/linux/sched/types.h>

#include "zero.h"

/* Pages zeroed or lent again before others may run. */
#define BATCH_PAGES	16

static unsigned int zeroed_pool = 10;
module_param(zeroed_pool, uint, 0444);
MODULE_PARM_DESC(zeroed_pool,
		 "share of each area kept zeroed and unlent, in percent (default 10)");

/* The share that a new area keeps zeroed unless told otherwise. */
unsigned int gcma_zero_default(void)
{
	return zeroed_pool;
}

/**
 * gcma_zero_init - make the map of zeroed pages of a new area
 * @area: area, whose size is known
 *
 * Context: may sleep.
 * Return: 0, or -EINVAL for an impossible parameter, or -ENOMEM.
 */
int gcma_zero_init(struct gcma_area *area)
{
	struct gcma_zeroing *zero = &area->zero;

	if (zeroed_pool > 100) {
		pr_err("gcma: zeroed_pool=%u is not a percentage\n", zeroed_pool);
		return -EINVAL;
	}
	zero->map = kvcalloc(BITS_TO_LONGS(area->nr_pages), sizeof(long),
			     GFP_KERNEL);
	if (!zero->map)
		return -ENOMEM;
	zero->percent = zeroed_pool;
	zero->target = div_u64((u64)area->nr_pages * zeroed_pool, 100);
	zero->lo = U32_MAX;
	init_waitqueue_head(&zero->wait);
	return 0;
}

void gcma_zero_destroy(struct gcma_area *area)
{
	kvfree(area->zero.map);
}

/**
 * gcma_zero_weight - how many pages of a free range are zeroed?
 * @area:  area, locked
 * @start: first page
 * @nr:    number of pages
 *
 * Context: any.
 */
u32 gcma_zero_weight(const struct gcma_area *area, u32 start, u32 nr)
{
	const struct gcma_zeroing *zero = &area->zero;
	u32 end = min(start + nr, zero->hi);
	u32 weight = 0;

	lockdep_assert_held(&area->lock);
	start = max(start, zero->lo);
	while (start < end) {
		unsigned long word = zero->map[BIT_WORD(start)];
		u32 next = min_t(u32, round_up(start + 1, BITS_PER_LONG), end);

		word &= BITMAP_FIRST_WORD_MASK(start);
		word &= BITMAP_LAST_WORD_MASK(next);
		weight += hweight_long(word);
		start = next;
	}
	return weight;
}

static void count_down(struct gcma_zeroing *zero, u32 nr)
{
	zero->nr_free -= nr;
	if (!zero->nr_free) {
		zero->lo = U32_MAX;
		zero->hi = 0;
	}
}

/**
 * gcma_zero_take - account for a range that is handed out
 * @area:  area, locked
 * @start: first page
 * @nr:    number of pages
 *
 * The range's bits stay, for gcma_zero_rest(), until gcma_zero_forget().
 *
 * Context: any.
 * Return: number of its pages that are zeroed.
 */
u32 gcma_zero_take(struct gcma_area *area, u32 start, u32 nr)
{
	u32 zeroed = gcma_zero_weight(area, start, nr);

	if (zeroed)
		count_down(&area->zero, zeroed);
	return zeroed;
}

/**
 * gcma_zero_forget - a range comes back and may hold anything
 * @area:  area, locked
 * @start: first page
 * @nr:    number of pages
 *
 * Context: any.
 */
void gcma_zero_forget(struct gcma_area *area, u32 start, u32 nr)
{
	lockdep_assert_held(&area->lock);
	bitmap_clear(area->zero.map, start, nr);
}

/**
 * gcma_zero_rest - zero the pages of a range that are not zeroed yet
 * @area:      area; the range was handed out to the caller
 * @start:     first page
 * @nr:        number of pages
 * @may_sleep: let others run in between
 *
 * The lock is not needed: nobody else changes the bits of pages that are not
 * free, and a neighbour's bits in the same word are not looked at.
 *
 * Context: may sleep if @may_sleep.
 */
void gcma_zero_rest(struct gcma_area *area, u32 start, u32 nr, bool may_sleep)
{
	u32 page;

	for (page = start; page < start + nr; page++) {
		if (!test_bit(page, area->zero.map))
			clear_highpage(gcma_page(area, page));
		if (may_sleep && page % BATCH_PAGES == 0)
			cond_resched();
	}
}

/**
 * gcma_zero_lend_rest - lend the pages of a free range that are not zeroed
 * @area:  area, locked
 * @start: first page
 * @nr:    number of pages
 *
 * Context: any.
 */
void gcma_zero_lend_rest(struct gcma_area *area, u32 start, u32 nr)
{
	unsigned long *map = area->zero.map;
	u32 end = start + nr;

	lockdep_assert_held(&area->lock);
	while (start < end) {
		u32 from = find_next_zero_bit(map, end, start);
		u32 to = find_next_bit(map, end, from);

		if (from < to)
			dmem_lend(area->store, from, to - from);
		start = to;
	}
}

static bool wants_more(const struct gcma_area *area)
{
	return area->zero.nr_free < area->zero.target &&
	       area->zero.nr_free < area->free.nr_free;
}

static bool has_surplus(const struct gcma_area *area)
{
	return area->zero.nr_free > area->zero.target;
}

/**
 * gcma_zero_kick - something changed: perhaps there is something to zero
 * @area: area, not locked
 *
 * Context: any.
 */
void gcma_zero_kick(struct gcma_area *area)
{
	/* A look without the lock: whoever changes the figures kicks again. */
	if (wants_more(area) || has_surplus(area))
		wake_up(&area->zero.wait);
}

/* Free pieces that are looked at while an allocation may be waiting. */
#define PIECES_AT_ONCE	32

/* The highest page from @bottom up to below @top that is not zeroed. */
static bool highest_dirty(const unsigned long *map, u32 bottom, u32 top,
			  u32 *page)
{
	while (top > bottom) {
		if (top % BITS_PER_LONG == 0 && top - bottom >= BITS_PER_LONG &&
		    map[BIT_WORD(top - 1)] == ~0UL) {
			top -= BITS_PER_LONG;
			continue;
		}
		if (!test_bit(--top, map)) {
			*page = top;
			return true;
		}
	}
	return false;
}

/*
 * Which page to zero next. The place stays the same while nothing is allocated
 * or released; when it is done and there is still something to do, as the free
 * memory is in pieces, any page will do. Only some pieces are looked at with the
 * lock held; false may mean that there are more.
 */
static bool next_to_zero(struct gcma_area *area, u32 *page)
{
	struct gcma_zeroing *zero = &area->zero;
	unsigned int looks;

	if (zero->changes != area->free.changes) {
		u32 nr = gcma_choose_pool(area, zero->target, &zero->start);

		zero->cursor = zero->start + nr;
		zero->piece = gcma_extents_largest(&area->free);
		zero->changes = area->free.changes;
	}
	if (highest_dirty(zero->map, zero->start, zero->cursor, page)) {
		zero->cursor = *page;
		return true;
	}
	for (looks = 0; zero->piece && looks < PIECES_AT_ONCE; looks++) {
		struct gcma_extent *e = zero->piece;

		if (highest_dirty(zero->map, e->start, e->start + e->nr, page))
			return true;
		zero->piece = gcma_extents_smaller(e);
	}
	return false;
}

static bool zero_one(struct gcma_area *area)
{
	struct gcma_zeroing *zero = &area->zero;
	unsigned long flags;
	bool done = false;
	u32 page;

	spin_lock_irqsave(&area->lock, flags);
	if (wants_more(area) && next_to_zero(area, &page)) {
		dmem_revoke(area->store, page, 1);
		clear_highpage(gcma_page(area, page));
		__set_bit(page, zero->map);
		zero->nr_free++;
		zero->lo = min(zero->lo, page);
		zero->hi = max(zero->hi, page + 1);
		done = true;
	}
	spin_unlock_irqrestore(&area->lock, flags);
	if (done)
		gcma_count(area, ZEROED_IDLE, 1);
	return done;
}

/* Lend a zeroed page again, because the share was lowered. */
static bool lend_one(struct gcma_area *area)
{
	struct gcma_zeroing *zero = &area->zero;
	unsigned long flags;
	bool done = false;

	spin_lock_irqsave(&area->lock, flags);
	while (!done && has_surplus(area)) {
		u32 page = find_next_bit(zero->map, zero->hi, zero->lo);

		if (WARN_ON_ONCE(page >= zero->hi))
			break;
		/* Bits of pages that are handed out are none of ours. */
		zero->lo = page + 1;
		if (!gcma_extents_at(&area->free, page))
			continue;
		__clear_bit(page, zero->map);
		count_down(zero, 1);
		dmem_lend(area->store, page, 1);
		done = true;
	}
	spin_unlock_irqrestore(&area->lock, flags);
	return done;
}

static bool work_to_do(struct gcma_area *area)
{
	return kthread_should_stop() || wants_more(area) || has_surplus(area);
}

static int zero_thread(void *data)
{
	struct gcma_area *area = data;

	while (!kthread_should_stop()) {
		unsigned int i;

		wait_event_interruptible(area->zero.wait, work_to_do(area));
		for (i = 0; i < BATCH_PAGES; i++)
			if (!zero_one(area) && !lend_one(area))
				break;
		cond_resched();
	}
	return 0;
}

/**
 * gcma_zero_start - start zeroing in the background
 * @area: area, otherwise complete
 *
 * Context: may sleep.
 * Return: 0 or the error of starting a thread.
 */
int gcma_zero_start(struct gcma_area *area)
{
	const struct sched_attr idle = {
		.size = sizeof(idle),
		.sched_policy = SCHED_IDLE,
	};
	struct task_struct *thread;
	int err;

	thread = kthread_create_on_node(zero_thread, area,
					page_to_nid(gcma_page(area, 0)),
					"gcma_zero/%s", area->name);
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	err = sched_setattr_nocheck(thread, &idle);
	if (err)
		pr_warn("gcma: %s: zeroing runs at normal priority (error %d)\n",
			area->name, err);
	area->zero.thread = thread;
	wake_up_process(thread);
	return 0;
}

void gcma_zero_stop(struct gcma_area *area)
{
	kthread_stop(area->zero.thread);
}

/**
 * gcma_zero_set_percent - change how much of an area is kept zeroed
 * @area:    area
 * @percent: share of its pages, 0 to 100
 *
 * Context: any.
 * Return: 0, or -EINVAL for more than 100.
 */
int gcma_zero_set_percent(struct gcma_area *area, unsigned int percent)
{
	unsigned long flags;

	if (percent > 100)
		return -EINVAL;
	spin_lock_irqsave(&area->lock, flags);
	area->zero.percent = percent;
	area->zero.target = div_u64((u64)area->nr_pages * percent, 100);
	/* The place for a pool of this size is another one. */
	area->zero.changes = area->free.changes - 1;
	spin_unlock_irqrestore(&area->lock, flags);
	gcma_zero_kick(area);
	return 0;
}
