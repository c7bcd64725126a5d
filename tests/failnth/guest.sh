#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: each call with each allocation failing in turn.
#
# usage: guest.sh TYPE POLICY SOURCE LIMIT [OPTION...]
#
#   TYPE    ext2mfr, or ext4 to see what there is to fail
#   POLICY  wait or fail (ext2mfr); held: fail, while the reserve is held
#   SOURCE  page, slab: the injector's; self: the kernel's own
#   LIMIT   allocations of a call that are tried at most
#   OPTION  for failnth
type=$1 policy=$2 source=$3 limit=$4
shift 4
debug=/sys/kernel/debug
fault=$debug/surety_fault
tracing=/sys/kernel/tracing
options=''

kernels_own() {
	for dir in failslab fail_page_alloc; do
		echo 0 >$debug/$dir/ignore-gfp-wait
		echo 0 >$debug/$dir/verbose
	done
	echo 0 >$debug/fail_page_alloc/ignore-gfp-highmem
	echo 0 >$debug/fail_page_alloc/min-order
	# A task's fail-nth counts every kind of fault: copies from and to user
	# memory are made not to count, by wanting a caller that does not exist.
	echo 1 >$debug/fail_usercopy/require-start
	echo 1 >$debug/fail_usercopy/require-end
}

# The kernel's own injector does not tell where its failures fell; tracing does.
# shellcheck disable=SC2016 # a word of the trace
trace_failures() {
	{
		echo 'r:slab should_failslab failed=$retval:s32'
		echo 'r:page should_fail_alloc_page failed=$retval:u8'
	} >$tracing/kprobe_events && echo 16384 >$tracing/buffer_size_kb || return 1
	for event in slab page; do
		echo 'failed!=0' >$tracing/events/kprobes/$event/filter &&
			echo 'stacktrace if failed!=0' >$tracing/events/kprobes/$event/trigger &&
			echo 1 >$tracing/events/kprobes/$event/enable || return 1
	done
}

# print_sites: how many failures fell in which function outside mm/.
print_sites() {
	if [ "$source" = self ]; then
		awk -f tests/failnth/sites.awk /proc/kallsyms $tracing/trace | sort -rn
	else
		cat $fault/"$source"/sites
	fi >/tmp/sites
	echo "# functions in which the failures fell: $(wc -l </tmp/sites)"
	sed 's/^/#   /' /tmp/sites
}

if [ "$source" = self ]; then
	kernels_own && trace_failures || exit 3
	file=self
else
	insmod /modules/test/surety_fault.ko || exit 3
	file=$fault/$source/fail-nth
fi
if [ "$type" = ext2mfr ]; then
	insmod /modules/ama_core.ko guard=page,memcg,slab &&
		insmod /modules/ext2mfr.ko || exit 3
	case $policy in
	wait) options=mfr=wait ;;
	fail | held) options=mfr=fail; set -- -e "$@" ;;
	esac
else
	modprobe "$type" 2>/dev/null
fi
if [ "$policy" = held ]; then
	insmod /modules/test/ama_hold.ko leave=-1 || exit 3
	set -- -r /sys/module/ama_hold/parameters/leave "$@"
fi

# Nothing but the call, or a sync, writes to the device.
echo 0 >/proc/sys/vm/dirty_writeback_centisecs
# Small blocks, so that indirect ones are reached; a program on a tmpfs, so that
# nothing but the call meets the failures.
mkdir -p /tmp/mnt
cp /surety-bin/failnth /tmp/failnth
mke2fs -q -F -t ext2 -b 1024 /dev/vda && mke2fs -q -F -t ext2 -b 1024 /dev/vdb || exit 3
mount -t "$type" -o noatime${options:+,$options} /dev/vda /tmp/mnt || exit 3
/tmp/failnth -n "$limit" -i /dev/vda -d /dev/vdb -t "$type" -o "$options" "$@" "$file" /tmp/mnt
status=$?
print_sites
[ "$type" != ext2mfr ] || echo "# underruns: $(cat $debug/ama/underruns)"
[ "$type" != ext2mfr ] || [ "$(cat $debug/ama/underruns)" = 0 ] || status=4
[ "$policy" != held ] || rmmod ama_hold || status=5
umount /tmp/mnt || status=5
e2fsck -fn /dev/vda >/tmp/fsck 2>&1 && e2fsck -fn /dev/vdb >>/tmp/fsck 2>&1 || {
	sed 's/^/# /' /tmp/fsck
	status=6
}
exit $status
