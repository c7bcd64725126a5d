/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The device-mapper target: what its files share.
 *
 *   target.c      table line, status, messages, life and death
 *   target_io.c   reads and writes
 *   wtrack.c      which blocks are being written, and how often they were
 *   resident.c    which page of the page cache equals which block
 *   evict_hook.c  pages that leave the page cache are offered to the cache
 *   swap.c        pages that are swapped out are offered to the cache
 */
#ifndef _DMEM_TARGET_H
#define _DMEM_TARGET_H

#include <linux/bio.h>
#include <linux/device-mapper.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "dmem.h"

/* A cached block is a page. */
#define BLOCK_SHIFT	PAGE_SHIFT
#define BLOCK_SECTORS	(PAGE_SIZE >> SECTOR_SHIFT)

/* Targets that can exist at the same time; a reload needs one more. */
#define DMEM_MAX_TARGETS	256

/*
 * Write tracking. Every block hashes to a counter: the low bits count writes in
 * flight, one bit says that two of them met, the rest counts writes that were
 * started. A page equals its block as long as the counter stands where it stood
 * when page and block were known to be equal, and no write is in flight.
 */
#define WTRACK_FLIGHT_BITS	16
#define WTRACK_FLIGHT		(BIT_ULL(WTRACK_FLIGHT_BITS) - 1)
#define WTRACK_MET		BIT_ULL(WTRACK_FLIGHT_BITS)
#define WTRACK_START_SHIFT	(WTRACK_FLIGHT_BITS + 1)
#define WTRACK_START		BIT_ULL(WTRACK_START_SHIFT)
#define WTRACK_SLOTS		65536U

struct dmem_wtrack {
	atomic64_t *slots;
};

/* Neighbours have different slots; far blocks are spread. */
static inline u32 dmem_wtrack_index(u64 block)
{
	return (u32)(block + (block >> 16) * 40503) % WTRACK_SLOTS;
}

static inline atomic64_t *dmem_wtrack_slot(const struct dmem_wtrack *wt,
					   u64 block)
{
	return &wt->slots[dmem_wtrack_index(block)];
}

/* No write is in flight. */
static inline bool dmem_wtrack_idle(u64 counter)
{
	return !(counter & WTRACK_FLIGHT);
}

/* Asked by a write: none but itself was in flight since it started. */
static inline bool dmem_wtrack_alone(u64 counter)
{
	return (counter & (WTRACK_FLIGHT | WTRACK_MET)) == 1;
}

/* Writes started, as it is remembered beside a page. */
static inline u32 dmem_wtrack_starts(u64 counter)
{
	return counter >> WTRACK_START_SHIFT;
}

int dmem_wtrack_init(struct dmem_wtrack *wt);
void dmem_wtrack_exit(struct dmem_wtrack *wt);
void dmem_wtrack_begin(struct dmem_wtrack *wt, u64 block, u32 nr);
void dmem_wtrack_end(struct dmem_wtrack *wt, u64 block, u32 nr);
bool dmem_wtrack_quiet(struct dmem_wtrack *wt, u64 block, u32 nr, u64 *sum);
void dmem_wtrack_forget(struct dmem_wtrack *wt);

enum dmem_target_event {
	DMEM_T_READS,		/* read bios */
	DMEM_T_READ_HITS,	/* ... answered from the cache */
	DMEM_T_READ_PARTS,	/* ... answered in part */
	DMEM_T_HIT_BLOCKS,
	DMEM_T_WRITES,		/* write and discard bios */
	DMEM_T_INVALIDATED,	/* copies dropped by them */
	DMEM_T_RECORDED,	/* pages known to equal their blocks */
	DMEM_T_EVICTIONS,	/* evicted pages offered */
	DMEM_T_STALE,		/* ... refused: block written since */
	DMEM_T_FILLS,		/* ... kept */
	DMEM_T_SWAP_FILLS,	/* swapped-out pages kept */
	DMEM_T_EVENTS,
};

struct dmem_target_cpu {
	u64 events[DMEM_T_EVENTS];
};

/**
 * struct dmem_target - one instance of the target
 * @ti:        device-mapper's view
 * @dev:       the device below
 * @start:     first sector used on it
 * @disk:      the mapped device that this target is part of
 * @id:        index into the table of targets, part of a resident's block
 * @wtrack:    write tracking
 * @cache:     keys in the stores
 * @filled:    a copy was made at some time, so that looking for one makes sense
 * @off:       bypass: no hits, no fills
 * @swap:      keep swapped-out pages
 * @inclusive: keep blocks that were read into the page cache
 * @stacked:   trust pages of file systems that are not directly on the device
 * @cpu:       statistics
 */
struct dmem_target {
	struct dm_target *ti;
	struct dm_dev *dev;
	sector_t start;
	struct gendisk *disk;
	int id;
	struct dmem_wtrack wtrack;
	struct dmem_cache cache;
	bool filled;
	bool off;
	bool swap;
	bool inclusive;
	bool stacked;
	struct dmem_target_cpu __percpu *cpu;
};

static inline void dmem_target_count(struct dmem_target *t,
				     enum dmem_target_event event, u64 by)
{
	this_cpu_add(t->cpu->events[event], by);
}

