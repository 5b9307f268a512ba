# SPDX-License-Identifier: BSD-2-Clause
"""Real clients. Each function uses a running server twice: under load when
`server.first`, then restarted, when it also looks for what must be left."""
