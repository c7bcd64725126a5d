// SPDX-License-Identifier: GPL-2.0
/*
 * syscall_storm: the workload under which allocations are made to fail.
 *
 * usage: syscall_storm [-w WORKERS] [-n OPS] [-s SEED] [-m FILE] [-t LIST]
 *                      [-r ROOT] [-o OUT] [-g GROUP] [-H FILE] [-R FILE]
 *                      [-W FILE] [-T SECONDS] [-x OPERATION] DIRECTORY
 *
 *   -w  worker processes (default 4)
 *   -n  operations of each worker, several calls each (default 200)
 *   -s  seed of the random choices
 *   -m  file to write "1" to, which exposes a worker to injected failures:
 *       /sys/kernel/debug/surety_fault/make-it-fail or /proc/self/make-it-fail
 *   -t  list of files to read and compare, lines of cksum(1)
 *   -r  where the paths of that list begin (default: DIRECTORY's parent)
 *   -o  write what the workers' files must contain to OUT, as cksum(1) does
 *   -g  cgroup that workers enter when they are set up, so that it is charged
 *       with what the kernel allocates for them, not with their own memory
 *   -H  file to write "Y" to when all are ready, and "N" when all are done:
 *       what takes the memory away and gives it back
 *   -R  make this file when all are ready
 *   -W  wait until this file exists before beginning
 *   -x  leave an operation out; may be given several times
 *   -T  time limit in seconds; workers that are not done then are killed
 *
 * Workers are forked, have all their memory locked and have opened their pipes
 * before they are exposed, so that only what the kernel allocates for their
 * calls is at risk. They expose themselves when all are ready, and are safe
 * again before they report.
 *
 * Prints one line of JSON. Exit status: 0 all calls succeeded and all data
 * compared equal; 1 not so; 2 the storm could not be set up.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "storm.h"

struct options {
	unsigned int workers;
	unsigned long ops;
	uint64_t seed;
	const char *mark, *list, *root, *out, *group, *hog, *ready, *wait;
	const char *directory;
	unsigned int limit;
};

/* Shared by all processes. */
struct shared {
	unsigned int ready, starved, done;
	struct report report[MAX_WORKERS];
};

static struct shared *shared;

/* Operations and how often each is drawn. */
static struct {
	const char *name;
	void (*op)(void);
	unsigned int weight;
} ops[] = {
#define OP(name, weight) { #name, op_##name, weight }
	OP(create, 12), OP(read, 12), OP(overwrite, 10), OP(append, 6),
	OP(truncate, 5), OP(mmap, 5), OP(direct, 3), OP(copy, 5), OP(sync, 3),
	OP(fallocate, 2), OP(tree, 10), OP(stat, 6), OP(attr, 4), OP(rename, 6),
	OP(link, 4), OP(symlink, 4), OP(mkdir, 5), OP(mknod, 3), OP(readdir, 3),
	OP(unlink, 10), OP(xattr, 3), OP(tmpfile, 2), OP(statfs, 2), OP(lock, 3),
#undef OP
};

#define OPS	(sizeof(ops) / sizeof(ops[0]))

static void fail(const char *what)
{
	fprintf(stderr, "syscall_storm: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void *locked(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		fail("memory");
	return memory;
}

/* The list is read once, before the fork; its text stays where it is. */
static unsigned int read_list(const char *name, struct tree_file **files)
{
	FILE *list = fopen(name, "r");
	unsigned int nr = 0, room = 0;
	char *line = NULL;
	size_t size = 0;

	if (!list)
		fail(name);
	while (getline(&line, &size, list) > 0) {
		struct tree_file *file;
		int path = 0;

		if (nr == room) {
			room = room ? 2 * room : 1024;
			*files = realloc(*files, room * sizeof(**files));
			if (!*files)
				fail("memory");
		}
		file = &(*files)[nr];
		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%u %zu %n", &file->sum, &file->size,
			   &path) < 2 || !path)
			continue;
		file->path = strdup(line + path);
		nr++;
	}
	free(line);
	fclose(list);
	return nr;
}

/* Opened while nothing can fail, and written to when everything may. */
static int mark_fd = -1;

static void expose(const char *value)
{
	if (mark_fd != -1 && write(mark_fd, value, 1) != 1)
		fail("marking");
}

/* Likewise; all may ask, it is done once. */
static int hog_fd = -1;

static void turn_hog(const char *value)
{
	if (hog_fd != -1 && write(hog_fd, value, 1) != 1)
		fail("turning the hog");
}

