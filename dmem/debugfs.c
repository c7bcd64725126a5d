// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/dmem:
 *
 *   stores       one line a store
 *   latency      pages loaded and stored, by the time a page took
 *   policy       the replacement policy; can be written
 *   residents    pages of the page cache that are known to equal a block
 *   store/NAME/chunks   what each chunk is worth
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "compat_dmem.h"
#include "dmem.h"

static struct dentry *root;
static struct dentry *store_root;

static void show_store(struct seq_file *m, struct dmem_store *store)
{
	struct dmem_store_stats s;

	dmem_store_stats(store, &s);
	seq_printf(m, "%s %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu\n",
		   store->name, s.pages, s.lent, s.cached, s.stored, s.loaded,
		   s.evicted, s.discarded, s.dropped, s.refused, s.revokes,
		   s.waited, dmem_store_event(store, DMEM_GHOST),
		   dmem_store_event(store, DMEM_FILTERED));
}

static int stores_show(struct seq_file *m, void *unused)
{
	int i;

	seq_puts(m, "name pages lent cached stored loaded evicted discarded dropped refused revokes waited ghosts filtered\n");
	rcu_read_lock();
	for (i = 0; i < DMEM_MAX_STORES; i++) {
		struct dmem_store *store = rcu_dereference(dmem_stores[i]);

		if (store)
			show_store(m, store);
	}
	rcu_read_unlock();
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stores);

static int latency_show(struct seq_file *m, void *unused)
{
	static const char *const names[DMEM_WORKS] = {
		[DMEM_WORK_LOAD]	= "load",
		[DMEM_WORK_STORE]	= "store",
	};
	unsigned int work, class;

	seq_puts(m, "work below_1us below_2us below_4us more\n");
	for (work = 0; work < DMEM_WORKS; work++) {
		seq_puts(m, names[work]);
		for (class = 0; class < DMEM_LATENCIES; class++)
			seq_printf(m, " %llu", dmem_latency_sum(work, class));
		seq_putc(m, '\n');
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(latency);

static int residents_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "%llu\n", dmem_target_residents());
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(residents);

static int policy_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "%s\n", dmem_policy_name());
	return 0;
}

static int policy_open(struct inode *inode, struct file *file)
{
	return single_open(file, policy_show, NULL);
}

static ssize_t policy_write(struct file *file, const char __user *from,
			    size_t len, loff_t *pos)
{
	char name[16];
	int ret;

	if (len >= sizeof(name))
		return -EINVAL;
	if (copy_from_user(name, from, len))
		return -EFAULT;
	name[len] = 0;
	ret = dmem_policy_set(strim(name));
	return ret ?: len;
}

static const struct file_operations policy_fops = {
	.owner = THIS_MODULE,
	.open = policy_open,
	.read = seq_read,
	.write = policy_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static int chunks_show(struct seq_file *m, void *unused)
{
	struct dmem_store *store = m->private;
	u32 chunk;

	seq_puts(m, "chunk lent cached heat cost\n");
	for (chunk = 0; chunk < store->nr_chunks; chunk++)
		seq_printf(m, "%u %d %d %u %lu\n", chunk,
			   atomic_read(&store->chunks[chunk].lent),
			   atomic_read(&store->chunks[chunk].cached),
			   READ_ONCE(store->chunks[chunk].heat),
			   dmem_chunks_cost(store, chunk, 1));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(chunks);

void dmem_debugfs_init(void)
{
	root = debugfs_create_dir("dmem", NULL);
	store_root = debugfs_create_dir("store", root);
	debugfs_create_file("stores", 0444, root, NULL, &stores_fops);
	debugfs_create_file("latency", 0444, root, NULL, &latency_fops);
	if (COMPAT_DMEM_TARGET)
		debugfs_create_file("residents", 0444, root, NULL, &residents_fops);
	debugfs_create_file("policy", 0644, root, NULL, &policy_fops);
}

void dmem_debugfs_exit(void)
{
	debugfs_remove(root);
}

void dmem_debugfs_add(struct dmem_store *store)
{
	store->dir = debugfs_create_dir(store->name, store_root);
	debugfs_create_file("chunks", 0444, store->dir, store, &chunks_fops);
}

void dmem_debugfs_remove(struct dmem_store *store)
{
	debugfs_remove(store->dir);
}
