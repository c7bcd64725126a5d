// SPDX-License-Identifier: GPL-2.0
/*
 * An index of a large directory, in memory only: which blocks have entries of
 * a given hash, and how much room each block has.
 *
 * It is built when a directory of some size is searched, it follows every
 * change, and it may be dropped at any moment: when memory is wanted back, or
 * when it cannot grow. Nothing depends on it but speed. Its memory comes in
 * chunks of two pages that may be refused, so it needs no share in the demand
 * of an operation, and the guard leaves it alone.
 *
 * Extendible hashing: the top bits of a hash select a chunk, a full chunk is
 * split in two. Inside a chunk: open addressing with linear probing, and
 * removal by moving followers up.
 *
 * ei->index_lock protects all of it. The directory's inode lock keeps changes
 * and searches apart.
 */
#include <linux/stringhash.h>
#include "layout.h"

#define CHUNK_ORDER	1
#define CHUNK_SIZE	(PAGE_SIZE << CHUNK_ORDER)
#define TABLE_BITS	9
#define TABLE_SIZE	BIT(TABLE_BITS)
#define SLOTS		((CHUNK_SIZE / sizeof(struct slot)) - 1)
#define SLOTS_FULL	(SLOTS * 3 / 4)
#define GAPS		(CHUNK_SIZE / sizeof(u16))
#define GAP_CHUNKS	256U

/* Directories of fewer bytes are searched as they are. */
#define INDEX_MIN_SIZE	(16 * 1024)
/* After a failure this many searches pass before the next attempt. */
#define INDEX_PAUSE	256

struct slot {
	u32 hash;
	u32 block;		/* plus one; 0 is an empty slot */
};

/* Slots for the hashes whose top @depth bits lead here. */
struct chunk {
	u32 depth;
	u32 used;
	struct slot slots[];
};

/* Lies in a chunk of its own. */
struct e2m_dir_index {
	struct chunk *table[TABLE_SIZE];
	u16 *gaps[GAP_CHUNKS];
	/* No block below @scan_from has room for @scan_need bytes. */
	u32 scan_from;
	u32 scan_need;
};

static void *alloc_chunk(void)
{
	return (void *)__get_free_pages(GFP_NOFS | __GFP_NORETRY |
					__GFP_NOWARN | __GFP_ZERO, CHUNK_ORDER);
}

static void free_chunk(void *chunk)
{
	free_pages((unsigned long)chunk, CHUNK_ORDER);
}

static u32 table_index(u32 hash)
{
	return hash >> (32 - TABLE_BITS);
}

/* Where in its chunk a hash would like to be. */
static u32 home_slot(u32 hash)
{
	return ((u64)(hash << TABLE_BITS) * SLOTS) >> 32;
}

static u32 next_slot(u32 at)
{
	return at + 1 < SLOTS ? at + 1 : 0;
}

static void free_index(struct e2m_dir_index *index)
{
	struct chunk *last = NULL;
	u32 i;

	/* Entries that share a chunk are neighbours. */
	for (i = 0; i < TABLE_SIZE; i++) {
		if (index->table[i] == last)
			continue;
		last = index->table[i];
		free_chunk(last);
	}
	for (i = 0; i < GAP_CHUNKS; i++)
		free_chunk(index->gaps[i]);
	free_chunk(index);
}

static struct e2m_dir_index *alloc_index(void)
{
	struct e2m_dir_index *index = alloc_chunk();
	struct chunk *chunk = index ? alloc_chunk() : NULL;
	u32 i;

	BUILD_BUG_ON(sizeof(*index) > CHUNK_SIZE);
	if (!chunk) {
		free_chunk(index);
		return NULL;
	}
	for (i = 0; i < TABLE_SIZE; i++)
		index->table[i] = chunk;
	return index;
}

static void put_slot(struct chunk *chunk, u32 hash, u32 block)
{
	u32 at = home_slot(hash);

	while (chunk->slots[at].block)
		at = next_slot(at);
	chunk->slots[at].hash = hash;
	chunk->slots[at].block = block;
	chunk->used++;
}

