// SPDX-License-Identifier: GPL-2.0
/*
 * Does the fault injector reach every allocation, and obey its knobs?
 *
 * usage: fault_inject_test DIRECTORY   (a scratch directory on a real file
 * system; surety_fault and surety_nofail are loaded, tracefs and debugfs are mounted)
 *
 * What it counted is compared with what the kernel's own allocation trace
 * points count in the same time. Prints TAP lines.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FAULT	"/sys/kernel/debug/surety_fault/"
#define TRACE	"/sys/kernel/tracing/"
#define NOFAIL	"/sys/kernel/debug/surety_nofail/"
#define NOFAIL_PAIRS 50
#define ATTEMPTS 8
#define SEEDS	6

static const char *const levels[] = { "page", "slab" };
static int failed;

static void __attribute__((format(printf, 2, 3)))
result(bool good, const char *format, ...)
{
	va_list list;

	printf("%s - ", good ? "ok" : "not ok");
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	printf("\n");
	fflush(stdout);
	failed |= !good;
}

static void die(const char *what)
{
	printf("not ok - %s: %s\n", what, strerror(errno));
	exit(1);
}

static int put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC), error = 0;

	if (fd == -1)
		return errno;
	if (write(fd, value, strlen(value)) == -1)
		error = errno;
	close(fd);
	return error;
}

static int set(const char *level, const char *knob, long value)
{
	char path[128], text[24];

	snprintf(path, sizeof(path), FAULT "%s/%s", level, knob);
	snprintf(text, sizeof(text), "%ld", value);
	return put(path, text);
}

/* The same for pages and objects. */
static void set_both(const char *knob, long value)
{
	unsigned int i;

	for (i = 0; i < 2; i++)
		set(levels[i], knob, value);
}

/* A file that is not seekable, as debugfs makes those of simple values. */
static long get(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[32] = "";

	if (fd == -1 || read(fd, text, sizeof(text) - 1) <= 0)
		die(path);
	close(fd);
	return atol(text);
}

static int open_figure(const char *level, const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), FAULT "%s/%s", level, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		die(path);
	return fd;
}

static long figure_of(int fd)
{
	char text[32] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0)
		die("reading a figure");
	return atol(text);
}

static long figure(const char *level, const char *name)
{
	int fd = open_figure(level, name);
	long value = figure_of(fd);

	close(fd);
	return value;
}

/* Everything off, nothing counted. */
static void disarm(void)
{
	set_both("probability", 0);
	set_both("interval", 1);
	set_both("times", -1);
	set_both("space", 0);
	set_both("task-filter", 1);
	set_both("reset", 1);
}

static int mark(int on)
{
	return put(FAULT "make-it-fail", on ? "1" : "0");
}

