/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "conf/conf.h"
#include "conf/value.h"

enum { VALUE_MAX = 4096 };

/* ---- what is common ---- */

static int read_config(const char *path, char **out, struct beam_why *why)
{
    if (access(path, R_OK) != 0)
        return beam_why(why, beam_err_errno(errno), "--config %s: %s", path, strerror(errno));
    int err = value_absolute(path, NULL, out);
    return err == 0 ? 0 : beam_why(why, err, "--config %s: %s", path, beam_err_text(err));
}

/* "section.key=value" as `c`, which it was set in, understood it. */
static int restate(const struct conf *c, const char *assignment, char **out, struct beam_why *why)
{
    char value[VALUE_MAX];
    char *key = strndup(assignment, strcspn(assignment, "="));
    if (key && conf_is_list(key)) { /* it holds all entries there are, and this is one */
        free(key);
        *out = strdup(assignment);
        return *out ? 0 : beam_why(why, BEAM_ENOMEM, "-o: out of memory");
    }
    int err = key ? conf_get(c, key, value, sizeof(value)) : BEAM_ENOMEM;
    if (err == 0 && asprintf(out, "%s=%s", key, value) < 0)
        err = BEAM_ENOMEM;
    if (err < 0)
        beam_why(why, err, "-o %s: %s", assignment, beam_err_text(err));
    free(key);
    return err;
}

static int read_assignments(const struct options *o, struct request_common *c, struct beam_why *why)
{
    struct conf *scratch = NULL;
    int err = conf_new(&scratch);
    if (err < 0)
        return beam_why(why, err, "-o: %s", beam_err_text(err));
    for (size_t i = 0; err == 0 && i < o->assignment_count; i++) {
        err = conf_set(scratch, o->assignments[i], why);
        if (err < 0 && err != BEAM_ENOMEM)
            err = why->code = BEAM_EUSAGE;
    }
    /* Once all are set: of a key that is given twice the last counts. */
    for (; err == 0 && c->count < o->assignment_count; c->count += err == 0)
        err = restate(scratch, o->assignments[c->count], &c->assignments[c->count], why);
    conf_free(scratch);
    return err;
}

int request_common(const struct options *o, struct request_common *out, struct beam_why *why)
{
    struct request_common c = {0};
    int err = 0;
    if (o->config)
        err = read_config(o->config, &c.config, why);
    if (err == 0) {
        c.assignments = calloc(o->assignment_count + 1, sizeof(*c.assignments));
        err = c.assignments ? read_assignments(o, &c, why)
                            : beam_why(why, BEAM_ENOMEM, "-o: out of memory");
    }
    if (err < 0) {
        request_common_clear(&c);
        return err;
    }
    *out = c;
    return 0;
}

void request_common_clear(struct request_common *c)
{
    for (size_t i = 0; i < c->count; i++)
        free(c->assignments[i]);
    free(c->assignments);
    free(c->config);
    *c = (struct request_common){0};
}

/* ---- requests ---- */

/* A text that is left out when NULL. */
static bool add_text(cJSON *o, const char *key, const char *text)
{
    return !text || cJSON_AddStringToObject(o, key, text);
}

static bool add_texts(cJSON *o, const char *key, const char *const *texts, size_t count)
{
    if (count == 0)
        return true;
    cJSON *array = cJSON_CreateStringArray(texts, (int)count);
    if (array && cJSON_AddItemToObject(o, key, array))
        return true;
    cJSON_Delete(array);
    return false;
}

static cJSON *new_request(const char *op, uint64_t id, const struct request_common *c)
{
    cJSON *o = cJSON_CreateObject();
    return json_whole(
        o, add_text(o, "op", op) && cJSON_AddNumberToObject(o, "id", (double)id) &&
               (!c || (add_text(o, "config", c->config) &&
                       add_texts(o, "options", (const char *const *)c->assignments, c->count))));
}

/* unix:PATH is taken from here; all else goes as it was typed. */
static bool add_target(cJSON *o, const char *target)
{
    static const char scheme[] = "unix:";
    const size_t len = sizeof(scheme) - 1;
    if (strncmp(target, scheme, len) != 0 || target[len] == '/' || !target[len])
        return add_text(o, "target", target);
    char *path = NULL, *whole = NULL;
    bool added = value_absolute(target + len, NULL, &path) == 0 &&
                 asprintf(&whole, "unix:%s", path) > 0 && add_text(o, "target", whole);
    free(whole);
    free(path);
    return added;
}

/* A path, absolute; left out when NULL. */
static bool add_path(cJSON *o, const char *key, const char *path)
{
    if (!path)
        return true;
    char *whole = NULL;
    bool added = value_absolute(path, NULL, &whole) == 0 && add_text(o, key, whole);
    free(whole);
    return added;
}

