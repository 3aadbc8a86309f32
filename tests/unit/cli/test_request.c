/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/tunnel/folder.h"

static void is_printed(cJSON *o, const char *text)
{
    char *printed = cJSON_PrintUnformatted(o);
    cr_assert_not_null(printed);
    cr_expect_str_eq(printed, text);
    cJSON_free(printed);
    cJSON_Delete(o);
}

BEAM_TEST(request, publish)
{
    const struct request_common none = {0};
    const struct options least = {.operand = "3000"};
    is_printed(request_publish(1, &none, &least),
               "{\"op\":\"publish\",\"id\":1,\"target\":\"3000\","
               "\"ephemeral\":false,\"detach\":false}");
    char a[] = "a.b=c", *assignments[] = {a}, config[] = "/c";
    const struct request_common common = {.config = config, .assignments = assignments, .count = 1};
    const struct options most = {.operand = "unix:/a b",
                                 .name = "n",
                                 .tor = true,
                                 .egress = "any",
                                 .proto = "http",
                                 .relay_port = "20001",
                                 .client_auth = "/keys",
                                 .basic_auth = "/words",
                                 .allow = "::/0",
                                 .tls_passthrough = true,
                                 .tls_certificate = "/pem",
                                 .tls_key = "/key",
                                 .ephemeral = true,
                                 .detach = true};
    is_printed(request_publish(2, &common, &most),
               "{\"op\":\"publish\",\"id\":2,\"config\":\"/c\",\"options\":[\"a.b=c\"],"
               "\"target\":\"unix:/a b\",\"name\":\"n\",\"paths\":[\"onion\"],\"egress\":\"any\","
               "\"proto\":\"http\","
               "\"relay_port\":\"20001\",\"client_auth\":\"/keys\",\"basic_auth\":\"/words\","
               "\"allow\":\"::/0\",\"tls_passthrough\":true,"
               "\"tls_certificate\":\"/pem\",\"tls_key\":\"/key\","
               "\"ephemeral\":true,\"detach\":true}");
    const struct options policy = {.operand = "1", .policy = "p"};
    is_printed(request_publish(3, &none, &policy),
               "{\"op\":\"publish\",\"id\":3,\"target\":\"1\",\"policy\":\"p\","
               "\"ephemeral\":false,\"detach\":false}");
}

BEAM_TEST(request, a_unix_path_is_taken_from_here)
{
    struct folder f = folder_make();
    char wanted[256];
    const struct request_common none = {0};
    const struct options o = {.operand = "unix:app.sock"};
    cr_assert_eq(chdir(f.path), 0);
    cJSON *r = request_publish(1, &none, &o);
    cr_assert_not_null(r);
    snprintf(wanted, sizeof(wanted), "unix:%s/app.sock", f.path);
    cr_expect_str_eq(cJSON_GetObjectItem(r, "target")->valuestring, wanted);
    cJSON_Delete(r);
    cr_assert_eq(chdir("/"), 0);
    folder_remove(&f);
}

BEAM_TEST(request, status_and_stop)
{
    const struct request_common none = {0};
    is_printed(request_status(1, &none, 7), "{\"op\":\"status\",\"id\":1,\"after\":7}");
    is_printed(request_stop(2, &none, "a"), "{\"op\":\"stop\",\"id\":2,\"tunnel\":\"a\"}");
    is_printed(request_stop(3, &none, NULL), "{\"op\":\"stop\",\"id\":3,\"all\":true}");
    is_printed(request_stop_id(4, 17), "{\"op\":\"stop\",\"id\":4,\"tunnel\":17}");
    is_printed(request_lock(5, &none), "{\"op\":\"lock\",\"id\":5}");
    is_printed(request_unlock(6, &none, "00ff"), "{\"op\":\"unlock\",\"id\":6,\"key\":\"00ff\"}");
}

