// SPDX-License-Identifier: GPL-2.0
/*
 * Takes all memory that an allocation which must not have anybody killed can
 * get, and whatever is freed later, until it is told to give it back. A process
 * could not: the OOM killer would come before the last page.
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>

#define PAUSE_MS	10

static LIST_HEAD(pages);	/* of the thread alone, until it has ended */
static struct task_struct *thread;

static unsigned long taken;
module_param(taken, ulong, 0444);
MODULE_PARM_DESC(taken, "pages that are held");

static bool hold = true;
module_param(hold, bool, 0644);
MODULE_PARM_DESC(hold, "whether memory is taken and held");

static unsigned int rounds;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "how often there was nothing left to take");

static bool take_page(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER | __GFP_NORETRY |
				       __GFP_NOWARN);

	if (!page)
		return false;
	list_add(&page->lru, &pages);
	WRITE_ONCE(taken, taken + 1);
	cond_resched();
	return true;
}

static void give_back(void)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &pages, lru)
		__free_page(page);
	INIT_LIST_HEAD(&pages);
	WRITE_ONCE(taken, 0);
}

static int run(void *unused)
{
	while (!kthread_should_stop()) {
		if (!READ_ONCE(hold)) {
			give_back();
		} else {
			while (READ_ONCE(hold) && take_page())
				;
			WRITE_ONCE(rounds, rounds + 1);
		}
		msleep_interruptible(PAUSE_MS);
	}
	give_back();
	return 0;
}

static int __init surety_hog_init(void)
{
	thread = kthread_run(run, NULL, "surety_hog");
	return PTR_ERR_OR_ZERO(thread);
}

static void __exit surety_hog_exit(void)
{
	kthread_stop(thread);
}

module_init(surety_hog_init);
module_exit(surety_hog_exit);
MODULE_DESCRIPTION("Takes all memory, for the tests of exhaustion");
MODULE_LICENSE("GPL");
