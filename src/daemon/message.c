/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/message.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "control/channel.h"

/* Reads members of one object; the first fault sticks. */
struct reader {
    const cJSON *object;
    const char *op;
    struct beam_why *why;
    int err;
};

static const cJSON *member(const struct reader *r, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(r->object, key);
}

static void fault(struct reader *r, const char *key, const char *must)
{
    if (r->err == 0)
        r->err = beam_why(r->why, BEAM_EINVAL, "%s: \"%s\" must be %s", r->op, key, must);
}

static const char *read_text(struct reader *r, const char *key, size_t max)
{
    const cJSON *m = member(r, key);
    if (!m)
        return NULL;
    if (!cJSON_IsString(m) || !m->valuestring[0])
        fault(r, key, "a text that is not empty");
    else if (strlen(m->valuestring) > max)
        fault(r, key, max == MESSAGE_WORD_MAX ? "at most 255 bytes" : "at most 4096 bytes");
    else
        return m->valuestring;
    return NULL;
}

static const char *read_file(struct reader *r, const char *key)
{
    const char *path = read_text(r, key, MESSAGE_TEXT_MAX);
    if (path && path[0] != '/')
        fault(r, key, "an absolute path");
    return path;
}

static bool read_bool(struct reader *r, const char *key)
{
    const cJSON *m = member(r, key);
    if (m && !cJSON_IsBool(m))
        fault(r, key, "true or false");
    return cJSON_IsTrue(m);
}

static bool whole_number(const cJSON *m, uint64_t *out)
{
    if (!cJSON_IsNumber(m) || !(m->valuedouble >= 0) || m->valuedouble > (double)MESSAGE_ID_MAX ||
        m->valuedouble != (double)(uint64_t)m->valuedouble)
        return false;
    *out = (uint64_t)m->valuedouble;
    return true;
}

static uint64_t read_number(struct reader *r, const char *key)
{
    const cJSON *m = member(r, key);
    uint64_t n = 0;
    if (m && !whole_number(m, &n))
        fault(r, key, "a whole number of at most 15 digits");
    return n;
}

static const cJSON *read_options(struct reader *r)
{
    const cJSON *m = member(r, "options"), *item;
    if (!m)
        return NULL;
    if (!cJSON_IsArray(m) || cJSON_GetArraySize(m) > MESSAGE_OPTIONS_MAX) {
        fault(r, "options", "an array of at most 128 texts");
        return NULL;
    }
    cJSON_ArrayForEach(item,
                       m) if (!cJSON_IsString(item) || strlen(item->valuestring) > MESSAGE_TEXT_MAX)
        fault(r, "options", "texts of at most 4096 bytes");
    return m;
}

static unsigned path_of(const cJSON *item)
{
    static const enum policy_path all[] = {POLICY_ONION, POLICY_RELAY};
    for (size_t i = 0; cJSON_IsString(item) && i < sizeof(all) / sizeof(all[0]); i++)
        if (strcmp(item->valuestring, policy_path_name(all[i])) == 0)
            return all[i];
    return 0;
}

static unsigned read_paths(struct reader *r)
{
    const cJSON *m = member(r, "paths"), *item;
    unsigned paths = 0;
    if (m && (!cJSON_IsArray(m) || cJSON_GetArraySize(m) == 0))
        fault(r, "paths", "an array of paths that is not empty");
    cJSON_ArrayForEach(item, m)
    {
        if (path_of(item) == 0)
            fault(r, "paths", "of the paths there are: " POLICY_PATHS_TEXT);
        paths |= path_of(item);
    }
    return paths;
}

static const cJSON *read_relays(struct reader *r)
{
    const cJSON *m = member(r, "relays"), *item;
    if (m && (!cJSON_IsArray(m) || cJSON_GetArraySize(m) == 0 ||
              cJSON_GetArraySize(m) > MESSAGE_RELAYS_MAX))
        fault(r, "relays", "an array of 1 to 8 texts");
    cJSON_ArrayForEach(item, m)
    {
        if (!cJSON_IsString(item) || strlen(item->valuestring) > MESSAGE_TEXT_MAX)
            fault(r, "relays", "texts of at most 4096 bytes");
    }
    return m;
}

static void read_egress(struct reader *r, struct message *m)
{
    const char *text = read_text(r, "egress", MESSAGE_WORD_MAX);
    if (!text)
        return;
    m->publish.has_egress = policy_egress_parse(text, &m->publish.egress) == 0;
    if (!m->publish.has_egress)
        fault(r, "egress", "tor, lan or any");
}

/* As it was typed; 0: none. */
static uint16_t read_port(struct reader *r, const char *key)
{
    uint64_t port = 0;
    const char *text = read_text(r, key, MESSAGE_WORD_MAX);
    if (text && (text_number(text, strlen(text), UINT16_MAX, &port) < 0 || port == 0))
        fault(r, key, "1 to 65535, as text");
    return (uint16_t)port;
}

