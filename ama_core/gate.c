// SPDX-License-Identifier: GPL-2.0
/*
 * Scopes around system calls.
 *
 * A request allocates before it reaches the file system (file names, dentries,
 * open files) and after it has left it, and the only place where it can wait
 * without a lock is before all of that. So while a client's file system is
 * mounted, system calls on its files are entered through here.
 *
 * Whether a call is on such a file is told without walking any path: from its
 * open file; from the directory that a relative path starts from; for absolute
 * paths from where file systems were seen mounted. A task that came to a client
 * on a way that this does not see (a symbolic link, a mount below) is remembered,
 * and its paths are taken to concern the client from then on.
 */
#include <linux/dcache.h>
#include <linux/fcntl.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/mount.h>
#include <linux/nsproxy.h>
#include <linux/percpu.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/word-at-a-time.h>

#include "gate.h"
#include "gate_mounts.h"
#include "scope_inline.h"

/* Components of a path that a demand accounts for at most. */
#define MOST_NAMES	32

/**
 * struct gated - a function that the gate is put before
 * @call:   what is known of its system call
 * @regs:   where its arguments are among the registers
 * @body:   where the function goes on; identifies it
 * @calls:  how many were given a scope
 * @gate:   class of the call
 * @length: where among the registers the transfer's length is, 0 if there is none
 * @has_path: one of its arguments is a path
 * @resumable: a transfer that was cut short can be taken up again
 * @simple: of one file, in 64-bit registers, and waits for nobody
 */
struct gated {
	const struct ama_syscall *call;
	const u8 *regs;
	unsigned long body;
	unsigned long __percpu *calls;
	u8 gate;
	u8 length;
	bool has_path;
	bool resumable;
	bool simple;
};

/* Offsets of arguments in struct pt_regs. */
#define REG(name) offsetof(struct pt_regs, name)
static const u8 native_regs[] = {
	REG(di), REG(si), REG(dx), REG(r10), REG(r8), REG(r9)
};

static const u8 ia32_regs[] = {
	REG(bx), REG(cx), REG(dx), REG(si), REG(di), REG(bp)
};

static const struct {
	const char *prefix;
	const u8 *regs;
} abis[] = {
	{ "__x64_sys_", native_regs },
	{ "__ia32_sys_", ia32_regs },
	{ "__ia32_compat_sys_", ia32_regs },
	/* Where an argument of 64 bits comes in two registers. */
	{ "__ia32_sys_ia32_", ia32_regs },
	{ "__ia32_compat_sys_ia32_", ia32_regs },
};

/* Found by the hash of its body; a power of two, at most half full. */
#define TABLE_BITS	10
static struct gated *table[1 << TABLE_BITS];

static struct gated *functions;
static struct ama_hook *hooks;
static char (*names)[48];
static unsigned int nr_functions;
static unsigned long __percpu *gated_calls;	/* the functions' counters */

/* By the way in which a call names its file; hooks of one way stand together. */
static struct ama_hook_group groups[] = {
	{ .trampoline = ama_trampoline_gate_fd },
	{ .trampoline = ama_trampoline_gate_path },
	{ .trampoline = ama_trampoline_gate_at },
	{ .trampoline = ama_trampoline_gate_other },
};

enum way { BY_FD, BY_PATH, BY_AT, BY_OTHER };

/* Gated calls that were entered and left, each counted where it happened. */
static DEFINE_PER_CPU(unsigned long, entered);
static DEFINE_PER_CPU(unsigned long, left);

static unsigned int hash_body(unsigned long body)
{
	return hash_long(body, TABLE_BITS);
}

static struct gated *find_function(unsigned long body)
{
	unsigned int i = hash_body(body);

	while (table[i] && table[i]->body != body)
		i = (i + 1) & (ARRAY_SIZE(table) - 1);
	return table[i];
}

