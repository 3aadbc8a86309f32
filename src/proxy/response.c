/* SPDX-License-Identifier: BSD-3-Clause */
#include "proxy/response.h"

#include "base/err.h"
#include "proxy/field.h"

static bool good_field(enum field field, struct http_text value)
{
    switch (field) {
    case FIELD_CONTENT_LENGTH:
        return field_number(value);
    case FIELD_TRANSFER_ENCODING:
        return http_text_is(value, "chunked");
    case FIELD_LOOKALIKE:
        return false;
    case FIELD_CONNECTION:
        return !http_text_lists(value, "content-length") &&
               !http_text_lists(value, "transfer-encoding");
    default:
        return true;
    }
}

/* RFC 9110, 8.6, and 9112, 6.1; a length of 0 says nothing else and is common. */
static bool bodiless(const struct http_head *head)
{
    return !head->chunked && (!head->has_length || (head->status == 204 && !head->content_length));
}

int response_judge(const struct http_head *head, const struct http_head *request)
{
    struct http_text name, value;
    struct field_connections connections = {.count = 0};
    unsigned seen = 0;
    bool no_body = head->status < 200 || head->status == 204;
    if (head->minor > 1 || !field_good(head->reason) || (no_body && !bodiless(head)) ||
        (head->status == 101 && !(request->upgrade && head->upgrade)))
        return BEAM_EPROTO;
    for (size_t at = 0; http_head_next(head, &at, &name, &value);) {
        enum field field = field_of(name);
        bool once = field == FIELD_CONTENT_LENGTH || field == FIELD_TRANSFER_ENCODING;
        if (!field_good(value) || !good_field(field, value) || (once && seen & 1u << field) ||
            (field == FIELD_CONNECTION && !field_connection_add(&connections, value)))
            return BEAM_EPROTO;
        seen |= 1u << field;
    }
    return 0;
}
