// SPDX-License-Identifier: GPL-2.0
/*
 * The device-mapper target `dmem`: construction, status and messages.
 *
 *   <start> <length> dmem <device> <offset> [<#opt_args> <opt_arg>...]
 *
 * It maps linearly, like the linear target, and serves what the stores hold.
 * See docs/dmem.md for the arguments, the status line and the messages.
 */
#include <linux/blkdev.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat_dm.h"
#include "target.h"

#define DM_MSG_PREFIX "dmem"

/* Readers are under RCU; changed under targets_lock. */
static struct dmem_target __rcu *targets[DMEM_MAX_TARGETS];

/*
 * Protects the slots of targets, and nr_targets. The table of residents and
 * the hooks exist as long as there are targets.
 */
static DEFINE_MUTEX(targets_lock);
static unsigned int nr_targets;

/* Find a target by its number. The caller holds rcu_read_lock(). */
struct dmem_target *dmem_target_find(unsigned int id)
{
	return id < DMEM_MAX_TARGETS ? rcu_dereference(targets[id]) : NULL;
}

/* Start what all targets share. */
static int share_begin(void)
{
	int ret;

	if (nr_targets)
		return 0;
	ret = dmem_resident_init();
	if (ret)
		return ret;
	ret = dmem_evict_hook_init();
	if (ret)
		dmem_resident_exit();
	return ret;
}

static void share_end(void)
{
	if (nr_targets)
		return;
	dmem_evict_hook_exit();
	dmem_resident_exit();
}

/* Give a target its number. */
static int target_publish(struct dmem_target *t)
{
	int ret, id;

	mutex_lock(&targets_lock);
	for (id = 0; id < DMEM_MAX_TARGETS; id++)
		if (!rcu_access_pointer(targets[id]))
			break;
	if (id == DMEM_MAX_TARGETS) {
		ret = -ENOSPC;
		goto unlock;
	}
	ret = share_begin();
	if (ret)
		goto unlock;
	nr_targets++;
	t->id = id;
	rcu_assign_pointer(targets[id], t);
unlock:
	mutex_unlock(&targets_lock);
	return ret;
}

static void target_unpublish(struct dmem_target *t)
{
	mutex_lock(&targets_lock);
	RCU_INIT_POINTER(targets[t->id], NULL);
	/* The eviction hook may still be offering pages to it. */
	synchronize_rcu();
	dmem_resident_forget_target(t->id);
	nr_targets--;
	share_end();
	mutex_unlock(&targets_lock);
}

/* Pages of the page cache that are known to equal a block. May sleep. */
u64 dmem_target_residents(void)
{
	u64 count = 0;

	mutex_lock(&targets_lock);
	if (nr_targets)
		count = dmem_resident_count();
	mutex_unlock(&targets_lock);
	return count;
}

static int parse_option(struct dmem_target *t, const char *arg)
{
	if (!strcasecmp(arg, "swap"))
		t->swap = true;
	else if (!strcasecmp(arg, "inclusive"))
		t->inclusive = true;
	else if (!strcasecmp(arg, "stacked"))
		t->stacked = true;
	else if (!strcasecmp(arg, "off"))
		t->off = true;
	else
		return -EINVAL;
	return 0;
}

static int parse_options(struct dmem_target *t, struct dm_arg_set *args)
{
	static const struct dm_arg count_arg = {
		0, 4, "Invalid number of optional arguments",
	};
	unsigned int count;

	if (!args->argc)
		return 0;
	if (dm_read_arg_group(&count_arg, args, &count, &t->ti->error))
		return -EINVAL;
	while (count--) {
		if (parse_option(t, dm_shift_arg(args))) {
			t->ti->error = "Unrecognised optional argument";
			return -EINVAL;
		}
	}
	if (args->argc) {
		t->ti->error = "Arguments left over";
		return -EINVAL;
	}
	return 0;
}

static int parse_device(struct dmem_target *t, struct dm_arg_set *args)
{
	struct dm_target *ti = t->ti;
	const char *path = dm_shift_arg(args);
	unsigned long long start;
	char dummy;
	int ret;

	if (sscanf(dm_shift_arg(args), "%llu%c", &start, &dummy) != 1 ||
	    start != (sector_t)start) {
		ti->error = "Invalid device sector";
		return -EINVAL;
	}
	t->start = start;
	ret = dm_get_device(ti, path, dm_table_get_mode(ti->table), &t->dev);
	if (ret) {
		ti->error = "Device lookup failed";
		return ret;
	}
	if (bdev_logical_block_size(t->dev->bdev) > PAGE_SIZE) {
		ti->error = "Logical block size above the page size";
		dm_put_device(ti, t->dev);
		return -EINVAL;
	}
	return 0;
}

static void target_set_up(struct dm_target *ti, struct dmem_target *t)
{
	ti->num_flush_bios = 1;
	ti->num_discard_bios = 1;
	ti->num_secure_erase_bios = 1;
	ti->num_write_zeroes_bios = 1;
	ti->per_io_data_size = sizeof(struct dmem_io);
	dmem_compat_dm_stable_writes(ti, t->swap);
	ti->private = t;
}