/* The fixed workload: returns how many of its calls failed. */
static unsigned int workload(unsigned int rounds)
{
	static const char text[8192] = "some text";
	unsigned int i, errors = 0;
	struct stat status;
	char name[32];
	int fd;

	rmdir("dir");	/* a failure may have left it */
	for (i = 0; i < rounds; i++) {
		snprintf(name, sizeof(name), "file.%u", i);
		fd = open(name, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
		errors += fd == -1;
		if (fd != -1) {
			errors += write(fd, text, sizeof(text)) != sizeof(text);
			close(fd);
		}
		errors += stat(name, &status) == -1;
		errors += mkdir("dir", 0700) == -1;
		rmdir("dir");
		unlink(name);
	}
	return errors;
}

/* Run it in a process group of its own, exposed; returns what it returns. */
static unsigned int exposed(unsigned int (*run)(unsigned int), unsigned int arg)
{
	int status;
	pid_t pid = fork();

	if (pid == -1)
		die("fork");
	if (!pid) {
		unsigned int errors;

		/* Its own page faults would never get a page at p=100. */
		setpgid(0, 0);
		if (mlockall(MCL_CURRENT | MCL_FUTURE) || mark(1))
			_exit(255);
		errors = run(arg);
		mark(0);
		_exit(errors > 254 ? 254 : errors);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static unsigned int exposed_workload(unsigned int rounds)
{
	return exposed(workload, rounds);
}

/* The first three allocations of a run fail, then none. */
static void fail_three(const char *level)
{
	disarm();
	set(level, "times", 3);
	set(level, "probability", 100);
	exposed_workload(5);
}

/* Events in the trace buffers of all CPUs. */
static long traced(void)
{
	long total = 0, entries;
	char path[96], line[96];
	unsigned int cpu;
	FILE *stats;

	for (cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); cpu++) {
		snprintf(path, sizeof(path), TRACE "per_cpu/cpu%u/stats", cpu);
		stats = fopen(path, "r");
		if (!stats)
			die(path);
		while (fgets(line, sizeof(line), stats)) {
			if (sscanf(line, "entries: %ld", &entries) == 1)
				total += entries;
			if (sscanf(line, "overrun: %ld", &entries) == 1 &&
			    entries)
				die("trace buffer too small");
		}
		fclose(stats);
	}
	return total;
}

/* The bulk allocator has no trace point, but a probe event does as well. */
static void trace_bulk(void)
{
	if (put(TRACE "kprobe_events", "p:surety/bulk kmem_cache_alloc_bulk") &&
	    put(TRACE "kprobe_events",
		"p:surety/bulk kmem_cache_alloc_bulk_noprof"))
		die("probe event");
}

/*
 * Events of one kind of allocation. A kmalloc() of more than two pages is a
 * page allocation that reports itself as kmalloc as well.
 */
static void trace_level(const char *level, bool on)
{
	bool page = !strcmp(level, "page");

	if (put(TRACE "events/kmem/kmalloc/filter", "bytes_req <= 8192"))
		die("trace filter");
	put(TRACE "events/kmem/mm_page_alloc/enable", on && page ? "1" : "0");
	put(TRACE "events/kmem/kmalloc/enable", on && !page ? "1" : "0");
	put(TRACE "events/kmem/kmem_cache_alloc/enable",
	    on && !page ? "1" : "0");
	put(TRACE "events/surety/bulk/enable", on && !page ? "1" : "0");
}

/*
 * The allocations that the injector saw in a run of the workload, those that
 * the trace points saw, and those that were made to fail. What other tasks do
 * between switching the one and reading the other counts as a difference, so
 * that a run may have to be repeated.
 */
static void compare(const char *level, long percent)
{
	int calls = open_figure(level, "calls");
	int injected = open_figure(level, "injected");
	int tracing = open(TRACE "tracing_on", O_WRONLY | O_CLOEXEC);
	long seen = 0, events = 0, failures = 0;
	unsigned int attempt;
	bool equal = false;

	for (attempt = 1; attempt <= ATTEMPTS && !equal; attempt++) {
		if (attempt > 1)
			printf("# saw %ld, trace points %ld, injected %ld\n",
			       seen, events, failures);
		disarm();
		put(TRACE "trace", "");
		trace_level(level, true);
		set(level, "probability", percent);
		figure_of(calls);	/* allocates its buffer */
		failures = -figure_of(injected);
		seen = -figure_of(calls);
		if (write(tracing, "1", 1) != 1)
			die("tracing_on");
		exposed_workload(20);
		if (write(tracing, "0", 1) != 1)
			die("tracing_on");
		seen += figure_of(calls);
		failures += figure_of(injected);
		set(level, "probability", 0);
		trace_level(level, false);
		events = traced();
		/* should_failslab() fails within the event's reach. */
		equal = seen == events + failures || seen == events;
	}
	result(equal && events > 20 && (!percent || failures),
	       "%s level, p=%ld: saw %ld allocations; trace points %ld, injected %ld (attempt %u)",
	       level, percent, seen, events, failures, attempt - 1);
	close(tracing);
	close(injected);
	close(calls);
}

static void test_filter(const char *level)
{
	disarm();
	set(level, "probability", 100);
	result(!workload(5) && !figure(level, "injected"),
	       "%s: a task that is not marked is spared at p=100", level);
	result(exposed_workload(5) > 0 && figure(level, "injected") > 0,
	       "%s: a marked one is not", level);
}

/* The limits are seven standard deviations away, so chance does not fail this. */
static void test_probability(const char *level)
{
	long eligible = 0, injected;
	unsigned int round;

	disarm();
	set(level, "probability", 30);
	for (round = 0; round < 100 && eligible < 1000; round++) {
		exposed_workload(60);
		eligible = figure(level, "eligible");
	}
	injected = figure(level, "injected");
	result(eligible >= 1000 && injected * 100 > eligible * 20 &&
	       injected * 100 < eligible * 40,
	       "%s: p=30 gives %ld failures of %ld", level, injected, eligible);
}

/* The first allocations, of that many pages or bytes together, are spared. */
static void test_space(const char *level)
{
	long space = strcmp(level, "page") ? 65536 : 8, spared;
	char path[128];

	disarm();
	snprintf(path, sizeof(path), FAULT "%s/space", level);
	set(level, "space", space);
	set(level, "probability", 100);
	exposed_workload(20);
	spared = figure(level, "eligible") - figure(level, "injected");
	result(spared > 0 && spared < space && get(path) > 0 &&
	       get(path) < space && figure(level, "injected") > 0,
	       "%s: space=%ld spares the first %ld allocations, then none",
	       level, space, spared);
}

/* Lines of the kernel's log that tell of a failure of this level. */
static long told(const char *level)
{
	static char log[1 << 20];
	long lines = 0;
	char text[32];
	int length = klogctl(3 /* read all */, log, sizeof(log) - 1);
	char *at = log;

	if (length == -1)
		die("reading the kernel's log");
	log[length] = 0;
	snprintf(text, sizeof(text), "failing %s allocation", level);
	while ((at = strstr(at, text))) {
		lines++;
		at++;
	}
	return lines;
}

static void test_verbose(const char *level)
{
	long before = told(level), silent;

	fail_three(level);
	silent = told(level) - before;
	set(level, "verbose", 1);
	fail_three(level);
	set(level, "verbose", 0);
	result(!silent && told(level) - before == 3,
	       "%s: verbose=1 tells of each failure, verbose=0 of none (%ld and %ld lines)",
	       level, told(level) - before, silent);
}

/* Have the module behind @fd make NOFAIL_PAIRS pages and objects. */
static unsigned int make_pairs(unsigned int fd)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", NOFAIL_PAIRS);

	return write(fd, text, length) != length;
}

/* How many of these fail at p=100? */
static long failures_of(const char *kind)
{
	unsigned int error;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), NOFAIL "%s", kind);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd == -1)
		die(path);
	disarm();
	set_both("probability", 100);
	error = exposed(make_pairs, fd);
	set_both("probability", 0);
	close(fd);
	return error ? -1 : get(path);
}

