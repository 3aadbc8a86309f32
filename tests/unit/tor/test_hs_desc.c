/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/hs_desc.h"

#include <string.h>

#include "tests/unit/harness.h"

#define ADDRESS "25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid"

static void expect(const char *text, enum hs_desc_action action, const char *reason)
{
    struct hs_desc d;
    cr_assert_eq(hs_desc_parse(text, &d), 0, "%s", text);
    cr_assert_eq(d.action, action);
    cr_assert_str_eq(d.address, ADDRESS);
    cr_assert_str_eq(d.reason, reason);
}

BEAM_TEST(hs_desc, actions)
{
    expect("HS_DESC UPLOAD " ADDRESS " UNKNOWN $0123~a nXYp6b3TR5 HSDIR_INDEX=6CE2", HS_DESC_UPLOAD,
           "");
    expect("HS_DESC UPLOADED " ADDRESS " UNKNOWN $0123~a", HS_DESC_UPLOADED, "");
    expect("HS_DESC FAILED " ADDRESS " UNKNOWN $0123~a nXYp REASON=UPLOAD_REJECTED", HS_DESC_FAILED,
           "UPLOAD_REJECTED");
    expect("HS_DESC REQUESTED " ADDRESS " NO_AUTH $0123~a nXYp HSDIR_INDEX=6CE2", HS_DESC_REQUESTED,
           "");
    expect("HS_DESC RECEIVED " ADDRESS " NO_AUTH $0123~a nXYp", HS_DESC_RECEIVED, "");
    expect("HS_DESC CREATED " ADDRESS " UNKNOWN UNKNOWN nXYp", HS_DESC_OTHER, "");
    expect("HS_DESC SOMETHING_NEW " ADDRESS, HS_DESC_OTHER, "");
}

BEAM_TEST(hs_desc, directories)
{
    static const struct {
        const char *text, *directory;
    } rows[] = {
        {"HS_DESC UPLOADED " ADDRESS " UNKNOWN $01AFE~a", "$01AFE"},
        {"HS_DESC UPLOADED " ADDRESS " UNKNOWN $01AFE=a x REASON=$7", "$01AFE"},
        {"HS_DESC UPLOADED " ADDRESS " UNKNOWN $01AFE", "$01AFE"},
        {"HS_DESC UPLOADED " ADDRESS " UNKNOWN UNKNOWN", ""},
        {"HS_DESC UPLOADED " ADDRESS " UNKNOWN ", ""},
        {"HS_DESC UPLOADED " ADDRESS " UNKNOWN", ""},
        {"HS_DESC UPLOADED " ADDRESS, ""},
        {"HS_DESC UPLOADED " ADDRESS
         " UNKNOWN $0123456789012345678901234567890123456789012345678~a",
         ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hs_desc d;
        cr_assert_eq(hs_desc_parse(rows[i].text, &d), 0, "%s", rows[i].text);
        cr_assert_str_eq(d.directory, rows[i].directory);
    }
}

BEAM_TEST(hs_desc, others)
{
    static const char *const wrong[] = {
        "",
        "HS_DESC",
        "HS_DESC ",
        "HS_DESC UPLOADED",
        "HS_DESC UPLOADED UNKNOWN NO_AUTH",
        "HS_DESC UPLOADED sampleonion12456 NO_AUTH",
        "HS_DESC UPLOADED " ADDRESS "x NO_AUTH",
        "HS_DESC ANOVERLONGACTIONWORD " ADDRESS,
        "HS_DESC_CONTENT " ADDRESS,
        "STATUS_CLIENT NOTICE BOOTSTRAP",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct hs_desc d = {.address = "as before"};
        cr_assert_eq(hs_desc_parse(wrong[i], &d), BEAM_EINVAL, "%s", wrong[i]);
        cr_assert_str_eq(d.address, "as before");
    }
}
