// SPDX-License-Identifier: GPL-2.0
/*
 * Native front end for file pages on kernels that have cleancache (up to 5.16,
 * if they were built with it): clean pages that leave the page cache are put
 * here, and asked for before a page is read from the disk.
 *
 * A file is forgotten as a whole whenever it is truncated, punched or written
 * directly. That must cost no search: every file hashes to one of a number of
 * versions, which are part of its keys, and the file's moves on. Other files of
 * the same hash are forgotten with it, which does no harm.
 *
 * There is no way to unregister, so the module stays from then on.
 */
#include <linux/cleancache.h>
#include <linux/hash.h>
#include <linux/module.h>
#include <linux/mutex.h>

#include "dmem.h"

static bool cleancache = true;
module_param(cleancache, bool, 0444);
MODULE_PARM_DESC(cleancache,
		 "keep clean file pages by way of cleancache; the module cannot be unloaded then (default Y)");

#define MAX_VOLUMES	64
#define VERSION_BITS	12

/**
 * struct volume - a mounted file system
 * @cache:    its keys
 * @used:     it is mounted; protected by volumes_lock
 * @versions: of the files, by the hash of the file
 */
struct volume {
	struct dmem_cache cache;
	bool used;
	atomic64_t versions[1 << VERSION_BITS];
};

static struct volume *volumes[MAX_VOLUMES];
static DEFINE_MUTEX(volumes_lock);	/* protects taking and giving back volumes */

/*
 * What names a file: an inode's number, or a number and a generation, or, on
 * btrfs, inode, tree and generation, as far as they fit. Files with longer names
 * are not kept.
 */
static bool file_name(const struct cleancache_filekey *file, u64 *object,
		      u32 *generation)
{
	const u32 *word = file->u.fh;

	static_assert(CLEANCACHE_KEY_MAX == 6);
	*object = word[0] | (u64)word[1] << 32;
	*generation = word[4];
	if (!word[2] && !word[3] && !word[4] && !word[5])
		return *object;
	if (word[1] >> 8 || word[2] >> 24 || word[3] || word[5])
		return false;
	*object |= (u64)word[2] << 40;
	return *object;
}

static atomic64_t *file_version(struct volume *volume, u64 object)
{
	return &volume->versions[hash_64(object, VERSION_BITS)];
}

static bool page_key(int pool, const struct cleancache_filekey *file,
		     pgoff_t index, struct dmem_key *key, struct dmem_guard *guard)
{
	struct volume *volume = volumes[pool];
	u32 generation;

	if (!file_name(file, &key->object, &generation) || index > U32_MAX)
		return false;
	guard->slot = file_version(volume, key->object);
	guard->value = atomic64_read(guard->slot);
	key->block = index | (u64)generation << 32;
	key->cookie = READ_ONCE(volume->cache.cookie);
	key->version = (u32)guard->value;
	return true;
}

/* Volumes are never freed: somebody may be about to use one that was given back. */
static int take_volume(int pool)
{
	if (!volumes[pool])
		volumes[pool] = kvzalloc(sizeof(*volumes[pool]), GFP_KERNEL);
	if (!volumes[pool])
		return -ENOMEM;
	dmem_cache_init(&volumes[pool]->cache);
	volumes[pool]->used = true;
	return pool;
}

static int init_fs(size_t page_size)
{
	int pool, ret = -ENOSPC;

	mutex_lock(&volumes_lock);
	for (pool = 0; pool < MAX_VOLUMES; pool++)
		if (!volumes[pool] || !volumes[pool]->used)
			break;
	if (pool < MAX_VOLUMES && page_size == PAGE_SIZE)
		ret = take_volume(pool);
	mutex_unlock(&volumes_lock);
	return ret;
}

/* Other nodes of a cluster write to the disk without our knowing. */
static int init_shared_fs(uuid_t *uuid, size_t page_size)
{
	return -EOPNOTSUPP;
}

static void invalidate_fs(int pool)
{
	mutex_lock(&volumes_lock);
	dmem_cache_drop_all(&volumes[pool]->cache);
	volumes[pool]->used = false;
	mutex_unlock(&volumes_lock);
}

/* A page is in memory once: the copy goes, and comes back when it is put. */
static int fetch_page(int pool, struct cleancache_filekey file, pgoff_t index,
		    struct page *page)
{
	struct dmem_copy copy = { .page = page, .len = PAGE_SIZE, .consume = true };
	struct dmem_guard guard;
	struct dmem_key key;

	if (!page_key(pool, &file, index, &key, &guard) ||
	    !dmem_cache_load(&key, &copy) || !dmem_guard_holds(&guard))
		return -ENOENT;
	return 0;
}

/* Context: the page is locked, interrupts are off. */
static void keep_page(int pool, struct cleancache_filekey file, pgoff_t index,
		      struct page *page)
{
	struct dmem_guard guard;
	struct dmem_key key;

	if (!page_key(pool, &file, index, &key, &guard))
		return;
	dmem_cache_drop(&key, 1);
	dmem_cache_fill(&key, page, &guard);
}

static void invalidate_page(int pool, struct cleancache_filekey file, pgoff_t index)
{
	struct dmem_guard guard;
	struct dmem_key key;

	if (page_key(pool, &file, index, &key, &guard))
		dmem_cache_drop(&key, 1);
}

static void invalidate_inode(int pool, struct cleancache_filekey file)
{
	u32 generation;
	u64 object;

	/* Pairs with the second look in dmem_index_insert(). */
	if (file_name(&file, &object, &generation))
		atomic64_inc_return(file_version(volumes[pool], object));
}

static const struct cleancache_ops ops = {
	.init_fs = init_fs,
	.init_shared_fs = init_shared_fs,
	.get_page = fetch_page,
	.put_page = keep_page,
	.invalidate_page = invalidate_page,
	.invalidate_inode = invalidate_inode,
	.invalidate_fs = invalidate_fs,
};

/**
 * dmem_cleancache_init() - offer the caches to file systems
 *
 * Context: may sleep. The last step of loading that can fail is behind the
 * caller: this cannot be undone.
 */
void dmem_cleancache_init(void)
{
	if (!cleancache)
		return;
	__module_get(THIS_MODULE);
	if (cleancache_register_ops(&ops)) {
		pr_warn("dmem: somebody else has cleancache: no file pages are kept\n");
		module_put(THIS_MODULE);
		return;
	}
	pr_info("dmem: keeps clean file pages; cleancache has no way back, so the module stays loaded\n");
}
