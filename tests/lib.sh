# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Helpers of the tests, for the host and for guests (POSIX sh, works in busybox).
# A test prints one line for each thing it shows:
#
#   ok - description
#   not ok - description
#   ok - description # SKIP reason
#
# and leaves by `finish`, whose status says whether anything failed.

tests_failed=0

ok() {
	echo "ok - $*"
}

not_ok() {
	echo "not ok - $*"
	tests_failed=$((tests_failed + 1))
}

skip() {
	echo "ok - $1 # SKIP $2"
}

# report STATUS DESCRIPTION...: by the status of the command before.
report() {
	report_status=$1
	shift
	if [ "$report_status" = 0 ]; then
		ok "$@"
	else
		not_ok "$@"
	fi
}

# in_short: is this a kernel that checks everything, on which the default is less of
# the same? Not with SURETY_FULL, which scripts/vm hands on.
in_short() {
	[ -z "${SURETY_FULL:-}" ] && [ -e /sys/kernel/debug/kmemleak ]
}

# Remarks for people; not counted.
diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

# check DESCRIPTION COMMAND...: the command must succeed; its output is shown
# when it does not.
check() {
	check_what=$1
	shift
	if check_said=$("$@" 2>&1); then
		ok "$check_what"
	else
		check_status=$?
		not_ok "$check_what"
		diag "status $check_status: $*"
		[ -z "$check_said" ] || diag "$(echo "$check_said" | tail -n 30)"
	fi
}

# check_not DESCRIPTION COMMAND...: the command must fail.
check_not() {
	check_what=$1
	shift
	if check_said=$("$@" 2>&1); then
		not_ok "$check_what"
		diag "succeeded: $*"
		[ -z "$check_said" ] || diag "$(echo "$check_said" | tail -n 30)"
	else
		ok "$check_what"
	fi
}

# check_is DESCRIPTION EXPECTED ACTUAL
check_is() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1"
		diag "expected: $2"
		diag "actual:   $3"
	fi
}

# check_has DESCRIPTION REGEX TEXT: some line of the text matches.
check_has() {
	if printf '%s\n' "$3" | grep -qE -e "$2"; then
		ok "$1"
	else
		not_ok "$1"
		diag "no line matches: $2"
		diag "$(printf '%s\n' "$3" | tail -n 30)"
	fi
}

# within SECONDS COMMAND...: wait until it succeeds, so long at most.
within() {
	within_tries=$(($1 * 10))
	shift
	for _ in $(seq $within_tries); do
		! "$@" || return 0
		sleep 0.1
	done
	return 1
}

finish() {
	[ "$tests_failed" = 0 ] || exit 1
	exit 0
}
