// SPDX-License-Identifier: GPL-2.0
/*
 * Takes all memory that an allocation which must not have anybody killed can
 * get, and whatever is freed later. A process could not: the OOM killer would
 * come before the last page.
 *
 * Writing Y to the parameter `hold` returns when nothing is left, writing N when
 * all has been given back, so that a task can have it done without starting
 * another.
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/wait.h>

/* Pages taken a turn once all is taken: who had somebody killed for memory
 * shall have some of it.
 */
#define TOP_UP	8

static LIST_HEAD(pages);	/* of the thread alone */
static struct task_struct *thread;
static DECLARE_WAIT_QUEUE_HEAD(turned);

static bool hold;
static bool expired;
module_param(expired, bool, 0444);
MODULE_PARM_DESC(expired, "the time limit ended the last hold");
static bool settled = true;	/* `hold` was carried out */

static unsigned int limit = 120;
module_param(limit, uint, 0444);
MODULE_PARM_DESC(limit, "seconds after which all is given back in any case (default 120)");
static unsigned long ends;

static unsigned long taken;
module_param(taken, ulong, 0444);
MODULE_PARM_DESC(taken, "pages that are held, or were last");

/* What is reclaimable first, then part of what only few may touch: reclaiming a
 * page or two is of no use to others then.
 */
static bool take_page(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER | __GFP_NORETRY |
				       __GFP_NOWARN);

	if (!page)
		page = alloc_page(__GFP_HIGH | __GFP_HIGHMEM | __GFP_NOWARN);

	if (!page)
		return false;
	list_add(&page->lru, &pages);
	WRITE_ONCE(taken, taken + 1);
	cond_resched();
	return true;
}

static void take_pages(unsigned int most)
{
	while (most-- && take_page())
		;
}

static void give_back(void)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &pages, lru)
		__free_page(page);
	INIT_LIST_HEAD(&pages);
}

static int run(void *unused)
{
	while (!kthread_should_stop()) {
		bool wanted;

		if (READ_ONCE(hold) && time_after(jiffies, READ_ONCE(ends))) {
			WRITE_ONCE(expired, true);
			WRITE_ONCE(hold, false);
		}
		wanted = READ_ONCE(hold);

		if (!wanted)
			give_back();
		else
			take_pages(READ_ONCE(settled) ? TOP_UP : UINT_MAX);
		if (wanted == READ_ONCE(hold)) {
			/* Pairs with the acquire in set_hold(). */
			smp_store_release(&settled, true);
			wake_up(&turned);
		}
		usleep_range(2000, 4000);
	}
	give_back();
	return 0;
}

static int set_hold(const char *text, const struct kernel_param *param)
{
	bool wanted;
	int err = kstrtobool(text, &wanted);

	if (err)
		return err;
	WRITE_ONCE(ends, jiffies + limit * HZ);
	if (wanted)
		WRITE_ONCE(expired, false);
	WRITE_ONCE(settled, false);
	WRITE_ONCE(hold, wanted);
	/* Pairs with the release in run(). */
	return thread ? wait_event_killable(turned, smp_load_acquire(&settled)) :
			0;
}

static const struct kernel_param_ops hold_ops = {
	.set = set_hold,
	.get = param_get_bool,
};
module_param_cb(hold, &hold_ops, &hold, 0644);
MODULE_PARM_DESC(hold, "whether memory is taken and held");

static int __init surety_hog_init(void)
{
	struct task_struct *task = kthread_run(run, NULL, "surety_hog");

	if (IS_ERR(task))
		return PTR_ERR(task);
	thread = task;
	return 0;
}

static void __exit surety_hog_exit(void)
{
	kthread_stop(thread);
}

module_init(surety_hog_init);
module_exit(surety_hog_exit);
MODULE_DESCRIPTION("Takes all memory, for the tests of exhaustion");
MODULE_LICENSE("GPL");
