// SPDX-License-Identifier: GPL-2.0
/*
 * Regular files: making data durable, reserving and punching ranges, seeking.
 */
#include <linux/fs.h>
#include <linux/falloc.h>
#include <linux/uio.h>
#include "demand.h"
#include "layout.h"

/* An inode with its pointer blocks or entries. */
static int sync_one(struct inode *inode, int datasync)
{
	unsigned int dirty = datasync ? I_DIRTY_DATASYNC : I_DIRTY_ALL;
	int err;

	err = sync_mapping_buffers(inode->i_mapping);
	if (err) {
		e2m_meta_check_written(inode->i_sb);
		return err;
	}
	if (cfs_inode_state(inode) & dirty)
		return sync_inode_metadata(inode, 1);
	/* Clean, but was it written? */
	if (e2m_inode_unsynced(inode))
		return e2m_write_inode(inode, true);
	return 0;
}

/*
 * The way to a file whose name is newer than what the device has: its
 * directories, as far up as their own names are new. On the device an older name
 * may still lead to the inode that a new directory was given, and be taken for its
 * right one by a repair; so with a new directory all that changed is written.
 *
 * @dentry: by which the file was opened, or NULL.
 */
static int sync_parents(struct inode *inode, struct dentry *dentry)
{
	struct dentry *parent;
	u32 entries;
	int err = 0;

	/* A file that had no name when it was opened may have got one. */
	dentry = !dentry || d_unhashed(dentry) ? d_find_alias(inode) : dget(dentry);
	if (!dentry)
		return 0;
	for (;;) {
		struct e2m_inode *ei = E2M_I(inode);
		bool new_directory = S_ISDIR(inode->i_mode);

		entries = READ_ONCE(ei->entries);
		/* Who was found by handle may have no parent to be seen. */
		if (err || IS_ROOT(dentry) ||
		    entries == READ_ONCE(ei->entries_synced))
			break;
		parent = dget_parent(dentry);
		dput(dentry);
		dentry = parent;
		inode = d_inode(dentry);
		err = sync_one(inode, 0);
		if (!err && new_directory)
			err = e2m_write_all(inode->i_sb);
		if (!err)
			WRITE_ONCE(ei->entries_synced, entries);
	}
	dput(dentry);
	return err;
}

/* An inode and its name, out of the device's cache as well. */
static int sync_with_name(struct inode *inode, struct dentry *dentry, int datasync)
{
	int err = sync_one(inode, datasync);

	if (!err)
		err = sync_parents(inode, dentry);
	return err ? err : blkdev_issue_flush(inode->i_sb->s_bdev);
}

/**
 * e2m_fsync - make a file durable
 * @file:     the open file or directory
 * @start:    first byte that matters
 * @end:      last one
 * @datasync: time stamps do not matter
 *
 * Context: may sleep.
 * Return: 0 or an errno, write errors of earlier writeback included.
 */
int e2m_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	int err, err2;

	err = file_write_and_wait_range(file, start, end);
	if (err)
		return err;
	err = sync_with_name(file->f_mapping->host, file_dentry(file), datasync);
	err2 = file_check_and_advance_wb_err(file);
	return err ? err : err2;
}

/**
 * e2m_commit_metadata - make durable what an NFS server is about to confirm
 * @inode: a directory of which a name was made, changed or removed, or an inode of
 *         which an attribute was
 *
 * Context: may sleep; directories' inode locks may be held.
 * Return: 0 or an errno.
 */
int e2m_commit_metadata(struct inode *inode)
{
	return sync_with_name(inode, NULL, 0);
}

/* Give the holes in a range blocks of zeroes. */
static int allocate_zeroes(struct inode *inode, u32 first, u32 last)
{
	struct super_block *sb = inode->i_sb;
	struct e2m_inode *ei = E2M_I(inode);
	struct e2m_run run = { };
	int err = 0;

	for (; first <= last && !err; first += run.len) {
		if (fatal_signal_pending(current))
			return -EINTR;
		e2m_demand_top_up(sb, E2M_OP_FALLOCATE);
		err = e2m_map_alloc(inode, first, last - first + 1, true, &run);
		if (err || !run.fresh)
			continue;
		err = sb_issue_zeroout(sb, run.pblk, run.len, GFP_NOFS);
		if (err)
			e2m_free_range(inode, first, first + run.len - 1);
		spin_lock(&ei->lock);
		ei->fresh_start = 0;
		WRITE_ONCE(ei->fresh_end, 0);
		spin_unlock(&ei->lock);
		cond_resched();
	}
	return err;
}

