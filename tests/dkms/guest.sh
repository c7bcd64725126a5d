#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest, with what DKMS and two clients' authors have built in /share.
debug=/sys/kernel/debug
fault=$debug/surety_fault
# shellcheck source=tests/lib.sh
. /surety/tests/lib.sh

sh tests/ama-client/guest.sh /share/ama_core.ko /share/ama_client.ko || tests_failed=1

insmod /modules/test/surety_fault.ko && insmod /share/ama_core.ko guard=page,memcg,slab &&
	insmod /share/journal.ko
report $? "the worked example loads"
for level in page slab; do
	echo -1 >$fault/$level/times
	echo 1 >$fault/$level/task-filter
	echo 100 >$fault/$level/probability
done
check_is "... and no append fails while every allocation is made to" 0 \
	"$(/surety-bin/ama_client_test $fault/make-it-fail 3 $debug/journal/append 7)"
check_is "... all are there" 3 "$(cat $debug/journal/records)"
[ "$(cat $fault/slab/injected)" -ge 3 ]
report $? "... though $(cat $fault/slab/injected) objects were refused"
check_has "its operation is in ama_core's figures" '^append  *ordinary  *3 ' "$(cat $debug/ama/clients/journal/ops)"
check "unloads" rmmod journal ama_core surety_fault
finish
