/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/bootstrap.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/harness.h"

#define MONTH ((uint64_t)30 * 24 * 3600 * 1000)
enum { TIMEOUT = 60000 };

static struct bootstrap fresh(uint64_t now)
{
    struct bootstrap b;
    bootstrap_init(&b, now, TIMEOUT);
    return b;
}

BEAM_TEST(bootstrap, goes_to_100)
{
    struct bootstrap b = fresh(0);
    cr_assert_eq(b.percent, 0);
    cr_assert_eq(bootstrap_status(&b, 1,
                                  "NOTICE BOOTSTRAP PROGRESS=5 TAG=conn SUMMARY=\"Connecting "
                                  "to a relay\""),
                 BOOTSTRAP_PROGRESS);
    cr_assert_eq(b.percent, 5);
    cr_assert_str_eq(b.summary, "Connecting to a relay");
    cr_assert_eq(bootstrap_status(&b, 2,
                                  "NOTICE BOOTSTRAP PROGRESS=5 TAG=conn SUMMARY=\"Connecting "
                                  "to a relay\""),
                 0, "the same again is no news");
    cr_assert_eq(bootstrap_status(&b, 3, "NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY=\"Done\""),
                 BOOTSTRAP_PROGRESS | BOOTSTRAP_DONE);
    cr_assert(b.done);
    cr_assert_eq(
        bootstrap_status(&b, 4, "NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY=\"Done.\""),
        BOOTSTRAP_PROGRESS, "done is said once");
    cr_assert_geq(bootstrap_due(&b), MONTH);
}

BEAM_TEST(bootstrap, ignores_what_it_does_not_know)
{
    static const char *const texts[] = {
        "",
        "NOTICE",
        "NOTICE CIRCUIT_ESTABLISHED",
        "NOTICE BOOTSTRAP",
        "NOTICE BOOTSTRAP PROGRESS=101",
        "NOTICE BOOTSTRAP PROGRESS=-1",
        "NOTICE BOOTSTRAP PROGRESS=\"5",
        "NOTICE BOOTSTRAP PROGRESS=99999999999999999999",
        "NOTICE AVERYLONGACTIONTHATNOTORHASEVERSENTSOFAR X=1",
    };
    struct bootstrap b = fresh(0);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        cr_assert_eq(bootstrap_status(&b, 1, texts[i]), 0, "%s", texts[i]);
    cr_assert_eq(b.percent, 0);
}

BEAM_TEST(bootstrap, summaries_are_fit_for_a_terminal)
{
    struct bootstrap b = fresh(0);
    cr_assert_eq(bootstrap_status(&b, 1, "NOTICE BOOTSTRAP PROGRESS=1 SUMMARY=\"\\033[2Jx\""),
                 BOOTSTRAP_PROGRESS);
    cr_assert_null(strchr(b.summary, '\x1b'));
    cr_assert_not_null(strstr(b.summary, "x"));
}

#define REFUSED(advice)                                                                            \
    "WARN BOOTSTRAP PROGRESS=5 TAG=conn SUMMARY=\"Connecting to a relay\" WARNING=\"Connection "   \
    "refused\" REASON=CONNECTREFUSED COUNT=1 RECOMMENDATION=" advice                               \
    " HOSTADDR=\"192.0.2.1:9001\""

BEAM_TEST(bootstrap, refused_connections_are_said_when_tor_is_sure)
{
    struct bootstrap b = fresh(0);
    cr_assert_eq(bootstrap_status(&b, 1, REFUSED("ignore")), BOOTSTRAP_PROGRESS);
    for (int i = 0; i < 8; i++)
        cr_assert_eq(bootstrap_status(&b, 2, REFUSED("ignore")), 0);
    cr_assert_eq(bootstrap_status(&b, 14000, REFUSED("warn")), BOOTSTRAP_TROUBLE);
    cr_assert_eq(b.why.code, BEAM_EUNREACH);
    cr_assert_not_null(strstr(b.why.text, "refuse"));
    cr_assert_null(strstr(b.why.text, "192.0.2.1"), "no address of a relay in what is shown");
    cr_assert_eq(bootstrap_status(&b, 15000, REFUSED("warn")), 0, "said once");
    /* It moves, and begins again. */
    cr_assert_eq(bootstrap_status(&b, 16000, "NOTICE BOOTSTRAP PROGRESS=10 SUMMARY=\"x\""),
                 BOOTSTRAP_PROGRESS);
    cr_assert(bootstrap_status(&b, 17000, REFUSED("warn")) & BOOTSTRAP_TROUBLE);
}

