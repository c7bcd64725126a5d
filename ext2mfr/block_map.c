// SPDX-License-Identifier: GPL-2.0
/*
 * From a file's blocks to the volume's: twelve direct slots in the inode, then
 * trees of pointer blocks one, two and three deep.
 *
 * Lookups hold map_sem shared and look at one pointer block at a time, so
 * their demand is constant. An allocation holds map_sem alone; it builds what
 * is missing off to the side and makes it visible by one pointer, or by a row
 * of pointers in the last block of the path. What was looked up lately is
 * remembered (run_cache.c).
 */
#include "layout.h"

/* Lookups look this far ahead and back, for the sake of the next ones. */
#define LOOK_AROUND 32

/* A window starts with this many blocks and triples the file, up to the other. */
#define WINDOW_MIN 64
#define WINDOW_MAX 2048
/* No window takes more than this part of what is free. */
#define WINDOW_SHARE 16

/**
 * struct path_walk - way to a block's slot, one step a level
 * @offsets: index of the slot in each level's array
 * @depth:   number of levels, 1 for a direct block
 * @slot:    the slots
 * @bh:      the buffers that they lie in; NULL for the inode itself
 * @have:    number of leading slots that are known
 */
struct path_walk {
	u32 offsets[E2M_MAX_DEPTH];
	unsigned int depth;
	__le32 *slot[E2M_MAX_DEPTH];
	struct buffer_head *bh[E2M_MAX_DEPTH];
	unsigned int have;
};

/**
 * e2m_map_limit - number of blocks that a file can have
 * @sbi: the volume
 *
 * Context: any.
 * Return: number of blocks that the trees can name.
 */
u64 e2m_map_limit(const struct e2m_sb *sbi)
{
	u64 ptrs = sbi->ptrs_per_block;

	return E2_DIRECT_SLOTS + ptrs + ptrs * ptrs + ptrs * ptrs * ptrs;
}

/**
 * e2m_map_path - index of a block's slot in each level
 * @sbi:     the volume
 * @lblk:    block of the file
 * @offsets: receives E2M_MAX_DEPTH indices
 *
 * Context: any.
 * Return: number of levels, 0 if no file can have that block.
 */
unsigned int e2m_map_path(const struct e2m_sb *sbi, u32 lblk, u32 *offsets)
{
	u32 mask = sbi->ptrs_per_block - 1;
	unsigned int bits = sbi->ptr_bits, depth, i;
	u64 rest = lblk;

	if (rest < E2_DIRECT_SLOTS) {
		offsets[0] = rest;
		return 1;
	}
	rest -= E2_DIRECT_SLOTS;
	for (depth = 1; depth < E2M_MAX_DEPTH; depth++) {
		if (rest < 1ULL << (bits * depth))
			break;
		rest -= 1ULL << (bits * depth);
	}
	if (depth == E2M_MAX_DEPTH)
		return 0;
	offsets[0] = E2_DIRECT_SLOTS + depth - 1;
	for (i = 1; i <= depth; i++)
		offsets[i] = (rest >> (bits * (depth - i))) & mask;
	return depth + 1;
}

/* Number of slots from the last one of the path to the end of its array. */
static u32 slots_left(const struct e2m_sb *sbi, const u32 *offsets,
		      unsigned int depth)
{
	u32 slots = depth == 1 ? E2_DIRECT_SLOTS : sbi->ptrs_per_block;

	return slots - offsets[depth - 1];
}

/* Blocks from the path's block to the end of the subtree below @level. */
static u32 subtree_left(const struct e2m_sb *sbi, const u32 *offsets,
			unsigned int depth, unsigned int level)
{
	u64 left = slots_left(sbi, offsets, depth);
	unsigned int i;

	for (i = depth - 2; i > level; i--)
		left += (u64)(sbi->ptrs_per_block - 1 - offsets[i]) <<
			(sbi->ptr_bits * (depth - 1 - i));
	return min_t(u64, left, U32_MAX);
}

/* Length of the run of adjacent blocks, or of holes, that starts at @slot. */
static u32 run_length(const __le32 *slot, u32 max)
{
	u32 first = le32_to_cpu(*slot), len = 1;

	while (len < max &&
	       le32_to_cpu(slot[len]) == (first ? first + len : 0))
		len++;
	return len;
}

/* How many adjacent blocks the slots before @slot name, up to its own. */
static u32 run_before(const __le32 *slot, u32 max)
{
	u32 first = le32_to_cpu(*slot), len = 0;

	while (len < max && first > len + 1 &&
	       le32_to_cpu(slot[-(int)len - 1]) == first - len - 1)
		len++;
	return len;
}

