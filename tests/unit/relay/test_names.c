/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/names.h"

#include "tests/unit/relay/owners.h"

static struct names *make(const char *text)
{
    struct names *n = NULL;
    struct beam_why why = {.text = ""};
    cr_assert_geq(sodium_init(), 0);
    cr_assert_eq(names_parse(rng_system(), "list", text, strlen(text), &n, &why), 0, "%s",
                 why.text);
    return n;
}

BEAM_TEST(names, what_looks_like_a_word_is_refused)
{
    static const char *const refused[] = {
        "paypal",        "paypa1",      "pay-pal",       "my-paypal-login",
        "xpaypalx",      "p-a-y-p-a-l", "paypai",        "g00gle",
        "qoogle-g0ogle", "rnicrosoft",  "micr0s0ft-365", "xn--pypal-4ve",
        "ab--cd",        "bank",        "my-bank",       "8ank",
        "b4nk-de",       "vvebmail"};
    static const char *const given[] = {"paypa",  "pal",    "bankrupt", "embankment", "myapp",
                                        "goggle", "go-ogl", "micros",   "a",          "p-a-l"};
    struct names *n = make("PayPal\ngoogle\n# a word\n\nmicrosoft\r\nbank\nwebmail\n");
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        cr_expect(names_refuse(n, refused[i]), "%s", refused[i]);
    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
        cr_expect_not(names_refuse(n, given[i]), "%s", given[i]);
    names_free(n);
}

BEAM_TEST(names, beam_has_a_list_itself_and_an_operator_another)
{
    struct place p;
    struct names *n = NULL;
    struct beam_why why = {.text = ""};
    place_make(&p);
    cr_assert_eq(names_read(rng_system(), "", &n, &why), 0, "%s", why.text);
    cr_expect(names_refuse(n, "www"));
    cr_expect(names_refuse(n, "paypal-secure"));
    cr_expect_not(names_refuse(n, "swift-beam-456"));
    names_free(n);
    cr_assert_eq(file_write(p.file, 0644, "beam\n", 5), 0);
    cr_assert_eq(names_read(rng_system(), p.file, &n, &why), 0, "%s", why.text);
    cr_expect(names_refuse(n, "swift-beam-456"));
    cr_expect_not(names_refuse(n, "www"));
    names_free(n);
    cr_expect_eq(names_read(rng_system(), "/nowhere/at/all", &n, &why), BEAM_ENOTFOUND);
    place_remove(&p);
}

BEAM_TEST(names, a_list_that_makes_no_sense_is_said_where)
{
    struct names *n = NULL;
    struct beam_why why = {.text = ""};
    cr_assert_geq(sodium_init(), 0);
    cr_expect_eq(names_parse(rng_system(), "list", "good\nb ad\n", 10, &n, &why), BEAM_EINVAL);
    cr_expect_not_null(strstr(why.text, "list:2: "), "%s", why.text);
    cr_expect_eq(names_parse(rng_system(), "list", "-\n", 2, &n, &why), BEAM_EINVAL);
    char text[NAMES_LABEL_MAX + 2];
    memset(text, 'a', sizeof(text));
    cr_expect_eq(names_parse(rng_system(), "list", text, sizeof(text), &n, &why), BEAM_ELIMIT);
}