BEAM_TEST(bootstrap, reasons_without_words_of_ours_keep_those_of_tor)
{
    struct bootstrap b = fresh(0);
    cr_assert(bootstrap_status(&b, 1,
                               "WARN BOOTSTRAP PROGRESS=1 WARNING=\"No more \\\"HSDir\\\"\" "
                               "REASON=NEWLY_MADE RECOMMENDATION=warn") &
              BOOTSTRAP_TROUBLE);
    cr_assert_not_null(strstr(b.why.text, "No more \"HSDir\""));
}

BEAM_TEST(bootstrap, no_reason_is_shown_raw)
{
    static const char *const reasons[] = {
        "MISC",    "DONE",    "CONNECTREFUSED", "IDENTITY",   "CONNECTRESET", "TIMEOUT",
        "NOROUTE", "IOERROR", "RESOURCELIMIT",  "PT_MISSING", "TLS_ERROR",    "CLOCK_SKEW"};
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        struct bootstrap b = fresh(0);
        char text[160];
        snprintf(text, sizeof(text),
                 "WARN BOOTSTRAP PROGRESS=14 WARNING=\"%s\" REASON=%s RECOMMENDATION=warn",
                 reasons[i], reasons[i]);
        cr_assert(bootstrap_status(&b, 1, text) & BOOTSTRAP_TROUBLE, "%s", reasons[i]);
        cr_assert_null(strstr(b.why.text, reasons[i]), "%s", b.why.text);
    }
    struct bootstrap b = fresh(0);
    bootstrap_status(&b, 1,
                     "WARN BOOTSTRAP PROGRESS=14 WARNING=\"No buffer\" REASON=MISC "
                     "RECOMMENDATION=warn");
    cr_assert_not_null(strstr(b.why.text, "No buffer"), "%s", b.why.text);
}

BEAM_TEST(bootstrap, silence_is_noticed)
{
    struct bootstrap b = fresh(1000);
    cr_assert_eq(bootstrap_due(&b), 1000 + TIMEOUT);
    cr_assert_eq(bootstrap_tick(&b, 1000 + TIMEOUT - 1), 0);
    cr_assert_eq(bootstrap_tick(&b, 1000 + TIMEOUT), BOOTSTRAP_TROUBLE);
    cr_assert_eq(b.why.code, BEAM_ETIMEOUT);
    cr_assert_not_null(strstr(b.why.text, "60 s"));
    cr_assert_not_null(strstr(b.why.text, "no network"));
    cr_assert_gt(bootstrap_due(&b), MONTH, "said once");
    cr_assert_eq(bootstrap_tick(&b, 10 * TIMEOUT), 0);
}

BEAM_TEST(bootstrap, after_a_month_it_is_said_once)
{
    struct bootstrap b = fresh(1000);
    bootstrap_status(&b, 2000, "NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY=\"Done\"");
    uint64_t due = bootstrap_due(&b);
    cr_assert_eq(due, 1000 + MONTH);
    cr_assert_eq(bootstrap_tick(&b, due - 1), 0);
    cr_assert_eq(bootstrap_tick(&b, due), BOOTSTRAP_TROUBLE);
    cr_assert_not_null(strstr(b.why.text, "30 days"), "%s", b.why.text);
    cr_assert_eq(bootstrap_due(&b), UINT64_MAX);
    cr_assert_eq(bootstrap_tick(&b, due + MONTH), 0);
}

BEAM_TEST(bootstrap, the_month_begins_when_tor_did)
{
    struct bootstrap b = fresh(1000);
    bootstrap_status(&b, 2000, "NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY=\"Done\"");
    bootstrap_age(&b, 3000, MONTH - 500);
    cr_assert_eq(bootstrap_due(&b), 3500);
    bootstrap_age(&b, 3000, 2 * MONTH);
    cr_assert_eq(bootstrap_due(&b), 3000);
    cr_assert_eq(bootstrap_tick(&b, 3000), BOOTSTRAP_TROUBLE);
    bootstrap_age(&b, 4000, 2 * MONTH);
    cr_assert_eq(bootstrap_due(&b), UINT64_MAX, "said once");
}

