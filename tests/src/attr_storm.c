// SPDX-License-Identifier: GPL-2.0
/*
 * Random changes of attributes, access control lists and flags by several
 * processes at once, each on files of its own, all with values from one small
 * set, so that blocks are shared, parted and freed all the time. What every
 * call must say is known beforehand; any other answer is counted and ends the
 * process.
 *
 * usage: attr_storm [-m MARK] [-w WORKERS] [-n CALLS] [-s SEED] DIRECTORY
 *
 *   MARK  file that exposes a process to injected failures
 *
 * DIRECTORY has blocks of 1 KiB at least: all attributes of a file fit into one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define FILES	6
#define ACCESS	"system.posix_acl_access"
#define DEFAULT	"system.posix_acl_default"

static const char *const names[] = {
	"user.a", "user.longer", "user.the longest of all", "trusted.t",
	"security.s",
};

#define NAMES	((int)(sizeof(names) / sizeof(names[0])))

/* Value 0 is none, the sizes of the others. */
static const int sizes[] = { -1, 0, 1, 3, 4, 17, 64, 110 };

#define VALUES	((int)(sizeof(sizes) / sizeof(sizes[0])))

struct file {
	char name[16];
	int value[NAMES];
	int list;		/* of a list's only user, 0: no list */
	int flags;
};

static struct file files[FILES];
static const char *last;	/* the call that was made */
static int last_result, last_errno, expected_errno;

/* What a worker has to say. It cannot print it itself while allocations fail. */
struct report {
	char text[160];
};

/* A list in the form that programs pass. */
struct list {
	uint32_t version;
	struct { uint16_t tag, perm; uint32_t id; } entry[5];
};

static void make_list(struct list *list, int user)
{
	*list = (struct list){ 2, {
		{ 0x01, 6, ~0U }, { 0x02, 6, user }, { 0x04, 4, ~0U },
		{ 0x10, 6, ~0U }, { 0x20, 0, ~0U },
	} };
}

static void make_value(char *to, int value)
{
	memset(to, 'a' + value, sizes[value] > 0 ? sizes[value] : 0);
}

/* Note the call's answer; is it the expected one? */
static int answer(const char *call, int result, int expected, int error)
{
	last = call;
	last_result = result;
	last_errno = result < 0 ? errno : 0;
	expected_errno = error;
	if (error)
		return result < 0 && errno == error;
	return result == expected;
}

static int do_set(struct file *file, int i)
{
	int value = 1 + rand() % (VALUES - 1), flags = 0, error = 0;
	char bytes[128];

	make_value(bytes, value);
	switch (rand() % 4) {
	case 0:
		flags = XATTR_CREATE;
		error = file->value[i] ? EEXIST : 0;
		break;
	case 1:
		flags = XATTR_REPLACE;
		error = file->value[i] ? 0 : ENODATA;
	}
	if (!answer("setxattr", setxattr(file->name, names[i], bytes,
					 sizes[value], flags), 0, error))
		return 0;
	if (!error)
		file->value[i] = value;
	return 1;
}

static int do_remove(struct file *file, int i)
{
	int error = file->value[i] ? 0 : ENODATA;

	file->value[i] = 0;
	return answer("removexattr", removexattr(file->name, names[i]), 0,
		      error);
}

static int do_get(struct file *file, int i)
{
	char bytes[128], good[128];
	int value = file->value[i];

	if (!answer("getxattr",
		    getxattr(file->name, names[i], bytes, sizeof(bytes)),
		    sizes[value], value ? 0 : ENODATA))
		return 0;
	make_value(good, value);
	if (value && memcmp(bytes, good, sizes[value])) {
		last = "getxattr gives another value";
		return 0;
	}
	return 1;
}

static int do_list(struct file *file)
{
	int size = file->list ? sizeof(ACCESS) : 0, i;
	char bytes[512];

	for (i = 0; i < NAMES; i++)
		if (file->value[i])
			size += strlen(names[i]) + 1;
	return answer("listxattr", listxattr(file->name, bytes, sizeof(bytes)),
		      size, 0);
}

static int do_set_list(struct file *file)
{
	struct list list;

	if (rand() % 3 == 0) {
		/* One that is not there may be removed, too. */
		file->list = 0;
		return answer("remove list", removexattr(file->name, ACCESS),
			      0, 0);
	}
	file->list = 1000 + rand() % 3;
	make_list(&list, file->list);
	return answer("set list", setxattr(file->name, ACCESS, &list,
					   sizeof(list), 0), 0, 0);
}

