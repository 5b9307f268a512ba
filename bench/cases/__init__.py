# SPDX-License-Identifier: BSD-2-Clause
"""The list of cases, in the report's order.

A case is a function of one harness.Run; its docstring is its title. Its weight
is its share of the budget, about the seconds that it takes in five minutes;
it never gets more than `most` seconds.
"""


def case(weight, command, most=600):
    """Marks a function as a case. `command` is shown in the report."""
    def mark(function):
        function.weight = weight
        function.command = command
        function.most = most
        return function
    return mark


def title(function):
    return " ".join(function.__doc__.split())


from . import (crowd, dns, files, http, memory, micro,  # noqa: E402
               processor, reach, runtimes, start, stores, stream)

CASES = {f.__name__: f for f in (
    start.start_to_exit, start.start_as_vm, reach.first_response, reach.churn,
    http.http, http.http_files, crowd.many_connections, http.latency,
    processor.cpu_per_request, stores.redis, stores.memcached, dns.dns,
    stream.iperf, stream.stream_bound, stream.lossy_path, runtimes.runtimes,
    stores.sqlite, stores.mariadb, files.file_reads, files.file_churn,
    micro.system_calls, micro.two_cpus, runtimes.fast_share,
    memory.memory_idle, memory.memory_loaded, memory.density, micro.sizes)}
