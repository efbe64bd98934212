/* Values that name places: endpoints, addresses, where audit events go. */
#include "config_keys.h"

#include <arpa/inet.h>
#include <string.h>

enum err config_read_endpoint(const struct config_key *key, struct slice value, void *field,
                              struct buf *why)
{
    if (value.n == 0 || slice_is(value, "discovery"))
        return config_put_text(key, value, field, why);
    if (slice_starts(value, "https://") || slice_starts(value, "http://"))
        return config_read_url(key, value, field, why);
    buf_printf(why, "\"%.*s\" is no endpoint; give discovery, an https URL or nothing",
               SLICE_FMT(value));
    return ERR_CONFIG;
}

enum err config_read_events(const struct config_key *key, struct slice value, void *field,
                            struct buf *why)
{
    if (value.n == 0)
        return config_put_text(key, value, field, why);
    if (slice_starts(value, "/"))
        return config_read_path(key, value, field, why);
    if (slice_starts(value, "https://") || slice_starts(value, "http://"))
        return config_read_url(key, value, field, why);
    buf_printf(why,
               "\"%.*s\" is no place for events; give an absolute path, the URL of a FHIR base, or "
               "nothing",
               SLICE_FMT(value));
    return ERR_CONFIG;
}

static bool is_address(struct slice word)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr parsed;
    if (word.n == 0 || word.n >= sizeof text)
        return false;
    memcpy(text, word.p, word.n);
    text[word.n] = '\0';
    return inet_pton(AF_INET, text, &parsed) == 1 || inet_pton(AF_INET6, text, &parsed) == 1;
}

enum err config_read_addresses(const struct config_key *key, struct slice value, void *field,
                               struct buf *why)
{
    struct slice rest = value.n > 0 ? value : SLICE_NONE, word;
    while (slice_cut(&rest, ' ', &word)) {
        if (is_address(word))
            continue;
        buf_printf(why,
                   "\"%.*s\" is no IP address; give addresses such as 127.0.0.1 with one blank "
                   "between, or nothing",
                   SLICE_FMT(word));
        return ERR_CONFIG;
    }
    return config_put_text(key, value, field, why);
}
