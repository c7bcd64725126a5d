// SPDX-License-Identifier: GPL-2.0
/*
 * Entries from memory management: page faults, reading pages in, writing them
 * out.
 *
 * No system call leads here, so each opens its scope itself. A fault that is
 * refused is taken again, since user space is returned to.
 */
#include <linux/mm.h>
#include "entry.h"
#include "entry_mmap.h"

static bool range_can_be_found(struct inode *inode, u64 block, u64 end)
{
	struct e2m_run run;

	for (; block < end; block += run.len)
		if (block > U32_MAX ||
		    e2m_map_find(inode, block, end - block, E2M_KEEP_DATA,
				 &run))
			return false;
	return true;
}

/*
 * Memory management drops its lock to read a page, and then starts over: when
 * it populates a mapping, for ever, if the page cannot be read. So a page whose
 * blocks, or whose folio's blocks, cannot be found is refused before that.
 */
static bool can_be_found(struct inode *inode, pgoff_t index)
{
	struct folio *folio = cfs_get_cached(inode->i_mapping, index);
	unsigned int shift = PAGE_SHIFT - inode->i_blkbits;
	bool uptodate = false;
	u64 nr = 1;

	if (folio) {
		uptodate = folio_test_uptodate(folio);
		index = folio->index;
		nr = folio_nr_pages(folio);
		folio_put(folio);
	}
	return uptodate || range_can_be_found(inode, (u64)index << shift,
					      ((u64)index + nr) << shift);
}

static vm_fault_t ext2mfr_fault(struct vm_fault *vmf)
{
	struct inode *inode = file_inode(vmf->vma->vm_file);
	vm_fault_t ret = VM_FAULT_SIGBUS;
	DEFINE_AMA_SCOPE(scope);

	if (e2m_enter(&scope, inode->i_sb, E2M_OP_FAULT, 0))
		return VM_FAULT_OOM;
	if (can_be_found(inode, vmf->pgoff))
		ret = filemap_fault(vmf);
	e2m_leave(&scope);
	return ret;
}

/*
 * Maps what is cached. No scope: the page table was allocated before this is called,
 * and a fault for which there was no memory is taken again.
 */
static vm_fault_t ext2mfr_map_pages(struct vm_fault *vmf, pgoff_t start,
				    pgoff_t end)
{
	return filemap_map_pages(vmf, start, end);
}

static vm_fault_t mkwrite(struct vm_fault *vmf)
{
	struct file *file = vmf->vma->vm_file;
	struct inode *inode = file_inode(file);
	vm_fault_t ret;

	file_update_time(file);
	filemap_invalidate_lock_shared(inode->i_mapping);
	ret = cfs_page_mkwrite(vmf, &e2m_iomap_ops);
	filemap_invalidate_unlock_shared(inode->i_mapping);
	return ret;
}

static vm_fault_t ext2mfr_page_mkwrite(struct vm_fault *vmf)
{
	struct super_block *sb = file_inode(vmf->vma->vm_file)->i_sb;
	vm_fault_t ret = VM_FAULT_OOM;
	DEFINE_AMA_SCOPE(scope);

	/* First: a frozen volume makes it wait for as long as somebody likes. */
	sb_start_pagefault(sb);
	if (!e2m_enter(&scope, sb, E2M_OP_FAULT, 0)) {
		ret = mkwrite(vmf);
		e2m_leave(&scope);
	}
	sb_end_pagefault(sb);
	return ret;
}

static const struct vm_operations_struct ext2mfr_vm_ops = {
	.fault		= ext2mfr_fault,
	.map_pages	= ext2mfr_map_pages,
	.page_mkwrite	= ext2mfr_page_mkwrite,
};

/**
 * ext2mfr_mmap - map a file into memory
 * @file: the file
 * @vma:  the mapping
 *
 * Context: the address space's lock is held.
 * Return: 0.
 */
int ext2mfr_mmap(struct file *file, struct vm_area_struct *vma)
{
	file_accessed(file);
	vma->vm_ops = &ext2mfr_vm_ops;
	return 0;
}

/* Reading pages happens inside read, fault and the like, which have a scope;
 * one of its own costs little and covers what remains.
 */
static int ext2mfr_read_folio(struct file *file, struct folio *folio)
{
	struct inode *inode = folio->mapping->host;
	DEFINE_AMA_SCOPE(scope);
	int err = e2m_enter(&scope, inode->i_sb, E2M_OP_READ,
			    folio_size(folio));

	if (err) {
		folio_unlock(folio);
		return err;
	}
	if (e2m_page_is_block(inode) && !folio_test_large(folio))
		err = e2m_read_page(folio, 0);
	else
		err = cfs_read_folio(folio, &e2m_iomap_ops);
	e2m_leave(&scope);
	return err;
}

/* Whether large folios were made for what is read ahead, the first one tells. */
static bool starts_with_page(struct readahead_control *rac)
{
	return !folio_test_large((struct folio *)xa_load(&rac->mapping->i_pages,
							 readahead_index(rac)));
}

/* Readahead is a favour: a scope that has little left does not pay for it.
 * The folios that are not taken are dropped by the caller.
 */
static void ext2mfr_readahead(struct readahead_control *rac)
{
	const struct inode *inode = rac->mapping->host;

	if (ama_scope_left() < E2M_KEEP_LOOK(inode->i_sb))
		return;
	/* An error is met again by the one who wants the page. */
	if (e2m_page_is_block(inode) && starts_with_page(rac))
		e2m_readahead_pages(rac);
	else
		cfs_readahead(rac, &e2m_iomap_ops);
}

static int ext2mfr_writepages(struct address_space *mapping,
			      struct writeback_control *wbc)
{
	DEFINE_AMA_SCOPE(scope);
	int err;

	/* As of an inode that only its times made dirty. */
	if (!mapping_tagged(mapping, PAGECACHE_TAG_DIRTY))
		return 0;
	if (!e2m_enter_unrefused(&scope, mapping->host->i_sb, E2M_OP_WRITEBACK))
		return -ENOMEM;
	err = e2m_writepages(mapping, wbc);
	e2m_leave(&scope);
	return err;
}

static sector_t ext2mfr_bmap(struct address_space *mapping, sector_t block)
{
	DEFINE_AMA_SCOPE(scope);
	sector_t ret;

	if (e2m_enter(&scope, mapping->host->i_sb, E2M_OP_MAP, 0))
		return 0;
	ret = iomap_bmap(mapping, block, &e2m_iomap_ops);
	e2m_leave(&scope);
	return ret;
}

const struct address_space_operations ext2mfr_aops = {
	.read_folio		= ext2mfr_read_folio,
	.readahead		= ext2mfr_readahead,
	.writepages		= ext2mfr_writepages,
	.dirty_folio		= cfs_dirty_folio,
	.bmap			= ext2mfr_bmap,
	.invalidate_folio	= iomap_invalidate_folio,
	.release_folio		= iomap_release_folio,
	.migrate_folio		= filemap_migrate_folio,
	.is_partially_uptodate	= iomap_is_partially_uptodate,
	.direct_IO		= noop_direct_IO,
	CFS_ERROR_REMOVE,
};
