// SPDX-License-Identifier: GPL-2.0
/*
 * What the workers saw: errors by call and errno, mismatches, and the summary
 * that a test reads, one line of JSON.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "storm.h"

struct worker *me;

const int unsupported[] = { EOPNOTSUPP, ENOSYS, ENOTTY, EINVAL, EISDIR, ENXIO,
			    EXDEV, 0 };
const int unsupported_direct[] = { EINVAL, EOPNOTSUPP, 0 };

static void count_error(const char *call, int error)
{
	struct report *report = me->report;
	unsigned int i;

	report->errors++;
	for (i = 0; i < report->kinds; i++)
		if (report->error[i].error == error &&
		    !strcmp(report->error[i].call, call))
			break;
	if (i == MAX_ERRORS) {
		report->untold++;
		return;
	}
	if (i == report->kinds) {
		report->kinds++;
		report->error[i].error = error;
		snprintf(report->error[i].call, sizeof(report->error[i].call),
			 "%s", call);
	}
	report->error[i].count++;
}

/* Count a call, and what it returned if that is an error not in @allowed. */
long seen_or(const char *call, long result, const int *allowed)
{
	int error = errno;

	me->report->calls++;
	if (result != -1)
		return result;
	for (; allowed && *allowed; allowed++)
		if (*allowed == error)
			return result;
	count_error(call, error);
	errno = error;
	return result;
}

long seen(const char *call, long result)
{
	return seen_or(call, result, NULL);
}

/* Count a transfer that must move @wanted bytes; did it? */
bool full(const char *call, long result, size_t wanted)
{
	if (seen(call, result) == -1)
		return false;
	if ((size_t)result == wanted)
		return true;
	count_error(call, 0);
	return false;
}

void mismatch(const char *format, ...)
{
	struct report *report = me->report;
	va_list list;

	if (!report->mismatches++) {
		va_start(list, format);
		vsnprintf(report->mismatch, sizeof(report->mismatch), format,
			  list);
		va_end(list);
	}
}

static const char *error_name(int error)
{
	const char *name = error ? strerrorname_np(error) : "short";

	return name ? name : "unknown";
}

/* The errors of all workers, added up by call and errno. */
static void print_errors(const struct report *report, unsigned int workers)
{
	static struct error_count total[MAX_ERRORS * MAX_WORKERS];
	unsigned int w, i, j, kinds = 0;

	for (w = 0; w < workers; w++) {
		for (i = 0; i < report[w].kinds; i++) {
			const struct error_count *one = &report[w].error[i];

			for (j = 0; j < kinds; j++)
				if (total[j].error == one->error &&
				    !strcmp(total[j].call, one->call))
					break;
			if (j == kinds) {
				total[kinds] = *one;
				total[kinds++].count = 0;
			}
			total[j].count += one->count;
		}
	}
	for (j = 0; j < kinds; j++)
		printf("%s\"%s:%s\":%u", j ? "," : "", total[j].call,
		       error_name(total[j].error), total[j].count);
}

void print_summary(const struct report *report, unsigned int workers,
		   uint64_t seed, unsigned int killed, unsigned int stuck)
{
	unsigned long ops = 0, calls = 0, errors = 0, mismatches = 0;
	const char *first = "";
	unsigned int w, finished = 0;

	for (w = 0; w < workers; w++) {
		ops += report[w].ops;
		calls += report[w].calls;
		errors += report[w].errors;
		mismatches += report[w].mismatches;
		finished += report[w].finished;
		if (report[w].mismatches && !*first)
			first = report[w].mismatch;
	}
	printf("{\"seed\":%llu,\"workers\":%u,\"finished\":%u,\"killed\":%u,"
	       "\"stuck\":%u,\"ops\":%lu,\"calls\":%lu,\"errors\":%lu,"
	       "\"mismatches\":%lu,\"first_mismatch\":\"%s\",\"by_call\":{",
	       (unsigned long long)seed, workers, finished, killed, stuck, ops,
	       calls, errors, mismatches, first);
	print_errors(report, workers);
	printf("}}\n");
	fflush(stdout);
}
