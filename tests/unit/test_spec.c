/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: host/instance/spec.c host/instance/spec_place.c */
/* sources: host/common/err.c */
/* Values of `run`'s options. */
#include "host/instance/spec.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct spec spec;
static struct err err;

static int reset(void **state)
{
    (void)state;
    memset(&spec, 0, sizeof(spec));
    memset(&err, 0, sizeof(err));
    return 0;
}

static void test_spec_port_forms(void **state)
{
    (void)state;
    assert_int_equal(spec_add_port(&spec, "8080:80", &err), 0);
    assert_int_equal(spec_add_port(&spec, "127.0.0.1:53:5353/udp", &err), 0);
    assert_int_equal(spec_add_port(&spec, "1:65535/tcp", &err), 0);
    assert_int_equal(spec.nr_ports, 3);
    assert_int_equal(spec.ports[0].host_ip, 0);
    assert_int_equal(spec.ports[0].host_port, 8080);
    assert_int_equal(spec.ports[0].guest_port, 80);
    assert_false(spec.ports[0].is_udp);
    assert_int_equal(ntohl(spec.ports[1].host_ip), 0x7f000001);
    assert_int_equal(spec.ports[1].guest_port, 5353);
    assert_true(spec.ports[1].is_udp);
    assert_int_equal(spec.ports[2].guest_port, 65535);
}

static void test_spec_port_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "80",
        ":80",
        "80:",
        "0:80",
        "80:0",
        "65536:1",
        "-1:1",
        "+1:1",
        " 1:1",
        "1:1 ",
        "1:2/",
        "1:2/sctp",
        "a:b",
        "1:2:3:4",
        "1.2.3:1:2",
        "[::1]:1:2",
        "1.2.3.4:1",
        "999.1.1.1:1:2",
        "1111111111111111111111111111111111111111111111111111111111111111:1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        memset(&err, 0, sizeof(err));
        assert_int_equal(spec_add_port(&spec, bad[i], &err), -1);
        assert_int_equal(err.status, ERR_TOOL);
        assert_int_equal(spec.nr_ports, 0);
    }
}

static void test_spec_ip_forms(void **state)
{
    static const char *const bad[] = {
        "", "10.0.0", "0.0.0.0", "10.0.0.256", "10.0.0.1/24", "::1", "host"};

    (void)state;
    assert_int_equal(spec_set_ip(&spec, "10.114.0.7", &err), 0);
    assert_int_equal(ntohl(spec.ip), 0x0a720007);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        memset(&err, 0, sizeof(err));
        assert_int_equal(spec_set_ip(&spec, bad[i], &err), -1);
        assert_int_equal(err.status, ERR_TOOL);
    }
    assert_int_equal(ntohl(spec.ip), 0x0a720007);
}

static void test_spec_port_limit(void **state)
{
    (void)state;
    for (int i = 0; i < MAX_PORTS; i++) {
        assert_int_equal(spec_add_port(&spec, "1:1", &err), 0);
    }
    assert_int_equal(spec_add_port(&spec, "1:1", &err), -1);
}

static void check_mem(const char *text, uint64_t bytes)
{
    assert_int_equal(spec_set_mem(&spec, text, &err), 0);
    assert_int_equal(spec.mem_bytes, bytes);
}

static void test_spec_mem(void **state)
{
    static const char *const bad[] = {"",
                                      "m",
                                      "-1m",
                                      "1x",
                                      "64mm",
                                      "64mx",
                                      "16777216t",
                                      "1k",
                                      "3m",
                                      "18446744073709551616",
                                      "99999999999999999999999m"};

    (void)state;
    check_mem("8m", 8u << 20);
    check_mem("64M", 64u << 20);
    check_mem("64mb", 64u << 20);
    check_mem("64MiB", 64u << 20);
    check_mem("1g", 1u << 30);
    check_mem("33554432", 32u << 20);
    check_mem("33554432b", 32u << 20);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(spec_set_mem(&spec, bad[i], &err), -1);
    }
}

static void test_spec_volume(void **state)
{
    char a[] = "/srv:/data", b[] = "./tests:/data:ro", c[] = "/srv:data",
         d[] = "/srv", e[] = "/srv:/d:wo", f[] = "/no/such:/data",
         g[] = "store:/data";

    (void)state;
    assert_int_equal(spec_add_volume(&spec, a, &err), 0);
    assert_int_equal(spec_add_volume(&spec, b, &err), 0);
    assert_string_equal(spec.volumes[0].host, "/srv");
    assert_string_equal(spec.volumes[0].guest, "/data");
    assert_false(spec.volumes[0].read_only);
    assert_int_equal(spec.volumes[1].host[0], '/');
    assert_string_equal(strrchr(spec.volumes[1].host, '/'), "/tests");
    assert_true(spec.volumes[1].read_only);
    assert_int_equal(spec_add_volume(&spec, c, &err), -1);
    assert_int_equal(spec_add_volume(&spec, d, &err), -1);
    assert_int_equal(spec_add_volume(&spec, e, &err), -1);
    assert_int_equal(spec_add_volume(&spec, g, &err), 0);
    assert_string_equal(spec.volumes[2].name, "store");
    assert_null(spec.volumes[2].host);
    assert_null(spec.volumes[1].name);
    err = (struct err){0};
    assert_int_equal(spec_add_volume(&spec, f, &err), -1);
    assert_non_null(strstr(err.text, "mkdir"));
    for (int i = 0; i < spec.nr_volumes; i++) {
        free((void *)spec.volumes[i].host);
    }
}

static void test_spec_env(void **state)
{
    (void)state;
    setenv("SPEC_TEST", "own", 1);
    unsetenv("SPEC_NONE");
    assert_int_equal(spec_add_env(&spec, "A=b=c", &err), 0);
    assert_int_equal(spec_add_env(&spec, "SPEC_TEST", &err), 0);
    assert_int_equal(spec_add_env(&spec, "SPEC_NONE", &err), 0);
    assert_int_equal(spec.nr_env, 2);
    assert_string_equal(spec.env[0], "A=b=c");
    assert_string_equal(spec.env[1], "SPEC_TEST=own");
    assert_int_equal(spec_add_env(&spec, "=x", &err), -1);
    free((void *)(uintptr_t)spec.env[1]);
}

static void test_signal_names(void **state)
{
    (void)state;
    assert_int_equal(signal_parse("TERM"), 15);
    assert_int_equal(signal_parse("sigkill"), 9);
    assert_int_equal(signal_parse("SIGSYS"), 31);
    assert_int_equal(signal_parse("64"), 64);
    assert_int_equal(signal_parse("0"), -1);
    assert_int_equal(signal_parse("65"), -1);
    assert_int_equal(signal_parse("9x"), -1);
    assert_int_equal(signal_parse("SIG"), -1);
    assert_int_equal(signal_parse(""), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_spec_port_forms, reset),
        cmocka_unit_test_setup(test_spec_port_refused, reset),
        cmocka_unit_test_setup(test_spec_ip_forms, reset),
        cmocka_unit_test_setup(test_spec_port_limit, reset),
        cmocka_unit_test_setup(test_spec_mem, reset),
        cmocka_unit_test_setup(test_spec_volume, reset),
        cmocka_unit_test_setup(test_spec_env, reset),
        cmocka_unit_test_setup(test_signal_names, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
