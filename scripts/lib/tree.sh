# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Debian trees made by mmdebstrap: one a suite. The default suite's tree is the
# userland of the guests and holds compiler and checkers; trees of other suites
# only build for kernels whose header packages need that suite's libraries.

TREE_BUILD_TOOLS='gcc libc6-dev make libelf-dev kmod bc patch xz-utils dkms'
TREE_GUEST_TOOLS='busybox-static e2fsprogs xfsprogs btrfs-progs jfsutils f2fs-tools
	dmsetup lvm2 fio stress-ng dbench fsmark postmark acl attr strace procps psmisc iproute2
	bsdextrautils time file zstd kmod mount'
TREE_KERNEL_TOOLS='flex bison libssl-dev cpio perl'
TREE_CHECKERS='sparse shellcheck'

tree_packages() {
	local list="$TREE_BUILD_TOOLS $TREE_KERNEL_TOOLS"
	[ "$1" != "$DEFAULT_SUITE" ] || list+=" $TREE_GUEST_TOOLS $TREE_CHECKERS"
	# shellcheck disable=SC2086 # a list of words
	printf '%s\n' $list | sort -u | paste -sd,
}

# The name changes with the list of packages, so that an old checkout and a new
# one can share a cache.
tree_path() {
	echo "$CACHE/trees/$1-$(tree_packages "$1" | hash_of)"
}

# Package sources of SUITE, one a line: this machine's own mirrors where it has
# any, else nothing and mmdebstrap takes its default.
tree_sources() {
	local suite=$1 main security
	main=$(host_source Debian)
	security=$(host_source Debian-Security)
	[ -n "$main" ] || return 0
	echo "deb $main $suite main"
	[ "$suite" != sid ] || return 0
	[ -z "$security" ] || echo "deb $security $suite-security main"
	echo "deb $main $suite-updates main"
}

tree_bootstrap() {
	local suite=$1 target=$2 sources
	sources=$(tree_sources "$suite")
	set -- --variant=apt --mode=root --skip=cleanup/apt/lists \
		--aptopt='APT::Install-Recommends "false"' \
		--aptopt='Acquire::Languages "none"' \
		--aptopt='Acquire::Check-Valid-Until "false"' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/info/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='force-unsafe-io' \
		--include="$(tree_packages "$suite")"
	if [ -n "$sources" ]; then
		as_root env INITRD=No mmdebstrap "$@" "$suite" "$target" - <<<"$sources"
	else
		as_root env INITRD=No mmdebstrap "$@" "$suite" "$target"
	fi
}

tree_make() {
	local suite=$1 path new
	path=$(tree_path "$suite")
	[ ! -d "$path" ] || return 0
	new=$path.new.$$
	# What a run that was killed has left; nobody else is here now.
	as_root rm -rf --one-file-system "$CACHE"/trees/*.new.*
	step "making a Debian tree ($suite), about two minutes"
	# shellcheck disable=SC2064 # the path as it is now
	trap "as_root rm -rf --one-file-system '$new'" EXIT
	mkdir -p "$CACHE/trees"
	LOGGED_LINES=12 logged "$CACHE/trees/$suite.log" tree_bootstrap "$suite" "$new" ||
		die "cannot make the Debian tree: is there a network, and enough room in $CACHE?"
	as_root mkdir -p "$new"/{surety,out,modules,surety-bin,share,usr/src,usr/lib/modules}
	as_root mv "$new" "$path"
	trap - EXIT
}

# Make sure that the tree of SUITE exists.
tree_need() {
	host_need
	[ -d "$(tree_path "$1")" ] && return 0
	(with_lock "$CACHE/trees.lock" tree_make "$1")
}

# tree_run SUITE KERNEL-ROOT OUT USER COMMAND...: run COMMAND as USER (uid:gid)
# in a throw-away view of the tree: the kernel's files (or "") are laid over it,
# the repository is at /surety, OUT (or "") at /out; all else it writes is lost.
tree_run() {
	local suite=$1 kernel=$2 out=$3 user=$4
	shift 4
	as_root env -i PATH="$PATH" TERM="${TERM:-dumb}" \
		"$REPO/scripts/lib/view" "$(tree_path "$suite")" "$kernel" "$out" "$user" "$@"
}
