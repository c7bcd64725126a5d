/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of ama_core share.
 *
 *   scope.c    a task's admitted request, from opening to closing; what each call
 *              passes is in scope_inline.h
 *   pool.c     the reserve: credit that is granted, pages that are handed out
 *   refill.c   puts back what was handed out
 *   sizing.c   how large the reserve has to be
 *   guard.c    what an allocation goes through while its task is in a scope
 *   hook.c     how the guard and the gate get into the kernel's functions
 *   gate.c     scopes around system calls
 *   client.c   who opens scopes
 *   figures.c  what these really needed
 */
#ifndef _AMA_CORE_H
#define _AMA_CORE_H

#include <linux/atomic.h>
#include <linux/ftrace.h>
#include <linux/irq_work.h>
#include <linux/mm_types.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/spinlock.h>
#include <linux/trace_recursion.h>
#include <linux/workqueue.h>

#include <surety/ama.h>

struct seq_file;

#define AMA_LOG	"ama_core: "

/* --- tasks in a scope --- */

/*
 * The mark of a task in a scope is a bit of the word that the kernel gives each
 * task for tracers. Its upper bits have no user, only the task itself writes
 * to it, and testing it costs the trampolines a single instruction.
 */
#define AMA_TASK_IN_SCOPE	BIT(30)
/* The task has met a client outside a gated call: gate its paths from now on. */
#define AMA_TASK_MET_CLIENT	BIT(29)

static inline bool ama_task_in_scope(void)
{
	return current->trace_recursion & AMA_TASK_IN_SCOPE;
}

/*
 * Its innermost scope is told by the word of its stack next to the kernel's mark
 * of the stack's end. A new task's is zero, nobody else has a use for it, and a
 * stack that reached it would be about to overflow. Kernels that erase used stack
 * put their poison there, which a child forked in a scope would take for a scope.
 */
static inline struct ama_scope **ama_scope_word(void)
{
	BUILD_BUG_ON(IS_ENABLED(CONFIG_STACK_GROWSUP) ||
		     IS_ENABLED(CONFIG_GCC_PLUGIN_STACKLEAK) ||
		     IS_ENABLED(CONFIG_KSTACK_ERASE));
	return (struct ama_scope **)(end_of_stack(current) + 1);
}

/*
 * NULL if the task is in none. A child that was forked in a scope inherits the
 * mark, but has a stack of its own, and counts as in none.
 */
static inline struct ama_scope *ama_current_scope(void)
{
	return ama_task_in_scope() ? *ama_scope_word() : NULL;
}

static inline void ama_enter_scope(struct ama_scope *scope)
{
	*ama_scope_word() = scope;
	current->trace_recursion |= AMA_TASK_IN_SCOPE;
}

static inline void ama_leave_outermost_scope(void)
{
	current->trace_recursion &= ~(unsigned long)AMA_TASK_IN_SCOPE;
	*ama_scope_word() = NULL;
}

/* --- the reserve (pool.c, refill.c, sizing.c) --- */

enum ama_kind {
	AMA_COMPOUND,		/* as slab and the page cache want it */
	AMA_PLAIN,		/* separate pages, as vmalloc wants them */
	AMA_KINDS
};

#define AMA_MAGAZINE	16	/* pages and credit that a CPU keeps at hand */

/**
 * struct ama_magazine - what a CPU keeps of a pool's order-0 pages and credit
 * @credit:     grantable pages that this CPU took from the shared credit; other
 *              CPUs touch it only to collect it all for a request that waits
 * @admitted:   requests that were granted their demand on this CPU
 * @heap_visits: times that this CPU went to the shared heap
 * @keep:       credit up to which returned credit stays here, whatever the request's
 *              size: small requests would else take away what large ones need. Set
 *              under the pool's lock.
 * @lock:       protects all below; only its own CPU takes it, but for stealing
 * @nr:         number of pages in @pages, used last in first out
 * @handed_out: pages that were given to requests on this CPU
 * @pages:      pages of the stock
 */
