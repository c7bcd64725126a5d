// SPDX-License-Identifier: GPL-2.0
/*
 * Names: creating, linking, moving and removing them.
 *
 * An operation finds and checks everything that it will touch before it
 * changes anything, so that what remains can fail by an I/O error only. A new
 * name is entered before an old one is removed, and an inode loses a link
 * after the name is gone: what a crash can leave behind is a link count that
 * is too high or an inode without a name, which e2fsck settles alone.
 */
#include "layout.h"

/**
 * e2m_drop_link - a name of an inode is gone
 * @inode: the inode; its lock is held
 *
 * A damaged image may have more names than it counts.
 *
 * Context: may sleep.
 */
void e2m_drop_link(struct inode *inode)
{
	if (inode->i_nlink) {
		drop_nlink(inode);
		mark_inode_dirty(inode);
	} else {
		e2m_corrupt(inode->i_sb, inode, "more names than links");
	}
}

/**
 * e2m_lookup - what a name stands for
 * @dir:    the directory; its lock is held
 * @dentry: the name
 * @flags:  LOOKUP_*
 *
 * Context: may sleep.
 * Return: as inode_operations.lookup().
 */
struct dentry *e2m_lookup(struct inode *dir, struct dentry *dentry,
			  unsigned int flags)
{
	struct inode *inode = NULL;
	struct dentry *found;
	u32 ino = 0;
	int err;

	err = e2m_dir_lookup(dir, &dentry->d_name, &ino);
	if (err && err != -ENOENT)
		return ERR_PTR(err);
	if (!err) {
		inode = e2m_iget(dir->i_sb, ino);
		if (inode == ERR_PTR(-ESTALE)) {
			e2m_corrupt(dir->i_sb, dir, "entry for free inode %u",
				    ino);
			return ERR_PTR(-EFSCORRUPTED);
		}
	}
	found = d_splice_alias(inode, dentry);
	if (found == ERR_PTR(-ELOOP)) {
		e2m_corrupt(dir->i_sb, dir, "entry for directory %u, which this one is in",
			    ino);
		return ERR_PTR(-EFSCORRUPTED);
	}
	return found;
}

/* Enter a new inode's name; on failure the inode is given up. */
static int name_new_inode(struct inode *dir, struct dentry *dentry,
			  struct inode *inode)
{
	int err = 0;

	/* A synchronous directory must not name what is not there yet. */
	if (IS_DIRSYNC(dir))
		err = sync_inode_metadata(inode, 1);
	if (!err)
		err = e2m_dir_add(dir, &dentry->d_name, inode);
	if (err) {
		clear_nlink(inode);
		mark_inode_dirty(inode);
		discard_new_inode(inode);
		return err;
	}
	d_instantiate_new(dentry, inode);
	return 0;
}

/**
 * e2m_create - create a regular file
 * @idmap:  of the mount
 * @dir:    the directory; its lock is held for writing
 * @dentry: the name
 * @mode:   permissions
 *
 * Context: may sleep.
 * Return: 0 or an errno; nothing changed on error.
 */
int e2m_create(struct cfs_idmap *idmap, struct inode *dir, struct dentry *dentry,
	       umode_t mode)
{
	struct inode *inode = e2m_new_inode(idmap, dir, mode, &dentry->d_name);

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	e2m_set_ops(inode, 0);
	return name_new_inode(dir, dentry, inode);
}

/**
 * e2m_tmpfile - create a regular file without a name
 * @idmap: of the mount
 * @dir:   the directory that it could have been in
 * @file:  is being opened
 * @mode:  permissions
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
int e2m_tmpfile(struct cfs_idmap *idmap, struct inode *dir, struct file *file,
		umode_t mode)
{
	struct inode *inode = e2m_new_inode(idmap, dir, mode, NULL);

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	e2m_set_ops(inode, 0);
	d_tmpfile(file, inode);
	unlock_new_inode(inode);
	return 0;
}

/**
 * e2m_mknod - create a device node, a pipe or a socket
 * @idmap:  of the mount
 * @dir:    the directory; its lock is held for writing
 * @dentry: the name
 * @mode:   type and permissions
 * @rdev:   the device
 *
 * Context: may sleep.
 * Return: 0 or an errno; nothing changed on error.
 */
int e2m_mknod(struct cfs_idmap *idmap, struct inode *dir, struct dentry *dentry,
	      umode_t mode, dev_t rdev)
{
	struct inode *inode = e2m_new_inode(idmap, dir, mode, &dentry->d_name);

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	e2m_set_ops(inode, rdev);
	mark_inode_dirty(inode);
	return name_new_inode(dir, dentry, inode);
}