static void test_nofail(void)
{
	long calls = 0, failures;
	unsigned int i;

	failures = failures_of("may");
	result(failures == 2 * NOFAIL_PAIRS,
	       "at p=100 %ld of %d allocations fail", failures,
	       2 * NOFAIL_PAIRS);
	set_both("ignore-gfp-wait", 1);
	failures = failures_of("may");
	set_both("ignore-gfp-wait", 0);
	result(!failures, "with ignore-gfp-wait none of them, which may sleep (%ld failed)",
	       failures);
	failures = failures_of("must");
	for (i = 0; i < 2; i++)
		calls += figure(levels[i], "calls");
	result(!failures && calls >= 2 * NOFAIL_PAIRS,
	       "and with __GFP_NOFAIL none, though all were seen (%ld failed, %ld seen)",
	       failures, calls);
}

static void test_schedule(const char *level)
{
	long eligible, injected;

	fail_three(level);
	result(figure(level, "injected") == 3, "%s: times=3 gives %ld failures",
	       level, figure(level, "injected"));

	disarm();
	set(level, "interval", 4);
	set(level, "probability", 100);
	exposed_workload(20);
	eligible = figure(level, "eligible");
	injected = figure(level, "injected");
	result(injected == eligible / 4,
	       "%s: interval=4 gives %ld failures of %ld", level, injected,
	       eligible);
	test_probability(level);
}

static void test_seed(void)
{
	static const long seed[SEEDS] = { 4711, 4711, 4712, 4713, 4714, 4715 };
	unsigned int errors[SEEDS], i, others = 0;
	long injected[SEEDS];

	for (i = 0; i < SEEDS; i++) {
		workload(40);	/* leaves the same behind, each time */
		disarm();
		set("slab", "seed", seed[i]);
		set("slab", "probability", 10);
		errors[i] = exposed_workload(40);
		set("slab", "probability", 0);
		injected[i] = figure("slab", "injected");
		if (i > 1)
			others += errors[i] != errors[0] || injected[i] != injected[0];
	}
	result(errors[0] == errors[1] && injected[0] == injected[1],
	       "the same seed gives the same failures (%u and %u errors, %ld and %ld injected)",
	       errors[0], errors[1], injected[0], injected[1]);
	/* One of them may have the same figures by chance. */
	result(others > 1, "other seeds give others (%u errors, %ld injected)",
	       errors[2], injected[2]);
}

