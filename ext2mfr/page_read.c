// SPDX-License-Identifier: GPL-2.0
/*
 * Reading one page: copying it out of the cache; and, where it is a block, having it
 * read alone. iomap keeps nothing of such folios, so both ways can be taken on the
 * same file. The general one, made for many pages and many extents, costs some hundred
 * instructions more.
 */
#include <linux/bio.h>
#include <linux/mount.h>
#include <linux/swap.h>
#include <linux/uio.h>
#include "demand.h"
#include "layout.h"

static void page_was_read(struct bio *bio)
{
	cfs_folio_end_read(page_folio(bio_first_page_all(bio)),
			   !bio->bi_status);
	bio_put(bio);
}

static void submit_read(struct folio *folio, const struct inode *inode,
			u32 pblk, blk_opf_t flags)
{
	struct bio *bio = bio_alloc(inode->i_sb->s_bdev, 1,
				    REQ_OP_READ | flags, GFP_NOFS);

	bio->bi_iter.bi_sector = (sector_t)pblk <<
				 (PAGE_SHIFT - SECTOR_SHIFT);
	bio->bi_end_io = page_was_read;
	__bio_add_page(bio, folio_page(folio, 0), PAGE_SIZE, 0);
	submit_bio(bio);
}

/**
 * e2m_read_page - read a page that is a block
 * @folio: one page of the page cache, locked and not up to date; unlocked when it
 *         has been read, or has failed
 * @flags: REQ_RAHEAD, or 0
 *
 * Context: may sleep.
 * Return: 0, -EIO, -EFSCORRUPTED.
 */
int e2m_read_page(struct folio *folio, blk_opf_t flags)
{
	struct inode *inode = folio->mapping->host;
	struct e2m_run run = { };
	int err = 0;

	if (folio_pos(folio) < i_size_read(inode))
		err = e2m_map_for_read(inode, folio->index, 1, &run);
	if (!err && run.pblk) {
		submit_read(folio, inode, run.pblk, flags);
		return 0;
	}
	if (!err)
		folio_zero_range(folio, 0, PAGE_SIZE);
	cfs_folio_end_read(folio, !err);
	return err;
}

static void pages_were_read(struct bio *bio)
{
	struct folio_iter fi;

	bio_for_each_folio_all(fi, bio)
		cfs_folio_end_read(fi.folio, !bio->bi_status);
	bio_put(bio);
}

/**
 * struct ahead - pages that are read ahead
 * @bio:  of those that lie in a row, not submitted yet, or NULL
 * @next: the block after them
 * @run:  where the pages that follow are, as far as it was looked up
 */
struct ahead {
	struct bio *bio;
	u32 next;
	struct e2m_run run;
};

static void submit_ahead(struct ahead *ahead)
{
	if (ahead->bio)
		submit_bio(ahead->bio);
	ahead->bio = NULL;
}

/* The block of a page, 0 if there is none to be read. */
static u32 block_of(struct ahead *ahead, struct inode *inode, pgoff_t index, u32 pages)
{
	struct e2m_run *run = &ahead->run;

	if (index - run->lblk >= run->len &&
	    e2m_map_for_read(inode, index, pages, run))
		*run = (struct e2m_run) { };
	return run->pblk ? run->pblk + (index - run->lblk) : 0;
}

/* @pages: how many there are from @folio on. */
static void read_ahead(struct ahead *ahead, struct folio *folio, u32 pages)
{
	struct inode *inode = folio->mapping->host;
	u32 block = 0;

	if (folio_pos(folio) < i_size_read(inode))
		block = block_of(ahead, inode, folio->index, pages);
	/* A hole, the end, or what cannot be looked up. */
	if (!block) {
		e2m_read_page(folio, REQ_RAHEAD);
		return;
	}
	if (block != ahead->next)
		submit_ahead(ahead);
	if (!ahead->bio) {
		ahead->bio = bio_alloc(inode->i_sb->s_bdev, bio_max_segs(pages),
				       REQ_OP_READ | REQ_RAHEAD, GFP_NOFS);
		ahead->bio->bi_iter.bi_sector = (sector_t)block <<
						(PAGE_SHIFT - SECTOR_SHIFT);
		ahead->bio->bi_end_io = pages_were_read;
	}
	__bio_add_page(ahead->bio, folio_page(folio, 0), PAGE_SIZE, 0);
	ahead->next = block + 1;
	if (ahead->bio->bi_vcnt == ahead->bio->bi_max_vecs)
		submit_ahead(ahead);
}

/**
 * e2m_readahead_pages - read single pages ahead
 * @rac: the folios, of a file whose pages are blocks; the first is a single page, and
 *       mostly all are then
 *
 * Context: may sleep.
 */
void e2m_readahead_pages(struct readahead_control *rac)
{
	u32 left = readahead_count(rac), pages;
	struct ahead ahead = { };
	struct folio *folio;

	for (; (folio = readahead_folio(rac)); left -= pages) {
		/* Once it is read the folio is not ours any more. */
		pages = folio_nr_pages(folio);
		if (pages > 1)
			cfs_read_folio(folio, &e2m_iomap_ops);
		else
			read_ahead(&ahead, folio, left);
	}
	submit_ahead(&ahead);
}

/*
 * Looking for a page in vain costs as much as is saved by finding one. After two that
 * were not there the cache is asked every sixteenth time, until it has one again.
 */
static bool may_be_cached(struct e2m_inode *ei)
{
	u8 cold = READ_ONCE(ei->cold_reads);

	if (cold < 2 || cold % 16 == 0)
		return true;
	WRITE_ONCE(ei->cold_reads, cold + 1);
	return false;
}

