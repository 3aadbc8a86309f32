/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/output.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "tests/unit/loop/until.h"
#include "tests/unit/tunnel/folder.h"

struct set {
    struct loop *loop;
    int fds[2];
    struct output *output;
    bool gone;
    size_t wanted, read;
    char last;
};

static void on_gone(void *arg)
{
    ((struct set *)arg)->gone = true;
}

static void begin(struct set *s)
{
    *s = (struct set){.loop = until_loop_new()};
    cr_assert_eq(pipe2(s->fds, O_CLOEXEC), 0);
    cr_assert_eq(fcntl(s->fds[0], F_SETFL, O_NONBLOCK), 0);
    cr_assert_eq(output_new(s->loop, s->fds[1], on_gone, s, &s->output), 0);
}

static void end(struct set *s)
{
    output_free(s->output);
    loop_free(s->loop);
    close(s->fds[0]);
    close(s->fds[1]);
}

static bool has_read(void *arg)
{
    struct set *s = arg;
    char block[65536];
    ssize_t n = read(s->fds[0], block, sizeof(block));
    if (n > 0) {
        s->read += (size_t)n;
        s->last = block[n - 1];
    }
    return s->read >= s->wanted;
}

BEAM_TEST(output, a_slow_reader_gets_it_all)
{
    struct set s;
    char line[1000];
    begin(&s);
    memset(line, 'x', sizeof(line));
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(output_add(s.output, line, sizeof(line)), 0);
    cr_assert_eq(output_add(s.output, "!", 1), 0);
    s.wanted = 1000 * sizeof(line) + 1;
    cr_assert(until(s.loop, has_read, &s));
    cr_expect_eq(s.read, s.wanted);
    cr_expect_eq(s.last, '!');
    cr_expect_not(s.gone);
    end(&s);
}

BEAM_TEST(output, has_a_ceiling)
{
    struct set s;
    static char block[1 << 20];
    begin(&s);
    int err = 0, blocks = 0;
    while (err == 0 && blocks < 10) {
        err = output_add(s.output, block, sizeof(block));
        blocks += err == 0;
    }
    cr_expect_eq(err, BEAM_ELIMIT);
    cr_expect_eq(blocks, OUTPUT_MAX / (int)sizeof(block));
    end(&s);
}

BEAM_TEST(output, a_reader_that_goes_is_noticed_without_a_write)
{
    struct set s;
    begin(&s);
    cr_assert_eq(output_add(s.output, "a", 1), 0);
    close(s.fds[0]);
    s.fds[0] = -1;
    cr_expect(until_flag(s.loop, &s.gone));
    cr_expect_eq(output_add(s.output, "b", 1), BEAM_ECLOSED);
    end(&s);
}

BEAM_TEST(output, a_reader_that_goes_is_noticed_with_bytes_waiting)
{
    struct set s;
    static char block[1 << 20];
    begin(&s);
    cr_assert_eq(output_add(s.output, block, sizeof(block)), 0);
    close(s.fds[0]);
    s.fds[0] = -1;
    cr_expect(until_flag(s.loop, &s.gone));
    end(&s);
}

BEAM_TEST(output, drain_does_not_wait_for_ever)
{
    struct set s;
    static char block[1 << 20];
    begin(&s);
    cr_assert_eq(output_add(s.output, block, sizeof(block)), 0);
    output_drain(s.output, 20);
    s.wanted = 4096;
    cr_expect(has_read(&s));
    output_drain(s.output, 20); /* goes on with what was made room for */
    end(&s);
}

BEAM_TEST(output, a_file_takes_all_at_once)
{
    struct folder f = folder_make();
    struct output *o = NULL;
    char *path = file_join(f.path, "out"), *text = NULL;
    size_t len;
    cr_assert_not_null(path);
    struct loop *l = until_loop_new();
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    cr_assert_geq(fd, 0);
    cr_assert_eq(output_new(l, fd, on_gone, NULL, &o), 0);
    cr_assert_eq(output_add(o, "hello\n", 6), 0);
    cr_assert_eq(file_read(path, 100, &text, &len), 0);
    cr_expect_str_eq(text, "hello\n");
    output_free(o);
    loop_free(l);
    close(fd);
    free(text);
    free(path);
    folder_remove(&f);
}
