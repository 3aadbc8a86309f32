/* SPDX-License-Identifier: BSD-3-Clause */
/* How tor is asked for an onion service: the one place that writes ADD_ONION (control-spec). */
#ifndef BEAM_TOR_ADD_ONION_H
#define BEAM_TOR_ADD_ONION_H

#include "tor/control.h"
#include "tor/onion.h"

/* `fn` hears the answer. `pow`: the limits' proof of work is asked for, if they want it. 0,
 * BEAM_ENOMEM, or the error of control_send. */
int add_onion_send(struct control *control, const struct onion_spec *spec, bool pow, control_fn *fn,
                   void *arg);
/* Whether an answer that is no success says that this tor knows no proof of work. */
bool add_onion_lacks_pow(const struct control_reply *r);

#endif
