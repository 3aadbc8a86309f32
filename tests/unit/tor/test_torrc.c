/* SPDX-License-Identifier: BSD-3-Clause */
#include "tor/torrc.h"

#include <string.h>

#include "tests/unit/harness.h"
#include "tor/node_torrc.h"

BEAM_TEST(torrc, of_a_client)
{
    const struct torrc spec = {.dir = "/home/alice/tor", .include = "", .owner = 4711};
    char text[TORRC_MAX];
    struct beam_why why;
    cr_assert_eq(torrc_client(&spec, text, sizeof(text), &why), 0);
    cr_assert_str_eq(text, "SocksPort unix:\"/home/alice/tor/socks.sock\" IsolateSOCKSAuth "
                           "ExtendedErrors\n"
                           "ClientOnly 1\n"
                           "DormantCanceledByStartup 1\n"
                           "SafeLogging 1\n"
                           "DataDirectory \"/home/alice/tor/data\"\n"
                           "ControlPort unix:\"/home/alice/tor/control.sock\"\n"
                           "CookieAuthentication 1\n"
                           "CookieAuthFile \"/home/alice/tor/control.cookie\"\n"
                           "__OwningControllerProcess 4711\n"
                           "RunAsDaemon 0\n"
                           "Log notice stdout\n");
}

BEAM_TEST(torrc, include_comes_first_and_is_quoted)
{
    const struct torrc spec = {.dir = "/d", .include = "/a b/q\"u\\o\xc3\xa9", .owner = 1};
    static const char first[] = "%include \"/a b/q\\\"u\\\\o\xc3\xa9\"\n";
    char text[TORRC_MAX];
    cr_assert_eq(torrc_client(&spec, text, sizeof(text), NULL), 0);
    cr_assert_eq(strncmp(text, first, strlen(first)), 0, "%s", text);
}

BEAM_TEST(torrc, no_line_can_be_smuggled_in)
{
    char text[TORRC_MAX];
    struct beam_why why;
    struct torrc spec = {.dir = "/d\nSocksPort 0", .include = "", .owner = 1};
    cr_assert_eq(torrc_client(&spec, text, sizeof(text), &why), BEAM_EINVAL);
    spec = (struct torrc){.dir = "/d", .include = "/x\r\ny", .owner = 1};
    cr_assert_eq(torrc_client(&spec, text, sizeof(text), &why), BEAM_EINVAL);
    spec.include = "/conf.d/*";
    cr_assert_eq(torrc_client(&spec, text, sizeof(text), &why), BEAM_EINVAL);
    cr_assert_not_null(strstr(why.text, "/conf.d/*"));
}

BEAM_TEST(torrc, too_long)
{
    const struct torrc spec = {.dir = "/d", .include = "", .owner = 1};
    char text[TORRC_MAX];
    cr_assert_eq(torrc_client(&spec, text, sizeof(text), NULL), 0);
    size_t len = strlen(text);
    for (size_t size = 1; size <= len; size++)
        cr_assert_eq(torrc_client(&spec, text, size, NULL), BEAM_ELIMIT, "%zu", size);
    cr_assert_eq(torrc_client(&spec, text, len + 1, NULL), 0);
}

static const struct node_public nodes[] = {
    {.name = "auth0",
     .authority = true,
     .or_port = 1001,
     .dir_port = 1002,
     .fingerprint = "26E5E5547BC2B4BA7B94C933E08B23D84A1F7AB4",
     .v3ident = "F5F52319C06909BF6A1B31159B15D88CDB2372E2"},
    {.name = "relay1", .or_port = 1003},
};

BEAM_TEST(torrc, of_a_client_of_a_private_network)
{
    char text[TORRC_MAX];
    cr_assert_eq(node_torrc_client(nodes, 2, "10.1.2.3", text, sizeof(text)), 0);
    cr_assert_str_eq(text, "TestingTorNetwork 1\n"
                           "AssumeReachable 1\n"
                           "PathsNeededToBuildCircuits 0.25\n"
                           "Schedulers Vanilla\n"
                           "DirAuthority auth0 orport=1001 no-v2 "
                           "v3ident=F5F52319C06909BF6A1B31159B15D88CDB2372E2 10.1.2.3:1002 "
                           "26E5E5547BC2B4BA7B94C933E08B23D84A1F7AB4\n");
    cr_assert_eq(node_torrc_client(nodes, 2, "10.1.2.3", text, 20), BEAM_ELIMIT);
}

/* Whether `line` is one of the lines of text. */
static bool has(const char *text, const char *line)
{
    const char *at = strstr(text, line);
    return at && (at == text || at[-1] == '\n') && at[strlen(line)] == '\n';
}

BEAM_TEST(torrc, of_nodes)
{
    char text[TORRC_MAX];
    struct node_torrc spec = {.nodes = nodes,
                              .count = 2,
                              .self = &nodes[0],
                              .address = "10.1.2.3",
                              .dir = "/n/a",
                              .owner = 7};
    cr_assert_eq(node_torrc(&spec, text, sizeof(text)), 0);
    cr_assert(has(text, "TestingTorNetwork 1"));
    cr_assert(has(text, "Nickname auth0"));
    cr_assert(has(text, "ORPort 10.1.2.3:1001"));
    cr_assert(has(text, "DirPort 10.1.2.3:1002"));
    cr_assert(has(text, "V3AuthoritativeDirectory 1"));
    cr_assert(has(text, "OutboundBindAddress 10.1.2.3"));
    cr_assert(has(text, "DataDirectory \"/n/a/data\""));
    cr_assert(has(text, "__OwningControllerProcess 7"));
    cr_assert(has(text, "AvoidDiskWrites 1"));
    spec.self = &nodes[1];
    cr_assert_eq(node_torrc(&spec, text, sizeof(text)), 0);
    cr_assert(has(text, "Nickname relay1"));
    cr_assert(has(text, "ORPort 10.1.2.3:1003"));
    cr_assert_null(strstr(text, "DirPort"));
    cr_assert_null(strstr(text, "AuthoritativeDirectory"));
    spec.dir = "/n\n";
    cr_assert_eq(node_torrc(&spec, text, sizeof(text)), BEAM_EINVAL);
}
