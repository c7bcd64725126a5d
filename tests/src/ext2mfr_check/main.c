// SPDX-License-Identifier: GPL-2.0
/*
 * ext2mfr_check names|data|limits      fixed tests in the current directory
 * ext2mfr_check longest                make "longest", as long as a file can be
 * ext2mfr_check longest-again          read it
 * ext2mfr_check random-data N [SEED]   N operations on one file against a model
 * ext2mfr_check random-names N [SEED]  N operations on a tree against a model
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "check.h"

static int run_all(const struct test *test)
{
	int failed = 0;

	for (; test->name; test++) {
		if (mkdir("t", 0755) || chdir("t")) {
			perror("t");
			return 1;
		}
		errno = 0;
		if (test->run()) {
			printf("not ok - %s\n", test->name);
			failed = 1;
		} else {
			printf("ok - %s\n", test->name);
		}
		fflush(stdout);
		if (chdir("..") || system("rm -rf t"))
			return 1;
	}
	return failed;
}

static int run_random(int (*run)(unsigned long, unsigned int), char **argv)
{
	unsigned long rounds = strtoul(argv[2], NULL, 0);
	unsigned int seed = argv[3] ? strtoul(argv[3], NULL, 0) : 1;
	int failed = run(rounds, seed);

	printf("%s - %s: %lu operations against a model, seed %u\n",
	       failed ? "not ok" : "ok", argv[1], rounds, seed);
	return !!failed;
}

static int run_one(const char *what, int (*run)(void))
{
	int failed = run();

	printf("%s - %s\n", failed ? "not ok" : "ok", what);
	return !!failed;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "names"))
		return run_all(name_tests);
	if (argc == 2 && !strcmp(argv[1], "data"))
		return run_all(data_tests);
	if (argc == 2 && !strcmp(argv[1], "limits"))
		return run_all(limit_tests);
	if (argc == 2 && !strcmp(argv[1], "longest"))
		return run_one("a file with data at the edges of each level, up to the largest size",
			       make_longest);
	if (argc == 2 && !strcmp(argv[1], "longest-again"))
		return run_one("the longest file is whole", longest_is_whole);
	if (argc >= 3 && !strcmp(argv[1], "random-data"))
		return run_random(random_data, argv);
	if (argc >= 3 && !strcmp(argv[1], "random-names"))
		return run_random(random_names, argv);
	fprintf(stderr, "usage: ext2mfr_check names|data|limits|longest|longest-again|random-data N [SEED]|random-names N [SEED]\n");
	return 2;
}
