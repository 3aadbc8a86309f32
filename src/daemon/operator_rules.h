/* SPDX-License-Identifier: BSD-3-Clause */
/* What the operator of a relay has decided: whom it serves, with what, and how much of it. */
#ifndef BEAM_DAEMON_OPERATOR_RULES_H
#define BEAM_DAEMON_OPERATOR_RULES_H

#include "conf/conf.h"
#include "loop/loop.h"
#include "relay/counts.h"
#include "relay/guard.h"
#include "relay/names.h"
#include "relay/terms.h"
#include "relay/traffic.h"
#include "relay/work.h"

enum { OPERATOR_NOTICE_SIZE = 1024 };

/* To be read; zeroed before it is opened, and then not moved. */
struct operator_rules {
    struct terms terms;
    struct bans *bans;
    struct guard *guard;
    struct traffic *traffic;
    struct names *names;
    struct denylists *denylists;
    void (*changed)(void *arg); /* a denylist is another now; NULL: nobody cares */
    void *arg;
    unsigned index, workers; /* of the relay's processes: set before it is opened */
    struct work *work;
    uint64_t work_least; /* bits */
    struct counts counts;
    char contact[OPERATOR_NOTICE_SIZE / 2]; /* to report abuse; "" */
    char notice[OPERATOR_NOTICE_SIZE];      /* at "/"; "" when there is nobody to write to */
    struct loop_timer timer;                /* private */
};

/* `dir`: of the files of bans and traffic. `local`: only this machine can visit;
 * `https`: visitors come over TLS that the relay takes itself. 0, BEAM_EINVAL,
 * BEAM_EPERM … with words; nothing is open then. */
int operator_rules_open(struct loop *l, const struct conf *c, const char *dir, bool local,
                        bool https, struct operator_rules *r, struct beam_why *why);
/* Takes over what the configuration and the bans' file say now. On failure all is as it was. */
int operator_rules_reread(struct operator_rules *r, const struct conf *c, struct beam_why *why);
/* One that is not open is fine. */
void operator_rules_close(struct operator_rules *r);

#endif