static unsigned long *argument_place(struct pt_regs *regs,
				     const struct gated *function, unsigned int arg)
{
	return (unsigned long *)((char *)regs + function->regs[arg - AMA_ARG(0)]);
}

static unsigned long argument(const struct gated *function,
			      const struct pt_regs *regs, unsigned int arg)
{
	unsigned long value = *argument_place((struct pt_regs *)regs, function, arg);

	return function->regs == native_regs ? value : (u32)value;
}

/* --- does a call concern a client? --- */

/**
 * struct target - the client that a call concerns
 * @client:    NULL if none
 * @admission: its policy, copied while the file system could not go away
 * @sb:        identifies the file system if its file was named; not pinned
 * @frozen:    the file system is
 * @guess:     the call may as well be on another file system
 */
struct target {
	struct ama_client *client;
	struct ama_admission admission;
	const struct super_block *sb;
	bool frozen;
	bool guess;
};

/*
 * What follows is called with preemption off, which like rcu_read_lock() keeps
 * readable what is freed after a grace period: files, inodes, dentries and
 * superblocks. No reference is taken; a file that another thread is just closing
 * may be told either way.
 */
static bool is_clients(const struct super_block *sb)
{
	return sb->s_type == READ_ONCE(ama_gated_fs_type);
}

/* Pipes and devices are only named there, and may block for ever. */
static bool has_data(const struct inode *inode)
{
	return S_ISREG(inode->i_mode) || S_ISDIR(inode->i_mode);
}

/*
 * Called with preemption off, where the superblock cannot go away; puts it on again.
 * From then on the superblock is only compared. @mnt: where it is mounted, or NULL.
 */
static noinline struct ama_verdict verdict_on(const struct super_block *sb,
					      const struct vfsmount *mnt)
{
	struct ama_client *client = READ_ONCE(ama_fs_client);
	struct ama_verdict verdict = { };

	static_assert(sizeof(verdict.admission) == sizeof(struct ama_admission));
	static_assert(__alignof__(struct super_block) > AMA_SEEN_MASK);
	if (likely(client)) {
		verdict.found = (unsigned long)sb;
		memcpy(&verdict.admission, client->admission(sb),
		       sizeof(verdict.admission));
		if (unlikely(READ_ONCE(sb->s_writers.frozen) != SB_UNFROZEN))
			verdict.found |= AMA_SEEN_FROZEN;
		if (mnt && unlikely(!ama_mount_known(mnt)))
			verdict.found |= AMA_SEEN_UNKNOWN_MOUNT;
	}
	preempt_enable();
	return verdict;
}

/* Inlined where every call of a gated function passes, as is what it uses. */
static __always_inline struct ama_verdict verdict_on_fd(unsigned int number)
{
	const struct inode *inode;
	const struct file *file;

	preempt_disable();
	file = files_lookup_fd_raw(current->files, number);
	inode = file ? READ_ONCE(file->f_inode) : NULL;
	if (inode && is_clients(inode->i_sb) && has_data(inode))
		return verdict_on(inode->i_sb, file->f_path.mnt);
	preempt_enable();
	return (struct ama_verdict) { };
}

static __always_inline struct ama_verdict verdict_on_start(bool absolute)
{
	const struct fs_struct *fs = current->fs;
	const struct dentry *start;

	preempt_disable();
	start = absolute ? READ_ONCE(fs->root.dentry) : READ_ONCE(fs->pwd.dentry);
	if (is_clients(start->d_sb))
		return verdict_on(start->d_sb, NULL);
	preempt_enable();
	return (struct ama_verdict) { };
}

/* The first bytes of a path, as they lie in memory; 0 if it cannot be read. */
static noinline u64 read_head_slowly(const char __user *path)
{
	union {
		u64 bytes;
		char text[8];
	} head = { };

	return strncpy_from_user(head.text, path, sizeof(head.text)) < 0 ?
	       0 : head.bytes;
}

