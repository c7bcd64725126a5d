// SPDX-License-Identifier: GPL-2.0
/*
 * A task's admitted request, from opening to closing.
 *
 * The outermost scope of a task owns a grant; it is obtained before anything
 * else is done, so failing or waiting there leaves nothing to undo. A scope
 * inside it draws on that grant and may add to it, without waiting, what its
 * own operation can need beyond it. Only an operation that is the progress of
 * others (writeback, eviction) brings a grant of its own into a scope, from the
 * reserve that is kept for that.
 *
 * Method: Sundararaman et al., "Making the Common Case the Only Case with
 * Anticipatory Memory Allocation", FAST 2011.
 */
#include <linux/export.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/percpu.h>

#include "compat_ama.h"
#include "scope_inline.h"

atomic_long_t ama_underruns = ATOMIC_LONG_INIT(0);

DEFINE_PER_CPU(unsigned long, ama_scopes_opened);
DEFINE_PER_CPU(unsigned long, ama_scopes_closed);

/**
 * ama_scopes_open - number of tasks in a scope now
 *
 * Return: a snapshot.
 */
unsigned long ama_scopes_open(void)
{
	unsigned long open = 0;
	int cpu;

	/* In this order: who comes or goes meanwhile counts as in a scope. */
	for_each_possible_cpu(cpu)
		open -= READ_ONCE(per_cpu(ama_scopes_closed, cpu));
	/* Pairs with that a task counts a scope's opening before its closing. */
	smp_rmb();
	for_each_possible_cpu(cpu)
		open += READ_ONCE(per_cpu(ama_scopes_opened, cpu));
	return open;
}

/**
 * ama_demand_total - what a demand comes to
 * @demand: pages of each order
 *
 * Return: its size in pages of order 0.
 */
unsigned int ama_demand_total(const struct ama_demand *demand)
{
	static_assert(AMA_ORDERS == 4);
	return demand->pages[0] + (demand->pages[1] << 1) +
	       (demand->pages[2] << 2) + (demand->pages[3] << 3);
}

/**
 * ama_demand_of - what an operation can need
 * @client: that it belongs to
 * @op:     index in its table
 * @call:   what the demand depends on
 *
 * That of an AMA_OP_FIXED is remembered beside the operation's counter: the next call
 * is mostly like one of the last.
 *
 * Context: does not sleep.
 */
struct ama_demand ama_demand_of(const struct ama_client *client, unsigned int op,
				const struct ama_call *call)
{
	int pages = ama_pages_remembered(client, op, call);
	struct ama_demand demand;

	if (pages >= 0)
		return (struct ama_demand) { .pages = { pages } };
	demand = client->ops[op].bound(call);
	if ((client->ops[op].flags & AMA_OP_FIXED) && ama_only_order_0(demand) &&
	    ama_demand_has_key(call))
		WRITE_ONCE(raw_cpu_ptr(client->state->cpus)[op].demand[ama_demand_slot(call)],
			   ama_demand_key(call) | demand.pages[0]);
	return demand;
}

static void add_demand(struct ama_demand *to, const struct ama_demand *more)
{
	unsigned int order;

	for (order = 0; order < AMA_ORDERS; order++)
		to->pages[order] += more->pages[order];
}

/* What a demand asks beyond what is left of a grant. */
static struct ama_demand shortfall(const struct ama_demand *demand,
				   const struct ama_demand *left)
{
	struct ama_demand more;
	unsigned int order;

	for (order = 0; order < AMA_ORDERS; order++)
		more.pages[order] = demand->pages[order] > left->pages[order] ?
			demand->pages[order] - left->pages[order] : 0;
	return more;
}

static bool covers(const struct ama_demand *grant, const struct ama_demand *demand)
{
	static_assert(AMA_ORDERS == 4);
	return grant->pages[0] >= demand->pages[0] &&
	       grant->pages[1] >= demand->pages[1] &&
	       grant->pages[2] >= demand->pages[2] &&
	       grant->pages[3] >= demand->pages[3];
}

static bool raise_grant(struct ama_scope *root, const struct ama_demand *demand)
{
	struct ama_demand more;

	if (likely(covers(&root->granted, demand)))
		return true;
	more = shortfall(demand, &root->granted);
	if (!ama_pool_try_grant(root->pool, &more))
		return false;
	add_demand(&root->granted, &more);
	return true;
}

