/* SPDX-License-Identifier: BSD-3-Clause */
#include "doctor/clock_check.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

enum {
    TOLERANCE = 60,           /* s */
    CONSENSUS_HEAD = 1 << 10, /* bytes in which a consensus tells its time */
};

static const char advice[] = "set it, for one with: timedatectl set-ntp true";

/* "2026-01-02T03:04:05Z". */
static const char *text_of(int64_t seconds, char *out)
{
    clock_text((uint64_t)seconds * 1000, out);
    memcpy(out + strlen("2026-01-02T03:04:05"), "Z", 2);
    return out;
}

void clock_check_judge(struct findings *fs, const struct clock_check_facts *facts)
{
    char now[CLOCK_TEXT_SIZE], then[CLOCK_TEXT_SIZE];
    text_of(facts->now, now);
    if (facts->program && facts->now < facts->program - TOLERANCE)
        findings_add(fs, "clock", FINDINGS_FAIL, advice,
                     "the clock says %s, and beam was installed at %s: it is behind", now,
                     text_of(facts->program, then));
    else if (facts->consensus && facts->now < facts->consensus - TOLERANCE)
        findings_add(fs, "clock", FINDINGS_FAIL, advice,
                     "the clock says %s, and tor has heard from its network at %s: it is behind",
                     now, text_of(facts->consensus, then));
    else if (facts->unsynced)
        findings_add(fs, "clock", FINDINGS_WARN, advice,
                     "%s; nothing keeps it right, and Tor bears an hour or so of error, no more",
                     now);
    else
        findings_add(fs, "clock", FINDINGS_OK, "", "%s", now);
}

int64_t clock_check_consensus(const char *text)
{
    static const char key[] = "\nvalid-after ";
    struct tm tm = {.tm_isdst = 0};
    const char *at = strstr(text, key);
    if (!at)
        return 0;
    const char *end = strptime(at + sizeof(key) - 1, "%Y-%m-%d %H:%M:%S", &tm);
    if (!end || *end != '\n')
        return 0;
    time_t t = timegm(&tm);
    return t > 0 ? t : 0;
}

static int64_t of_program(void)
{
    struct stat st;
    return stat("/proc/self/exe", &st) == 0 ? st.st_ctim.tv_sec : 0;
}

static int64_t of_consensus(const char *tor_data)
{
    static const char *const names[] = {"cached-microdesc-consensus", "cached-consensus"};
    int64_t last = 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *path = file_join(tor_data, names[i]), head[CONSENSUS_HEAD + 1];
        int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW) : -1;
        ssize_t n = fd < 0 ? -1 : read(fd, head, CONSENSUS_HEAD);
        if (fd >= 0)
            close(fd);
        free(path);
        if (n <= 0)
            continue;
        head[n] = '\0';
        int64_t t = clock_check_consensus(head);
        last = t > last ? t : last;
    }
    return last;
}

void clock_check_run(struct findings *fs, const char *tor_data)
{
    struct timex kernel = {.modes = 0};
    const struct clock_source *clock = clock_system();
    const struct clock_check_facts facts = {
        .now = (int64_t)(clock->wall_ms(clock->arg) / 1000),
        .program = of_program(),
        .consensus = of_consensus(tor_data),
        .unsynced = adjtimex(&kernel) >= 0 && (kernel.status & STA_UNSYNC) != 0,
    };
    clock_check_judge(fs, &facts);
}