/* Wait until all workers that are left have come here. */
static void meet(unsigned int *count, unsigned int workers)
{
	struct timespec moment = { .tv_nsec = 1000000 };

	__atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(count, __ATOMIC_SEQ_CST) < workers)
		nanosleep(&moment, NULL);
}

static void storm(unsigned long count)
{
	unsigned int i, total = 0;

	for (i = 0; i < OPS; i++)
		total += ops[i].weight;
	for (; me->report->ops < count; me->report->ops++) {
		unsigned int ticket = draw(total);

		for (i = 0; ticket >= ops[i].weight; i++)
			ticket -= ops[i].weight;
		ops[i].op();
	}
}

/* All the worker's files, read back when nothing is injected any more. */
static void check_all(void)
{
	unsigned int i;

	for (i = 0; i < FILES; i++) {
		struct file *file = &me->file[i];
		long got;
		int fd;

		if (file->state != KNOWN)
			continue;
		fd = open(file->name, O_RDONLY | O_CLOEXEC);
		if (fd == -1) {
			mismatch("%s cannot be opened afterwards: %s",
				 file->name, strerror(errno));
			continue;
		}
		got = read(fd, me->buffer, FILE_MAX);
		if (got != (long)file->size)
			mismatch("%s: %ld bytes afterwards, must be %zu",
				 file->name, got, file->size);
		else
			check_content(file, me->buffer, 0, got, "last read");
		close(fd);
	}
}

static void write_expected(const char *name)
{
	int out = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	unsigned int i;

	if (out == -1)
		fail(name);
	for (i = 0; i < FILES; i++) {
		struct file *file = &me->file[i];
		uint32_t sum = sum_add(sum_start(), file->data, file->size);

		if (file->state == KNOWN)
			dprintf(out, "%u %zu %s\n", sum_end(sum, file->size),
				file->size, file->name);
	}
	close(out);
}

static void prepare(struct worker *worker, const struct options *options)
{
	unsigned int i;

	me = worker;
	worker->report = &shared->report[worker->id];
	worker->random = options->seed * 1000003 + worker->id;
	worker->buffer = locked(FILE_MAX);
	worker->direct = locked(CHUNK_MAX);
	for (i = 0; i < FILES; i++)
		worker->file[i].data = locked(FILE_MAX);
	if (pipe2(worker->pipe, O_CLOEXEC | O_NONBLOCK))
		fail("pipe");
	if (options->mark) {
		mark_fd = open(options->mark, O_WRONLY | O_CLOEXEC);
		if (mark_fd == -1)
			fail(options->mark);
	}
	if (options->hog) {
		hog_fd = open(options->hog, O_WRONLY | O_CLOEXEC);
		if (hog_fd == -1)
			fail(options->hog);
	}
	if (chdir(options->directory))
		fail(options->directory);
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		fail("mlockall");
	sum_add(0, worker->buffer, 1);	/* makes its table */
}

/* Writing 0 moves the writer; what it owns already stays where it is. */
static void enter_group(const char *group)
{
	char path[PATH_MAX];
	int fd;

	if (!group)
		return;
	snprintf(path, sizeof(path), "%s/cgroup.procs", group);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd == -1 || write(fd, "0", 1) != 1)
		fail(path);
	close(fd);
}

static void await(const char *file)
{
	struct timespec moment = { .tv_nsec = 50000000 };

	while (file && access(file, F_OK))
		nanosleep(&moment, NULL);
}

