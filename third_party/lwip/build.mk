# SPDX-License-Identifier: BSD-2-Clause
# lwIP, unmodified: fetched when it is missing, compiled with our port headers.
# No -Werror and no warnings: the code is not ours.

LWIP_DIR := third_party/lwip
LWIP_STAMP := $(LWIP_DIR)/src/.fetched-2.1.3+dfsg1-2
LWIP_INC := -I$(LWIP_DIR)/port -I$(LWIP_DIR)/src/src/include
LWIP_SRC := $(addprefix core/,def.c inet_chksum.c init.c ip.c mem.c memp.c \
	netif.c pbuf.c raw.c udp.c \
	ipv4/dhcp.c ipv4/etharp.c ipv4/icmp.c ipv4/igmp.c \
	ipv4/ip4_addr.c ipv4/ip4.c ipv4/ip4_frag.c ipv6/ethip6.c ipv6/icmp6.c \
	ipv6/inet6.c ipv6/ip6_addr.c ipv6/ip6.c ipv6/ip6_frag.c ipv6/mld6.c \
	ipv6/nd6.c) netif/ethernet.c
LWIP_OBJ := $(patsubst %.c,$(O)/lwip/%.o,$(LWIP_SRC))

$(LWIP_STAMP):
	@echo "  FETCH lwip"
	$(Q)$(LWIP_DIR)/fetch.sh

# The sources appear with the stamp.
$(addprefix $(LWIP_DIR)/src/src/,$(LWIP_SRC)): $(LWIP_STAMP) ;

$(O)/lwip/%.o: $(LWIP_DIR)/src/src/%.c $(LWIP_STAMP) | $(O)/uapi/.done
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(filter-out -Werror,$(FREE)) -w $(LWIP_INC) \
		-isystem $(LWIP_DIR)/port/libc -c -o $@ $<

# Ours, on top of it: the only files that see lwIP's headers.
$(O)/kern/kernel/net/lwip/%.o: KERNEL_CFLAGS += -isystem $(LWIP_DIR)/port \
	-isystem $(LWIP_DIR)/src/src/include -isystem $(LWIP_DIR)/port/libc
# System headers are not in the dependency files: name ours here.
$(patsubst %.c,$(O)/kern/%.o,$(wildcard kernel/net/lwip/*.c)): \
	$(wildcard $(LWIP_DIR)/port/*.h $(LWIP_DIR)/port/*/*.h) | $(LWIP_STAMP)