static int do_get_list(struct file *file)
{
	struct list list, good;

	if (!answer("get list", getxattr(file->name, ACCESS, &list,
					 sizeof(list)),
		    sizeof(list), file->list ? 0 : ENODATA))
		return 0;
	make_list(&good, file->list);
	/* The identity of entries without one means nothing. */
	if (file->list && list.entry[1].id != good.entry[1].id) {
		last = "get list gives another one";
		return 0;
	}
	return 1;
}

static int do_flags(struct file *file)
{
	static const int choice[] = { 0, FS_NODUMP_FL, FS_NOATIME_FL };
	int fd = open(file->name, O_RDONLY), flags, ok;

	if (!answer("open", fd < 0 ? -1 : 0, 0, 0))
		return 0;
	ok = answer("get flags", ioctl(fd, FS_IOC_GETFLAGS, &flags), 0, 0);
	if (ok && flags != file->flags) {
		last = "other flags";
		ok = 0;
	}
	file->flags = choice[rand() % 3];
	ok = ok && answer("set flags", ioctl(fd, FS_IOC_SETFLAGS, &file->flags),
			  0, 0);
	close(fd);
	return ok;
}

static int do_handle(struct file *file)
{
	struct {
		struct file_handle head;
		char bytes[MAX_HANDLE_SZ];
	} handle = { .head.handle_bytes = MAX_HANDLE_SZ };
	int mount, root, fd;

	if (!answer("handle", name_to_handle_at(AT_FDCWD, file->name,
						&handle.head, &mount, 0), 0, 0))
		return 0;
	root = open(".", O_RDONLY | O_DIRECTORY);
	if (!answer("open directory", root < 0 ? -1 : 0, 0, 0))
		return 0;
	fd = open_by_handle_at(root, &handle.head, O_RDONLY);
	close(root);
	if (!answer("open by handle", fd < 0 ? -1 : 0, 0, 0))
		return 0;
	close(fd);
	return 1;
}

/* In a directory that gives its list to what is made in it. */
static int do_inherit(void)
{
	struct list list;
	int fd;

	fd = open("heirs/file", O_CREAT | O_EXCL | O_RDWR, 0660);
	if (!answer("create", fd < 0 ? -1 : 0, 0, 0))
		return 0;
	close(fd);
	return answer("get inherited list",
		      getxattr("heirs/file", ACCESS, &list, sizeof(list)),
		      sizeof(list), 0) &&
	       answer("mkdir", mkdir("heirs/dir", 0770), 0, 0) &&
	       answer("get inherited default",
		      getxattr("heirs/dir", DEFAULT, &list, sizeof(list)),
		      sizeof(list), 0) &&
	       answer("chmod", chmod("heirs/file", 0600), 0, 0) &&
	       answer("unlink", unlink("heirs/file"), 0, 0) &&
	       answer("rmdir", rmdir("heirs/dir"), 0, 0);
}

static int do_renew(struct file *file)
{
	char name[sizeof(file->name)];
	int fd;

	memcpy(name, file->name, sizeof(name));
	if (!answer("unlink", unlink(name), 0, 0))
		return 0;
	memset(file, 0, sizeof(*file));
	memcpy(file->name, name, sizeof(name));
	fd = open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
	close(fd);
	return answer("create", fd < 0 ? -1 : 0, 0, 0);
}

static int one_call(void)
{
	struct file *file = &files[rand() % FILES];
	int i = rand() % NAMES;

	errno = 0;
	switch (rand() % 16) {
	case 0: case 1: case 2: case 3: case 4:
		return do_set(file, i);
	case 5: case 6:
		return do_remove(file, i);
	case 7: case 8:
		return do_get(file, i);
	case 9:
		return do_list(file);
	case 10: case 11:
		return do_set_list(file);
	case 12:
		return do_get_list(file);
	case 13:
		return do_flags(file);
	case 14:
		return rand() % 2 ? do_inherit() : do_renew(file);
	default:
		return do_handle(file);
	}
}

