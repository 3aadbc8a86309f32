/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/names.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/map.h"

struct names {
    struct map *words; /* folded; the values are of no meaning */
};

/* Names that phishing and whoever sets mail and proxies up by themselves would be glad of. An
 * operator's own list takes the place of it. */
static const char own[] =
    "paypal\ngoogle\ngmail\namazon\napple\nicloud\nmicrosoft\noffice365\noutlook\nonedrive\n"
    "sharepoint\nfacebook\ninstagram\nwhatsapp\ntelegram\nlinkedin\ntwitter\nnetflix\nspotify\n"
    "dropbox\ndocusign\nadobe\nebay\nalibaba\nbinance\ncoinbase\nkraken\nmetamask\nledger\ntrezor\n"
    "opensea\nsteam\nroblox\ndiscord\ngithub\ngitlab\ncloudflare\nrevolut\nwellsfargo\n"
    "bankofamerica\nsantander\nbarclays\nhsbc\nchase\ncitibank\nintesa\nmastercard\nvisa\namex\n"
    "dhl\nfedex\nups\nusps\nstripe\nklarna\nwebmail\nsignin\nlogin\nlogon\npassword\nverify\n"
    "wallet\nbank\naccount\nsecurity\nsupport\nadmin\nroot\nwww\nmail\nsmtp\nimap\npop3\nftp\n"
    "ns1\nns2\nwpad\nisatap\nautodiscover\nautoconfig\nlocalhost\nabuse\npostmaster\nhostmaster\n"
    "webmaster\n";

/* ---- folding -------------------------------------------------------------------------------- */

static char fold_letter(char c)
{
    static const char from[] = "0134578i";
    static const char to[] = "oleastbl";
    const char *at = memchr(from, c, sizeof(from) - 1);
    return at ? to[at - from] : c;
}

/* What two letters beside one another look like; 0: like themselves. */
static char fold_pair(char a, char b)
{
    if (a == 'r' && b == 'n')
        return 'm';
    if ((a == 'v' && b == 'v') || (a == 'u' && b == 'u'))
        return 'w';
    return a == 'c' && b == 'l' ? 'd' : '\0';
}

/* Folds at most NAMES_LABEL_MAX letters into out; hyphens go. Returns how many there are then. */
static size_t fold(const char *label, size_t len, char out[NAMES_LABEL_MAX + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < len && n < NAMES_LABEL_MAX; i++) {
        char c = fold_letter((char)tolower((unsigned char)label[i]));
        if (c == '-')
            continue;
        char pair = n > 0 ? fold_pair(out[n - 1], c) : '\0';
        if (pair)
            out[n - 1] = pair;
        else
            out[n++] = c;
    }
    out[n] = '\0';
    return n;
}

/* ---- the list ------------------------------------------------------------------------------- */

static int take_word(struct names *n, const char *name, size_t number, const char *word, size_t len,
                     struct beam_why *why)
{
    char folded[NAMES_LABEL_MAX + 1];
    while (len > 0 && isspace((unsigned char)word[len - 1]))
        len--;
    if (len == 0 || word[0] == '#')
        return 0;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)word[i]) && word[i] != '-')
            return beam_why(why, BEAM_EINVAL,
                            "%s:%zu: a word has letters, digits and hyphens alone", name, number);
    if (len > NAMES_LABEL_MAX)
        return beam_why(why, BEAM_ELIMIT, "%s:%zu: a word has at most %d letters", name, number,
                        NAMES_LABEL_MAX);
    size_t folded_len = fold(word, len, folded);
    if (folded_len == 0)
        return beam_why(why, BEAM_EINVAL, "%s:%zu: no letters", name, number);
    int err = map_put(n->words, folded, folded_len, n);
    if (err == 0 || err == BEAM_EEXIST)
        return 0;
    return beam_why(why, err, "%s:%zu: %s", name, number,
                    err == BEAM_ELIMIT ? "more words than may be" : beam_err_text(err));
}

int names_parse(const struct rng *rng, const char *name, const char *text, size_t len,
                struct names **out, struct beam_why *why)
{
    struct names *n = calloc(1, sizeof(*n));
    size_t number = 0;
    int err = n ? map_new(rng, NAMES_MAX, &n->words) : BEAM_ENOMEM;
    if (err < 0)
        beam_why(why, err, "%s: out of memory", name);
    while (err == 0 && len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t line = end ? (size_t)(end - text) : len;
        err = take_word(n, name, ++number, text, line, why);
        text += line + (end != NULL);
        len -= line + (end != NULL);
    }
    if (err < 0) {
        names_free(n);
        return err;
    }
    *out = n;
    return 0;
}

int names_read(const struct rng *rng, const char *path, struct names **out, struct beam_why *why)
{
    char *text = NULL;
    size_t len = 0;
    if (!path[0])
        return names_parse(rng, "names", own, sizeof(own) - 1, out, why);
    int err = file_read(path, NAMES_FILE_MAX, &text, &len);
    if (err < 0)
        return beam_why(why, err, "relay.refused_names %s: cannot be read: %s", path,
                        beam_err_text(err));
    err = names_parse(rng, path, text, len, out, why);
    free(text);
    return err;
}

void names_free(struct names *n)
{
    if (!n)
        return;
    map_free(n->words);
    free(n);
}

/* ---- what is refused ------------------------------------------------------------------------ */

static bool part_is_word(const struct names *n, const char *part, size_t len)
{
    char folded[NAMES_LABEL_MAX + 1];
    size_t folded_len = fold(part, len, folded);
    return folded_len > 0 && map_get(n->words, folded, folded_len) != NULL;
}

/* Labels are short: at most 1,770 pieces of one are looked up. */
static bool has_long_word(const struct names *n, const char *folded, size_t len)
{
    for (size_t from = 0; from + NAMES_LONG <= len; from++)
        for (size_t piece = NAMES_LONG; from + piece <= len; piece++)
            if (map_get(n->words, folded + from, piece))
                return true;
    return false;
}

bool names_refuse(const struct names *n, const char *label)
{
    char folded[NAMES_LABEL_MAX + 1];
    size_t len = strlen(label), part;
    if (strncmp(label, "xn--", 4) == 0 || (len > 3 && label[2] == '-' && label[3] == '-'))
        return true;
    if (part_is_word(n, label, len))
        return true;
    for (const char *at = label; *at; at += part + (at[part] == '-')) {
        part = strcspn(at, "-");
        if (part_is_word(n, at, part))
            return true;
    }
    return has_long_word(n, folded, fold(label, len, folded));
}
