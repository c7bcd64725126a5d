// SPDX-License-Identifier: GPL-2.0
/*
 * Writing what lies in one page, where a page is a block. As for reading
 * (page_read.c), iomap's way could be taken at any time, and costs some hundred
 * instructions more.
 *
 * A block is given to the page under its lock, as a page fault does it; nobody can see
 * what the device holds there before the page is up to date and dirty. So, other than
 * in iomap.c, nothing has to be hidden from readers meanwhile.
 */
#include <linux/pagemap.h>
#include <linux/uio.h>
#include <linux/writeback.h>
#include "demand.h"
#include "layout.h"

/* A dirty page has its block. */
static bool has_block(struct folio *folio)
{
	struct e2m_run run;

	return folio_test_dirty(folio) ||
	       (!e2m_map_find(folio->mapping->host, folio->index, 1, E2M_KEEP_DATA,
			      &run) && run.pblk);
}

/* Over what the cache has. */
static ssize_t write_over(struct folio *folio, size_t offset, size_t len,
			  struct iov_iter *from)
{
	size_t copied;

	if (!has_block(folio))
		return 0;
	copied = cfs_copy_to_folio(folio, offset, len, from);
	flush_dcache_folio(folio);
	if (copied)
		filemap_dirty_folio(folio->mapping, folio);
	return copied;
}

/*
 * A page of which the cache has nothing, and nothing is to be read: all of it is
 * written, or the file has a hole there. Until all is copied the file is as it was.
 */
static ssize_t write_anew(struct folio *folio, size_t offset, size_t len,
			  struct iov_iter *from)
{
	struct inode *inode = folio->mapping->host;
	struct e2m_run run = { };
	size_t copied;
	int err = 0;

	if (len < PAGE_SIZE)
		err = e2m_map_find(inode, folio->index, 1, E2M_KEEP_DATA, &run);
	if (err || run.pblk)
		return err;
	copied = cfs_copy_to_folio(folio, offset, len, from);
	if (copied == len)
		err = e2m_map_alloc(inode, folio->index, 1, false, &run);
	if (copied < len || err) {
		iov_iter_revert(from, copied);
		return err;
	}
	folio_zero_segments(folio, 0, offset, offset + len, PAGE_SIZE);
	flush_dcache_folio(folio);
	folio_mark_uptodate(folio);
	filemap_dirty_folio(folio->mapping, folio);
	return len;
}

/**
 * e2m_write_page - write what lies in one page, of a file whose pages are blocks
 * @iocb: where; not changed
 * @from: what; advanced by as much as was written
 *
 * Context: may sleep; the inode lock is held.
 * Return: number of bytes, or an errno. 0 if this is not the way: the range is not
 * inside a page, the rest of the page is to be read first or was a hole when it was
 * read, or the source is not in memory.
 */
ssize_t e2m_write_page(const struct kiocb *iocb, struct iov_iter *from)
{
	struct address_space *mapping = iocb->ki_filp->f_mapping;
	size_t offset = offset_in_page(iocb->ki_pos);
	size_t len = iov_iter_count(from);
	struct folio *folio;
	ssize_t ret = 0;

	if (offset + len > PAGE_SIZE || (iocb->ki_flags & IOCB_NOWAIT))
		return 0;
	folio = cfs_lock_to_write(mapping, iocb->ki_pos >> PAGE_SHIFT);
	if (!folio)
		return 0;
	if (!folio_test_large(folio))
		ret = folio_test_uptodate(folio) ?
		      write_over(folio, offset, len, from) :
		      write_anew(folio, offset, len, from);
	/* Writing back leaves out what is beyond the end. */
	if (ret > 0 && iocb->ki_pos + ret > i_size_read(mapping->host))
		i_size_write(mapping->host, iocb->ki_pos + ret);
	folio_unlock(folio);
	folio_put(folio);
	if (ret > 0)
		balance_dirty_pages_ratelimited(mapping);
	return ret;
}