static void read_publish(struct reader *r, struct message *m)
{
    m->publish.target = read_text(r, "target", MESSAGE_WORD_MAX);
    m->publish.name = read_text(r, "name", MESSAGE_WORD_MAX);
    m->publish.policy = read_text(r, "policy", MESSAGE_WORD_MAX);
    m->publish.client_auth = read_file(r, "client_auth");
    m->publish.basic_auth = read_file(r, "basic_auth");
    m->publish.proto = read_text(r, "proto", MESSAGE_WORD_MAX);
    if (m->publish.proto && strcmp(m->publish.proto, "http") != 0 &&
        strcmp(m->publish.proto, "tcp") != 0 && strcmp(m->publish.proto, "udp") != 0)
        fault(r, "proto", "http, tcp or udp");
    m->publish.relay_port = read_port(r, "relay_port");
    m->publish.tls_passthrough = read_bool(r, "tls_passthrough");
    m->publish.tls_certificate = read_file(r, "tls_certificate");
    m->publish.tls_key = read_file(r, "tls_key");
    m->publish.allow = read_text(r, "allow", MESSAGE_WORD_MAX) != NULL;
    m->publish.paths = read_paths(r);
    m->publish.relays = read_relays(r);
    m->publish.ephemeral = read_bool(r, "ephemeral");
    m->publish.detach = read_bool(r, "detach");
    read_egress(r, m);
    if (r->err == 0 && !m->publish.target)
        fault(r, "target", "given");
    if (r->err == 0 && m->publish.policy && (m->publish.paths || m->publish.has_egress))
        fault(r, "policy", "alone: it has paths and an egress of its own");
}

static void read_stop(struct reader *r, struct message *m)
{
    bool all = read_bool(r, "all"), one = member(r, "tunnel") != NULL;
    if (cJSON_IsNumber(member(r, "tunnel")))
        m->stop.id = read_number(r, "tunnel");
    else
        m->stop.tunnel = read_text(r, "tunnel", MESSAGE_WORD_MAX);
    if (r->err == 0 && (all == one || (one && !m->stop.tunnel && m->stop.id == 0)))
        fault(r, "tunnel", "a name or an id, or \"all\" true, and not both");
}

static void read_unlock(struct reader *r, struct message *m)
{
    static const char digits[] = "0123456789abcdef";
    const char *key = read_text(r, "key", MESSAGE_WORD_MAX);
    if (r->err == 0 && (!key || strlen(key) != MESSAGE_KEY_LEN || key[strspn(key, digits)]))
        fault(r, "key", "32 bytes in lower-case hex");
    m->unlock.key = key;
}

static void read_network(struct reader *r, struct message *m)
{
    static const char *const names[] = {"status", "peers", "bootstrap", "ping", "routes", "relays"};
    const char *what = read_text(r, "what", MESSAGE_WORD_MAX);
    size_t i = 0;
    while (what && i < sizeof(names) / sizeof(names[0]) && strcmp(what, names[i]) != 0)
        i++;
    if (r->err == 0 && (!what || i == sizeof(names) / sizeof(names[0])))
        fault(r, "what", "one of status, peers, bootstrap, ping, routes, relays");
    m->network.what = (enum message_network)i;
    m->network.address = read_text(r, "address", MESSAGE_TEXT_MAX);
    if (r->err == 0 && m->network.what == MESSAGE_NETWORK_PING && !m->network.address)
        fault(r, "address", "given");
}

static int read_op(struct reader *r, enum message_op *out)
{
    static const char *const names[] = {"publish", "status", "stop", "lock", "unlock", "network"};
    r->op = "request";
    const char *op = read_text(r, "op", MESSAGE_WORD_MAX);
    for (size_t i = 0; op && i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(op, names[i]) == 0) {
            *out = (enum message_op)i;
            r->op = names[i];
            return 0;
        }
    }
    fault(r, "op", "one of publish, status, stop, lock, unlock, network");
    return r->err;
}

uint64_t message_id(const cJSON *object)
{
    uint64_t id = 0;
    return whole_number(cJSON_GetObjectItemCaseSensitive(object, "id"), &id) ? id : 0;
}

int message_parse(const cJSON *object, struct message *out, struct beam_why *why)
{
    struct reader r = {.object = object, .why = why};
    struct message m = {.id = message_id(object)};
    if (read_op(&r, &m.op) < 0)
        return r.err;
    if (m.id == 0)
        fault(&r, "id", "a whole number from 1, of at most 15 digits");
    m.config = read_text(&r, "config", MESSAGE_TEXT_MAX);
    m.options = read_options(&r);
    switch (m.op) {
    case MESSAGE_PUBLISH:
        read_publish(&r, &m);
        break;
    case MESSAGE_STATUS:
        m.status.after = read_number(&r, "after");
        break;
    case MESSAGE_STOP:
        read_stop(&r, &m);
        break;
    case MESSAGE_LOCK:
        break;
    case MESSAGE_UNLOCK:
        read_unlock(&r, &m);
        break;
    case MESSAGE_NETWORK:
        read_network(&r, &m);
        break;
    }
    if (r.err == 0)
        *out = m;
    return r.err;
}

cJSON *message_greeting(const char *version, long pid)
{
    cJSON *o = cJSON_CreateObject();
    return json_whole(o, cJSON_AddStringToObject(o, "beam", version) &&
                             cJSON_AddNumberToObject(o, "protocol", CONTROL_VERSION) &&
                             cJSON_AddNumberToObject(o, "pid", (double)pid));
}

cJSON *message_reply(uint64_t id)
{
    cJSON *o = cJSON_CreateObject();
    return json_whole(o, cJSON_AddNumberToObject(o, "reply", (double)id) &&
                             cJSON_AddTrueToObject(o, "ok"));
}

cJSON *message_error(uint64_t id, const struct beam_why *why)
{
    cJSON *o = cJSON_CreateObject();
    bool whole = cJSON_AddNumberToObject(o, "reply", (double)id) != NULL;
    cJSON *error = whole ? cJSON_AddObjectToObject(o, "error") : NULL;
    return json_whole(o, error &&
                             cJSON_AddStringToObject(error, "code", beam_err_name(why->code)) &&
                             cJSON_AddStringToObject(error, "text", why->text));
}
