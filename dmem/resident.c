// SPDX-License-Identifier: GPL-2.0
/*
 * Residents: pages of the page cache that are known to equal a block.
 *
 * When a page leaves the page cache, the hook has to know, without sleeping or
 * allocating, which block of which device it is a copy of. This table remembers
 * it from the moment that page and block were equal: the end of a read or of a
 * writeback. A record is keyed by (mapping, index) and dies when the page
 * leaves the page cache, for whatever reason, and when the page is dirtied. That
 * the block is still the same is not the table's business: the record carries
 * the block's write counter.
 *
 * The table is a hash table of small sets, one cache line or two each, with a
 * lock each. A full set overwrites its oldest record: that loses a chance to
 * fill the cache, nothing else.
 */
#include <linux/blkdev.h>
#include <linux/fs.h>
#include <linux/fscrypt.h>
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/vmalloc.h>

#include "target.h"

#define SET_RECORDS	5
#define TARGET_SHIFT	48	/* a block and a target's number in one word */

struct record {
	struct address_space *mapping;	/* NULL: unused */
	u32 index;
	u32 starts;
	u64 block;			/* and target, above TARGET_SHIFT */
};

struct record_set {
	raw_spinlock_t lock;		/* everything in the set */
	u32 oldest;			/* overwritten next when it is full */
	struct record records[SET_RECORDS];
};

static struct record_set *sets;
static unsigned int set_bits;

static unsigned long resident_pages;
module_param(resident_pages, ulong, 0444);
MODULE_PARM_DESC(resident_pages,
		 "pages of the page cache that are remembered while they are there (default: as many as there is memory; 26 bytes each)");

int dmem_resident_init(void)
{
	unsigned long pages = resident_pages ?: totalram_pages();
	unsigned long nr = roundup_pow_of_two(pages / SET_RECORDS + 1);
	unsigned long i;

	sets = vzalloc(array_size(nr, sizeof(*sets)));
	if (!sets)
		return -ENOMEM;
	set_bits = ilog2(nr);
	for (i = 0; i < nr; i++)
		raw_spin_lock_init(&sets[i].lock);
	return 0;
}

void dmem_resident_exit(void)
{
	vfree(sets);
	sets = NULL;
}

static struct record_set *set_of(const struct address_space *mapping, u32 index)
{
	u64 mix = (u64)(uintptr_t)mapping / L1_CACHE_BYTES * GOLDEN_RATIO_64;

	return &sets[set_bits ? hash_64(mix + index, set_bits) : 0];
}

static struct record *set_find(struct record_set *set,
			       const struct address_space *mapping, u32 index)
{
	int i;

	for (i = 0; i < SET_RECORDS; i++)
		if (READ_ONCE(set->records[i].mapping) == mapping &&
		    READ_ONCE(set->records[i].index) == index)
			return &set->records[i];
	return NULL;
}

static struct record *set_room(struct record_set *set)
{
	int i;

	for (i = 0; i < SET_RECORDS; i++)
		if (!set->records[i].mapping)
			return &set->records[i];
	set->oldest = (set->oldest + 1) % SET_RECORDS;
	return &set->records[set->oldest];
}

/*
 * May a page be taken for a copy of a block of this target? Its inode must be a
 * regular file whose pages hold what the device holds, on a file system that
 * sits directly on the target: what lies between might transform data in the
 * page, as dm-crypt does.
 *
 * Pages of files with blocks smaller than a page are refused, since parts of
 * such a page can be zeroed by truncation without becoming dirty.
 */
bool dmem_resident_page_ok(const struct dmem_target *t, struct page *page)
{
	struct folio *folio = page_folio(page);
	struct address_space *mapping;
	const struct super_block *sb;
	const struct inode *inode;

	if (folio_test_anon(folio) || folio_test_swapcache(folio))
		return false;
	mapping = folio_mapping(folio);
	if (!mapping || !mapping->host)
		return false;
	inode = mapping->host;
	sb = inode->i_sb;
	if (!S_ISREG(inode->i_mode) || IS_ENCRYPTED(inode) || IS_DAX(inode) ||
	    inode->i_blkbits < PAGE_SHIFT || !sb->s_bdev)
		return false;
	return t->stacked || sb->s_bdev->bd_disk == t->disk;
}

static pgoff_t index_of(struct page *page)
{
	struct folio *folio = page_folio(page);

	return folio->index + folio_page_idx(folio, page);
}

/*
 * Remember that a page equals a block. The caller has looked at
 * dmem_resident_page_ok() and knows that the page cannot leave the page cache
 * during the call. Context: any.
 */
void dmem_resident_record(struct dmem_target *t, struct page *page, u64 block,
			  u64 counter)
{
	struct address_space *mapping = folio_mapping(page_folio(page));
	pgoff_t index = index_of(page);
	struct record_set *set;
	struct record *record;
	unsigned long flags;

	if (index > U32_MAX || block >> TARGET_SHIFT)
		return;
	set = set_of(mapping, index);
	raw_spin_lock_irqsave(&set->lock, flags);
	record = set_find(set, mapping, index);
	if (!record)
		record = set_room(set);
	record->index = index;
	record->starts = dmem_wtrack_starts(counter);
	record->block = block | (u64)t->id << TARGET_SHIFT;
	WRITE_ONCE(record->mapping, mapping);
	raw_spin_unlock_irqrestore(&set->lock, flags);
}

/*
 * Take the record of a page out of the table. Returns whether there was one.
 * Context: any.
 */
bool dmem_resident_take(struct address_space *mapping, pgoff_t index,
			struct dmem_resident *resident)
{
	struct record_set *set = set_of(mapping, index);
	struct record *record;
	unsigned long flags;

	/*
	 * Most pages of the system have no record. A page that is recorded at
	 * this moment is under I/O, so it is not being evicted; who dirties it
	 * is seen by the recorder, see record_write() in target_io.c.
	 */
	if (index > U32_MAX || !set_find(set, mapping, index))
		return false;
	raw_spin_lock_irqsave(&set->lock, flags);
	record = set_find(set, mapping, index);
	if (record) {
		resident->starts = record->starts;
		resident->target = record->block >> TARGET_SHIFT;
		resident->block = record->block & (BIT_ULL(TARGET_SHIFT) - 1);
		record->mapping = NULL;
	}
	raw_spin_unlock_irqrestore(&set->lock, flags);
	return record;
}

/* A page is not what it was. */
void dmem_resident_forget_page(struct page *page)
{
	struct address_space *mapping = folio_mapping(page_folio(page));
	struct dmem_resident unused;

	if (mapping)
		dmem_resident_take(mapping, index_of(page), &unused);
}

/* A target is gone; its number will be another's. May sleep. */
void dmem_resident_forget_target(unsigned int id)
{
	unsigned long i;
	int j;

	for (i = 0; i < BIT(set_bits); i++) {
		struct record_set *set = &sets[i];

		raw_spin_lock_irq(&set->lock);
		for (j = 0; j < SET_RECORDS; j++)
			if (set->records[j].block >> TARGET_SHIFT == id)
				set->records[j].mapping = NULL;
		raw_spin_unlock_irq(&set->lock);
		if (i % 1024 == 0)
			cond_resched();
	}
}

/* Number of records, for debugfs. */
u64 dmem_resident_count(void)
{
	u64 count = 0;
	unsigned long i;
	int j;

	for (i = 0; i < BIT(set_bits); i++)
		for (j = 0; j < SET_RECORDS; j++)
			count += !!READ_ONCE(sets[i].records[j].mapping);
	return count;
}