/* The paths that options name; none: the policy's. */
static bool add_paths(cJSON *o, const struct options *options)
{
    const char *paths[2];
    size_t n = 0;
    if (options->tor)
        paths[n++] = "onion";
    if (options->relay_count > 0)
        paths[n++] = "relay";
    return options->policy || add_texts(o, "paths", paths, n);
}

/* The relays that were named; the option may come without an address. */
static bool add_relays(cJSON *o, const struct options *options)
{
    cJSON *relays = cJSON_CreateArray();
    bool whole = relays != NULL;
    for (size_t i = 0; whole && i < options->relay_count; i++) {
        if (!options->relays[i][0])
            continue;
        cJSON *item = cJSON_CreateString(options->relays[i]);
        whole = item && cJSON_AddItemToArray(relays, item);
        if (!whole)
            cJSON_Delete(item);
    }
    if (whole && cJSON_GetArraySize(relays) > 0)
        whole = cJSON_AddItemToObject(o, "relays", relays);
    else
        cJSON_Delete(relays), relays = NULL;
    return whole;
}

cJSON *request_publish(uint64_t id, const struct request_common *c, const struct options *o)
{
    cJSON *r = new_request("publish", id, c);
    return json_whole(
        r, add_target(r, o->operand) && add_text(r, "name", o->name) && add_paths(r, o) &&
               add_relays(r, o) && add_text(r, "policy", o->policy) &&
               add_text(r, "egress", o->egress) && add_text(r, "proto", o->proto) &&
               add_text(r, "relay_port", o->relay_port) &&
               add_path(r, "client_auth", o->client_auth) &&
               add_path(r, "basic_auth", o->basic_auth) && add_text(r, "allow", o->allow) &&
               (!o->tls_passthrough || cJSON_AddBoolToObject(r, "tls_passthrough", true)) &&
               add_path(r, "tls_certificate", o->tls_certificate) &&
               add_path(r, "tls_key", o->tls_key) &&
               cJSON_AddBoolToObject(r, "ephemeral", o->ephemeral) &&
               cJSON_AddBoolToObject(r, "detach", o->detach));
}

cJSON *request_status(uint64_t id, const struct request_common *c, uint64_t after)
{
    cJSON *r = new_request("status", id, c);
    return json_whole(r, cJSON_AddNumberToObject(r, "after", (double)after));
}

cJSON *request_relay(uint64_t id, const char *op, const char *what, const char *why, uint64_t after)
{
    cJSON *o = new_request(op, id, NULL);
    bool file = what && strcmp(op, "export") == 0;
    bool named = o && (file ? add_path(o, "what", what) : add_text(o, "what", what));
    return json_whole(o, named && add_text(o, "why", why) &&
                             (after == 0 || cJSON_AddNumberToObject(o, "after", (double)after)));
}

cJSON *request_network(uint64_t id, const struct request_common *c, const char *what,
                       const char *address)
{
    cJSON *o = new_request("network", id, c);
    return json_whole(o, o && add_text(o, "what", what) && add_text(o, "address", address));
}

cJSON *request_stop(uint64_t id, const struct request_common *c, const char *tunnel)
{
    cJSON *r = new_request("stop", id, c);
    return json_whole(r, tunnel ? add_text(r, "tunnel", tunnel)
                                : cJSON_AddTrueToObject(r, "all") != NULL);
}

cJSON *request_lock(uint64_t id, const struct request_common *c)
{
    return new_request("lock", id, c);
}

cJSON *request_unlock(uint64_t id, const struct request_common *c, const char *key)
{
    cJSON *r = new_request("unlock", id, c);
    return json_whole(r, add_text(r, "key", key));
}

cJSON *request_stop_id(uint64_t id, uint64_t tunnel)
{
    cJSON *r = new_request("stop", id, NULL);
    return json_whole(r, cJSON_AddNumberToObject(r, "tunnel", (double)tunnel));
}

/* ---- replies ---- */

/* The code that scripts know by this name. */
static int code_of(const char *name)
{
    for (int code = BEAM_ENOMEM; name && code >= BEAM_ENODAEMON; code--)
        if (strcmp(beam_err_name(code), name) == 0)
            return code;
    return BEAM_EPROTO;
}

int request_error(const cJSON *error, struct beam_why *why)
{
    const char *code = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(error, "code"));
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(error, "text"));
    return beam_why(why, code_of(code), "%s", text ? text : "the daemon gave no reason");
}

int request_outcome(const cJSON *message, uint64_t id, struct beam_why *why)
{
    const cJSON *reply = cJSON_GetObjectItemCaseSensitive(message, "reply");
    /* 0 answers what the daemon could not read: one request at a time is under way here. */
    if (!cJSON_IsNumber(reply) || (reply->valuedouble != (double)id && reply->valuedouble != 0))
        return BEAM_EAGAIN;
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(message, "error");
    return error ? request_error(error, why) : 0;
}
