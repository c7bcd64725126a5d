// SPDX-License-Identifier: GPL-2.0
/*
 * Tests what needs no failing allocations when it is loaded; what does is tested
 * when somebody writes to a file in /sys/kernel/debug/ama_selftest: to
 * `allocations` and `percpu` while all of his allocations are made to fail, to
 * `crowd` and `on_demand` while those of all tasks in a scope are. Says in the kernel's log how
 * it went, in lines that begin with "ama_selftest: ok - " or "... not ok - ".
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/module.h>

#include "selftest.h"

unsigned int selftest_half = 32;

static bool tests = true;
module_param(tests, bool, 0444);
MODULE_PARM_DESC(tests, "test when loaded (default Y; N: be a client, no more)");

void selftest_report(bool good, const char *what)
{
	pr_info("ama_selftest: %sok - %s\n", good ? "" : "not ", what);
}

static struct ama_demand small(const struct ama_call *call)
{
	return (struct ama_demand){ .pages = { 16, 4, 2, 2 } };
}

static struct ama_demand half(const struct ama_call *call)
{
	return (struct ama_demand){ .pages = { selftest_half } };
}

static struct ama_demand huge(const struct ama_call *call)
{
	/* Small when the reserve is sized, beyond it when it is asked for. */
	const unsigned int *order = call->arg;
	struct ama_demand demand = { .pages = { 1 } };

	if (order)
		demand.pages[*order] = U16_MAX;
	return demand;
}

static struct ama_demand by_bytes(const struct ama_call *call)
{
	return (struct ama_demand){ .pages = { call->bytes >> PAGE_SHIFT } };
}

static struct ama_demand by_call(const struct ama_call *call)
{
	return (struct ama_demand){
		.pages = { 1 + fls64(call->bytes) + 2 * fls(call->names) + call->volume },
	};
}

static struct ama_demand chunk(const struct ama_call *call)
{
	/*
	 * Likewise. Of a chunk of 2 MiB a CPU the owners' vector is 4 MiB, and the
	 * list of its pages 8 KiB, which a slab of order 0 cannot hold.
	 */
	return (struct ama_demand){ .pages = { call->arg ? 1280 : 1, 4, 2, 2 } };
}

static const struct ama_op ops[NR_OPS] = {
	[OP_SMALL] = { "small", 0, small, "a few pages of each order" },
	[OP_HALF] = { "half", 0, half, "several of these exhaust the reserve" },
	[OP_HUGE] = { "huge", 0, huge, "can never be granted" },
	[OP_BYTES] = { "bytes", 0, by_bytes, "as the call says" },
	[OP_PERCPU] = { "percpu", 0, chunk, "a chunk: maps, owners, page tables; pages for each CPU" },
	[OP_FIXED] = { "fixed", AMA_OP_FIXED, by_call, "length, names and volume" },
	[OP_PROGRESS] = { "progress", AMA_OP_PROGRESS, small, "others wait for it" },
};

struct ama_client selftest_client = {
	.name = "selftest",
	.owner = THIS_MODULE,
	.ops = ops,
	.nr_ops = NR_OPS,
};

static struct dentry *debugfs;

/* What a write to each file runs. */
static const struct {
	const char *name;
	void (*run)(void);
} files[] = {
	{ "allocations", selftest_allocations },
	{ "percpu", selftest_percpu },
	{ "crowd", selftest_crowd },
	{ "on_demand", selftest_on_demand },
};

static ssize_t run_file(struct file *file, const char __user *text,
			size_t size, loff_t *pos)
{
	files[(unsigned long)file->private_data].run();
	return size;
}

static const struct file_operations run_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = run_file,
};

static void create_files(void)
{
	unsigned long i;

	debugfs = debugfs_create_dir("ama_selftest", NULL);
	for (i = 0; i < ARRAY_SIZE(files); i++)
		debugfs_create_file(files[i].name, 0200, debugfs, (void *)i,
				    &run_fops);
}

static int __init selftest_init(void)
{
	int err;

	if (tests)
		selftest_refusals();
	err = selftest_allocations_init();
	if (err)
		return err;
	err = ama_client_register(&selftest_client);
	if (err)
		goto no_client;
	err = ama_client_activate(&selftest_client);
	if (err)
		goto inactive;
	if (tests) {
		selftest_admission();
		selftest_order();
	}
	create_files();
	return 0;

inactive:
	ama_client_unregister(&selftest_client);
no_client:
	selftest_allocations_exit();
	return err;
}

static void __exit selftest_exit(void)
{
	debugfs_remove(debugfs);
	ama_client_deactivate(&selftest_client);
	ama_client_unregister(&selftest_client);
	selftest_allocations_exit();
}

module_init(selftest_init);
module_exit(selftest_exit);

MODULE_DESCRIPTION("Tests of ama_core from within the kernel");
MODULE_LICENSE("GPL");
