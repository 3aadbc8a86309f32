/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/reservation.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tests/unit/harness.h"

static uint8_t bytes[RESERVATION_MAX + 64];

/* The bytes of docs/protocol/relay.md. */
#define ID    "000102030405060708090a0b0c0d0e0f"
#define TOKEN "101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
#define RESERVE                                                                                    \
    "080110011a056d7961707030"                                                                     \
    "01"
#define RENEW                                                                                      \
    "0802"                                                                                         \
    "2210" ID "2a20" TOKEN
#define GRANTED                                                                                    \
    "0864"                                                                                         \
    "1210" ID "1a20" TOKEN "2215687474703a2f2f72656c61792e6578616d706c652f"                        \
    "28901c"                                                                                       \
    "320708808080051040"                                                                           \
    "3801"
#define REFUSED                                                                                    \
    "08ca01"                                                                                       \
    "420c"                                                                                         \
    "6e6f7420746f20796f752e20"                                                                     \
    "483c"

static size_t from_hex(const char *hex)
{
    size_t len = strlen(hex) / 2;
    cr_assert_eq(text_hex_decode(hex, strlen(hex), bytes, len), 0);
    return len;
}

static void is_hex(size_t len, const char *hex)
{
    char text[TEXT_HEX_SIZE(RESERVATION_MAX)];
    cr_assert_eq(text_hex_encode(bytes, len, text, sizeof(text)), 0);
    cr_assert_str_eq(text, hex);
}

static void count(uint8_t *out, size_t len, uint8_t from)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(from + i);
}

BEAM_TEST(reservation, requests_are_as_documented)
{
    struct reservation_request r = {.verb = RESERVATION_RESERVE,
                                    .kind = RESERVATION_HTTP,
                                    .name = "myapp",
                                    .visitor_address = true};
    size_t len;
    cr_assert_eq(reservation_request_encode(&r, bytes, sizeof(bytes), &len), 0);
    is_hex(len, RESERVE);
    memset(&r, 0, sizeof(r));
    cr_assert_eq(reservation_request_decode(bytes, len, &r), 0);
    cr_assert_eq(r.verb, (uint64_t)RESERVATION_RESERVE);
    cr_assert_eq(r.kind, (uint64_t)RESERVATION_HTTP);
    cr_assert_str_eq(r.name, "myapp");
    cr_assert(r.visitor_address && !r.has_id);

    r = (struct reservation_request){.verb = RESERVATION_RENEW, .has_id = true};
    count(r.id, sizeof(r.id), 0);
    count(r.token, sizeof(r.token), 16);
    cr_assert_eq(reservation_request_encode(&r, bytes, sizeof(bytes), &len), 0);
    is_hex(len, RENEW);
    cr_assert_eq(reservation_request_decode(bytes, len, &r), 0);
    cr_assert(r.has_id && r.id[15] == 15 && r.token[31] == 47);
    cr_assert_eq(reservation_request_encode(&r, bytes, 20, &len), BEAM_ELIMIT);
}

static int decode_request(const char *hex)
{
    struct reservation_request r;
    return reservation_request_decode(bytes, from_hex(hex), &r);
}

