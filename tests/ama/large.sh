#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: transfers of many pieces while every page comes from the reserve,
# and that has room for a single piece.
# shellcheck source=tests/lib.sh disable=SC2317
. /surety/tests/lib.sh
at=/tmp/mounted
ama=/sys/kernel/debug/ama
fault=/sys/kernel/debug/surety_fault

begin() {
	modprobe loop
	insmod /modules/test/surety_fault.ko && insmod /modules/ama_core.ko &&
		insmod /modules/ext2mfr.ko || return 1
	mkdir -p $at && mke2fs -q -t ext2 /tmp/image 24M &&
		mount -t ext2mfr "$(losetup -f --show /tmp/image)" $at || return 1
	echo 1 >$fault/page/scope-filter
	echo -1 >$fault/page/times
}

# Most that a piece of a transfer was granted.
piece() {
	awk '$1 == "gate_write" { print $4 }' $ama/clients/ext2mfr/ops
}

waited() {
	awk '$1 == "ordinary" { print $3 }' $ama/requests
}

# said WHAT: how the transfer ended.
said() {
	sed -n "s/^$1 //p" /tmp/said
}

begin
report $? "a volume"
check "transfers while nothing is short" /surety-bin/large_transfers $at
before=$(waited)
insmod /modules/test/ama_hold.ko leave="$(piece)" || not_ok "the reserve is held"
echo 100 >$fault/page/probability
/surety-bin/large_transfers $at >/tmp/said
report $? "transfers while the reserve has one piece of $(piece) pages: what they return and their data are right"
echo 0 >$fault/page/probability
rmmod ama_hold
diag "$(cat /tmp/said)"
check_is "write() goes on until all is written" "2097152 right" "$(said write)"
[ "$(waited)" -gt "$before" ]
report $? "pieces waited for what earlier ones had used ($(($(waited) - before)) times)"
check_is "nothing needed more than it was granted" 0 "$(cat $ama/underruns)"
check "unmount" umount $at
check "the volume is consistent" e2fsck -fn /tmp/image
check "the modules unload" rmmod ext2mfr ama_core surety_fault
losetup -D
rm /tmp/image
finish