/*
 * A page is about to become a copy. Before the fill: its barrier lets those who
 * start to write see this, or their write is seen by the fill's guard.
 */
static inline void dmem_target_fills(struct dmem_target *t)
{
	if (unlikely(!READ_ONCE(t->filled)))
		WRITE_ONCE(t->filled, true);
}

static inline struct dmem_key dmem_target_key(const struct dmem_target *t,
					      u64 block)
{
	return (struct dmem_key) {
		.block = block,
		.cookie = READ_ONCE(t->cache.cookie),
	};
}

/**
 * struct dmem_io - what is remembered of a bio
 * @iter:  the bio's iterator when it was mapped
 * @sum:   of a read: writes of its blocks that were started until then
 * @block: first block touched
 * @nr:    number of blocks touched
 * @kind:  what its completion has to do
 */
struct dmem_io {
	struct bvec_iter iter;
	u64 sum;
	u64 block;
	u32 nr;
	enum {
		DMEM_IO_PASS,		/* nothing */
		DMEM_IO_READ,		/* record pages that now equal blocks */
		DMEM_IO_WRITE,		/* end write tracking */
		DMEM_IO_WRITE_RECORD,	/* ... and record pages */
		DMEM_IO_WRITE_FILL,	/* ... and keep swapped-out pages */
	} kind;
};

/* target.c */
struct dmem_target *dmem_target_find(unsigned int id);

/* target_io.c */
int dmem_target_map(struct dm_target *ti, struct bio *bio);
int dmem_target_end_io(struct dm_target *ti, struct bio *bio,
		       blk_status_t *error);

/* swap.c */
bool dmem_swap_wants(const struct dmem_target *t, const struct bio *bio);
void dmem_swap_fill(struct dmem_target *t, struct bio *bio,
		    const struct dmem_io *io);

/* resident.c */

/* Pages that follow each other in a file and are recorded together. */
#define DMEM_GROUP_PAGES	4U

/**
 * struct dmem_recorder - collects the pages of a transfer that equal their blocks
 * @t:        target of the transfer
 * @written:  after a writeback: a page that is dirty again is not recorded
 * @mapping:  file whose pages are accepted
 * @private:  its file system has pages that look like the file's own
 * @number:   of the group that is being collected
 * @mask:     its pages that were
 * @recorded: pages recorded in all
 * @block:    block of each page
 * @starts:   writes to it that were started
 * @folio:    folio of each page
 */
struct dmem_recorder {
	struct dmem_target *t;
	bool written;
	struct address_space *mapping;
	bool private;
	u32 number;
	u32 mask;
	u32 recorded;
	u64 block[DMEM_GROUP_PAGES];
	u32 starts[DMEM_GROUP_PAGES];
	struct folio *folio[DMEM_GROUP_PAGES];
};

static inline void dmem_recorder_init(struct dmem_recorder *r,
				      struct dmem_target *t, bool written)
{
	r->t = t;
	r->written = written;
	r->mapping = NULL;
	r->number = 0;
	r->mask = 0;
	r->recorded = 0;
}

bool dmem_recorder_turns(struct dmem_recorder *r, struct folio *folio);
void dmem_recorder_flush(struct dmem_recorder *r);

static inline bool dmem_recorder_accepts(struct dmem_recorder *r,
					 struct folio *folio)
{
	struct address_space *mapping = READ_ONCE(folio->mapping);

	if (unlikely(!mapping))
		return false;
	if (mapping != r->mapping && !dmem_recorder_turns(r, folio))
		return false;
	return likely(!r->private) || xa_load(&mapping->i_pages, folio->index) == folio;
}

/*
 * Remember that a page of an accepted folio equals a block. The page cannot
 * leave the page cache before dmem_recorder_flush() at the end, which has to
 * come. Context: any.
 */
static inline void dmem_recorder_add(struct dmem_recorder *r,
				     struct folio *folio, struct page *page,
				     u64 block, u64 counter)
{
	pgoff_t index = folio->index + folio_page_idx(folio, page);
	u32 number = index / DMEM_GROUP_PAGES;
	u32 i = index % DMEM_GROUP_PAGES;

	if (unlikely(index / DMEM_GROUP_PAGES > U32_MAX))
		return;
	if (number != r->number)
		dmem_recorder_flush(r);
	r->number = number;
	r->mask |= BIT(i);
	r->block[i] = block;
	r->starts[i] = dmem_wtrack_starts(counter);
	r->folio[i] = folio;
	r->recorded++;
}

int dmem_resident_init(void);
void dmem_resident_exit(void);
void dmem_resident_forget_page(struct page *page);
void dmem_resident_forget_target(unsigned int id);

/**
 * struct dmem_resident - a page of the page cache that equals a block
 * @target:  number of the target
 * @block:   block
 * @starts:  low bits of the count of writes when they were equal
 */
struct dmem_resident {
	unsigned int target;
	u64 block;
	u32 starts;
};

bool dmem_resident_take(struct address_space *mapping, pgoff_t index,
			struct dmem_resident *resident);
u64 dmem_resident_count(void);

/* evict_hook.c */
int dmem_evict_hook_init(void);
void dmem_evict_hook_exit(void);

#endif /* _DMEM_TARGET_H */