struct ama_magazine {
	atomic_t credit;
	unsigned long admitted;
	unsigned long heap_visits;
	int keep;
	spinlock_t lock;
	unsigned int nr;
	unsigned long handed_out;
	struct page *pages[AMA_MAGAZINE];
};

/**
 * struct ama_shelf - pages of one order and kind
 * @pages: linked through page->lru, used last in first out
 * @nr:    their number
 * @want:  their number when nothing is handed out
 */
struct ama_shelf {
	struct list_head pages;
	unsigned long nr;
	unsigned long want;
};

/**
 * struct ama_pool - a reserve and the budget of what it can promise
 * @name:      for people
 * @magazines: one a CPU
 * @contended: set while there are waiters; magazines then keep no credit. Set
 *             under @lock.
 * @lock:      protects all below but the atomics and what is the refill's
 * @shelves:   pages not in a magazine
 * @credit:    pages of order 0 in stock that nobody was promised, apart from
 *             the credit in magazines
 * @promised:  for each order above 0, pages promised and not yet handed out
 * @waiters:   requests in the order in which they came
 * @waited:    requests that had to wait for their grant
 * @refused:   requests that were turned down
 * @refilled:  pages that were put back
 * @batch_taken: a CPU took a batch since the refill last ran
 * @whole:     the refill's next run is to put back all that is missing
 * @taken:     wakes the refill where pages are taken
 * @refill:    puts back what was handed out
 * @refill_delay: until the next attempt, in milliseconds; grows with failures
 *
 * The first three are read whenever a scope is opened; what others write for each
 * batch, or wait, is not in their cache line.
 */
struct ama_pool {
	const char *name;
	struct ama_magazine __percpu *magazines;
	bool contended;
	spinlock_t lock ____cacheline_aligned_in_smp;
	struct ama_shelf shelves[AMA_ORDERS][AMA_KINDS];
	long credit;
	long promised[AMA_ORDERS];
	struct list_head waiters;
	atomic_long_t waited;
	atomic_long_t refused;
	atomic_long_t refilled;
	bool batch_taken;
	bool whole;
	struct irq_work taken;
	struct delayed_work refill;
	unsigned int refill_delay;
} ____cacheline_aligned_in_smp;

extern struct ama_pool ama_ordinary_pool;
extern struct ama_pool ama_fallback_pool;
extern struct ama_pool ama_progress_pool;

#define AMA_POOLS	3
extern struct ama_pool * const ama_pools[AMA_POOLS];

int ama_pool_init(struct ama_pool *pool);
void ama_pool_destroy(struct ama_pool *pool);

/* Is a demand for single pages only? Those come from magazines. */
static inline bool ama_only_order_0(struct ama_demand demand)
{
	u64 word;

	static_assert(sizeof(word) == sizeof(demand));
	memcpy(&word, &demand, sizeof(word));
	return !(word & ~(__force u64)cpu_to_le64(U16_MAX));
}

/* Serve a demand for single pages from this CPU's magazine alone, if nobody waits. */
static inline bool ama_magazine_grant(struct ama_pool *pool, int pages)
{
	struct ama_magazine *magazine = raw_cpu_ptr(pool->magazines);
	int credit = atomic_read(&magazine->credit);

	if (READ_ONCE(pool->contended))
		return false;
	do {
		if (credit < pages)
			return false;
	} while (!atomic_try_cmpxchg(&magazine->credit, &credit, credit - pages));
	this_cpu_inc(pool->magazines->admitted);
	return true;
}

void ama_pool_collect_returned(struct ama_pool *pool, struct ama_magazine *magazine);

/*
 * Keep returned credit on this CPU, if it has not plenty already. A waiter that
 * queues up meanwhile sets contended before it collects the magazines' credit:
 * either it finds what was put in here, or this finds it waiting.
 */
