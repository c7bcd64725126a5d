/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Anticipatory memory allocation: memory that an admitted task cannot be
 * refused.
 *
 * A client (a file system, a driver) describes its operations once: for each an
 * upper bound of the pages that it can need, its demand. A task opens a scope
 * for an operation before it takes any lock. Opening is the only place that
 * may wait or fail; when it succeeded, every allocation the task makes until
 * it closes the scope succeeds, whoever makes it on the task's behalf: first
 * the ordinary allocator is asked, without an OOM kill, then the reserve gives.
 *
 * Scopes live on the stack of the task that opened them and close in reverse
 * order. A scope inside a scope draws on what the outer one was granted, so it
 * never waits.
 */
#ifndef _SURETY_AMA_H
#define _SURETY_AMA_H

#include <linux/list.h>
#include <linux/types.h>

struct super_block;
struct file_system_type;
struct module;

/* Demands name pages of order 0 to AMA_ORDERS - 1. */
#define AMA_ORDERS	4

/**
 * struct ama_demand - upper bound of the memory that an operation can need
 * @pages: number of pages of each order
 *
 * An object of a slab cache counts as one page of the order that the cache
 * falls back to, since each may be the one that needs a fresh slab.
 */
struct ama_demand {
	u16 pages[AMA_ORDERS];
};

/**
 * struct ama_call - what is known of a request when its demand is worked out
 * @sb:    file system that the request goes to; NULL while its path is not yet
 *         resolved, or for a client that is no file system. Only compared: at the
 *         gate nobody holds a reference to it
 * @volume: with @sb: what the bounds depend on of that file system, as its
 *         admission() tells it; 0 where it is not known
 * @bytes: length of the transfer, 0 if there is none
 * @names: number of path components to resolve, 0 if there is no path
 * @arg:   the client's own, for bounds that depend on more than that
 */
struct ama_call {
	const struct super_block *sb;
	size_t bytes;
	unsigned int names;
	u8 volume;
	const void *arg;
};

/*
 * The request is another task's progress (writeback, eviction): it draws on a
 * budget of its own, that ordinary requests cannot empty, and never fails.
 */
#define AMA_OP_PROGRESS	0x1
/*
 * Nothing but @bytes, @names and @volume of the call goes into its demand: what was
 * worked out for the call before may be used again.
 */
#define AMA_OP_FIXED	0x2

/**
 * struct ama_op - one operation of a client
 * @name:  as shown in debugfs and trace points
 * @flags: AMA_OP_*
 * @bound: works out the demand of one call; pure arithmetic, must not sleep, and
 *         never less for a longer transfer
 * @why:   the reasoning behind the bound, for people
 * @cached: for a read whose entry can say what is not cached: the demand if all
 *         of it is; NULL otherwise. See AMA_PEEK.
 */
struct ama_op {
	const char *name;
	unsigned int flags;
	struct ama_demand (*bound)(const struct ama_call *call);
	const char *why;
	struct ama_demand (*cached)(const struct ama_call *call);
};

/*
 * Cache peeking: when a read's whole demand cannot be granted at once, the gate
 * asks for what it takes to read from the cache alone, and ama_scope_open() for
 * the read's entry opens nothing but returns AMA_PEEK. The entry then copies what
 * is cached, with page faults disabled, and if that is not all calls
 * ama_scope_peek_failed() and returns what it copied, or -EAGAIN. The gate goes on
 * from there with the whole demand.
 */
#define AMA_PEEK	1

enum ama_policy {
	AMA_WAIT,	/* a request waits, killable, until it can be admitted */
	AMA_FAIL,	/* a request that cannot be admitted at once gets -ENOMEM */
};

/**
 * struct ama_admission - what to do with a request that cannot be admitted now
 * @policy:     wait or fail, enum ama_policy
 * @volume:     for the gate: @volume of the calls on this file system
 * @timeout_ms: longest wait in milliseconds, 0 for no limit
 *
 * Eight bytes: the gate keeps it in a register.
 */
struct ama_admission {
	u8 policy;
	u8 volume;
	u32 timeout_ms;
} __aligned(8);

/* Classes of system calls that the gate tells apart. */
enum ama_gate {
	AMA_GATE_LOOKUP,	/* stat, access, readlink: a path is resolved */
	AMA_GATE_OPEN,		/* open, creat: resolved and perhaps created; watched */
	AMA_GATE_NAMESPACE,	/* mkdir, mknod, unlink, rmdir, rename, link, symlink */
	AMA_GATE_ATTR,		/* chmod, chown, utimes, truncate, xattr */
	AMA_GATE_READ,		/* read family, @bytes says how much */
	AMA_GATE_WRITE,		/* write family, fallocate */
	AMA_GATE_READDIR,
	AMA_GATE_SYNC,
	AMA_GATE_FILE,		/* anything else on an open file: close, fcntl, fstat */
	AMA_GATE_MAP,		/* mmap, which may fault pages in at once */
	AMA_GATE_MOUNT,
	AMA_GATES
};

/* Large transfers proceed in pieces; @bytes of a demand is at most this. */
#define AMA_PIECE	(256U * 1024)

struct ama_client_state;
struct ama_pool;

