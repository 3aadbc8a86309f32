/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/torrc.h"

#include <string.h>

#include "tor/page.h"

void torrc_common(struct page *p, const char *dir, pid_t owner)
{
    page_put_path(p, "DataDirectory ", dir, TORRC_DATA, "");
    page_put_path(p, "ControlPort unix:", dir, TORRC_CONTROL, "");
    page_put(p, "CookieAuthentication 1\n");
    page_put_path(p, "CookieAuthFile ", dir, TORRC_COOKIE, "");
    page_put(p, "__OwningControllerProcess %ld\n", (long)owner);
    page_put(p, "RunAsDaemon 0\n"
                "Log notice stdout\n");
}

int torrc_client(const struct torrc *spec, char *out, size_t size, struct beam_why *why)
{
    struct page p;
    if (spec->include[strcspn(spec->include, "*?[")])
        return beam_why(why, BEAM_EINVAL,
                        "tor.torrc: %s: tor reads *, ? and [ in that path as a pattern (rename it)",
                        spec->include);
    page_init(&p, out, size);
    /* First, so that of an option that can be given once, ours holds. */
    if (spec->include[0])
        page_put_path(&p, "%include ", spec->include, NULL, "");
    page_put_path(&p, "SocksPort unix:", spec->dir, TORRC_SOCKS,
                  " IsolateSOCKSAuth ExtendedErrors");
    page_put(&p, "ClientOnly 1\n"
                 "DormantCanceledByStartup 1\n"
                 "SafeLogging 1\n");
    int err = bridges_put(&spec->bridges, spec->runs, &p, why);
    if (err < 0)
        return err;
    torrc_common(&p, spec->dir, spec->owner);
    if (p.err < 0)
        return beam_why(why, p.err, "tor: %s%s%s: %s (choose another path)", spec->dir,
                        spec->include[0] ? " or " : "", spec->include,
                        p.err == BEAM_EINVAL ? "a control character in it" : "too long");
    return 0;
}
