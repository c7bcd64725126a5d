// SPDX-License-Identifier: GPL-2.0
/*
 * Tests what needs no failing allocations when it is loaded; what does is tested
 * when somebody whose allocations are made to fail writes to
 * /sys/kernel/debug/ama_selftest/allocations. Says in the kernel's log how it
 * went, in lines that begin with "ama_selftest: ok - " or "... not ok - ".
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/module.h>

#include "selftest.h"

unsigned int selftest_half = 32;

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
	return (struct ama_demand){ .pages = { call->arg ? U16_MAX : 1 } };
}

static struct ama_demand by_bytes(const struct ama_call *call)
{
	return (struct ama_demand){ .pages = { call->bytes >> PAGE_SHIFT } };
}

static const struct ama_op ops[NR_OPS] = {
	[OP_SMALL] = { "small", 0, small, "a few pages of each order" },
	[OP_HALF] = { "half", 0, half, "several of these exhaust the reserve" },
	[OP_HUGE] = { "huge", 0, huge, "can never be granted" },
	[OP_BYTES] = { "bytes", 0, by_bytes, "as the call says" },
	[OP_PROGRESS] = { "progress", AMA_OP_PROGRESS, small, "others wait for it" },
};

struct ama_client selftest_client = {
	.name = "selftest",
	.owner = THIS_MODULE,
	.ops = ops,
	.nr_ops = NR_OPS,
};

static struct dentry *debugfs;

static ssize_t run_allocations(struct file *file, const char __user *text,
			       size_t size, loff_t *pos)
{
	selftest_allocations();
	return size;
}

static const struct file_operations allocations_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = run_allocations,
};

static int __init selftest_init(void)
{
	int err;

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
	selftest_admission();
	debugfs = debugfs_create_dir("ama_selftest", NULL);
	debugfs_create_file("allocations", 0200, debugfs, NULL, &allocations_fops);
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
