# SPDX-License-Identifier: GPL-2.0
# Every entry of the project, for users and developers; `make help` lists them.

KERNEL ?= stock-6.1

help:
	@echo 'make modules          build the modules and test programs (KERNEL=$(KERNEL))'
	@echo 'make demo             the main job, with a table of results'
	@echo 'make check            all tests (GROUPS="a b" for some)'
	@echo 'make bench NAME=x     one benchmark'
	@echo 'make style            what is asked of every change, looked at mechanically'
	@echo 'make dkms             build and install with DKMS, in a throw-away system'
	@echo 'make clean            remove build/ (the cache outside the repository stays)'
	@echo 'make native           build for the running kernel, as a user does'
	@echo 'make dkms-add         put the sources where DKMS takes them from'

modules:
	scripts/build $(KERNEL)

demo:
	scripts/demo

check:
	scripts/check $(GROUPS)

bench:
	scripts/bench $(NAME)

style dkms:
	scripts/check $@

# The classic external build, against the kernel that runs here.
KDIR ?= /lib/modules/$(shell uname -r)/build

native native-install:
	$(MAKE) -C $(KDIR) M=$(CURDIR) CONFIG_DEBUG_INFO_BTF_MODULES= $(if $(filter native-install,$@),modules_install,modules)

# What DKMS builds from, without what a build here has left.
VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
DKMS_SOURCE = $(DESTDIR)/usr/src/surety-$(VERSION)
DKMS_PARTS = Kbuild dkms.conf compat include ama_core ext2mfr dmem gcma scripts/lib/keep-symvers

dkms-add:
	mkdir -p $(DKMS_SOURCE)
	find $(DKMS_PARTS) -type f ! -name '*.o' ! -name '*.ko' ! -name '*.mod*' \
		! -name '*.cmd' ! -name '*.symvers' ! -name '*.order' \
		! -path compat/features.\* -exec cp --parents -t $(DKMS_SOURCE) {} +
	dkms add -m surety -v $(VERSION)

clean:
	rm -rf build

.PHONY: help modules demo check bench style dkms native native-install dkms-add clean
