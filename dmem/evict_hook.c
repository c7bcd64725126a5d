// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that leave the page cache are offered to the cache.
 *
 * Kernels from 5.17 on have no cleancache, but a trace point where every page
 * leaves the page cache. In reclaim it fires with the folio locked, interrupts
 * off, the contents intact and the reference count frozen at 0. That count is
 * what tells reclaim from truncation: a page that is being truncated looks just
 * as clean and up to date, but somebody holds a reference and its contents may
 * have been zeroed already.
 *
 * A second trace point fires when a clean page becomes dirty: from then on it
 * is not what the disk holds, whatever way its contents will take there.
 */
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "target.h"
#include "trace.h"

static struct tracepoint *delete_point;
static struct tracepoint *dirty_point;

/*
 * Punching a hole into a large folio that cannot be split zeroes whole pages of
 * it without making them dirty. Such pages are all zero.
 */
static bool page_is_zero(struct page *page)
{
	const char *data = kmap_local_page(page);
	bool zero = !memchr_inv(data, 0, PAGE_SIZE);

	kunmap_local(data);
	return zero;
}

/* Offer a page to the target that it was read from or written through. */
static void offer(struct page *page, const struct dmem_resident *resident)
{
	struct dmem_target *t;
	struct dmem_guard guard;
	struct dmem_key key;

	rcu_read_lock();
	t = dmem_target_find(resident->target);
	if (!t || READ_ONCE(t->off))
		goto unlock;
	dmem_target_count(t, DMEM_T_EVICTIONS, 1);
	guard.slot = dmem_wtrack_slot(&t->wtrack, resident->block);
	guard.value = atomic64_read(guard.slot);
	if (!dmem_wtrack_idle(guard.value) ||
	    dmem_wtrack_starts(guard.value) != resident->starts) {
		dmem_target_count(t, DMEM_T_STALE, 1);
		goto unlock;
	}
	key = dmem_target_key(t, resident->block);
	dmem_target_fills(t);
	if (dmem_cache_fill(&key, page, &guard))
		dmem_target_count(t, DMEM_T_FILLS, 1);
unlock:
	rcu_read_unlock();
}

/*
 * A page that a truncation has shortened is zeroed behind its end before it becomes
 * dirty; the inode is locked meanwhile.
 */
static bool being_shortened(const struct address_space *mapping, pgoff_t index)
{
	struct inode *inode = mapping->host;

	return index >= i_size_read(inode) >> PAGE_SHIFT && inode_is_locked(inode);
}

/* A regular file's page, so that it can have a record at all? */
static inline bool may_have_record(const struct address_space *mapping)
{
	return mapping && mapping->host && S_ISREG(mapping->host->i_mode);
}

/* Called with the folio locked, interrupts off and i_pages locked. */
static void page_leaves(void *data, struct folio *folio)
{
	struct address_space *mapping = folio->mapping;
	bool reclaimed = folio_ref_count(folio) == 0 &&
			 folio_test_uptodate(folio) && !folio_test_dirty(folio);
	long i, nr = folio_nr_pages(folio);

	if (!may_have_record(mapping))
		return;
	for (i = 0; i < nr; i++) {
		struct page *page = folio_page(folio, i);
		struct dmem_resident resident;

		/* The record goes in any case. */
		if (!dmem_resident_take(mapping, folio->index + i, &resident) ||
		    !reclaimed || PageHWPoison(page) ||
		    being_shortened(mapping, folio->index + i) ||
		    (nr > 1 && page_is_zero(page)))
			continue;
		offer(page, &resident);
	}
}

/* Called with i_pages locked, after the dirty flag was set. */
static void page_dirtied(void *data, struct folio *folio,
			 struct address_space *mapping)
{
	long i, nr = folio_nr_pages(folio);
	struct dmem_resident unused;

	if (!may_have_record(mapping))
		return;
	/* Pairs with the barrier in drop_dirty(), resident.c. */
	smp_mb();
	for (i = 0; i < nr; i++)
		dmem_resident_take(mapping, folio->index + i, &unused);
}

static void find_point(struct tracepoint *point, void *unused)
{
	if (!strcmp(point->name, "mm_filemap_delete_from_page_cache"))
		delete_point = point;
	else if (!strcmp(point->name, "writeback_dirty_folio"))
		dirty_point = point;
}

int dmem_evict_hook_init(void)
{
	int ret;

	for_each_kernel_tracepoint(find_point, NULL);
	if (!delete_point || !dirty_point) {
		pr_err("dmem: this kernel has no trace point %s\n",
		       delete_point ? "writeback_dirty_folio" :
		       "mm_filemap_delete_from_page_cache");
		return -ENOENT;
	}
	/* First the one that makes records die. */
	ret = tracepoint_probe_register(dirty_point, page_dirtied, NULL);
	if (ret)
		return ret;
	ret = tracepoint_probe_register(delete_point, page_leaves, NULL);
	if (ret)
		tracepoint_probe_unregister(dirty_point, page_dirtied, NULL);
	return ret;
}

void dmem_evict_hook_exit(void)
{
	tracepoint_probe_unregister(delete_point, page_leaves, NULL);
	tracepoint_probe_unregister(dirty_point, page_dirtied, NULL);
	tracepoint_synchronize_unregister();
}