static inline bool ama_magazine_return(struct ama_pool *pool, int pages)
{
	struct ama_magazine *magazine = raw_cpu_ptr(pool->magazines);
	int keep = max(READ_ONCE(magazine->keep), 3 * pages);

	if (READ_ONCE(pool->contended) || atomic_read(&magazine->credit) > keep)
		return false;
	atomic_add(pages, &magazine->credit);
	/* Pairs with smp_mb() in queue_for_grant(). */
	smp_mb__after_atomic();
	if (unlikely(READ_ONCE(pool->contended)))
		ama_pool_collect_returned(pool, magazine);
	return true;
}

bool ama_pool_try_in_turn(struct ama_pool *pool, const struct ama_demand *demand);
int ama_pool_grant_now(struct ama_pool *pool, const struct ama_demand *demand);
int ama_pool_grant(struct ama_pool *pool, const struct ama_demand *demand,
		   const struct ama_admission *admission, bool killable);
bool ama_pool_try_grant(struct ama_pool *pool, const struct ama_demand *demand);
void ama_pool_return(struct ama_pool *pool, const struct ama_demand *credit);
struct page *ama_pool_take(struct ama_pool *pool, unsigned int order,
			   enum ama_kind kind);
struct page *ama_pool_take_unpromised(struct ama_pool *pool, unsigned int order,
				      enum ama_kind kind);
struct page *ama_pool_remove(struct ama_pool *pool, unsigned int order,
			     enum ama_kind kind);
void ama_pool_stock(struct ama_pool *pool, unsigned int order,
		    enum ama_kind kind, struct list_head *pages, unsigned int nr);
void ama_pool_want(struct ama_pool *pool, const unsigned long want[AMA_ORDERS]);
unsigned long ama_pool_missing(struct ama_pool *pool, unsigned int order,
			       enum ama_kind kind);
unsigned long ama_pool_stocked(struct ama_pool *pool, unsigned int order,
			       enum ama_kind kind);
long ama_pool_credit(struct ama_pool *pool, unsigned int order);

int ama_refill_init(void);
void ama_refill_exit(void);
void ama_refill_setup(struct ama_pool *pool);
void ama_refill_kick(struct ama_pool *pool);
void ama_refill_taken(struct ama_pool *pool, bool batch);
int ama_refill_now(struct ama_pool *pool);
void ama_refill_stop(struct ama_pool *pool);

void ama_sizing_add(const struct ama_client *client);
void ama_sizing_reset(void);
void ama_sizing_apply(void);

/* --- scopes (scope.c) --- */

extern atomic_long_t ama_underruns;
unsigned long ama_scopes_open(void);

/* How a scope gets its grant. */
enum ama_manner {
	AMA_FROM_ENTRY,		/* of the client, perhaps with locks held */
	AMA_FROM_GATE,		/* before anything was done */
	AMA_FROM_GATE_PEEKING,	/* likewise, and the call can be run again */
	AMA_ON_DEMAND,		/* page by page, for a call that may block */
};

int ama_scope_open_at_gate(struct ama_scope *scope, struct ama_client *client,
			   unsigned int op, const struct ama_call *call,
			   const struct ama_admission *admission,
			   enum ama_manner manner);
struct page *ama_scope_substitute(struct ama_scope *scope, gfp_t gfp,
				  unsigned int order);
struct ama_demand ama_demand_of(const struct ama_client *client, unsigned int op,
				const struct ama_call *call);
unsigned int ama_demand_total(const struct ama_demand *demand);

/* --- the guard (guard.c) and what carries it (hook.c, symbols.c) --- */

enum ama_guard_set {
	AMA_GUARD_PAGE = BIT(0),	/* the page allocator */
	AMA_GUARD_MEMCG = BIT(1),	/* charging a memory control group */
	AMA_GUARD_SLAB = BIT(2),	/* slab objects, for injected failures */
};

