// SPDX-License-Identifier: GPL-2.0
/*
 * Entries from the VFS on open files: transfers in bounded pieces, listing,
 * seeking, syncing.
 *
 * Between two pieces the scope is made whole again. That costs a comparison as
 * long as memory is to be had. When it is not, a request that passed the gate
 * ends there, and the gate goes on with it; another waits where it is.
 *
 * An entry that the gate has not seen takes its lock first and its scope then:
 * whoever was granted something has all locks, so that it comes to an end.
 */
#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/wait.h>
#include <linux/splice.h>
#include <linux/uio.h>
#include "entry.h"
#include "entry_mmap.h"
#include "xattr.h"

/* Rings try at once what can be done without blocking. */
static int ext2mfr_open(struct inode *inode, struct file *file)
{
	file->f_mode |= FMODE_NOWAIT;
	return generic_file_open(inode, file);
}

/* How a request that must not block is admitted. */
static const struct ama_admission at_once = { .policy = AMA_FAIL };

static const struct ama_admission *admission_of(const struct kiocb *iocb)
{
	const struct super_block *sb = file_inode(iocb->ki_filp)->i_sb;

	return iocb->ki_flags & IOCB_NOWAIT ? &at_once : &E2M_SB(sb)->opt.mfr;
}

static int enter_transfer(struct ama_scope *scope, const struct kiocb *iocb,
			  enum e2m_op op, size_t bytes)
{
	int err = e2m_enter_call(scope, file_inode(iocb->ki_filp)->i_sb, op,
				 min_t(size_t, bytes, AMA_PIECE),
				 admission_of(iocb));

	return err && (iocb->ki_flags & IOCB_NOWAIT) ? -EAGAIN : err;
}

/* Is the next piece covered: 0, or why not. */
static int next_read_piece(struct ama_scope *scope, const struct kiocb *iocb,
			   size_t bytes)
{
	struct ama_call call = e2m_call(file_inode(iocb->ki_filp)->i_sb,
					min_t(size_t, bytes, AMA_PIECE));

	if (ama_scope_extend(E2M_OP_READ, &call))
		return 0;
	return ama_scope_renew(scope, &call, admission_of(iocb));
}

/* In a scope that covers it: through the page cache, no more than a piece. */
static ssize_t read_piece(struct kiocb *iocb, struct iov_iter *to)
{
	size_t done = e2m_read_in_page(iocb, to);
	ssize_t ret;

	if (done && !iov_iter_count(to))
		return done;
	ret = generic_file_read_iter(iocb, to);
	return done ? done + max_t(ssize_t, ret, 0) : ret;
}

static ssize_t read_pieces(struct ama_scope *scope, struct kiocb *iocb,
			   struct iov_iter *to)
{
	size_t count = iov_iter_count(to), rest;
	ssize_t done = 0, ret;

	for (;;) {
		rest = count - done;
		iov_iter_truncate(to, AMA_PIECE);
		ret = generic_file_read_iter(iocb, to);
		iov_iter_reexpand(to, rest - max_t(ssize_t, ret, 0));
		if (ret <= 0)
			return done ? done : ret;
		done += ret;
		if (ret < AMA_PIECE || done == count)
			return done;
		if (next_read_piece(scope, iocb, count - done))
			return done;
	}
}

/*
 * The reserve is short: read what is cached. Neither that nor the way to the
 * caller's memory may need more of it.
 */
static ssize_t read_cached(struct kiocb *iocb, struct iov_iter *to)
{
	size_t count = iov_iter_count(to);
	ssize_t ret;

	pagefault_disable();
	iocb->ki_flags |= IOCB_NOIO;
	ret = generic_file_read_iter(iocb, to);
	iocb->ki_flags &= ~IOCB_NOIO;
	pagefault_enable();
	if (ret == count || (ret >= 0 &&
			     iocb->ki_pos >= i_size_read(file_inode(iocb->ki_filp))))
		return ret;
	ama_scope_peek_failed();
	return ret > 0 ? ret : -EAGAIN;
}

static int lock_inode_shared(struct inode *inode, const struct kiocb *iocb)
{
	if (!(iocb->ki_flags & IOCB_NOWAIT))
		inode_lock_shared(inode);
	else if (!inode_trylock_shared(inode))
		return -EAGAIN;
	return 0;
}

static ssize_t read_direct(struct kiocb *iocb, struct iov_iter *to)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	DEFINE_AMA_SCOPE(scope);
	ssize_t ret = lock_inode_shared(inode, iocb);

	if (ret)
		return ret;
	ret = enter_transfer(&scope, iocb, E2M_OP_READ, iov_iter_count(to));
	if (unlikely(ret == AMA_PEEK)) {
		ama_scope_peek_failed();
		ret = -EAGAIN;
	} else if (!ret) {
		ret = e2m_read_direct(iocb, to);
		e2m_leave(&scope);
	}
	inode_unlock_shared(inode);
	return ret;
}

