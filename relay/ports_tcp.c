/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections to a port. */
#include "relay/ports_parts.h"
#include "stream/socket.h"

static void on_connection(void *arg, int fd)
{
    struct port *port = arg;
    const struct ports_spec *spec = &port->ports->spec;
    const struct lease *lease = ports_serves(port);
    struct addr from;
    struct stream *s;
    bool known = listen_from(fd, &from) == 0;
    if (stream_socket(spec->loop, fd, &s) < 0)
        return;
    if (lease && known) {
        front_visitor_bytes(spec->front, s, &from, lease, spec->idle_ms);
        return;
    }
    stream_reset(s);
    stream_free(s);
}

int ports_tcp_open(struct port *port, const struct addr *at)
{
    const struct ports_spec *s = &port->ports->spec;
    return listen_beyond(s->loop, s->permit, at, on_connection, port, &port->listener);
}

size_t ports_tcp_close(struct port *port)
{
    listen_close(port->listener);
    port->listener = NULL;
    return front_drop(port->ports->spec.front, port->id);
}