/* Events of the guard, counted per CPU. */
enum ama_guard_event {
	AMA_SUBSTITUTED,	/* page allocations that the reserve served */
	AMA_FORCED_CHARGES,	/* memcg charges that went over the limit */
	AMA_RETRIED_OBJECTS,	/* slab objects whose first attempt failed */
	AMA_SPECULATION_FAILED,	/* allocations that have a fall-back of their own */
	AMA_PEEKED,		/* reads that were admitted to the cache alone */
	AMA_PEEKED_AGAIN,	/* of these, found to need their whole demand */
	AMA_STRAYS,		/* beyond the grant of a call that need not concern a client */
	AMA_GUARD_EVENTS
};

extern const char * const ama_guard_event_names[AMA_GUARD_EVENTS];

void ama_guard_count(enum ama_guard_event event);
unsigned long ama_guard_events(enum ama_guard_event event);

/* Which sets are armed while a client is active. */
extern unsigned int ama_guard_sets;

int ama_guard_resolve(void);
int ama_guard_arm(void);
void ama_guard_disarm(void);
bool ama_guard_armed(void);
void ama_guard_show(struct seq_file *seq);

/**
 * struct ama_hook - a kernel function whose calls go through ours first
 * @symbol:     name of the function
 * @optional:   there are kernels without the function, which need no such hook
 * @address:    of the function, 0 if the kernel has none
 * @body:       where it goes on behind the traced instruction
 */
struct ama_hook {
	const char *symbol;
	bool optional;
	unsigned long address;
	unsigned long body;
};

/**
 * struct ama_hook_group - hooks that enter the same trampoline
 * @hooks:      put in and taken out together
 * @nr:         number of @hooks
 * @trampoline: entered before the first instruction of each function
 * @ops:        ftrace's handle on them
 * @armed:      whether they are in
 */
struct ama_hook_group {
	struct ama_hook *hooks;
	unsigned int nr;
	void (*trampoline)(void);
	struct ftrace_ops ops;
	bool armed;
};

int ama_symbols_init(void);
unsigned long ama_symbol(const char *name);

int ama_hook_resolve(struct ama_hook *hook);
int ama_hook_group_arm(struct ama_hook_group *group);
void ama_hook_group_disarm(struct ama_hook_group *group);

/* Call a function behind its traced instruction, as if nothing was hooked. */
unsigned long ama_hook_call(unsigned long a, unsigned long b, unsigned long c,
			    unsigned long d, unsigned long e, unsigned long body);

/* Trampolines (trampoline_x86.c): to the guard if the task is in a scope. */
void ama_trampoline_alloc_pages(void);
void ama_trampoline_charge(void);
#define AMA_SLAB_HOOKS	12
extern void (* const ama_slab_trampolines[AMA_SLAB_HOOKS])(void);
void ama_trampoline_gate_fd(void);
void ama_trampoline_gate_path(void);
void ama_trampoline_gate_at(void);
void ama_trampoline_gate_other(void);

/* What the trampolines jump to; a function goes on at its body. */
struct page *ama_guard_alloc_pages(gfp_t gfp, unsigned int order, int nid,
				   nodemask_t *nodemask, unsigned long body);
int ama_guard_charge(struct mem_cgroup *memcg, gfp_t gfp,
		     unsigned int nr_pages, unsigned long body);
unsigned long ama_guard_slab(unsigned long a, unsigned long b, unsigned long c,
			     unsigned long d, unsigned long e, unsigned int hook);

/**
 * struct ama_verdict - does a call concern a client?
 * @found:     0 if not; AMA_LOOK_AGAIN if it may, and more is to be looked at where
 *             that may sleep; otherwise the client's superblock, with what was
 *             seen of it in the lowest bits. There is none for what is only known by
 *             where it is mounted
 * @admission: unless it is to be looked again: a struct ama_admission, which tells
 *             how requests are admitted there
 *
 * Comes in two registers.
 */
struct ama_verdict {
	unsigned long found;
	u64 admission;
};

