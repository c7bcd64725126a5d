// SPDX-License-Identifier: GPL-2.0
/*
 * Puts back what the reserve handed out.
 *
 * Runs in a worker that holds no lock and is in no scope, so it may reclaim, and
 * nothing waits for it but requests that hold nothing. It never has anybody
 * killed for memory: where there is none to be had it tries again later.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "ama_core.h"

#define RETRY_FIRST_MS	10
#define RETRY_LAST_MS	500

/* With a thread in reserve: writeback may wait for what is put back here. */
static struct workqueue_struct *refill_wq;

/* Attempts at filling a reserve before its client is refused. */
#define PATIENCE	10

/* Pages that are put back with one visit to the shared heap. */
#define BATCH		(AMA_MAGAZINE / 2)

/* Until less than a batch is put back, in jiffies. */
#define REST_DELAY	1

static struct page *new_page(unsigned int order, enum ama_kind kind, gfp_t gfp)
{
	gfp |= __GFP_NOWARN | __GFP_NORETRY;
	if (order && kind == AMA_COMPOUND)
		gfp |= __GFP_COMP;
	return alloc_pages(gfp, order);
}

/*
 * Some pages at once, as far as they are there; only the first is worth
 * reclaiming for, so that none is held back while this sleeps.
 */
static unsigned int new_pages(unsigned int order, enum ama_kind kind,
			      unsigned long limit, struct list_head *pages)
{
	struct page *page = new_page(order, kind, GFP_KERNEL);
	unsigned int nr = 0;

	while (page) {
		list_add(&page->lru, pages);
		if (++nr == limit)
			break;
		page = new_page(order, kind, GFP_NOWAIT);
	}
	return nr;
}

static bool fill_shelf(struct ama_pool *pool, unsigned int order,
		       enum ama_kind kind, unsigned long least)
{
	unsigned long missing;
	unsigned int nr;
	LIST_HEAD(pages);

	while ((missing = ama_pool_missing(pool, order, kind)) >= least) {
		nr = new_pages(order, kind, min_t(unsigned long, missing, BATCH), &pages);
		if (!nr)
			return false;
		ama_pool_stock(pool, order, kind, &pages, nr);
		cond_resched();
	}
	return true;
}

static bool fill_pool(struct ama_pool *pool, bool only_batches)
{
	unsigned int order, kind;
	bool filled = true;

	/* Whatever is short of one order, the others can still be served. */
	for (order = 0; order < AMA_ORDERS; order++)
		for (kind = 0; kind < AMA_KINDS; kind++)
			filled &= fill_shelf(pool, order, kind,
					     only_batches && !order ? BATCH : 1);
	return filled;
}

static bool full(struct ama_pool *pool)
{
	unsigned int order, kind;

	for (order = 0; order < AMA_ORDERS; order++)
		for (kind = 0; kind < AMA_KINDS; kind++)
			if (ama_pool_missing(pool, order, kind))
				return false;
	return true;
}

static void drop_surplus(struct ama_pool *pool, unsigned int order)
{
	struct page *page;
	unsigned int kind;

	for (kind = 0; kind < AMA_KINDS; kind++) {
		unsigned long want = READ_ONCE(pool->shelves[order][kind].want);

		while (ama_pool_stocked(pool, order, kind) > want) {
			page = ama_pool_remove(pool, order, kind);
			if (!page)
				break;
			__free_pages(page, order);
		}
	}
}

/*
 * Bring a reserve to the size that it shall have.
 *
 * Woken because a processor took a batch, it puts back whole batches, and the rest
 * later: others are taking, and each piece costs a visit to the heap. Not so if
 * somebody waits or wants the whole now, or if the last run failed and the next
 * one may be long in coming.
 */
static void refill_work(struct work_struct *work)
{
	struct ama_pool *pool = container_of(to_delayed_work(work),
					     struct ama_pool, refill);
	bool only_batches = xchg(&pool->batch_taken, false);
	unsigned int order, nofs;
	bool filled;

	if (xchg(&pool->whole, false) || READ_ONCE(pool->contended) ||
	    pool->refill_delay)
		only_batches = false;
	for (order = 0; order < AMA_ORDERS; order++)
		drop_surplus(pool, order);
	/* Reclaim that evicts a client's inodes would wait for this work. */
	nofs = memalloc_nofs_save();
	filled = fill_pool(pool, only_batches);
	memalloc_nofs_restore(nofs);
	if (filled) {
		WRITE_ONCE(pool->refill_delay, 0);
		if (only_batches && !full(pool))
			queue_delayed_work(refill_wq, &pool->refill, REST_DELAY);
		return;
	}
	WRITE_ONCE(pool->refill_delay, clamp(2 * pool->refill_delay, RETRY_FIRST_MS,
					     RETRY_LAST_MS));
	queue_delayed_work(refill_wq, &pool->refill,
			   msecs_to_jiffies(pool->refill_delay));
}

