// SPDX-License-Identifier: GPL-2.0
/*
 * Directories as they lie on the device: blocks, each a row of entries that
 * fills it exactly. An entry's length reaches to the next entry, so the room
 * that it does not need itself is free.
 *
 * Blocks are reached through the buffer cache. The directory's inode lock
 * protects them: shared to look, exclusive to change. Every entry is checked
 * at the moment that it is used: a damaged image may let another file write
 * into the same block.
 */
#include "demand.h"
#include "layout.h"

/*
 * What is before an entry's name, read at once. On a damaged volume the block may be
 * another file's, too, and change at any moment: what was checked is not read again.
 */
struct head {
	u32 ino;
	u32 len;
	u32 name_len;
};

typedef __le64 __aligned(E2_DIRENT_ALIGN) head_word;

static __always_inline struct head read_head(const struct e2_dirent *de)
{
	u64 word = le64_to_cpu(READ_ONCE(*(const head_word *)de));

	return (struct head) {
		.ino = word, .len = (u16)(word >> 32), .name_len = (u8)(word >> 48),
	};
}

/* Is it safe to look at the entry, at @left bytes before the end of its block? */
static __always_inline bool head_sane(const struct head *head, u32 left)
{
	return head->len <= left && !(head->len & (E2_DIRENT_ALIGN - 1)) &&
	       head->len >= E2_DIRENT_SIZE(max_t(u32, head->name_len, 1));
}

/* The length of an entry that is safe to look at, otherwise 0. */
static u32 dirent_length(const struct e2_dirent *de, u32 left)
{
	struct head head;

	if (left < E2_DIRENT_MIN)
		return 0;
	head = read_head(de);
	return head_sane(&head, left) ? head.len : 0;
}

static int bad_entry(struct inode *dir, u32 block)
{
	e2m_corrupt(dir->i_sb, dir, "bad entry in directory block %u", block);
	return -EFSCORRUPTED;
}

static u32 dir_blocks(const struct inode *dir)
{
	return i_size_read(dir) >> dir->i_blkbits;
}

static int block_address(struct inode *dir, u32 block, unsigned int keep,
			 u32 *address)
{
	struct e2m_run run;
	int err;

	err = e2m_map_find(dir, block, 1, keep, &run);
	if (err)
		return err;
	*address = run.pblk;
	if (run.pblk)
		return 0;
	e2m_corrupt(dir->i_sb, dir, "hole at directory block %u", block);
	return -EFSCORRUPTED;
}

/**
 * e2m_dir_block_peek - look at a block of a directory
 * @dir:   the directory; its lock is held
 * @block: number of the block in the directory
 * @keep:  as for e2m_meta_peek()
 * @peek:  receives the content
 *
 * Context: may sleep.
 * Return: 0, -EIO, -EFSCORRUPTED.
 */
int e2m_dir_block_peek(struct inode *dir, u32 block, unsigned int keep,
		       struct e2m_peek *peek)
{
	u32 address;
	int err;

	err = block_address(dir, block, keep, &address);
	return err ? err : e2m_meta_peek(dir->i_sb, address, keep, peek);
}

/**
 * e2m_dir_block - buffer of a block of a directory
 * @dir:   the directory; its lock is held
 * @block: number of the block in the directory
 *
 * Context: may sleep.
 * Return: the buffer; -EIO, -EFSCORRUPTED.
 */
struct buffer_head *e2m_dir_block(struct inode *dir, u32 block)
{
	u32 address;
	int err;

	err = block_address(dir, block, 0, &address);
	return err ? ERR_PTR(err) : e2m_meta_read(dir->i_sb, address);
}

/**
 * e2m_slot_put - release an entry that was found
 * @slot: from e2m_dir_find()
 *
 * Context: any.
 */
void e2m_slot_put(struct e2m_slot *slot)
{
	brelse(slot->bh);
	slot->bh = NULL;
}

/*
 * Offset of the entry called @name in the block, -ENOENT, -EFSCORRUPTED. Names of a
 * directory often begin alike: their last bytes are compared first.
 */
