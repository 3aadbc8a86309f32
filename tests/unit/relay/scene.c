/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/relay/scene.h"

#include <arpa/inet.h>
#include <unistd.h>

#include "stream/memory.h"
#include "stream/socket.h"

enum { PORTS = 4 };

static const struct lease_limits limits = {
    .total = 8, .each_owner = 3, .each_ports = 3, .lease_ms = 60000, .hold_ms = 60000};

static void on_visitor(void *arg, int fd)
{
    struct scene *s = arg;
    struct stream *visitor;
    if (stream_socket(s->world.loop, fd, &visitor) == 0)
        front_visitor(s->front, visitor, NULL, false);
}

void scene_hosts(struct scene *s)
{
    memset(s, 0, sizeof(*s));
    s->wanted = (struct terms_spec){.class = "",
                                    .methods = "GET,HEAD,POST",
                                    .content_types = "text/plain",
                                    .friends = "",
                                    .tcp = true,
                                    .udp = true,
                                    .local = true};
    world_init(&s->world);
    place_make(&s->place);
    s->relay = world_add(&s->world, HOST_OPEN, POLICY_EGRESS_ANY, NULL);
    s->owner = world_add(&s->world, HOST_ANONYMOUS, POLICY_EGRESS_TOR, NULL);
    s->relay_at = world_listen(s->relay);
}

static void listen_at_loopback(struct scene *s)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct addr at = {.len = sizeof(any)};
    memcpy(&at.ss, &any, sizeof(any));
    cr_assert_eq(listen_open(s->world.loop, &at, on_visitor, s, &s->listener), 0);
}

static void open_registrar(struct scene *s)
{
    const struct registrar_spec spec = {.loop = s->world.loop,
                                        .host = s->relay->host,
                                        .store = s->store,
                                        .clock = clock_system(),
                                        .base = &s->base,
                                        .terms = &s->terms,
                                        .guard = s->guard,
                                        .traffic = s->traffic,
                                        .names = &s->names,
                                        .work = s->work,
                                        .ports = s->ports,
                                        .work_least = &s->work_least,
                                        .max_reservations = limits.total,
                                        .counts = &s->counts,
                                        .lease_ms = limits.lease_ms,
                                        .max_body = 1000,
                                        .max_streams = 2,
                                        .visitor_addresses = true};
    cr_assert_eq(registrar_new(&spec, &s->registrar), 0);
}

static void open_ports(struct scene *s)
{
    const struct ports_spec spec = {.loop = s->world.loop,
                                    .rng = &s->world.rng,
                                    .clock = clock_system(),
                                    .host = s->relay->host,
                                    .permit = s->relay->permit,
                                    .at = *listen_addr(s->listener),
                                    .store = s->store,
                                    .terms = &s->terms,
                                    .front = s->front,
                                    .guard = s->guard,
                                    .traffic = s->traffic,
                                    .counts = &s->counts,
                                    .max_ports = 2 * PORTS,
                                    .max_visitors = 8,
                                    .max_memory = s->max_memory,
                                    .max_streams = 4,
                                    .idle_ms = s->idle_ms ? s->idle_ms : 60000,
                                    .udp_idle_ms = 60000,
                                    .visitor_addresses = true};
    cr_assert_eq(ports_new(&spec, &s->ports), 0);
}

/* Below those that the system picks from, and others for each program that runs. */
static struct lease_limits choose_limits(void)
{
    struct lease_limits l = limits;
    l.tcp.first = (uint16_t)(20000 + getpid() % 1000 * PORTS);
    l.tcp.last = (uint16_t)(l.tcp.first + PORTS - 1);
    l.udp = l.tcp;
    return l;
}

static void open_front(struct scene *s)
{
    const struct front_spec spec = {.loop = s->world.loop,
                                    .rng = &s->world.rng,
                                    .clock = clock_system(),
                                    .host = s->relay->host,
                                    .store = s->store,
                                    .base = &s->base,
                                    .terms = &s->terms,
                                    .guard = s->guard,
                                    .traffic = s->traffic,
                                    .counts = &s->counts,
                                    .notice = s->notice ? s->notice : "",
                                    .contact = "",
                                    .interstitial = s->interstitial,
                                    .idle_ms = s->idle_ms,
                                    .max_body = s->max_body ? s->max_body : 1000,
                                    .max_memory = s->max_memory,
                                    .max_visitors = 4,
                                    .max_streams = 2,
                                    .source_streams = s->source_streams,
                                    .visitor_addresses = true};
    cr_assert_eq(front_new(&spec, &s->front), 0);
}