/*
 * A file system's entry that no gate was passed for may hold locks of the VFS,
 * which those who hold the ordinary reserve may be waiting for. It does not wait
 * for them: what that cannot grant at once comes from a reserve of its own, whose
 * holders have all the locks they need. Nor does it go before those who wait at
 * the gate, or entries that follow each other would keep them there.
 */
static int grant_entry(struct ama_scope *scope, const struct ama_demand *demand,
		       const struct ama_admission *admission)
{
	scope->pool = &ama_ordinary_pool;
	if (!admission || admission->policy == AMA_WAIT) {
		if (ama_pool_try_in_turn(scope->pool, demand))
			return 0;
		scope->pool = &ama_fallback_pool;
	}
	return ama_pool_grant(scope->pool, demand, admission, true);
}

static bool peek = true;
module_param(peek, bool, 0644);
MODULE_PARM_DESC(peek, "let reads of cached data go on while the reserve is short (default Y)");

/*
 * Before a read waits, or is refused, for what it may need: is it all cached?
 * It goes before those that wait, since it holds what it gets for no longer than
 * it takes to copy.
 */
static bool grant_for_cached(struct ama_scope *scope, const struct ama_op *op,
			     const struct ama_call *call)
{
	struct ama_demand demand;

	if (!READ_ONCE(peek) || !op->cached)
		return false;
	demand = op->cached(call);
	if (!ama_pool_try_grant(scope->pool, &demand))
		return false;
	scope->granted = demand;
	scope->peeking = true;
	ama_guard_count(AMA_PEEKED);
	return true;
}

/* Half of the reserve for entries is left to these. */
static bool fallback_spares(unsigned int order)
{
	struct ama_shelf *shelf = &ama_fallback_pool.shelves[order][AMA_COMPOUND];

	return ama_pool_credit(&ama_fallback_pool, order) > READ_ONCE(shelf->want) / 2;
}

/*
 * The reserve that a page was granted from, or NULL. Locks may be held that a
 * holder wants, so waiting is the last way. Those who wait are left their turn as
 * long as the reserve for entries has pages to spare; overtaking them is bounded,
 * since these come back as soon as any memory does.
 */
static struct ama_pool *grant_page(const struct ama_demand *page, gfp_t gfp,
				   unsigned int order,
				   const struct ama_admission *admission)
{
	bool sleep = gfpflags_allow_blocking(gfp);

	if (ama_pool_try_in_turn(&ama_ordinary_pool, page))
		return &ama_ordinary_pool;
	if ((!sleep || fallback_spares(order)) &&
	    ama_pool_try_grant(&ama_fallback_pool, page))
		return &ama_fallback_pool;
	if (ama_pool_try_grant(&ama_ordinary_pool, page))
		return &ama_ordinary_pool;
	if (sleep && !ama_pool_grant(&ama_ordinary_pool, page, admission, true))
		return &ama_ordinary_pool;
	return NULL;
}

/*
 * A call that may wait for other tasks for as long as they please holds no
 * grant meanwhile: it gets each page when it needs one.
 */
static bool grant_on_demand(struct ama_scope *root, gfp_t gfp, unsigned int order)
{
	struct ama_demand page = { };
	struct ama_pool *pool;

	if (!READ_ONCE(ama_ordinary_pool.shelves[order][AMA_COMPOUND].want))
		return false;
	page.pages[order] = 1;
	ama_pool_return(root->pool, &root->granted);
	root->granted = (struct ama_demand){ };
	pool = grant_page(&page, gfp, order, root->admission);
	root->pool = pool ?: &ama_ordinary_pool;
	if (!pool)
		return false;
	root->granted = page;
	return true;
}

static int grant_outermost(struct ama_scope *scope, const struct ama_call *call,
			   const struct ama_admission *admission,
			   enum ama_manner manner)
{
	const struct ama_op *op = &scope->client->ops[scope->op];

	/* Progress does not queue behind those who wait for it. */
	if (op->flags & AMA_OP_PROGRESS)
		return ama_pool_try_grant(scope->pool, &scope->granted) ? 0 :
			ama_pool_grant(scope->pool, &scope->granted, NULL, false);
	if (scope->entry)
		return grant_entry(scope, &scope->granted, admission);
	if (manner == AMA_FROM_GATE_PEEKING) {
		int err = ama_pool_grant_now(scope->pool, &scope->granted);

		if (err != -EAGAIN || grant_for_cached(scope, op, call))
			return err == -EAGAIN ? 0 : err;
	}
	return ama_pool_grant(scope->pool, &scope->granted, admission, true);
}

