// SPDX-License-Identifier: GPL-2.0
/*
 * The reserve: credit that is promised and pages that keep the promises.
 *
 * Reservation is not preallocation (an idea of XFS's log reservations): to
 * grant a demand is arithmetic on the pool's credit, a page moves only when the
 * ordinary allocator has failed. What holds at any moment, for each order:
 *
 *   credit + credit promised to scopes and not yet used <= pages in stock
 *
 * (for orders above 0, of either kind) so that a scope that draws within its
 * grant always finds a page. Requests get
 * the whole of their demand or nothing; those that have to wait do so in the
 * order in which they came, and hold nothing while they wait. Every holder can
 * therefore finish, and its credit comes back.
 *
 * Order-0 credit and pages are kept in magazines, one a CPU, over the shared
 * heap (after the per-CPU heaps of Hoard): opening a scope and taking a page
 * touch no line that another CPU writes, and what a CPU can keep to itself is
 * bounded. A CPU that runs dry takes a batch from the heap, and when that is
 * empty, from the other magazines.
 */
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched/signal.h>

#include "ama_core.h"
#include "trace.h"

struct ama_waiter {
	struct list_head entry;
	const struct ama_demand *demand;
	struct task_struct *task;
	bool granted;
};

struct ama_pool ama_ordinary_pool = { .name = "ordinary" };
struct ama_pool ama_fallback_pool = { .name = "fallback" };
struct ama_pool ama_progress_pool = { .name = "progress" };

struct ama_pool * const ama_pools[AMA_POOLS] = {
	&ama_ordinary_pool, &ama_fallback_pool, &ama_progress_pool,
};

/*
 * What all CPUs share; how often that is needed is counted. Allocations happen
 * under locks that interrupts take (the page cache's, a disk queue's), so that
 * interrupts must be off under those of the reserve.
 */
static unsigned long lock_heap(struct ama_pool *pool)
	__acquires(&pool->lock)
{
	unsigned long flags;

	this_cpu_inc(pool->magazines->heap_visits);
	spin_lock_irqsave(&pool->lock, flags);
	return flags;
}

static void unlock_heap(struct ama_pool *pool, unsigned long flags)
	__releases(&pool->lock)
{
	spin_unlock_irqrestore(&pool->lock, flags);
}

/* --- credit --- */

/* Bring the credit of all magazines back to the heap. */
static void collect_credit(struct ama_pool *pool)
{
	int cpu;

	lockdep_assert_held(&pool->lock);
	for_each_possible_cpu(cpu)
		pool->credit += atomic_xchg(&per_cpu_ptr(pool->magazines, cpu)->credit, 0);
}

static long heap_credit(struct ama_pool *pool, unsigned int order)
{
	struct ama_shelf *shelves = pool->shelves[order];

	if (!order)
		return pool->credit;
	return (long)min(shelves[AMA_COMPOUND].nr, shelves[AMA_PLAIN].nr) -
	       pool->promised[order];
}

static void heap_promise(struct ama_pool *pool, const struct ama_demand *demand)
{
	unsigned int order;

	pool->credit -= demand->pages[0];
	for (order = 1; order < AMA_ORDERS; order++)
		pool->promised[order] += demand->pages[order];
}

static bool credit_covers(struct ama_pool *pool, const struct ama_demand *demand)
{
	unsigned int order;

	for (order = 0; order < AMA_ORDERS; order++)
		if (demand->pages[order] &&
		    heap_credit(pool, order) < demand->pages[order])
			return false;
	return true;
}

static bool heap_grant(struct ama_pool *pool, const struct ama_demand *demand)
{
	lockdep_assert_held(&pool->lock);
	if (!credit_covers(pool, demand)) {
		collect_credit(pool);
		if (!credit_covers(pool, demand))
			return false;
	}
	heap_promise(pool, demand);
	return true;
}

/* Leave this CPU some credit, so that its next requests need not come here. */
static void stock_magazine_credit(struct ama_pool *pool, unsigned int usual)
{
	struct ama_magazine *magazine = raw_cpu_ptr(pool->magazines);
	int share = pool->shelves[0][AMA_COMPOUND].want / num_online_cpus();
	unsigned int batch = 2 * usual;
	int keep = min_t(int, 3 * usual, share - (int)usual);

	lockdep_assert_held(&pool->lock);
	this_cpu_inc(pool->magazines->admitted);
	/* Never so much that the other CPUs have to come and collect it. */
	if (magazine->keep < keep)
		WRITE_ONCE(magazine->keep, keep);
	if (!pool->contended && !atomic_read(&magazine->credit) &&
	    pool->credit / num_possible_cpus() >= batch) {
		pool->credit -= batch;
		atomic_add(batch, &magazine->credit);
	}
}

