/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The main of a fuzz target that is built without libFuzzer: hands each file named, and each file
 * of a folder named, to the target once. Options ("-runs=0") are libFuzzer's and mean nothing here.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

/* 1 when the file was replayed, -1 when it cannot be read. */
static int replay_file(const char *path)
{
    uint8_t *data = NULL;
    long size = -1;
    int result = -1;

    FILE *f = fopen(path, "rbe");
    if (!f)
        goto out;
    if (fseek(f, 0, SEEK_END) < 0 || (size = ftell(f)) < 0 || fseek(f, 0, SEEK_SET) < 0)
        goto out;
    /* An exact allocation, so that AddressSanitizer sees a read beyond the last byte. */
    data = malloc(size ? (size_t)size : 1);
    if (!data || fread(data, 1, (size_t)size, f) != (size_t)size)
        goto out;
    LLVMFuzzerTestOneInput(data, (size_t)size);
    result = 1;
out:
    if (result < 0)
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    free(data);
    if (f)
        fclose(f);
    return result;
}

/* How many files were replayed; -1 when one cannot be read. */
static int replay_folder(const char *path)
{
    char file[4096];
    int count = 0;

    DIR *folder = opendir(path);
    if (!folder) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    for (struct dirent *e; count >= 0 && (e = readdir(folder));) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
        count = replay_file(file) < 0 ? -1 : count + 1;
    }
    closedir(folder);
    return count;
}

int main(int argc, char **argv)
{
    int total = 0;

    if (LLVMFuzzerInitialize)
        LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++) {
        struct stat st;
        if (argv[i][0] == '-')
            continue;
        if (stat(argv[i], &st) < 0) {
            fprintf(stderr, "%s: %s\n", argv[i], strerror(errno));
            return 1;
        }
        int n = S_ISDIR(st.st_mode) ? replay_folder(argv[i]) : replay_file(argv[i]);
        if (n < 0)
            return 1;
        total += n;
    }
    if (total == 0) {
        fprintf(stderr, "%s: nothing to replay\n", argv[0]);
        return 1;
    }
    printf("%d inputs\n", total);
    return 0;
}