BEAM_TEST(bootstrap, the_watchdog_waits_anew_after_progress)
{
    struct bootstrap b = fresh(0);
    cr_assert_eq(bootstrap_tick(&b, TIMEOUT), BOOTSTRAP_TROUBLE);
    bootstrap_status(&b, 90000, "NOTICE BOOTSTRAP PROGRESS=14 SUMMARY=\"Handshaking\"");
    cr_assert_eq(bootstrap_due(&b), 90000 + TIMEOUT);
    bootstrap_status(&b, 100000, "NOTICE BOOTSTRAP PROGRESS=10 SUMMARY=\"back\"");
    cr_assert_eq(bootstrap_due(&b), 90000 + TIMEOUT, "going back is no progress");
    bootstrap_status(&b, 100001, REFUSED("ignore"));
    cr_assert_eq(bootstrap_tick(&b, 90000 + TIMEOUT), BOOTSTRAP_TROUBLE);
    cr_assert_not_null(strstr(b.why.text, "refuse"), "with the last reason there was");
}

BEAM_TEST(bootstrap, a_wrong_clock)
{
    struct bootstrap b = fresh(0);
    cr_assert_eq(bootstrap_status(&b, 1, "WARN CLOCK_SKEW SKEW=-7260 SOURCE=OR:192.0.2.1:9001"),
                 BOOTSTRAP_TROUBLE);
    cr_assert_not_null(strstr(b.why.text, "2 h 1 min behind"));
    cr_assert_eq(bootstrap_status(&b, 1, "WARN CLOCK_SKEW SKEW=-7260 SOURCE=CONSENSUS"), 0);
    b = fresh(0);
    cr_assert_eq(bootstrap_status(&b, 1, "WARN CLOCK_SKEW MIN_SKEW=3600 SOURCE=CONSENSUS"),
                 BOOTSTRAP_TROUBLE);
    cr_assert_not_null(strstr(b.why.text, "1 h 0 min ahead"));
    b = fresh(0);
    cr_assert_eq(bootstrap_status(&b, 1, "WARN CLOCK_SKEW SKEW=-9223372036854775808"),
                 BOOTSTRAP_TROUBLE);
    b = fresh(0);
    cr_assert_eq(bootstrap_status(&b, 1, "WARN CLOCK_SKEW"), BOOTSTRAP_TROUBLE);
    cr_assert_not_null(strstr(b.why.text, "clock"));
}

static struct logline line(enum logline_level level, const char *text)
{
    struct logline l = {.level = level};
    strncpy(l.text, text, sizeof(l.text) - 1);
    return l;
}

BEAM_TEST(bootstrap, a_clock_so_wrong_that_only_the_log_tells)
{
    struct bootstrap b = fresh(0);
    struct logline l = line(LOGLINE_WARN, "Certificate already expired. Either their clock is set "
                                          "wrong, or your clock is wrong.");
    struct logline other = line(LOGLINE_WARN, "You are running Tor as root.");
    struct logline notice = line(LOGLINE_NOTICE, "The certificate expired");
    cr_assert_eq(bootstrap_log(&b, &other), 0);
    cr_assert_eq(bootstrap_log(&b, &notice), 0);
    cr_assert_eq(bootstrap_log(&b, &l), BOOTSTRAP_TROUBLE);
    cr_assert_not_null(strstr(b.why.text, "clock"));
    cr_assert_eq(bootstrap_log(&b, &l), 0);
    b = fresh(0);
    bootstrap_status(&b, 1, "NOTICE BOOTSTRAP PROGRESS=100 SUMMARY=\"Done\"");
    cr_assert_eq(bootstrap_log(&b, &l), 0, "one bad relay matters not to a tor that is ready");
}

static const char no_bridge[] = "Proxy Client: unable to connect OR connection (handshaking "
                                "(proxy)) with [scrubbed] (\"general SOCKS server failure\")";

