/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon/wish.h"

#include <stdio.h>
#include <string.h>

/* A fault in what the user typed. */
static int usage(int err, struct beam_why *why)
{
    if (err == BEAM_EINVAL || err == BEAM_ELIMIT)
        err = why->code = BEAM_EUSAGE;
    return err;
}

/* Options make an ad hoc policy; an egress alone changes that of the default one. */
static int read_policy(const struct message *m, const struct conf *conf, struct policy *out,
                       struct beam_why *why)
{
    enum policy_egress egress = m->publish.has_egress ? m->publish.egress : POLICY_EGRESS_TOR;
    if (m->publish.paths)
        return policy_ad_hoc(m->publish.paths, egress, out);
    const char *name = m->publish.policy ? m->publish.policy : conf->policy_default;
    int err = policy_find(conf, name, out, why);
    if (err == 0 && m->publish.has_egress)
        err = policy_ad_hoc(out->paths, egress, out);
    return err;
}

static int read_name(const struct message *m, const char *data_dir, const struct rng *rng,
                     struct wish *w, struct beam_why *why)
{
    if (!m->publish.name)
        return names_for(data_dir, rng, w->target.text, w->ephemeral, w->name, why);
    int err = names_check(m->publish.name, why);
    if (err < 0)
        return usage(err, why);
    if (strlen(m->publish.name) >= sizeof(w->name))
        return beam_why(why, BEAM_EUSAGE, "--name: longer than %d characters", NAMES_SIZE - 1);
    snprintf(w->name, sizeof(w->name), "%s", m->publish.name);
    return 0;
}

int wish_read(const struct message *m, const struct conf *conf, const char *data_dir,
              const struct rng *rng, struct wish *out, struct beam_why *why)
{
    struct wish w = {.ephemeral = m->publish.ephemeral};
    int err = usage(target_parse(m->publish.target, "/", &w.target, why), why);
    if (err == 0)
        err = read_policy(m, conf, &w.policy, why);
    if (err == 0)
        err = read_name(m, data_dir, rng, &w, why);
    if (err == 0)
        *out = w;
    return err;
}