static ssize_t read_in_scope(struct kiocb *iocb, struct iov_iter *to)
{
	size_t count = iov_iter_count(to);
	DEFINE_AMA_SCOPE(scope);
	ssize_t ret;

	ret = enter_transfer(&scope, iocb, E2M_OP_READ, count);
	if (unlikely(ret == AMA_PEEK))
		return read_cached(iocb, to);
	if (ret)
		return ret;
	if (count <= AMA_PIECE)
		ret = read_piece(iocb, to);
	else
		ret = read_pieces(&scope, iocb, to);
	e2m_leave(&scope);
	return ret;
}

static ssize_t ext2mfr_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	size_t count = iov_iter_count(to);

	if (!count)
		return 0;
	if (iocb->ki_flags & IOCB_DIRECT)
		return read_direct(iocb, to);
	if (count <= AMA_PIECE && e2m_covered(file_inode(iocb->ki_filp)->i_sb,
					      E2M_OP_READ, count))
		return read_piece(iocb, to);
	return read_in_scope(iocb, to);
}

static int lock_inode(struct inode *inode, const struct kiocb *iocb)
{
	if (!(iocb->ki_flags & IOCB_NOWAIT))
		inode_lock(inode);
	else if (!inode_trylock(inode))
		return -EAGAIN;
	return 0;
}

/* Cover the writer's next piece, in the middle of its transfer, if that can be. */
static bool next_write_piece(struct ama_scope *scope, struct kiocb *iocb,
			     size_t bytes)
{
	struct ama_call call = e2m_call(file_inode(iocb->ki_filp)->i_sb,
					min_t(size_t, bytes, AMA_PIECE));

	return ama_scope_extend(E2M_OP_WRITE, &call) ||
	       (!(iocb->ki_flags & IOCB_NOWAIT) &&
		!ama_scope_renew(scope, &call, admission_of(iocb)));
}

static ssize_t write_pieces(struct ama_scope *scope, struct kiocb *iocb,
			    struct iov_iter *from)
{
	size_t count = iov_iter_count(from), rest, want;
	ssize_t done = 0, ret;

	for (;;) {
		rest = count - done;
		want = min_t(size_t, rest, AMA_PIECE);
		iov_iter_truncate(from, want);
		ret = e2m_buffered_write(iocb, from);
		iov_iter_reexpand(from, rest - max_t(ssize_t, ret, 0));
		if (ret <= 0)
			return done ? done : ret;
		done += ret;
		if (ret < want || done == count ||
		    !next_write_piece(scope, iocb, count - done))
			return done;
	}
}

static ssize_t write_locked(struct ama_scope *scope, struct kiocb *iocb,
			    struct iov_iter *from)
{
	ssize_t ret = generic_write_checks(iocb, from);

	if (ret <= 0)
		return ret;
	ret = kiocb_modified(iocb);
	if (ret)
		return ret;
	if (iocb->ki_flags & IOCB_DIRECT)
		return e2m_write_direct(iocb, from);
	return write_pieces(scope, iocb, from);
}

static ssize_t ext2mfr_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	DEFINE_AMA_SCOPE(scope);
	ssize_t ret;

	ret = lock_inode(inode, iocb);
	if (ret)
		return ret;
	ret = enter_transfer(&scope, iocb, E2M_OP_WRITE, iov_iter_count(from));
	if (ret) {
		inode_unlock(inode);
		return ret;
	}
	ret = write_locked(&scope, iocb, from);
	inode_unlock(inode);
	if (ret > 0)
		ret = generic_write_sync(iocb, ret);
	e2m_leave(&scope);
	return ret;
}

static ssize_t ext2mfr_splice_read(struct file *in, loff_t *ppos,
				   struct pipe_inode_info *pipe, size_t len,
				   unsigned int flags)
{
	DEFINE_AMA_SCOPE(scope);
	ssize_t ret;

	len = min_t(size_t, len, AMA_PIECE);
	ret = e2m_enter(&scope, file_inode(in)->i_sb, E2M_OP_READ, len);
	if (ret)
		return ret;
	ret = filemap_splice_read(in, ppos, pipe, len, flags);
	e2m_leave(&scope);
	return ret;
}

/*
 * Whoever fills the pipe may take his time. Nothing is held for that long: what is
 * written has scopes of its own, in ext2mfr_write_iter().
 */