static int dmem_ctr(struct dm_target *ti, unsigned int argc, char **argv)
{
	struct dm_arg_set args = { .argc = argc, .argv = argv };
	struct dmem_target *t;
	int ret;

	if (argc < 2) {
		ti->error = "Device and offset expected";
		return -EINVAL;
	}
	t = kzalloc(sizeof(*t), GFP_KERNEL);
	if (!t) {
		ti->error = "Out of memory";
		return -ENOMEM;
	}
	t->ti = ti;
	t->disk = dm_disk(dm_table_get_md(ti->table));
	dmem_cache_init(&t->cache);
	ret = parse_device(t, &args);
	if (ret)
		goto free_target;
	ret = parse_options(t, &args);
	if (ret)
		goto put_device;
	ret = -ENOMEM;
	ti->error = "Out of memory";
	t->cpu = alloc_percpu(struct dmem_target_cpu);
	if (!t->cpu)
		goto put_device;
	ret = dmem_wtrack_init(&t->wtrack);
	if (ret)
		goto free_cpu;
	ret = target_publish(t);
	if (ret) {
		ti->error = ret == -ENOSPC ? "Too many targets" :
					     "Cannot watch the page cache";
		goto free_wtrack;
	}
	ti->error = NULL;
	target_set_up(ti, t);
	return 0;

free_wtrack:
	dmem_wtrack_exit(&t->wtrack);
free_cpu:
	free_percpu(t->cpu);
put_device:
	dm_put_device(ti, t->dev);
free_target:
	kfree(t);
	return ret;
}

static void dmem_dtr(struct dm_target *ti)
{
	struct dmem_target *t = ti->private;

	target_unpublish(t);
	dmem_cache_drop_all(&t->cache);
	dmem_wtrack_exit(&t->wtrack);
	free_percpu(t->cpu);
	dm_put_device(ti, t->dev);
	kfree(t);
}

/*
 * While it is suspended, others may have changed the device below. What was
 * known of it before does not hold any more.
 */
static void dmem_resume(struct dm_target *ti)
{
	struct dmem_target *t = ti->private;

	dmem_wtrack_forget(&t->wtrack);
	dmem_cache_drop_all(&t->cache);
}

static u64 target_event(const struct dmem_target *t,
			enum dmem_target_event event)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(t->cpu, cpu)->events[event]);
	return sum;
}

static void status_info(struct dmem_target *t, char *result,
			unsigned int maxlen)
{
	unsigned int event, sz = 0;

	DMEMIT("%s %llu", READ_ONCE(t->off) ? "off" : "on",
	       dmem_cache_count(&t->cache));
	for (event = 0; event < DMEM_T_EVENTS; event++)
		DMEMIT(" %llu", target_event(t, event));
}

static void status_table(struct dmem_target *t, char *result,
			 unsigned int maxlen)
{
	bool off = READ_ONCE(t->off);
	unsigned int sz = 0;
	int options = t->swap + t->inclusive + t->stacked + off;

	DMEMIT("%s %llu", t->dev->name, (unsigned long long)t->start);
	if (options)
		DMEMIT(" %d%s%s%s%s", options, t->swap ? " swap" : "",
		       t->inclusive ? " inclusive" : "",
		       t->stacked ? " stacked" : "", off ? " off" : "");
}

static void dmem_status(struct dm_target *ti, status_type_t type,
			unsigned int flags, char *result, unsigned int maxlen)
{
	struct dmem_target *t = ti->private;
	unsigned int sz = 0;

	switch (type) {
	case STATUSTYPE_INFO:
		status_info(t, result, maxlen);
		break;
	case STATUSTYPE_TABLE:
		status_table(t, result, maxlen);
		break;
	case STATUSTYPE_IMA:
		DMEMIT_TARGET_NAME_VERSION(ti->type);
		DMEMIT(",device_name=%s,start=%llu;", t->dev->name,
		       (unsigned long long)t->start);
		break;
	}
}

static void reset_stats(struct dmem_target *t)
{
	int cpu;

	/* A count that is added meanwhile may survive; it is a figure. */
	for_each_possible_cpu(cpu)
		memset(per_cpu_ptr(t->cpu, cpu), 0, sizeof(*t->cpu));
}

static int set_mode(struct dmem_target *t, const char *mode)
{
	if (!strcasecmp(mode, "on"))
		WRITE_ONCE(t->off, false);
	else if (!strcasecmp(mode, "off"))
		WRITE_ONCE(t->off, true);
	else
		return -EINVAL;
	return 0;
}

static int dmem_message(struct dm_target *ti, unsigned int argc, char **argv,
			char *result, unsigned int maxlen)
{
	struct dmem_target *t = ti->private;

	if (argc == 1 && !strcasecmp(argv[0], "drop")) {
		dmem_cache_drop_all(&t->cache);
		return 0;
	}
	if (argc == 1 && !strcasecmp(argv[0], "reset_stats")) {
		reset_stats(t);
		return 0;
	}
	if (argc == 2 && !strcasecmp(argv[0], "mode") &&
	    !set_mode(t, argv[1]))
		return 0;
	DMERR("unrecognised message; known: drop, reset_stats, mode on|off");
	return -EINVAL;
}

static int dmem_iterate_devices(struct dm_target *ti,
				iterate_devices_callout_fn fn, void *data)
{
	struct dmem_target *t = ti->private;

	return fn(ti, t->dev, t->start, ti->len, data);
}

static void dmem_io_hints(struct dm_target *ti, struct queue_limits *limits)
{
	struct dmem_target *t = ti->private;

	dmem_compat_limits_stable_writes(limits, t->swap);
}

static struct target_type dmem_target_type = {
	.name = "dmem",
	.version = { 1, 0, 0 },
	.features = DM_TARGET_NOWAIT,
	.module = THIS_MODULE,
	.ctr = dmem_ctr,
	.dtr = dmem_dtr,
	.map = dmem_target_map,
	.end_io = dmem_target_end_io,
	.resume = dmem_resume,
	.status = dmem_status,
	.message = dmem_message,
	.iterate_devices = dmem_iterate_devices,
	.io_hints = dmem_io_hints,
};

int dmem_target_init(void)
{
	return dm_register_target(&dmem_target_type);
}

void dmem_target_exit(void)
{
	dm_unregister_target(&dmem_target_type);
}