static int find_in_block(struct inode *dir, u32 block, const void *data,
			 const struct qstr *name)
{
	u32 size = i_blocksize(dir), offset = 0, len = name->len;
	char last = name->name[len - 1];
	const struct e2_dirent *de;
	struct head head;

	for (; offset + E2_DIRENT_MIN <= size; offset += head.len) {
		de = data + offset;
		head = read_head(de);
		if (unlikely(!head_sane(&head, size - offset)))
			return bad_entry(dir, block);
		if (head.name_len == len && de->name[len - 1] == last && head.ino &&
		    !memcmp(de->name, name->name, len))
			return offset;
	}
	return offset == size ? -ENOENT : bad_entry(dir, block);
}

/* What an operation that looks for an entry needs when it has found it. */
static unsigned int keep_for(const struct inode *dir,
			     const struct e2m_slot *slot)
{
	return slot ? E2M_KEEP_CHANGE(dir->i_sb) : E2M_KEEP_LOOK(dir->i_sb);
}

/* Look into one block; on success @ino or @slot, whichever is given, is set. */
static int try_block(struct inode *dir, u32 block, const struct qstr *name,
		     u32 *ino, struct e2m_slot *slot)
{
	struct e2m_peek peek;
	int offset, err;

	err = e2m_dir_block_peek(dir, block, keep_for(dir, slot), &peek);
	if (err)
		return err;
	offset = find_in_block(dir, block, peek.data, name);
	if (offset >= 0 && ino)
		*ino = le32_to_cpu(((struct e2_dirent *)
				    (peek.data + offset))->inode);
	e2m_meta_unpeek(&peek);
	if (offset < 0 || !slot)
		return min(offset, 0);
	slot->bh = e2m_dir_block(dir, block);
	if (IS_ERR(slot->bh))
		return PTR_ERR(slot->bh);
	slot->de = (struct e2_dirent *)(slot->bh->b_data + offset);
	slot->block = block;
	return 0;
}

static int scan_all(struct inode *dir, const struct qstr *name, u32 *ino,
		    struct e2m_slot *slot)
{
	u32 block, blocks = dir_blocks(dir);
	int err = -ENOENT;

	for (block = 0; block < blocks && err == -ENOENT; block++) {
		err = try_block(dir, block, name, ino, slot);
		cond_resched();
	}
	return err;
}

/* By the index, which may be dropped at any moment: then by scanning. */
static int scan_indexed(struct inode *dir, const struct qstr *name, u32 *ino,
			struct e2m_slot *slot)
{
	u32 hash = e2m_name_hash(name->name, name->len), block;
	struct e2m_index_cursor cursor = { };
	int err;

	for (;;) {
		err = e2m_index_candidate(dir, hash, &cursor, &block);
		if (err == -EAGAIN)
			return scan_all(dir, name, ino, slot);
		if (!err)
			err = try_block(dir, block, name, ino, slot);
		else
			return err;
		if (err != -ENOENT)
			return err;
	}
}

static int find_name(struct inode *dir, const struct qstr *name, u32 *ino,
		     struct e2m_slot *slot)
{
	if (slot)
		slot->bh = NULL;
	if (name->len > E2_NAME_LEN)
		return -ENAMETOOLONG;
	if (e2m_index_wanted(dir) && e2m_index_build(dir, keep_for(dir, slot)))
		return scan_indexed(dir, name, ino, slot);
	return scan_all(dir, name, ino, slot);
}

/**
 * e2m_dir_find - find an entry in order to change it
 * @dir:  the directory; its lock is held
 * @name: name of the entry
 * @slot: receives the entry; release it with e2m_slot_put()
 *
 * Context: may sleep.
 * Return: 0, -ENOENT, -EIO, -EFSCORRUPTED.
 */
int e2m_dir_find(struct inode *dir, const struct qstr *name,
		 struct e2m_slot *slot)
{
	int err = find_name(dir, name, NULL, slot);

	if (err)
		slot->bh = NULL;
	return err;
}

/**
 * e2m_dir_lookup - which inode a name stands for
 * @dir:  the directory; its lock is held
 * @name: name of the entry
 * @ino:  receives the inode number, not checked
 *
 * Context: may sleep.
 * Return: 0, -ENOENT, -EIO, -EFSCORRUPTED.
 */