/* Now rather than later; what is about to run is left in its place. */
static void run_soon(struct ama_pool *pool)
{
	if (!READ_ONCE(pool->refill_delay) && timer_pending(&pool->refill.timer))
		mod_delayed_work(refill_wq, &pool->refill, 0);
	else
		queue_delayed_work(refill_wq, &pool->refill, 0);
}

/**
 * ama_refill_kick - bring a reserve to its size soon
 * @pool: that somebody waits for, or of which another size is wanted
 *
 * A pause after a failure that has begun is not shortened.
 *
 * Context: does not sleep; no raw lock is held.
 */
void ama_refill_kick(struct ama_pool *pool)
{
	WRITE_ONCE(pool->whole, true);
	run_soon(pool);
}

static void taken_work(struct irq_work *work)
{
	struct ama_pool *pool = container_of(work, struct ama_pool, taken);

	if (READ_ONCE(pool->batch_taken) || READ_ONCE(pool->contended))
		run_soon(pool);
	else
		queue_delayed_work(refill_wq, &pool->refill, REST_DELAY);
}

/**
 * ama_refill_taken - a page was taken out
 * @pool:  that it was taken from
 * @batch: whether it came from the heap, and not from what this CPU had
 *
 * The worker is woken for each batch that a CPU takes; for less, it comes a little later, or
 * when somebody waits. An interrupt of this CPU's own does the waking, since the
 * page may have been allocated under the very locks that are needed for it.
 *
 * Context: any.
 */
void ama_refill_taken(struct ama_pool *pool, bool batch)
{
	if (batch) {
		WRITE_ONCE(pool->batch_taken, true);
	} else {
		/*
		 * What was taken is seen by a worker that is still to run. Pairs
		 * with the barrier by which the work queue marks it as running.
		 */
		smp_mb();
		if (delayed_work_pending(&pool->refill) && !READ_ONCE(pool->contended))
			return;
	}
	irq_work_queue(&pool->taken);
}

/**
 * ama_refill_setup - before anything is taken out of a reserve
 * @pool: new
 */
void ama_refill_setup(struct ama_pool *pool)
{
	INIT_DELAYED_WORK(&pool->refill, refill_work);
	pool->taken = IRQ_WORK_INIT_HARD(taken_work);
}

/**
 * ama_refill_init - before any reserve is filled
 *
 * Return: 0 or -ENOMEM.
 */
int ama_refill_init(void)
{
	refill_wq = alloc_workqueue("ama_refill", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return refill_wq ? 0 : -ENOMEM;
}

/**
 * ama_refill_exit - no reserve is refilled any more
 */
void ama_refill_exit(void)
{
	destroy_workqueue(refill_wq);
}

/**
 * ama_refill_now - bring a reserve to its size before going on
 * @pool: of which more, or less, is wanted than there is
 *
 * Context: may sleep, no locks that reclaim could want.
 * Return: 0; -ENOMEM if the memory is not to be had; -EINTR if the task is
 * being killed.
 */
int ama_refill_now(struct ama_pool *pool)
{
	unsigned int tries;

	/* Each attempt reclaims; what it starts to write out may be free soon. */
	for (tries = 0; tries < PATIENCE; tries++) {
		WRITE_ONCE(pool->whole, true);
		mod_delayed_work(refill_wq, &pool->refill, 0);
		flush_delayed_work(&pool->refill);
		if (full(pool))
			return 0;
		if (schedule_timeout_killable(HZ / 20 + 1) &&
		    fatal_signal_pending(current))
			return -EINTR;
	}
	return full(pool) ? 0 : -ENOMEM;
}

/**
 * ama_refill_stop - give all memory back and refill no more
 * @pool: that nobody uses any more, and of which nothing is wanted
 */
void ama_refill_stop(struct ama_pool *pool)
{
	irq_work_sync(&pool->taken);
	mod_delayed_work(refill_wq, &pool->refill, 0);
	flush_delayed_work(&pool->refill);
	cancel_delayed_work_sync(&pool->refill);
}
