/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/bootstrap.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tor/control_line.h"

enum kind {
    SAID_NETWORK = 1,
    SAID_CLOCK = 2,
    SAID_STALLED = 4,
    SAID_TRANSPORT = 8,
    SAID_BRIDGE = 16,
    SAID_VERSION = 32
};

/* Failures of bridges with no progress between, so that one of several may be away. */
enum { BRIDGE_TRIES = 3 };

#define LONG_RUN ((uint64_t)30 * 24 * 3600 * 1000) /* ms */

void bootstrap_init(struct bootstrap *b, uint64_t now, uint64_t timeout)
{
    *b = (struct bootstrap){.moved_at = now, .timeout = timeout, .old_at = now + LONG_RUN};
}

void bootstrap_age(struct bootstrap *b, uint64_t now, uint64_t uptime)
{
    if (b->old_at != UINT64_MAX)
        b->old_at = uptime < LONG_RUN ? now + LONG_RUN - uptime : now;
}

/* Trouble of a kind is told once, until things move again. */
static bool first_time(struct bootstrap *b, enum kind kind)
{
    if (b->said & kind)
        return false;
    b->said |= kind;
    return true;
}

/* Plain words for tor's REASON (control-spec, 4.1.3); NULL: tor's own WARNING is as good. */
static const char *reason_words(const char *reason)
{
    static const struct {
        const char *reason, *words;
    } rows[] = {
        {"DONE", "what it connects to closes the connection as soon as it is made"},
        {"IOERROR", "connections to the Tor network fail on the way"},
        {"RESOURCELIMIT",
         "this machine has no more sockets, files or memory for connections to the Tor network"},
        {"PT_MISSING", "there is no program that speaks the bridge's transport"},
        {"CONNECTREFUSED", "the Tor network's servers refuse the connection"},
        {"CONNECTRESET", "connections to the Tor network are broken off"},
        {"NOROUTE", "this machine has no way to the Tor network"},
        {"TIMEOUT", "the Tor network's servers do not answer"},
        {"TLS_ERROR",
         "what answers is no server of the Tor network; this network may want you to go through a "
         "login page first"},
        {"IDENTITY", "what answers is not the Tor server it should be"},
        {"CLOCK_SKEW", "this machine's clock differs from the Tor network's"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].reason, reason) == 0)
            return rows[i].words;
    return NULL;
}

/* The trouble that a BOOTSTRAP WARN tells, remembered for the watchdog. */
static void note_trouble(struct bootstrap *b, const char *args)
{
    char reason[32] = "", warning[512] = "";
    control_value(args, "REASON", reason, sizeof(reason));
    control_value(args, "WARNING", warning, sizeof(warning));
    const char *words = reason_words(reason);
    if (!words && strcmp(reason, "MISC") == 0 && (!warning[0] || strcmp(warning, reason) == 0))
        words = "connections to the Tor network end, and tor does not know why";
    if (!words)
        words = warning[0] ? warning : reason;
    text_escape(words, strlen(words), b->trouble, sizeof(b->trouble));
}

static unsigned warned(struct bootstrap *b, const char *args)
{
    char advice[16] = "";
    note_trouble(b, args);
    control_value(args, "RECOMMENDATION", advice, sizeof(advice));
    if (strcmp(advice, "warn") != 0 || !first_time(b, SAID_NETWORK))
        return 0;
    beam_why(&b->why, BEAM_EUNREACH,
             "tor cannot bootstrap, at %d %%: %s (see that nothing blocks Tor, and that "
             "tor.torrc, if set, is right; it goes on trying)",
             b->percent, b->trouble[0] ? b->trouble : "it does not say why");
    return BOOTSTRAP_TROUBLE;
}

static unsigned progressed(struct bootstrap *b, uint64_t now, const char *args)
{
    char number[8], raw[512] = "", summary[BOOTSTRAP_SUMMARY_SIZE];
    uint64_t percent = 0;
    if (control_value(args, "PROGRESS", number, sizeof(number)) < 0 ||
        text_number(number, strlen(number), 100, &percent) < 0)
        return 0;
    control_value(args, "SUMMARY", raw, sizeof(raw));
    text_escape(raw, strlen(raw), summary, sizeof(summary));
    if ((int)percent == b->percent && strcmp(summary, b->summary) == 0)
        return 0;
    if ((int)percent > b->percent) {
        b->moved_at = now;
        b->said &= SAID_VERSION; /* which stays as it is */
        b->bridge_failures = 0;
        b->trouble[0] = '\0';
    }
    b->percent = (int)percent;
    memcpy(b->summary, summary, sizeof(summary));
    if (b->percent < 100 || b->done)
        return BOOTSTRAP_PROGRESS;
    b->done = true;
    return BOOTSTRAP_PROGRESS | BOOTSTRAP_DONE;
}

/* SKEW in seconds, negative when our clock is behind. */
static unsigned skewed(struct bootstrap *b, const char *args)
{
    char skew[24] = "";
    if (!first_time(b, SAID_CLOCK))
        return 0;
    long long seconds = 0;
    if (control_value(args, "SKEW", skew, sizeof(skew)) == 0 ||
        control_value(args, "MIN_SKEW", skew, sizeof(skew)) == 0)
        seconds = strtoll(skew, NULL, 10);
    unsigned long long distance = (unsigned long long)seconds;
    unsigned long long minutes = (seconds < 0 ? 0 - distance : distance) / 60;
    if (minutes == 0)
        beam_why(&b->why, BEAM_EUNREACH,
                 "this machine's clock differs from the Tor network's (set it, for one with: "
                 "timedatectl set-ntp true)");
    else
        beam_why(&b->why, BEAM_EUNREACH,
                 "this machine's clock is %llu h %llu min %s the Tor network's (set it, for one "
                 "with: timedatectl set-ntp true)",
                 minutes / 60, minutes % 60, seconds < 0 ? "behind" : "ahead of");
    return BOOTSTRAP_TROUBLE;
}

