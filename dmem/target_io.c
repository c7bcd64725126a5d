// SPDX-License-Identifier: GPL-2.0
/*
 * The target's reads and writes.
 *
 * Every write, discard or zeroing counts its blocks as being written, drops
 * their copies, and goes down. Every read is answered from the cache as far as
 * it can be without making more requests of one; what goes down is remembered
 * when it has ended, so that its pages can fill the cache when they are evicted.
 *
 * Nothing here allocates, sleeps or takes a lock that unrelated I/O takes. What
 * a completion needs is in the bio's own dmem_io.
 */
#include <linux/blkdev.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "target.h"
#include "trace.h"

/* Longest discard or zeroing handled at once, in blocks, but for a device's unit. */
#define MAX_DISCARD	4096U

/* Set the blocks that a bio at @sector of the target touches. */
static void set_blocks(struct dmem_io *io, sector_t sector,
		       unsigned int sectors)
{
	io->block = sector / BLOCK_SECTORS;
	io->nr = (sector + sectors - 1) / BLOCK_SECTORS - io->block + 1;
}

static bool is_whole_blocks(const struct bio *bio, sector_t sector)
{
	return sector % BLOCK_SECTORS == 0 &&
	       bio->bi_iter.bi_size % PAGE_SIZE == 0;
}

static int pass_down(struct dmem_target *t, struct bio *bio, sector_t sector)
{
	bio_set_dev(bio, t->dev->bdev);
	bio->bi_iter.bi_sector = t->start + sector;
	return DM_MAPIO_REMAPPED;
}

/* --- Writing ------------------------------------------------------------- */

/*
 * Pages under writeback equal their blocks when the write has ended, unless
 * they were dirtied meanwhile. Direct writes are left alone: their pages may be
 * in the page cache too, as somebody else's (REQ_IDLE is set for them only).
 */
static bool write_is_writeback(const struct dmem_target *t, struct bio *bio)
{
	return !READ_ONCE(t->off) && !(bio->bi_opf & REQ_IDLE) &&
	       folio_test_writeback(page_folio(bio_page(bio)));
}

/*
 * Take a discard or zeroing in pieces; a device drops what is less than one of
 * its units, so they end where a unit does.
 */
static void shorten(struct dmem_target *t, struct bio *bio, sector_t sector)
{
	unsigned int unit = max(bdev_discard_granularity(t->dev->bdev) >> SECTOR_SHIFT, 1U);
	sector_t start = t->start + sector;
	sector_t end = start + MAX_DISCARD * BLOCK_SECTORS;
	u32 behind;

	if (bio_sectors(bio) <= MAX_DISCARD * BLOCK_SECTORS)
		return;
	div_u64_rem(end, unit, &behind);
	end = end - behind > start ? end - behind : end - behind + unit;
	if (end - start < bio_sectors(bio))
		dm_accept_partial_bio(bio, end - start);
}

static int map_write(struct dmem_target *t, struct bio *bio, struct dmem_io *io,
		     sector_t sector)
{
	u64 dropped = 0;

	if (bio_op(bio) != REQ_OP_WRITE)
		shorten(t, bio, sector);
	set_blocks(io, sector, bio_sectors(bio));
	io->kind = DMEM_IO_WRITE;
	if (bio_op(bio) == REQ_OP_WRITE && is_whole_blocks(bio, sector)) {
		if (t->swap && dmem_swap_wants(t, bio))
			io->kind = DMEM_IO_WRITE_FILL;
		else if (write_is_writeback(t, bio))
			io->kind = DMEM_IO_WRITE_RECORD;
		if (io->kind != DMEM_IO_WRITE)
			io->iter = bio->bi_iter;
	}
	/* In this order: a fill sees the counter, or its copy is dropped. */
	dmem_wtrack_begin(&t->wtrack, io->block, io->nr);
	if (READ_ONCE(t->filled)) {
		struct dmem_key key = dmem_target_key(t, io->block);

		dropped = dmem_cache_drop(&key, io->nr);
	}
	dmem_target_count(t, DMEM_T_WRITES, 1);
	if (dropped)
		dmem_target_count(t, DMEM_T_INVALIDATED, dropped);
	return pass_down(t, bio, sector);
}

/* A writeback has ended: record the pages that nobody else wrote. */
static void record_writes(struct dmem_target *t, struct bio *bio,
			  const struct dmem_io *io)
{
	struct dmem_recorder recorder;
	struct bvec_iter iter;
	struct bio_vec bvec;
	u64 block = io->block;

	dmem_recorder_init(&recorder, t, true);
	__bio_for_each_segment(bvec, bio, iter, io->iter) {
		struct folio *folio = page_folio(bvec.bv_page);
		u64 counter = atomic64_read(dmem_wtrack_slot(&t->wtrack, block));

		if (bvec.bv_offset || bvec.bv_len != PAGE_SIZE)
			break;
		if (dmem_wtrack_alone(counter) && folio_test_writeback(folio) &&
		    dmem_recorder_accepts(&recorder, folio))
			dmem_recorder_add(&recorder, folio, bvec.bv_page, block,
					  counter);
		block++;
	}
	dmem_recorder_flush(&recorder);
	dmem_target_count(t, DMEM_T_RECORDED, recorder.recorded);
}