/**
 * e2m_symlink - create a symbolic link
 * @idmap:  of the mount
 * @dir:    the directory; its lock is held for writing
 * @dentry: the name
 * @target: what the link says
 *
 * Context: may sleep.
 * Return: 0 or an errno; nothing changed on error.
 */
int e2m_symlink(struct cfs_idmap *idmap, struct inode *dir, struct dentry *dentry,
		const char *target)
{
	size_t len = strlen(target);
	struct inode *inode;
	int err;

	if (len >= i_blocksize(dir))
		return -ENAMETOOLONG;
	inode = e2m_new_inode(idmap, dir, S_IFLNK | 0777, &dentry->d_name);
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	err = e2m_symlink_store(inode, target, len);
	if (err) {
		clear_nlink(inode);
		discard_new_inode(inode);
		return err;
	}
	return name_new_inode(dir, dentry, inode);
}

/**
 * e2m_link - give an inode another name
 * @old:    one of its names
 * @dir:    the directory; its lock is held for writing
 * @dentry: the new name
 *
 * Context: may sleep.
 * Return: 0 or an errno; nothing changed on error.
 */
int e2m_link(struct dentry *old, struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = d_inode(old);
	int err;

	inode_set_ctime_current(inode);
	inc_nlink(inode);
	mark_inode_dirty(inode);
	if (IS_DIRSYNC(dir)) {
		err = sync_inode_metadata(inode, 1);
		if (err)
			goto undo;
	}
	err = e2m_dir_add(dir, &dentry->d_name, inode);
	if (err)
		goto undo;
	e2m_note_entry(inode);
	ihold(inode);
	d_instantiate(dentry, inode);
	return 0;
undo:
	e2m_drop_link(inode);
	return err;
}

/**
 * e2m_mkdir - create a directory
 * @idmap:  of the mount
 * @dir:    the directory that it goes into; its lock is held for writing
 * @dentry: the name
 * @mode:   permissions
 *
 * Context: may sleep.
 * Return: 0 or an errno; nothing changed on error.
 */
int e2m_mkdir(struct cfs_idmap *idmap, struct inode *dir, struct dentry *dentry,
	      umode_t mode)
{
	struct inode *inode;
	int err;

	inode = e2m_new_inode(idmap, dir, S_IFDIR | mode, &dentry->d_name);
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	e2m_set_ops(inode, 0);
	inc_nlink(inode);
	err = e2m_dir_make(inode, dir);
	if (err) {
		clear_nlink(inode);
		discard_new_inode(inode);
		return err;
	}
	/* The new directory's own ".." is a link to its parent. */
	inc_nlink(dir);
	mark_inode_dirty(dir);
	err = name_new_inode(dir, dentry, inode);
	if (err)
		e2m_drop_link(dir);
	return err;
}

/* Remove the name; the caller has settled what it stands for. */
static int remove_name(struct inode *dir, struct dentry *dentry)
{
	struct e2m_slot slot;
	int err;

	err = e2m_dir_find(dir, &dentry->d_name, &slot);
	if (err == -ENOENT) {
		e2m_corrupt(dir->i_sb, dir, "a name vanished");
		err = -EFSCORRUPTED;
	}
	if (err)
		return err;
	err = e2m_dir_delete(dir, &slot);
	e2m_slot_put(&slot);
	return err;
}

/**
 * e2m_unlink - remove a name
 * @dir:    the directory; its lock is held for writing
 * @dentry: the name; its inode's lock is held
 *
 * Context: may sleep.
 * Return: 0 or an errno; nothing changed on error.
 */
int e2m_unlink(struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);
	int err = remove_name(dir, dentry);

	if (err)
		return err;
	inode_set_ctime(inode, cfs_ctime_sec(dir), 0);
	e2m_drop_link(inode);
	return 0;
}

/**
 * e2m_rmdir - remove an empty directory
 * @dir:    the directory that it is in; its lock is held for writing
 * @dentry: the name; its inode's lock is held
 *
 * Context: may sleep.
 * Return: 0, -ENOTEMPTY or another errno; nothing changed on error.
 */
int e2m_rmdir(struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);
	int err;

	err = e2m_dir_is_empty(inode);
	if (!err)
		err = e2m_unlink(dir, dentry);
	if (err)
		return err;
	i_size_write(inode, 0);
	/* Its own "." and its ".." in the parent. */
	e2m_drop_link(inode);
	e2m_drop_link(dir);
	return 0;
}

