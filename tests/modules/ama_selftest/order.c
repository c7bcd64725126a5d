// SPDX-License-Identifier: GPL-2.0
/*
 * First come, first served: who waits is overtaken by nobody.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched/task.h>

#include "selftest.h"

#define NR_QUEUED	64
#define PATIENCE	(10 * HZ)	/* for what must not happen */
#define ON_DEMAND	4		/* pages taken on demand */

/**
 * struct queued - a task that waits for its grant
 * @task:   with a reference
 * @call:   how much it asks for
 * @place:  in which it came
 * @served: in which it was admitted; 0 before that, -1 if it was refused
 * @takes:  it takes a page while it holds its grant
 * @took:   and got it
 */
struct queued {
	struct task_struct *task;
	struct ama_call call;
	int place;
	int served;
	bool takes;
	bool took;
};

static struct queued queue[NR_QUEUED];
static atomic_t turn;

static bool take_page(void)
{
	struct page *page = alloc_page(GFP_KERNEL);

	if (page)
		__free_page(page);
	return page;
}

static int queue_up(void *data)
{
	struct queued *me = data;
	struct ama_scope scope;

	if (ama_scope_open(&scope, &selftest_client, OP_BYTES, &me->call, NULL)) {
		WRITE_ONCE(me->served, -1);
		return 0;
	}
	WRITE_ONCE(me->served, atomic_inc_return(&turn));
	if (me->takes)
		me->took = take_page();
	ama_scope_close(&scope);
	return 0;
}

/* A task is in the queue when it sleeps there; one being woken is not yet. */
static void wait_until_queued(struct queued *who)
{
	while (!READ_ONCE(who->served) &&
	       !(READ_ONCE(who->task->__state) & TASK_UNINTERRUPTIBLE))
		usleep_range(200, 400);
}

static bool start(unsigned int nr, unsigned int pages, bool takes)
{
	struct queued *who = &queue[nr];

	if (!nr)
		atomic_set(&turn, 0);
	*who = (struct queued){
		.place = nr + 1,
		.call.bytes = pages * PAGE_SIZE,
		.takes = takes,
	};
	who->task = kthread_create(queue_up, who, "ama_queued");
	if (IS_ERR(who->task))
		return false;
	get_task_struct(who->task);
	wake_up_process(who->task);
	wait_until_queued(who);
	return true;
}

static void finish(unsigned int nr)
{
	while (nr) {
		nr--;
		kthread_stop(queue[nr].task);
		put_task_struct(queue[nr].task);
	}
}

/* All that the reserve can grant, in pages. */
static unsigned int whole_reserve(void)
{
	unsigned int nr = selftest_exhaust();

	selftest_release();
	return nr * selftest_half;
}

/* Have all places of the queue taken by tasks that ask for so much, then serve. */
static unsigned int serve_all(unsigned int pages, bool takes)
{
	unsigned int started = 0;

	selftest_exhaust();
	while (started < NR_QUEUED && start(started, pages, takes))
		started++;
	selftest_release();
	finish(started);
	return started;
}

static void in_order(void)
{
	unsigned int i, started = serve_all(whole_reserve(), false), late = 0;

	for (i = 0; i < started; i++)
		late += queue[i].served != queue[i].place;
	selftest_report(started == NR_QUEUED && atomic_read(&turn) == NR_QUEUED,
			"64 tasks compete for a reserve that fits one: all are served");
	selftest_report(!late, "they are served in the order in which they came");
}

/* Who came before this one and says so later; he holds his grant meanwhile. */
static unsigned int still_to_come(unsigned int nr)
{
	unsigned int i, count = 0;

	for (i = 0; i < nr; i++)
		count += queue[i].served > queue[nr].served;
	return count;
}

/**
 * selftest_crowd - many tasks take pages of a reserve that fits two of them
 *
 * Context: while all allocations of tasks in a scope fail, so that what one has
 * taken must be put back before the next is served.
 */
void selftest_crowd(void)
{
	unsigned int started = serve_all(whole_reserve() / 2, true);
	unsigned int i, took = 0, most = 0;

	for (i = 0; i < started; i++) {
		took += queue[i].took;
		most = max(most, still_to_come(i));
	}
	selftest_report(started == NR_QUEUED && atomic_read(&turn) == NR_QUEUED,
			"64 tasks compete for a reserve that fits two: all are served");
	selftest_report(took == NR_QUEUED, "each gets a page while it holds its grant");
	selftest_report(most <= 1, "none goes before another but its neighbour");
}

static void small_behind_large(void)
{
	const struct ama_call one_page = { .bytes = PAGE_SIZE };
	unsigned int all = whole_reserve(), started = 0;
	struct ama_scope scope;
	int err;

	selftest_exhaust();
	if (start(started, all, false))
		started++;
	if (start(started, 1, false))
		started++;
	selftest_release_one();
	err = ama_scope_open(&scope, &selftest_client, OP_BYTES, &one_page,
			     &selftest_at_once);
	selftest_report(err == -ENOMEM,
			"while a large request waits, a small one is not admitted at once");
	if (!err)
		ama_scope_close(&scope);
	/* Time in which one that was let through would be served. */
	msleep(20);
	selftest_report(!READ_ONCE(queue[0].served) && !READ_ONCE(queue[1].served),
			"nor does one that waits behind it overtake it");
	selftest_release();
	finish(started);
	selftest_report(started == 2 && queue[0].served == 1 && queue[1].served == 2,
			"both are served, the large one first");
}

static bool served_in_time(const struct queued *who)
{
	unsigned long end = jiffies + PATIENCE;

	while (!READ_ONCE(who->served) && time_before(jiffies, end))
		usleep_range(200, 400);
	return READ_ONCE(who->served) > 0;
}

/* Entries that overlap, so that at no moment all of the reserve is free. */
static void entries_in_turn(void)
{
	struct ama_client *fs = selftest_fs_begin();
	struct selftest_holder *last, *next;
	unsigned int i, all = whole_reserve();

	if (!fs)
		return;
	last = selftest_hold(fs, NULL);
	if (start(0, all, false)) {
		for (i = 0; last && i < 30; i++) {
			next = selftest_hold(fs, NULL);
			selftest_let_go(last);
			last = next;
		}
		selftest_report(last && served_in_time(&queue[0]),
				"entries that follow each other do not go before one that waits");
		selftest_let_go(last);
		finish(1);
	} else {
		selftest_report(false, "a task waits");
		selftest_let_go(last);
	}
	selftest_fs_end(fs);
}

/**
 * selftest_on_demand - a task takes pages on demand while another one waits
 *
 * There is credit, though not as much as the other one asks for. Where the pages
 * come from is seen in /sys/kernel/debug/ama/requests.
 *
 * Context: while all allocations of tasks in a scope fail.
 */
void selftest_on_demand(void)
{
	static const struct ama_call no_call;
	unsigned int i, got = 0, all = whole_reserve();
	struct ama_scope scope;

	selftest_exhaust();
	if (start(0, all, false)) {
		selftest_release_one();
		ama_scope_open_on_demand(&scope, &selftest_client, OP_SMALL,
					 &no_call, NULL);
		for (i = 0; i < ON_DEMAND; i++)
			got += take_page();
		ama_scope_close(&scope);
		selftest_report(got == ON_DEMAND && !READ_ONCE(queue[0].served),
				"pages are given on demand while another task waits");
		selftest_release();
		finish(1);
	} else {
		selftest_report(false, "a task waits");
		selftest_release();
	}
}

void selftest_order(void)
{
	in_order();
	small_behind_large();
	entries_in_turn();
}
