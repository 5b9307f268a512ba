# SPDX-License-Identifier: BSD-2-Clause
docs-host-calls: $(LIBEXEC)/einkorn-proc ## write docs/host-calls.md
	$< --print-host-calls > docs/host-calls.md
.PHONY: docs-host-calls