static ssize_t ext2mfr_splice_write(struct pipe_inode_info *pipe,
				    struct file *out, loff_t *ppos, size_t len,
				    unsigned int flags)
{
	struct super_block *sb = file_inode(out)->i_sb;
	struct ama_call call = e2m_call(sb, 0);
	DEFINE_AMA_SCOPE(scope);
	ssize_t ret;

	ama_scope_open_on_demand(&scope, &ext2mfr_client, E2M_OP_WRITE, &call,
				 &E2M_SB(sb)->opt.mfr);
	ret = iter_file_splice_write(pipe, out, ppos, len, flags);
	ama_scope_close(&scope);
	return ret;
}

static loff_t ext2mfr_llseek(struct file *file, loff_t offset, int whence)
{
	struct inode *inode = file_inode(file);
	DEFINE_AMA_SCOPE(scope);
	loff_t ret;

	if (whence != SEEK_HOLE && whence != SEEK_DATA)
		return generic_file_llseek(file, offset, whence);
	inode_lock_shared(inode);
	ret = e2m_enter(&scope, inode->i_sb, E2M_OP_MAP, 0);
	if (!ret) {
		ret = e2m_seek_data_hole(file, offset, whence);
		e2m_leave(&scope);
	}
	inode_unlock_shared(inode);
	return ret;
}

static int ext2mfr_fsync(struct file *file, loff_t start, loff_t end,
			 int datasync)
{
	DEFINE_AMA_SCOPE(scope);
	int err = e2m_enter(&scope, file_inode(file)->i_sb, E2M_OP_FSYNC, 0);

	if (err)
		return err;
	err = e2m_fsync(file, start, end, datasync);
	e2m_leave(&scope);
	return err;
}

static long ext2mfr_fallocate(struct file *file, int mode, loff_t offset,
			      loff_t len)
{
	struct inode *inode = file_inode(file);
	DEFINE_AMA_SCOPE(scope);
	long err;

	inode_lock(inode);
	err = e2m_enter(&scope, inode->i_sb, E2M_OP_FALLOCATE, 0);
	if (!err) {
		err = e2m_fallocate(inode, mode, offset, len);
		e2m_leave(&scope);
	}
	inode_unlock(inode);
	if (!err && ((file->f_flags & O_DSYNC) || IS_SYNC(inode)))
		err = vfs_fsync_range(file, offset, offset + len - 1,
				      !(file->f_flags & __O_SYNC));
	return err;
}

/* The last writer leaves: what was set aside for more goes back. */
/* What was not written back since the file was opened; fsync is told it as well. */
static int ext2mfr_flush(struct file *file, fl_owner_t id)
{
	return filemap_check_wb_err(file->f_mapping, READ_ONCE(file->f_wb_err));
}

static int ext2mfr_release(struct inode *inode, struct file *file)
{
	DEFINE_AMA_SCOPE(scope);

	if (!(file->f_mode & FMODE_WRITE) ||
	    list_empty_careful(&E2M_I(inode)->win_link) ||
	    atomic_read(&inode->i_writecount) != 1)
		return 0;
	if (!e2m_enter_unrefused(&scope, inode->i_sb, E2M_OP_EVICT))
		return 0;
	e2m_window_drop(inode);
	e2m_leave(&scope);
	return 0;
}

static int ext2mfr_iterate(struct file *file, struct dir_context *ctx)
{
	DEFINE_AMA_SCOPE(scope);
	int err = e2m_enter(&scope, file_inode(file)->i_sb, E2M_OP_READDIR, 0);

	if (err)
		return err;
	err = e2m_dir_iterate(file, ctx);
	e2m_leave(&scope);
	return err;
}

const struct file_operations ext2mfr_file_fops = {
	.owner		= THIS_MODULE,
	.llseek		= ext2mfr_llseek,
	.read_iter	= ext2mfr_read_iter,
	.write_iter	= ext2mfr_write_iter,
	.mmap		= ext2mfr_mmap,
	.open		= ext2mfr_open,
	.flush		= ext2mfr_flush,
	.release	= ext2mfr_release,
	.fsync		= ext2mfr_fsync,
	.splice_read	= ext2mfr_splice_read,
	.splice_write	= ext2mfr_splice_write,
	.fallocate	= ext2mfr_fallocate,
	.unlocked_ioctl	= ext2mfr_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl	= ext2mfr_compat_ioctl,
#endif
};

const struct file_operations ext2mfr_dir_fops = {
	.owner		= THIS_MODULE,
	.llseek		= generic_file_llseek,
	.read		= generic_read_dir,
	.iterate_shared	= ext2mfr_iterate,
	.fsync		= ext2mfr_fsync,
	.unlocked_ioctl	= ext2mfr_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl	= ext2mfr_compat_ioctl,
#endif
};
