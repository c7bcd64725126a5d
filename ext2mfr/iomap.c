// SPDX-License-Identifier: GPL-2.0
/*
 * File data, by way of iomap.
 *
 * Blocks are allocated when a write is mapped, a run for the whole piece. They
 * hold somebody's old data until the piece has been copied into the page
 * cache, and readers take no lock that a write holds. So the run is "fresh"
 * meanwhile: whoever maps a fresh block for reading is told of a hole. Behind
 * the writer the fresh range shrinks, page by page, while the page is held;
 * what a write that stops early leaves is freed again. Blocks behind the end
 * of the file need no such care, since nobody reads there.
 *
 * A page fault allocates under the folio's lock, when the folio is up to date,
 * and a direct write allocates behind the end of the file only (others go
 * through the page cache), so neither leaves anything fresh.
 */
#include "demand.h"
#include "layout.h"

CFS_DEFINE_WRITE_HOOKS(write_hooks);

/**
 * cfs_write_valid - does a write's iomap still describe the file
 * @inode: the file
 * @iomap: as e2m_iomap_begin() filled it in
 *
 * Context: the folio to be written is locked.
 * Return: false to map the rest of the write again.
 */
bool cfs_write_valid(struct inode *inode, const struct iomap *iomap)
{
	return iomap->validity_cookie == E2M_I(inode)->fresh_cookie;
}

/**
 * cfs_write_copied - bytes went into the page cache
 * @inode:  the file; its lock is held
 * @pos:    where
 * @copied: how many
 *
 * The blocks up to there are not fresh any more. A write that stopped inside
 * a block makes the iomap stale, since it would call the block's first half,
 * which may have been written out and reclaimed, new.
 *
 * Context: the folio is held.
 */
void cfs_write_copied(struct inode *inode, loff_t pos, unsigned int copied)
{
	struct e2m_inode *ei = E2M_I(inode);
	loff_t end = pos + copied;
	u32 block;

	if (!copied)
		return;
	block = (end + i_blocksize(inode) - 1) >> inode->i_blkbits;
	spin_lock(&ei->lock);
	if (ei->fresh_start < ei->fresh_end)
		ei->fresh_start = clamp(block, ei->fresh_start, ei->fresh_end);
	if (end & (i_blocksize(inode) - 1))
		ei->fresh_cookie++;
	spin_unlock(&ei->lock);
}

static void end_fresh(struct e2m_inode *ei)
{
	spin_lock(&ei->lock);
	ei->fresh_start = 0;
	WRITE_ONCE(ei->fresh_end, 0);
	spin_unlock(&ei->lock);
}

/*
 * Readers see a fresh block as a hole: cut the run where that changes. What is
 * fresh is noted before it can be found, so who found a run and sees nothing fresh
 * needs no lock.
 */
static void hide_fresh(struct e2m_inode *ei, struct e2m_run *run)
{
	u32 start, end;

	if (!READ_ONCE(ei->fresh_end))
		return;
	spin_lock(&ei->lock);
	start = ei->fresh_start;
	end = ei->fresh_end;
	spin_unlock(&ei->lock);
	if (start >= end || !run->pblk || run->lblk >= end ||
	    run->lblk + run->len <= start)
		return;
	if (run->lblk < start) {
		run->len = start - run->lblk;
	} else {
		run->pblk = 0;
		run->len = min(run->len, end - run->lblk);
	}
}

/**
 * e2m_map_for_read - where blocks of a file lie, for who reads them
 * @inode: the file
 * @lblk:  first block asked for
 * @max:   how many blocks are of interest, at least 1
 * @run:   receives the run, or hole, that starts there; 1 to @max blocks
 *
 * Context: may sleep; takes map_sem.
 * Return: as e2m_map_find().
 */
int e2m_map_for_read(struct inode *inode, u32 lblk, u32 max,
		     struct e2m_run *run)
{
	int err = e2m_map_find(inode, lblk, max, E2M_KEEP_DATA, run);

	if (!err)
		hide_fresh(E2M_I(inode), run);
	return err;
}

static void run_to_iomap(const struct inode *inode, const struct e2m_run *run,
			 struct iomap *iomap)
{
	unsigned int bits = inode->i_blkbits;