int e2m_dir_lookup(struct inode *dir, const struct qstr *name, u32 *ino)
{
	return find_name(dir, name, ino, NULL);
}

/**
 * e2m_dir_dotdot - the entry that names a directory's parent
 * @dir:  the directory
 * @slot: receives the entry
 *
 * Context: may sleep.
 * Return: 0, -EIO, -EFSCORRUPTED.
 */
int e2m_dir_dotdot(struct inode *dir, struct e2m_slot *slot)
{
	static const struct qstr dotdot = QSTR_INIT("..", 2);
	int err = try_block(dir, 0, &dotdot, NULL, slot);

	if (err)
		slot->bh = NULL;
	return err == -ENOENT ? bad_entry(dir, 0) : err;
}

static void set_type(struct e2_dirent *de, const struct inode *inode)
{
	if (e2m_has_incompat(E2M_SB(inode->i_sb), E2_INCOMPAT_FILETYPE))
		de->file_type = fs_umode_to_ftype(inode->i_mode);
	else
		de->file_type = 0;
}

/* A change of @dir is complete: on a synchronous directory it must last. */
static int finish_change(struct inode *dir, struct buffer_head *bh, bool touch)
{
	struct e2m_inode *ei = E2M_I(dir);

	e2m_meta_dirty(bh, dir);
	if (touch)
		cfs_touch(dir);
	/* The hashed tree that others keep in the same blocks is void now. */
	ei->flags &= ~E2_FL_INDEX;
	mark_inode_dirty(dir);
	if (!IS_DIRSYNC(dir))
		return 0;
	return e2m_meta_sync(dir->i_sb, bh) ?: sync_inode_metadata(dir, 1);
}

/* Room behind the name of @de, all of it if the entry is free. */
static u32 spare_room(const struct head *head)
{
	return head->ino ? head->len - E2_DIRENT_SIZE(head->name_len) : head->len;
}

/* Find @need bytes in the block; returns the offset of the entry that has
 * them. @gap receives the widest room that remains afterwards.
 */
static int find_room(struct inode *dir, u32 block, const void *data, u32 need,
		     u32 *gap)
{
	u32 size = i_blocksize(dir), offset = 0, room, widest = 0;
	int found = -ENOSPC;
	struct head head;

	for (; offset + E2_DIRENT_MIN <= size; offset += head.len) {
		head = read_head(data + offset);
		if (unlikely(!head_sane(&head, size - offset)))
			return bad_entry(dir, block);
		room = spare_room(&head);
		if (room >= need && found == -ENOSPC) {
			found = offset;
			room -= need;
		}
		widest = max(widest, room);
	}
	*gap = widest;
	return offset == size ? found : bad_entry(dir, block);
}

/* Put the entry into the room of @de; the block's writes are held off. */
static void place_entry(struct e2_dirent *de, const struct qstr *name,
			const struct inode *inode)
{
	u32 len = le16_to_cpu(de->rec_len), used;

	if (de->inode) {
		used = E2_DIRENT_SIZE(de->name_len);
		de->rec_len = cpu_to_le16(used);
		de = (void *)de + used;
		de->rec_len = cpu_to_le16(len - used);
	}
	de->name_len = name->len;
	memcpy(de->name, name->name, name->len);
	set_type(de, inode);
	de->inode = cpu_to_le32(inode->i_ino);
}

static int add_to_block(struct inode *dir, u32 block, const struct qstr *name,
			struct inode *inode)
{
	u32 need = E2_DIRENT_SIZE(name->len), gap;
	struct buffer_head *bh;
	struct e2_dirent *de;
	struct e2m_peek peek;
	struct head head;
	int offset, err;

