#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# usage: guest.sh SECONDS: in the guest, until then: two storms with failures
# injected, one of them in a group at its limit; other clients loaded, used and
# unloaded; caches dropped; remounts.
# shellcheck source=tests/lib.sh disable=SC2317
. /surety/tests/lib.sh
seconds=$1
debug=/sys/kernel/debug
fault=$debug/surety_fault
ama=$debug/ama
group=/sys/fs/cgroup/tight
at=/mnt

until_end() {
	read -r uptime rest </proc/uptime
	[ "${uptime%.*}" -lt "$end" ]
}

# storm NAME OPTION...: one after the other, each with another seed.
storms() {
	name=$1
	shift
	nr=0
	while until_end; do
		nr=$((nr + 1))
		mkdir -p "$at/$name$nr/storm"
		/surety-bin/syscall_storm "$@" -s $nr -m $fault/make-it-fail -T 500 \
			"$at/$name$nr/storm" >"/tmp/$name.json" || {
			cp "/tmp/$name.json" "/tmp/$name.failed"
			break
		}
		rm -r "${at:?}/$name$nr"
	done
	echo $nr >"/tmp/$name.rounds"
}

# Failures come and go, so that the reserve is used in every state.
vary_failures() {
	while until_end; do
		for percent in 5 60 20 100 0 35; do
			for level in page slab; do
				echo $percent >$fault/$level/probability
			done
			sleep 1
		done
	done
}

clients() {
	nr=0
	while until_end; do
		nr=$((nr + 1))
		insmod /modules/test/ama_client.ko || break
		/surety-bin/ama_client_test $fault/make-it-fail 20 >/tmp/client.said
		[ "$(cat /tmp/client.said)" = 0 ] || break
		rmmod ama_client || break
	done
	until_end || echo $nr >/tmp/clients.rounds
}

disturb() {
	while until_end; do
		echo 3 >/proc/sys/vm/drop_caches
		sync
		mount -o remount,mfr=wait $at || echo remount >>/tmp/disturbed
		sleep 2
	done
}

insmod /modules/test/surety_fault.ko &&
	insmod /modules/ama_core.ko guard=page,memcg,slab &&
	insmod /modules/ext2mfr.ko || exit 3
for level in page slab; do
	echo -1 >$fault/$level/times
	echo 1 >$fault/$level/task-filter
done
mke2fs -q -F -t ext2 -b 1024 /dev/vda && mount -t ext2mfr /dev/vda $at || exit 3
mkdir $group
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
echo 1M >$group/memory.max
echo 20 >/proc/sys/vm/dirty_writeback_centisecs

read -r uptime rest </proc/uptime
end=$((${uptime%.*} + seconds))
storms plain -w 4 -n 100 &
storms group -w 4 -n 60 -g $group &
vary_failures &
clients &
disturb &
wait
for level in page slab; do
	echo 0 >$fault/$level/probability
done

for name in plain group; do
	if [ -e "/tmp/$name.failed" ]; then
		not_ok "storms ($name): $(cut -c1-600 "/tmp/$name.failed")"
	else
		ok "storms ($name): $(cat "/tmp/$name.rounds") rounds, no call failed"
	fi
done
check "other clients came and went ($(cat /tmp/clients.rounds 2>/dev/null) times)" test -s /tmp/clients.rounds
check "remounts succeed" test ! -e /tmp/disturbed
total=$(($(cat $fault/page/injected) + $(cat $fault/slab/injected)))
check "failures were injected ($total)" test "$total" -gt 0
check "the reserve served ($(cat $ama/substituted) pages, $(cat $ama/forced_charges) forced charges)" \
	test "$(cat $ama/substituted)" -gt 0
check "no underrun" test "$(cat $ama/underruns)" = 0
diag "$(cat $ama/requests)"
check "unmounts" umount $at
check "e2fsck finds nothing" e2fsck -fn /dev/vda
check "all modules unload" rmmod ext2mfr ama_core surety_fault
finish
