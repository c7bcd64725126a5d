# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2154 # the driver is guest.sh's
# Work for guest.sh: single operations, in instructions.

make_volume() {
	zcat /add/*.img >/dev/ram0
}

run_work() {
	(cd /mnt && /surety-bin/ext2mfr_bench) | sed "s/^/figure $driver /"
}

check_volume() {
	true
}