void scene_relay_up(struct scene *s, const char *url)
{
    struct beam_why why = {.text = ""};
    const struct clock_source *clock = clock_system();
    char file[96];
    if (!s->listener)
        listen_at_loopback(s);
    cr_assert_eq(endpoint_base_init(url ? url : "", s->domain ? s->domain : "",
                                    listen_addr(s->listener), false, &s->base, &why),
                 0, "%s", why.text);
    cr_assert_eq(terms_init(&s->wanted, &s->terms, &why), 0, "%s", why.text);
    cr_assert_eq(bans_parse(&s->world.rng, "bans", "", 0, &s->bans, &why), 0);
    cr_assert_eq(guard_new(&s->world.rng, s->bans, 16, 16, &s->guard), 0);
    guard_limit(s->guard, &s->limits);
    snprintf(file, sizeof(file), "%s/traffic", s->place.dir);
    cr_assert_eq(traffic_open(file, 16, &s->world.rng, clock, &s->traffic, &why), 0, "%s",
                 why.text);
    traffic_limit(s->traffic, &s->carried);
    cr_assert_eq(names_parse(&s->world.rng, "names", "paypal", 6, &s->names, &why), 0);
    cr_assert_eq(work_new(&s->world.rng, &s->work), 0);
    const struct lease_limits chosen = choose_limits();
    cr_assert_eq(lease_store_open(s->place.file, &chosen, &s->world.rng, clock->wall_ms(clock->arg),
                                  &s->store, &why),
                 0, "%s", why.text);
    open_front(s);
    open_ports(s);
    open_registrar(s);
}

void scene_relay_down(struct scene *s)
{
    registrar_free(s->registrar);
    ports_free(s->ports);
    s->ports = NULL;
    front_free(s->front);
    lease_store_close(s->store);
    names_free(s->names);
    work_free(s->work);
    s->names = NULL;
    s->work = NULL;
    traffic_close(s->traffic);
    s->traffic = NULL;
    guard_free(s->guard);
    bans_free(s->bans);
    s->guard = NULL;
    s->bans = NULL;
    s->front = NULL;
    s->registrar = NULL;
    s->store = NULL;
}

void scene_begin(struct scene *s, const char *url)
{
    char text[MULTIADDR_TEXT_SIZE];
    scene_hosts(s);
    scene_relay_up(s, url);
    multiaddr_text(&s->relay_at, text);
    cr_assert_eq(where_parse(text, &s->where, NULL), 0);
}

void scene_end(struct scene *s)
{
    listen_close(s->listener);
    scene_relay_down(s);
    world_clear(&s->world);
    place_remove(&s->place);
    interstitial_free(s->interstitial);
}

/* ---- a visitor ------------------------------------------------------------------------------ */

const struct addr *scene_whence(const struct scene *s, struct addr *out)
{
    if (!s->whence)
        return NULL;
    cr_assert_eq(addr_ip(s->whence, strlen(s->whence), 1, out), 0);
    return out;
}

void visitor_ask(struct visitor *v, struct scene *s, const char *request)
{
    struct stream *far = NULL;
    struct addr whence;
    struct buf out;
    if (!v->s) {
        memset(v, 0, sizeof(*v));
        v->scene = s;
        buf_init(&v->in, loop_pool(s->world.loop), sizeof(v->text) - 1);
        cr_assert_eq(stream_memory(s->world.loop, 65536, &v->s, &far), 0);
        front_visitor(s->front, far, scene_whence(s, &whence), false);
    }
    buf_init(&out, loop_pool(s->world.loop), 4096);
    cr_assert_eq(buf_add(&out, request, strlen(request)), 0);
    cr_assert_eq(stream_write(v->s, &out), (ssize_t)strlen(request));
}

struct wanted {
    struct visitor *visitor;
    const char *word;
    bool found;
};

static bool has_heard(void *arg)
{
    struct wanted *w = arg;
    struct visitor *v = w->visitor;
    ssize_t n;
    while ((n = stream_read(v->s, &v->in, sizeof(v->text) - 1)) > 0)
        continue;
    v->ended |= n != BEAM_EAGAIN;
    v->text[buf_peek(&v->in, 0, v->text, sizeof(v->text) - 1)] = '\0';
    w->found = strstr(v->text, w->word) != NULL;
    return w->found || v->ended;
}

bool visitor_hears(struct visitor *v, const char *word)
{
    struct wanted w = {.visitor = v, .word = word};
    (void)until(v->scene->world.loop, has_heard, &w);
    return w.found;
}

void visitor_end(struct visitor *v)
{
    stream_free(v->s);
    buf_clear(&v->in);
    v->s = NULL;
}
