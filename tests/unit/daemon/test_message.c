/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/harness.h"

static cJSON *object_of(const char *text)
{
    cJSON *o = cJSON_Parse(text);
    cr_assert_not_null(o, "%s", text);
    return o;
}

static int parse(const char *text, struct message *m, struct beam_why *why)
{
    static cJSON *kept; /* the message borrows from it */
    cJSON_Delete(kept);
    kept = text ? object_of(text) : NULL;
    return text ? message_parse(kept, m, why) : 0;
}

BEAM_TEST(message, publish_in_full)
{
    struct message m;
    int err = parse(
        "{\"op\":\"publish\",\"id\":7,\"target\":\"3000\",\"name\":\"a\","
        "\"paths\":[\"onion\",\"onion\"],\"egress\":\"any\",\"ephemeral\":true,"
        "\"client_auth\":\"/f\",\"basic_auth\":\"/g\",\"proto\":\"tcp\",\"relay_port\":\"20001\","
        "\"allow\":\"::/0\",\"tls_passthrough\":true,\"tls_certificate\":\"/p\",\"tls_key\":\"/k\","
        "\"detach\":true,\"config\":\"/c\",\"options\":[\"a.b=c\",\"d.e=\"],\"new\":{}}",
        &m, NULL);
    cr_assert_eq(err, 0);
    cr_expect_eq(m.id, 7);
    cr_expect_eq(m.op, MESSAGE_PUBLISH);
    cr_expect_str_eq(m.publish.target, "3000");
    cr_expect_str_eq(m.publish.name, "a");
    cr_expect_eq(m.publish.paths, POLICY_ONION);
    cr_expect(m.publish.has_egress);
    cr_expect_eq(m.publish.egress, POLICY_EGRESS_ANY);
    cr_expect(m.publish.ephemeral && m.publish.detach);
    cr_expect_null(m.publish.policy);
    cr_expect_str_eq(m.publish.client_auth, "/f");
    cr_expect_str_eq(m.publish.basic_auth, "/g");
    cr_expect_str_eq(m.publish.proto, "tcp");
    cr_expect_eq(m.publish.relay_port, 20001);
    cr_expect(m.publish.allow);
    cr_expect(m.publish.tls_passthrough);
    cr_expect_str_eq(m.publish.tls_certificate, "/p");
    cr_expect_str_eq(m.publish.tls_key, "/k");
    cr_expect_str_eq(m.config, "/c");
    cr_expect_eq(cJSON_GetArraySize(m.options), 2);
    parse(NULL, NULL, NULL);
}

BEAM_TEST(message, publish_at_its_least)
{
    struct message m;
    cr_assert_eq(parse("{\"id\":1,\"target\":\"unix:/a\",\"op\":\"publish\"}", &m, NULL), 0);
    cr_expect_str_eq(m.publish.target, "unix:/a");
    cr_expect(!m.publish.name && !m.publish.policy && !m.config && !m.options);
    cr_expect(!m.publish.paths && !m.publish.has_egress);
    cr_expect(!m.publish.ephemeral && !m.publish.detach);
    parse(NULL, NULL, NULL);
}

BEAM_TEST(message, status_and_stop)
{
    struct message m;
    cr_assert_eq(parse("{\"op\":\"status\",\"id\":999999999999999}", &m, NULL), 0);
    cr_expect_eq(m.op, MESSAGE_STATUS);
    cr_expect_eq(m.id, MESSAGE_ID_MAX);
    cr_expect_eq(m.status.after, 0);
    cr_assert_eq(parse("{\"op\":\"status\",\"id\":1,\"after\":17}", &m, NULL), 0);
    cr_expect_eq(m.status.after, 17);
    cr_assert_eq(parse("{\"op\":\"stop\",\"id\":1,\"tunnel\":\"17\"}", &m, NULL), 0);
    cr_expect_eq(m.op, MESSAGE_STOP);
    cr_expect_str_eq(m.stop.tunnel, "17");
    cr_expect_eq(m.stop.id, 0);
    cr_assert_eq(parse("{\"op\":\"stop\",\"id\":1,\"tunnel\":17}", &m, NULL), 0);
    cr_expect_null(m.stop.tunnel);
    cr_expect_eq(m.stop.id, 17);
    cr_assert_eq(parse("{\"op\":\"stop\",\"id\":1,\"all\":true}", &m, NULL), 0);
    cr_expect(!m.stop.tunnel && !m.stop.id);
    parse(NULL, NULL, NULL);
}

#define KEY "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

