# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154,SC2034 # the driver is guest.sh's
# Work for tests/bench/fs/guest.sh: one operation over and over, and the places
# of all functions. Operation and count are on the kernel's command line.

make_volume() {
	zcat /add/*.img >/dev/ram0
}

run_work() {
	(
		cd /mnt || exit 1
		# shellcheck disable=SC2046 # two words
		/surety-bin/op_loop $(sed 's/.*op_loop=\([^ ,]*\),\([0-9]*\).*/\1 \2/' /proc/cmdline) || exit 1
	) || return 1
	sed -n 's/^\([0-9a-f]*\) [tTwW] \(.*\)$/symbol \1 \2/p' /proc/kallsyms
}

check_volume() {
	true
}