/**
 * struct ama_client - who opens scopes
 * @name:      unique name, the directory in debugfs
 * @owner:     THIS_MODULE
 * @ops:       table of operations; a scope names one by its index
 * @nr_ops:    number of entries in @ops
 * @fs_type:   file system type whose system calls the gate covers, or NULL
 * @gate_op:   with @fs_type: index into @ops for each class of system call
 * @admission: with @fs_type: the policy of a file system. Called under RCU, with
 *             no reference to @sb, which may be going away; must not sleep, and
 *             what it returns must stay readable until a grace period has passed
 * @frozen:    volumes that are frozen now, see ama_client_frozen()
 * @state:     ama_core's own
 */
struct ama_client {
	const char *name;
	struct module *owner;
	const struct ama_op *ops;
	unsigned int nr_ops;
	struct file_system_type *fs_type;
	const u8 *gate_op;
	const struct ama_admission *(*admission)(const struct super_block *sb);
	atomic_t frozen;
	struct ama_client_state *state;
};

/**
 * struct ama_scope - one request's admitted memory; lives on its task's stack
 *
 * All members belong to ama_core. Only the task that opened the scope touches
 * it, so it needs no lock.
 */
struct ama_scope {
	/* private: */
	struct ama_scope *outer;	/* scope that this one was opened in */
	struct ama_scope *root;		/* scope that owns the grant drawn on */
	struct ama_client *client;	/* NULL: part of the one that it was opened in */
	struct ama_pool *pool;		/* of the root: where the grant is from */
	const struct super_block *sb;	/* of the call, as @bytes and @volume */
	size_t bytes;
	const struct ama_admission *admission;	/* of a scope on demand */
	unsigned int op;
	struct ama_demand granted;	/* of the root: credit not yet used */
	unsigned int bound;		/* pages that the operation may need */
	unsigned int allocated;		/* pages that it was given by anyone */
	unsigned int substituted;	/* of these from the reserve */
	union {
		struct {
			u8 whole:1;	/* of the root: nothing is used, others may join */
			u8 cut:1;	/* of the root: an extension was refused */
			u8 peeking:1;	/* of the root: only the cache may be read */
			u8 on_demand:1;	/* holds no grant; asks for each page */
			u8 entry:1;	/* of the root: not from the gate, may hold locks */
			u8 asking:1;	/* the allocator is being asked for a page */
			u8 lenient:1;	/* a control group may refuse its charges */
			u8 guess:1;	/* may be on another file system: no bound */
		};
		u8 flags;		/* all of them */
	};
	u8 volume;
};

int ama_client_register(struct ama_client *client);
void ama_client_unregister(struct ama_client *client);

int ama_client_activate(struct ama_client *client);
void ama_client_deactivate(struct ama_client *client);
void ama_client_remounted(struct ama_client *client);
void ama_client_frozen(struct ama_client *client, bool frozen);

bool ama_scope_covers(const struct ama_client *client, unsigned int op,
		      const struct super_block *sb, u8 volume, size_t bytes);
int ama_scope_open_own(struct ama_scope *scope, struct ama_client *client,
		       unsigned int op, const struct ama_call *call,
		       const struct ama_admission *admission);
void ama_scope_open_on_demand(struct ama_scope *scope, struct ama_client *client,
			      unsigned int op, const struct ama_call *call,
			      const struct ama_admission *admission);
void ama_scope_close_own(struct ama_scope *scope);

/* Opening sets every member, so that a kernel that clears stacks need not. */
#if __has_attribute(__uninitialized__)
#define DEFINE_AMA_SCOPE(name)	struct ama_scope name __attribute__((__uninitialized__))
#else
#define DEFINE_AMA_SCOPE(name)	struct ama_scope name
#endif

/**
 * ama_scope_open - admit a request, so that none of its allocations fails
 * @scope:     on the caller's stack, see DEFINE_AMA_SCOPE(); no need to initialise it
 * @client:    that the operation belongs to; registered and active
 * @op:        index of the operation in the client's table
 * @call:      what its demand depends on
 * @admission: what to do if the demand cannot be granted now; NULL waits
 *             without limit
 *
 * Within a scope that is already open this neither waits nor fails; it joins one
 * that has all that the operation can need.
 *
 * Context: process context. May sleep when it is the task's outermost scope and
 * @admission does not say AMA_FAIL; then no lock may be held that another scope
 * could want, but for a file system's client, whose entries may be called with
 * the VFS's locks held, and for AMA_OP_PROGRESS operations.
 * Return: 0; -ENOMEM if the demand can never be met, is not met at once with
 * AMA_FAIL, or not in time; -EINTR if the task is being killed; AMA_PEEK for an
 * operation that can be @cached. Unless it is 0 there is nothing to close.
 */
static inline int ama_scope_open(struct ama_scope *scope, struct ama_client *client,
				 unsigned int op, const struct ama_call *call,
				 const struct ama_admission *admission)
{
	if (!call->names && !call->arg &&
	    ama_scope_covers(client, op, call->sb, call->volume, call->bytes)) {
		scope->client = NULL;
		return 0;
	}
	return ama_scope_open_own(scope, client, op, call, admission);
}

/**
 * ama_scope_close - the request is done
 * @scope: the task's innermost scope
 *
 * Context: process context, the task that opened it. Does not sleep.
 */
static inline void ama_scope_close(struct ama_scope *scope)
{
	if (scope->client)
		ama_scope_close_own(scope);
}

bool ama_scope_extend(unsigned int op, const struct ama_call *call);
int ama_scope_renew(struct ama_scope *scope, const struct ama_call *call,
		    const struct ama_admission *admission);
void ama_scope_peek_failed(void);
unsigned int ama_scope_left(void);
unsigned int ama_object_order(size_t size);

#endif /* _SURETY_AMA_H */