BEAM_TEST(message, lock_and_unlock)
{
    struct message m;
    cr_assert_eq(parse("{\"op\":\"lock\",\"id\":1}", &m, NULL), 0);
    cr_expect_eq(m.op, MESSAGE_LOCK);
    cr_assert_eq(parse("{\"op\":\"unlock\",\"id\":1,\"key\":\"" KEY "\"}", &m, NULL), 0);
    cr_expect_eq(m.op, MESSAGE_UNLOCK);
    cr_expect_str_eq(m.unlock.key, KEY);
    parse(NULL, NULL, NULL);
}

BEAM_TEST(message, what_is_wrong_is_named)
{
    static const struct {
        const char *text, *word;
    } bad[] = {
        {"{}", "\"op\""},
        {"{\"op\":1,\"id\":1}", "\"op\""},
        {"{\"op\":\"Status\",\"id\":1}", "publish, status, stop, lock, unlock"},
        {"{\"op\":\"status\"}", "\"id\""},
        {"{\"op\":\"status\",\"id\":0}", "\"id\""},
        {"{\"op\":\"status\",\"id\":-1}", "\"id\""},
        {"{\"op\":\"status\",\"id\":1.5}", "\"id\""},
        {"{\"op\":\"status\",\"id\":1000000000000000}", "\"id\""},
        {"{\"op\":\"status\",\"id\":1e999}", "\"id\""},
        {"{\"op\":\"status\",\"id\":\"1\"}", "\"id\""},
        {"{\"op\":\"status\",\"id\":1,\"after\":\"2\"}", "\"after\""},
        {"{\"op\":\"status\",\"id\":1,\"config\":true}", "\"config\""},
        {"{\"op\":\"status\",\"id\":1,\"options\":\"a.b=c\"}", "\"options\""},
        {"{\"op\":\"status\",\"id\":1,\"options\":[1]}", "\"options\""},
        {"{\"op\":\"publish\",\"id\":1}", "\"target\""},
        {"{\"op\":\"publish\",\"id\":1,\"target\":\"\"}", "\"target\""},
        {"{\"op\":\"publish\",\"id\":1,\"target\":3000}", "\"target\""},
        {"{\"op\":\"publish\",\"id\":1,\"target\":null}", "\"target\""},
        {"{\"op\":\"publish\",\"id\":1,\"target\":\"1\",\"paths\":[]}", "\"paths\""},
        {"{\"op\":\"publish\",\"id\":1,\"target\":\"1\",\"paths\":\"onion\"}", "\"paths\""},
        {"{\"op\":\"publish\",\"id\":1,\"target\":\"1\",\"paths\":[\"garlic\"]}", "\"paths\""},
        {"{\"op\":\"publish\",\"id\":1,\"target\":\"1\",\"egress\":\"all\"}", "\"egress\""},
        {"{\"op\":\"publish\",\"id\":1,\"target\":\"1\",\"ephemeral\":1}", "\"ephemeral\""},
        {"{\"op\":\"publish\",\"id\":1,\"target\":\"1\",\"detach\":\"no\"}", "\"detach\""},
        {"{\"op\":\"publish\",\"id\":1,\"target\":\"1\",\"policy\":\"a\",\"egress\":\"tor\"}",
         "\"policy\""},
        {"{\"op\":\"publish\",\"id\":1,\"target\":\"1\",\"policy\":\"a\",\"paths\":[\"onion\"]}",
         "\"policy\""},
        {"{\"op\":\"stop\",\"id\":1}", "\"tunnel\""},
        {"{\"op\":\"stop\",\"id\":1,\"tunnel\":0}", "\"tunnel\""},
        {"{\"op\":\"stop\",\"id\":1,\"tunnel\":[1]}", "\"tunnel\""},
        {"{\"op\":\"stop\",\"id\":1,\"tunnel\":\"a\",\"all\":true}", "\"tunnel\""},
        {"{\"op\":\"stop\",\"id\":1,\"all\":1}", "\"all\""},
        {"{\"op\":\"unlock\",\"id\":1}", "\"key\""},
        {"{\"op\":\"unlock\",\"id\":1,\"key\":1}", "\"key\""},
        {"{\"op\":\"unlock\",\"id\":1,\"key\":\"00\"}", "\"key\""},
        {"{\"op\":\"unlock\",\"id\":1,\"key\":\"" KEY "0\"}", "\"key\""},
        {"{\"op\":\"unlock\",\"id\":1,\"key\":\"G" KEY "\"}", "\"key\""},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct message m = {.id = 99};
        struct beam_why why = {0};
        cr_expect_eq(parse(bad[i].text, &m, &why), BEAM_EINVAL, "%s", bad[i].text);
        cr_expect_not_null(strstr(why.text, bad[i].word), "%s: %s", bad[i].text, why.text);
        cr_expect_eq(m.id, 99, "%s: touched", bad[i].text);
    }
    parse(NULL, NULL, NULL);
}