	iomap->bdev = inode->i_sb->s_bdev;
	iomap->offset = (u64)run->lblk << bits;
	iomap->length = (u64)run->len << bits;
	if (run->pblk) {
		iomap->type = IOMAP_MAPPED;
		iomap->flags |= IOMAP_F_MERGED;
		iomap->addr = (u64)run->pblk << bits;
	} else {
		iomap->type = IOMAP_HOLE;
		iomap->addr = IOMAP_NULL_ADDR;
	}
	if (run->fresh)
		iomap->flags |= IOMAP_F_NEW;
}

/* Behind the last block that the trees can name all is hole. */
static int map_beyond(const struct inode *inode, loff_t pos, loff_t length,
		      unsigned int flags, struct iomap *iomap)
{
	if (flags & IOMAP_WRITE)
		return -EFBIG;
	iomap->type = IOMAP_HOLE;
	iomap->addr = IOMAP_NULL_ADDR;
	iomap->bdev = inode->i_sb->s_bdev;
	iomap->offset = pos;
	iomap->length = length;
	return 0;
}

static int map_for_write(struct inode *inode, u32 lblk, u32 max,
			 unsigned int flags, struct e2m_run *run)
{
	loff_t pos = (loff_t)lblk << inode->i_blkbits;
	int err;

	if (!(flags & IOMAP_DIRECT))
		return e2m_map_alloc(inode, lblk, max, !(flags & IOMAP_FAULT),
				     run);
	if (pos >= i_size_read(inode))
		return e2m_map_alloc(inode, lblk, max, false, run);
	err = e2m_map_find(inode, lblk, max, E2M_KEEP_DATA, run);
	if (!err && !run->pblk)
		err = -ENOTBLK;
	return err;
}

static int e2m_iomap_begin(struct inode *inode, loff_t pos, loff_t length,
			   unsigned int flags, struct iomap *iomap,
			   struct iomap *srcmap)
{
	unsigned int bits = inode->i_blkbits;
	struct e2m_inode *ei = E2M_I(inode);
	u64 first = pos >> bits, last = (pos + length - 1) >> bits;
	u64 limit = min_t(u64, e2m_map_limit(E2M_SB(inode->i_sb)), U32_MAX);
	struct e2m_run run;
	int err;

	if (first >= limit)
		return map_beyond(inode, pos, length, flags, iomap);
	last = min(last, limit - 1);
	if ((flags & IOMAP_NOWAIT) &&
	    !e2m_run_find(ei, first, last - first + 1, &run))
		return -EAGAIN;
	if (flags & IOMAP_WRITE)
		err = map_for_write(inode, first, last - first + 1, flags,
				    &run);
	else
		err = e2m_map_for_read(inode, first, last - first + 1, &run);
	if (err)
		return err;
	run_to_iomap(inode, &run, iomap);
	if (flags & IOMAP_WRITE)
		iomap->validity_cookie = ei->fresh_cookie;
	if (run.fresh && !(flags & (IOMAP_FAULT | IOMAP_DIRECT)))
		cfs_iomap_hook(iomap, &write_hooks);
	return 0;
}

/* Does the page cache have the folio at @pos whole? Then let it be written as
 * it is. @end is moved down to the folio's end.
 */
static bool keep_cached(struct address_space *mapping, loff_t pos, loff_t *end)
{
	struct folio *folio = cfs_lock_cached(mapping, pos >> PAGE_SHIFT);
	bool whole;

	if (!folio) {
		*end = min(*end, round_down(pos, (loff_t)PAGE_SIZE) +
				 (loff_t)PAGE_SIZE);
		return false;
	}
	*end = min(*end, folio_pos(folio) + (loff_t)folio_size(folio));
	whole = folio_test_uptodate(folio);
	if (whole)
		folio_mark_dirty(folio);
	folio_unlock(folio);
	folio_put(folio);
	return whole;
}

/*
 * Free the blocks of [@from, @to) that a write was given but did not fill.
 * A page fault may have made the zeroes that it saw there somebody's data. It
 * needs the whole folio up to date, which a write alone does not make it: so
 * what is up to date stays. The invalidate lock keeps further faults out.
 */
static void free_unfilled(struct inode *inode, loff_t from, loff_t to)
{
	struct address_space *mapping = inode->i_mapping;
	loff_t end = round_up(i_size_read(inode), i_blocksize(inode)), next;
	unsigned int bits = inode->i_blkbits;

	filemap_invalidate_lock(mapping);
	if (to > max(from, end))
		e2m_free_range(inode, max(from, end) >> bits, (to >> bits) - 1);
	to = min(to, end);
	for (; from < to; from = next) {
		next = to;
		if (!keep_cached(mapping, from, &next))
			e2m_free_range(inode, from >> bits, (next >> bits) - 1);
	}
	filemap_invalidate_unlock(mapping);
}