/* Of a task that holds no grant yet, though it may be in a scope on demand. */
static int open_first(struct ama_scope *scope, struct ama_scope *outer,
		      const struct ama_call *call,
		      const struct ama_admission *admission,
		      enum ama_manner manner)
{
	int err = grant_outermost(scope, call, admission, manner);

	if (err)
		return err;
	scope->whole = !scope->peeking && !call->arg;
	scope->outer = outer;
	if (outer)
		*ama_scope_word() = scope;
	else
		ama_enter_outermost(scope);
	return 0;
}

/*
 * Returns false if the scope has to have a grant of its own: what was granted on
 * a guess may have gone to another file system.
 */
static bool open_inside(struct ama_scope *scope, struct ama_scope *outer,
			const struct ama_demand *demand)
{
	struct ama_scope *root = outer->root;

	if (scope->pool != root->pool && scope->pool == &ama_progress_pool &&
	    ama_pool_try_grant(scope->pool, demand))
		scope->granted = *demand;
	/* If it is refused, what is left may still do. */
	else if (raise_grant(root, demand) || !root->guess)
		scope->root = root;
	else
		return false;
	scope->pool = scope->root == scope ? scope->pool : root->pool;
	scope->outer = outer;
	*ama_scope_word() = scope;
	return true;
}

static void open_on_demand(struct ama_scope *scope, const struct ama_admission *admission)
{
	scope->on_demand = true;
	scope->admission = admission;
	ama_enter_outermost(scope);
}

static noinline int open_slowly(struct ama_scope *scope, struct ama_client *client,
				unsigned int op, const struct ama_call *call,
				const struct ama_admission *admission,
				enum ama_manner manner)
{
	struct ama_demand demand = ama_demand_of(client, op, call);
	struct ama_scope *outer = ama_current_scope();
	int err = 0;

	ama_scope_set_up(scope, client, op, ama_pool_of(client, op), call, 0,
			 ama_demand_total(&demand), manner);
	/* Without a whole grant of its own none can be joined. */
	scope->whole = 0;
	if (manner == AMA_ON_DEMAND) {
		open_on_demand(scope, admission);
	} else if (!outer || outer->on_demand || !open_inside(scope, outer, &demand)) {
		scope->granted = demand;
		err = open_first(scope, outer, call, admission, manner);
	}
	trace_ama_scope_open(client->name, client->ops[op].name, scope->bound,
			     !!outer, err);
	return err;
}

static __always_inline int open_scope(struct ama_scope *scope,
				      struct ama_client *client, unsigned int op,
				      const struct ama_call *call,
				      const struct ama_admission *admission,
				      enum ama_manner manner)
{
	if (!ama_task_in_scope() &&
	    likely(manner != AMA_ON_DEMAND &&
		   ama_scope_open_common(scope, client, op, ama_pool_of(client, op), call,
					 ama_single_pages(client, op, call), manner)))
		return 0;
	return open_slowly(scope, client, op, call, admission, manner);
}

/**
 * ama_scope_open_at_gate - ama_scope_open() for a call that the gate caught
 * @scope:     as there
 * @client:    as there
 * @op:        as there
 * @call:      as there
 * @admission: as there; stays valid until the scope is closed
 * @manner:    any but AMA_FROM_ENTRY
 *
 * Context: the start of a system call, so no lock is held.
 * Return: as there, but for AMA_PEEK.
 */
int ama_scope_open_at_gate(struct ama_scope *scope, struct ama_client *client,
			   unsigned int op, const struct ama_call *call,
			   const struct ama_admission *admission,
			   enum ama_manner manner)
{
	return open_scope(scope, client, op, call, admission, manner);
}

/**
 * ama_scope_covers - is a scope open that has what an operation can need?
 * @client: that the operation belongs to
 * @op:     index of the operation in the client's table
 * @sb:     what its demand depends on, as in struct ama_call; it has no names and
 *          no @arg
 * @volume: likewise
 * @bytes:  likewise
 *
 * So it is when the gate has opened one with the same bound for the call that the
 * operation is part of: there is nothing to add to it, and what the operation needs
 * counts as needed by the call.
 *
 * Context: process context.
 * Return: whether the operation can do without a scope of its own.
 */