/*
 * Likewise, without sleeping: a task that slept here would not be seen by those
 * who wait until nobody is in the gate any more.
 */
static __always_inline bool read_head_now(const char __user *path, u64 *bytes)
{
	bool good;

	pagefault_disable();
	good = !get_user(*bytes, (const u64 __user *)path);
	pagefault_enable();
	return good;
}

static bool absolute(u64 head)
{
	return (u8)le64_to_cpu((__force __le64)head) == '/';
}

/* Where a path with these first bytes starts; @from is a descriptor. */
static __always_inline struct ama_verdict verdict_on_head(int from, u64 head)
{
	if (absolute(head))
		return verdict_on_start(true);
	return from != AT_FDCWD ? verdict_on_fd(from) : verdict_on_start(false);
}

/* Where a path leads, as far as can be told without sleeping. */
static __always_inline struct ama_verdict verdict_on_path(int from,
							  const char __user *path)
{
	struct ama_verdict verdict;
	u64 head;

	/* The descriptor's own file is meant, as futimens() says it. */
	if (!path)
		return verdict_on_fd(from);
	if (unlikely(!read_head_now(path, &head)))
		return ama_look_again();
	if (absolute(head) && ama_like_mount_point(head)) {
		verdict = ama_mount_point_verdict(head, path);
		if (likely(verdict.found))
			return verdict;
	}
	return verdict_on_head(from, head);
}

static int start_of_path(const struct gated *function, const struct pt_regs *regs)
{
	const struct ama_syscall *call = function->call;

	return call->dirfd == AMA_NO_ARG ? AT_FDCWD :
					   (int)argument(function, regs, call->dirfd);
}

static const char __user *path_of(const struct gated *function,
				  const struct pt_regs *regs)
{
	return (const char __user *)argument(function, regs, function->call->path);
}

static bool met_client(void)
{
	return current->trace_recursion & AMA_TASK_MET_CLIENT;
}

/* Which of its file systems is not known: the policy is that of the first seen. */
static void aim_unseen(struct target *target, struct ama_client *client)
{
	target->client = client;
	target->guess = true;
	target->admission = ama_first_mount_admission();
}

static struct ama_verdict verdict_on_call(const struct gated *function,
					  const struct pt_regs *regs)
{
	const struct ama_syscall *call = function->call;
	struct ama_verdict verdict = { };

	if (call->fd != AMA_NO_ARG)
		verdict = verdict_on_fd(argument(function, regs, call->fd));
	if (!verdict.found && call->second_fd != AMA_NO_ARG)
		verdict = verdict_on_fd(argument(function, regs, call->second_fd));
	if (!verdict.found && call->path != AMA_NO_ARG)
		verdict = verdict_on_path(start_of_path(function, regs),
					  path_of(function, regs));
	if (!verdict.found &&
	    (call->always || (call->path != AMA_NO_ARG && met_client())))
		verdict = ama_look_again();
	return verdict;
}

/**
 * ama_gate_wants_fd - does a call on its first argument's file concern a client?
 * @regs: of the call
 *
 * Entered for every call of a gated function, so it is kept short. Until
 * ama_gate_run() has counted the call nothing sleeps.
 *
 * Context: the start of a system call.
 * Return: whether ama_gate_run() shall take over, and what it is told.
 */
struct ama_verdict ama_gate_wants_fd(const struct pt_regs *regs)
{
	if (ama_task_in_scope())
		return (struct ama_verdict) { };
	return verdict_on_fd(regs->di);
}

static __always_inline struct ama_verdict wants_path(int from, const char __user *path)
{
	struct ama_verdict verdict = { };

	if (ama_task_in_scope())
		return verdict;
	verdict = verdict_on_path(from, path);
	return !verdict.found && met_client() ? ama_look_again() : verdict;
}

/**
 * ama_gate_wants_path - likewise, for a path from the current directory
 * @regs: of the call
 */
