// SPDX-License-Identifier: GPL-2.0
/*
 * failnth: every file system call with each of its allocations failing in turn.
 *
 * usage: failnth [OPTION]... -i DEVICE FILE DIRECTORY
 *
 *   FILE  where N is written: /sys/kernel/debug/surety_fault/page/fail-nth (or
 *         slab), or "self" for /proc/self/task/TID/fail-nth
 *   -n    no more than LIMIT allocations of a call (default 1000); 0: only what the
 *         reserve refuses
 *   -s    only every so manieth of the calls
 *   -a    it is wrong if a call has more of them
 *   -c    sync and drop the caches before each call
 *   -i    the device that DIRECTORY is on
 *   -e    a call may fail with ENOMEM, if it then had no effect, and the devices
 *         hold what they held (mfr=fail)
 *   -r    the reserve is held by this file (parameter "leave" of ama_hold): none of
 *         it is left to the call at first, then 4, 16 ... pages until it is admitted
 *   -d    a device for the mount calls, with -t TYPE and -o OPTIONS; without it they
 *         are left out
 *
 * For N = 1, 2, ... a call is prepared, made with its Nth allocation failing,
 * its effect looked at and undone, until nothing is left to inject. Then all of its
 * allocations fail. A call is good if it succeeded each time, and then had its effect.
 *
 * Prints a line for each call: name, times called, failures injected, calls that
 * failed, those that were refused with nothing injected; then which calls met no
 * failure (with -r: no refusal), and a total. Exit status: 0 all good, 1 not so, 2 could not be run.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "failnth.h"

const char *mount_device, *mount_type, *mount_options;

static const struct kase * const tables[] = {
	name_cases, attr_cases, xattr_cases, data_cases, sync_cases, memory_cases,
	other_cases, volume_cases,
};

static bool held;

/*
 * So that only what the kernel allocates for a call is counted. What is mapped
 * later is not locked: faulting it in is one of the cases.
 */
static void lock_memory(void)
{
	volatile char stack[64 * 1024];
	unsigned int i;

	for (i = 0; i < sizeof(stack); i += 4096)
		stack[i] = 0;
	must(!mlockall(MCL_CURRENT), "mlockall");
}

static bool parse(int argc, char **argv)
{
	bool imaged = false;
	int option;

	while ((option = getopt(argc, argv, "n:s:acer:i:d:t:o:")) != -1) {
		switch (option) {
		case 'n': limit = strtoul(optarg, NULL, 0); break;
		case 's': every = strtoul(optarg, NULL, 0); break;
		case 'a': must_finish = true; break;
		case 'c': drop_caches_each_time(); break;
		case 'e': may_refuse = true; break;
		case 'r': held = inject_open_hold(optarg); must(held, optarg); break;
		case 'i': image_add(optarg); imaged = true; break;
		case 'd': mount_device = optarg; break;
		case 't': mount_type = optarg; break;
		case 'o': mount_options = optarg; break;
		default: return false;
		}
	}
	return imaged && every && argc - optind == 2;
}

/* With nothing refused, holding the reserve has shown nothing. */
static bool all_good(void)
{
	return !totals.bad && (!held || totals.refused);
}

int main(int argc, char **argv)
{
	unsigned int i;

	if (!parse(argc, argv)) {
		fprintf(stderr, "usage: failnth [-n LIMIT] [-s STEP] [-ace] [-r FILE] -i DEVICE [-d DEVICE -t TYPE -o OPTIONS] FILE DIRECTORY\n");
		return 2;
	}
	inject_open(argv[optind]);
	must(!chdir(argv[optind + 1]), argv[optind + 1]);
	if (mount_device)
		image_add(mount_device);
	clean();
	printf("%-28s %6s %9s %7s %8s\n", "call", "calls", "injected", "failed", "refused");
	lock_memory();
	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		attempt_all(tables[i], held);
	print_spared(held);
	printf("total: %lu cases, %lu calls, %lu failures injected, %lu calls failed, %lu of them refused, %lu wrong, %lu unfinished\n",
	       totals.cases, totals.calls, totals.injected, totals.failed, totals.refused,
	       totals.bad, totals.unfinished);
	return all_good() ? 0 : 1;
}