static int e2m_iomap_end(struct inode *inode, loff_t pos, loff_t length,
			 ssize_t written, unsigned int flags,
			 struct iomap *iomap)
{
	loff_t filled = round_up(pos + max_t(ssize_t, written, 0),
				 i_blocksize(inode));
	loff_t end = iomap->offset + iomap->length;

	if (!(iomap->flags & IOMAP_F_NEW) ||
	    (flags & (IOMAP_FAULT | IOMAP_DIRECT)))
		return 0;
	if (written <= 0)
		filled = round_down(pos, i_blocksize(inode));
	if (filled < end)
		free_unfilled(inode, filled, end);
	end_fresh(E2M_I(inode));
	return 0;
}

const struct iomap_ops e2m_iomap_ops = {
	.iomap_begin	= e2m_iomap_begin,
	.iomap_end	= e2m_iomap_end,
};

/**
 * e2m_buffered_write - write through the page cache
 * @iocb: where, and with which flags
 * @from: what; a bounded piece
 *
 * Context: may sleep; the inode lock is held.
 * Return: number of bytes or an errno.
 */
ssize_t e2m_buffered_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	loff_t size = i_size_read(inode), pos = iocb->ki_pos;
	ssize_t done = 0, ret = 0;

	if (pos > size) {
		ret = e2m_zero_tail(inode, size);
		if (ret)
			return ret;
	}
	if (e2m_page_is_block(inode)) {
		done = e2m_write_page(iocb, from);
		if (done < 0)
			return done;
		iocb->ki_pos = pos + done;
	}
	if (iov_iter_count(from))
		ret = cfs_iomap_write(iocb, from, &e2m_iomap_ops, &write_hooks);
	if (ret > 0)
		done += ret;
	/* Some versions of iomap do this, some do not. */
	iocb->ki_pos = pos + done;
	if (i_size_read(inode) != size)
		mark_inode_dirty(inode);
	return done ? done : ret;
}

/**
 * e2m_zero_tail - zero the rest of a block
 * @inode: the file; its lock is held
 * @pos:   from here to the end of its block
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
int e2m_zero_tail(struct inode *inode, loff_t pos)
{
	loff_t size = i_size_read(inode);
	int err;

	if (!(pos & (i_blocksize(inode) - 1)))
		return 0;
	err = cfs_truncate_page(inode, pos, &e2m_iomap_ops, &write_hooks);
	/* Some versions of iomap take zeroes for data that make a file longer. */
	if (i_size_read(inode) != size)
		i_size_write(inode, size);
	return err;
}

/**
 * struct writeback - a writeback under way
 * @ctx: iomap's part
 * @seq: the inode's map_seq when ctx.iomap was looked up
 */
struct writeback {
	struct iomap_writepage_ctx ctx;
	u32 seq;
};

/*
 * Blocks of dirty folios are allocated, so this only looks them up. The folio
 * is locked, so its blocks stay; but the mapping that is at hand may be from
 * before another part of the file was freed, and written anew elsewhere. A hole
 * (beside dirty blocks, where whole folios are written) may be filled meanwhile.
 */
static CFS_MAP_DIRTY(map_dirty, ctx, inode, offset)
{
	struct writeback *wb = container_of(ctx, struct writeback, ctx);
	u32 seq = READ_ONCE(E2M_I(inode)->map_seq);
	struct e2m_run run;
	int err;

	if (ctx->iomap.type == IOMAP_MAPPED && wb->seq == seq &&
	    offset >= ctx->iomap.offset &&
	    offset < ctx->iomap.offset + ctx->iomap.length)
		return 0;
	err = e2m_map_find(inode, offset >> inode->i_blkbits,
			   BIO_MAX_VECS, E2M_KEEP_DATA, &run);
	if (err)
		return err;
	ctx->iomap = (struct iomap){ };
	run_to_iomap(inode, &run, &ctx->iomap);
	wb->seq = seq;
	return 0;
}

static const struct iomap_writeback_ops writeback_ops = {
	.map_blocks	= map_dirty,
};

/**
 * e2m_writepages - write dirty pages
 * @mapping: of a regular file
 * @wbc:     which, and how urgently
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
int e2m_writepages(struct address_space *mapping, struct writeback_control *wbc)
{
	struct writeback wb = { };

	return iomap_writepages(mapping, wbc, &wb.ctx, &writeback_ops);
}
