/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy/policy.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "conf/value.h"

enum { BY_ALL = POLICY_DISCOVERY_DHT | POLICY_DISCOVERY_GOSSIP | POLICY_DISCOVERY_LAN };

static const struct policy built_in[] = {
    {.name = "anonymous",
     .paths = POLICY_ONION,
     .egress = POLICY_EGRESS_TOR,
     .discovery = POLICY_DISCOVERY_DHT},
    {.name = "private",
     .paths = POLICY_ONION | POLICY_RELAY,
     .egress = POLICY_EGRESS_TOR,
     .discovery = POLICY_DISCOVERY_DHT},
    {.name = "open",
     .paths = POLICY_ONION | POLICY_RELAY,
     .egress = POLICY_EGRESS_ANY,
     .discovery = BY_ALL},
    {.name = "lan", .egress = POLICY_EGRESS_LAN, .discovery = BY_ALL},
};

/* A word of a list, and the bit that it stands for. */
struct word {
    unsigned bit;
    const char *name;
};

static const struct word path_names[] = {
    {POLICY_ONION, "onion"},
    {POLICY_RELAY, "relay"},
};

static const struct word discovery_names[] = {
    {POLICY_DISCOVERY_DHT, "dht"},
    {POLICY_DISCOVERY_GOSSIP, "gossip"},
    {POLICY_DISCOVERY_LAN, "lan"},
};

static const char *const egresses[] = {
    [POLICY_EGRESS_TOR] = "tor",
    [POLICY_EGRESS_LAN] = "lan",
    [POLICY_EGRESS_ANY] = "any",
};

enum {
    BUILT_IN = sizeof(built_in) / sizeof(built_in[0]),
    PATHS = sizeof(path_names) / sizeof(path_names[0]),
    DISCOVERIES = sizeof(discovery_names) / sizeof(discovery_names[0]),
    EGRESSES = sizeof(egresses) / sizeof(egresses[0]),
};

int policy_egress_parse(const char *text, enum policy_egress *out)
{
    for (size_t i = 0; i < EGRESSES; i++) {
        if (strcmp(text, egresses[i]) == 0) {
            *out = (enum policy_egress)i;
            return 0;
        }
    }
    return BEAM_EINVAL;
}

const char *policy_egress_name(enum policy_egress egress)
{
    return egresses[egress];
}

const char *policy_path_name(enum policy_path path)
{
    for (size_t i = 0; i < PATHS; i++)
        if (path_names[i].bit == path)
            return path_names[i].name;
    return "?";
}

/* A list of the words, parted by commas or blanks: their bits, none of an empty one. */
static int list_parse(const char *text, const struct word *words, size_t n, unsigned *out)
{
    static const char separators[] = ", \t";
    unsigned found = 0;
    for (const char *at = text + strspn(text, separators); *at; at += strspn(at, separators)) {
        size_t len = strcspn(at, separators), i = 0;
        while (i < n && (strlen(words[i].name) != len || memcmp(words[i].name, at, len) != 0))
            i++;
        if (i == n)
            return BEAM_EINVAL;
        found |= words[i].bit;
        at += len;
    }
    *out = found;
    return 0;
}

static int paths_parse(const char *text, unsigned *out)
{
    unsigned found;
    if (list_parse(text, path_names, PATHS, &found) < 0 || found == 0)
        return BEAM_EINVAL;
    *out = found;
    return 0;
}

/* "none" stands alone. */
static int discovery_parse(const char *text, unsigned *out)
{
    if (strcmp(text, "none") == 0)
        text = "";
    return list_parse(text, discovery_names, DISCOVERIES, out);
}

static const struct policy *find_built_in(const char *name)
{
    for (size_t i = 0; i < BUILT_IN; i++)
        if (strcmp(built_in[i].name, name) == 0)
            return &built_in[i];
    return NULL;
}

/* By what others are found: in the DHT, unless the section says otherwise. Who hides has no topics
 * and no sockets on the network nearby, so that a list with those says what it cannot mean. */
static int compile_discovery(const struct conf_policy *section, struct policy *p,
                             struct beam_why *why)
{
    p->discovery = POLICY_DISCOVERY_DHT;
    if (section->discovery && discovery_parse(section->discovery, &p->discovery) < 0)
        return beam_why(why, BEAM_EINVAL,
                        "%s: policy \"%s\": discovery: `%.60s` is not a list "
                        "of: " POLICY_DISCOVERY_TEXT,
                        section->where, section->name, section->discovery);
    if (p->egress == POLICY_EGRESS_TOR && p->discovery & ~(unsigned)POLICY_DISCOVERY_DHT)
        return beam_why(why, BEAM_EINVAL,
                        "%s: policy \"%s\": discovery: with egress = tor others are found by dht "
                        "alone, or not at all (gossip and lan need egress = lan or any)",
                        section->where, section->name);
    return 0;
}

