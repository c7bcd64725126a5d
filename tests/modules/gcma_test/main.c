// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of gcma's in-kernel interface.
 *
 *	echo "TEST AREA [OPS [SEED]]" >/sys/kernel/debug/gcma_test/run
 *	cat /sys/kernel/debug/gcma_test/result
 *
 * OPS is, for the model, how often each CPU allocates and releases.
 *
 * The write fails if the test does; the result is one line per judgement.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "gcma_test.h"

#define RESULT_BYTES	8192

static const struct {
	const char *name;
	int (*run)(struct test_run *run);
} tests[] = {
	{ "model", test_model },
	{ "refusals", test_refusals },
	{ "alignment", test_alignment },
	{ "worst", test_worst },
};

/* One test at a time; protects the result too. */
static DEFINE_MUTEX(run_lock);
static char *result;
static struct dentry *dir;

/* Add a judgement to the result of a run. */
void test_judge(struct test_run *run, bool ok, const char *what, ...)
{
	va_list args;

	if (!ok)
		run->fails++;
	run->len += scnprintf(result + run->len, RESULT_BYTES - run->len, "%s - ",
			      ok ? "ok" : "not ok");
	va_start(args, what);
	run->len += vscnprintf(result + run->len, RESULT_BYTES - run->len, what,
			       args);
	va_end(args);
	run->len += scnprintf(result + run->len, RESULT_BYTES - run->len, "\n");
}

static int run_test(const char *name, const char *area, unsigned int ops,
		    u32 seed)
{
	struct test_run run = { .ops = ops, .seed = seed };
	unsigned int i;
	int err = -ENOENT;

	run.area = gcma_area_get(area);
	if (!run.area)
		return -ENODEV;
	run.pages = gcma_area_pages(run.area);
	result[0] = '\0';
	for (i = 0; i < ARRAY_SIZE(tests); i++)
		if (!strcmp(tests[i].name, name))
			err = tests[i].run(&run);
	gcma_area_put(run.area);
	if (err)
		return err;
	return run.fails ? -EIO : 0;
}

static ssize_t run_write(struct file *file, const char __user *user,
			 size_t len, loff_t *pos)
{
	char text[128], name[32], area[GCMA_NAME_LEN];
	unsigned int ops = 1000, seed = 1;
	int err;

	if (len >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, user, len))
		return -EFAULT;
	text[len] = '\0';
	if (sscanf(text, "%31s %31s %u %u", name, area, &ops, &seed) < 2)
		return -EINVAL;
	mutex_lock(&run_lock);
	err = run_test(name, area, ops, seed);
	mutex_unlock(&run_lock);
	return err ?: len;
}

static const struct file_operations run_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= run_write,
};

static int result_show(struct seq_file *seq, void *unused)
{
	mutex_lock(&run_lock);
	seq_puts(seq, result);
	mutex_unlock(&run_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(result);

static int __init gcma_test_init(void)
{
	result = kzalloc(RESULT_BYTES, GFP_KERNEL);
	if (!result)
		return -ENOMEM;
	dir = debugfs_create_dir("gcma_test", NULL);
	debugfs_create_file("run", 0200, dir, NULL, &run_fops);
	debugfs_create_file("result", 0444, dir, NULL, &result_fops);
	return 0;
}

static void __exit gcma_test_exit(void)
{
	debugfs_remove(dir);
	kfree(result);
}

module_init(gcma_test_init);
module_exit(gcma_test_exit);

MODULE_DESCRIPTION("Tests of gcma's in-kernel interface");
MODULE_LICENSE("GPL");