/* {"op":"publish","id":1,"target":"1","KEY":"aaa…"}, with `len` letters. */
static int parse_long(const char *key, size_t len)
{
    struct message m;
    size_t size = len + 128;
    char *text = malloc(size), *letters = malloc(len + 1);
    cr_assert(text && letters);
    memset(letters, 'a', len);
    letters[len] = '\0';
    snprintf(text, size, "{\"op\":\"publish\",\"id\":1,%s\"%s\":\"%s\"}",
             strcmp(key, "target") == 0 ? "" : "\"target\":\"1\",", key, letters);
    int err = parse(text, &m, NULL);
    parse(NULL, NULL, NULL);
    free(letters);
    free(text);
    return err;
}

BEAM_TEST(message, texts_are_bounded)
{
    static const char *const words[] = {"target", "name", "policy"};
    for (size_t i = 0; i < 3; i++) {
        cr_expect_eq(parse_long(words[i], MESSAGE_WORD_MAX), 0, "%s", words[i]);
        cr_expect_eq(parse_long(words[i], MESSAGE_WORD_MAX + 1), BEAM_EINVAL, "%s", words[i]);
    }
    cr_expect_eq(parse_long("config", MESSAGE_TEXT_MAX), 0);
    cr_expect_eq(parse_long("config", MESSAGE_TEXT_MAX + 1), BEAM_EINVAL);
}

BEAM_TEST(message, options_are_bounded)
{
    for (int n = MESSAGE_OPTIONS_MAX; n <= MESSAGE_OPTIONS_MAX + 1; n++) {
        struct message m;
        cJSON *o = object_of("{\"op\":\"status\",\"id\":1}");
        cJSON *array = cJSON_AddArrayToObject(o, "options");
        cr_assert_not_null(array);
        for (int i = 0; i < n; i++) {
            cJSON *item = cJSON_CreateString("a.b=c");
            cr_assert_not_null(item);
            cr_assert(cJSON_AddItemToArray(array, item));
        }
        cr_expect_eq(message_parse(o, &m, NULL), n > MESSAGE_OPTIONS_MAX ? BEAM_EINVAL : 0);
        cJSON_Delete(o);
    }
}

static void is_printed(cJSON *o, const char *text)
{
    char *printed = cJSON_PrintUnformatted(o);
    cr_assert_not_null(printed);
    cr_expect_str_eq(printed, text);
    cJSON_free(printed);
    cJSON_Delete(o);
}

BEAM_TEST(message, what_is_sent)
{
    struct beam_why why;
    beam_why(&why, BEAM_EPOLICY, "x: \"y\"");
    is_printed(message_greeting("1.2.3", 4), "{\"beam\":\"1.2.3\",\"protocol\":1,\"pid\":4}");
    is_printed(message_reply(5), "{\"reply\":5,\"ok\":true}");
    is_printed(message_error(6, &why),
               "{\"reply\":6,\"error\":{\"code\":\"policy\",\"text\":\"x: \\\"y\\\"\"}}");
}

BEAM_TEST(message, network)
{
    static const char *const bad[] = {
        "{\"op\":\"network\",\"id\":1}",
        "{\"op\":\"network\",\"id\":1,\"what\":\"roots\"}",
        "{\"op\":\"network\",\"id\":1,\"what\":7}",
        "{\"op\":\"network\",\"id\":1,\"what\":\"ping\"}",
        "{\"op\":\"network\",\"id\":1,\"what\":\"ping\",\"address\":[]}",
    };
    struct message m;
    struct beam_why why;
    cr_assert_eq(parse("{\"op\":\"network\",\"id\":1,\"what\":\"status\"}", &m, NULL), 0);
    cr_expect_eq(m.op, MESSAGE_NETWORK);
    cr_expect_eq(m.network.what, MESSAGE_NETWORK_STATUS);
    cr_expect_null(m.network.address);
    cr_assert_eq(parse("{\"op\":\"network\",\"id\":1,\"what\":\"bootstrap\"}", &m, NULL), 0);
    cr_expect_eq(m.network.what, MESSAGE_NETWORK_BOOTSTRAP);
    cr_assert_eq(
        parse("{\"op\":\"network\",\"id\":1,\"what\":\"ping\",\"address\":\"/a\"}", &m, NULL), 0);
    cr_expect_eq(m.network.what, MESSAGE_NETWORK_PING);
    cr_expect_str_eq(m.network.address, "/a");
    cr_assert_eq(parse("{\"op\":\"network\",\"id\":1,\"what\":\"routes\"}", &m, NULL), 0);
    cr_expect_eq(m.network.what, MESSAGE_NETWORK_ROUTES);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_lt(parse(bad[i], &m, &why), 0, "%s", bad[i]);
    parse(NULL, NULL, NULL);
}