struct ama_verdict ama_gate_wants_path(const struct pt_regs *regs)
{
	return wants_path(AT_FDCWD, (const char __user *)regs->di);
}

/**
 * ama_gate_wants_at - likewise, for a path from a given directory
 * @regs: of the call
 */
struct ama_verdict ama_gate_wants_at(const struct pt_regs *regs)
{
	return wants_path(regs->di, (const char __user *)regs->si);
}

/**
 * ama_gate_wants_other - likewise, for all other calls
 * @regs: of the call
 * @body: identifies the function
 */
struct ama_verdict ama_gate_wants_other(const struct pt_regs *regs, unsigned long body)
{
	struct gated *function;

	if (ama_task_in_scope())
		return (struct ama_verdict) { };
	function = find_function(body);
	return function ? verdict_on_call(function, regs) : (struct ama_verdict) { };
}

/* --- a call with a scope around it --- */

static bool is_socket(unsigned int number)
{
	const struct inode *inode;
	struct file *file;
	bool socket;

	preempt_disable();
	file = files_lookup_fd_raw(current->files, number);
	inode = file ? READ_ONCE(file->f_inode) : NULL;
	socket = inode && S_ISSOCK(inode->i_mode);
	preempt_enable();
	return socket;
}

/* What was sent is charged to the socket's group, which must be able to refuse. */
static bool sends(const struct gated *function, const struct pt_regs *regs)
{
	const struct ama_syscall *call = function->call;

	return call->second_fd != AMA_NO_ARG &&
	       (is_socket(argument(function, regs, call->fd)) ||
		is_socket(argument(function, regs, call->second_fd)));
}

/*
 * May the call wait for what another task does whenever it likes: for a lock of
 * its, or for it to read from a pipe? It would keep its grant from others for that
 * long. Such a call's scope gets each page when it needs one; what it makes the
 * file system do has a scope of the entry's own. A transfer between two files is
 * cut into pieces by that, too.
 */
static bool may_block(const struct gated *function, const struct pt_regs *regs)
{
	const struct ama_syscall *call = function->call;
	unsigned int command;

	if (likely(!call->may_block))
		return false;
	if (call->may_block == AMA_BLOCKS_STREAM)
		return true;
	command = argument(function, regs, AMA_ARG(1));
	if (call->may_block == AMA_BLOCKS_FLOCK)
		return !(command & (LOCK_NB | LOCK_UN));
	return command == F_SETLKW || command == F_OFD_SETLKW || command == F_SETLKW64;
}

/* Somebody has to thaw it, and that is a call as well. */
static bool frozen(const struct target *target)
{
	return target->frozen || atomic_read(&target->client->frozen);
}

/* False if not all of the last word can be read, or the path is long. */
static bool count_slashes(const char __user *path, unsigned int *count)
{
	const struct word_at_a_time constants = WORD_AT_A_TIME_CONSTANTS;
	const unsigned long low = REPEAT_BYTE(0x7f);
	const unsigned long __user *words = (const unsigned long __user *)path;
	unsigned long word, slashes, end = 0;
	unsigned int i;

	for (i = 0; !end && i < 128 / sizeof(word); i++) {
		if (get_user(word, words + i))
			return false;
		if (has_zero(word, &end, &constants))
			word &= zero_bytemask(create_zero_mask(prep_zero_mask(word, end, &constants)));
		/* A byte is 0 where a slash was; its highest bit tells, and no other's. */
		slashes = word ^ REPEAT_BYTE('/');
		slashes = ~(((slashes & low) + low) | slashes | low);
		*count += hweight_long(slashes);
	}
	return end;
}

static noinline unsigned int count_slashes_slowly(const char __user *path)
{
	unsigned int count = 0;
	char text[128];
	long length, i;

	length = strncpy_from_user(text, path, sizeof(text));
	if (length == sizeof(text))
		return MOST_NAMES;
	for (i = 0; i < length; i++)
		count += text[i] == '/';
	return count;
}

