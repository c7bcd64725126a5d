#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest, with what DKMS and two clients' authors have built in /share.
debug=/sys/kernel/debug
fault=$debug/surety_fault
# shellcheck source=tests/lib.sh
. /surety/tests/lib.sh

# In this order: opening the files allocates, and no scope guards that.
append_exposed() {
	sh -c "exec 3>$debug/journal/append 4>$fault/make-it-fail
	       echo 1 >&4; echo $1 >&3"
}

sh tests/ama-client/guest.sh /share/ama_core.ko /share/ama_client.ko || tests_failed=1

insmod /modules/test/surety_fault.ko && insmod /share/ama_core.ko guard=page,memcg,slab &&
	insmod /share/journal.ko
report $? "the worked example loads"
for level in page slab; do
	echo -1 >$fault/$level/times
	echo 1 >$fault/$level/task-filter
	echo 100 >$fault/$level/probability
done
for value in 1 2 3; do
	check "... and appends while every allocation is made to fail" append_exposed $value
done
check_is "... all of it" 3 "$(cat $debug/journal/records)"
[ "$(cat $fault/slab/injected)" -ge 3 ]
report $? "... though $(cat $fault/slab/injected) objects were refused"
check_has "its operation is in ama_core's figures" '^append  *ordinary  *3 ' "$(cat $debug/ama/clients/journal/ops)"
check "unloads" rmmod journal ama_core surety_fault
finish