static void tell_granted(struct ama_waiter *waiter)
{
	/* The waiter may return, and its task end, as soon as it is told. */
	struct task_struct *task = get_task_struct(waiter->task);

	/* Pairs with smp_load_acquire() in wait_for_grant(). */
	smp_store_release(&waiter->granted, true);
	wake_up_process(task);
	put_task_struct(task);
}

static void grant_waiters(struct ama_pool *pool)
{
	struct ama_waiter *waiter, *next;

	lockdep_assert_held(&pool->lock);
	list_for_each_entry_safe(waiter, next, &pool->waiters, entry) {
		if (!heap_grant(pool, waiter->demand))
			break;
		list_del(&waiter->entry);
		tell_granted(waiter);
	}
	WRITE_ONCE(pool->contended, !list_empty(&pool->waiters));
}

/* The lowest order of which more is asked for than the reserve ever holds, or AMA_ORDERS. */
static unsigned int order_out_of_reach(struct ama_pool *pool,
				       const struct ama_demand *demand)
{
	unsigned int order;

	for (order = 0; order < AMA_ORDERS; order++)
		if (demand->pages[order] >
		    READ_ONCE(pool->shelves[order][AMA_COMPOUND].want))
			break;
	return order;
}

static int wait_for_grant(struct ama_pool *pool, struct ama_waiter *waiter,
			  const struct ama_admission *admission, bool killable)
{
	unsigned long flags;
	long left = admission && admission->timeout_ms ?
		    msecs_to_jiffies(admission->timeout_ms) : MAX_SCHEDULE_TIMEOUT;
	unsigned int state = killable ? TASK_KILLABLE : TASK_UNINTERRUPTIBLE;
	int err = 0;

	for (;;) {
		set_current_state(state);
		/* Pairs with smp_store_release() in grant_waiters(). */
		if (smp_load_acquire(&waiter->granted))
			break;
		if (killable && fatal_signal_pending(current))
			err = -EINTR;
		else if (!left)
			err = -ENOMEM;
		if (err)
			break;
		left = schedule_timeout(left);
	}
	__set_current_state(TASK_RUNNING);
	if (!err)
		return 0;

	flags = lock_heap(pool);
	if (waiter->granted) {
		err = 0;
	} else {
		list_del(&waiter->entry);
		/* Those behind may need less than this one did. */
		grant_waiters(pool);
	}
	unlock_heap(pool, flags);
	return err;
}

static int queue_for_grant(struct ama_pool *pool, const struct ama_demand *demand,
			   const struct ama_admission *admission, bool killable)
{
	unsigned long flags;
	struct ama_waiter waiter = { .demand = demand, .task = current };
	int err;

	flags = lock_heap(pool);
	list_add_tail(&waiter.entry, &pool->waiters);
	WRITE_ONCE(pool->contended, true);
	/* Pairs with the barrier in ama_magazine_return(). */
	smp_mb();
	collect_credit(pool);
	grant_waiters(pool);
	unlock_heap(pool, flags);

	atomic_long_inc(&pool->waited);
	ama_refill_kick(pool);
	trace_ama_wait_start(pool->name, demand->pages[0]);
	err = wait_for_grant(pool, &waiter, admission, killable);
	trace_ama_wait_finish(pool->name, err);
	return err;
}

/**
 * ama_pool_try_in_turn - promise a request all that it can need, if nobody waits
 * @pool:   the reserve
 * @demand: pages of each order
 *
 * Context: does not sleep.
 * Return: whether all of it was granted; nothing is, otherwise.
 */
bool ama_pool_try_in_turn(struct ama_pool *pool, const struct ama_demand *demand)
{
	unsigned long flags;
	bool granted;

	if (ama_only_order_0(*demand) && ama_magazine_grant(pool, demand->pages[0]))
		return true;
	flags = lock_heap(pool);
	granted = list_empty(&pool->waiters) && heap_grant(pool, demand);
	if (granted)
		stock_magazine_credit(pool, demand->pages[0]);
	unlock_heap(pool, flags);
	return granted;
}

/**
 * ama_pool_grant_now - promise a request all that it can need, or nothing
 * @pool:   the reserve
 * @demand: pages of each order
 *
 * Context: does not sleep.
 * Return: 0; -EAGAIN if it has to wait, for pages or for those who came before;
 * -ENOMEM if the demand could never be met.
 */