static noinline unsigned int count_names(const struct gated *function,
				const struct pt_regs *regs)
{
	const char __user *path = path_of(function, regs);
	unsigned int slashes = 0;

	if (path && !count_slashes(path, &slashes))
		slashes = count_slashes_slowly(path);
	return min_t(unsigned int, 1 + slashes, MOST_NAMES);
}

static long call_body(const struct pt_regs *regs, unsigned long body)
{
	return ama_hook_call((unsigned long)regs, 0, 0, 0, 0, body);
}

/*
 * What is written at the file's end belongs together. The file is looked up
 * without a reference, see clients_sb().
 */
static bool appends(const struct gated *function, const struct pt_regs *regs)
{
	struct file *file;
	bool appends;

	if (function->call->gate != AMA_GATE_WRITE)
		return false;
	preempt_disable();
	file = files_lookup_fd_raw(current->files,
				   argument(function, regs, function->call->fd));
	appends = !file || READ_ONCE(file->f_flags) & O_APPEND;
	preempt_enable();
	return appends;
}

/* Was the call cut short, so that it is to be taken up again? */
static bool to_resume(const struct ama_scope *scope, long result, size_t length)
{
	if (likely(!scope->cut))
		return false;
	return result > 0 ? result < length :
			    result == -EAGAIN && scope->peeking;
}

/*
 * A transfer ended early because its scope could not be extended with locks
 * held, or was for the cache alone. No lock is held here: take a whole grant and
 * go on where it stopped. An error is not the caller's business any more once
 * something was transferred.
 */
static noinline long resume_transfer(const struct pt_regs *regs,
				     const struct gated *function,
				     struct ama_scope *scope,
				     const struct ama_admission *admission, long more)
{
	struct ama_call call = { .sb = scope->sb, .volume = scope->volume };
	struct pt_regs rest = *regs;
	unsigned long *buffer = argument_place(&rest, function, AMA_ARG(1));
	unsigned long *length = argument_place(&rest, function, AMA_ARG(2));
	long done = 0;

	while (to_resume(scope, more, *length)) {
		if (more > 0) {
			done += more;
			*buffer += more;
			*length -= more;
			if (function->call->pos != AMA_NO_ARG)
				*argument_place(&rest, function, function->call->pos) += more;
		}
		call.bytes = min_t(size_t, *length, AMA_PIECE);
		more = ama_scope_renew(scope, &call, admission);
		if (!more)
			more = call_body(&rest, function->body);
	}
	if (more > 0)
		done += more;
	return done ? done : more;
}

static enum ama_manner manner_of(const struct gated *function,
				 const struct pt_regs *regs,
				 const struct target *target)
{
	if (unlikely(frozen(target) || may_block(function, regs)))
		return AMA_ON_DEMAND;
	return function->resumable ? AMA_FROM_GATE_PEEKING : AMA_FROM_GATE;
}

/* What the demand of a call depends on. @native: its arguments have 64 bits. */
static __always_inline struct ama_call describe(const struct pt_regs *regs,
						const struct gated *function,
						const struct super_block *sb,
						unsigned int volume, bool native)
{
	struct ama_call call = { .sb = sb, .volume = volume, .bytes = AMA_PIECE };
	unsigned long length;

	if (function->length) {
		length = *(const unsigned long *)((const char *)regs + function->length);
		call.bytes = min_t(size_t, AMA_PIECE, native ? length : (u32)length);
	}
	if (function->has_path)
		call.names = count_names(function, regs);
	return call;
}

static __always_inline long run_in_scope(const struct pt_regs *regs,
					 const struct gated *function,
					 struct ama_scope *scope,
					 const struct ama_admission *admission)
{
	long result;

	raw_cpu_inc(*function->calls);
	result = call_body(regs, function->body);
	if (unlikely(scope->cut) && function->resumable && !appends(function, regs))
		result = resume_transfer(regs, function, scope, admission, result);
	ama_scope_close_first(scope);
	return result;
}

