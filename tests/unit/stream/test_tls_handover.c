/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream/tls_handover.h"

#include <openssl/ssl.h>
#include <sodium.h>
#include <string.h>

#include "stream/tls_context.h"
#include "tests/unit/harness.h"
#include "tests/unit/stream/authority.h"

enum { START = 5000, READ_SIZE = 64 };

/* Two processes of one server, on a clock that the test has; the second follows the first. */
struct two {
    struct authority authority;
    struct tls_certificates *certificates;
    struct tls_context *servers[2];
    struct tls_handover *handover;
    uint64_t now;
    struct clock_source clock;
    SSL_CTX *client;
};

static uint64_t two_now(void *arg)
{
    return ((struct two *)arg)->now;
}

static void hand_over(struct two *t)
{
    uint8_t sealed[TLS_HANDOVER_SIZE_MAX];
    size_t len = 0;
    cr_assert_eq(tls_handover_seal(tls_context_tickets(t->servers[0]), t->now,
                                   tls_handover_key(t->handover), sealed, &len),
                 0);
    cr_assert_eq(tls_handover_open(t->handover, sealed, len, tls_context_tickets(t->servers[1])),
                 0);
}

static void two_open(struct two *t)
{
    memset(t, 0, sizeof(*t));
    cr_assert_geq(sodium_init(), 0);
    t->now = START;
    t->clock = (struct clock_source){.monotonic_ms = two_now, .wall_ms = two_now, .arg = t};
    authority_open(&t->authority);
    authority_issue(&t->authority, "beam", "DNS:beam.example", -60, 3600);
    const struct tls_certificate_files files = authority_files(&t->authority, "beam");
    cr_assert_eq(tls_certificates_new(&files, 1, clock_system(), &t->certificates, NULL), 0);
    const struct tls_server_spec spec = {
        .rng = rng_system(), .clock = &t->clock, .certificates = t->certificates};
    for (size_t i = 0; i < 2; i++)
        cr_assert_eq(tls_context_server(&spec, &t->servers[i]), 0);
    cr_assert_eq(tls_handover_new(rng_system(), &t->handover), 0);
    t->client = SSL_CTX_new(TLS_client_method());
    cr_assert_not_null(t->client);
}

static void two_close(struct two *t)
{
    SSL_CTX_free(t->client);
    tls_handover_free(t->handover);
    for (size_t i = 0; i < 2; i++)
        tls_context_free(t->servers[i]);
    tls_certificates_free(t->certificates);
    authority_close(&t->authority);
}

/* The ends' bytes go through memory, and so do all of a handshake's in a few turns. */
static void shake_hands(SSL *client, SSL *server)
{
    char rest[READ_SIZE];
    for (int i = 0; i < 8; i++) {
        (void)SSL_do_handshake(client);
        (void)SSL_do_handshake(server);
    }
    cr_assert(SSL_is_init_finished(client) && SSL_is_init_finished(server));
    (void)SSL_read(client, rest, sizeof(rest)); /* tickets of TLS 1.3 come behind it */
}

