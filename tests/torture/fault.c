/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stands in front of every allocation that beam's own objects make in a unit-test program (the
 * linker's --wrap), and makes one of them fail while a test body runs. tests/torture/run drives
 * it by these variables:
 *
 *   BEAM_FAULT_PLAN  a file with a line "suite/name N" a test: its Nth allocation fails; with
 *                    N = 0 none does. A test without a line allocates undisturbed.
 *   BEAM_FAULT_LOG   a file that gets a line for each thing worth knowing: "begin TEST PID",
 *                    "count TEST N" (allocations made), "hit TEST N", "leak TEST N",
 *                    "folder PATH 0" (made by mkdtemp, for the runner to remove), and with
 *                    N = 0 "path TEST N" for the first, second and last allocation reached by
 *                    the same chain of calls (a loop's thousand allocations are three of these)
 *                    and "place:HASH TEST N" for the first reached by the same last few callers.
 *   BEAM_FAULT_SECONDS  after which a body counts as hung.
 *
 * libevent and cJSON allocate on beam's behalf: where a program uses them, they are told to
 * allocate through the same gate.
 */
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <event2/event.h>
#include <sodium.h>

extern void beam_fault_arm(const char *test);
extern void beam_fault_disarm(void);
extern void beam_fault_leak(const char *test);

#pragma weak event_set_mem_functions
#pragma weak cJSON_InitHooks

enum {
    PATHS_MAX = 8192,
    PATH_DEPTH = 24,
    OWN_FRAMES = 3,   /* remember_path, fails, wrap_… */
    PLACE_DEPTH = 4,  /* callers that make a place in the code, whatever the test */
    HANG_SECONDS = 45 /* longer than a test waits that was given a second chance */
};

static struct {
    atomic_bool armed;
    atomic_long made;
    long fail_at;
    char test[256];
    const char *log;
    /* Chains of calls by hash: the indices of the first, second and last allocation of each. */
    struct call_path {
        uint64_t hash, place;
        long first, second, last;
    } paths[PATHS_MAX];
} fault;

static void note(const char *what, const char *test, long n)
{
    char line[512];
    int len = snprintf(line, sizeof(line), "%s %s %ld\n", what, test, n);
    int fd = fault.log ? open(fault.log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return;
    if (write(fd, line, (size_t)len) != len)
        perror("torture: the log could not be written");
    close(fd);
}

/* The linker's names for where this program begins and its code ends. */
extern const char __executable_start[], etext[];

/* A hash of some return addresses, the same in every process: those in libraries count as one. */
static uint64_t hash_of(void *const *frames, int count)
{
    uint64_t hash = 1469598103934665603u; /* FNV-1a */
    for (int i = 0; i < count; i++) {
        const char *at = frames[i];
        uint64_t where =
            at >= __executable_start && at < etext ? (uint64_t)(at - __executable_start) : 0;
        hash = (hash ^ where) * 1099511628211u;
    }
    return hash;
}

/* Remembers by which chain of calls allocation n was reached. */
static __attribute__((noinline)) void remember_path(long n)
{
    void *frames[PATH_DEPTH];
    int depth = backtrace(frames, PATH_DEPTH);
    int near = depth - OWN_FRAMES < PLACE_DEPTH ? depth - OWN_FRAMES : PLACE_DEPTH;
    uint64_t hash = hash_of(frames, depth);
    for (size_t i = 0; i < PATHS_MAX; i++) {
        struct call_path *p = &fault.paths[(hash + i) % PATHS_MAX];
        if (p->first && p->hash != hash)
            continue;
        p->hash = hash;
        p->place = hash_of(frames + OWN_FRAMES, near);
        if (!p->first)
            p->first = n;
        else if (!p->second)
            p->second = n;
        else
            p->last = n;
        return;
    }
}

static void note_paths(void)
{
    for (size_t i = 0; i < PATHS_MAX; i++) {
        const struct call_path *p = &fault.paths[i];
        if (p->first) {
            char what[32];
            snprintf(what, sizeof(what), "place:%016llx", (unsigned long long)p->place);
            note(what, fault.test, p->first);
            note("path", fault.test, p->first);
        }
        if (p->second)
            note("path", fault.test, p->second);
        if (p->last)
            note("path", fault.test, p->last);
    }
}

/* Counts an allocation; true where this one is to fail. */
static __attribute__((noinline)) bool fails(void)
{
    if (!atomic_load(&fault.armed))
        return false;
    long n = atomic_fetch_add(&fault.made, 1) + 1;
    if (fault.fail_at == 0)
        remember_path(n);
    if (n != fault.fail_at)
        return false;
    note("hit", fault.test, fault.fail_at);
    errno = ENOMEM;
    return true;
}

/* The line of `test` in the plan; -1 where there is none. */
static long planned(const char *path, const char *test)
{
    char name[256];
    long n, found = -1;
    FILE *f = fopen(path, "re");
    if (!f)
        return -1;
    while (found < 0 && fscanf(f, "%255s %ld", name, &n) == 2)
        if (strcmp(name, test) == 0)
            found = n;
    fclose(f);
    return found;
}

/* ---- the functions stood in front of ------------------------------------------------------- */

/* `ld --wrap=F` sends our calls of F to __wrap_F, and calls of __real_F to F. */
#define WRAP(type, name, args)                                                                     \
    extern type real_##name args __asm__("__real_" #name);                                         \
    extern type wrap_##name args __asm__("__wrap_" #name)

WRAP(void *, malloc, (size_t size));
WRAP(void *, calloc, (size_t n, size_t size));
WRAP(void *, realloc, (void *p, size_t size));
WRAP(void *, reallocarray, (void *p, size_t n, size_t size));
WRAP(char *, strdup, (const char *s));
WRAP(char *, strndup, (const char *s, size_t n));
WRAP(int, posix_memalign, (void **out, size_t align, size_t size));
WRAP(void *, aligned_alloc, (size_t align, size_t size));
WRAP(void *, sodium_malloc, (size_t size));
WRAP(char *, mkdtemp, (char *template));

extern int wrap_vasprintf(char **out, const char *fmt, va_list ap) __asm__("__wrap_vasprintf")
    __attribute__((format(printf, 2, 0)));
extern int wrap_asprintf(char **out, const char *fmt, ...) __asm__("__wrap_asprintf")
    __attribute__((format(printf, 2, 3)));
extern int wrap_vasprintf_chk(char **out, int flag, const char *fmt,
                              va_list ap) __asm__("__wrap___vasprintf_chk")
    __attribute__((format(printf, 3, 0)));
extern int wrap_asprintf_chk(char **out, int flag, const char *fmt,
                             ...) __asm__("__wrap___asprintf_chk")
    __attribute__((format(printf, 3, 4)));

void *wrap_malloc(size_t size)
{
    return fails() ? NULL : real_malloc(size);
}

void *wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : real_calloc(n, size);
}

void *wrap_realloc(void *p, size_t size)
{
    return fails() ? NULL : real_realloc(p, size);
}

void *wrap_reallocarray(void *p, size_t n, size_t size)
{
    return fails() ? NULL : real_reallocarray(p, n, size);
}

char *wrap_strdup(const char *s)
{
    return fails() ? NULL : real_strdup(s);
}

char *wrap_strndup(const char *s, size_t n)
{
    return fails() ? NULL : real_strndup(s, n);
}

int wrap_posix_memalign(void **out, size_t align, size_t size)
{
    return fails() ? ENOMEM : real_posix_memalign(out, align, size);
}

void *wrap_aligned_alloc(size_t align, size_t size)
{
    return fails() ? NULL : real_aligned_alloc(align, size);
}

void *wrap_sodium_malloc(size_t size)
{
    return fails() ? NULL : real_sodium_malloc(size);
}

/* No allocation: a folder that a body could not remove, for it was ended, is told of. */
char *wrap_mkdtemp(char *template)
{
    char *path = real_mkdtemp(template);
    if (path && atomic_load(&fault.armed))
        note("folder", path, 0);
    return path;
}

/* Written out, for the real ones differ between a fortified build and a plain one. */
int wrap_vasprintf(char **out, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (len < 0 || fails())
        return -1;
    char *text = real_malloc((size_t)len + 1);
    if (!text)
        return -1;
    *out = text;
    return vsnprintf(text, (size_t)len + 1, fmt, ap);
}

int wrap_asprintf(char **out, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int len = wrap_vasprintf(out, fmt, ap);
    va_end(ap);
    return len;
}

int wrap_vasprintf_chk(char **out, int flag, const char *fmt, va_list ap)
{
    (void)flag;
    return wrap_vasprintf(out, fmt, ap);
}

int wrap_asprintf_chk(char **out, int flag, const char *fmt, ...)
{
    va_list ap;
    (void)flag;
    va_start(ap, fmt);
    int len = wrap_vasprintf(out, fmt, ap);
    va_end(ap);
    return len;
}

/* ---- for AddressSanitizer ------------------------------------------------------------------ */

/* Each body asks for leaks at its end; Criterion's own, at the program's end, are not ours. */
extern const char *asan_options(void) __asm__("__asan_default_options");
const char *asan_options(void)
{
    return "leak_check_at_exit=0";
}

/* ---- around a test body (tests/unit/harness.h) --------------------------------------------- */

static void gate_libraries(void)
{
    if (event_set_mem_functions)
        event_set_mem_functions(wrap_malloc, wrap_realloc, free);
    if (cJSON_InitHooks) {
        cJSON_Hooks hooks = {.malloc_fn = wrap_malloc, .free_fn = free};
        cJSON_InitHooks(&hooks);
    }
}

void beam_fault_arm(const char *test)
{
    const char *plan = getenv("BEAM_FAULT_PLAN");
    if (!plan)
        return;
    long n = planned(plan, test);
    if (n < 0)
        return;
    snprintf(fault.test, sizeof(fault.test), "%s", test);
    fault.log = getenv("BEAM_FAULT_LOG");
    fault.fail_at = n;
    gate_libraries();
    void *frame;
    backtrace(&frame, 1); /* its first call allocates for itself */
    note("begin", test, (long)getpid());
    atomic_store(&fault.made, 0);
    const char *seconds = getenv("BEAM_FAULT_SECONDS");
    alarm(seconds ? (unsigned)strtoul(seconds, NULL, 10) : HANG_SECONDS);
    atomic_store(&fault.armed, true);
}

void beam_fault_disarm(void)
{
    if (!atomic_exchange(&fault.armed, false))
        return;
    note("count", fault.test, atomic_load(&fault.made));
    if (fault.fail_at == 0)
        note_paths();
}

void beam_fault_leak(const char *test)
{
    note("leak", test, fault.fail_at);
}