/* Any call, as long as it takes. */
static long run_for_target(const struct pt_regs *regs, const struct gated *function,
			   const struct target *target)
{
	const struct ama_syscall *syscall = function->call;
	struct ama_client *client = target->client;
	struct ama_call call = describe(regs, function, target->sb,
					target->admission.volume,
					function->regs == native_regs);
	DEFINE_AMA_SCOPE(scope);
	int err;

	err = ama_scope_open_at_gate(&scope, client,
				     client->gate_op[function->gate], &call,
				     &target->admission,
				     manner_of(function, regs, target));
	if (err)
		return syscall->never_refused ? call_body(regs, function->body) : err;
	if (unlikely(target->guess))
		scope.guess = 1;
	if (unlikely(scope.on_demand))
		scope.lenient = sends(function, regs);
	return run_in_scope(regs, function, &scope, &target->admission);
}

/* Which of the call's descriptors it was is not known any more. */
static noinline void learn_mount_of_call(const struct gated *function,
					 const struct pt_regs *regs,
					 const struct target *target)
{
	const struct ama_syscall *call = function->call;
	const u8 args[] = { call->fd, call->second_fd, call->dirfd };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(args); i++)
		if (args[i] != AMA_NO_ARG)
			ama_learn_mount_of_fd(argument(function, regs, args[i]),
					      target->sb, &target->admission);
}

static const struct super_block *seen_sb(unsigned long found)
{
	return (const struct super_block *)(found & ~AMA_SEEN_MASK);
}

/* What was told of the file system by a verdict that names it. */
static __always_inline void accept(struct target *target, struct ama_verdict verdict,
				   const struct gated *function,
				   const struct pt_regs *regs)
{
	target->client = READ_ONCE(ama_fs_client);
	target->sb = seen_sb(verdict.found);
	target->frozen = verdict.found & AMA_SEEN_FROZEN;
	target->guess = false;
	memcpy(&target->admission, &verdict.admission, sizeof(target->admission));
	if (unlikely(verdict.found & AMA_SEEN_UNKNOWN_MOUNT))
		learn_mount_of_call(function, regs, target);
}

/* For a call that may concern a client; where it may sleep. */
static noinline void find_target(struct target *target, const struct gated *function,
				 const struct pt_regs *regs)
{
	const struct ama_syscall *call = function->call;
	struct ama_verdict verdict = { };
	u64 head;

	*target = (struct target) { };
	if (call->path != AMA_NO_ARG) {
		head = read_head_slowly(path_of(function, regs));
		if (absolute(head))
			verdict = ama_mount_point_verdict_slowly(path_of(function, regs));
		if (!verdict.found)
			verdict = verdict_on_head(start_of_path(function, regs), head);
	}
	if (verdict.found) {
		accept(target, verdict, function, regs);
		return;
	}
	if (call->always || (call->path != AMA_NO_ARG && met_client()))
		aim_unseen(target, READ_ONCE(ama_fs_client));
}

static noinline long run_slowly(const struct pt_regs *regs,
				const struct gated *function,
				struct ama_verdict verdict)
{
	struct target target;

	if (verdict.found != AMA_LOOK_AGAIN)
		accept(&target, verdict, function, regs);
	else
		find_target(&target, function, regs);
	return target.client ? run_for_target(regs, function, &target) :
			       call_body(regs, function->body);
}

/* Not inlined, so that the call's description stays in registers where this is not needed. */
static noinline int work_out_pages(struct ama_client *client, unsigned int op,
				   const struct super_block *sb, unsigned int volume,
				   size_t bytes, unsigned int names)
{
	struct ama_call call = {
		.sb = sb, .bytes = bytes, .names = names, .volume = volume,
	};

	return ama_single_pages(client, op, &call);
}

