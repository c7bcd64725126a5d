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
 * The table is a hash table of small sets of groups, a group being records of
 * pages that follow each other, so that a transfer of many pages costs one
 * search for several of them. Each set has a lock. A full set overwrites its
 * oldest group: that loses a chance to fill the cache, nothing else.
 */
#include <linux/blkdev.h>
#include <linux/magic.h>
#include <linux/fs.h>
#include <linux/fscrypt.h>
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/vmalloc.h>

#include "target.h"

#define SET_GROUPS	3

/* A cache line. */
struct group {
	struct address_space *mapping;
	u32 number;			/* index / DMEM_GROUP_PAGES */
	u16 target;
	u16 valid;			/* bit i: there is a record of page i */
	u64 block[DMEM_GROUP_PAGES];
	u32 starts[DMEM_GROUP_PAGES];
};

struct group_set {
	raw_spinlock_t lock;		/* everything in the set */
	u32 oldest;			/* overwritten next when it is full */
	struct group groups[SET_GROUPS];
};

static struct group_set *sets;
static unsigned int set_bits;	/* at least 1 */

static unsigned long resident_pages;
module_param(resident_pages, ulong, 0444);
MODULE_PARM_DESC(resident_pages,
		 "pages of the page cache that are remembered while they are there (default: as many as there is memory; 34 bytes each)");

