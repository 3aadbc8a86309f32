/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * In place of src/tunnel/tunnel.c: tunnels that open at once and do what a test tells them to.
 * Targets and names are real.
 */
#ifndef BEAM_TESTS_UNIT_DAEMON_FAKE_TUNNEL_H
#define BEAM_TESTS_UNIT_DAEMON_FAKE_TUNNEL_H

#include "tunnel/tunnel.h"

enum { FAKES_MAX = 1200 };

/* Those that are open, in the order of opening. */
extern struct tunnel *fakes[FAKES_MAX];
extern int fakes_open;
/* What the next tunnel_open fails with; 0: it does not. */
extern int fakes_err;

void fake_progress(struct tunnel *t, int percent, const char *summary);
void fake_up(struct tunnel *t, uint64_t ms);
void fake_down(struct tunnel *t, const char *reason, uint64_t retry_ms);
void fake_request(struct tunnel *t, const char *method, const char *target);
void fake_warning(struct tunnel *t, const char *text);
void fake_failed(struct tunnel *t, int code, const char *text);
bool fake_ephemeral(const struct tunnel *t);

#endif
