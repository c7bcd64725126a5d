/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A driver that allocates contiguous memory through CMA's interface, and times
 * each call. Which allocator that is depends on what was included before:
 *
 *	cma_client.c	CMA itself
 *	gcma_client.c	gcma, by one define
 *	others		baselines with the same interface
 *
 *	/sys/kernel/debug/NAME_client/alloc	"PAGES COUNT": allocate and keep
 *	/sys/kernel/debug/NAME_client/times	nanoseconds of each, or "failed"
 *	/sys/kernel/debug/NAME_client/release	give all of them back
 *
 * The including file gives CLIENT (its name) and find_area()/put_area().
 */
#include <linux/debugfs.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#define MOST_CALLS	4096

struct call {
	struct page *page;
	unsigned long nr;
	u64 ns;
};

/* Protects the calls; one user at a time. */
static DEFINE_MUTEX(calls_lock);
static struct call *calls;
static unsigned int nr_calls;
static struct cma *area;
static struct dentry *client_dir;

static void allocate(unsigned long nr, unsigned int count)
{
	for (; count && nr_calls < MOST_CALLS; count--) {
		struct call *call = &calls[nr_calls++];
		u64 began = ktime_get_ns();

		call->page = cma_alloc(area, nr, 0, true);
		call->ns = ktime_get_ns() - began;
		call->nr = nr;
	}
}

static void release_all(void)
{
	unsigned int i;

	for (i = 0; i < nr_calls; i++)
		if (calls[i].page)
			cma_release(area, calls[i].page, calls[i].nr);
	nr_calls = 0;
}

static ssize_t alloc_write(struct file *file, const char __user *user,
			   size_t len, loff_t *pos)
{
	unsigned int count;
	unsigned long nr;
	char text[64];

	if (len >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, user, len))
		return -EFAULT;
	text[len] = '\0';
	if (sscanf(text, "%lu %u", &nr, &count) != 2)
		return -EINVAL;
	mutex_lock(&calls_lock);
	allocate(nr, count);
	mutex_unlock(&calls_lock);
	return len;
}

static const struct file_operations alloc_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= alloc_write,
};

static ssize_t release_write(struct file *file, const char __user *user,
			     size_t len, loff_t *pos)
{
	mutex_lock(&calls_lock);
	release_all();
	mutex_unlock(&calls_lock);
	return len;
}

static const struct file_operations release_fops = {
	.owner	= THIS_MODULE,
	.open	= simple_open,
	.write	= release_write,
};

static int times_show(struct seq_file *seq, void *unused)
{
	unsigned int i;

	mutex_lock(&calls_lock);
	for (i = 0; i < nr_calls; i++)
		if (calls[i].page)
			seq_printf(seq, "%llu\n", calls[i].ns);
		else
			seq_printf(seq, "failed %llu\n", calls[i].ns);
	mutex_unlock(&calls_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(times);

static int __init client_init(void)
{
	area = find_area();
	if (!area)
		return -ENODEV;
	calls = kvcalloc(MOST_CALLS, sizeof(*calls), GFP_KERNEL);
	if (!calls) {
		put_area(area);
		return -ENOMEM;
	}
	client_dir = debugfs_create_dir(CLIENT "_client", NULL);
	debugfs_create_file("alloc", 0200, client_dir, NULL, &alloc_fops);
	debugfs_create_file("release", 0200, client_dir, NULL, &release_fops);
	debugfs_create_file("times", 0444, client_dir, NULL, &times_fops);
	return 0;
}

static void __exit client_exit(void)
{
	debugfs_remove(client_dir);
	release_all();
	kvfree(calls);
	put_area(area);
}

module_init(client_init);
module_exit(client_exit);

MODULE_DESCRIPTION("Driver that allocates contiguous memory through CMA's interface");
MODULE_LICENSE("GPL");
