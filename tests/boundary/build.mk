# SPDX-License-Identifier: BSD-2-Clause
# Kernels that test platforms: linked like the real one, run in its place.
ABI_TEST := $(O)/tests/abi_kernel.elf $(O)/tests/abi_image.bin
ABI_TEST_OBJ := $(call objs,$(call find_c,tests/boundary/abi lib),kern)
$(O)/tests/abi_kernel.elf: $(ABI_TEST_OBJ) kernel/kernel.ld
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)ld -pie --no-dynamic-linker -z noexecstack -z norelro \
		--no-warn-rwx-segments -T kernel/kernel.ld -o $@ $(ABI_TEST_OBJ)
# The application of the test is its image: code, then pages of 11, 22, 33.
$(O)/tests/abi_image.bin: $(O)/kern/tests/boundary/abi/entry.o
	@mkdir -p $(@D)
	$(Q)objcopy -O binary -j .app $< $@
abi-test: $(ABI_TEST) ## build the platform conformance kernel
.PHONY: abi-test