/* --- Reading ------------------------------------------------------------- */

/*
 * A page that is being read into the page cache: locked by its reader until the
 * read has ended, so that it can be recorded. A page that is up to date already
 * is somebody's buffer for a direct read.
 */
static bool folio_is_being_read(struct folio *folio)
{
	/* One that is dirty in part is more than its block. */
	return folio_test_locked(folio) && !folio_test_uptodate(folio) &&
	       !folio_test_dirty(folio);
}

/*
 * Copy one block, or a part, into a page of the bio. A whole block that is on
 * its way into the page cache is recorded and, unless asked otherwise, given up
 * by the cache: it comes back when it is evicted.
 */
static bool load_block(struct dmem_recorder *r, u64 block, struct dmem_copy *copy)
{
	struct folio *folio = page_folio(copy->page);
	struct dmem_target *t = r->t;
	struct dmem_key key = dmem_target_key(t, block);
	u64 counter = atomic64_read(dmem_wtrack_slot(&t->wtrack, block));
	bool record = copy->len == PAGE_SIZE && dmem_wtrack_idle(counter) &&
		      folio_is_being_read(folio) &&
		      dmem_recorder_accepts(r, folio);

	copy->consume = record && !t->inclusive;
	if (!dmem_cache_load(&key, copy))
		return false;
	if (record)
		dmem_recorder_add(r, folio, copy->page, block, counter);
	return true;
}

/* Fill a segment of a bio, which begins at byte @at of the target. */
static bool load_segment(struct dmem_recorder *r, const struct bio_vec *bvec,
			 loff_t at)
{
	unsigned int done = 0;

	while (done < bvec->bv_len) {
		struct dmem_copy copy = {
			.page = bvec->bv_page,
			.to = bvec->bv_offset + done,
			.from = (at + done) & ~PAGE_MASK,
		};

		copy.len = min_t(u32, bvec->bv_len - done,
				 PAGE_SIZE - copy.from);
		if (!load_block(r, (at + done) >> BLOCK_SHIFT, &copy))
			return false;
		done += copy.len;
	}
	return true;
}

/* Fill the first @sectors of a bio from the cache. */
static bool load_sectors(struct dmem_target *t, struct bio *bio,
			 sector_t sector, unsigned int sectors)
{
	loff_t at = (loff_t)sector << SECTOR_SHIFT;
	struct bvec_iter start = bio->bi_iter;
	struct dmem_recorder recorder;
	struct bvec_iter iter;
	struct bio_vec bvec;
	bool loaded = true;

	dmem_recorder_init(&recorder, t, false);
	start.bi_size = sectors << SECTOR_SHIFT;
	__bio_for_each_segment(bvec, bio, iter, start) {
		loaded = load_segment(&recorder, &bvec, at);
		if (!loaded)
			break;
		at += bvec.bv_len;
	}
	dmem_recorder_flush(&recorder);
	dmem_target_count(t, DMEM_T_RECORDED, recorder.recorded);
	return loaded;
}

static bool maybe_has(struct dmem_target *t, u64 block)
{
	struct dmem_key key = dmem_target_key(t, block);

	return dmem_cache_maybe(&key);
}

/* Number of blocks of a read that are cached, from its first one on. */
static u32 cached_head(struct dmem_target *t, const struct dmem_io *io)
{
	u32 nr = 0;

	while (nr < io->nr && maybe_has(t, io->block + nr))
		nr++;
	return nr;
}

/* Number of blocks cached at the end of a read whose first one is not. */
static u32 cached_tail(struct dmem_target *t, const struct dmem_io *io)
{
	u32 nr = 0;

	while (nr < io->nr - 1 && maybe_has(t, io->block + io->nr - 1 - nr))
		nr++;
	return nr;
}

/* Sectors from @sector up to a block. */
static unsigned int sectors_up_to(u64 block, sector_t sector)
{
	return block * BLOCK_SECTORS - sector;
}

static int answer(struct dmem_target *t, struct bio *bio, u32 blocks)
{
	dmem_target_count(t, DMEM_T_HIT_BLOCKS, blocks);
	bio_endio(bio);
	return DM_MAPIO_SUBMITTED;
}

/* Arrange for the pages of a read that goes down to be recorded. */
static void watch_read(struct dmem_target *t, struct bio *bio,
		       struct dmem_io *io, sector_t sector)
{
	if (!folio_is_being_read(page_folio(bio_page(bio))) ||
	    !is_whole_blocks(bio, sector))
		return;
	set_blocks(io, sector, bio_sectors(bio));
	if (!dmem_wtrack_quiet(&t->wtrack, io->block, io->nr, &io->sum))
		return;
	io->iter = bio->bi_iter;
	io->kind = DMEM_IO_READ;
}