int ama_pool_grant_now(struct ama_pool *pool, const struct ama_demand *demand)
{
	unsigned int order;

	if (ama_pool_try_in_turn(pool, demand))
		return 0;
	order = order_out_of_reach(pool, demand);
	if (order == AMA_ORDERS)
		return -EAGAIN;
	atomic_long_inc(&pool->refused);
	pr_warn_ratelimited(AMA_LOG "%s: a request for %u pages of order %u can never be met by the %s reserve of %lu: refused\n",
			    current->comm, demand->pages[order], order, pool->name,
			    READ_ONCE(pool->shelves[order][AMA_COMPOUND].want));
	return -ENOMEM;
}

/**
 * ama_pool_grant - promise a request all that it can need
 * @pool:      the reserve
 * @demand:    pages of each order
 * @admission: what to do if not all can be promised now; NULL waits for ever
 * @killable:  whether a fatal signal ends the wait
 *
 * First come, first served: while others wait, a new request waits behind them.
 *
 * Context: may sleep if @admission says so; no lock that a scope's holder could
 * want may be held.
 * Return: 0; -ENOMEM if the demand could never be met, the policy is to fail or
 * the time is up; -EINTR if the task is being killed.
 */
int ama_pool_grant(struct ama_pool *pool, const struct ama_demand *demand,
		   const struct ama_admission *admission, bool killable)
{
	int err = ama_pool_grant_now(pool, demand);

	if (err != -EAGAIN)
		return err;
	if (admission && admission->policy == AMA_FAIL) {
		atomic_long_inc(&pool->refused);
		return -ENOMEM;
	}
	might_sleep();
	return queue_for_grant(pool, demand, admission, killable);
}

/**
 * ama_pool_try_grant - promise more to a task that others wait for
 * @pool:   the reserve
 * @demand: pages of each order
 *
 * Goes before those that wait: a holder that finishes is what they wait for, and
 * so may one be that has locks.
 *
 * Context: does not sleep.
 * Return: whether all of it was granted; nothing is, otherwise.
 */
bool ama_pool_try_grant(struct ama_pool *pool, const struct ama_demand *demand)
{
	unsigned long flags;
	bool granted;

	if (ama_only_order_0(*demand) && ama_magazine_grant(pool, demand->pages[0]))
		return true;
	flags = lock_heap(pool);
	granted = heap_grant(pool, demand);
	unlock_heap(pool, flags);
	return granted;
}

static void heap_return(struct ama_pool *pool, const struct ama_demand *credit)
{
	unsigned long flags;
	unsigned int order;

	flags = lock_heap(pool);
	pool->credit += credit->pages[0];
	for (order = 1; order < AMA_ORDERS; order++)
		pool->promised[order] -= credit->pages[order];
	if (!list_empty(&pool->waiters))
		grant_waiters(pool);
	unlock_heap(pool, flags);
}

/**
 * ama_pool_collect_returned - somebody began to wait while credit was put in a magazine
 * @pool:     the reserve
 * @magazine: the one that credit was put in
 *
 * Context: does not sleep.
 */
void ama_pool_collect_returned(struct ama_pool *pool, struct ama_magazine *magazine)
{
	struct ama_demand back = { };

	back.pages[0] = min_t(int, atomic_xchg(&magazine->credit, 0), U16_MAX);
	heap_return(pool, &back);
}

/**
 * ama_pool_return - take back credit that a scope did not use
 * @pool:   the reserve
 * @credit: pages of each order
 */
void ama_pool_return(struct ama_pool *pool, const struct ama_demand *credit)
{
	if (!ama_only_order_0(*credit) || !ama_magazine_return(pool, credit->pages[0]))
		heap_return(pool, credit);
}

/**
 * ama_pool_credit - what could be granted now
 * @pool:  the reserve
 * @order: page order
 *
 * Return: pages of @order; a snapshot.
 */
long ama_pool_credit(struct ama_pool *pool, unsigned int order)
{
	unsigned long flags;
	long credit;
	int cpu;

	/* Not lock_heap(): to look at the figures is not to need the heap. */
	spin_lock_irqsave(&pool->lock, flags);
	credit = heap_credit(pool, order);
	unlock_heap(pool, flags);
	if (!order)
		for_each_possible_cpu(cpu)
			credit += atomic_read(&per_cpu_ptr(pool->magazines, cpu)->credit);
	return credit;
}

/* --- pages --- */

