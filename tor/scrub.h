/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a line of tor's log says of relays and bridges, known by its form: for the relays next to
 * this machine, and bridges that no option of beam's names (a torrc that is included may), are
 * nobody else's business either. Pure.
 */
#ifndef BEAM_TOR_SCRUB_H
#define BEAM_TOR_SCRUB_H

#include <stddef.h>

/*
 * In text[size] each of these becomes "[scrubbed]": an IP address, with its port or zone when it
 * has one, that leads beyond this machine; an RSA fingerprint (40 hex digits), and the nickname
 * after it or before it; an Ed25519 identity (43 letters of base64); a nickname in the quotes in
 * which tor has a bridge's; an onion's address, and the key of one of its visitors; a URL that is
 * not Tor's own; an argument of a bridge's transport that says where it is or has a key (cert=,
 * url=, registerurl=, fronts= and others), up to the next space. What has no room then is cut. The
 * text is whole and as it came: one that was cut or escaped may end or begin within such a thing.
 */
void scrub_line(char *text, size_t size);

#endif
