/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay/terms.h"

#include <stdio.h>
#include <string.h>

static const char *const class_names[] = {"webhook", "open", "friends"};
static const char *const rule_names[] = {"none",    "method",       "navigation",
                                         "upgrade", "content-type", "traffic"};

/* ---- as the operator wrote them ------------------------------------------------------------- */

static int take_words(const char *key, const char *text, struct terms_words *out,
                      struct beam_why *why)
{
    static const char blanks[] = ", \t";
    for (text += strspn(text, blanks); *text; text += strspn(text, blanks)) {
        size_t len = strcspn(text, blanks);
        if (out->count == TERMS_WORDS_MAX || len >= TERMS_WORD_SIZE)
            return beam_why(why, BEAM_ELIMIT, "relay.%s: at most %d words of at most %d letters",
                            key, TERMS_WORDS_MAX, TERMS_WORD_SIZE - 1);
        snprintf(out->word[out->count++], TERMS_WORD_SIZE, "%.*s", (int)len, text);
        text += len;
    }
    return 0;
}

static uint64_t kind_named(const char *word)
{
    for (uint64_t kind = 1; kind <= RESERVATION_KINDS; kind++)
        if ((TERMS_SERVED & reservation_kind_bit(kind)) &&
            strcmp(word, reservation_kind_text(kind)) == 0)
            return kind;
    return 0;
}

static int take_kinds(const struct terms_spec *spec, struct terms *out, struct beam_why *why)
{
    struct terms_words words = {.count = 0};
    int err = take_words("kinds", spec->kinds ? spec->kinds : "", &words, why);
    for (size_t i = 0; err == 0 && i < words.count; i++) {
        uint64_t kind = kind_named(words.word[i]);
        if (kind == 0)
            return beam_why(why, BEAM_EINVAL,
                            "relay.kinds %s: none that this relay has (http, tcp, udp, "
                            "tls-passthrough)",
                            words.word[i]);
        out->kinds |= reservation_kind_bit(kind);
    }
    if (words.count == 0)
        out->kinds = reservation_kind_bit(RESERVATION_HTTP);
    if (err == 0 && terms_offers(out, RESERVATION_TLS) && !(spec->hosts && spec->https))
        return beam_why(why, BEAM_EINVAL,
                        "relay.kinds tls-passthrough: needs HTTPS, and a host for each tunnel (set "
                        "relay.domain, and relay.tls_certificate and relay.tls_key or --acme)");
    if (err == 0 && ((terms_offers(out, RESERVATION_TCP) && !spec->tcp) ||
                     (terms_offers(out, RESERVATION_UDP) && !spec->udp)))
        return beam_why(why, BEAM_EINVAL,
                        "relay.kinds: tcp and udp need ports (set relay.tcp_ports, "
                        "relay.udp_ports, as in 20000-20999)");
    return err;
}

static int take_friends(const char *list, struct terms *out, struct beam_why *why)
{
    for (const char *at = list; *at;) {
        size_t len = strcspn(at, "\n");
        if (out->friends == TERMS_FRIENDS_MAX)
            return beam_why(why, BEAM_ELIMIT, "relay.friend: at most %d of them",
                            TERMS_FRIENDS_MAX);
        if (peer_id_parse(at, len, &out->friend[out->friends], NULL) < 0)
            return beam_why(why, BEAM_EINVAL, "relay.friend %.*s: not a peer id (12D3KooW…)",
                            (int)(len < 80 ? len : 80), at);
        out->friends++;
        at += len + (at[len] == '\n');
    }
    return 0;
}

static int take_class(const struct terms_spec *spec, struct terms *out, struct beam_why *why)
{
    out->class = spec->local ? TERMS_OPEN : TERMS_WEBHOOK;
    if (spec->class[0]) {
        size_t i = 0;
        while (i < sizeof(class_names) / sizeof(class_names[0]) &&
               strcmp(class_names[i], spec->class) != 0)
            i++;
        if (i == sizeof(class_names) / sizeof(class_names[0]))
            return beam_why(why, BEAM_EINVAL, "relay.class %s: must be webhook, open or friends",
                            spec->class);
        out->class = (enum terms_class)i;
    }
    if (out->class != TERMS_WEBHOOK && !spec->local && !spec->hosts)
        return beam_why(why, BEAM_EINVAL,
                        "relay.class %s: needs a host for each tunnel, for in a browser all "
                        "tunnels of one host are one site (set relay.domain, or leave it webhook)",
                        class_names[out->class]);
    if (out->class == TERMS_FRIENDS && !spec->friends[0])
        return beam_why(why, BEAM_EINVAL,
                        "relay.class friends: serves nobody (list their peer ids: relay.friend)");
    return 0;
}

static bool has_word(const struct terms_words *w, const char *word)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->word[i], word) == 0)
            return true;
    return false;
}

/* Owners see for themselves whether their URL leads to them (docs/protocol/visit.md). */
static int check_proof(const struct terms *t, struct beam_why *why)
{
    if (!has_word(&t->methods, "GET"))
        return beam_why(why, BEAM_EINVAL,
                        "relay.methods: GET must be among them, for owners prove their URLs by it");
    if (!has_word(&t->types, "text/plain"))
        return beam_why(why, BEAM_EINVAL,
                        "relay.content_types: text/plain must be among them, for owners prove "
                        "their URLs by it");
    return 0;
}

