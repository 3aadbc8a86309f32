/* SPDX-License-Identifier: BSD-3-Clause */
/* The command table: the only file that sees the daemon, the command line and the demo. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/secrecy.h"
#include "cli/help.h"
#include "cli/keys.h"
#include "cli/network.h"
#include "cli/options.h"
#include "cli/plain.h"
#include "cli/publish.h"
#include "cli/relay.h"
#include "cli/relays.h"
#include "cli/status.h"
#include "cli/stop.h"
#include "cli/visitors.h"
#include "daemon/daemon.h"
#include "daemon/operator.h"
#include "daemon/whom.h"
#include "daemon/wish.h"
#include "demo/demo.h"
#include "doctor/doctor.h"

static struct daemon_options daemon_options(const struct options *o)
{
    return (struct daemon_options){.version = PACKAGE_VERSION,
                                   .config = o->config,
                                   .assignments = o->assignments,
                                   .assignment_count = o->assignment_count,
                                   .on_demand = o->on_demand};
}

static int check_wish(const struct options *o, struct beam_why *why)
{
    char dir[PATH_MAX];
    if (!getcwd(dir, sizeof(dir)))
        return beam_why(why, BEAM_EIO, "the working directory: %s", strerror(errno));
    int err = wish_check(o->operand, dir, o->name, why);
    for (size_t i = 0; err == 0 && i < o->relay_count; i++)
        if (o->relays[i][0])
            err = wish_check_relay(o->relays[i], why);
    return err;
}

static int check_start(const struct options *o, struct beam_why *why)
{
    const struct daemon_options options = daemon_options(o);
    return daemon_check(&options, o->policy, why);
}

static int run_publish(const struct options *o, struct beam_why *why)
{
    const struct publish_checks checks = {.wish = check_wish, .start = check_start};
    return publish_command(o, PACKAGE_VERSION, &checks, why);
}

static int check_whom(const char *text, struct beam_why *why)
{
    struct whom whom;
    return whom_parse(text, &whom, why);
}

static int run_network(const struct options *o, struct beam_why *why)
{
    return network_command(o, check_whom, why);
}

static int run_daemon(const struct options *o, struct beam_why *why)
{
    const struct daemon_options options = daemon_options(o);
    return daemon_run(&options, why);
}

static int run_relay(const struct options *o, struct beam_why *why)
{
    if (o->operand)
        return relay_command(o, why);
    const struct operator_options options = {.daemon = daemon_options(o),
                                             .listen = o->listen,
                                             .tls_listen = o->tls_listen,
                                             .acme = o->acme,
                                             .email = o->email,
                                             .p2p = o->p2p,
                                             .worker = o->worker,
                                             .json = o->json};
    return operator_run(&options, why);
}

static int run_demo(const struct options *o, struct beam_why *why)
{
    const struct demo_options options = {.offline = o->offline,
                                         .once = o->once,
                                         .config = o->config,
                                         .assignments = o->assignments,
                                         .assignment_count = o->assignment_count};
    return demo_run(&options, why);
}

static int run_doctor(const struct options *o, struct beam_why *why)
{
    const struct daemon_options options = daemon_options(o);
    return doctor_command(o, &options, why);
}

static int run_help(const struct options *o, struct beam_why *why)
{
    const struct options_command *c = o->operand ? options_find(o->operand) : NULL;
    (void)why;
    help_print(stdout, PACKAGE_VERSION, c ? c->command : o->command);
    return 0;
}

static int run_version(const struct options *o, struct beam_why *why)
{
    (void)o;
    (void)why;
    puts("beam " PACKAGE_VERSION);
    return 0;
}

static const struct {
    enum command command;
    int (*run)(const struct options *o, struct beam_why *why);
} table[] = {
    {COMMAND_PUBLISH, run_publish},   {COMMAND_STATUS, status_command},
    {COMMAND_STOP, stop_command},     {COMMAND_DAEMON, run_daemon},
    {COMMAND_DEMO, run_demo},         {COMMAND_HELP, run_help},
    {COMMAND_VERSION, run_version},   {COMMAND_VISITORS, visitors_command},
    {COMMAND_KEYS, keys_command},     {COMMAND_DOCTOR, run_doctor},
    {COMMAND_RELAY, run_relay},       {COMMAND_NETWORK, run_network},
    {COMMAND_RELAYS, relays_command},
};

static int run(const struct options *o, struct beam_why *why)
{
    if (o->version)
        return run_version(o, why);
    if (o->help)
        return run_help(o, why);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].command == o->command)
            return table[i].run(o, why);
    return beam_why(why, BEAM_EUSAGE, "no such command");
}

/*
 * Whoever started us with one of these closed must not find a socket of ours in its place. What is
 * written there fails, so that nothing passes for told that was not.
 */
static int open_standard(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    return fd < 0 ? BEAM_EIO : close(fd);
}

/* Words from elsewhere, tor's and the daemon's, may be among them. */
static void print_error(const struct beam_why *why)
{
    char text[4 * sizeof(why->text)];
    plain_text(why->text, text, sizeof(text));
    fprintf(stderr, "beam: %s\n", text);
}

int main(int argc, char **argv)
{
    struct options options;
    struct beam_why why = {.text = ""};
    if (open_standard() < 0 || sodium_init() < 0 || secrecy_begin() < 0) {
        fputs("beam: this system lacks /dev/null, randomness, or a way to keep memory private\n",
              stderr);
        return 1;
    }
    int err = options_parse(argc, argv, &options, &why);
    if (err == 0) {
        err = run(&options, &why);
        options_clear(&options);
    }
    if (err == 0 && fflush(stdout) != 0)
        err = beam_why(&why, BEAM_EIO, "standard output: could not be written");
    if (err < 0 && why.text[0])
        print_error(&why);
    return beam_err_exit(err);
}