/* Nearly every call: there is nothing to find out, and nothing to wait for. */
static __always_inline bool open_simply(struct ama_scope *scope,
					const struct pt_regs *regs,
					const struct gated *function,
					const struct super_block *sb,
					const struct ama_admission *admission)
{
	struct ama_client *client = READ_ONCE(ama_fs_client);
	struct ama_call call;
	unsigned int op;
	int pages;

	if (unlikely(!client || atomic_read(&client->frozen)))
		return false;
	op = client->gate_op[function->gate];
	call = describe(regs, function, sb, admission->volume, true);
	pages = ama_pages_remembered(client, op, &call);
	if (pages < 0)
		pages = work_out_pages(client, op, sb, admission->volume, call.bytes,
				       call.names);
	return ama_scope_open_common(scope, client, op, &ama_ordinary_pool, &call, pages,
				     AMA_FROM_GATE);
}

/**
 * ama_gate_run - stands in the place of a system call on a client's file
 * @regs:  of the call
 * @body:  where its function goes on
 * @found: see struct ama_verdict; not 0
 * @admission: likewise
 *
 * Return: the call's result; -ENOMEM or -EINTR if it was not admitted, and then
 * nothing was done.
 */
long ama_gate_run(const struct pt_regs *regs, unsigned long body,
		  unsigned long found, u64 admission)
{
	const struct gated *function = find_function(body);
	struct ama_admission admitted;
	DEFINE_AMA_SCOPE(scope);
	long result;

	memcpy(&admitted, &admission, sizeof(admitted));
	this_cpu_inc(entered);
	if (likely(function->simple && !(found & AMA_SEEN_UNUSUAL) &&
		   open_simply(&scope, regs, function, seen_sb(found), &admitted)))
		result = run_in_scope(regs, function, &scope, &admitted);
	else
		result = run_slowly(regs, function,
				    (struct ama_verdict) { found, admission });
	this_cpu_inc(left);
	return result;
}

/* --- putting the gate in --- */

static void enter_in_table(struct gated *function)
{
	unsigned int i = hash_body(function->body);

	while (table[i])
		i = (i + 1) & (ARRAY_SIZE(table) - 1);
	table[i] = function;
}

static enum way way_of(unsigned int abi, const struct ama_syscall *call)
{
	if (abis[abi].regs != native_regs || call->second_fd != AMA_NO_ARG ||
	    call->always)
		return BY_OTHER;
	if (call->fd == AMA_ARG(0))
		return BY_FD;
	if (call->path == AMA_ARG(0) && call->dirfd == AMA_NO_ARG)
		return BY_PATH;
	if (call->path == AMA_ARG(1) && call->dirfd == AMA_ARG(0))
		return BY_AT;
	return BY_OTHER;
}

static void add_function(unsigned int abi, const struct ama_syscall *call)
{
	struct gated *function = &functions[nr_functions];
	struct ama_hook *hook = &hooks[nr_functions];
	char *name = names[nr_functions];

	snprintf(name, sizeof(names[0]), "%s%s", abis[abi].prefix, call->name);
	*hook = (struct ama_hook){ .symbol = name, .optional = true };
	ama_hook_resolve(hook);
	if (!hook->address || find_function(hook->body))
		return;
	function->call = call;
	function->regs = abis[abi].regs;
	function->body = hook->body;
	function->gate = call->gate;
	function->has_path = call->path != AMA_NO_ARG;
	if (call->bytes != AMA_NO_ARG)
		function->length = function->regs[call->bytes - AMA_ARG(0)];
	/* A place in the file takes two registers of the 32-bit ABI: left alone. */
	function->resumable = call->resumable &&
			      (call->pos == AMA_NO_ARG || function->regs == native_regs);
	function->simple = function->regs == native_regs && !call->may_block &&
			   call->second_fd == AMA_NO_ARG && !call->always;
	enter_in_table(function);
	nr_functions++;
}