int terms_init(const struct terms_spec *spec, struct terms *out, struct beam_why *why)
{
    struct terms t = {
        .local = spec->local, .https = spec->https, .interstitial = spec->interstitial};
    int err = take_class(spec, &t, why);
    if (err == 0)
        err = take_kinds(spec, &t, why);
    if (err == 0)
        err = take_words("methods", spec->methods, &t.methods, why);
    if (err == 0)
        err = take_words("content_types", spec->content_types, &t.types, why);
    if (err == 0)
        err = take_friends(spec->friends, &t, why);
    if (err == 0)
        err = check_proof(&t, why);
    if (err == 0)
        *out = t;
    return err;
}

bool terms_serves(const struct terms *t, const struct peer_id *owner)
{
    for (size_t i = 0; i < t->friends; i++)
        if (peer_id_equal(&t->friend[i], owner))
            return true;
    return t->class != TERMS_FRIENDS;
}

bool terms_offers(const struct terms *t, uint64_t kind)
{
    return (t->kinds & reservation_kind_bit(kind)) != 0;
}

enum terms_class terms_class(const struct terms *t, bool shared)
{
    return shared && !t->local ? TERMS_WEBHOOK : t->class;
}

/* ---- requests ------------------------------------------------------------------------------- */

/* Methods are what they are in each letter (RFC 9110, 9.1). */
static bool names_method(const struct terms_words *w, struct http_text method)
{
    for (size_t i = 0; i < w->count; i++)
        if (strlen(w->word[i]) == method.len && memcmp(w->word[i], method.at, method.len) == 0)
            return true;
    return false;
}

/* Whether an Accept asks for a page; "*" and what only lists other types does not. */
static bool accepts_page(struct http_text list)
{
    struct http_text element;
    while (http_list_next(&list, &element)) {
        const char *end = memchr(element.at, ';', element.len);
        struct http_text type = {element.at, end ? (size_t)(end - element.at) : element.len};
        while (type.len > 0 && (type.at[type.len - 1] == ' ' || type.at[type.len - 1] == '\t'))
            type.len--;
        if (http_text_is(type, "text/html") || http_text_is(type, "application/xhtml+xml"))
            return true;
    }
    return false;
}

/*
 * What browsers say of a request is in fields that no script of a page can set (Fetch Metadata): of
 * those that send none, a GET that would have HTML is one that shows it. Senders of webhooks name
 * HTML too sometimes (Java's default does), but in a POST.
 */
bool terms_navigates(const struct http_head *h)
{
    static const char *const frames[] = {"document", "iframe", "frame", "object", "embed"};
    struct http_text value, name;
    bool get = http_text_is(h->method, "GET") || http_text_is(h->method, "HEAD");
    if (http_head_field(h, "Sec-Fetch-Mode", &value) && http_text_is(value, "navigate"))
        return true;
    if (http_head_field(h, "Sec-Fetch-Dest", &value))
        for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
            if (http_text_is(value, frames[i]))
                return true;
    for (size_t at = 0; get && http_head_next(h, &at, &name, &value);)
        if (http_text_is(name, "Accept") && accepts_page(value))
            return true;
    return false;
}

enum terms_rule terms_request(const struct terms *t, enum terms_class class,
                              const struct http_head *request)
{
    if (!names_method(&t->methods, request->method))
        return TERMS_METHOD;
    if (class != TERMS_WEBHOOK)
        return TERMS_PASS;
    if (request->upgrade)
        return TERMS_UPGRADE;
    return terms_navigates(request) ? TERMS_NAVIGATION : TERMS_PASS;
}

/* ---- responses ------------------------------------------------------------------------------ */

static bool same_letters(const char *word, size_t word_len, struct http_text text)
{
    return word_len == text.len && http_text_same((struct http_text){word, word_len}, text);
}

/* Whether a word, with a '*' perhaps, is the text. */
static bool matches(const char *word, struct http_text text)
{
    const char *star = strchr(word, '*');
    size_t before = star ? (size_t)(star - word) : 0, after = star ? strlen(star + 1) : 0;
    if (!star)
        return same_letters(word, strlen(word), text);
    return text.len >= before + after &&
           same_letters(word, before, (struct http_text){text.at, before}) &&
           same_letters(star + 1, after, (struct http_text){text.at + text.len - after, after});
}

static bool names_type(const struct terms_words *w, struct http_text value)
{
    const char *end = memchr(value.at, ';', value.len);
    struct http_text type = {value.at, end ? (size_t)(end - value.at) : value.len};
    while (type.len > 0 && (type.at[type.len - 1] == ' ' || type.at[type.len - 1] == '\t'))
        type.len--;
    for (size_t i = 0; i < w->count; i++)
        if (matches(w->word[i], type))
            return true;
    return false;
}

/* An answer without a type is let pass: browsers are told not to guess one. */
enum terms_rule terms_response(const struct terms *t, enum terms_class class,
                               const struct http_head *response)
{
    struct http_text name, value;
    if (class != TERMS_WEBHOOK)
        return TERMS_PASS;
    if (response->status == 101)
        return TERMS_UPGRADE;
    for (size_t at = 0; http_head_next(response, &at, &name, &value);)
        if (http_text_is(name, "Content-Type") && !names_type(&t->types, value))
            return TERMS_CONTENT_TYPE;
    return TERMS_PASS;
}

/* ---- names ---------------------------------------------------------------------------------- */

const char *terms_rule_name(enum terms_rule rule)
{
    return rule_names[rule];
}