/**
 * struct move - one side of a rename
 * @dir:    directory
 * @dentry: the name
 * @inode:  what it stands for, NULL for a name that is free
 * @slot:   its entry
 * @dotdot: entry of the inode's parent, if it is a directory that moves
 */
struct move {
	struct inode *dir;
	struct dentry *dentry;
	struct inode *inode;
	struct e2m_slot slot;
	struct e2m_slot dotdot;
};

static void put_move(struct move *move)
{
	e2m_slot_put(&move->slot);
	e2m_slot_put(&move->dotdot);
}

/* Find what the move will change. */
static int prepare_move(struct move *move, const struct inode *other_dir,
			bool moves)
{
	int err;

	if (!move->inode)
		return 0;
	err = e2m_dir_find(move->dir, &move->dentry->d_name, &move->slot);
	if (err == -ENOENT) {
		e2m_corrupt(move->dir->i_sb, move->dir, "a name vanished");
		err = -EFSCORRUPTED;
	}
	if (!err && moves && S_ISDIR(move->inode->i_mode) &&
	    move->dir != other_dir)
		err = e2m_dir_dotdot(move->inode, &move->dotdot);
	return err;
}

/* A directory that moved has another parent now. */
static int set_parent(struct move *move, struct inode *parent)
{
	int err;

	if (!move->dotdot.bh)
		return 0;
	err = e2m_dir_set(move->inode, &move->dotdot, parent, false);
	inc_nlink(parent);
	mark_inode_dirty(parent);
	e2m_drop_link(move->dir);
	return err;
}

static int exchange(struct move *a, struct move *b)
{
	int err, err2;

	e2m_note_entry(a->inode);
	e2m_note_entry(b->inode);
	inode_set_ctime_current(a->inode);
	inode_set_ctime_current(b->inode);
	mark_inode_dirty(a->inode);
	mark_inode_dirty(b->inode);
	err = e2m_dir_set(b->dir, &b->slot, a->inode, true);
	err2 = e2m_dir_set(a->dir, &a->slot, b->inode, true);
	err = err ?: err2;
	err2 = set_parent(a, b->dir);
	err = err ?: err2;
	err2 = set_parent(b, a->dir);
	return err ?: err2;
}

/* The old entry may have got a new neighbour when the new one was added, but
 * it did not move: only its buffer and place matter.
 */
static int replace(struct move *from, struct move *to)
{
	struct inode *victim = to->inode;
	int err, err2;

	inode_set_ctime_current(from->inode);
	mark_inode_dirty(from->inode);
	if (victim)
		err = e2m_dir_set(to->dir, &to->slot, from->inode, true);
	else
		err = e2m_dir_add(to->dir, &to->dentry->d_name, from->inode);
	if (err)
		return err;
	e2m_note_entry(from->inode);
	err = e2m_dir_delete(from->dir, &from->slot);
	if (victim) {
		inode_set_ctime_current(victim);
		e2m_drop_link(victim);
		if (S_ISDIR(victim->i_mode)) {
			/* Its "." and its ".." in the parent. */
			e2m_drop_link(victim);
			e2m_drop_link(to->dir);
		}
	}
	err2 = set_parent(from, to->dir);
	return err ?: err2;
}

/**
 * e2m_rename - move a name, or exchange two
 * @old_dir:    directory of the one; locked for writing, like @new_dir
 * @old_dentry: the name
 * @new_dir:    directory of the other
 * @new_dentry: the name
 * @flags:      RENAME_NOREPLACE, which the VFS has seen to, RENAME_EXCHANGE
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
int e2m_rename(struct inode *old_dir, struct dentry *old_dentry,
	       struct inode *new_dir, struct dentry *new_dentry,
	       unsigned int flags)
{
	bool both = flags & RENAME_EXCHANGE;
	struct move from = { old_dir, old_dentry, d_inode(old_dentry) };
	struct move to = { new_dir, new_dentry, d_inode(new_dentry) };
	int err;

	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	err = prepare_move(&from, new_dir, true);
	if (!err)
		err = prepare_move(&to, old_dir, both);
	if (!err && !both && to.inode && S_ISDIR(to.inode->i_mode))
		err = e2m_dir_is_empty(to.inode);
	if (!err)
		err = both ? exchange(&from, &to) : replace(&from, &to);
	put_move(&to);
	put_move(&from);
	return err;
}
