#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# usage: panics.sh: in a guest that is expected to die of it: errors=panic.
# shellcheck source=tests/ext2mfr/lib.sh
. /surety/tests/ext2mfr/lib.sh
damaged && mount_as ext2mfr errors=panic && ls "$at/dir" 2>/dev/null
echo "still alive"