	err = e2m_dir_block_peek(dir, block, E2M_KEEP_CHANGE(dir->i_sb), &peek);
	if (err)
		return err;
	offset = find_room(dir, block, peek.data, need, &gap);
	e2m_meta_unpeek(&peek);
	if (offset == -ENOSPC)
		e2m_index_gap(dir, block, gap);
	if (offset < 0)
		return offset;
	bh = e2m_dir_block(dir, block);
	if (IS_ERR(bh))
		return PTR_ERR(bh);
	lock_buffer(bh);
	de = (struct e2_dirent *)(bh->b_data + offset);
	/* A damaged volume may have another directory write to this block. */
	head = read_head(de);
	if (head_sane(&head, bh->b_size - offset) && spare_room(&head) >= need)
		place_entry(de, name, inode);
	else
		err = bad_entry(dir, block);
	unlock_buffer(bh);
	if (!err) {
		e2m_index_added(dir, e2m_name_hash(name->name, name->len),
				block, gap);
		err = finish_change(dir, bh, true);
	}
	brelse(bh);
	return err;
}

/* Append a block whose only entry is free; it counts once i_size says so. */
static int append_block(struct inode *dir, u32 block)
{
	struct buffer_head *bh;
	struct e2_dirent *de;
	struct e2m_run run;
	int err;

	if (block >= U32_MAX >> dir->i_blkbits)
		return -ENOSPC;
	err = e2m_map_alloc(dir, block, 1, false, &run);
	if (err)
		return err;
	bh = e2m_meta_new(dir->i_sb, run.pblk);
	if (IS_ERR(bh)) {
		e2m_free_range(dir, block, U32_MAX);
		return PTR_ERR(bh);
	}
	de = (struct e2_dirent *)bh->b_data;
	de->rec_len = cpu_to_le16(bh->b_size);
	e2m_meta_dirty(bh, dir);
	brelse(bh);
	i_size_write(dir, (loff_t)(block + 1) << dir->i_blkbits);
	e2m_demand_note_search(block + 1);
	mark_inode_dirty(dir);
	return 0;
}

static int add_by_scan(struct inode *dir, const struct qstr *name,
		       struct inode *inode, u32 blocks)
{
	struct e2m_inode *ei = E2M_I(dir);
	u32 block = min(ei->space_hint, blocks);
	int err = -ENOSPC;

	for (; block < blocks && err == -ENOSPC; block++) {
		err = add_to_block(dir, block, name, inode);
		if (err == -ENOSPC && E2_DIRENT_SIZE(name->len) <= 24 &&
		    ei->space_hint == block)
			ei->space_hint = block + 1;
		cond_resched();
	}
	return err;
}

/**
 * e2m_dir_add - enter a name into a directory
 * @dir:   the directory; its lock is held for writing
 * @name:  the name, which the directory does not have
 * @inode: what it stands for
 *
 * Context: may sleep.
 * Return: 0, -ENAMETOOLONG, -ENOSPC, -EIO, -EFSCORRUPTED.
 */
int e2m_dir_add(struct inode *dir, const struct qstr *name, struct inode *inode)
{
	u32 need = E2_DIRENT_SIZE(name->len), block, blocks = dir_blocks(dir);
	int err = -ENOSPC;

	if (name->len > E2_NAME_LEN)
		return -ENAMETOOLONG;
	if (e2m_index_wanted(dir) &&
	    e2m_index_build(dir, E2M_KEEP_CHANGE(dir->i_sb))) {
		while (err == -ENOSPC && e2m_index_space(dir, need, &block))
			err = add_to_block(dir, block, name, inode);
	} else {
		err = add_by_scan(dir, name, inode, blocks);
	}
	if (err != -ENOSPC)
		return err;
	err = append_block(dir, blocks);
	return err ? err : add_to_block(dir, blocks, name, inode);
}

/* The entry in front of @target in its block, NULL if it is the first. */
static struct e2_dirent *entry_before(struct inode *dir, struct e2m_slot *slot)
{
	struct e2_dirent *de = (struct e2_dirent *)slot->bh->b_data, *prev;
	u32 size = i_blocksize(dir);

	for (prev = NULL; de < slot->de; de = e2m_next_dirent(de)) {
		if (!dirent_length(de, slot->bh->b_data + size - (char *)de))
			return ERR_PTR(bad_entry(dir, slot->block));
		prev = de;
	}
	return de == slot->de ? prev : ERR_PTR(bad_entry(dir, slot->block));
}

