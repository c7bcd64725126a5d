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
	$(MAKE) -C $(KDIR) M=$(CURDIR) $(if $(filter native-install,$@),modules_install,modules)

clean:
	rm -rf build

.PHONY: help modules demo check bench style dkms native native-install clean