bool ama_scope_covers(const struct ama_client *client, unsigned int op,
		      const struct super_block *sb, u8 volume, size_t bytes)
{
	const struct ama_scope *outer = ama_current_scope();
	const struct ama_op *ops = client->ops;

	return outer && outer->whole && outer->client == client &&
	       outer->sb == sb && outer->volume == volume && outer->bytes >= bytes &&
	       ops[outer->op].bound == ops[op].bound &&
	       ops[outer->op].flags == ops[op].flags;
}
EXPORT_SYMBOL_GPL(ama_scope_covers);

/**
 * ama_scope_open_own - ama_scope_open() where no open scope covers the operation
 * @scope:     as there
 * @client:    as there
 * @op:        as there
 * @call:      as there
 * @admission: as there
 *
 * Context: as there.
 * Return: as there.
 */
int ama_scope_open_own(struct ama_scope *scope, struct ama_client *client,
		       unsigned int op, const struct ama_call *call,
		       const struct ama_admission *admission)
{
	if (ama_task_in_scope()) {
		struct ama_scope *outer = ama_current_scope();

		if (outer && unlikely(outer->root->peeking) &&
		    client->ops[op].cached)
			return AMA_PEEK;
	} else if (client->fs_type && !(current->flags & PF_KTHREAD)) {
		/* The gate did not see this task coming: it will from now on. */
		current->trace_recursion |= AMA_TASK_MET_CLIENT;
	}
	return open_scope(scope, client, op, call, admission, AMA_FROM_ENTRY);
}
EXPORT_SYMBOL_GPL(ama_scope_open_own);

/**
 * ama_scope_open_on_demand - for an entry that may wait for other tasks
 * @scope:     as for ama_scope_open()
 * @client:    as there
 * @op:        as there
 * @call:      as there
 * @admission: as there; stays valid until the scope is closed
 *
 * No grant is held: each page that the allocator refuses is asked for when it is
 * needed. A scope that is opened inside it has a grant of its own.
 *
 * Context: process context. Neither waits nor fails. In a scope nothing is
 * opened.
 */
void ama_scope_open_on_demand(struct ama_scope *scope, struct ama_client *client,
			      unsigned int op, const struct ama_call *call,
			      const struct ama_admission *admission)
{
	if (ama_current_scope())
		scope->client = NULL;
	else
		open_scope(scope, client, op, call, admission, AMA_ON_DEMAND);
}
EXPORT_SYMBOL_GPL(ama_scope_open_on_demand);

/**
 * ama_scope_close_own - ama_scope_close() for a scope that joined no other
 * @scope: the task's innermost scope
 *
 * Context: as there.
 */
void ama_scope_close_own(struct ama_scope *scope)
{
	struct ama_scope *outer = scope->outer;

	if (!ama_scope_may_close(scope))
		return;
	if (outer) {
		outer->allocated += scope->allocated;
		outer->substituted += scope->substituted;
		*ama_scope_word() = outer;
	} else {
		ama_leave_outermost();
	}
	if (scope->root == scope)
		ama_scope_return(scope);
}
EXPORT_SYMBOL_GPL(ama_scope_close_own);

/**
 * ama_scope_extend - ask for what the next piece of a request can need
 * @op:   index of the operation in the innermost scope's client's table
 * @call: what the piece's demand depends on
 *
 * While memory is to be had this costs a comparison: what was granted has not
 * been used.
 *
 * Context: in a scope; does not sleep, so locks may be held.
 * Return: true if the next piece is covered. Otherwise the caller lets go of
 * its locks and renews the scope, or returns with what it has done so far.
 */
bool ama_scope_extend(unsigned int op, const struct ama_call *call)
{
	struct ama_scope *scope = ama_current_scope();
	struct ama_demand demand;

	if (!scope)
		return true;
	demand = ama_demand_of(scope->client, op, call);
	if (raise_grant(scope->root, &demand))
		return true;
	scope->root->cut = true;
	return false;
}
EXPORT_SYMBOL_GPL(ama_scope_extend);

/**
 * ama_scope_renew - start over with a whole grant, between two pieces
 * @scope:     the task's innermost scope
 * @call:      what the next piece's demand depends on
 * @admission: as for ama_scope_open()
 *
 * Context: may sleep; no lock may be held that another scope could want, but as
 * for ama_scope_open().
 * Return: 0; -EAGAIN if @scope is inside another one, which holds locks or a
 * grant that this cannot let go of: the caller then returns what it has done;
 * otherwise as ama_scope_open(). The scope is open in any case.
 */
