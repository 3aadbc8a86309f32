/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A tor process of our own: started from a generated torrc, controlled over a
 * unix socket that only we can enter, owned (it ends when we end), watched,
 * and started again when it dies. Or one that runs already, to which its control
 * port is the only way: looked for again when it is gone, and otherwise left as
 * it is. What was asked of either survives its death.
 */
#ifndef BEAM_TOR_TOR_H
#define BEAM_TOR_TOR_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/addr.h"
#include "base/err.h"
#include "loop/loop.h"
#include "tor/audience.h"
#include "tor/tor_options.h"

struct fetches;
struct tor;

/* Options' texts are copied. 0 or BEAM_ENOMEM. */
int tor_new(struct loop *l, const struct tor_options *options, const struct tor_events *events,
            struct tor **out);
/* Starts it; all outcomes come as events. Started already: nothing. From
 * TOR_FAILED it tries anew. */
void tor_start(struct tor *t);
/* What it is from its next start on; texts are copied. One of ours that is not ready yet is started
 * again for it at once. Whether it is ours, and where, must not change. Not from within its events.
 * 0 or BEAM_ENOMEM. */
int tor_set_options(struct tor *t, const struct tor_options *options);
/* Ends the process (SIGTERM by its control port's closing; killed after 2 s), keeps
 * what was asked of it; `done` comes when it is gone and its sockets are
 * removed. One stop at a time. */
void tor_stop(struct tor *t, void (*done)(void *arg), void *arg);
/* Kills what runs. Every onion must be withdrawn before. NULL allowed. */
void tor_free(struct tor *t);

/* One of its onions was reached through it just now. */
void tor_vouch(struct tor *t);
/* One could not be reached since then (on loop_now's clock). Unless another could, a tor of ours is
 * asked, and started again when it says for a while that it has no way into its network
 * (tor/doubt.h): after a break in the network there is one now and then that finds none again. */
void tor_doubt(struct tor *t, uint64_t since);

/* By which descriptors are asked for anew (tor/fetch.h). Borrowed. */
struct fetches *tor_fetches(struct tor *t);

/* Tells one more of the changes of its state, until audience_remove. */
void tor_listen(struct tor *t, struct audience_member *m);

enum tor_state tor_state(const struct tor *t);
/* Why there is none, or why the one before ended while the next is not ready; else "". */
const char *tor_trouble(const struct tor *t);
/* Whether it is a process of ours, which reaches our private folders and may be asked anything. */
bool tor_is_ours(const struct tor *t);
/* The pid of one of ours, or 0; its version ("0.4.8.16") or "". */
pid_t tor_pid(const struct tor *t);
const char *tor_version(const struct tor *t);
int tor_percent(const struct tor *t);
/* Where the control port of one that is not ours was found, and how it let us in ("SAFECOOKIE");
 * false when it is ours, or not under control. */
bool tor_way(const struct tor *t, struct addr *at, const char **method);
/* Where its SOCKS listener is: of one of ours a unix socket (IsolateSOCKSAuth, ExtendedErrors); of
 * another whatever it has, once it is under control, or of no length. Borrowed. */
const struct addr *tor_socks(const struct tor *t);

#endif
