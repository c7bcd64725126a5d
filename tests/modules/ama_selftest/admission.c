// SPDX-License-Identifier: GPL-2.0
/*
 * Who is admitted, who waits, who is turned away.
 */
#include <linux/jiffies.h>

#include "selftest.h"

static const struct ama_call no_call;

static const struct ama_admission wait_a_little = {
	.policy = AMA_WAIT, .timeout_ms = 50,
};

static int open_half(struct ama_scope *scope, const struct ama_admission *admission)
{
	return ama_scope_open(scope, &selftest_client, OP_HALF, &no_call, admission);
}

static void beyond_reach(unsigned int order, const char *what)
{
	const struct ama_call beyond = { .arg = &order };
	struct ama_scope scope;
	int err = ama_scope_open(&scope, &selftest_client, OP_HUGE, &beyond, NULL);

	selftest_report(err == -ENOMEM, what);
	if (!err)
		ama_scope_close(&scope);
}

static void nesting(void)
{
	struct ama_scope outer, inner;
	unsigned int granted;

	if (ama_scope_open(&outer, &selftest_client, OP_SMALL, &no_call, NULL)) {
		selftest_report(false, "a scope opens");
		return;
	}
	selftest_report(!ama_scope_open(&inner, &selftest_client, OP_SMALL, &no_call,
					&selftest_at_once),
			"a scope opens inside a scope");
	granted = ama_scope_left();
	selftest_report(granted == 16, "the inner scope draws on the outer one's grant");
	ama_scope_close(&inner);
	selftest_report(!ama_scope_open(&inner, &selftest_client, OP_HALF, &no_call,
					&selftest_at_once) &&
			ama_scope_left() == selftest_half,
			"the grant grows to what the inner scope can need");
	ama_scope_close(&inner);
	selftest_report(!ama_scope_open(&inner, &selftest_client, OP_PROGRESS, &no_call,
					&selftest_at_once) &&
			ama_scope_left() == 16,
			"progress inside a scope has a grant of its own");
	ama_scope_close(&inner);
	selftest_report(ama_scope_left() == selftest_half,
			"closing it brings the outer grant back");
	ama_scope_close(&outer);
	selftest_report(ama_scope_left() == UINT_MAX, "outside of scopes nothing is counted");
}

/* One that asks for pages when they are needed has nothing that could be shared. */
static void inside_on_demand(void)
{
	struct ama_scope outer, inner;

	ama_scope_open_on_demand(&outer, &selftest_client, OP_SMALL, &no_call, NULL);
	selftest_report(!ama_scope_covers(&selftest_client, OP_SMALL, NULL, 0, 0),
			"a scope on demand covers nothing");
	selftest_report(!ama_scope_open(&inner, &selftest_client, OP_SMALL, &no_call,
					&selftest_at_once) && ama_scope_left() == 16,
			"a scope inside it has a grant of its own");
	ama_scope_close(&inner);
	ama_scope_close(&outer);
}

static void exhaustion(void)
{
	unsigned int nr = selftest_exhaust();
	unsigned long start;
	struct ama_scope scope;

	selftest_report(nr >= 2 && nr < SELFTEST_HOLDERS, "the reserve can be held in full");
	selftest_report(open_half(&scope, &selftest_at_once) == -ENOMEM,
			"with policy fail a request is refused at once");
	start = jiffies;
	selftest_report(open_half(&scope, &wait_a_little) == -ENOMEM &&
			time_after_eq(jiffies, start + msecs_to_jiffies(40)),
			"with a time limit a request waits, then is refused");
	selftest_report(!ama_scope_open(&scope, &selftest_client, OP_PROGRESS, &no_call, NULL),
			"progress is admitted while the ordinary reserve is held in full");
	ama_scope_close(&scope);
	selftest_release();
	selftest_report(!open_half(&scope, &selftest_at_once),
			"what was released can be granted again");
	ama_scope_close(&scope);
}

static void pieces(void)
{
	const struct ama_call piece = { .bytes = 8 * PAGE_SIZE };
	const struct ama_call large = { .bytes = (8 + selftest_half) * PAGE_SIZE };
	struct ama_scope scope;

	if (ama_scope_open(&scope, &selftest_client, OP_BYTES, &piece, NULL))
		return;
	selftest_report(ama_scope_extend(OP_BYTES, &piece) && ama_scope_left() == 8,
			"a grant that was not used covers the next piece");
	selftest_exhaust();
	selftest_report(!ama_scope_extend(OP_BYTES, &large),
			"an extension that the reserve cannot cover is refused");
	selftest_release();
	selftest_report(!ama_scope_renew(&scope, &piece, NULL) && ama_scope_left() == 8,
			"a scope can be renewed between pieces");
	ama_scope_close(&scope);
}

static void entered_with_locks(void)
{
	struct ama_client *fs = selftest_fs_begin();
	struct ama_scope scope;

	if (!fs)
		return;
	selftest_exhaust();
	selftest_report(!ama_scope_open(&scope, fs, OP_SMALL, &no_call, NULL),
			"an entry that may hold locks does not wait for those who want them");
	ama_scope_close(&scope);
	selftest_report(ama_scope_open(&scope, fs, OP_SMALL, &no_call,
				       &selftest_at_once) == -ENOMEM,
			"with policy fail it is refused");
	selftest_release();
	selftest_fs_end(fs);
}

static bool granted_rightly(const struct ama_call *call)
{
	unsigned int bound = selftest_client.ops[OP_FIXED].bound(call).pages[0], left;
	struct ama_scope scope;

	if (ama_scope_open(&scope, &selftest_client, OP_FIXED, call, NULL))
		return false;
	left = ama_scope_left();
	ama_scope_close(&scope);
	return left == bound;
}

/* What is remembered of a call is not taken for another one's. */
static void remembering(void)
{
	static const struct ama_call calls[] = {
		{ }, { .bytes = 1 }, { .bytes = 4096 }, { .bytes = AMA_PIECE },
		{ .bytes = 4096, .volume = 12 }, { .bytes = 4096, .volume = 10 },
		{ .bytes = 4096, .names = 1 }, { .names = 1 }, { .names = 32 },
		/* Each as long as the bits of the next thing that is remembered. */
		{ .bytes = 1UL << 24 }, { .names = 1U << 15 }, { .names = 1U << 16 },
	};
	unsigned int i, nr = ARRAY_SIZE(calls);
	bool right = true;

	/* Each after each, and after itself. */
	for (i = 0; i < nr * nr; i++)
		right &= granted_rightly(&calls[i / nr]) && granted_rightly(&calls[i % nr]) &&
			 granted_rightly(&calls[i % nr]);
	selftest_report(right, "each call is granted its own demand, whatever came before");
}

void selftest_admission(void)
{
	beyond_reach(0, "a demand that can never be met fails at once");
	beyond_reach(2, "so does one of which a higher order can never be met");
	nesting();
	remembering();
	inside_on_demand();
	exhaustion();
	pieces();
	entered_with_locks();
}
