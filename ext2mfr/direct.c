// SPDX-License-Identifier: GPL-2.0
/*
 * Direct I/O. Nearly all of it is iomap's. A read of blocks that lie in a row, which
 * is waited for, goes straight to the device: iomap's way, made for all that can
 * be, takes some hundred instructions more.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/fs.h>
#include <linux/uio.h>
#include "demand.h"

/* Is there nothing to it but blocks to read, one after the other? */
static bool is_plain(struct kiocb *iocb, struct iov_iter *to)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	loff_t end = iocb->ki_pos + iov_iter_count(to);

	return is_sync_kiocb(iocb) && !(iocb->ki_flags & (IOCB_NOWAIT | IOCB_HIPRI)) &&
	       !((iocb->ki_pos | end) & (i_blocksize(inode) - 1)) &&
	       end <= i_size_read(inode) &&
	       bdev_iter_is_aligned(inode->i_sb->s_bdev, to);
}

/* Returns the number of bytes, less than asked for if the memory is in many pieces. */
static ssize_t read_blocks(struct kiocb *iocb, struct iov_iter *to, u32 pblk)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	struct bio *bio;
	ssize_t ret;

	bio = bio_alloc(inode->i_sb->s_bdev, bio_iov_vecs_to_alloc(to, BIO_MAX_VECS),
			REQ_OP_READ, GFP_NOFS);
	bio->bi_iter.bi_sector = (sector_t)pblk << (inode->i_blkbits - SECTOR_SHIFT);
	bio->bi_ioprio = iocb->ki_ioprio;
	ret = bio_iov_iter_get_pages(bio, to);
	if (!ret) {
		ssize_t bytes = bio->bi_iter.bi_size;

		ret = submit_bio_wait(bio) ?: bytes;
		bio_release_pages(bio, user_backed_iter(to));
	}
	bio_put(bio);
	return ret;
}

/* Returns 0 if this is not the way. */
static ssize_t read_run(struct kiocb *iocb, struct iov_iter *to)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	loff_t pos = iocb->ki_pos;
	size_t bytes = iov_iter_count(to);
	u32 blocks = bytes >> inode->i_blkbits;
	struct e2m_run run = { };
	ssize_t ret;
	int err;

	if (!bytes || !is_plain(iocb, to))
		return 0;
	err = filemap_write_and_wait_range(inode->i_mapping, pos, pos + bytes - 1);
	if (!err)
		err = e2m_map_for_read(inode, pos >> inode->i_blkbits, blocks, &run);
	if (err)
		return err;
	if (!run.pblk || run.len < blocks)
		return 0;
	ret = read_blocks(iocb, to, run.pblk);
	if (ret > 0)
		iocb->ki_pos += ret;
	return ret;
}

/**
 * e2m_read_direct - read past the page cache
 * @iocb: where
 * @to:   destination
 *
 * Context: may sleep; the inode lock is held shared.
 * Return: number of bytes, -EIOCBQUEUED or an errno.
 */
ssize_t e2m_read_direct(struct kiocb *iocb, struct iov_iter *to)
{
	ssize_t done = read_run(iocb, to), ret = 0;

	if (done >= 0 && iov_iter_count(to))
		ret = iomap_dio_rw(iocb, to, &e2m_iomap_ops, NULL, 0, NULL, 0);
	file_accessed(iocb->ki_filp);
	return done ? done + max_t(ssize_t, ret, 0) : ret;
}

/* Blocks up to the new end are written: let the file end there. */
static int dio_write_done(struct kiocb *iocb, ssize_t size, int error,
			  unsigned int flags)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	loff_t end = iocb->ki_pos + size, old = i_size_read(inode);

	if (error || size <= 0)
		return error;
	if (end > old) {
		i_size_write(inode, end);
		pagecache_isize_extended(inode, old, end);
		mark_inode_dirty(inode);
	}
	return 0;
}

static const struct iomap_dio_ops dio_write_ops = {
	.end_io = dio_write_done,
};

/* A piece through the page cache, and out of it. */
static ssize_t write_through(struct kiocb *iocb, struct iov_iter *from)
{
	struct address_space *mapping = iocb->ki_filp->f_mapping;
	loff_t pos = iocb->ki_pos;
	ssize_t ret;
	int err;

	iocb->ki_flags &= ~IOCB_DIRECT;
	ret = e2m_buffered_write(iocb, from);
	iocb->ki_flags |= IOCB_DIRECT;
	if (ret <= 0)
		return ret;
	err = filemap_write_and_wait_range(mapping, pos, pos + ret - 1);
	if (err)
		return err;
	invalidate_mapping_pages(mapping, pos >> PAGE_SHIFT,
				 (pos + ret - 1) >> PAGE_SHIFT);
	return ret;
}

/* What met a hole: in pieces, as far as the scope covers them. */
static ssize_t finish_buffered(struct kiocb *iocb, struct iov_iter *from,
			       ssize_t done)
{
	struct ama_call call = e2m_call(file_inode(iocb->ki_filp)->i_sb, 0);
	size_t rest;
	ssize_t ret;

	while ((rest = iov_iter_count(from))) {
		call.bytes = min_t(size_t, rest, AMA_PIECE);
		if (done && !ama_scope_extend(E2M_OP_WRITE, &call))
			break;
		iov_iter_truncate(from, AMA_PIECE);
		ret = write_through(iocb, from);
		iov_iter_reexpand(from, rest - max_t(ssize_t, ret, 0));
		if (ret <= 0)
			return done ? done : ret;
		done += ret;
	}
	return done;
}

/**
 * e2m_write_direct - write past the page cache
 * @iocb: where
 * @from: source
 *
 * Context: may sleep; the inode lock is held for writing.
 * Return: number of bytes, -EIOCBQUEUED or an errno.
 */
ssize_t e2m_write_direct(struct kiocb *iocb, struct iov_iter *from)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	loff_t size = i_size_read(inode), pos = iocb->ki_pos;
	size_t count = iov_iter_count(from);
	bool nowait = iocb->ki_flags & IOCB_NOWAIT;
	unsigned int flags = 0;
	ssize_t ret;

	/* Blocks would have to be allocated. */
	if (nowait && pos + count > size)
		return -EAGAIN;
	if (pos + count > size ||
	    ((pos | count) & (i_blocksize(inode) - 1)))
		flags = IOMAP_DIO_FORCE_WAIT;
	if (pos > size) {
		ret = e2m_zero_tail(inode, size);
		if (ret)
			return ret;
	}
	ret = iomap_dio_rw(iocb, from, &e2m_iomap_ops, &dio_write_ops, flags,
			   NULL, 0);
	if (ret == -ENOTBLK)
		ret = nowait ? -EAGAIN : 0;
	/* Blocks that were allocated and not written. */
	if (ret != -EIOCBQUEUED && pos + count > i_size_read(inode))
		e2m_free_from(inode, i_size_read(inode));
	if (ret >= 0 && !nowait && iov_iter_count(from))
		ret = finish_buffered(iocb, from, ret);
	return ret;
}