/*
 * Answer from the cache what does not add a request: all of it, or its head, or
 * all but the tail goes down. Device-mapper sends the rest again as a new bio.
 */
static int map_read(struct dmem_target *t, struct bio *bio, struct dmem_io *io,
		    sector_t sector)
{
	u32 head, tail;

	dmem_target_count(t, DMEM_T_READS, 1);
	if (READ_ONCE(t->off))
		return pass_down(t, bio, sector);
	if (!READ_ONCE(t->filled))
		goto miss;
	set_blocks(io, sector, bio_sectors(bio));
	head = cached_head(t, io);
	if (head == io->nr &&
	    load_sectors(t, bio, sector, bio_sectors(bio))) {
		dmem_target_count(t, DMEM_T_READ_HITS, 1);
		return answer(t, bio, head);
	}
	if (head && head < io->nr) {
		unsigned int n = sectors_up_to(io->block + head, sector);

		if (load_sectors(t, bio, sector, n)) {
			dmem_target_count(t, DMEM_T_READ_PARTS, 1);
			dm_accept_partial_bio(bio, n);
			return answer(t, bio, head);
		}
	} else if (!head) {
		tail = cached_tail(t, io);
		if (tail)
			dm_accept_partial_bio(bio,
				sectors_up_to(io->block + io->nr - tail, sector));
	}
miss:
	watch_read(t, bio, io, sector);
	return pass_down(t, bio, sector);
}

/*
 * A read has ended. Its pages are still locked, so a record that turns out to
 * be wrong can be taken back before anybody uses it.
 */
static void record_reads(struct dmem_target *t, struct bio *bio,
			 const struct dmem_io *io)
{
	struct dmem_recorder recorder;
	struct bvec_iter iter;
	struct bio_vec bvec;
	u64 block = io->block;
	u64 sum = 0;

	dmem_recorder_init(&recorder, t, false);
	__bio_for_each_segment(bvec, bio, iter, io->iter) {
		struct folio *folio = page_folio(bvec.bv_page);
		u64 counter = atomic64_read(dmem_wtrack_slot(&t->wtrack, block));

		if (bvec.bv_offset || bvec.bv_len != PAGE_SIZE ||
		    !dmem_wtrack_idle(counter) ||
		    !folio_is_being_read(folio) ||
		    !dmem_recorder_accepts(&recorder, folio))
			break;
		dmem_recorder_add(&recorder, folio, bvec.bv_page, block++,
				  counter);
		sum += dmem_wtrack_starts(counter);
	}
	dmem_recorder_flush(&recorder);
	if (block == io->block + io->nr && sum == io->sum) {
		dmem_target_count(t, DMEM_T_RECORDED, io->nr);
		return;
	}
	__bio_for_each_segment(bvec, bio, iter, io->iter) {
		if (block-- == io->block)
			break;
		dmem_resident_forget_page(bvec.bv_page);
	}
}

/* --- What device-mapper calls --------------------------------------------- */

int dmem_target_map(struct dm_target *ti, struct bio *bio)
{
	struct dmem_io *io = dm_per_bio_data(bio, sizeof(*io));
	sector_t sector = dm_target_offset(ti, bio->bi_iter.bi_sector);
	struct dmem_target *t = ti->private;

	io->kind = DMEM_IO_PASS;
	if (!bio_sectors(bio)) {
		/* A flush: nothing is held back here, so it only goes down. */
		bio_set_dev(bio, t->dev->bdev);
		return DM_MAPIO_REMAPPED;
	}
	switch (bio_op(bio)) {
	case REQ_OP_READ:
		return map_read(t, bio, io, sector);
	case REQ_OP_WRITE:
	case REQ_OP_DISCARD:
	case REQ_OP_SECURE_ERASE:
	case REQ_OP_WRITE_ZEROES:
		return map_write(t, bio, io, sector);
	default:
		return DM_MAPIO_KILL;
	}
}

int dmem_target_end_io(struct dm_target *ti, struct bio *bio,
		       blk_status_t *error)
{
	struct dmem_io *io = dm_per_bio_data(bio, sizeof(*io));
	struct dmem_target *t = ti->private;

	switch (io->kind) {
	case DMEM_IO_PASS:
		return DM_ENDIO_DONE;
	case DMEM_IO_READ:
		if (!*error)
			record_reads(t, bio, io);
		return DM_ENDIO_DONE;
	case DMEM_IO_WRITE_RECORD:
		if (!*error)
			record_writes(t, bio, io);
		break;
	case DMEM_IO_WRITE_FILL:
		if (!*error)
			dmem_swap_fill(t, bio, io);
		break;
	case DMEM_IO_WRITE:
		break;
	}
	dmem_wtrack_end(&t->wtrack, io->block, io->nr);
	return DM_ENDIO_DONE;
}
