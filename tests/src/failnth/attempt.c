// SPDX-License-Identifier: GPL-2.0
/*
 * A call with one failure: prepared, made, looked at and undone; and the rounds of
 * these.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "failnth.h"

#define MANY		5000	/* failures that no call comes to */
#define NO_FAILURE	0
#define NOTHING_HELD	(-1)
#define MOST_HELD	4096	/* pages; a reserve that leaves them refuses nobody */

struct totals totals;
unsigned int limit = 1000, every = 1;
bool may_refuse, must_finish;

static int drop_fd = -1;
static const char *spared[256];	/* calls that met no failure, or refusal */
static unsigned int nr_spared;

/**
 * struct attempt - one call
 * @nth:      the allocation that fails, or NO_FAILURE
 * @failures: it, and as many after it
 * @leave:    pages of the reserve that are not held, or NOTHING_HELD
 * @got:      what the call returned
 * @error:    its errno
 * @hit:      a failure was injected
 * @retried:  the call came to all @failures
 * @done:     it had its effect
 * @same:     the devices hold what they held before
 */
struct attempt {
	unsigned int nth, failures;
	int leave;
	long got;
	int error;
	bool hit, retried, done, same;
};

void drop_caches_each_time(void)
{
	drop_fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
	must(drop_fd != -1, "drop_caches");
}

/* What is dirty is not dropped, nor what was just used, unless it is asked for twice. */
static void drop_caches(const struct kase *kase)
{
	unsigned int times = 2;

	if (!(kase->flags & DIRTY))
		image_forget();
	while (times--)
		must(write(drop_fd, "3", 1) == 1, "drop_caches");
}

static void settle(const struct kase *kase)
{
	if ((drop_fd != -1 || may_refuse) && !(kase->flags & DIRTY))
		sync();
	if (may_refuse)
		image_remember();
	if (drop_fd != -1)
		drop_caches(kase);
}

/* If it was refused, nothing may have come of it, on the device either. */
static bool image_untouched(const struct kase *kase)
{
	if (!(kase->flags & DIRTY))
		sync();
	return image_same();
}

static void make(const struct kase *kase, struct attempt *attempt)
{
	unsigned int left;

	new_pattern();
	if (kase->prepare)
		kase->prepare();
	settle(kase);
	if (attempt->leave != NOTHING_HELD)
		hold(attempt->leave);
	errno = 0;
	arm(attempt->nth, attempt->failures);
	attempt->got = kase->call();
	attempt->error = errno;
	attempt->hit = injected(&left) && attempt->nth;
	arm(0, 0);
	attempt->retried = attempt->hit && attempt->failures > 1 && !left;
	if (attempt->leave != NOTHING_HELD)
		hold(NOTHING_HELD);
	attempt->same = true;
	if (may_refuse && attempt->got < 0)
		attempt->same = image_untouched(kase);
	attempt->done = !kase->done || kase->done();
	kase->undo();
}

static bool is_good(const struct kase *kase, const struct attempt *attempt)
{
	bool effect = attempt->done && kase->done && !(kase->flags & HARMLESS);

	if (attempt->retried)
		return false;
	if (attempt->got >= 0)
		return attempt->done;
	return may_refuse && attempt->error == ENOMEM && !effect && attempt->same;
}

static void explain(const struct kase *kase, const struct attempt *attempt)
{
	printf("# %s, allocation %u%s%s, reserve %d: returned %ld (%s), effect %s%s%s\n",
	       kase->name, attempt->nth, attempt->hit ? " failed" : "",
	       attempt->failures > 1 ? " and all after it" : "", attempt->leave,
	       attempt->got, attempt->got < 0 ? strerror(attempt->error) : "success",
	       attempt->done ? "there" : "missing",
	       attempt->same ? "" : ", the device changed",
	       attempt->retried ? ", retried until nothing failed" : "");
}

static void count(const struct kase *kase, struct totals *sum,
		  const struct attempt *attempt)
{
	if (!is_good(kase, attempt) && sum->bad++ < 3)
		explain(kase, attempt);
	sum->calls++;
	sum->injected += attempt->hit;
	sum->failed += attempt->got < 0;
	sum->refused += attempt->got < 0 && attempt->error == ENOMEM && !attempt->hit;
}