static void remove_slot(struct chunk *chunk, u32 at)
{
	u32 hole = at, home;

	for (;;) {
		at = next_slot(at);
		if (!chunk->slots[at].block)
			break;
		home = home_slot(chunk->slots[at].hash);
		/* Stays if its home lies cyclically in (hole, at]. */
		if (hole <= at ? hole < home && home <= at :
				 hole < home || home <= at)
			continue;
		chunk->slots[hole] = chunk->slots[at];
		hole = at;
	}
	chunk->slots[hole] = (struct slot){ };
	chunk->used--;
}

/* Share the hashes of a full chunk with a new one. */
static struct chunk *split_chunk(struct e2m_dir_index *index, u32 hash)
{
	struct chunk *old = index->table[table_index(hash)], *low, *high;
	u32 bit, first, span, i;
	struct slot *slot;

	if (old->depth == TABLE_BITS)
		return NULL;
	low = alloc_chunk();
	high = low ? alloc_chunk() : NULL;
	if (!high) {
		free_chunk(low);
		return NULL;
	}
	low->depth = old->depth + 1;
	high->depth = low->depth;
	bit = 1U << (32 - low->depth);
	for (i = 0; i < SLOTS; i++) {
		slot = &old->slots[i];
		if (slot->block)
			put_slot(slot->hash & bit ? high : low, slot->hash,
				 slot->block);
	}
	span = TABLE_SIZE >> low->depth;
	first = table_index(hash) & ~(2 * span - 1);
	for (i = 0; i < 2 * span; i++)
		index->table[first + i] = i < span ? low : high;
	free_chunk(old);
	return index->table[table_index(hash)];
}

static bool insert(struct e2m_dir_index *index, u32 hash, u32 block)
{
	struct chunk *chunk = index->table[table_index(hash)];

	while (chunk && chunk->used >= SLOTS_FULL)
		chunk = split_chunk(index, hash);
	if (chunk)
		put_slot(chunk, hash, block + 1);
	return chunk;
}

static bool set_gap(struct e2m_dir_index *index, u32 block, u32 gap)
{
	u32 nr = block / GAPS;

	if (nr >= GAP_CHUNKS)
		return false;
	if (!index->gaps[nr])
		index->gaps[nr] = alloc_chunk();
	if (!index->gaps[nr])
		return false;
	index->gaps[nr][block % GAPS] = min_t(u32, gap, U16_MAX);
	if (block < index->scan_from && gap >= E2_DIRENT_MIN)
		index->scan_from = block;
	return true;
}

static u32 get_gap(const struct e2m_dir_index *index, u32 block)
{
	const u16 *gaps = index->gaps[block / GAPS];

	return gaps ? gaps[block % GAPS] : 0;
}

/* Take the index away from its directory; the caller frees it. */
static struct e2m_dir_index *detach(struct inode *dir)
{
	struct e2m_sb *sbi = E2M_SB(dir->i_sb);
	struct e2m_inode *ei = E2M_I(dir);
	struct e2m_dir_index *index = ei->index;

	lockdep_assert_held(&ei->index_lock);
	if (!index)
		return NULL;
	ei->index = NULL;
	spin_lock(&sbi->indexed_lock);
	list_del_init(&ei->index_link);
	sbi->nr_indexed--;
	spin_unlock(&sbi->indexed_lock);
	return index;
}

/* The index could not follow a change. */
static void give_up(struct inode *dir)
{
	struct e2m_dir_index *index = detach(dir);

	E2M_I(dir)->index_pause = INDEX_PAUSE;
	if (index)
		free_index(index);
}

/**
 * e2m_name_hash - hash of a name, for the index
 * @name: the name
 * @len:  its length in bytes
 *
 * Context: any.
 * Return: the hash.
 */
u32 e2m_name_hash(const char *name, unsigned int len)
{
	return full_name_hash(NULL, name, len);
}

/**
 * e2m_index_wanted - is a directory large enough for an index
 * @dir: the directory
 *
 * Context: any.
 * Return: whether it is.
 */
bool e2m_index_wanted(struct inode *dir)
{
	return i_size_read(dir) > INDEX_MIN_SIZE;
}