static int check_pointer(struct inode *inode, u32 block, u32 count)
{
	if (likely(e2m_blocks_valid(E2M_SB(inode->i_sb), block, count)))
		return 0;
	e2m_corrupt(inode->i_sb, inode, "block %u+%u cannot be the file's",
		    block, count);
	return -EFSCORRUPTED;
}

/*
 * The blocks that a slot and those beside it name: what was asked for goes to
 * @run, and as much around it as is cheap to see is remembered.
 */
static int mapped_run(struct inode *inode, const __le32 *slot, u32 before,
		      u32 after, u32 max, struct e2m_run *run)
{
	struct e2m_inode *ei = E2M_I(inode);
	u32 back = run_before(slot, min_t(u32, before, LOOK_AROUND));
	u32 len = run_length(slot, min(after, max_t(u32, max, LOOK_AROUND)));
	int err = 0;

	run->pblk = le32_to_cpu(*slot);
	run->len = min(len, max);
	if (e2m_blocks_valid(E2M_SB(inode->i_sb), run->pblk - back, back + len))
		e2m_run_remember(ei, run->lblk - back, run->pblk - back,
				 back + len);
	else
		err = check_pointer(inode, run->pblk, run->len);
	return err;
}

/* The lookup proper; map_sem is held. */
static int find_run(struct inode *inode, u32 lblk, u32 max, unsigned int keep,
		    struct e2m_run *run)
{
	struct e2m_sb *sbi = E2M_SB(inode->i_sb);
	struct e2m_inode *ei = E2M_I(inode);
	struct e2m_peek peek = { .data = ei->slots };
	u32 offsets[E2M_MAX_DEPTH], left;
	unsigned int depth, level;
	const __le32 *slot;
	int err = 0;

	depth = e2m_map_path(sbi, lblk, offsets);
	if (!depth)
		return -EFBIG;
	*run = (struct e2m_run){ .lblk = lblk };
	for (level = 0; ; level++) {
		slot = (const __le32 *)peek.data + offsets[level];
		run->pblk = le32_to_cpu(*slot);
		if (level == depth - 1)
			break;
		if (level)
			e2m_meta_unpeek(&peek);
		if (!run->pblk) {
			left = subtree_left(sbi, offsets, depth, level);
			run->len = min(max, left);
			return 0;
		}
		err = check_pointer(inode, run->pblk, 1);
		if (!err)
			err = e2m_meta_peek(inode->i_sb, run->pblk, keep, &peek);
		if (err)
			return err;
	}
	left = slots_left(sbi, offsets, depth);
	if (run->pblk)
		err = mapped_run(inode, slot, offsets[level], left, max, run);
	else
		run->len = run_length(slot, min(left, max));
	if (level)
		e2m_meta_unpeek(&peek);
	return err;
}

/**
 * e2m_map_find - where blocks of a file lie
 * @inode: the file
 * @lblk:  first block asked for
 * @max:   how many blocks are of interest, at least 1
 * @keep:  as for e2m_meta_peek()
 * @run:   receives the run, or hole, that starts there; 1 to @max blocks
 *
 * Context: may sleep; takes map_sem.
 * Return: 0, -EFBIG, -EIO, -EFSCORRUPTED.
 */
int e2m_map_find(struct inode *inode, u32 lblk, u32 max, unsigned int keep,
		 struct e2m_run *run)
{
	struct e2m_inode *ei = E2M_I(inode);
	int err;

	if (e2m_run_find(ei, lblk, max, run))
		return 0;
	down_read(&ei->map_sem);
	err = find_run(inode, lblk, max, keep, run);
	up_read(&ei->map_sem);
	return err;
}

static void put_walk(struct path_walk *walk)
{
	unsigned int i;

	for (i = 0; i < walk->depth; i++)
		brelse(walk->bh[i]);
}

/* Follow the pointers as far as there are any. */
static int walk_path(struct inode *inode, u32 lblk, struct path_walk *walk)
{
	struct e2m_sb *sbi = E2M_SB(inode->i_sb);
	__le32 *slots = E2M_I(inode)->slots;
	struct buffer_head *bh = NULL;
	unsigned int level;
	u32 block;
	int err;

	*walk = (struct path_walk){ };
	walk->depth = e2m_map_path(sbi, lblk, walk->offsets);
	if (!walk->depth)
		return -EFBIG;
	for (level = 0; level < walk->depth; level++) {
		walk->bh[level] = bh;
		walk->slot[level] = slots + walk->offsets[level];
		walk->have = level + 1;
		block = le32_to_cpu(*walk->slot[level]);
		if (!block || level == walk->depth - 1)
			return 0;
		err = check_pointer(inode, block, 1);
		if (err)
			return err;
		bh = e2m_meta_read(inode->i_sb, block);
		if (IS_ERR(bh))
			return PTR_ERR(bh);
		slots = (__le32 *)bh->b_data;
	}
	return 0;
}