BEAM_TEST(bootstrap, a_bridge_that_does_not_answer)
{
    struct bootstrap b = fresh(0);
    struct logline l = line(LOGLINE_WARN, no_bridge);
    bootstrap_status(&b, 1,
                     "NOTICE BOOTSTRAP PROGRESS=2 SUMMARY=\"Connected to pluggable "
                     "transport\"");
    cr_assert_eq(bootstrap_log(&b, &l), 0, "one of several may be away");
    cr_assert_eq(bootstrap_log(&b, &l), 0);
    cr_assert_eq(bootstrap_log(&b, &l), BOOTSTRAP_TROUBLE);
    cr_assert_eq(b.why.code, BEAM_EUNREACH);
    cr_assert_not_null(strstr(b.why.text, "a bridge does not answer"), "%s", b.why.text);
    cr_assert_not_null(strstr(b.why.text, "cert"), "%s", b.why.text);
    cr_assert_not_null(strstr(b.why.text, "take another bridge"), "%s", b.why.text);
    cr_assert_eq(bootstrap_log(&b, &l), 0, "said once");
    cr_assert_eq(bootstrap_tick(&b, 1 + TIMEOUT), BOOTSTRAP_TROUBLE);
    cr_assert_not_null(strstr(b.why.text, "a bridge does not answer"), "%s", b.why.text);
    cr_assert_null(strstr(b.why.text, "no network"), "%s", b.why.text);
    bootstrap_status(&b, 2, "NOTICE BOOTSTRAP PROGRESS=10 SUMMARY=\"x\"");
    cr_assert_eq(bootstrap_log(&b, &l), 0, "it moved: counted anew");
}

BEAM_TEST(bootstrap, a_proxy_is_no_bridge)
{
    struct bootstrap b = fresh(0);
    struct logline l = line(LOGLINE_WARN, no_bridge);
    bootstrap_status(&b, 1, "NOTICE BOOTSTRAP PROGRESS=3 SUMMARY=\"Connecting to proxy\"");
    for (int i = 0; i < 5; i++)
        cr_assert_eq(bootstrap_log(&b, &l), 0);
}

BEAM_TEST(bootstrap, a_transport_whose_program_ends)
{
    struct bootstrap b = fresh(0);
    struct logline l = line(LOGLINE_WARN, "Managed proxy \"/opt/p\" having PID 7 terminated with "
                                          "status code 1");
    struct logline other = line(LOGLINE_WARN, "Managed proxy at '/opt/p' died in state Launched");
    cr_assert_eq(bootstrap_log(&b, &other), 0);
    cr_assert_eq(bootstrap_log(&b, &l), BOOTSTRAP_TROUBLE);
    cr_assert_not_null(strstr(b.why.text, "tor.transport"));
    cr_assert_not_null(strstr(b.why.text, "/opt/p"));
    cr_assert_eq(bootstrap_log(&b, &l), 0, "tor says it each second");
    bootstrap_status(&b, 1, "NOTICE BOOTSTRAP PROGRESS=100 SUMMARY=\"Done\"");
    cr_assert_eq(bootstrap_log(&b, &l), BOOTSTRAP_TROUBLE, "once it was up it is told as well");
    cr_assert_not_null(strstr(b.why.text, "has ended"), "%s", b.why.text);
    cr_assert_eq(bootstrap_log(&b, &l), 0);
}

BEAM_TEST(bootstrap, a_version_that_is_no_longer_recommended)
{
#define VERSION "WARN DANGEROUS_VERSION CURRENT=0.4.7.1 REASON="
    struct bootstrap b = fresh(0);
    struct logline l = line(LOGLINE_WARN, "Please upgrade! This version of Tor (0.4.7.1) is "
                                          "obsolete, according to the directory authorities.");
    cr_assert_eq(bootstrap_status(&b, 1, VERSION "NEW RECOMMENDED=\"0.4.6.1\""), 0);
    cr_assert_eq(bootstrap_status(&b, 1, VERSION "OBSOLETE RECOMMENDED=\"0.4.8.1, 0.4.9.1\""),
                 BOOTSTRAP_TROUBLE);
    cr_assert_not_null(strstr(b.why.text, "update tor"), "%s", b.why.text);
    bootstrap_status(&b, 1, "NOTICE BOOTSTRAP PROGRESS=100 SUMMARY=\"Done\"");
    cr_assert_eq(bootstrap_status(&b, 1, VERSION "UNRECOMMENDED"), 0, "said once");
    cr_assert_eq(bootstrap_log(&b, &l), 0);
    b = fresh(0);
    cr_assert_eq(bootstrap_log(&b, &l), BOOTSTRAP_TROUBLE);
    b = fresh(0);
    bootstrap_status(&b, 1, "NOTICE BOOTSTRAP PROGRESS=100 SUMMARY=\"Done\"");
    cr_assert_eq(bootstrap_status(&b, 1, VERSION "UNRECOMMENDED"), BOOTSTRAP_TROUBLE);
#undef VERSION
}