static void work(struct worker *worker, const struct options *options)
{
	prepare(worker, options);
	enter_group(options->group);
	meet(&shared->ready, options->workers);
	if (options->ready && !worker->id)
		close(open(options->ready, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	await(options->wait);
	if (hog_fd != -1) {
		turn_hog("Y");
		meet(&shared->starved, options->workers);
	}
	expose("1");
	storm(options->ops);
	/* A group is marked as a whole: none may end the exposure of others. */
	meet(&shared->done, options->workers);
	expose("0");
	turn_hog("N");
	check_all();
	if (options->out)
		write_expected(options->out);
	worker->report->finished = true;
	_exit(0);
}

/* The workers share a process group of their own, led by the first of them. */
static pid_t start(struct worker *worker, const struct options *options,
		   pid_t group)
{
	pid_t pid = fork();

	if (pid == -1)
		fail("fork");
	if (!pid) {
		setpgid(0, group);
		work(worker, options);
	}
	setpgid(pid, group);
	return pid;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/*
 * Wait for all; a worker that dies is no longer waited for by the others. At
 * the time limit the rest is killed, and who does not even die is stuck.
 */
static void reap(pid_t *pid, const struct options *options,
		 unsigned int *killed, unsigned int *stuck)
{
	struct timespec moment = { .tv_nsec = 10000000 };
	double end = now() + options->limit;
	unsigned int i, left = options->workers;
	bool late = false;

	while (left) {
		for (i = 0; i < options->workers; i++) {
			int status;

			if (!pid[i] || waitpid(pid[i], &status, WNOHANG) <= 0)
				continue;
			pid[i] = 0;
			left--;
			if (shared->report[i].finished)
				continue;
			__atomic_add_fetch(&shared->done, 1, __ATOMIC_SEQ_CST);
			if (!late)
				(*killed)++;
		}
		if (left && now() > end) {
			if (late)
				break;
			*stuck = left;
			late = true;
			end = now() + 3;
			for (i = 0; i < options->workers; i++)
				if (pid[i])
					kill(pid[i], SIGKILL);
		}
		nanosleep(&moment, NULL);
	}
}

/* Never draw the operation of this name; to find which one does harm. */
static void leave_out(const char *name)
{
	unsigned int i;

	for (i = 0; i < OPS; i++) {
		if (!strcmp(ops[i].name, name)) {
			ops[i].weight = 0;
			return;
		}
	}
	fprintf(stderr, "syscall_storm: no operation '%s'\n", name);
	exit(2);
}

static void parse(int argc, char **argv, struct options *options)
{
	int option;

	while ((option = getopt(argc, argv, "w:n:s:m:t:r:o:T:x:g:H:R:W:")) != -1) {
		switch (option) {
		case 'w': options->workers = strtoul(optarg, NULL, 0); break;
		case 'n': options->ops = strtoul(optarg, NULL, 0); break;
		case 's': options->seed = strtoull(optarg, NULL, 0); break;
		case 'm': options->mark = optarg; break;
		case 't': options->list = optarg; break;
		case 'r': options->root = optarg; break;
		case 'o': options->out = optarg; break;
		case 'g': options->group = optarg; break;
		case 'H': options->hog = optarg; break;
		case 'R': options->ready = optarg; break;
		case 'W': options->wait = optarg; break;
		case 'x': leave_out(optarg); break;
		case 'T': options->limit = strtoul(optarg, NULL, 0); break;
		default: exit(2);
		}
	}
	if (optind + 1 != argc || !options->workers ||
	    options->workers > MAX_WORKERS) {
		fprintf(stderr, "usage: syscall_storm [-w 1..%u] [-n OPS] [-s SEED] [-m FILE] [-t LIST] [-r ROOT] [-o OUT] [-T SECONDS] [-H FILE] [-R FILE] [-W FILE] [-x OPERATION] DIRECTORY\n",
			MAX_WORKERS);
		exit(2);
	}
	options->directory = argv[optind];
}

int main(int argc, char **argv)
{
	struct options options = { .workers = 4, .ops = 200, .seed = 1,
				   .limit = 60 };
	static struct worker worker[MAX_WORKERS];
	unsigned int i, killed = 0, stuck = 0, clean = 1;
	static char root[PATH_MAX], out[PATH_MAX];
	struct tree_file *tree = NULL;
	pid_t pid[MAX_WORKERS];

	parse(argc, argv, &options);
	if (!options.root) {
		snprintf(root, sizeof(root), "%s/..", options.directory);
		options.root = root;
	}
	options.root = realpath(options.root, NULL);
	if (!options.root)
		fail("root of the tree");
	if (options.out) {
		/* Workers change directory. */
		if (*options.out != '/')
			snprintf(out, sizeof(out), "%s/%s", getcwd(NULL, 0),
				 options.out);
		options.out = *options.out == '/' ? options.out : out;
	}
	worker[0].tree_files = options.list ? read_list(options.list, &tree) : 0;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (shared == MAP_FAILED)
		fail("memory");

	for (i = 0; i < options.workers; i++) {
		worker[i].id = i;
		worker[i].workers = options.workers;
		worker[i].tree = tree;
		worker[i].tree_files = worker[0].tree_files;
		worker[i].tree_root = options.root;
		pid[i] = start(&worker[i], &options, i ? pid[0] : 0);
	}
	reap(pid, &options, &killed, &stuck);
	print_summary(shared->report, options.workers, options.seed, killed,
		      stuck);
	for (i = 0; i < options.workers; i++)
		clean &= shared->report[i].finished &&
			 !shared->report[i].errors &&
			 !shared->report[i].mismatches;
	return !clean;
}