/* Behind the block before; else near the pointers; else in the inode's group. */
static u32 choose_goal(struct inode *inode, u32 lblk,
		       const struct path_walk *walk)
{
	struct e2m_sb *sbi = E2M_SB(inode->i_sb);
	struct e2m_inode *ei = E2M_I(inode);
	unsigned int last = walk->have - 1;
	__le32 *slots = walk->bh[last] ? (__le32 *)walk->bh[last]->b_data :
					 ei->slots;
	u32 i;

	if (ei->last_pblk && lblk == ei->last_lblk + 1)
		return ei->last_pblk + 1;
	for (i = walk->offsets[last]; i-- > 0; )
		if (slots[i])
			return le32_to_cpu(slots[i]) + 1;
	if (walk->bh[last])
		return walk->bh[last]->b_blocknr + 1;
	return e2m_group_first(sbi, ei->group);
}

/* Behind other pointers, or where the group begins: never between the data. */
static u32 pointer_goal(struct inode *inode, const struct path_walk *walk)
{
	const struct buffer_head *bh = walk->bh[walk->have - 1];

	return bh ? bh->b_blocknr + 1 :
		    e2m_group_first(E2M_SB(inode->i_sb), E2M_I(inode)->group);
}

/* How many blocks to set aside behind an allocation: more each time that a
 * file grew by its end, none for a file that has nothing yet, none when the
 * volume runs full.
 */
static u32 window_size(struct inode *inode, u32 lblk, u32 want)
{
	struct e2m_sb *sbi = E2M_SB(inode->i_sb);
	struct e2m_inode *ei = E2M_I(inode);
	u32 blocks = inode->i_blocks >> (inode->i_blkbits - SECTOR_SHIFT);
	s64 spare;

	if (!ei->last_pblk || lblk != ei->last_lblk + 1 || want >= WINDOW_MAX)
		return 0;
	spare = (percpu_counter_read(&sbi->free_blocks) -
		 sbi->reserved_blocks) / WINDOW_SHARE;
	if (spare < WINDOW_MIN)
		return 0;
	return min_t(s64, clamp_t(u32, 2 * blocks, WINDOW_MIN,
				    WINDOW_MAX), spare);
}

/* Take up to @want adjacent blocks, from the window or from the groups. */
static int take_blocks(struct inode *inode, u32 lblk, u32 goal, u32 want,
		       u32 *block, u32 *got)
{
	u32 extra;
	int err;

	*got = e2m_window_take(inode, goal, want, block);
	if (*got)
		return 0;
	extra = window_size(inode, lblk, want);
	err = e2m_alloc_blocks(inode, goal, want + extra, block, got);
	if (err)
		return err;
	if (*got > want) {
		e2m_window_set(inode, *block + want, *got - want);
		*got = want;
	}
	return 0;
}

/**
 * struct branch - what an allocation adds to a tree, not yet visible
 * @bh:    new pointer blocks, topmost first
 * @nr:    number of them
 * @data:  first data block
 * @len:   number of data blocks
 */
struct branch {
	struct buffer_head *bh[E2M_MAX_DEPTH - 1];
	unsigned int nr;
	u32 data;
	u32 len;
};

static void undo_branch(struct inode *inode, struct branch *branch)
{
	u32 block;

	while (branch->nr) {
		block = branch->bh[--branch->nr]->b_blocknr;
		brelse(branch->bh[branch->nr]);
		e2m_meta_forget(inode->i_sb, block);
		e2m_free_blocks(inode->i_sb, inode, block, 1);
	}
}

static int build_branch(struct inode *inode, u32 lblk, u32 want,
			const struct path_walk *walk, struct branch *branch)
{
	u32 goal = pointer_goal(inode, walk), block;
	unsigned int missing = walk->depth - walk->have;
	struct buffer_head *bh;
	int err;

	*branch = (struct branch){ };
	while (branch->nr < missing) {
		err = e2m_prepared_take(inode, goal, &block);
		if (err)
			goto undo;
		bh = e2m_meta_new(inode->i_sb, block);
		if (IS_ERR(bh)) {
			e2m_free_blocks(inode->i_sb, inode, block, 1);
			err = PTR_ERR(bh);
			goto undo;
		}
		branch->bh[branch->nr++] = bh;
		goal = block + 1;
	}
	err = take_blocks(inode, lblk, choose_goal(inode, lblk, walk), want,
			  &branch->data, &branch->len);
	if (!err)
		return 0;
undo:
	undo_branch(inode, branch);
	return err;
}

