# SPDX-License-Identifier: BSD-2-Clause
# `make help` lists the targets. Sources are found by folder: a new .c file in
# kernel/, tender/, host/ or cmd/ needs no line here.

O ?= build
CC := gcc
Q ?= @
MUSL := /usr/lib/x86_64-linux-musl
MUSL_INC := /usr/include/x86_64-linux-musl

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wimplicit-fallthrough -Wvla -Wundef -Werror
BASE := -std=gnu11 -g -O2 $(WARN) -I. -MMD -MP -fno-strict-aliasing \
	-fno-omit-frame-pointer $(if $(findstring clang,$(CC)),,-fno-ipa-icf -fno-tree-loop-distribute-patterns)

# Freestanding code above 2 GiB: position-independent, no vector registers.
FREE := $(BASE) -ffreestanding -fPIE -fvisibility=hidden -mgeneral-regs-only \
	-mno-red-zone -fno-stack-protector -fcf-protection=none -fno-common \
	-fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections \
	-fno-builtin -nostdinc -isystem $(shell $(CC) -print-file-name=include) \
	-isystem $(O)/uapi

find_c = $(sort $(shell find $(1) -name '*.c' -o -name '*.S' 2>/dev/null))
objs = $(patsubst %,$(O)/$(2)/%.o,$(basename $(1)))

LWIP := third_party/lwip
KERNEL_SRC := $(filter-out kernel/platform/%,$(call find_c,kernel)) \
	$(call find_c,lib)
PROC_SRC := $(call find_c,kernel/platform/proc tender/proc tender/common) \
	$(call find_c,lib)
EINKORN_SRC := $(call find_c,cmd/einkorn host/disk host/export host/instance \
	host/network host/volume host/common) lib/ninep.c
KVM_SRC := $(call find_c,tender/kvm) lib/elf.c
IMAGE_SRC := $(call find_c,cmd/einkorn-image host/image host/oci host/record \
	host/patch host/common) \
	lib/elf.c

LIBEXEC := $(O)/libexec
PROGRAMS := $(O)/einkorn $(LIBEXEC)/kernel.elf $(LIBEXEC)/einkorn-proc \
	$(LIBEXEC)/einkorn-vm.elf $(LIBEXEC)/einkorn-kvm \
	$(LIBEXEC)/einkorn-image $(LIBEXEC)/einkorn-gdb.py

all: $(PROGRAMS) ## build everything (default)