BEAM_TEST(reservation, requests_that_lack_something_are_refused)
{
    cr_assert_eq(decode_request(""), BEAM_EINVAL, "no verb");
    cr_assert_eq(decode_request("0800"
                                "1001"),
                 BEAM_EINVAL, "a verb of 0");
    cr_assert_eq(decode_request("0801"), BEAM_EINVAL, "no kind");
    cr_assert_eq(decode_request("0802"), BEAM_EINVAL, "no id");
    cr_assert_eq(decode_request("0802"
                                "2210" ID),
                 BEAM_EINVAL, "no token");
    cr_assert_eq(decode_request("0802"
                                "2a20" TOKEN),
                 BEAM_EINVAL, "no id with the token");
    cr_assert_eq(decode_request("0802"
                                "220f" ID),
                 BEAM_EINVAL, "a short id");
    cr_assert_eq(decode_request("08011001"
                                "0801"),
                 BEAM_EINVAL, "twice a verb");
    cr_assert_eq(decode_request("08011001"
                                "1a0100"),
                 BEAM_EINVAL, "a NUL in a name");
    cr_assert_eq(decode_request("08011001"
                                "1a01ff"),
                 BEAM_EINVAL, "a name that is no UTF-8");
    cr_assert_eq(decode_request("08011001"
                                "3002"),
                 BEAM_EINVAL, "2 for a yes");
    cr_assert_eq(decode_request("08011001"
                                "3a02"),
                 BEAM_EINVAL, "cut short");
    cr_assert_eq(decode_request("08011001"
                                "78017a0161"),
                 0, "fields that nobody knows");
    cr_assert_eq(decode_request("0809"), 0, "a verb that nobody knows");
}

BEAM_TEST(reservation, a_name_has_room_for_a_label)
{
    struct reservation_request r = {.verb = RESERVATION_RESERVE, .kind = RESERVATION_HTTP};
    size_t len = 0;
    memset(r.name, 'a', 63);
    cr_assert_eq(reservation_request_encode(&r, bytes, sizeof(bytes), &len), 0);
    cr_assert_eq(reservation_request_decode(bytes, len, &r), 0);
    cr_assert_eq(strlen(r.name), 63u);
    bytes[4 + 1] = 64;
    bytes[len] = 'a';
    cr_assert_eq(reservation_request_decode(bytes, len + 1, &r), BEAM_EINVAL);
}

BEAM_TEST(reservation, answers_are_as_documented)
{
    static struct reservation_answer a, b;
    size_t len;
    a = (struct reservation_answer){.status = RESERVATION_OK,
                                    .url_count = 1,
                                    .url = {"http://relay.example/"},
                                    .lease = 3600,
                                    .max_body = 10 << 20,
                                    .max_streams = 64,
                                    .visitor_address = true};
    count(a.id, sizeof(a.id), 0);
    count(a.token, sizeof(a.token), 16);
    cr_assert_eq(reservation_answer_encode(&a, bytes, sizeof(bytes), &len), 0);
    is_hex(len, GRANTED);
    cr_assert_eq(reservation_answer_decode(bytes, len, &b), 0);
    cr_assert_eq(memcmp(&a, &b, sizeof(a)), 0);

    a = (struct reservation_answer){
        .status = RESERVATION_NAME_TAKEN, .reason = "not to you. ", .retry = 60};
    cr_assert_eq(reservation_answer_encode(&a, bytes, sizeof(bytes), &len), 0);
    is_hex(len, REFUSED);
    cr_assert_eq(reservation_answer_decode(bytes, len, &b), 0);
    cr_assert_eq(memcmp(&a, &b, sizeof(a)), 0);
}

static int decode_answer(const char *hex)
{
    static struct reservation_answer a;
    return reservation_answer_decode(bytes, from_hex(hex), &a);
}

BEAM_TEST(reservation, answers_that_say_half_are_refused)
{
    cr_assert_eq(decode_answer("0864"), 0, "to a release");
    cr_assert_eq(decode_answer(""), BEAM_EINVAL, "no status");
    cr_assert_eq(decode_answer("0863"), BEAM_EINVAL, "a status below those there are");
    cr_assert_eq(decode_answer("08c801"
                               "1210" ID),
                 BEAM_EINVAL, "a refusal with an id");
    cr_assert_eq(decode_answer("0864"
                               "1210" ID),
                 BEAM_EINVAL, "no token, URL, lease");
    cr_assert_eq(decode_answer("0864"
                               "1210" ID "1a20" TOKEN "220161"
                               "2800"),
                 BEAM_EINVAL, "no time at all");
    cr_assert_eq(decode_answer("0864"
                               "1210" ID "1a20" TOKEN "220120"
                               "2801"),
                 BEAM_EINVAL, "a space in a URL");
    cr_assert_eq(decode_answer("0864"
                               "1210" ID "1a20" TOKEN "2200"
                               "2801"),
                 BEAM_EINVAL, "an empty URL");
    cr_assert_eq(decode_answer("0864"
                               "1210" ID "1a20" TOKEN "220161"
                               "220161"
                               "220161"
                               "220161"
                               "220161"
                               "2801"),
                 BEAM_EINVAL, "five URLs");
    cr_assert_eq(decode_answer("0864"
                               "1210" ID "1a20" TOKEN "220161"
                               "2801"
                               "32020a00"),
                 BEAM_EINVAL, "a limit that is no number");
}