static struct page *shelf_take(struct ama_shelf *shelf)
{
	struct page *page;

	page = list_first_entry_or_null(&shelf->pages, struct page, lru);
	if (!page)
		return NULL;
	list_del(&page->lru);
	shelf->nr--;
	return page;
}

/* All stock is on the shelf or in magazines: look into every one of these. */
static struct page *steal_page(struct ama_pool *pool)
{
	struct page *page = NULL;
	unsigned long flags;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct ama_magazine *magazine = per_cpu_ptr(pool->magazines, cpu);

		spin_lock_irqsave(&magazine->lock, flags);
		if (magazine->nr)
			page = magazine->pages[--magazine->nr];
		spin_unlock_irqrestore(&magazine->lock, flags);
		if (page)
			break;
	}
	return page;
}

static struct page *magazine_take(struct ama_pool *pool)
{
	struct ama_magazine *magazine = raw_cpu_ptr(pool->magazines);
	struct page *page = NULL;
	unsigned long flags;

	spin_lock_irqsave(&magazine->lock, flags);
	if (magazine->nr)
		page = magazine->pages[--magazine->nr];
	if (page)
		magazine->handed_out++;
	spin_unlock_irqrestore(&magazine->lock, flags);
	return page;
}

/* Take a page from the shelf and move some more to this CPU's magazine. */
static struct page *shelf_take_batch(struct ama_pool *pool, unsigned int order,
				     enum ama_kind kind)
{
	unsigned long flags;
	struct ama_shelf *shelf = &pool->shelves[order][kind];
	struct ama_magazine *magazine;
	struct page *page;

	flags = lock_heap(pool);
	page = shelf_take(shelf);
	/*
	 * Pages get into magazines only under the lock, and out of them only
	 * against a promise: the caller's is in one of them.
	 */
	if (!page && !order)
		page = steal_page(pool);
	if (!page)
		goto unlock;
	if (order)
		pool->promised[order]--;
	magazine = raw_cpu_ptr(pool->magazines);
	spin_lock(&magazine->lock);
	magazine->handed_out += 1UL << order;
	while (!order && magazine->nr < AMA_MAGAZINE / 2 && shelf->nr)
		magazine->pages[magazine->nr++] = shelf_take(shelf);
	spin_unlock(&magazine->lock);
unlock:
	unlock_heap(pool, flags);
	return page;
}

/* Pages of order 0 are all of one kind. */
static enum ama_kind shelf_kind(unsigned int order, enum ama_kind kind)
{
	return order ? kind : AMA_COMPOUND;
}

/**
 * ama_pool_take - hand out a page that was promised
 * @pool:  the reserve that the grant is from
 * @order: of the page
 * @kind:  whether a page of higher order is to be compound
 *
 * Context: does not sleep; not in interrupts. The caller has used up a page of
 * its grant for it.
 * Return: the page, which the refill is told to replace, or NULL if there is
 * none of this kind.
 */
struct page *ama_pool_take(struct ama_pool *pool, unsigned int order,
			   enum ama_kind kind)
{
	struct page *page = order ? NULL : magazine_take(pool);
	bool batch = !page;

	if (batch)
		page = shelf_take_batch(pool, order, shelf_kind(order, kind));
	if (page)
		ama_refill_taken(pool, batch);
	return page;
}

/**
 * ama_pool_take_unpromised - hand out a page to a scope that was promised none
 * @pool:  the reserve
 * @order: of the page
 * @kind:  whether a page of higher order is to be compound
 *
 * Return: a page that nobody else was promised, or NULL.
 */
struct page *ama_pool_take_unpromised(struct ama_pool *pool, unsigned int order,
				      enum ama_kind kind)
{
	struct ama_demand one = { };
	struct page *page;

	one.pages[order] = 1;
	if (!ama_pool_try_grant(pool, &one))
		return NULL;
	page = ama_pool_take(pool, order, kind);
	if (!page)
		ama_pool_return(pool, &one);
	return page;
}

/**
 * ama_pool_remove - take a page that nobody was promised out of the reserve
 * @pool:  the reserve
 * @order: of the page
 * @kind:  whether it is compound
 *
 * Return: the page, now the caller's, or NULL if all are promised.
 */
struct page *ama_pool_remove(struct ama_pool *pool, unsigned int order,
			     enum ama_kind kind)
{
	unsigned long flags;
	struct ama_shelf *shelf = &pool->shelves[order][kind];
	struct page *page = NULL;

