# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# linux.mk - a part of the Makefile: what boots with the kernel of tests/linux. tests/linux/build makes that kernel.

LINUX_BUILD := build/linux
INITRAMFS := $(LINUX_BUILD)/initramfs.gz
vmm_build := $(LINUX_BUILD)/vmm
vmm_objects := $(patsubst tests/linux/vmm/%,$(vmm_build)/%.o,$(basename $(VMM_SRCS))) $(vmm_build)/guest_image.o
vmm_guest := $(vmm_build)/guest_start.o $(vmm_build)/guest.o
vmm_cc := $(EL2_CROSS_COMPILE)gcc -I. -MMD -MP -O2 -g
vmm_flags := -std=c11 $(c_warnings) -D_GNU_SOURCE -pthread
vmm_guest_flags := -std=c11 $(c_warnings) -ffreestanding -fno-stack-protector -mgeneral-regs-only -mstrict-align -fno-pic

$(vmm_guest): private vmm_flags := $(vmm_guest_flags)

$(vmm_build)/%.o: tests/linux/vmm/%.c scripts/make/linux.mk | setup
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(vmm_cc) $(vmm_flags) -c -o $@ $<

$(vmm_build)/%.o: tests/linux/vmm/%.S scripts/make/linux.mk | setup
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(vmm_cc) -c -o $@ $<

$(vmm_build)/guest.elf: $(vmm_guest)
	$(call say,LINK,$@)
	$(Q)$(vmm_cc) -nostdlib -static -no-pie -Wl,-Ttext=0x80000000,--build-id=none,-N,--no-warn-rwx-segments -o $@ $^

# 32 KiB: behind it are the commands.
$(vmm_build)/guest.bin: $(vmm_build)/guest.elf
	$(Q)$(EL2_CROSS_COMPILE)objcopy -O binary $< $@
	$(Q)test "$$(stat -c %s $@)" -le 32768

$(vmm_build)/guest_image.o: $(vmm_build)/guest.bin

$(vmm_build)/root/init: $(vmm_objects)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(vmm_cc) -static -pthread -s -o $@ $^

$(INITRAMFS): $(vmm_build)/root/init
	$(call say,CPIO,$@)
	$(Q)(cd $(<D) && echo init | cpio --quiet -o -H newc --reproducible --owner=0:0) | gzip -9n >$@

## check-linux: Linux's protected KVM with the library at EL2, in QEMU: disks, guests, and a host that attacks; half an hour
.PHONY: check-linux
check-linux: setup $(COMMAND)
	$(Q)scripts/install-qemu || [ $$? -eq 77 ]
	$(Q)$(RUN_TESTS) --limit 7200 --name linux -- tests/linux/check
	$(Q)$(RUN_TESTS) --limit 1800 --name recording -- tests/linux/check-recording $(COMMAND)

-include $(wildcard $(vmm_build)/*.d)
