// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/surety_fault: the knobs and the figures.
 *
 * make-it-fail stands at the top, since tasks are marked for both levels; all
 * else is in page/ and slab/.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/module.h>

#include "fault.h"

static struct dentry *root;

static int make_it_fail_get(void *data, u64 *value)
{
	*value = fault_group_marked();
	return 0;
}

static int make_it_fail_set(void *data, u64 value)
{
	if (value > 1)
		return -EINVAL;
	if (value)
		return fault_group_mark();
	fault_group_unmark();
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(make_it_fail_fops, make_it_fail_get, make_it_fail_set,
			 "%llu\n");

static int seed_get(void *data, u64 *value)
{
	struct fault_level *level = data;

	*value = level->seed;
	return 0;
}

static int seed_set(void *data, u64 value)
{
	struct fault_level *level = data;

	level->seed = value;
	atomic64_set(&level->draws, 0);
	atomic64_set(&level->considered, 0);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(seed_fops, seed_get, seed_set, "%llu\n");

static int probability_get(void *data, u64 *value)
{
	struct fault_level *level = data;

	*value = level->probability;
	return 0;
}

static int probability_set(void *data, u64 value)
{
	struct fault_level *level = data;

	if (value > 100)
		return -EINVAL;
	WRITE_ONCE(level->probability, value);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(probability_fops, probability_get, probability_set,
			 "%llu\n");

/* Seekable, so that a test can read them anew without allocating anything. */
static int counter_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "%lld\n", atomic64_read(m->private));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counter);

static int reset_set(void *data, u64 value)
{
	fault_level_reset(data);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(reset_fops, NULL, reset_set, "%llu\n");

static int entries_show(struct seq_file *m, void *unused)
{
	fault_entries_show(m, m->private);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(entries);

static int sites_show(struct seq_file *m, void *unused)
{
	return fault_site_show(m, m->private);
}
DEFINE_SHOW_ATTRIBUTE(sites);

static void create_schedule(struct fault_level *level, struct dentry *dir)
{
	debugfs_create_file_unsafe("probability", 0600, dir, level,
				   &probability_fops);
	debugfs_create_u32("interval", 0600, dir, &level->interval);
	debugfs_create_atomic_t("times", 0600, dir, &level->times);
	debugfs_create_atomic_t("space", 0600, dir, &level->space);
	debugfs_create_u32("verbose", 0600, dir, &level->verbose);
	debugfs_create_file_unsafe("seed", 0600, dir, level, &seed_fops);
	debugfs_create_file("fail-nth", 0600, dir, level, &fault_nth_fops);
}

static void create_filters(struct fault_level *level, struct dentry *dir)
{
	debugfs_create_bool("task-filter", 0600, dir, &level->task_filter);
	debugfs_create_bool("scope-filter", 0600, dir, &level->scope_filter);
	debugfs_create_bool("ignore-gfp-wait", 0600, dir,
			    &level->ignore_gfp_wait);
	if (level != &fault_page)
		return;
	debugfs_create_bool("ignore-gfp-highmem", 0600, dir,
			    &level->ignore_gfp_highmem);
	debugfs_create_u32("min-order", 0600, dir, &level->min_order);
}

static void create_figures(struct fault_level *level, struct dentry *dir)
{
	debugfs_create_file("calls", 0400, dir, &level->calls,
			    &counter_fops);
	debugfs_create_file("eligible", 0400, dir, &level->eligible,
			    &counter_fops);
	debugfs_create_file("injected", 0400, dir, &level->injected,
			    &counter_fops);
	debugfs_create_file("entries", 0400, dir, level, &entries_fops);
	debugfs_create_file("sites", 0400, dir, level, &sites_fops);
	debugfs_create_file_unsafe("reset", 0200, dir, level, &reset_fops);
}

static void create_level(struct fault_level *level)
{
	struct dentry *dir = debugfs_create_dir(level->name, root);

	create_schedule(level, dir);
	create_filters(level, dir);
	create_figures(level, dir);
}

/**
 * fault_knobs_create() - make the directory
 *
 * Context: may sleep. As everywhere with debugfs, failing is harmless.
 */
void fault_knobs_create(void)
{
	root = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file_unsafe("make-it-fail", 0600, root, NULL,
				   &make_it_fail_fops);
	create_level(&fault_page);
	create_level(&fault_slab);
}

void fault_knobs_remove(void)
{
	debugfs_remove_recursive(root);
}
