/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/kit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

enum { PATIENCE_S = 5, PAUSE_US = 2000 };

static _Noreturn void usage(const struct kit_argument *arguments, size_t count)
{
    fprintf(stderr, "usage: %s", program_invocation_short_name);
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, " [%s", arguments[i].name);
    for (size_t i = 0; i < count; i++)
        fputc(']', stderr);
    fputc('\n', stderr);
    exit(2);
}

void kit_begin(int argc, char **argv, const struct kit_argument *arguments, size_t count,
               unsigned seconds)
{
    if (argc > (int)count + 1)
        usage(arguments, count);
    for (int i = 1; i < argc; i++) {
        const struct kit_argument *a = &arguments[i - 1];
        if (text_number(argv[i], strlen(argv[i]), a->max, a->value) < 0 || *a->value == 0)
            usage(arguments, count);
    }
    alarm(seconds);
}

_Noreturn void kit_die(const char *what)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
    exit(1);
}

double kit_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct addr kit_loopback(uint16_t port)
{
    struct sockaddr_in v4 = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct addr a = {.len = sizeof(v4)};
    memcpy(&a.ss, &v4, sizeof(v4));
    return a;
}

int kit_listening(uint16_t *port)
{
    struct addr at = kit_loopback(0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at.ss, at.len) < 0 || listen(fd, 1) < 0 ||
        getsockname(fd, (struct sockaddr *)&at.ss, &at.len) < 0)
        kit_die("a listener");
    *port = addr_port(&at);
    return fd;
}

int kit_connected(uint16_t port)
{
    struct addr to = kit_loopback(port);
    for (double end = kit_now() + PATIENCE_S; kit_now() < end; usleep(PAUSE_US)) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
            kit_die("socket");
        if (connect(fd, (struct sockaddr *)&to.ss, to.len) == 0)
            return fd;
        close(fd);
    }
    kit_die("nobody listens");
}

void kit_tcp_pair(int fds[2])
{
    uint16_t port;
    int one = 1, listener = kit_listening(&port);
    fds[0] = kit_connected(port);
    fds[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fds[1] < 0)
        kit_die("accept");
    close(listener);
    for (int i = 0; i < 2; i++)
        if (setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0)
            kit_die("TCP_NODELAY");
}

pid_t kit_child(void)
{
    pid_t pid = fork();
    if (pid < 0)
        kit_die("fork");
    if (pid == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        _exit(1);
    return pid;
}

void kit_reap(pid_t pid)
{
    int status;
    if (waitpid(pid, &status, 0) < 0 || status != 0)
        kit_die("a child failed");
}

void kit_stop(pid_t pid)
{
    if (kill(pid, SIGKILL) < 0 || waitpid(pid, NULL, 0) < 0)
        kit_die("a child");
}

void kit_fill(struct kit_figure *f, double beam, double other)
{
    if (f->rounds == KIT_ROUNDS_MAX)
        return;
    f->beam[f->rounds] = beam;
    f->other[f->rounds] = other;
    f->ratio[f->rounds++] = beam / other;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof(*v), by_size);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

bool kit_line(struct kit_figure *f)
{
    double ratio = median(f->ratio, f->rounds);
    bool reached = f->at_most ? ratio <= f->wanted : ratio >= f->wanted;
    printf("%-24s beam %.3f %s, %s %.3f %s: ratio %.2f (wanted: at %s %.2f)%s\n", f->name,
           median(f->beam, f->rounds), f->unit, f->yardstick, median(f->other, f->rounds), f->unit,
           ratio, f->at_most ? "most" : "least", f->wanted, reached ? "" : " MISSED");
    return reached;
}