/**
 * e2m_dir_delete - remove an entry
 * @dir:  the directory; its lock is held for writing
 * @slot: the entry, from e2m_dir_find()
 *
 * Context: may sleep.
 * Return: 0, -EIO, -EFSCORRUPTED.
 */
int e2m_dir_delete(struct inode *dir, struct e2m_slot *slot)
{
	struct e2_dirent *de = slot->de, *prev = entry_before(dir, slot);
	u32 hash = e2m_name_hash(de->name, de->name_len), gap;
	struct head head;

	if (IS_ERR(prev))
		return PTR_ERR(prev);
	lock_buffer(slot->bh);
	if (prev)
		le16_add_cpu(&prev->rec_len, le16_to_cpu(de->rec_len));
	else
		prev = de;
	de->inode = 0;
	unlock_buffer(slot->bh);
	head = read_head(prev);
	gap = spare_room(&head);
	E2M_I(dir)->space_hint = min(E2M_I(dir)->space_hint, slot->block);
	e2m_index_deleted(dir, hash, slot->block, gap);
	return finish_change(dir, slot->bh, true);
}

/**
 * e2m_dir_set - let an entry stand for another inode
 * @dir:   the directory; its lock is held for writing
 * @slot:  the entry
 * @inode: the inode
 * @touch: whether this counts as a modification of the directory
 *
 * Context: may sleep.
 * Return: 0 or -EIO.
 */
int e2m_dir_set(struct inode *dir, struct e2m_slot *slot, struct inode *inode,
		bool touch)
{
	lock_buffer(slot->bh);
	slot->de->inode = cpu_to_le32(inode->i_ino);
	set_type(slot->de, inode);
	unlock_buffer(slot->bh);
	return finish_change(dir, slot->bh, touch);
}

/**
 * e2m_dir_make - give a new directory its first block
 * @inode:  the directory
 * @parent: the directory that it will be in
 *
 * Context: may sleep.
 * Return: 0, -ENOSPC, -EIO, -EFSCORRUPTED.
 */
int e2m_dir_make(struct inode *inode, struct inode *parent)
{
	static const struct qstr dot = QSTR_INIT(".", 1);
	static const struct qstr dotdot = QSTR_INIT("..", 2);
	struct buffer_head *bh;
	struct e2_dirent *de;
	int err;

	err = append_block(inode, 0);
	if (err)
		return err;
	bh = e2m_dir_block(inode, 0);
	if (IS_ERR(bh))
		return PTR_ERR(bh);
	de = (struct e2_dirent *)bh->b_data;
	lock_buffer(bh);
	place_entry(de, &dot, inode);
	place_entry(de, &dotdot, parent);
	unlock_buffer(bh);
	e2m_meta_dirty(bh, inode);
	if (IS_DIRSYNC(inode))
		err = e2m_meta_sync(inode->i_sb, bh);
	brelse(bh);
	return err;
}

static bool is_dot(const struct inode *dir, const struct e2_dirent *de)
{
	if (de->name_len == 1 && de->name[0] == '.')
		return le32_to_cpu(de->inode) == dir->i_ino;
	return de->name_len == 2 && de->name[0] == '.' && de->name[1] == '.';
}

/* Has a block no entry, or none but the directory's own if @dots says so:
 * 0 or -ENOTEMPTY.
 */
static int block_is_empty(struct inode *dir, u32 block, bool dots)
{
	u32 size = i_blocksize(dir), offset = 0, len;
	const struct e2_dirent *de;
	struct e2m_peek peek;
	int err;

	err = e2m_dir_block_peek(dir, block, E2M_KEEP_CHANGE(dir->i_sb), &peek);
	if (err)
		return err;
	while (!err && offset < size) {
		de = peek.data + offset;
		len = dirent_length(de, size - offset);
		if (!len)
			err = bad_entry(dir, block);
		else if (de->inode && !(dots && is_dot(dir, de)))
			err = -ENOTEMPTY;
		else
			offset += len;
	}
	e2m_meta_unpeek(&peek);
	return err;
}

