/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli/qr.h"

#include <errno.h>
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

enum { QUIET = 2, BLOCK_LEN = 3 }; /* modules of border; bytes of a half block in UTF-8 */

static const char white_on_black[] = "\033[97;40m", normal[] = "\033[0m";

/* Whether the module is dark; beyond the code all is light. */
static bool dark(const QRcode *qr, int x, int y)
{
    return x >= 0 && y >= 0 && x < qr->width && y < qr->width &&
           (qr->data[(size_t)y * (size_t)qr->width + (size_t)x] & 1);
}

/* Two modules, one above the other, light ones being drawn. Returns the end. */
static char *draw(const QRcode *qr, int x, int y, char *at)
{
    static const struct {
        char bytes[BLOCK_LEN];
        size_t len;
    } blocks[2][2] = {{{"\xe2\x96\x88", 3}, {"\xe2\x96\x80", 3}}, {{"\xe2\x96\x84", 3}, {" ", 1}}};
    bool above = dark(qr, x, y), below = dark(qr, x, y + 1);
    return mempcpy(at, blocks[above][below].bytes, blocks[above][below].len);
}

/* A line of text for two rows of modules. Returns the end. */
static char *draw_rows(const QRcode *qr, int y, bool colour, char *at)
{
    if (colour)
        at = mempcpy(at, white_on_black, sizeof(white_on_black) - 1);
    for (int x = -QUIET; x < qr->width + QUIET; x++)
        at = draw(qr, x, y, at);
    if (colour)
        at = mempcpy(at, normal, sizeof(normal) - 1);
    *at++ = '\n';
    return at;
}

int qr_text(const char *text, bool colour, char **out)
{
    QRcode *qr = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
    if (!qr)
        return errno == ENOMEM ? BEAM_ENOMEM : BEAM_ELIMIT;
    size_t across = (size_t)qr->width + 2 * (size_t)QUIET;
    size_t line = sizeof(white_on_black) + across * BLOCK_LEN + sizeof(normal);
    char *all = malloc(line * (across / 2 + 1)), *at = all;
    for (int y = -QUIET; all && y < qr->width + QUIET; y += 2)
        at = draw_rows(qr, y, colour, at);
    QRcode_free(qr);
    if (!all)
        return BEAM_ENOMEM;
    *at = '\0';
    *out = all;
    return 0;
}