static bool index_block(struct e2m_dir_index *index, u32 block,
			const void *data, u32 size)
{
	const struct e2_dirent *de;
	u32 at = 0, len, name_len, room, gap = 0;

	while (at + E2_DIRENT_MIN <= size) {
		de = data + at;
		len = le16_to_cpu(READ_ONCE(de->rec_len));
		name_len = READ_ONCE(de->name_len);
		if (len > size - at || len & (E2_DIRENT_ALIGN - 1) ||
		    len < E2_DIRENT_SIZE(max_t(u32, name_len, 1)))
			return false;
		room = len;
		if (de->inode) {
			room -= E2_DIRENT_SIZE(name_len);
			if (!insert(index, e2m_name_hash(de->name, name_len),
				    block))
				return false;
		}
		gap = max(gap, room);
		at += len;
	}
	return at == size && set_gap(index, block, gap);
}

static bool index_dir(struct e2m_dir_index *index, struct inode *dir,
		      unsigned int keep)
{
	u32 block, blocks = i_size_read(dir) >> dir->i_blkbits;
	struct e2m_peek peek;
	bool done = true;

	for (block = 0; block < blocks && done; block++) {
		if (e2m_dir_block_peek(dir, block, keep, &peek))
			return false;
		done = index_block(index, block, peek.data, i_blocksize(dir));
		e2m_meta_unpeek(&peek);
		cond_resched();
	}
	return done;
}

static void attach(struct inode *dir, struct e2m_dir_index *index)
{
	struct e2m_sb *sbi = E2M_SB(dir->i_sb);
	struct e2m_inode *ei = E2M_I(dir);

	ei->index = index;
	ei->index_builds++;
	spin_lock(&sbi->indexed_lock);
	list_add_tail(&ei->index_link, &sbi->indexed);
	sbi->nr_indexed++;
	spin_unlock(&sbi->indexed_lock);
}

/**
 * e2m_index_build - have an index of a directory if possible
 * @dir:  the directory; its lock is held
 * @keep: as for e2m_meta_peek()
 *
 * Context: may sleep.
 * Return: whether there is one.
 */
bool e2m_index_build(struct inode *dir, unsigned int keep)
{
	struct e2m_inode *ei = E2M_I(dir);
	struct e2m_dir_index *index;
	bool done;

	mutex_lock(&ei->index_lock);
	done = ei->index;
	if (done)
		goto out;
	if (ei->index_pause) {
		ei->index_pause--;
		goto out;
	}
	index = alloc_index();
	done = index && index_dir(index, dir, keep);
	if (done) {
		attach(dir, index);
	} else {
		ei->index_pause = INDEX_PAUSE;
		if (index)
			free_index(index);
	}
out:
	mutex_unlock(&ei->index_lock);
	return done;
}

/* The next slot with the hash; returns its place or -ENOENT. */
static int search(const struct chunk *chunk, u32 hash, u32 *step)
{
	u32 at;

	while (*step < SLOTS) {
		at = (home_slot(hash) + (*step)++) % SLOTS;
		if (!chunk->slots[at].block)
			break;
		if (chunk->slots[at].hash == hash)
			return at;
	}
	return -ENOENT;
}

/**
 * e2m_index_candidate - a block that may have a name
 * @dir:    the directory; its lock is held
 * @hash:   of the name
 * @cursor: zeroed for the first candidate, then as it was left
 * @block:  receives the block
 *
 * Context: may sleep.
 * Return: 0, -ENOENT when there are no more, -EAGAIN when the index is gone.
 */
int e2m_index_candidate(struct inode *dir, u32 hash,
			struct e2m_index_cursor *cursor, u32 *block)
{
	struct e2m_inode *ei = E2M_I(dir);
	const struct chunk *chunk;
	int at = -EAGAIN;

	mutex_lock(&ei->index_lock);
	if (!cursor->build)
		cursor->build = ei->index_builds;
	if (ei->index && cursor->build == ei->index_builds) {
		chunk = ei->index->table[table_index(hash)];
		at = search(chunk, hash, &cursor->step);
		if (at >= 0)
			*block = chunk->slots[at].block - 1;
	}
	mutex_unlock(&ei->index_lock);
	return min(at, 0);
}

/**
 * e2m_index_gap - the room in a block is known
 * @dir:   the directory; its lock is held for writing
 * @block: the block
 * @gap:   widest room in it, in bytes
 *
 * Context: may sleep.
 */
void e2m_index_gap(struct inode *dir, u32 block, u32 gap)
{
	struct e2m_inode *ei = E2M_I(dir);

	mutex_lock(&ei->index_lock);
	if (ei->index && !set_gap(ei->index, block, gap))
		give_up(dir);
	mutex_unlock(&ei->index_lock);
}

