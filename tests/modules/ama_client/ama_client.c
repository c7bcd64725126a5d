// SPDX-License-Identifier: GPL-2.0
/*
 * A client of ama_core that is no file system: a ledger kept in memory.
 *
 * Writing a text to /sys/kernel/debug/ama_client/append adds an entry, which
 * consists of several objects of different kinds, made one after the other
 * under the ledger's lock while the ledger already counts the entry. Undoing
 * that half-way would be what error paths are feared for. Here there is none:
 * the request is admitted before the lock is taken, and then nothing fails.
 *
 * With scope=0 the same code runs unprotected: it counts in "refused" what would
 * have needed an error path and leaves a hole in the entry, which "holes" shows.
 *
 * Only <surety/ama.h> and exported symbols are used, as by any other client.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <surety/ama.h>

#define TEXT_MAX	1024	/* bytes */
#define PAGES		3	/* single pages of an entry */
#define MAP_BYTES	(2 * PAGE_SIZE)

static bool scope = true;
module_param(scope, bool, 0644);
MODULE_PARM_DESC(scope, "make entries in a scope of ama_core (default Y)");

struct entry {
	struct list_head link;
	char *text;
	void *page[PAGES];
	void *block;		/* of order 1 */
	void *map;		/* MAP_BYTES from vmalloc() */
};

static struct kmem_cache *entry_cache;
static struct dentry *dir;

static DEFINE_MUTEX(lock);	/* protects everything below */
static LIST_HEAD(entries);
static u32 nr_entries, nr_refused, nr_holes;

enum { OP_APPEND };

/*
 * Order 0: the copy of the caller's text, the entry and its text may each need
 * a fresh slab; then the single pages and those that the mapping consists of.
 * A mapping also takes its descriptor, the array of its pages and an area
 * (three objects, and one more when the area has to be split), and page
 * tables: a page at each of the three lower levels, for two regions if it
 * straddles them.
 */
static struct ama_demand append_bound(const struct ama_call *call)
{
	return (struct ama_demand) { .pages = {
		[0] = 3 + PAGES + MAP_BYTES / PAGE_SIZE + 4 + 2 * 3,
		[1] = 1,
	} };
}

static const struct ama_op ops[] = {
	[OP_APPEND] = {
		.name = "append",
		.bound = append_bound,
		.why = "one entry: three objects, pages, a block and a mapping",
	},
};

static struct ama_client client = {
	.name = "ama_client",
	.owner = THIS_MODULE,
	.ops = ops,
	.nr_ops = ARRAY_SIZE(ops),
};

/* Without a scope an object may be missing; with one this never counts. */
static void *made(void *object)
{
	lockdep_assert_held(&lock);
	nr_refused += !object;
	return object;
}

static bool has_hole(const struct entry *entry)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		if (!entry->page[i])
			return true;
	return !entry->text || !entry->block || !entry->map;
}

/* Add an entry; nothing in here can be undone, so nothing may fail. */
static void append(const char *text)
{
	struct entry *entry;
	unsigned int i;

	mutex_lock(&lock);
	nr_entries++;
	entry = made(kmem_cache_zalloc(entry_cache, GFP_KERNEL));
	if (!entry) {
		nr_holes++;
		goto unlock;
	}
	list_add_tail(&entry->link, &entries);
	entry->text = made(kstrdup(text, GFP_KERNEL));
	for (i = 0; i < PAGES; i++)
		entry->page[i] = made((void *)get_zeroed_page(GFP_KERNEL));
	entry->block = made((void *)__get_free_pages(GFP_KERNEL, 1));
	entry->map = made(vmalloc(MAP_BYTES));
	nr_holes += has_hole(entry);
unlock:
	mutex_unlock(&lock);
}

static void free_entry(struct entry *entry)
{
	unsigned int i;

	list_del(&entry->link);
	vfree(entry->map);
	free_pages((unsigned long)entry->block, 1);
	for (i = 0; i < PAGES; i++)
		free_page((unsigned long)entry->page[i]);
	kfree(entry->text);
	kmem_cache_free(entry_cache, entry);
}

static void drop_all(void)
{
	struct entry *entry, *next;

	mutex_lock(&lock);
	list_for_each_entry_safe(entry, next, &entries, link)
		free_entry(entry);
	nr_entries = 0;
	nr_refused = 0;
	nr_holes = 0;
	mutex_unlock(&lock);
}

static ssize_t append_write(struct file *file, const char __user *user,
			    size_t length, loff_t *pos)
{
	struct ama_call call = { .bytes = length };
	struct ama_scope request;
	bool admitted = READ_ONCE(scope);
	char *text;
	int err = 0;

	if (!length || length > TEXT_MAX)
		return -EINVAL;
	if (admitted)
		err = ama_scope_open(&request, &client, OP_APPEND, &call, NULL);
	if (err)
		return err;

	text = memdup_user_nul(user, length);
	if (IS_ERR(text)) {
		err = PTR_ERR(text);
		goto close;
	}
	append(text);
	kfree(text);
close:
	if (admitted)
		ama_scope_close(&request);
	return err ?: length;
}

static const struct file_operations append_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = append_write,
};

static int drop_set(void *data, u64 value)
{
	drop_all();
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(drop_fops, NULL, drop_set, "%llu\n");

static int __init ama_client_init(void)
{
	int err;

	entry_cache = KMEM_CACHE(entry, 0);
	if (!entry_cache)
		return -ENOMEM;
	err = ama_client_register(&client);
	if (err)
		goto destroy_cache;
	err = ama_client_activate(&client);
	if (err)
		goto unregister;

	dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("append", 0200, dir, NULL, &append_fops);
	debugfs_create_file_unsafe("drop", 0200, dir, NULL, &drop_fops);
	debugfs_create_u32("entries", 0400, dir, &nr_entries);
	debugfs_create_u32("refused", 0400, dir, &nr_refused);
	debugfs_create_u32("holes", 0400, dir, &nr_holes);
	return 0;

unregister:
	ama_client_unregister(&client);
destroy_cache:
	kmem_cache_destroy(entry_cache);
	return err;
}

static void __exit ama_client_exit(void)
{
	debugfs_remove_recursive(dir);
	ama_client_deactivate(&client);
	ama_client_unregister(&client);
	drop_all();
	kmem_cache_destroy(entry_cache);
}

module_init(ama_client_init);
module_exit(ama_client_exit);
MODULE_DESCRIPTION("A client of ama_core that makes many objects under a lock");
MODULE_AUTHOR("Project Surety");
MODULE_LICENSE("GPL");