/* Whether a visit to one of the processes was resumed; `*session` is what the next begins with. */
static bool visit(struct two *t, size_t at, int version, SSL_SESSION **session)
{
    SSL *server = tls_context_ssl(t->servers[at]), *client = SSL_new(t->client);
    BIO *near = NULL, *far = NULL;
    cr_assert(server && client && BIO_new_bio_pair(&near, 0, &far, 0) == 1);
    SSL_set_bio(client, near, near);
    SSL_set_bio(server, far, far);
    SSL_set_connect_state(client);
    cr_assert(SSL_set_min_proto_version(client, version) == 1 &&
              SSL_set_max_proto_version(client, version) == 1);
    if (*session)
        cr_assert_eq(SSL_set_session(client, *session), 1);
    shake_hands(client, server);
    bool resumed = SSL_session_reused(client) == 1;
    cr_assert_eq(SSL_session_reused(server) == 1, resumed);
    SSL_SESSION_free(*session);
    *session = SSL_get1_session(client);
    /* One that ends without a goodbye is not taken up again. */
    SSL_set_shutdown(client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(client);
    SSL_free(server);
    return resumed;
}

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

BEAM_TEST(tls_handover, a_session_is_resumed_at_either_process)
{
    for (size_t v = 0; v < 2; v++) {
        struct two t;
        SSL_SESSION *session = NULL;
        two_open(&t);
        cr_assert(!visit(&t, 0, versions[v], &session));
        cr_assert(!visit(&t, 1, versions[v], &session)); /* each has keys of its own */
        hand_over(&t);
        cr_assert(!visit(&t, 1, versions[v], &session));
        for (size_t i = 0; i < 6; i++)
            cr_assert(visit(&t, i % 2, versions[v], &session));
        SSL_SESSION_free(session);
        two_close(&t);
    }
}

BEAM_TEST(tls_handover, an_old_ticket_is_good_until_its_key_is_gone)
{
    for (size_t v = 0; v < 2; v++) {
        struct two t;
        SSL_SESSION *old = NULL, *copy;
        two_open(&t);
        hand_over(&t);
        cr_assert(!visit(&t, 0, versions[v], &old));
        for (unsigned turn = 1; turn < TLS_TICKETS_KEPT; turn++) {
            t.now = START + (uint64_t)turn * TLS_TICKETS_TURN_MS;
            hand_over(&t);
            for (size_t i = 0; i < 2; i++) {
                cr_assert_not_null(copy = SSL_SESSION_dup(old));
                cr_assert(visit(&t, i, versions[v], &copy), "turn %u, process %zu", turn, i);
                SSL_SESSION_free(copy);
            }
        }
        t.now = START + (uint64_t)TLS_TICKETS_KEPT * TLS_TICKETS_TURN_MS;
        hand_over(&t);
        for (size_t i = 0; i < 2; i++) {
            cr_assert_not_null(copy = SSL_SESSION_dup(old));
            cr_assert(!visit(&t, i, versions[v], &copy), "process %zu", i);
            SSL_SESSION_free(copy);
        }
        SSL_SESSION_free(old);
        two_close(&t);
    }
}

BEAM_TEST(tls_handover, one_who_is_told_no_more_makes_a_key_when_all_are_gone)
{
    struct two t;
    SSL_SESSION *session = NULL;
    const struct tls_ticket_key *key;
    uint8_t name[TLS_TICKETS_NAME_SIZE];
    two_open(&t);
    hand_over(&t);
    struct tls_tickets *mine = tls_context_tickets(t.servers[1]);
    memcpy(name, tls_tickets_newest(mine, t.now)->name, sizeof(name));
    t.now = START + (uint64_t)TLS_TICKETS_KEPT * TLS_TICKETS_TURN_MS - 1;
    cr_assert_arr_eq(tls_tickets_newest(mine, t.now)->name, name, sizeof(name));
    t.now++;
    cr_assert_eq(tls_tickets_all(mine, t.now, &key), 1u);
    cr_assert(memcmp(key->name, name, sizeof(name)) != 0);
    cr_assert(!visit(&t, 1, TLS1_3_VERSION, &session));
    cr_assert(visit(&t, 1, TLS1_3_VERSION, &session));
    SSL_SESSION_free(session);
    two_close(&t);
}

BEAM_TEST(tls_handover, nobody_else_can_open_it)
{
    struct tls_tickets *t = NULL;
    struct tls_handover *a = NULL, *b = NULL;
    uint8_t sealed[TLS_HANDOVER_SIZE_MAX] = {0}, name[TLS_TICKETS_NAME_SIZE];
    const uint8_t none[TLS_HANDOVER_KEY_SIZE] = {0};
    size_t len = 0;
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(tls_tickets_new(rng_system(), START, &t), 0);
    cr_assert_eq(tls_handover_new(rng_system(), &a), 0);
    cr_assert_eq(tls_handover_new(rng_system(), &b), 0);
    memcpy(name, tls_tickets_newest(t, START)->name, sizeof(name));
    cr_assert_eq(tls_handover_seal(t, START, tls_handover_key(a), sealed, &len), 0);
    cr_assert_null(memmem(sealed, len, name, sizeof(name)));
    cr_assert_eq(tls_handover_open(b, sealed, len, t), BEAM_EAUTH);
    for (size_t i = 0; i < len; i++) {
        sealed[i] ^= 1;
        cr_assert_eq(tls_handover_open(a, sealed, len, t), BEAM_EAUTH, "byte %zu", i);
        cr_assert_eq(tls_handover_open(a, sealed, i, t), BEAM_EAUTH, "%zu bytes", i);
        sealed[i] ^= 1;
    }
    cr_assert_arr_eq(tls_tickets_newest(t, START)->name, name, sizeof(name));
    cr_assert_eq(tls_handover_open(a, sealed, len, t), 0);
    cr_assert_arr_eq(tls_tickets_newest(t, START)->name, name, sizeof(name));
    cr_assert_eq(tls_handover_seal(t, START, none, sealed, &len), BEAM_EINVAL);
    tls_handover_free(a);
    tls_handover_free(b);
    tls_handover_free(NULL);
    tls_tickets_free(t);
}
