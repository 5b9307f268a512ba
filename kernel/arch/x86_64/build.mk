# SPDX-License-Identifier: BSD-2-Clause
# The vDSO is a shared object of its own that becomes part of kernel text.
KERNEL_SRC := $(filter-out kernel/arch/x86_64/vdso/%,$(KERNEL_SRC))
VDSO := $(O)/kern/vdso.so

$(VDSO): kernel/arch/x86_64/vdso/vdso.c kernel/arch/x86_64/vdso/vdso.h \
		kernel/arch/x86_64/vdso/vdso.ld
	@mkdir -p $(@D)
	@echo "  VDSO  $@"
	$(Q)$(CC) -std=gnu11 -O2 $(WARN) -I. -ffreestanding -fPIC -shared -nostdlib \
		-mgeneral-regs-only -fno-stack-protector -fcf-protection=none \
		-fasynchronous-unwind-tables -fomit-frame-pointer -nostdinc \
		-isystem $(shell $(CC) -print-file-name=include) \
		-Wl,-T,kernel/arch/x86_64/vdso/vdso.ld -Wl,--build-id=none \
		-Wl,-soname,linux-vdso.so.1 -Wl,--hash-style=both -Wl,-s \
		-Wl,--eh-frame-hdr -o $@ $<

$(O)/kern/kernel/arch/x86_64/vdso_image.o: $(VDSO)
$(O)/kern/kernel/arch/x86_64/vdso_image.o: FREE += -Wa,-I$(O)/kern
