// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/gcma/NAME/: one value or one table a file.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "gcma.h"
#include "heap.h"
#include "zero.h"

static struct dentry *root;

/* Free extents by size, in powers of two pages. */
struct free_sizes {
	u32 free;
	u32 zeroed;
	u32 largest;
	u32 extents;
	u32 by_order[32];
};

static void measure_free(struct gcma_area *area, struct free_sizes *sizes)
{
	const struct gcma_extent *e;
	unsigned long flags;

	memset(sizes, 0, sizeof(*sizes));
	spin_lock_irqsave(&area->lock, flags);
	sizes->free = area->free.nr_free;
	sizes->zeroed = area->zero.nr_free;
	sizes->extents = area->free.nr_nodes;
	e = gcma_extents_largest(&area->free);
	sizes->largest = e ? e->nr : 0;
	for (; e; e = gcma_extents_smaller(e))
		sizes->by_order[__fls(e->nr)]++;
	spin_unlock_irqrestore(&area->lock, flags);
}

static int usage_show(struct seq_file *seq, void *unused)
{
	struct gcma_area *area = seq->private;
	struct dmem_store_stats dmem;
	struct free_sizes sizes;

	measure_free(area, &sizes);
	dmem_store_stats(area->store, &dmem);
	seq_printf(seq, "base_address %#llx\n", (u64)gcma_area_base(area));
	seq_printf(seq, "total_pages %u\n", area->nr_pages);
	seq_printf(seq, "allocated_pages %u\n", area->nr_pages - sizes.free);
	seq_printf(seq, "free_pages %u\n", sizes.free);
	seq_printf(seq, "zeroed_pages %u\n", sizes.zeroed);
	seq_printf(seq, "lent_pages %llu\n", dmem.lent);
	seq_printf(seq, "cached_pages %llu\n", dmem.cached);
	seq_printf(seq, "users %u\n", READ_ONCE(area->users));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(usage);

static int fragmentation_show(struct seq_file *seq, void *unused)
{
	struct free_sizes sizes;
	unsigned int order;
	u32 spread;

	measure_free(seq->private, &sizes);
	/* How much of the free memory is not in the largest free range. */
	spread = sizes.free ? 100 - div_u64(100ULL * sizes.largest, sizes.free) : 0;
	seq_printf(seq, "free_pages %u\n", sizes.free);
	seq_printf(seq, "free_ranges %u\n", sizes.extents);
	seq_printf(seq, "largest_range_pages %u\n", sizes.largest);
	seq_printf(seq, "fragmentation_percent %u\n", spread);
	for (order = 0; order < ARRAY_SIZE(sizes.by_order); order++)
		if (sizes.by_order[order])
			seq_printf(seq, "ranges_from_%u_pages %u\n",
				   1U << order, sizes.by_order[order]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(fragmentation);

static int stats_show(struct seq_file *seq, void *unused)
{
	struct gcma_area *area = seq->private;
	struct dmem_store_stats dmem;
	struct gcma_stats sum;
	unsigned int i;

	gcma_stats_sum(area, &sum);
	dmem_store_stats(area->store, &dmem);
	for (i = 0; i < GCMA_STATS; i++)
		seq_printf(seq, "%s %llu\n", gcma_stat_names[i], sum.count[i]);
	seq_printf(seq, "stored %llu\n", dmem.stored);
	seq_printf(seq, "loaded %llu\n", dmem.loaded);
	seq_printf(seq, "evicted %llu\n", dmem.evicted);
	seq_printf(seq, "discarded %llu\n", dmem.discarded);
	seq_printf(seq, "dropped %llu\n", dmem.dropped);
	seq_printf(seq, "cached %llu\n", dmem.cached);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

static int latency_show(struct seq_file *seq, void *unused)
{
	struct gcma_area *area = seq->private;
	struct gcma_stats sum;
	unsigned int i;
	u64 n;

	gcma_stats_sum(area, &sum);
	n = sum.count[GCMA_STAT_ALLOCS];
	seq_printf(seq, "average_ns %llu\n",
		   n ? div64_u64(sum.latency_sum_ns, n) : 0);
	seq_printf(seq, "max_ns %llu\n", sum.latency_max_ns);
	for (i = 0; i < GCMA_LATENCY_CLASSES - 1; i++)
		seq_printf(seq, "below_%u_ns %llu\n", 1024U << i,
			   sum.latency[i]);
	seq_printf(seq, "above %llu\n", sum.latency[i]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(latency);

static int buffers_show(struct seq_file *seq, void *unused)
{
	gcma_buffers_show(seq->private, seq);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(buffers);

static int zeroed_pool_get(void *data, u64 *value)
{
	struct gcma_area *area = data;

	*value = READ_ONCE(area->zero.percent);
	return 0;
}

static int zeroed_pool_set(void *data, u64 value)
{
	return gcma_zero_set_percent(data, min_t(u64, value, UINT_MAX));
}
DEFINE_DEBUGFS_ATTRIBUTE(zeroed_pool_fops, zeroed_pool_get, zeroed_pool_set,
			 "%llu\n");

static int force_empty_set(void *data, u64 value)
{
	if (value != 1)
		return -EINVAL;
	gcma_force_empty(data);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(force_empty_fops, NULL, force_empty_set, "%llu\n");

void gcma_debugfs_init(void)
{
	root = debugfs_create_dir("gcma", NULL);
}

void gcma_debugfs_exit(void)
{
	debugfs_remove(root);
}

/**
 * gcma_debugfs_add - show the figures of an area
 * @area: area, complete
 *
 * Context: may sleep. Failure is not an error, as usual with debugfs.
 */
void gcma_debugfs_add(struct gcma_area *area)
{
	struct dentry *dir = debugfs_create_dir(area->name, root);

	debugfs_create_file("usage", 0444, dir, area, &usage_fops);
	debugfs_create_file("fragmentation", 0444, dir, area,
			    &fragmentation_fops);
	debugfs_create_file("stats", 0444, dir, area, &stats_fops);
	debugfs_create_file("latency", 0444, dir, area, &latency_fops);
	debugfs_create_file("buffers", 0400, dir, area, &buffers_fops);
	debugfs_create_file_unsafe("zeroed_pool", 0644, dir, area,
				   &zeroed_pool_fops);
	debugfs_create_file_unsafe("force_empty", 0200, dir, area,
				   &force_empty_fops);
	area->dir = dir;
}

void gcma_debugfs_remove(struct gcma_area *area)
{
	debugfs_remove(area->dir);
}