/* Gives a section its meaning. */
static int compile(const struct conf *c, const struct conf_policy *section, struct policy *out,
                   struct beam_why *why)
{
    struct policy p = {.egress = POLICY_EGRESS_TOR, .tag_circuits = c->onion_tag_circuits};
    if (!text_label_valid(section->name) || strlen(section->name) >= sizeof(p.name))
        return beam_why(why, BEAM_EINVAL,
                        "%s: policy \"%s\": the name may hold a-z, 0-9 and - between them",
                        section->where, section->name);
    if (find_built_in(section->name))
        return beam_why(why, BEAM_EINVAL,
                        "%s: policy \"%s\": that name is built in (choose another)", section->where,
                        section->name);
    if (!section->paths)
        return beam_why(why, BEAM_EINVAL,
                        "%s: policy \"%s\": `paths` is missing (write paths = onion)",
                        section->where, section->name);
    if (paths_parse(section->paths, &p.paths) < 0)
        return beam_why(why, BEAM_EINVAL,
                        "%s: policy \"%s\": paths: `%.60s` is not a list of: " POLICY_PATHS_TEXT,
                        section->where, section->name, section->paths);
    if (section->egress && policy_egress_parse(section->egress, &p.egress) < 0)
        return beam_why(why, BEAM_EINVAL,
                        "%s: policy \"%s\": egress: `%.60s` is not one of: tor, lan, any",
                        section->where, section->name, section->egress);
    int err = compile_discovery(section, &p, why);
    if (err < 0)
        return err;
    if (section->tag_circuits && value_parse_bool(section->tag_circuits, &p.tag_circuits) < 0)
        return beam_why(why, BEAM_EINVAL,
                        "%s: policy \"%s\": tag_circuits: `%.60s` is not yes or no", section->where,
                        section->name, section->tag_circuits);
    memcpy(p.name, section->name, strlen(section->name) + 1);
    *out = p;
    return 0;
}

static int not_found(const struct conf *c, const char *name, struct beam_why *why)
{
    const char *known[BUILT_IN + CONF_POLICIES_MAX];
    char list[256] = "";
    size_t n = 0, len = 0;
    for (size_t i = 0; i < BUILT_IN; i++)
        known[n++] = built_in[i].name;
    for (size_t i = 0; i < c->policy_count && i < CONF_POLICIES_MAX; i++)
        known[n++] = c->policies[i].name;
    for (size_t i = 0; i < n && len + 1 < sizeof(list); i++) {
        int more = snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "", known[i]);
        len += more > 0 ? (size_t)more : 0;
    }
    const char *near = text_nearest(name, known, n);
    return beam_why(why, BEAM_ENOTFOUND,
                    "policy \"%.60s\": there is none of that name (%s%s%sthere %s %s)", name,
                    near ? "did you mean \"" : "", near ? near : "", near ? "\"? " : "",
                    n == 1 ? "is" : "are", list);
}

int policy_find(const struct conf *c, const char *name, struct policy *out, struct beam_why *why)
{
    const struct policy *p = find_built_in(name);
    struct policy found;
    size_t i = 0;
    while (!p && i < c->policy_count && strcmp(c->policies[i].name, name) != 0)
        i++;
    if (!p && i == c->policy_count)
        return not_found(c, name, why);
    int err = p ? 0 : compile(c, &c->policies[i], &found, why);
    if (err < 0)
        return err;
    if (p) {
        found = *p;
        found.tag_circuits = c->onion_tag_circuits;
    }
    found.allow_private = c->network_allow_private;
    *out = found;
    return 0;
}

int policy_check(const struct conf *c, struct beam_why *why)
{
    struct policy ignored;
    int err = 0;
    for (size_t i = 0; err == 0 && i < c->policy_count; i++)
        err = compile(c, &c->policies[i], &ignored, why);
    return err;
}

int policy_ad_hoc(unsigned paths, enum policy_egress egress, struct policy *out)
{
    unsigned all = 0;
    for (size_t i = 0; i < PATHS; i++)
        all |= path_names[i].bit;
    if (paths == 0 || (paths & ~all) != 0 || (unsigned)egress >= EGRESSES)
        return BEAM_EINVAL;
    *out = (struct policy){
        .name = "ad hoc", .paths = paths, .egress = egress, .discovery = POLICY_DISCOVERY_DHT};
    return 0;
}
