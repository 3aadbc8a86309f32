/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/news.h"

#include <stdlib.h>

#include "relay/heard.h"

struct news {
    struct news_spec spec;
    struct heard heard;
};

static enum router_verdict on_judge(void *arg, struct post *p, const struct peer_id *from)
{
    struct news *n = arg;
    const struct clock_source *clock = n->spec.clock;
    const struct ration_share share = gossip_share(n->spec.gossip, p, from);
    return heard_judge(&n->heard, &share, p->view.data, p->view.data_len,
                       clock->wall_ms(clock->arg), loop_now(n->spec.loop));
}

int news_new(const struct news_spec *spec, struct news **out)
{
    struct news *n = calloc(1, sizeof(*n));
    if (!n)
        return BEAM_ENOMEM;
    struct router_topic topic = {.name = NEWS_TOPIC, .judge = on_judge, .arg = n};
    n->spec = *spec;
    score_topic_default(&topic.score);
    int err = gossip_join(spec->gossip, &topic);
    if (err < 0) {
        free(n);
        return err;
    }
    *out = n;
    return 0;
}

void news_free(struct news *n)
{
    if (!n)
        return;
    gossip_part(n->spec.gossip, NEWS_TOPIC);
    free(n);
}

int news_tell(struct news *n, const void *sealed, size_t len)
{
    return gossip_publish(n->spec.gossip, NEWS_TOPIC, sealed, len);
}

const struct relay_info *news_known(const struct news *n, size_t i)
{
    return heard_known(&n->heard, i, loop_now(n->spec.loop));
}