include $(wildcard */build.mk */*/build.mk */*/*/build.mk)

# Linux's own ABI headers (linux/, asm/), without the C library's.
$(O)/uapi/.done:
	@mkdir -p $(O)/uapi
	@ln -sfn /usr/include/linux $(O)/uapi/linux
	@ln -sfn /usr/include/asm-generic $(O)/uapi/asm-generic
	@ln -sfn /usr/include/x86_64-linux-gnu/asm $(O)/uapi/asm
	@touch $@

# A linker writes in small pieces, and cp may; a copy written at once lies in
# large folios of the page cache, which cost each start half as much to map.
in_one_piece = $(Q)dd if=$@.tmp of=$@ bs=8M status=none && chmod +x $@ && \
	rm $@.tmp

# ---- kernel ------------------------------------------------------------
KERNEL_OBJ := $(call objs,$(KERNEL_SRC),kern) $(LWIP_OBJ)
$(O)/kern/%.o: %.c | $(O)/uapi/.done
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(FREE) $(KERNEL_CFLAGS) -c -o $@ $<
$(O)/kern/%.o: %.S | $(O)/uapi/.done
	@mkdir -p $(@D)
	@echo "  AS    $<"
	$(Q)$(CC) $(FREE) -c -o $@ $<
# Twice: names for backtraces are data behind the text, whose addresses stay.
KERNEL_LD := ld -static --no-relax -z noexecstack -z norelro --gc-sections \
	-z max-page-size=4096 -T kernel/kernel.ld
$(LIBEXEC)/kernel.elf: $(KERNEL_OBJ) kernel/kernel.ld kernel/hot.ld tools/ksyms
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)$(KERNEL_LD) -o $@.pass1 $(KERNEL_OBJ)
	$(Q)tools/ksyms $@.pass1 > $(O)/kern/ksyms.S
	$(Q)$(CC) -c -o $(O)/kern/ksyms.o $(O)/kern/ksyms.S
	$(Q)$(KERNEL_LD) -o $@.tmp $(KERNEL_OBJ) $(O)/kern/ksyms.o
	@rm -f $@.pass1 $@
	$(in_one_piece)

# ---- tender "proc" -----------------------------------------------------
PROC_OBJ := $(call objs,$(PROC_SRC),proc)
$(O)/proc/%.o: %.c | $(O)/uapi/.done
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(FREE) -c -o $@ $<
$(O)/proc/%.o: %.S | $(O)/uapi/.done
	@mkdir -p $(@D)
	$(Q)$(CC) $(FREE) -c -o $@ $<
$(LIBEXEC)/einkorn-proc: $(PROC_OBJ) tender/proc/proc.ld
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)ld -static -z noexecstack -z norelro --gc-sections \
		-T tender/proc/proc.ld -o $@.tmp $(PROC_OBJ)
	@rm -f $@
	$(in_one_piece)

# ---- platform "vm" -----------------------------------------------------
# Two parts that share no symbol but the named ones: each is linked by itself
# first, with what it needs of lib, and its hidden symbols become local.
$(O)/vm/%.o: %.c | $(O)/uapi/.done
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(FREE) -c -o $@ $<
$(O)/vm/%.o: %.S
	@mkdir -p $(@D)
	$(Q)$(CC) $(FREE) -c -o $@ $<
VM_LIB := $(call objs,$(call find_c,lib),vm)
vm_part_objs = $(call objs,$(call find_c,kernel/platform/vm/$(1)),vm) $(VM_LIB)
$(O)/vm/ring0.o: $(call vm_part_objs,ring0)
$(O)/vm/ring3.o: $(call vm_part_objs,ring3)
$(O)/vm/ring0.o $(O)/vm/ring3.o:
	$(Q)ld -r -o $@ $^
	$(Q)objcopy --localize-hidden $@
$(LIBEXEC)/einkorn-vm.elf: $(O)/vm/ring0.o $(O)/vm/ring3.o \
		kernel/platform/vm/vm.ld
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)ld -static -z noexecstack -z norelro --gc-sections \
		-z max-page-size=4096 --no-warn-rwx-segments \
		-T kernel/platform/vm/vm.ld -o $@ \
		$(O)/vm/ring0.o $(O)/vm/ring3.o

# ---- the tool: static, without glibc's start-up ------------------------
MUSL_CFLAGS := $(BASE) -D_GNU_SOURCE -fPIE -ffunction-sections \
	-fdata-sections -fno-asynchronous-unwind-tables -nostdinc -isystem $(MUSL_INC) \
	-isystem $(O)/uapi -isystem $(shell $(CC) -print-file-name=include)
EINKORN_OBJ := $(call objs,$(EINKORN_SRC),tool)
$(O)/tool/%.o: %.c | $(O)/uapi/.done
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(MUSL_CFLAGS) -c -o $@ $<
$(O)/einkorn: $(EINKORN_OBJ) cmd/einkorn/einkorn.ld cmd/einkorn/hot.ld
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)$(CC) -static -no-pie -nostdlib -Wl,--gc-sections,--build-id=none \
		-Wl,-T,cmd/einkorn/einkorn.ld -o $@.tmp $(MUSL)/crt1.o \
		$(MUSL)/crti.o $(EINKORN_OBJ) $(MUSL)/libc.a \
		$(shell $(CC) -print-libgcc-file-name) $(MUSL)/crtn.o
	@rm -f $@
	$(in_one_piece)

# ---- tender "kvm": static, as the tool ----------------------------------
KVM_OBJ := $(call objs,$(KVM_SRC),tool)
$(LIBEXEC)/einkorn-kvm: $(KVM_OBJ)
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)$(CC) -static -no-pie -nostdlib -o $@ $(MUSL)/crt1.o $(MUSL)/crti.o \
		$(KVM_OBJ) $(MUSL)/libc.a \
		$(shell $(CC) -print-libgcc-file-name) $(MUSL)/crtn.o

$(LIBEXEC)/%.py: host/debug/%.py
	@mkdir -p $(@D)
	$(Q)cp $< $@

# ---- verbs that need libraries -----------------------------------------
HOST_CFLAGS := $(BASE) -D_GNU_SOURCE -fPIE
IMAGE_OBJ := $(call objs,$(IMAGE_SRC),host)
$(O)/host/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(HOST_CFLAGS) -c -o $@ $<
$(LIBEXEC)/einkorn-image: $(IMAGE_OBJ)
	@mkdir -p $(@D)
	@echo "  LD    $@"
	$(Q)$(CC) -pie -o $@ $(IMAGE_OBJ) -lZydis -lcrypto -larchive -ljansson

# ---- unit tests: hosted, with sanitizers -------------------------------
# A test names the sources it covers in a line "sources: a.c b.c".
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
UNIT := $(patsubst tests/unit/%.c,$(O)/unit/%,$(UNIT_SRC))
SAN_CFLAGS := $(HOST_CFLAGS) -fsanitize=address,undefined \
	-fno-sanitize-recover=all
$(O)/san/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $< (sanitizers)"
	$(Q)$(CC) $(SAN_CFLAGS) $(TEST_CFLAGS) -c -o $@ $<
# lwIP's code reads unaligned words and has warnings: it is not ours.
LWIP_TEST_CFLAGS := $(LWIP_INC) -fno-sanitize=alignment -w
$(O)/san/third_party/%.o $(O)/san/kernel/net/%.o \
	$(O)/san/tests/unit/test_net_input.o $(O)/san/tests/unit/test_udp.o: \
	TEST_CFLAGS = $(LWIP_TEST_CFLAGS)
$(O)/san/tests/unit/test_tcp_script.o: \
	TEST_CFLAGS = -Wno-missing-field-initializers
.PRECIOUS: $(O)/san/%.o
.SECONDEXPANSION:
$(O)/unit/%: $(O)/san/tests/unit/%.o tests/unit/%.c $$(addprefix \
	$(O)/san/,$$(subst .c,.o,$$(shell tools/test-sources sources \
	tests/unit/$$*.c)))
	@mkdir -p $(@D)
	@echo "  TEST  $@"
	$(Q)$(CC) $(SAN_CFLAGS) -o $@ $(filter %.o,$^) -lcmocka \
		$$(tools/test-sources libs tests/unit/$*.c)
unit: $(UNIT) ## run the unit tests
	@for t in $(UNIT); do echo "== $$t"; $$t || exit 1; done

# ---- guest tests: programs that run on Linux and in every instance -----
# Each tests/guest/NAME.c exits 0 if all is well, 77 to skip with a reason. A
# line "only: musl" or "only: glibc" limits the C library.
GUEST_SRC := $(sort $(wildcard tests/guest/*.c))
GUEST_NAMES := $(patsubst tests/guest/%.c,%,$(GUEST_SRC))
GUEST := $(patsubst %,$(O)/guest/musl/%,$(GUEST_NAMES)) \
	$(patsubst %,$(O)/guest/glibc/%,$(GUEST_NAMES))
GUEST_CFLAGS := -std=gnu11 -g -O1 -Wall -Wextra -D_GNU_SOURCE -I.
$(O)/guest/musl/%: tests/guest/%.c $(wildcard tests/guest/*.h) | $(O)/uapi/.done
	@mkdir -p $(@D)
	@echo "  GUEST $@"
	$(Q)gcc $(GUEST_CFLAGS) -no-pie -static -nostdinc -isystem $(MUSL_INC) \
		-isystem $(O)/uapi \
		-isystem $$(gcc -print-file-name=include) -nostdlib -o $@ \
		$(MUSL)/crt1.o $(MUSL)/crti.o $< $(MUSL)/libc.a \
		$$(gcc -print-libgcc-file-name) $(MUSL)/crtn.o
$(O)/guest/glibc/%: tests/guest/%.c $(wildcard tests/guest/*.h)
	@mkdir -p $(@D)
	@echo "  GUEST $@"
	$(Q)gcc $(GUEST_CFLAGS) -o $@ $< -pthread -lrt -lm
guest: $(GUEST) ## build the guest test programs

# ---- tests -------------------------------------------------------------
PYTEST := /usr/bin/python3 -m pytest -q -rs -p no:cacheprovider
test: all unit guest abi-test ## all tests of the default set (skips are printed)
	O=$(O) $(PYTEST) tests
test-all: all unit guest abi-test ## the same, and every guest test on every platform
	-tools/debian-kernel $(O)/debian-kernel
	O=$(O) EINKORN_TEST_ALL=1 $(PYTEST) tests

# PLATFORM: one or several, with commas.
PLATFORM := proc
programs: all ## all of tests/programs on PLATFORM, write docs/programs.md
	O=$(O) EINKORN_PROGRAMS=$(PLATFORM) \
		EINKORN_PROGRAMS_RESULTS=tests/programs/results.json \
		$(PYTEST) tests/programs; \
		status=$$?; tools/gen-programs > docs/programs.md; exit $$status

bench: all bench-programs ## measure (30 minutes, QUICK=1: 5, BUDGET=MINUTES), write docs/performance.md
	O=$(O) bench/bench; status=$$?; bench/report && exit $$status
bench-programs: ## what `make bench` needs beside packages
	O=$(O) bench/prepare

docs-syscalls: ## generate docs/syscalls.md from kernel/linux/table.c
	tools/gen-syscalls > docs/syscalls.md

# ---- lint --------------------------------------------------------------
C_FILES = $(shell git ls-files '*.c' '*.h')
lint: lint-layers lint-format lint-clang lint-cppcheck lint-tidy ## all static checks
lint-layers: ## who includes whom (layers.txt)
	tools/check-layers
lint-format: ## clang-format decides
	clang-format --dry-run -Werror $(C_FILES)
lint-clang: ## the other compiler, warnings are errors
	$(MAKE) CC=clang O=$(O)-clang all
lint-cppcheck: ## cppcheck over everything
	cppcheck -q --std=c11 --enable=warning,portability --inline-suppr \
		--suppressions-list=tools/cppcheck.txt \
		--library=tools/cppcheck.cfg --error-exitcode=1 -I. \
		-j2 abi lib kernel tender host cmd
lint-tidy: compile_commands.json ## clang-tidy over everything
	clang-tidy -quiet -p . $(filter-out tests/% tools/% bench/%,$(filter %.c,$(C_FILES)))
	clang-tidy -quiet $(filter bench/%.c,$(C_FILES)) -- -std=gnu11 -O2 \
		-D_GNU_SOURCE -I.
compile_commands.json: Makefile ## for editors and clang-tidy
	@$(MAKE) -s --no-print-directory -Bn Q= O=$(O) CC=clang all 2>/dev/null | \
		tools/compile-commands > $@

clean: ## remove what was built
	rm -rf $(O)

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | \
		awk -F':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

.PHONY: all unit guest bench bench-programs programs test test-all lint lint-layers lint-format lint-clang \
	lint-cppcheck lint-tidy clean help
.DELETE_ON_ERROR:
-include $(shell find $(O) -name '*.d' 2>/dev/null)