static void fill_slots(__le32 *slot, u32 block, u32 len)
{
	u32 i;

	for (i = 0; i < len; i++)
		slot[i] = cpu_to_le32(block + i);
}

/* Link the new pointer blocks to each other and to the data, from the bottom
 * up, then the topmost into the tree.
 */
static void splice_branch(struct inode *inode, struct path_walk *walk,
			  struct branch *branch)
{
	unsigned int top = walk->have - 1, i;
	struct buffer_head *bh;
	__le32 *slot;

	for (i = branch->nr; i-- > 0; ) {
		bh = branch->bh[i];
		slot = (__le32 *)bh->b_data + walk->offsets[top + 1 + i];
		if (i == branch->nr - 1)
			fill_slots(slot, branch->data, branch->len);
		else
			*slot = cpu_to_le32(branch->bh[i + 1]->b_blocknr);
		e2m_meta_dirty(bh, inode);
	}
	if (branch->nr)
		*walk->slot[top] = cpu_to_le32(branch->bh[0]->b_blocknr);
	else
		fill_slots(walk->slot[top], branch->data, branch->len);
	if (walk->bh[top])
		e2m_meta_dirty(walk->bh[top], inode);
	for (i = 0; i < branch->nr; i++)
		brelse(branch->bh[i]);
}

static void note_allocated(struct inode *inode, u32 lblk,
			   const struct branch *branch, bool hide)
{
	struct e2m_inode *ei = E2M_I(inode);

	spin_lock(&ei->lock);
	if (hide) {
		ei->fresh_start = lblk;
		WRITE_ONCE(ei->fresh_end, lblk + branch->len);
	}
	ei->last_lblk = lblk + branch->len - 1;
	ei->last_pblk = branch->data + branch->len - 1;
	spin_unlock(&ei->lock);
	inode_add_bytes(inode, (loff_t)(branch->nr + branch->len) <<
			       inode->i_blkbits);
}

/* Fill the hole at @lblk; map_sem is held for writing. */
static int fill_hole(struct inode *inode, u32 lblk, u32 max, bool hide,
		     struct path_walk *walk, struct e2m_run *run)
{
	struct e2m_sb *sbi = E2M_SB(inode->i_sb);
	struct branch branch;
	u32 want;
	int err;

	want = min(max, slots_left(sbi, walk->offsets, walk->depth));
	if (walk->have == walk->depth)
		want = run_length(walk->slot[walk->depth - 1], want);
	err = build_branch(inode, lblk, want, walk, &branch);
	if (err)
		return err;
	/* Hidden before it can be found. */
	note_allocated(inode, lblk, &branch, hide);
	splice_branch(inode, walk, &branch);
	e2m_run_remember(E2M_I(inode), lblk, branch.data, branch.len);
	mark_inode_dirty(inode);
	*run = (struct e2m_run){ .lblk = lblk, .pblk = branch.data,
				 .len = branch.len, .fresh = true };
	return 0;
}

/**
 * e2m_map_alloc - where blocks of a file lie, giving it blocks where it has
 * none
 * @inode: the file
 * @lblk:  first block asked for
 * @max:   how many blocks are wanted, at least 1
 * @hide:  new blocks are about to be filled through the page cache by the one
 *         writer that the inode lock admits; until then they read as zeroes
 * @run:   receives the run that starts at @lblk; 1 to @max blocks
 *
 * Context: may sleep; takes map_sem.
 * Return: 0, -EFBIG, -ENOSPC, -EIO, -EFSCORRUPTED. Nothing changed on error.
 */
int e2m_map_alloc(struct inode *inode, u32 lblk, u32 max, bool hide,
		  struct e2m_run *run)
{
	struct e2m_inode *ei = E2M_I(inode);
	struct path_walk walk;
	u32 left;
	int err;

	if (e2m_run_find(ei, lblk, max, run))
		return 0;
	down_write(&ei->map_sem);
	err = walk_path(inode, lblk, &walk);
	if (err)
		goto out;
	if (walk.have == walk.depth && *walk.slot[walk.depth - 1]) {
		left = slots_left(E2M_SB(inode->i_sb), walk.offsets,
				  walk.depth);
		*run = (struct e2m_run){ .lblk = lblk };
		err = mapped_run(inode, walk.slot[walk.depth - 1],
				 walk.offsets[walk.depth - 1], left, max, run);
	} else {
		err = fill_hole(inode, lblk, max, hide, &walk, run);
	}
out:
	put_walk(&walk);
	up_write(&ei->map_sem);
	return err;
}