int ama_scope_renew(struct ama_scope *scope, const struct ama_call *call,
		    const struct ama_admission *admission)
{
	struct ama_demand demand;
	int err;

	if (!scope->client || (scope->outer && !scope->outer->on_demand))
		return -EAGAIN;
	demand = ama_demand_of(scope->client, scope->op, call);
	ama_pool_return(scope->pool, &scope->granted);
	scope->granted = (struct ama_demand){ };
	scope->whole = false;
	scope->cut = false;
	scope->peeking = false;
	if (scope->pool == &ama_progress_pool)
		err = ama_pool_grant(scope->pool, &demand, NULL, false);
	else if (scope->entry)
		err = grant_entry(scope, &demand, admission);
	else
		err = ama_pool_grant(scope->pool, &demand, admission, true);
	if (err)
		return err;
	scope->granted = demand;
	scope->bytes = call->bytes;
	scope->whole = !call->arg;
	return 0;
}
EXPORT_SYMBOL_GPL(ama_scope_renew);

/**
 * ama_scope_peek_failed - not all that is to be read was cached
 *
 * Context: after AMA_PEEK. The caller returns what it has copied, or -EAGAIN.
 */
void ama_scope_peek_failed(void)
{
	struct ama_scope *scope = ama_current_scope();

	if (WARN_ON_ONCE(!scope || !scope->root->peeking))
		return;
	scope->root->cut = true;
	ama_guard_count(AMA_PEEKED_AGAIN);
}
EXPORT_SYMBOL_GPL(ama_scope_peek_failed);

/**
 * ama_scope_left - how much of the current task's grant is left
 *
 * Context: any; a task in no scope has no limit.
 * Return: pages of order 0, UINT_MAX outside scopes and in one on demand.
 */
unsigned int ama_scope_left(void)
{
	struct ama_scope *scope = ama_current_scope();

	return scope && !scope->on_demand ? scope->root->granted.pages[0] : UINT_MAX;
}
EXPORT_SYMBOL_GPL(ama_scope_left);

static void report_underrun(struct ama_scope *scope, unsigned int order)
{
	const char *op = scope->client->ops[scope->op].name;

	atomic_long_inc(&ama_underruns);
	ama_client_count_underrun(scope);
	trace_ama_underrun(scope->client->name, op, order);
	WARN_ONCE(1, AMA_LOG "%s/%s needs more than it was granted: order %u, bound %u pages, had %u from the reserve\n",
		  scope->client->name, op, order, scope->bound,
		  scope->substituted);
}

static void prepare_page(struct page *page, unsigned int order, gfp_t gfp)
{
	unsigned int i;

	if (want_init_on_alloc(gfp))
		for (i = 0; i < 1U << order; i++)
			clear_highpage(page + i);
	compat_hand_out_page(page);
}

/**
 * ama_scope_substitute - serve an allocation that the ordinary allocator failed
 * @scope: innermost scope of the current task
 * @gfp:   flags of the allocation
 * @order: of the pages
 *
 * Context: not in interrupts; sleeps only in a scope on demand, and only if the
 * allocation may.
 * Return: the page, or NULL if the grant is used up and nothing is left that
 * nobody else was promised, which is reported as an underrun; or if a scope on
 * demand was not granted the page.
 */
struct page *ama_scope_substitute(struct ama_scope *scope, gfp_t gfp,
				  unsigned int order)
{
	enum ama_kind kind = gfp & __GFP_COMP ? AMA_COMPOUND : AMA_PLAIN;
	struct ama_scope *root = scope->root;
	struct page *page = NULL;

	if (unlikely(root->on_demand) && !grant_on_demand(root, gfp, order))
		return NULL;
	if (root->granted.pages[order]) {
		page = ama_pool_take(root->pool, order, kind);
		if (page)
			root->granted.pages[order]--;
		root->whole = false;
	}
	if (!page) {
		/* What another file system takes nobody has bounded. */
		if (scope->guess)
			ama_guard_count(AMA_STRAYS);
		else
			report_underrun(scope, order);
		page = ama_pool_take_unpromised(root->pool, order, kind);
		if (!page)
			return NULL;
	}
	scope->substituted += 1U << order;
	scope->allocated += 1U << order;
	prepare_page(page, order, gfp);
	trace_ama_substitute(scope->client->name,
			     scope->client->ops[scope->op].name, order, gfp);
	return page;
}