/* Returns whether something failed, or was refused. */
static bool attempt(const struct kase *kase, struct totals *sum, unsigned int nth,
		    unsigned int failures, int leave)
{
	struct attempt this = { .nth = nth, .failures = failures, .leave = leave };

	make(kase, &this);
	count(kase, sum, &this);
	return this.hit || this.got < 0;
}

/* Each allocation in turn, with that much of the reserve left. */
static void each_allocation(const struct kase *kase, struct totals *sum, int leave)
{
	unsigned int n;

	if (!limit)
		return;
	for (n = 1; n <= limit; n++)
		if (!attempt(kase, sum, n, 1, leave))
			break;
	sum->unfinished += n > limit;
	/* What is tried again until it succeeds does not survive that. */
	if (n > 1 && can_repeat())
		attempt(kase, sum, 1, MANY, leave);
}

/*
 * The reserve leaves more each time, until the call is admitted: what is refused is
 * the call as a whole at first, then what it asks for on its way.
 */
static void each_reserve(const struct kase *kase, struct totals *sum)
{
	int leave;

	for (leave = 0; leave < MOST_HELD; leave = leave ? leave * 4 : 4)
		if (!attempt(kase, sum, NO_FAILURE, 0, leave))
			break;
	if (leave < MOST_HELD)
		each_allocation(kase, sum, leave);
	else
		sum->bad++;
}

/* Not every file system has everything, nor every kernel; ext2mfr has it all. */
static bool is_lacking(const struct attempt *attempt)
{
	if (attempt->got >= 0)
		return false;
	if (attempt->error == ENOSYS)
		return true;
	return mount_type && strcmp(mount_type, "ext2mfr") &&
	       (attempt->error == EOPNOTSUPP || attempt->error == ENOTTY ||
		attempt->error == EINVAL);
}

/* Once unharmed: what is set up at first use is not what is tested. */
static bool is_offered(const struct kase *kase, struct totals *sum)
{
	struct attempt this = { .leave = NOTHING_HELD };

	make(kase, &this);
	if (is_lacking(&this))
		return false;
	count(kase, sum, &this);
	return true;
}

static void add_up(const struct totals *sum)
{
	totals.cases++;
	totals.calls += sum->calls;
	totals.injected += sum->injected;
	totals.failed += sum->failed;
	totals.refused += sum->refused;
	totals.bad += sum->bad;
	totals.unfinished += sum->unfinished;
}

static void run(const struct kase *kase, bool held)
{
	struct totals sum = { };

	if (!is_offered(kase, &sum)) {
		printf("%-28s not offered\n", kase->name);
		return;
	}
	if (held)
		each_reserve(kase, &sum);
	else
		each_allocation(kase, &sum, NOTHING_HELD);
	if (must_finish)
		sum.bad += sum.unfinished;
	printf("%-28s %6lu %9lu %7lu %8lu%s%s\n", kase->name, sum.calls, sum.injected,
	       sum.failed, sum.refused, sum.bad ? "  BAD" : "",
	       sum.unfinished ? "  (more left)" : "");
	fflush(stdout);
	if (!(held ? sum.refused : sum.injected) && nr_spared < sizeof(spared) / sizeof(spared[0]))
		spared[nr_spared++] = kase->name;
	add_up(&sum);
}

/* All calls of a table. */
void attempt_all(const struct kase *kase, bool held)
{
	static unsigned int nr;

	for (; kase->name; kase++)
		if (!(nr++ % every) && (mount_device || !(kase->flags & MOUNTS)) &&
		    !(held && kase->flags & RETRIED))
			run(kase, held);
}

/* Which calls nothing was done to: they show nothing. */
void print_spared(bool held)
{
	unsigned int i;

	printf("# %s (%u):", held ? "never refused" : "met no failure", nr_spared);
	for (i = 0; i < nr_spared; i++)
		printf("%s %s", i ? "," : "", spared[i]);
	printf("\n");
}
