// SPDX-License-Identifier: GPL-2.0
/*
 * Allocates with and without __GFP_NOFAIL on behalf of whoever writes to its
 * files, so that the fault injector's promise to spare the one kind can be
 * compared with the other.
 *
 * /sys/kernel/debug/surety_nofail/{must,may}: writing N makes N allocations of
 * a page and N of an object, and frees them; reading tells how many of these 2 N
 * failed.
 */
#include <linux/debugfs.h>
#include <linux/gfp.h>
#include <linux/module.h>
#include <linux/slab.h>

#define MOST		1000
#define OBJECT_SIZE	64

struct kind {
	gfp_t gfp;
	u64 failed;
};

static struct kind must = { .gfp = GFP_KERNEL | __GFP_NOFAIL };
static struct kind may = { .gfp = GFP_KERNEL };
static struct dentry *root;

static int failed_get(void *data, u64 *value)
{
	const struct kind *kind = data;

	*value = kind->failed;
	return 0;
}

static int allocate_set(void *data, u64 count)
{
	struct kind *kind = data;

	if (count > MOST)
		return -EINVAL;
	kind->failed = 0;
	while (count--) {
		struct page *page = alloc_page(kind->gfp);
		void *object = kmalloc(OBJECT_SIZE, kind->gfp);

		kind->failed += !page + !object;
		if (page)
			__free_page(page);
		kfree(object);
	}
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(kind_fops, failed_get, allocate_set, "%llu\n");

static int __init nofail_init(void)
{
	root = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file_unsafe("must", 0600, root, &must, &kind_fops);
	debugfs_create_file_unsafe("may", 0600, root, &may, &kind_fops);
	return 0;
}

static void __exit nofail_exit(void)
{
	debugfs_remove_recursive(root);
}

module_init(nofail_init);
module_exit(nofail_exit);
MODULE_DESCRIPTION("Allocations that may and that must not fail, for tests");
MODULE_LICENSE("GPL");