	flags = lock_heap(pool);
	if (order) {
		if ((long)shelf->nr > pool->promised[order])
			page = shelf_take(shelf);
		goto unlock;
	}
	collect_credit(pool);
	if (pool->credit <= 0)
		goto unlock;
	page = shelf_take(shelf);
	if (!page)
		page = steal_page(pool);
	if (page)
		pool->credit--;
unlock:
	unlock_heap(pool, flags);
	return page;
}

/**
 * ama_pool_missing - how many pages a shelf lacks
 * @pool:  the reserve
 * @order: of the pages
 * @kind:  whether they are compound
 *
 * Return: pages of @order; a snapshot.
 */
unsigned long ama_pool_missing(struct ama_pool *pool, unsigned int order,
			       enum ama_kind kind)
{
	unsigned long want = READ_ONCE(pool->shelves[order][kind].want);
	unsigned long stocked = ama_pool_stocked(pool, order, kind);

	return want > stocked ? want - stocked : 0;
}

/**
 * ama_pool_stocked - how many pages there are, on the shelf and in magazines
 * @pool:  the reserve
 * @order: of the pages
 * @kind:  whether they are compound
 *
 * Return: pages of @order; a snapshot.
 */
unsigned long ama_pool_stocked(struct ama_pool *pool, unsigned int order,
			       enum ama_kind kind)
{
	unsigned long nr = READ_ONCE(pool->shelves[order][kind].nr);
	int cpu;

	if (!order && kind == AMA_COMPOUND)
		for_each_possible_cpu(cpu)
			nr += READ_ONCE(per_cpu_ptr(pool->magazines, cpu)->nr);
	return nr;
}

/**
 * ama_pool_stock - put pages into the reserve
 * @pool:  the reserve
 * @order: of each page
 * @kind:  whether they are compound
 * @pages: just allocated, linked through page->lru; the list is empty afterwards
 * @nr:    their number
 *
 * Context: does not sleep.
 */
void ama_pool_stock(struct ama_pool *pool, unsigned int order,
		    enum ama_kind kind, struct list_head *pages, unsigned int nr)
{
	unsigned long flags;
	struct ama_shelf *shelf = &pool->shelves[order][kind];

	flags = lock_heap(pool);
	list_splice_init(pages, &shelf->pages);
	shelf->nr += nr;
	if (!order)
		pool->credit += nr;
	if (!list_empty(&pool->waiters))
		grant_waiters(pool);
	unlock_heap(pool, flags);
	atomic_long_add(nr, &pool->refilled);
}

/**
 * ama_pool_want - set how many pages the reserve shall hold
 * @pool: the reserve
 * @want: pages of each order
 *
 * Takes effect with the next refill; pages beyond are given back then.
 */
void ama_pool_want(struct ama_pool *pool, const unsigned long want[AMA_ORDERS])
{
	unsigned long flags;
	unsigned int order;
	int cpu;

	flags = lock_heap(pool);
	for_each_possible_cpu(cpu)
		WRITE_ONCE(per_cpu_ptr(pool->magazines, cpu)->keep, 0);
	for (order = 0; order < AMA_ORDERS; order++) {
		pool->shelves[order][AMA_COMPOUND].want = want[order];
		pool->shelves[order][AMA_PLAIN].want = order ? want[order] : 0;
	}
	unlock_heap(pool, flags);
}

/**
 * ama_pool_init - make an empty reserve
 * @pool: named, otherwise zero
 *
 * Return: 0 or -ENOMEM.
 */
int ama_pool_init(struct ama_pool *pool)
{
	unsigned int order, kind;
	int cpu;

	pool->magazines = alloc_percpu(struct ama_magazine);
	if (!pool->magazines)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		spin_lock_init(&per_cpu_ptr(pool->magazines, cpu)->lock);
	spin_lock_init(&pool->lock);
	INIT_LIST_HEAD(&pool->waiters);
	for (order = 0; order < AMA_ORDERS; order++)
		for (kind = 0; kind < AMA_KINDS; kind++)
			INIT_LIST_HEAD(&pool->shelves[order][kind].pages);
	ama_refill_setup(pool);
	return 0;
}

/**
 * ama_pool_destroy - free a reserve's memory
 * @pool: no request uses it any more
 */
void ama_pool_destroy(struct ama_pool *pool)
{
	static const unsigned long nothing[AMA_ORDERS];

	if (!pool->magazines)
		return;
	ama_pool_want(pool, nothing);
	ama_refill_stop(pool);
	free_percpu(pool->magazines);
	pool->magazines = NULL;
}
