// SPDX-License-Identifier: GPL-2.0
/*
 * A store whose owner takes pages back all the time, for tests.
 *
 * A thread revokes random ranges, writes a pattern into the pages, waits a
 * little, looks whether the pattern is still there, and lends them again. Some
 * revocations are made with interrupts off. A pattern that changed means that
 * dmem wrote to a page that it had lost.
 *
 *   period_us=N   pause between rounds, in microseconds; 0: lend and leave alone
 *   order=N       the store has 2^N pages
 *
 * /sys/kernel/debug/dmem_owner/{rounds,violations}, and measure: writing a
 * number of pages there revokes and lends so many and reports the nanoseconds
 * (instructions on a guest that counts them).
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include <surety/dmem.h>

static unsigned int period_us;
module_param(period_us, uint, 0444);
MODULE_PARM_DESC(period_us, "microseconds between rounds, 0 (default) for none");

static unsigned int order = 10;
module_param(order, uint, 0444);
MODULE_PARM_DESC(order, "the store has 2^order pages (default 10)");

static struct page *pages;
static struct dmem_store *store;
static struct task_struct *thread;
static struct dentry *dir;
static u64 rounds, violations;

static unsigned long nr_pages(void)
{
	return 1UL << order;
}

static unsigned long below(unsigned long limit)
{
	return get_random_u32() % limit;
}

static void pattern(unsigned long first, unsigned long nr, u8 byte)
{
	unsigned long i;

	for (i = first; i < first + nr; i++)
		memset(page_address(pages + i), byte, PAGE_SIZE);
}

static void look(unsigned long first, unsigned long nr, u8 byte)
{
	unsigned long i;

	for (i = first; i < first + nr; i++) {
		if (!memchr_inv(page_address(pages + i), byte, PAGE_SIZE))
			continue;
		if (!violations++)
			pr_err("dmem_owner: page %lu changed after it was revoked\n",
			       i);
	}
}

static void one_round(void)
{
	unsigned long first = below(nr_pages());
	unsigned long nr = 1 + below(nr_pages() - first);
	u8 byte = get_random_u32();

	if (below(4) == 0) {
		/* Whole chunks take another way. */
		first = round_down(first, DMEM_CHUNK_PAGES);
		nr = min(round_up(nr, DMEM_CHUNK_PAGES), nr_pages() - first);
	}
	if (below(2)) {
		unsigned long flags;

		local_irq_save(flags);
		dmem_revoke(store, first, nr);
		local_irq_restore(flags);
	} else {
		dmem_revoke(store, first, nr);
	}
	pattern(first, nr, byte);
	if (below(2))
		usleep_range(50, 500);
	look(first, nr, byte);
	if (below(3)) {
		unsigned long part = below(nr + 1);

		/* In two parts: chunks are lent piecemeal. */
		dmem_lend(store, first + part, nr - part);
		dmem_lend(store, first, part);
	} else {
		dmem_lend(store, first, nr);
	}
	rounds++;
}

static int run(void *unused)
{
	while (!kthread_should_stop()) {
		one_round();
		usleep_range(period_us, 2 * period_us);
	}
	return 0;
}

static u64 measured_revoke, measured_lend, measured_cost, measured_nr;

/* Revoke and lend @nr pages; the store should be full of cached pages. */
static int measure(void *unused, u64 nr)
{
	unsigned long flags;
	u64 t0, t1, t2, t3;

	if (!nr || nr > nr_pages() || thread)
		return -EINVAL;
	local_irq_save(flags);
	t0 = ktime_get_ns();
	measured_cost = dmem_range_cost(store, 0, nr);
	t1 = ktime_get_ns();
	dmem_revoke(store, 0, nr);
	t2 = ktime_get_ns();
	dmem_lend(store, 0, nr);
	t3 = ktime_get_ns();
	local_irq_restore(flags);
	measured_nr = nr;
	measured_revoke = t2 - t1;
	measured_lend = t3 - t2;
	pr_info("dmem_owner: cost of %llu pages: %llu in %llu ns\n", nr,
		measured_cost, t1 - t0);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(measure_fops, NULL, measure, "%llu\n");

static int measured_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "pages=%llu value=%llu revoke_ns=%llu lend_ns=%llu\n",
		   measured_nr, measured_cost, measured_revoke, measured_lend);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(measured);

static int __init dmem_owner_init(void)
{
	pages = alloc_pages(GFP_KERNEL | __GFP_NOWARN, order);
	if (!pages)
		return -ENOMEM;
	split_page(pages, order);
	store = dmem_store_create("owner", page_to_pfn(pages), nr_pages(),
				  NUMA_NO_NODE);
	if (IS_ERR(store)) {
		free_contig_range(page_to_pfn(pages), nr_pages());
		return PTR_ERR(store);
	}
	dmem_lend(store, 0, nr_pages());
	if (period_us) {
		thread = kthread_run(run, NULL, "dmem_owner");
		if (IS_ERR(thread)) {
			dmem_store_destroy(store);
			free_contig_range(page_to_pfn(pages), nr_pages());
			return PTR_ERR(thread);
		}
	}
	dir = debugfs_create_dir("dmem_owner", NULL);
	debugfs_create_u64("rounds", 0444, dir, &rounds);
	debugfs_create_u64("violations", 0444, dir, &violations);
	debugfs_create_file("measure", 0200, dir, NULL, &measure_fops);
	debugfs_create_file("measured", 0444, dir, NULL, &measured_fops);
	return 0;
}

static void __exit dmem_owner_exit(void)
{
	debugfs_remove(dir);
	if (thread)
		kthread_stop(thread);
	dmem_store_destroy(store);
	free_contig_range(page_to_pfn(pages), nr_pages());
}

module_init(dmem_owner_init);
module_exit(dmem_owner_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test owner of a dmem store that revokes at random");