int dmem_resident_init(void)
{
	unsigned long pages = resident_pages ?: totalram_pages();
	/* Room for twice as many if no group has a gap. */
	unsigned long nr = roundup_pow_of_two(2 * pages / DMEM_GROUP_PAGES /
					      SET_GROUPS + 2);
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

static struct group_set *set_of(const struct address_space *mapping, u32 number)
{
	u64 mix = (u64)(uintptr_t)mapping / L1_CACHE_BYTES * GOLDEN_RATIO_64;

	return &sets[hash_64(mix + number, set_bits)];
}

static struct group *find_group(struct group_set *set,
				const struct address_space *mapping, u32 number)
{
	struct group *group = set->groups;
	struct group *end = group + SET_GROUPS;

	for (; group < end; group++)
		if (READ_ONCE(group->number) == number &&
		    READ_ONCE(group->mapping) == mapping)
			return group;
	return NULL;
}

/* A group to be overwritten: an empty one, or each in turn. */
static struct group *spare_group(struct group_set *set)
{
	struct group *group = set->groups;
	struct group *end = group + SET_GROUPS;

	for (; group < end; group++)
		if (!group->valid)
			return group;
	set->oldest = (set->oldest + 1) % SET_GROUPS;
	return &set->groups[set->oldest];
}

/* The group for some pages, emptied if it was another's. */
static struct group *make_group(struct group_set *set,
				struct address_space *mapping, u32 number,
				unsigned int target)
{
	struct group *group = find_group(set, mapping, number);

	lockdep_assert_held(&set->lock);
	if (group && group->target == target)
		return group;
	if (!group)
		group = spare_group(set);
	WRITE_ONCE(group->valid, 0);
	group->target = target;
	WRITE_ONCE(group->number, number);
	WRITE_ONCE(group->mapping, mapping);
	return group;
}

/*
 * What a file system does to a page between the end of its read and its use is not
 * seen here. These are known to leave it as it came: others decompress or decrypt in
 * place, or zero what is behind the file's end.
 */
static bool leaves_pages_alone(const struct super_block *sb)
{
	switch (sb->s_magic) {
	case EXT4_SUPER_MAGIC:		/* ext2, ext3 and ext2mfr, too */
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case F2FS_SUPER_MAGIC:
		return true;
	}
	return false;
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
static bool folio_ok(const struct dmem_target *t, struct folio *folio)
{
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
	    inode->i_blkbits < PAGE_SHIFT || !leaves_pages_alone(sb))
		return false;
	/* btrfs, with its many devices, does not say on which it sits. */
	return t->stacked || (sb->s_bdev && sb->s_bdev->bd_disk == t->disk);
}

/*
 * May the pages of a folio be recorded? The pages of a transfer mostly belong
 * to one file, which is looked at once; see dmem_recorder_accepts().
 */
bool dmem_recorder_turns(struct dmem_recorder *r, struct folio *folio)
{
	if (!folio_ok(r->t, folio))
		return false;
	dmem_recorder_flush(r);
	r->mapping = folio->mapping;
	/* f2fs reads compressed clusters into such pages. */
	r->private = r->mapping->host->i_sb->s_magic == F2FS_SUPER_MAGIC;
	return true;
}

/* After a writeback: take back the records of pages that are dirty again. */
static void drop_dirty(struct dmem_recorder *r, struct group *group)
{
	unsigned long left = r->mask;

	/*
	 * Pairs with the barrier in page_dirtied(): who sets a dirty flag after
	 * we look at it finds the record.
	 */
	smp_mb();
	for (; left; left &= left - 1) {
		unsigned int i = __ffs(left);

		if (!folio_test_dirty(r->folio[i]))
			continue;
		WRITE_ONCE(group->valid, group->valid & ~BIT(i));
		r->recorded--;
	}
}

/* Write down what was collected; see dmem_recorder_add(). */
void dmem_recorder_flush(struct dmem_recorder *r)
{
	unsigned long left = r->mask;
	struct group_set *set;
	struct group *group;
	unsigned long flags;

	if (!left)
		return;
	set = set_of(r->mapping, r->number);
	raw_spin_lock_irqsave(&set->lock, flags);
	group = make_group(set, r->mapping, r->number, r->t->id);
	for (; left; left &= left - 1) {
		unsigned int i = __ffs(left);

		group->block[i] = r->block[i];
		group->starts[i] = r->starts[i];
	}
	WRITE_ONCE(group->valid, group->valid | r->mask);
	if (r->written)
		drop_dirty(r, group);
	raw_spin_unlock_irqrestore(&set->lock, flags);
	r->mask = 0;
}

/*
 * Take the record of a page out of the table. Returns whether there was one.
 * Context: any.
 */
bool dmem_resident_take(struct address_space *mapping, pgoff_t index,
			struct dmem_resident *resident)
{
	u32 number = index / DMEM_GROUP_PAGES;
	u32 i = index % DMEM_GROUP_PAGES;
	struct group_set *set = set_of(mapping, number);
	struct group *group = find_group(set, mapping, number);
	unsigned long flags;
	bool found;

	/*
	 * Most pages of the system have no record. A page that is recorded at
	 * this moment is under I/O, so it is not being evicted; who dirties it
	 * is seen by the recorder, see dmem_recorder_flush().
	 */
	if (!group || !(READ_ONCE(group->valid) & BIT(i)) ||
	    index / DMEM_GROUP_PAGES > U32_MAX)
		return false;
	raw_spin_lock_irqsave(&set->lock, flags);
	group = find_group(set, mapping, number);
	found = group && group->valid & BIT(i);
	if (found) {
		resident->starts = group->starts[i];
		resident->target = group->target;
		resident->block = group->block[i];
		WRITE_ONCE(group->valid, group->valid & ~BIT(i));
	}
	raw_spin_unlock_irqrestore(&set->lock, flags);
	return found;
}

/* A page is not what it was. */
void dmem_resident_forget_page(struct page *page)
{
	struct folio *folio = page_folio(page);
	struct address_space *mapping = folio_mapping(folio);
	struct dmem_resident unused;

	if (mapping)
		dmem_resident_take(mapping, folio->index +
				   folio_page_idx(folio, page), &unused);
}

/* A target is gone; its number will be another's. May sleep. */
void dmem_resident_forget_target(unsigned int id)
{
	unsigned long i;
	int j;

	for (i = 0; i < BIT(set_bits); i++) {
		struct group_set *set = &sets[i];

		raw_spin_lock_irq(&set->lock);
		for (j = 0; j < SET_GROUPS; j++)
			if (set->groups[j].target == id)
				WRITE_ONCE(set->groups[j].valid, 0);
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
		for (j = 0; j < SET_GROUPS; j++)
			count += hweight16(READ_ONCE(sets[i].groups[j].valid));
	return count;
}