static unsigned outdated(struct bootstrap *b)
{
    if (!first_time(b, SAID_VERSION))
        return 0;
    beam_why(&b->why, BEAM_EINVAL,
             "the Tor network's authorities no longer recommend this version of tor: it is too "
             "old, or has faults that are known (update tor)");
    return BOOTSTRAP_TROUBLE;
}

/* One that is newer than they know is no fault. */
static unsigned judged(struct bootstrap *b, const char *args)
{
    char reason[16] = "";
    control_value(args, "REASON", reason, sizeof(reason));
    bool old = strcmp(reason, "OBSOLETE") == 0 || strcmp(reason, "UNRECOMMENDED") == 0;
    return old ? outdated(b) : 0;
}

unsigned bootstrap_status(struct bootstrap *b, uint64_t now, const char *text)
{
    char severity[8], action[32];
    if (control_word(&text, severity, sizeof(severity)) < 0 ||
        control_word(&text, action, sizeof(action)) < 0)
        return 0;
    if (strcmp(action, "CLOCK_SKEW") == 0)
        return skewed(b, text);
    if (strcmp(action, "DANGEROUS_VERSION") == 0)
        return judged(b, text);
    if (strcmp(action, "BOOTSTRAP") != 0)
        return 0;
    unsigned news = progressed(b, now, text);
    if (strcmp(severity, "NOTICE") != 0)
        news |= warned(b, text);
    return news;
}

/* tor starts it again each second, for ever. Once all is up that may well be the end of it. */
static unsigned transport_ended(struct bootstrap *b, const char *text)
{
    char shown[200];
    if (!first_time(b, SAID_TRANSPORT))
        return 0;
    text_escape(text, strlen(text), shown, sizeof(shown));
    beam_why(&b->why, BEAM_EIO,
             "the program that speaks a bridge's transport %s: %s (run it by hand to see why, or "
             "name another with tor.transport; tor goes on trying)",
             b->done ? "has ended, and tor starts it again" : "ends as soon as tor starts it",
             shown);
    return BOOTSTRAP_TROUBLE;
}

/* The transport's program tells tor that it failed, and not why. A proxy of tor.torrc is no bridge,
 * but fails in these words. */
static bool is_of_bridge(const struct bootstrap *b, const char *text)
{
    return strncmp(text, "Proxy Client: unable to connect", 31) == 0 &&
           !strstr(b->summary, "proxy");
}

static unsigned bridge_failed(struct bootstrap *b)
{
    static const char words[] = "a bridge does not answer, or the cert in its line is wrong";
    memcpy(b->trouble, words, sizeof(words));
    if (++b->bridge_failures < BRIDGE_TRIES || !first_time(b, SAID_BRIDGE))
        return 0;
    beam_why(&b->why, BEAM_EUNREACH,
             "tor cannot bootstrap, at %d %%: %s (copy its line anew, or take another bridge, in "
             "tor.bridge; tor goes on trying)",
             b->percent, words);
    return BOOTSTRAP_TROUBLE;
}

static bool is_of_clock(const char *text)
{
    return strcasestr(text, "certificate") &&
           (strcasestr(text, "expired") || strcasestr(text, "clock") ||
            strcasestr(text, "not yet valid"));
}

unsigned bootstrap_log(struct bootstrap *b, const struct logline *l)
{
    if (l->level < LOGLINE_WARN)
        return 0;
    if (strncmp(l->text, "Managed proxy ", 14) == 0 && strstr(l->text, " terminated "))
        return transport_ended(b, l->text);
    /* Of a consensus it had on its disk, before it was under control. */
    if (strncmp(l->text, "Please upgrade! ", 16) == 0)
        return outdated(b);
    if (b->done)
        return 0;
    if (is_of_bridge(b, l->text))
        return bridge_failed(b);
    if (!is_of_clock(l->text) || !first_time(b, SAID_CLOCK))
        return 0;
    beam_why(&b->why, BEAM_EUNREACH,
             "tor finds the Tor network's certificates out of date: this machine's clock may be "
             "wrong (see: date; set it, for one with: timedatectl set-ntp true)");
    return BOOTSTRAP_TROUBLE;
}

/* Proposal 333, 1: vanguards-lite is for onions that are up for no longer than a month. */
static unsigned grown_old(struct bootstrap *b)
{
    b->old_at = UINT64_MAX;
    beam_why(
        &b->why, BEAM_ELIMIT,
        "this tor has run for 30 days: what keeps those who own relays from finding an "
        "onion's guard is made for no longer (put the vanguards add-on beside it, for services "
        "that stay up)");
    return BOOTSTRAP_TROUBLE;
}

unsigned bootstrap_tick(struct bootstrap *b, uint64_t now)
{
    if (now >= b->old_at)
        return grown_old(b);
    if (now < bootstrap_due(b) || !first_time(b, SAID_STALLED))
        return 0;
    beam_why(&b->why, BEAM_ETIMEOUT,
             "tor has made no progress for %" PRIu64 " s, at %d %%%s%s: %s (see that this machine "
             "is connected and nothing blocks Tor; it goes on trying)",
             b->timeout / 1000, b->percent, b->summary[0] ? ", " : "", b->summary,
             b->trouble[0] ? b->trouble : "there may be no network");
    return BOOTSTRAP_TROUBLE;
}

uint64_t bootstrap_due(const struct bootstrap *b)
{
    if (b->done || (b->said & SAID_STALLED))
        return b->old_at;
    return b->moved_at + b->timeout;
}