static int verify(void)
{
	int f, i;

	for (f = 0; f < FILES; f++) {
		for (i = 0; i < NAMES; i++)
			if (!do_get(&files[f], i))
				return 0;
		if (!do_list(&files[f]) || !do_get_list(&files[f]))
			return 0;
	}
	return 1;
}

static int set_up(const char *directory, int worker, struct report *report)
{
	char name[32];
	struct list list;
	int f, fd;

	snprintf(name, sizeof(name), "worker%d", worker);
	make_list(&list, 1000);
	if (chdir(directory) || mkdir(name, 0700) || chdir(name) ||
	    mkdir("heirs", 0770) ||
	    setxattr("heirs", DEFAULT, &list, sizeof(list), 0)) {
		snprintf(report->text, sizeof(report->text),
			 "worker %d: set up: %s\n", worker, strerror(errno));
		return 0;
	}
	for (f = 0; f < FILES; f++) {
		snprintf(files[f].name, sizeof(files[f].name), "file%d", f);
		fd = open(files[f].name, O_CREAT | O_EXCL | O_RDWR, 0600);
		close(fd);
	}
	return 1;
}

/* Wait until all have come so far: each closes its end when it is ready. */
static void wait_for_others(const int ready[2], const int go[2])
{
	char byte;

	close(ready[0]);
	close(ready[1]);
	close(go[1]);
	while (read(go[0], &byte, 1) > 0)
		;
}

static int work(int worker, long calls, int seed, struct report *report)
{
	int good = 1;
	long done;

	srand(seed * 100 + worker);
	for (done = 0; good && done < calls; done++)
		good = one_call();
	good = good && verify();
	if (!good)
		snprintf(report->text, sizeof(report->text),
			 "worker %d, call %ld: %s gave %d (%s), not %s\n",
			 worker, done, last, last_result, strerror(last_errno),
			 expected_errno ? strerror(expected_errno) : "success");
	return !good;
}

/* Start them; they run once all are set up and failures are on. */
static int start(int workers, const char *directory, long calls, int seed,
		 struct report *reports, int mark)
{
	int ready[2], go[2], worker;
	char byte;

	if (pipe(ready) || pipe(go))
		return 0;
	for (worker = 0; worker < workers; worker++) {
		struct report *report = &reports[worker];
		pid_t pid = fork();

		if (pid < 0)
			return 0;
		if (pid)
			continue;
		if (!set_up(directory, worker, report))
			_exit(2);
		wait_for_others(ready, go);
		_exit(work(worker, calls, seed, report));
	}
	close(ready[1]);
	while (read(ready[0], &byte, 1) > 0)
		;
	if (mark >= 0 && write(mark, "1", 1) != 1)
		return 0;
	close(go[0]);
	close(go[1]);
	return 1;
}

static int finish(int workers, const struct report *reports, int mark)
{
	int status, worker, bad = 0, signal = 0;

	while (wait(&status) > 0) {
		bad |= status;
		if (WIFSIGNALED(status))
			signal = WTERMSIG(status);
	}
	if (mark >= 0 && write(mark, "0", 1) != 1) {
		perror("attr_storm: taking the mark back");
		bad = 1;
	}
	for (worker = 0; worker < workers; worker++)
		fputs(reports[worker].text, stderr);
	if (signal)
		fprintf(stderr, "a worker was ended by signal %d\n", signal);
	return bad;
}

int main(int argc, char **argv)
{
	int workers = 2, seed = 1, option, mark = -1;
	struct report *reports;
	long calls = 1000;

	while ((option = getopt(argc, argv, "m:w:n:s:")) != -1) {
		switch (option) {
		case 'm':
			mark = open(optarg, O_WRONLY | O_CLOEXEC);
			if (mark < 0) {
				perror(optarg);
				return 2;
			}
			break;
		case 'w':
			workers = atoi(optarg);
			break;
		case 'n':
			calls = atol(optarg);
			break;
		case 's':
			seed = atoi(optarg);
			break;
		default:
			return 2;
		}
	}
	if (optind + 1 != argc)
		return 2;
	/* The mark is for a process group: have one without the test's shell. */
	setpgid(0, 0);
	reports = mmap(NULL, workers * sizeof(*reports), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (reports == MAP_FAILED ||
	    !start(workers, argv[optind], calls, seed, reports, mark)) {
		perror("attr_storm");
		return 2;
	}
	return finish(workers, reports, mark) ? 1 : 0;
}