BEAM_TEST(request, assignments_are_made_absolute_and_the_last_of_a_key_counts)
{
    struct folder f = folder_make();
    char wanted[256];
    const char *given[] = {"tor.torrc=sub/torrc", "log.scrub=off", "daemon.linger=1000ms",
                           "log.scrub=on"};
    const struct options o = {.assignments = given, .assignment_count = 4};
    struct request_common c = {0};
    struct beam_why why = {0};
    cr_assert_eq(chdir(f.path), 0);
    cr_assert_eq(request_common(&o, &c, &why), 0, "%s", why.text);
    cr_assert_eq(c.count, 4);
    snprintf(wanted, sizeof(wanted), "tor.torrc=%s/sub/torrc", f.path);
    cr_expect_str_eq(c.assignments[0], wanted);
    cr_expect_str_eq(c.assignments[1], "log.scrub=yes");
    cr_expect_str_eq(c.assignments[3], "log.scrub=yes");
    cr_expect_null(c.config);
    request_common_clear(&c);
    cr_assert_eq(chdir("/"), 0);
    folder_remove(&f);
}

BEAM_TEST(request, what_is_wrong_in_an_assignment_is_usage)
{
    static const char *const bad[] = {"tor.binari=x", "x.y=z", "daemon.linger=soon",
                                      "tunnel.max_streams=0"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *given[] = {bad[i]};
        const struct options o = {.assignments = given, .assignment_count = 1};
        struct request_common c = {0};
        struct beam_why why = {0};
        cr_expect_eq(request_common(&o, &c, &why), BEAM_EUSAGE, "%s", bad[i]);
        cr_expect_eq(why.code, BEAM_EUSAGE);
    }
}

BEAM_TEST(request, the_configuration_is_absolute_and_there)
{
    struct folder f = folder_make();
    char wanted[256];
    const struct options o = {.config = "beam.conf"};
    struct request_common c = {0};
    struct beam_why why = {0};
    cr_assert_eq(chdir(f.path), 0);
    cr_expect_eq(request_common(&o, &c, &why), BEAM_ENOTFOUND);
    cr_expect_not_null(strstr(why.text, "--config beam.conf"), "%s", why.text);
    cr_assert_eq(file_write("beam.conf", 0600, "", 0), 0);
    cr_assert_eq(request_common(&o, &c, &why), 0);
    snprintf(wanted, sizeof(wanted), "%s/beam.conf", f.path);
    cr_expect_str_eq(c.config, wanted);
    request_common_clear(&c);
    cr_assert_eq(chdir("/"), 0);
    folder_remove(&f);
}

static int outcome(const char *text, struct beam_why *why)
{
    cJSON *m = cJSON_Parse(text);
    cr_assert_not_null(m, "%s", text);
    int err = request_outcome(m, 3, why);
    cJSON_Delete(m);
    return err;
}

BEAM_TEST(request, outcomes)
{
    struct beam_why why = {0};
    cr_expect_eq(outcome("{\"reply\":3,\"ok\":true}", &why), 0);
    cr_expect_eq(outcome("{\"reply\":2,\"ok\":true}", &why), BEAM_EAGAIN);
    cr_expect_eq(outcome("{\"event\":\"ready\"}", &why), BEAM_EAGAIN);
    cr_expect_eq(outcome("{\"reply\":3,\"error\":{\"code\":\"policy\",\"text\":\"no\"}}", &why),
                 BEAM_EPOLICY);
    cr_expect_str_eq(why.text, "no");
    cr_expect_eq(outcome("{\"reply\":0,\"error\":{\"code\":\"usage\",\"text\":\"x\"}}", &why),
                 BEAM_EUSAGE);
    cr_expect_eq(outcome("{\"reply\":3,\"error\":{\"code\":\"unheard of\"}}", &why), BEAM_EPROTO);
    cr_expect_eq(outcome("{\"reply\":3,\"error\":7}", &why), BEAM_EPROTO);
    cr_expect(why.text[0]);
}

/* Every code goes there and back by its name. */
BEAM_TEST(request, codes_by_name)
{
    for (int code = BEAM_ENOMEM; code >= BEAM_ENODAEMON; code--) {
        struct beam_why why = {0};
        char text[128];
        snprintf(text, sizeof(text), "{\"reply\":3,\"error\":{\"code\":\"%s\",\"text\":\"t\"}}",
                 beam_err_name(code));
        cr_expect_eq(outcome(text, &why), code, "%s", text);
    }
}

BEAM_TEST(request, network)
{
    is_printed(request_network(1, NULL, "status", NULL),
               "{\"op\":\"network\",\"id\":1,\"what\":\"status\"}");
    is_printed(request_network(2, NULL, "ping", "/a"),
               "{\"op\":\"network\",\"id\":2,\"what\":\"ping\",\"address\":\"/a\"}");
}