/* open() with its Nth allocation failing, until none is left. */
static void test_nth(const char *level)
{
	unsigned int n, injected = 0, refused = 0;
	char path[128], text[16];
	int nth, fd;

	disarm();
	snprintf(path, sizeof(path), FAULT "%s/fail-nth", level);
	nth = open(path, O_RDWR | O_CLOEXEC);
	if (nth == -1)
		die(path);
	for (n = 1; n < 100; n++) {
		int length = snprintf(text, sizeof(text), "%u", n);
		bool hit;

		unlink("nth");
		if (write(nth, text, length) != length)
			die("fail-nth");
		fd = open("nth", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
		hit = read(nth, text, sizeof(text)) > 0 && !atoi(text);
		if (write(nth, "0", 1) != 1)
			die("fail-nth");
		injected += hit;
		refused += fd == -1;
		if (fd != -1)
			close(fd);
		if (!hit)
			break;
	}
	close(nth);
	unlink("nth");
	result(n < 100 && injected == n - 1 && fd != -1 &&
	       figure(level, "injected") == (long)injected,
	       "%s: fail-nth failed each of open()'s %u allocations once; %u of these calls failed",
	       level, injected, refused);
	if (!strcmp(level, "slab"))
		result(refused > 0, "%s: and the caller noticed", level);
}

/* Several in a row: the first one of each open() ends it. */
static void test_nth_repeated(void)
{
	char text[32] = "";
	unsigned int i, refused = 0;
	int nth, fd;

	disarm();
	nth = open(FAULT "slab/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth == -1 || write(nth, "1 3", 3) != 3)
		die("fail-nth");
	for (i = 0; i < 4; i++) {
		fd = open("nth", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
		refused += fd == -1 && errno == ENOMEM;
	}
	result(refused == 3 && fd != -1 &&
	       read(nth, text, sizeof(text) - 1) > 0 && !strcmp(text, "0 0\n") &&
	       figure("slab", "injected") == 3,
	       "slab: of four calls the first three were made to fail (%u)", refused);
	close(fd);
	close(nth);
	unlink("nth");
}

static void test_sites(void)
{
	FILE *sites;
	char line[128], name[96];
	long count, total = 0, injected;

	disarm();
	set("slab", "probability", 50);
	exposed_workload(20);
	set("slab", "probability", 0);
	injected = figure("slab", "injected");
	sites = fopen(FAULT "slab/sites", "r");
	if (!sites)
		die("sites");
	while (fgets(line, sizeof(line), sites))
		if (sscanf(line, "%ld %95s", &count, name) == 2) {
			printf("# %s", line);
			total += count;
		}
	fclose(sites);
	result(total == injected && total > 0,
	       "slab: every failure has a site (%ld of %ld)", total, injected);
}

static void test_refusals(void)
{
	result(set("page", "probability", 101) == EINVAL &&
	       set("slab", "probability", -1) == EINVAL &&
	       put(FAULT "page/fail-nth", "many") == EINVAL &&
	       put(FAULT "page/fail-nth", "1 many") == EINVAL &&
	       put(FAULT "make-it-fail", "2") == EINVAL,
	       "bad values are refused with EINVAL");
}

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc != 2 || chdir(argv[1]))
		die("usage: fault_inject_test DIRECTORY");
	put(TRACE "tracing_on", "0");
	if (put(TRACE "buffer_size_kb", "16384"))
		die("trace buffer");
	trace_bulk();
	workload(20);	/* what is allocated once and kept */
	for (i = 0; i < 2; i++) {
		compare(levels[i], 0);
		compare(levels[i], 30);
	}
	put(TRACE "kprobe_events", "");
	put(TRACE "buffer_size_kb", "4");
	for (i = 0; i < 2; i++) {
		test_filter(levels[i]);
		test_space(levels[i]);
		test_schedule(levels[i]);
		test_verbose(levels[i]);
		test_nth(levels[i]);
	}
	test_nth_repeated();
	test_nofail();
	test_seed();
	test_sites();
	test_refusals();
	disarm();
	return failed;
}
