/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fault injection for kernels that were built without it: what the parts of
 * the module share.
 *
 * A level (page, slab) is a set of knobs, counters and tables.  An entry is one
 * function of the kernel's allocator with a kprobe in it; each belongs to a
 * level.  A probe asks its level, and when the answer is "fail" makes the
 * function return its failure value without having run.
 *
 * The probes run in trap context with interrupts off, which lockdep counts as
 * NMI: nothing they reach may take a lock.  All that they write is atomic, all
 * tables are of fixed size, and what others may remove is only compared, never
 * followed.
 */
#ifndef _SURETY_FAULT_H
#define _SURETY_FAULT_H

#include <linux/atomic.h>
#include <linux/kprobes.h>
#include <linux/seq_file.h>
#include <linux/types.h>

#define FAULT_SITES		1024	/* power of two */
#define FAULT_SITE_DEPTH	4	/* callers kept of an injected failure */
#define FAULT_NTH_SLOTS		64
#define FAULT_GROUPS		32

struct compat_fault_entry;

/**
 * struct fault_site - a place in which injected failures fell
 * @caller: the callers outside mm/, innermost first, zero-terminated
 * @count:  failures injected there
 * @owned:  set once, by the probe that fills in @caller
 * @ready:  @caller is filled in
 */
struct fault_site {
	unsigned long caller[FAULT_SITE_DEPTH];
	atomic64_t count;
	atomic_t owned;
	bool ready;
};

/**
 * struct fault_nth - a task whose Nth eligible allocation is to fail
 * @task:     that task; NULL while the slot is free
 * @left:     allocations until then; 0 once the failure was injected
 * @failures: failures that are to come, that one and those right after it
 */
struct fault_nth {
	struct task_struct *task;
	unsigned int left;
	unsigned int failures;
};

/**
 * struct fault_level - one kind of allocation, its knobs and what was counted
 * @name:		directory in debugfs
 * @probability:	percentage of the eligible allocations that fail
 * @interval:		only every so manieth eligible allocation is considered
 * @times:		failures left to inject, -1 for no limit
 * @space:		pages or bytes that are spared at first
 * @verbose:		1: log each failure, 2: with its stack
 * @task_filter:	only tasks in a marked process group
 * @scope_filter:	only tasks in a scope of ama_core, whoever they are
 * @ignore_gfp_wait:	spare allocations that may sleep
 * @ignore_gfp_highmem:	spare allocations that may use high memory
 * @min_order:		spare smaller page blocks
 * @seed:		start of the random sequence; writing it starts it again
 * @draws:		numbers drawn since
 * @considered:		eligible allocations, for @interval
 * @calls:		allocations seen
 * @eligible:		those that the filters left over
 * @injected:		those that failed
 * @lost_sites:		failures not recorded since @sites was full
 * @sites:		where failures fell
 * @nth_users:		slots of @nth in use
 * @nth:		tasks with a systematic failure pending
 */
struct fault_level {
	const char *name;
	u32 probability;
	u32 interval;
	atomic_t times;
	atomic_t space;
	u32 verbose;
	bool task_filter;
	bool scope_filter;
	bool ignore_gfp_wait;
	bool ignore_gfp_highmem;
	u32 min_order;
	u64 seed;
	atomic64_t draws;
	atomic64_t considered;
	atomic64_t calls;
	atomic64_t eligible;
	atomic64_t injected;
	atomic64_t lost_sites;
	struct fault_site *sites;
	atomic_t nth_users;
	struct fault_nth nth[FAULT_NTH_SLOTS];
};

/**
 * struct fault_request - an allocation that a probe saw
 * @gfp:   its flags
 * @size:  pages (page level) or bytes (slab level)
 * @order: of a page allocation, else 0
 * @regs:  registers at the function's entry
 */
struct fault_request {
	gfp_t gfp;
	unsigned int size;
	unsigned int order;
	struct pt_regs *regs;
};

/**
 * struct fault_entry - a function of the allocator with a probe in it
 * @probe: the probe
 * @what:  the function's description
 * @level: whom to ask
 * @calls: allocations that came through here
 */
struct fault_entry {
	struct kprobe probe;
	const struct compat_fault_entry *what;
	struct fault_level *level;
	atomic64_t calls;
};

/* level.c */
extern struct fault_level fault_page, fault_slab;
int fault_level_init(struct fault_level *level);
void fault_level_free(struct fault_level *level);
void fault_level_reset(struct fault_level *level);
bool fault_should_fail(struct fault_level *level,
		       const struct fault_request *request);

/* entry.c */
int fault_entries_arm(void);
void fault_entries_disarm(void);
void fault_entries_reset(const struct fault_level *level);
void fault_entries_show(struct seq_file *m, const struct fault_level *level);

/* group.c */
int fault_group_mark(void);
void fault_group_unmark(void);
bool fault_group_marked(void);
void fault_group_exit(void);

/* nth.c */
enum fault_nth_answer { FAULT_NTH_NONE, FAULT_NTH_SPARE, FAULT_NTH_FAIL };
enum fault_nth_answer fault_nth_ask(struct fault_level *level);
extern const struct file_operations fault_nth_fops;

/* site.c */
void fault_site_record(struct fault_level *level, struct pt_regs *regs);
void fault_site_reset(struct fault_level *level);
int fault_site_show(struct seq_file *m, struct fault_level *level);

/* knobs.c */
void fault_knobs_create(void);
void fault_knobs_remove(void);

#endif /* _SURETY_FAULT_H */
