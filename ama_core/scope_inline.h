/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The common way of opening and closing a scope, inlined where each call passes: it
 * is the task's first scope, asks for single pages, and this CPU can promise them.
 */
#ifndef _AMA_SCOPE_INLINE_H
#define _AMA_SCOPE_INLINE_H

#include <linux/percpu.h>

#include "ama_core.h"
#include "trace.h"

/* Outermost scopes, each counted where it happened. */
DECLARE_PER_CPU(unsigned long, ama_scopes_opened);
DECLARE_PER_CPU(unsigned long, ama_scopes_closed);

static inline struct ama_pool *ama_pool_of(const struct ama_client *client,
					   unsigned int op)
{
	return client->ops[op].flags & AMA_OP_PROGRESS ? &ama_progress_pool :
							 &ama_ordinary_pool;
}

static __always_inline void ama_enter_outermost(struct ama_scope *scope)
{
	ama_enter_scope(scope);
	this_cpu_inc(ama_scopes_opened);
}

/* Every member is set: scopes may lie in memory that was not initialised. */
static __always_inline void ama_scope_set_up(struct ama_scope *scope,
					     struct ama_client *client,
					     unsigned int op, struct ama_pool *pool,
					     const struct ama_call *call,
					     unsigned int pages, unsigned int bound,
					     enum ama_manner manner)
{
	scope->outer = NULL;
	scope->root = scope;
	scope->client = client;
	scope->pool = pool;
	scope->sb = call->sb;
	scope->bytes = call->bytes;
	scope->volume = call->volume;
	scope->admission = NULL;
	scope->op = op;
	memset(&scope->granted, 0, sizeof(scope->granted));
	scope->granted.pages[0] = pages;
	scope->bound = bound;
	scope->allocated = 0;
	scope->substituted = 0;
	scope->flags = 0;
	scope->whole = !call->arg;
	if (manner == AMA_FROM_ENTRY)
		scope->entry = !!client->fs_type;
}

/*
 * What a call of an AMA_OP_FIXED can need: pages of order 0, if one of the last on this
 * CPU was for the same volume, as many bytes and names; otherwise -1, as for all
 * other operations.
 */
static __always_inline int ama_pages_remembered(const struct ama_client *client,
						unsigned int op,
						const struct ama_call *call)
{
	const struct ama_op_cpu *mine = raw_cpu_ptr(client->state->cpus) + op;
	u64 known = READ_ONCE(mine->demand[ama_demand_slot(call)]);

	return likely(ama_demand_has_key(call) &&
		      (known ^ ama_demand_key(call)) <= U16_MAX) ? (u16)known : -1;
}

/* The demand, if it is of single pages; otherwise -1. */
static __always_inline int ama_single_pages(const struct ama_client *client,
					    unsigned int op,
					    const struct ama_call *call)
{
	int pages = ama_pages_remembered(client, op, call);
	struct ama_demand demand;

	if (likely(pages >= 0))
		return pages;
	demand = ama_demand_of(client, op, call);
	return ama_only_order_0(demand) ? demand.pages[0] : -1;
}

/**
 * ama_scope_open_common - open a scope, unless that takes more than this
 * @scope:  on the caller's stack
 * @client: that the operation belongs to
 * @op:     index in its table
 * @pool:   that such an operation is granted memory from
 * @call:   what the demand depends on
 * @pages:  that is the demand; -1 if it is not of single pages
 * @manner: any but AMA_ON_DEMAND
 *
 * Context: process context; does not sleep.
 * Return: false if nothing was done.
 */
static __always_inline bool ama_scope_open_common(struct ama_scope *scope,
						  struct ama_client *client,
						  unsigned int op,
						  struct ama_pool *pool,
						  const struct ama_call *call,
						  int pages, enum ama_manner manner)
{
	if (unlikely(ama_task_in_scope() || pages < 0 ||
		     !ama_magazine_grant(pool, pages)))
		return false;
	ama_scope_set_up(scope, client, op, pool, call, pages, pages, manner);
	ama_enter_outermost(scope);
	trace_ama_scope_open(client->name, client->ops[op].name, pages, false, 0);
	return true;
}

/* Give back what is left; the scope owns a grant. */
static __always_inline void ama_scope_return(struct ama_scope *scope)
{
	if (unlikely(!ama_only_order_0(scope->granted) ||
		     !ama_magazine_return(scope->pool, scope->granted.pages[0])))
		ama_pool_return(scope->pool, &scope->granted);
}

static __always_inline bool ama_scope_may_close(const struct ama_scope *scope)
{
	if (WARN_ONCE(*ama_scope_word() != scope,
		      AMA_LOG "a scope of %s/%s is closed out of order\n",
		      scope->client->name, scope->client->ops[scope->op].name))
		return false;

	trace_ama_scope_close(scope->client->name,
			      scope->client->ops[scope->op].name, scope->bound,
			      scope->allocated, scope->substituted);
	ama_client_count(scope);
	return true;
}

static __always_inline void ama_leave_outermost(void)
{
	ama_leave_outermost_scope();
	this_cpu_inc(ama_scopes_closed);
}

/**
 * ama_scope_close_first - ama_scope_close_own() for a scope that is in no other
 * @scope: the task's only scope
 */
static __always_inline void ama_scope_close_first(struct ama_scope *scope)
{
	if (!ama_scope_may_close(scope))
		return;
	ama_leave_outermost();
	ama_scope_return(scope);
}

#endif /* _AMA_SCOPE_INLINE_H */
