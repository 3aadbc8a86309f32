/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of `beam relay`'s process share. For them alone. */
#ifndef BEAM_DAEMON_OPERATOR_PARTS_H
#define BEAM_DAEMON_OPERATOR_PARTS_H

#include "daemon/hangup.h"
#include "daemon/operator.h"
#include "daemon/operator_control.h"
#include "daemon/operator_crew.h"
#include "daemon/operator_fault.h"
#include "daemon/operator_front.h"
#include "daemon/operator_keys.h"
#include "daemon/operator_lists.h"
#include "daemon/operator_metrics.h"
#include "daemon/operator_network.h"
#include "daemon/operator_onion.h"
#include "daemon/operator_peer.h"
#include "daemon/operator_pool.h"
#include "daemon/operator_ports.h"
#include "daemon/operator_rules.h"
#include "daemon/operator_say.h"
#include "daemon/setup.h"
#include "daemon/subsystems.h"
#include "relay/registrar.h"

enum { OPERATOR_PARTS_MAX = 16, OPERATOR_DIR_SIZE = 4096 };

struct operator
{
    const struct operator_options *options;
    unsigned index, workers; /* which of the relay's processes this is, and how many there are */
    char dir[OPERATOR_DIR_SIZE]; /* where it was started */
    struct operator_say say;
    struct setup *setup;
    struct loop *loop;
    struct subsystem table[OPERATOR_PARTS_MAX];
    struct subsystems subsystems;
    struct loop_signal signals[3];
    struct hangup hangup;

    struct operator_keys keys;
    struct operator_peer peer;
    struct operator_rules rules;
    struct lease_store *store;
    struct registrar *registrar;
    struct operator_front *front;
    struct ports *ports; /* NULL: the first has them */
    struct operator_acts acts;
    struct operator_control *control;
    struct operator_metrics *metrics;
    struct counts counts; /* of all processes */
    struct operator_crew *crew;
    struct loop_timer first; /* of a further process: the first is not to be waited for for ever */
    bool alone;              /* it was, for too long */
    struct worker_pool *pool;

    struct operator_onion *onion;
    struct operator_lists *lists;
    struct operator_network *network;
};

/* The parts of which there is one, whatever the number of processes: the first has them. */
const struct subsystem *operator_first_parts(size_t *count);
void operator_on_warning(void *arg, const struct beam_why *why);

#endif