/**
 * e2m_index_added - an entry was added
 * @dir:   the directory; its lock is held for writing
 * @hash:  of its name
 * @block: where it went
 * @gap:   widest room left there, in bytes
 *
 * Context: may sleep.
 */
void e2m_index_added(struct inode *dir, u32 hash, u32 block, u32 gap)
{
	struct e2m_inode *ei = E2M_I(dir);

	mutex_lock(&ei->index_lock);
	if (ei->index && (!insert(ei->index, hash, block) ||
			  !set_gap(ei->index, block, gap)))
		give_up(dir);
	mutex_unlock(&ei->index_lock);
}

/**
 * e2m_index_deleted - an entry was removed
 * @dir:   the directory; its lock is held for writing
 * @hash:  of its name
 * @block: where it was
 * @gap:   room that its removal left, in bytes
 *
 * Context: may sleep.
 */
void e2m_index_deleted(struct inode *dir, u32 hash, u32 block, u32 gap)
{
	struct e2m_inode *ei = E2M_I(dir);
	struct chunk *chunk;
	u32 step = 0;
	int at;

	mutex_lock(&ei->index_lock);
	if (!ei->index)
		goto out;
	chunk = ei->index->table[table_index(hash)];
	do {
		at = search(chunk, hash, &step);
	} while (at >= 0 && chunk->slots[at].block != block + 1);
	if (at >= 0)
		remove_slot(chunk, at);
	if (gap > get_gap(ei->index, block))
		set_gap(ei->index, block, gap);
out:
	mutex_unlock(&ei->index_lock);
}

/**
 * e2m_index_space - a block with room for an entry
 * @dir:   the directory; its lock is held for writing
 * @need:  size of the entry in bytes
 * @block: receives the block
 *
 * Context: may sleep.
 * Return: false if no block has it, or if the index is gone.
 */
bool e2m_index_space(struct inode *dir, u32 need, u32 *block)
{
	u32 at, blocks = i_size_read(dir) >> dir->i_blkbits;
	struct e2m_inode *ei = E2M_I(dir);
	struct e2m_dir_index *index;
	bool found = false;

	mutex_lock(&ei->index_lock);
	index = ei->index;
	if (!index)
		goto out;
	at = need >= index->scan_need ? index->scan_from : 0;
	while (at < blocks && get_gap(index, at) < need)
		at++;
	if (need >= index->scan_need || at >= index->scan_from) {
		index->scan_from = at;
		index->scan_need = need;
	}
	*block = at;
	found = at < blocks;
out:
	mutex_unlock(&ei->index_lock);
	return found;
}

/**
 * e2m_index_drop - a directory needs its index no more
 * @dir: the directory
 *
 * Context: may sleep.
 */
void e2m_index_drop(struct inode *dir)
{
	struct e2m_inode *ei = E2M_I(dir);
	struct e2m_dir_index *index;

	mutex_lock(&ei->index_lock);
	index = detach(dir);
	mutex_unlock(&ei->index_lock);
	if (index)
		free_index(index);
}

/**
 * e2m_index_shrink - drop the oldest indices, memory is wanted back
 * @sb: the volume
 * @nr: how many
 *
 * Context: reclaim; must not wait for a directory that is in use.
 * Return: how many were dropped.
 */
unsigned long e2m_index_shrink(struct super_block *sb, unsigned long nr)
{
	struct e2m_sb *sbi = E2M_SB(sb);
	struct e2m_dir_index *index;
	struct e2m_inode *ei;
	unsigned long dropped;

	for (dropped = 0; dropped < nr; dropped++) {
		spin_lock(&sbi->indexed_lock);
		ei = list_first_entry_or_null(&sbi->indexed, struct e2m_inode,
					      index_link);
		/* On the list, so not yet evicted: eviction takes it off. */
		if (!ei || !mutex_trylock(&ei->index_lock)) {
			spin_unlock(&sbi->indexed_lock);
			break;
		}
		index = ei->index;
		ei->index = NULL;
		list_del_init(&ei->index_link);
		sbi->nr_indexed--;
		mutex_unlock(&ei->index_lock);
		spin_unlock(&sbi->indexed_lock);
		free_index(index);
	}
	return dropped;
}