static void add_functions_of(enum way way)
{
	unsigned int abi, i, first = nr_functions;

	for (abi = 0; abi < ARRAY_SIZE(abis); abi++)
		for (i = 0; i < ama_nr_syscalls; i++)
			if (way_of(abi, &ama_syscalls[i]) == way)
				add_function(abi, &ama_syscalls[i]);
	groups[way].hooks = &hooks[first];
	groups[way].nr = nr_functions - first;
}

/**
 * ama_gate_resolve - find the system calls' functions
 *
 * Return: 0, or -ENOMEM. A call that this kernel does not have is left out.
 */
int ama_gate_resolve(void)
{
	unsigned int most = ama_nr_syscalls * ARRAY_SIZE(abis);
	unsigned int way, i;

	BUILD_BUG_ON(sizeof(struct pt_regs) > U8_MAX);
	if (WARN_ON(most > ARRAY_SIZE(table)))
		return -EINVAL;
	functions = kvcalloc(most, sizeof(*functions), GFP_KERNEL);
	hooks = kvcalloc(most, sizeof(*hooks), GFP_KERNEL);
	names = kvcalloc(most, sizeof(*names), GFP_KERNEL);
	gated_calls = __alloc_percpu(most * sizeof(*gated_calls),
				     __alignof__(*gated_calls));
	if (!functions || !hooks || !names || !gated_calls) {
		ama_gate_free();
		return -ENOMEM;
	}
	for (i = 0; i < most; i++)
		functions[i].calls = gated_calls + i;
	for (way = 0; way < ARRAY_SIZE(groups); way++)
		add_functions_of(way);
	return 0;
}

void ama_gate_free(void)
{
	free_percpu(gated_calls);
	kvfree(names);
	kvfree(hooks);
	kvfree(functions);
}

int ama_gate_arm(void)
{
	unsigned int way;
	int err = 0;

	for (way = 0; !err && way < ARRAY_SIZE(groups); way++)
		err = ama_hook_group_arm(&groups[way]);
	if (err)
		ama_gate_disarm();
	return err;
}

void ama_gate_disarm(void)
{
	unsigned int way;

	for (way = 0; way < ARRAY_SIZE(groups); way++)
		ama_hook_group_disarm(&groups[way]);
	ama_gate_forget_mounts();
}

static unsigned long sum_of(const unsigned long __percpu *counter)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*per_cpu_ptr(counter, cpu));
	return sum;
}

/**
 * ama_gate_drain - wait until no task is in a gated call any more
 *
 * The gate is out, or serves nobody. A task that was on its way in has counted itself or left by
 * the time that RCU tasks has waited for all; one that is on its way out has
 * no more than a return before it, which the second wait covers.
 *
 * Context: may sleep. No lock may be held that a gated call could take, which
 * includes those that a mount takes here.
 */
void ama_gate_drain(void)
{
	unsigned long out;

	synchronize_rcu_tasks();
	/* In this order: who leaves meanwhile counts as inside, nobody as left. */
	for (;;) {
		out = sum_of(&left);
		/* Pairs with that a call counts itself in before out, on one CPU or two. */
		smp_rmb();
		if (sum_of(&entered) == out)
			break;
		schedule_timeout_uninterruptible(HZ / 20 + 1);
	}
	synchronize_rcu_tasks();
}

static unsigned long calls_of(unsigned int function)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += *per_cpu_ptr(functions[function].calls, cpu);
	return sum;
}

/**
 * ama_gate_show - table of the gated functions and their calls
 * @seq: where to
 */
void ama_gate_show(struct seq_file *seq)
{
	unsigned int i;

	seq_printf(seq, "%-40s %s\n", "function", "gated");
	for (i = 0; i < nr_functions; i++)
		seq_printf(seq, "%-40s %lu\n", hooks[i].symbol, calls_of(i));
}
