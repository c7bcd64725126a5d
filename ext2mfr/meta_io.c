// SPDX-License-Identifier: GPL-2.0
/*
 * Metadata blocks, through the buffers of the block device.
 *
 * A long walk (a directory of thousands of blocks, the indirect blocks of a
 * large file) would fill the cache, and no constant demand would cover it. So
 * a block that is only read can be peeked at: when the task's scope runs low
 * and the block is not cached, it is read through one page that the volume
 * owns from mount to unmount, one reader at a time.
 */
#include <linux/bio.h>
#include "demand.h"
#include "layout.h"

/*
 * A block that could not be written is newer in memory than on the device, and
 * reading it again would bring back what was freed and given away since: what
 * memory has stays the truth, and is written once more.
 */
static bool keep_unwritten(struct buffer_head *bh)
{
	bool keep;

	lock_buffer(bh);
	keep = buffer_write_io_error(bh) && !buffer_uptodate(bh);
	if (keep)
		e2m_meta_dirty(bh, NULL);
	unlock_buffer(bh);
	return keep;
}

/**
 * e2m_meta_read - read a metadata block
 * @sb:    the volume
 * @block: number of the block, which the caller has checked
 *
 * A block that cannot be read is reported, as errors= wants.
 *
 * Context: may sleep.
 * Return: the buffer, up to date, or ERR_PTR(-EIO).
 */
struct buffer_head *e2m_meta_read(struct super_block *sb, u32 block)
{
	struct buffer_head *bh = sb_getblk(sb, block);

	if (bh && (buffer_uptodate(bh) || keep_unwritten(bh) ||
		   bh_read(bh, 0) >= 0))
		return bh;
	brelse(bh);
	e2m_corrupt(sb, NULL, "cannot read block %u", block);
	return ERR_PTR(-EIO);
}

/**
 * e2m_meta_new - the buffer of a newly allocated block, zeroed
 * @sb:    the volume
 * @block: number of the block
 *
 * Context: may sleep.
 * Return: the buffer, up to date but not dirty, or ERR_PTR(-EIO).
 */
struct buffer_head *e2m_meta_new(struct super_block *sb, u32 block)
{
	struct buffer_head *bh = sb_getblk(sb, block);

	if (!bh)
		return ERR_PTR(-EIO);
	lock_buffer(bh);
	memset(bh->b_data, 0, bh->b_size);
	set_buffer_uptodate(bh);
	unlock_buffer(bh);
	return bh;
}

static int read_recycled(struct super_block *sb, u32 block,
			 struct e2m_peek *peek)
{
	struct e2m_sb *sbi = E2M_SB(sb);
	struct bio *bio = &sbi->recycle_bio;
	int err;

	mutex_lock(&sbi->recycle_lock);
	bio_init(bio, sb->s_bdev, &sbi->recycle_vec, 1, REQ_OP_READ | REQ_META);
	bio->bi_iter.bi_sector = (sector_t)block <<
				 (sb->s_blocksize_bits - SECTOR_SHIFT);
	__bio_add_page(bio, sbi->recycle_page, sb->s_blocksize, 0);
	err = submit_bio_wait(bio);
	bio_uninit(bio);
	if (err) {
		mutex_unlock(&sbi->recycle_lock);
		e2m_corrupt(sb, NULL, "cannot read block %u", block);
		return err;
	}
	peek->data = page_address(sbi->recycle_page);
	peek->recycle = sbi;
	return 0;
}

/**
 * e2m_meta_peek - look at a metadata block without keeping it
 * @sb:    the volume
 * @block: number of the block, which the caller has checked
 * @keep:  pages of its scope that the operation needs for what follows
 * @peek:  receives the content; release it with e2m_meta_unpeek()
 *
 * A task holds one peek at a time. Whoever could change the block is excluded
 * by the caller's lock.
 *
 * Context: may sleep.
 * Return: 0 or -EIO.
 */
int e2m_meta_peek(struct super_block *sb, u32 block, unsigned int keep,
		  struct e2m_peek *peek)
{
	struct buffer_head *bh;