#define AMA_LOOK_AGAIN		BIT(0)
#define AMA_SEEN_FROZEN		BIT(1)
#define AMA_SEEN_UNKNOWN_MOUNT	BIT(2)	/* where is it mounted? */
#define AMA_SEEN_UNUSUAL	(AMA_LOOK_AGAIN | AMA_SEEN_FROZEN | AMA_SEEN_UNKNOWN_MOUNT)
#define AMA_SEEN_MOUNT_POINT	BIT(3)	/* the path leads to where one is mounted */
#define AMA_SEEN_MASK		(AMA_SEEN_UNUSUAL | AMA_SEEN_MOUNT_POINT)

struct ama_verdict ama_gate_wants_fd(const struct pt_regs *regs);
struct ama_verdict ama_gate_wants_path(const struct pt_regs *regs);
struct ama_verdict ama_gate_wants_at(const struct pt_regs *regs);
struct ama_verdict ama_gate_wants_other(const struct pt_regs *regs, unsigned long body);
long ama_gate_run(const struct pt_regs *regs, unsigned long body,
		  unsigned long found, u64 admission);

/* --- the gate (gate.c, gate_table.c) --- */

int ama_gate_resolve(void);
int ama_gate_arm(void);
void ama_gate_disarm(void);
void ama_gate_forget_mounts(void);
void ama_gate_drain(void);
void ama_gate_free(void);
void ama_gate_show(struct seq_file *seq);

/* --- clients (client.c, figures.c) and what is shown (debugfs.c) --- */

/**
 * struct ama_op_figures - what one operation really needed
 * @bound:       largest demand in pages
 * @allocated:   most pages that one scope was given, by anyone
 * @substituted: most pages that one scope took from the reserve
 * @underruns:   allocations beyond the grant
 */
struct ama_op_figures {
	atomic_t bound;
	atomic_t allocated;
	atomic_t substituted;
	atomic_t underruns;
};

/* A power of two. Calls on trees alternate between few depths and lengths. */
#define AMA_REMEMBERED	4

/**
 * struct ama_op_cpu - what a CPU keeps of an operation
 * @calls:  scopes that were closed
 * @demand: of an AMA_OP_FIXED, as worked out last for each group of calls: pages in the
 *          lowest 16 bits, above them for which volume, how many bytes, how many
 *          names, then a 1
 */
struct ama_op_cpu {
	unsigned long calls;
	u64 demand[AMA_REMEMBERED];
};

/* What is longer would run into each other's bits. */
static inline bool ama_demand_has_key(const struct ama_call *call)
{
	return call->bytes <= AMA_PIECE && call->names <= S8_MAX;
}

static inline u64 ama_demand_key(const struct ama_call *call)
{
	return BIT_ULL(63) | (u64)call->names << 48 | (u64)call->bytes << 24 |
	       call->volume << 16;
}

/* Which of the remembered demands may be that of a call. */
static inline unsigned int ama_demand_slot(const struct ama_call *call)
{
	return (call->names + call->bytes / (AMA_PIECE / 2)) % AMA_REMEMBERED;
}

struct ama_client_state {
	struct ama_client *client;
	struct list_head entry;
	unsigned int active;		/* under ama_clients_lock */
	struct dentry *debugfs;
	struct ama_op_cpu __percpu *cpus;	/* one an op */
	struct ama_op_figures figures[];
};

void ama_client_raise_marks(const struct ama_scope *scope);

/* Note what a scope that is being closed really needed. */
static inline void ama_client_count(const struct ama_scope *scope)
{
	struct ama_client_state *state = scope->client->state;
	const struct ama_op_figures *figures = &state->figures[scope->op];

	raw_cpu_inc(state->cpus[scope->op].calls);
	if (unlikely(scope->allocated || scope->bound > (unsigned int)atomic_read(&figures->bound)))
		ama_client_raise_marks(scope);
}

extern struct ama_client *ama_fs_client;
extern const struct file_system_type *ama_gated_fs_type;
void ama_client_count_underrun(const struct ama_scope *scope);
void ama_clients_exit(void);

void ama_debugfs_init(void);
void ama_debugfs_exit(void);
void ama_debugfs_add_client(struct ama_client_state *state);
void ama_debugfs_remove_client(struct ama_client_state *state);

#endif /* _AMA_CORE_H */
