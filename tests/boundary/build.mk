# SPDX-License-Identifier: BSD-2-Clause
# Kernels that test platforms: linked like the real one, run in its place.
ABI_TEST := $(O)/tests/abi_kernel.elf $(O)/tests/attack_kernel.elf \
	$(O)/tests/vm_kernel.elf $(O)/tests/abi_image.bin \
	$(O)/tests/linux_loader.elf $(O)/tests/kvm_guest.elf
ABI_OBJ := $(call objs,$(call find_c,tests/boundary/abi lib),kern)
ATTACK_OBJ := $(call objs,$(call find_c,tests/boundary/attack lib),kern)
VM_OBJ := $(call objs,$(call find_c,tests/boundary/vm lib),kern)
$(O)/tests/abi_kernel.elf: $(ABI_OBJ) kernel/kernel.ld
$(O)/tests/attack_kernel.elf: $(ATTACK_OBJ) kernel/kernel.ld
$(O)/tests/vm_kernel.elf: $(VM_OBJ) kernel/kernel.ld
$(O)/tests/%_kernel.elf:
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)$(KERNEL_LD) -o $@ $(filter %.o,$^)
# The application of the test is its image: code, then pages of 11, 22, 33.
$(O)/tests/abi_image.bin: $(O)/kern/tests/boundary/abi/entry.o
	@mkdir -p $(@D)
	$(Q)objcopy -O binary -j .app $< $@
$(O)/tests/linux_loader.elf: $(O)/vm/tests/boundary/linuxboot/loader.o
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)ld -z noexecstack -Ttext=0x1000000 -e pvh_entry -o $@ $<
# A boot file of its own for einkorn-kvm, in the shim's place.
KVM_GUEST_OBJ := $(call objs,$(call find_c,tests/boundary/kvm),vm)
$(O)/tests/kvm_guest.elf: $(KVM_GUEST_OBJ) tests/boundary/kvm/guest.ld
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)ld -static -z noexecstack -z norelro --no-warn-rwx-segments \
		-T tests/boundary/kvm/guest.ld -o $@ $(KVM_GUEST_OBJ)
abi-test: $(ABI_TEST) ## build the kernels that test platforms
.PHONY: abi-test
