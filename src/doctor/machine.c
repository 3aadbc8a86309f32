/* SPDX-License-Identifier: BSD-3-Clause */
#include "doctor/machine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rng.h"
#include "identity/keystore.h"
#include "policy/policy.h"
#include "tor/bridges.h"
#include "tor/service_dir.h"
#include "tor/spawn.h"
#include "tor/torrc.h"

enum { SPACE_WANTED = 64 }; /* MiB; what a client's tor caches is a third of that */

/* One that exists must be ours alone; one that does not, must be possible. */
static int check_folder(const char *path, struct beam_why *why)
{
    if (access(path, F_OK) == 0)
        return file_private_dir(path, why);
    char *parent = strdup(path);
    if (!parent)
        return beam_why(why, BEAM_ENOMEM, "%s: out of memory", path);
    file_to_existing(parent);
    int err = 0;
    if (access(parent, W_OK | X_OK) < 0)
        err = beam_why(why, BEAM_EPERM,
                       "%s: cannot be made: %s: %s (make it yours, or set BEAM_HOME to a folder "
                       "that is)",
                       path, parent, strerror(errno));
    free(parent);
    return err;
}

void machine_folders(struct findings *fs, const struct home *h)
{
    const char *const folders[] = {h->data, h->state, h->run, h->tor};
    size_t bad = 0, there = 0;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        struct beam_why why;
        there += access(folders[i], F_OK) == 0;
        if (check_folder(folders[i], &why) < 0) {
            findings_add_why(fs, "folders", FINDINGS_FAIL, &why);
            bad++;
        }
    }
    if (bad == 0)
        findings_add(fs, "folders", FINDINGS_OK, "", "%s: %s", h->data,
                     there ? "it and those beside it are yours alone"
                           : "it can be made, as can those beside it");
}

void machine_keys(struct findings *fs, const struct home *h)
{
    struct keystore *ks = NULL;
    struct beam_why why;
    int err = keystore_new(h->data, KEYSTORE_READ, rng_system(), &ks);
    err = err < 0 ? beam_why(&why, err, "key store: out of memory") : keystore_open(ks, &why);
    if (err == 0)
        findings_add(fs, "keys", FINDINGS_OK, "", "%s/keystore: whole, and without a passphrase",
                     h->data);
    else if (err == BEAM_EAUTH && keystore_state(ks) == KEYSTORE_LOCKED)
        findings_add(fs, "keys", FINDINGS_OK, "",
                     "%s/keystore: with a passphrase; `beam keys unlock` opens it for the daemon",
                     h->data);
    else if (err == BEAM_ENOTFOUND)
        findings_add(fs, "keys", FINDINGS_OK, "", "none yet: the first tunnel makes them");
    else
        findings_add_why(fs, "keys", FINDINGS_FAIL, &why);
    keystore_free(ks);
}

void machine_configuration(struct findings *fs, const struct daemon_options *options,
                           struct setup **out)
{
    struct setup *s = NULL;
    struct beam_why why;
    *out = NULL;
    if (setup_read(options, &s, &why) < 0) {
        findings_add_why(fs, "configuration", FINDINGS_FAIL, &why);
        return;
    }
    if (access(s->config, F_OK) == 0)
        findings_add(fs, "configuration", FINDINGS_OK, "", "%s", s->config);
    else
        findings_add(fs, "configuration", FINDINGS_OK, "", "the defaults: there is no %s",
                     s->config);
    *out = s;
}

static bool runs(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* Whether any policy there is has an onion's key lie in a folder of tor's. */
static bool tags_circuits(const struct conf *c)
{
    bool tags = c->onion_tag_circuits;
    for (size_t i = 0; i < c->policy_count; i++) {
        struct policy p;
        struct beam_why why;
        tags |= policy_find(c, c->policies[i].name, &p, &why) == 0 && p.tag_circuits;
    }
    return tags;
}

void machine_services(struct findings *fs, const struct home *h, const struct conf *c)
{
    struct beam_why why;
    if (tags_circuits(c) && service_dir_on_disk(h->run, &why))
        findings_add_why(fs, "folders", FINDINGS_WARN, &why);
}

void machine_bridges(struct findings *fs, const struct conf *c)
{
    const struct bridges bridges = {c->tor_bridge, c->tor_transport};
    struct beam_why why;
    struct page page;
    size_t count = 0;
    char *text = c->tor_bridge[0] ? malloc(TORRC_MAX) : NULL;
    if (!c->tor_bridge[0]) {
        findings_add(fs, "bridges", FINDINGS_OK, "",
                     "none: tor goes to the public relays (tor.bridge names bridges where these "
                     "are blocked)");
        return;
    }
    if (!text) {
        findings_add(fs, "bridges", FINDINGS_WARN, "", "not looked at: out of memory");
        return;
    }
    page_init(&page, text, TORRC_MAX);
    for (const char *at = c->tor_bridge; *at; at++)
        count += *at != '\n' && (at == c->tor_bridge || at[-1] == '\n');
    if (bridges_put(&bridges, runs, &page, &why) < 0)
        findings_add_why(fs, "bridges", FINDINGS_FAIL, &why);
    else
        findings_add(fs, "bridges", FINDINGS_OK, "",
                     "%zu configured, and the programs that speak to them are here", count);
    free(text);
}

/* Whether there is room on the disk for what tor keeps. */
static void check_space(struct findings *fs, const char *dir)
{
    struct statvfs st;
    char *path = strdup(dir);
    if (path)
        file_to_existing(path);
    if (path && statvfs(path, &st) == 0) {
        uint64_t mib = (uint64_t)st.f_bavail * st.f_frsize >> 20;
        if (mib < SPACE_WANTED)
            findings_add(fs, "data", FINDINGS_WARN, "make room on that disk",
                         "%s: %" PRIu64 " MiB are free, and tor may want %d", dir, mib,
                         SPACE_WANTED);
    }
    free(path);
}

void machine_data(struct findings *fs, const struct home *h, bool daemon)
{
    const struct spawn_spec spec = {.dir = h->tor};
    struct beam_why why;
    check_space(fs, h->tor);
    if (spawn_check(&spec, &why) < 0)
        findings_add_why(fs, "data", FINDINGS_FAIL, &why);
    else if (!spawn_locked(h->tor))
        findings_add(fs, "data", FINDINGS_OK, "", "%s: free for a tor of beam's own", h->tor);
    else if (daemon)
        findings_add(fs, "data", FINDINGS_OK, "", "%s: in use by the daemon's tor", h->tor);
    else
        findings_add(fs, "data", FINDINGS_FAIL, "stop that tor",
                     "%s: in use by a tor that is no daemon's", h->tor);
}