BEAM_TEST(reservation, an_id_has_one_text)
{
    uint8_t id[RESERVATION_ID_SIZE], again[RESERVATION_ID_SIZE];
    char text[RESERVATION_ID_TEXT];
    count(id, sizeof(id), 0xf0);
    reservation_id_text(id, text);
    cr_assert_eq(strlen(text), 26u);
    cr_assert(text_label_valid(text));
    cr_assert_eq(reservation_id_parse(text, 26, again), 0);
    cr_assert_eq(memcmp(id, again, sizeof(id)), 0);
    text[3] = (char)(text[3] - 'a' + 'A');
    cr_assert_eq(reservation_id_parse(text, 26, again), BEAM_EINVAL, "upper case");
    text[3] = (char)(text[3] - 'A' + 'a');
    text[25] = 'b';
    cr_assert_eq(reservation_id_parse(text, 26, again), BEAM_EINVAL, "stray bits");
    cr_assert_eq(reservation_id_parse(text, 25, again), BEAM_EINVAL, "short");
}

BEAM_TEST(reservation, every_status_has_words)
{
    for (uint64_t s = RESERVATION_MALFORMED; s <= RESERVATION_LAST; s++) {
        cr_assert_str_neq(reservation_status_text(s), "refused");
        cr_assert_lt(reservation_status_err(s), 0);
    }
    cr_assert_str_eq(reservation_status_text(299), "refused");
    cr_assert_eq(reservation_status_err(299), BEAM_EREFUSED);
    cr_assert_eq(reservation_status_err(RESERVATION_OK), 0);
}

BEAM_TEST(reservation, kinds_have_words_and_bits)
{
    unsigned all = 0;
    for (uint64_t kind = 1; kind <= RESERVATION_KINDS; kind++) {
        cr_expect_not_null(reservation_kind_text(kind));
        cr_expect_eq(all & reservation_kind_bit(kind), 0u);
        all |= reservation_kind_bit(kind);
    }
    cr_expect_str_eq(reservation_kind_text(RESERVATION_TLS), "tls-passthrough");
    cr_expect_eq(reservation_kind_bit(RESERVATION_TLS), 8u);
    cr_expect_null(reservation_kind_text(0));
    cr_expect_null(reservation_kind_text(RESERVATION_KINDS + 1));
    cr_expect_eq(reservation_kind_bit(0) | reservation_kind_bit(RESERVATION_KINDS + 1), 0u);
    cr_expect_eq(reservation_kind_bit(UINT64_MAX), 0u);
}

BEAM_TEST(reservation, a_port_may_be_wanted)
{
    struct reservation_request r = {
        .verb = RESERVATION_RESERVE, .kind = RESERVATION_TCP, .port = 25565};
    size_t len;
    cr_assert_eq(reservation_request_encode(&r, bytes, sizeof(bytes), &len), 0);
    is_hex(len, "0801100248ddc701");
    memset(&r, 0, sizeof(r));
    cr_assert_eq(reservation_request_decode(bytes, len, &r), 0);
    cr_assert(r.kind == RESERVATION_TCP && r.port == 25565);
    cr_assert_eq(decode_request("08011002488080"
                                "04"),
                 BEAM_EINVAL, "65536");
    cr_assert_eq(decode_request("080110024a0131"), BEAM_EINVAL, "text");
}
