#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Runs in a throw-away view of a Debian system that has DKMS and one kernel's
# headers: everything that a user does, in order.
# shellcheck source=tests/lib.sh disable=SC2317
. /surety/tests/lib.sh
kernel=$1
release=$2
cd /surety || exit 1
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
modules=$(sed -n 's/^BUILT_MODULE_NAME.*="\(.*\)"/\1/p' dkms.conf)
installed=/lib/modules/$release/updates/dkms

build() {
	dkms build -m surety -v "$version" -k "$release" || {
		tail -n 20 "/var/lib/dkms/surety/$version/build/make.log"
		return 1
	}
}

check "the version is the README's" grep -q "dkms install surety/$version\$" README.md
check "$kernel: dkms add" make dkms-add
check "$kernel: dkms build" build
check "$kernel: dkms install" dkms install -m surety -v "$version" -k "$release"
check_has "$kernel: dkms status says so" "surety.*$version.*$(echo "$release" | sed 's/[+.]/\\&/g').*installed" "$(dkms status)"
for module in $modules; do
	check "$kernel: $module is where modprobe finds it" \
		sh -c "modinfo -k $release -F filename $module | grep '^$installed/$module.ko'"
done
# What a client's author does, by docs/ama.md: sources, Kbuild and command are its.
mkdir /tmp/journal /tmp/ama_client
block() {
	sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" docs/ama.md | grep -v '^```'
}
block c >/tmp/journal/journal.c
cp tests/modules/ama_client/ama_client.c /tmp/ama_client/
cp -L "$(modinfo -k "$release" -F filename ama_core)" /out/
for client in journal ama_client; do
	block make | sed "s/journal/$client/" >/tmp/$client/Kbuild
	check "$kernel: $client builds by the installed header and symbols" \
		make -C "/lib/modules/$release/build" "M=/tmp/$client" modules \
		"KBUILD_EXTRA_SYMBOLS=/var/lib/dkms/surety/$version/$release/$(uname -m)/Module.symvers"
	cp "/tmp/$client/$client.ko" /out/
done
check "$kernel: dkms remove" dkms remove -m surety -v "$version" --all
check "$kernel: nothing is left" \
	sh -c "! find /lib/modules/$release /var/lib/dkms -name 'ama_core*' | grep ."
finish