static void note_hit(struct e2m_inode *ei)
{
	if (READ_ONCE(ei->cold_reads))
		WRITE_ONCE(ei->cold_reads, 0);
}

static struct folio *find_cached(struct address_space *mapping, pgoff_t index)
{
	struct e2m_inode *ei = E2M_I(mapping->host);
	struct folio *folio;

	if (!may_be_cached(ei))
		return NULL;
	folio = cfs_get_cached(mapping, index);
	if (folio)
		note_hit(ei);
	else
		WRITE_ONCE(ei->cold_reads, READ_ONCE(ei->cold_reads) + 1);
	return folio;
}

/*
 * Is a page, not cached, wanted on its own? Then nothing would be read ahead either:
 * it continues neither what was read last nor what was read ahead, and the page
 * before it is not there. (What the kernel's readahead calls a random read, but that
 * a single neighbour would be too few for it.)
 */
static bool wanted_alone(const struct kiocb *iocb, struct address_space *mapping,
			 pgoff_t index)
{
	const struct file_ra_state *ra = &iocb->ki_filp->f_ra;
	void *before;

	if ((iocb->ki_flags & (IOCB_NOWAIT | IOCB_NOIO | IOCB_WAITQ)) || !index ||
	    index - (ra->prev_pos >> PAGE_SHIFT) <= 1 || index - ra->start <= ra->size ||
	    !e2m_page_is_block(mapping->host))
		return false;
	before = xa_load(&mapping->i_pages, index - 1);
	return !before || xa_is_value(before);
}

/* Read it and wait; NULL if it could not be had, which the general way reports. */
static struct folio *read_alone(struct address_space *mapping, pgoff_t index)
{
	struct folio *folio;

	filemap_invalidate_lock_shared(mapping);
	folio = cfs_lock_or_create(mapping, index);
	if (!folio) {
		filemap_invalidate_unlock_shared(mapping);
		return NULL;
	}
	if (!folio_test_uptodate(folio) && !folio_test_large(folio)) {
		e2m_read_page(folio, 0);
	} else {
		note_hit(E2M_I(mapping->host));
		folio_unlock(folio);
	}
	filemap_invalidate_unlock_shared(mapping);
	if (!folio_wait_locked_killable(folio) && folio_test_uptodate(folio))
		return folio;
	folio_put(folio);
	return NULL;
}

/* Reading a page a piece at a time is one use of it. */
static void note_access(struct folio *folio, struct file *file, loff_t pos)
{
	if (pos >> PAGE_SHIFT != (file->f_ra.prev_pos - 1) >> PAGE_SHIFT)
		folio_mark_accessed(folio);
}

/*
 * Would touch_atime() find nothing to do? That may be said with certainty when the
 * time is this second's, or when relatime, by its rule, leaves it for a day.
 */
static bool atime_settled(const struct file *file)
{
	const struct inode *inode = file_inode(file);
	time64_t now = ktime_get_real_seconds(), atime = cfs_atime_sec(inode);

	return atime == now ||
	       ((file->f_path.mnt->mnt_flags & MNT_RELATIME) &&
		atime > cfs_mtime_sec(inode) && atime > cfs_ctime_sec(inode) &&
		now > atime && now - atime < 24 * 60 * 60);
}

static size_t copy_out(struct folio *folio, struct kiocb *iocb, struct iov_iter *to)
{
	struct address_space *mapping = iocb->ki_filp->f_mapping;
	pgoff_t index = iocb->ki_pos >> PAGE_SHIFT;

	note_access(folio, iocb->ki_filp, iocb->ki_pos);
	if (mapping_writably_mapped(mapping))
		flush_dcache_folio(folio);
	return copy_page_to_iter(folio_page(folio, index - folio->index),
				 offset_in_page(iocb->ki_pos), iov_iter_count(to), to);
}

/**
 * e2m_read_in_page - read what lies in one page of the cache, or is to be read alone
 * @iocb: where; advanced by as much as was read
 * @to:   where to; likewise
 *
 * Context: may sleep. Takes the invalidate lock.
 * Return: number of bytes, 0 if this is not the way: the range is not inside a page
 * or not inside the file, or more is to be read ahead from here.
 */
size_t e2m_read_in_page(struct kiocb *iocb, struct iov_iter *to)
{
	struct address_space *mapping = iocb->ki_filp->f_mapping;
	pgoff_t index = iocb->ki_pos >> PAGE_SHIFT;
	size_t len = iov_iter_count(to), copied = 0;
	loff_t end = iocb->ki_pos + len;
	struct folio *folio;

	if (offset_in_page(iocb->ki_pos) + len > PAGE_SIZE ||
	    end > i_size_read(mapping->host))
		return 0;
	folio = find_cached(mapping, index);
	if (!folio && wanted_alone(iocb, mapping, index))
		folio = read_alone(mapping, index);
	if (!folio)
		return 0;
	/* The size is looked at last: what is beyond it was zero before that. */
	if (folio_test_uptodate(folio) && !folio_test_readahead(folio) &&
	    end <= i_size_read(mapping->host))
		copied = copy_out(folio, iocb, to);
	folio_put(folio);
	if (copied) {
		iocb->ki_pos += copied;
		iocb->ki_filp->f_ra.prev_pos = iocb->ki_pos;
		if (!atime_settled(iocb->ki_filp))
			file_accessed(iocb->ki_filp);
	}
	return copied;
}