/**
 * e2m_dir_is_empty - has a directory no entries but its own
 * @inode: the directory; its lock is held
 *
 * Context: may sleep.
 * Return: 0, -ENOTEMPTY, -EIO, -EFSCORRUPTED.
 */
int e2m_dir_is_empty(struct inode *inode)
{
	u32 block, blocks = dir_blocks(inode);
	int err = 0;

	for (block = 0; block < blocks && !err; block++) {
		err = block_is_empty(inode, block, true);
		cond_resched();
	}
	return err;
}

static int block_is_unused(struct inode *dir, u32 block)
{
	int err = block_is_empty(dir, block, false);

	return err == -ENOTEMPTY ? 0 : err ? err : 1;
}

/* Programs could not name it, or would take it for another file. */
static bool name_possible(const char *name, u32 len)
{
	u32 i;

	for (i = 0; i < len; i++)
		if (!name[i] || name[i] == '/')
			return false;
	return len;
}

/* Emit a block's entries from @offset on; returns how many, and sets @full
 * when the caller's buffer is. Entries may have come and gone since @offset was
 * handed out, so the block is walked from its start to the first entry not
 * before it.
 */
static int emit_entries(struct inode *dir, u32 block, const void *data,
			struct dir_context *ctx, bool *full)
{
	u32 size = i_blocksize(dir), at = 0, offset = ctx->pos & (size - 1);
	bool typed = e2m_has_incompat(E2M_SB(dir->i_sb), E2_INCOMPAT_FILETYPE);
	loff_t base = (loff_t)block << dir->i_blkbits;
	const struct e2_dirent *de;
	struct head head;
	int emitted = 0;

	for (; at < size; at += head.len) {
		/* Not before what was emitted: damage behind that is met again. */
		if (at >= offset)
			ctx->pos = base + at;
		de = data + at;
		if (size - at < E2_DIRENT_MIN)
			return bad_entry(dir, block);
		head = read_head(de);
		if (!head_sane(&head, size - at))
			return bad_entry(dir, block);
		if (at < offset || !head.ino)
			continue;
		if (!name_possible(de->name, head.name_len))
			return bad_entry(dir, block);
		*full = !dir_emit(ctx, de->name, head.name_len, head.ino,
				  typed ? fs_ftype_to_dtype(de->file_type) :
					  DT_UNKNOWN);
		if (*full)
			return emitted;
		emitted++;
	}
	ctx->pos = base + size;
	return emitted;
}

/* Entries are copied to user space, which may fault, and the fault may want
 * the recycled page: so they are emitted from a buffer.
 */
static int emit_block(struct inode *dir, u32 block, struct dir_context *ctx,
		      bool *full)
{
	struct buffer_head *bh = e2m_dir_block(dir, block);
	int emitted;

	if (IS_ERR(bh))
		return PTR_ERR(bh);
	emitted = emit_entries(dir, block, bh->b_data, ctx, full);
	brelse(bh);
	return emitted;
}

/**
 * e2m_dir_iterate - list a directory
 * @file: the open directory; its inode's lock is held
 * @ctx:  where to go on, and whom to tell
 *
 * Stops early, as if the caller's buffer were full, when the scope runs low:
 * the caller asks again, in a new scope.
 *
 * Context: may sleep.
 * Return: 0, -EIO, -EFSCORRUPTED.
 */
int e2m_dir_iterate(struct file *file, struct dir_context *ctx)
{
	struct inode *dir = file_inode(file);
	bool full = false, some = false;
	u32 block;
	int ret;

	if (ctx->pos < 0)
		return -EINVAL;
	while (!full && ctx->pos < i_size_read(dir)) {
		block = ctx->pos >> dir->i_blkbits;
		if (ama_scope_left() < E2M_KEEP_LOOK(dir->i_sb)) {
			if (some)
				break;
			ret = block_is_unused(dir, block);
			if (ret < 0)
				return ret;
			if (ret) {
				ctx->pos = (loff_t)(block + 1) <<
					   dir->i_blkbits;
				continue;
			}
		}
		ret = emit_block(dir, block, ctx, &full);
		if (ret < 0)
			return ret;
		some |= ret > 0;
		cond_resched();
	}
	return 0;
}