/* Turn a range into a hole, its edges into zeroes. */
static int punch_hole(struct inode *inode, loff_t start, loff_t end)
{
	loff_t first = round_up(start, i_blocksize(inode));
	/* The file's last block goes as a whole. */
	loff_t last = end < i_size_read(inode) ?
		      round_down(end, i_blocksize(inode)) :
		      round_up(end, i_blocksize(inode));
	int err;

	if (first > last)
		return cfs_zero_range(inode, start, end - start, &e2m_iomap_ops,
				      NULL);
	err = e2m_zero_tail(inode, start);
	if (!err && end > last)
		err = cfs_zero_range(inode, last, end - last, &e2m_iomap_ops,
				     NULL);
	if (err || first == last)
		return err;
	/* Pages that keep a part are not unmapped by that: whoever stores to the
	 * rest shall fault, and be given blocks.
	 */
	unmap_mapping_range(inode->i_mapping, round_down(first, PAGE_SIZE),
			    round_up(last, PAGE_SIZE) - round_down(first, PAGE_SIZE), 0);
	truncate_pagecache_range(inode, first, last - 1);
	e2m_free_range(inode, first >> inode->i_blkbits,
		       (last >> inode->i_blkbits) - 1);
	return 0;
}

static long fallocate_locked(struct inode *inode, int mode, loff_t offset,
			     loff_t len)
{
	loff_t end = offset + len, size = i_size_read(inode);
	unsigned int bits = inode->i_blkbits;
	long err = 0;

	if (!(mode & FALLOC_FL_PUNCH_HOLE) && end > size) {
		/* e2fsck allows no block behind the end of a file. */
		if (mode & FALLOC_FL_KEEP_SIZE)
			return -EOPNOTSUPP;
		err = inode_newsize_ok(inode, end);
		if (err)
			return err;
	}
	if ((mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) && offset < size)
		err = punch_hole(inode, offset, min(end, size));
	if (err || (mode & FALLOC_FL_PUNCH_HOLE))
		return err;
	if (end > size) {
		err = e2m_zero_tail(inode, size);
		if (err)
			return err;
	}
	err = allocate_zeroes(inode, offset >> bits, (end - 1) >> bits);
	if (err) {
		e2m_free_from(inode, size);
	} else if (end > size) {
		i_size_write(inode, end);
		pagecache_isize_extended(inode, size, end);
	}
	return err;
}

/**
 * e2m_fallocate - reserve, zero or punch a range
 * @inode:  the file
 * @mode:   FALLOC_FL_*
 * @offset: in bytes
 * @len:    in bytes
 *
 * ext2 cannot mark blocks as unwritten, so reserving writes zeroes.
 *
 * Context: may sleep; the inode lock is held. Takes the invalidate lock.
 * Return: 0 or an errno, -EOPNOTSUPP for what the format cannot express.
 */
long e2m_fallocate(struct inode *inode, int mode, loff_t offset, loff_t len)
{
	const int known = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE |
			  FALLOC_FL_ZERO_RANGE;
	long err;

	if (!S_ISREG(inode->i_mode) || (mode & ~known))
		return -EOPNOTSUPP;
	inode_dio_wait(inode);
	filemap_invalidate_lock(inode->i_mapping);
	err = fallocate_locked(inode, mode, offset, len);
	filemap_invalidate_unlock(inode->i_mapping);
	if (!err) {
		cfs_touch(inode);
		mark_inode_dirty(inode);
	}
	return err;
}

/**
 * e2m_seek_data_hole - move the place in a file to where data, or a hole, begin
 * @file:   the open file
 * @offset: in bytes
 * @whence: SEEK_DATA or SEEK_HOLE
 *
 * Context: may sleep; the inode lock is held shared.
 * Return: the place or an errno.
 */
loff_t e2m_seek_data_hole(struct file *file, loff_t offset, int whence)
{
	struct inode *inode = file_inode(file);

	if (whence == SEEK_HOLE)
		offset = iomap_seek_hole(inode, offset, &e2m_iomap_ops);
	else
		offset = iomap_seek_data(inode, offset, &e2m_iomap_ops);
	if (offset < 0)
		return offset;
	return vfs_setpos(file, offset, inode->i_sb->s_maxbytes);
}
