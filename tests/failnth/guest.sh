#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: each call with each allocation failing in turn.
#
# usage: guest.sh TYPE POLICY SOURCE LIMIT [OPTION...]
#
#   TYPE    ext2mfr, or ext4 to see what there is to fail
#   POLICY  wait or fail (ext2mfr)
#   SOURCE  page, slab: the injector's; self: the kernel's own
#   LIMIT   allocations of a call that are tried at most
#   OPTION  for failnth
type=$1 policy=$2 source=$3 limit=$4
shift 4
debug=/sys/kernel/debug
fault=$debug/surety_fault
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

if [ "$source" = self ]; then
	kernels_own || exit 3
	file=self
else
	insmod /modules/test/surety_fault.ko || exit 3
	file=$fault/$source/fail-nth
fi
if [ "$type" = ext2mfr ]; then
	options=mfr=$policy
	insmod /modules/ama_core.ko guard=page,memcg,slab &&
		insmod /modules/ext2mfr.ko || exit 3
	[ "$policy" != fail ] || set -- -e "$@"
else
	modprobe "$type" 2>/dev/null
fi

# Small blocks, so that indirect ones are reached; a program on a tmpfs, so that
# nothing but the call meets the failures.
mkdir -p /tmp/mnt
cp /surety-bin/failnth /tmp/failnth
mke2fs -q -F -t ext2 -b 1024 /dev/vda && mke2fs -q -F -t ext2 -b 1024 /dev/vdb || exit 3
mount -t "$type" ${options:+-o $options} /dev/vda /tmp/mnt || exit 3
/tmp/failnth -n "$limit" -d /dev/vdb -t "$type" -o "$options" "$@" "$file" /tmp/mnt
status=$?
if [ "$source" != self ]; then
	echo "# functions in which the failures fell: $(wc -l <$fault/"$source"/sites)"
	sed 's/^/#   /' $fault/"$source"/sites
fi
[ "$type" != ext2mfr ] || echo "# underruns: $(cat $debug/ama/underruns)"
[ "$type" != ext2mfr ] || [ "$(cat $debug/ama/underruns)" = 0 ] || status=4
umount /tmp/mnt || status=5
e2fsck -fn /dev/vda >/tmp/fsck 2>&1 && e2fsck -fn /dev/vdb >>/tmp/fsck 2>&1 || {
	sed 's/^/# /' /tmp/fsck
	status=6
}
exit $status
