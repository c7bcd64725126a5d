# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What every script here needs: where things are, how to speak to people, and
# how to change the cache so that nobody ever sees a half-written entry.

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/surety
BUILD=$REPO/build
DEFAULT_KERNEL=stock-6.1
# The suite of the guests' userland and of the tools that build for it.
DEFAULT_SUITE=bookworm

# Nobody's surroundings change what the scripts do: users may lack the paths of
# the system's tools, or have a language in which numbers look different.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH LC_ALL=C.UTF-8
umask 022

say() {
	printf '%s\n' "$*" >&2
}

# Progress of something that takes a while.
step() {
	printf '== %s\n' "$*" >&2
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 2
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo -- "$@"
	else
		die "root's rights are needed (for '$1'): run this as root, or install sudo"
	fi
}

# with_lock FILE COMMAND...: one at a time across all checkouts of a user.
with_lock() {
	local lock=$1 fd status=0
	shift
	mkdir -p "$(dirname "$lock")"
	exec {fd}>"$lock"
	flock -n "$fd" || { step "waiting for another run that holds ${lock##*/}"; flock "$fd"; }
	"$@" || status=$?
	exec {fd}>&-
	return "$status"
}

# Run a long command with its output in LOG; the log's end is shown on failure.
logged() {
	local log=$1
	shift
	mkdir -p "$(dirname "$log")"
	"$@" >"$log" 2>&1 </dev/null && return 0
	local status=$?
	tail -n "${LOGGED_LINES:-25}" "$log" >&2
	say "(the whole log: $log)"
	return "$status"
}

# hash_of: short name for what comes in on stdin.
hash_of() {
	sha256sum | cut -c1-10
}
