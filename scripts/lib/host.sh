# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The few programs that the host itself must have. All others (compiler,
# guest tools, checkers) live in the Debian tree, see tree.sh.

# package and the command that tells that it is there
host_tools='
mmdebstrap mmdebstrap
qemu-system-x86 qemu-system-x86_64
cpio cpio
zstd zstd
xz-utils xz
util-linux unshare
mount mount
'

host_missing() {
	local package command
	while read -r package command; do
		[ -z "$package" ] || command -v "$command" >/dev/null || echo "$package"
	done <<<"$host_tools"
}

host_install() {
	local missing
	mapfile -t missing < <(host_missing)
	[ ${#missing[@]} -gt 0 ] || return 0
	command -v apt-get >/dev/null ||
		die "missing: ${missing[*]}; install them (this is no Debian system, so it was not tried)"
	step "installing on this machine: ${missing[*]}"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update >"$CACHE/apt.log" 2>&1 || true
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y install \
		--no-install-recommends "${missing[@]}" >>"$CACHE/apt.log" 2>&1 || {
		tail -n 5 "$CACHE/apt.log" >&2
		die "cannot install ${missing[*]}: is there a network? (log: $CACHE/apt.log)"
	}
}

# Make sure that the host can build and run guests.
host_need() {
	[ -z "$(host_missing)" ] && return 0
	mkdir -p "$CACHE"
	with_lock "$CACHE/host.lock" host_install
}

# Where this machine gets PACKAGES of label ("Debian", "Debian-Security") from;
# nothing if it has no such source.
host_source() {
	command -v apt-get >/dev/null || return 0
	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets --format '$(LABEL)|$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
		sed -n "s/^$1|//p" | head -n 1
}
