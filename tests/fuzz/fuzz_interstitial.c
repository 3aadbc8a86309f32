/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests as a relay gets them that shows browsers a page first: what of them is on the page stays
 * in its quotes, what its button leads to is of the same host, and no cookie is taken that was not
 * made here.
 */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/request.h"
#include "relay/interstitial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t key[INTERSTITIAL_KEY_SIZE] = {1}, id[RESERVATION_ID_SIZE] = {2};

static void check_page(const struct interstitial_place *at, const struct http_head *head)
{
    static char page[INTERSTITIAL_PAGE_MAX + 1];
    size_t len = interstitial_page(at, head, "a@relay.example", page);
    page[len] = '\0';
    const char *action = strstr(page, "action=\"");
    if (!action || !strstr(page, "</form>"))
        abort();
    action += strlen("action=\"");
    if (action[strcspn(action, "\"<>& \r\n")] != '"')
        abort();
}

static void check_entry(const struct interstitial *i, const struct interstitial_place *at,
                        const struct http_head *head)
{
    static char fields[INTERSTITIAL_ENTRY_MAX];
    const char *start = at->prefix[0] ? "Location: /t/x" : "Location: https://";
    if (!interstitial_enters(at, head) || !interstitial_entry(i, at, head, 1, fields))
        return;
    size_t lines = 0;
    for (const char *p = fields; (p = strstr(p, "\r\n")); p += 2)
        lines++;
    if (lines != 3 || strncmp(fields, start, strlen(start)) != 0 ||
        strcspn(fields + strlen("Location: "), " \t") < strcspn(fields, "\r\n") - 10)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct interstitial_place places[] = {
        {.id = id, .prefix = "", .scheme = "https"},
        {.id = id, .prefix = "/t/x", .scheme = "http"}};
    static struct interstitial *i;
    struct http_head head;
    if (!i && (sodium_init() < 0 || interstitial_new(key, &i) < 0))
        abort();
    if (http_head_parse(data, size, HTTP_REQUEST, &head) < 0 || request_judge(&head) != 0)
        return 0;
    for (size_t n = 0; n < 2; n++) {
        check_page(&places[n], &head);
        check_entry(i, &places[n], &head);
        if (interstitial_seen(i, &places[n], &head, 1))
            abort();
    }
    return 0;
}
