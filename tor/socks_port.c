/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/socks_port.h"

#include <string.h>

#include "base/log.h"
#include "tor/listeners.h"

void socks_port_note(const struct control_reply *r, struct addr *at)
{
    struct addr now = {.len = 0};
    char was[ADDR_TEXT_SIZE], is[ADDR_TEXT_SIZE];
    if (r->code != 250)
        return;
    (void)listeners_first(r, "net/listeners/socks", &now);
    addr_text(at, was);
    addr_text(&now, is);
    if (now.len == 0)
        log_info("tor", "tor has no SOCKS listener on this machine");
    else if (strcmp(was, is) != 0)
        log_info("tor", "tor takes SOCKS at %s", is);
    *at = now;
}

static void on_answer(void *arg, const struct control_reply *r)
{
    struct socks_port *s = arg;
    socks_port_note(r, s->at);
    loop_timer_set(&s->timer, s->every);
}

static void on_timer(void *arg)
{
    struct socks_port *s = arg;
    /* Where it takes no commands the connection is ending, and its owner is told. */
    (void)control_send(s->control, on_answer, s, SOCKS_PORT_QUESTION);
}

void socks_port_start(struct loop *l, struct socks_port *s, struct control *control, uint64_t every,
                      struct addr *at)
{
    *s = (struct socks_port){.control = control, .every = every, .at = at};
    loop_timer_init(l, &s->timer, on_timer, s);
    loop_timer_set(&s->timer, every);
}

void socks_port_stop(struct socks_port *s)
{
    if (s->control)
        loop_timer_clear(&s->timer);
    s->control = NULL;
}