	peek->recycle = NULL;
	bh = sb_find_get_block(sb, block);
	if (!bh || !(buffer_uptodate(bh) || keep_unwritten(bh))) {
		brelse(bh);
		peek->bh = NULL;
		if (ama_scope_left() < keep + e2m_block_pages(sb) &&
		    e2m_demand_recycles())
			return read_recycled(sb, block, peek);
		bh = e2m_meta_read(sb, block);
		if (IS_ERR(bh))
			return PTR_ERR(bh);
	}
	peek->bh = bh;
	peek->data = bh->b_data;
	return 0;
}

/**
 * e2m_meta_unpeek - the block is not looked at any more
 * @peek: from e2m_meta_peek()
 *
 * Context: may sleep.
 */
void e2m_meta_unpeek(struct e2m_peek *peek)
{
	brelse(peek->bh);
	if (peek->recycle)
		mutex_unlock(&peek->recycle->recycle_lock);
}

/**
 * e2m_meta_forget - a metadata block is about to be freed
 * @sb:    the volume
 * @block: number of the block
 *
 * Its buffer must not be written any more, since the block's next owner may
 * write it past the buffer cache: wait for a write under way, drop the rest.
 *
 * Context: may sleep.
 */
void e2m_meta_forget(struct super_block *sb, u32 block)
{
	struct buffer_head *bh = sb_find_get_block(sb, block);

	if (!bh)
		return;
	lock_buffer(bh);
	clear_buffer_dirty(bh);
	unlock_buffer(bh);
	bforget(bh);
}

/**
 * e2m_meta_dirty - a metadata block was changed
 * @bh:    its buffer
 * @inode: inode whose fsync must write it, or NULL
 *
 * Context: process context, does not sleep.
 */
void e2m_meta_dirty(struct buffer_head *bh, struct inode *inode)
{
	/* A write that failed must not keep this one from being tried. */
	if (!buffer_uptodate(bh))
		set_buffer_uptodate(bh);
	if (inode)
		mark_buffer_dirty_inode(bh, inode);
	else
		mark_buffer_dirty(bh);
}

/**
 * e2m_meta_sync - write a metadata block and wait
 * @sb: the volume
 * @bh: the block's buffer
 *
 * A block that cannot be written is reported, as errors= wants.
 *
 * Context: may sleep.
 * Return: 0 or -EIO.
 */
int e2m_meta_sync(struct super_block *sb, struct buffer_head *bh)
{
	int err = sync_dirty_buffer(bh);

	if (!err && buffer_req(bh) && !buffer_uptodate(bh))
		err = -EIO;
	if (err)
		e2m_meta_check_written(sb);
	return err;
}

/**
 * e2m_write_all - bring all metadata to the device, and out of its cache
 * @sb: the volume
 *
 * An error stays to be found by syncfs, which asks for errors another way.
 *
 * Context: may sleep; no buffer is locked.
 * Return: 0 or an errno.
 */
int e2m_write_all(struct super_block *sb)
{
	struct address_space *mapping = cfs_bdev_mapping(sb->s_bdev);
	int err = filemap_fdatawrite(mapping);

	filemap_fdatawait_keep_errors(mapping);
	if (e2m_meta_check_written(sb) && !err)
		err = -EIO;
	return err ? err : blkdev_issue_flush(sb->s_bdev);
}

/**
 * e2m_meta_check_written - report that metadata could not be written
 * @sb: the volume
 *
 * Background writes have no caller that could be told. The device's mapping
 * notes their errors and those of others; what is new is reported once.
 *
 * Context: process context, does not sleep.
 * Return: whether there is something new.
 */
bool e2m_meta_check_written(struct super_block *sb)
{
	errseq_t *errors = &cfs_bdev_mapping(sb->s_bdev)->wb_err;
	struct e2m_sb *sbi = E2M_SB(sb);
	int err;

	if (!errseq_check(errors, READ_ONCE(sbi->errors_known)))
		return false;
	spin_lock(&sbi->errors_lock);
	err = errseq_check_and_advance(errors, &sbi->errors_known);
	spin_unlock(&sbi->errors_lock);
	if (!err)
		return false;
	WRITE_ONCE(sbi->write_failed, true);
	e2m_corrupt(sb, NULL, "metadata could not be written");
	return true;
}
