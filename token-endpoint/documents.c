/* What anybody may read: the key set, the metadata, the state of health. */
#include "endpoint.h"
#include "issuer_keys.h"
#include "metadata.h"
#include "reply.h"

#define MAX_DOCUMENT (64 * 1024)
#define KEPT_S       300 /* how long anybody may keep a document */
#define MAX_HEALTH   (CONFIG_MAX_ISSUERS * (CONFIG_MAX_TEXT + 256))

struct key_list {
    struct buf text;
    int64_t now;
    size_t count;
};

/* The store holds public halves only; they are parsed and written anew, so nothing else can slip
 * out. */
static bool put_key(const struct store_key *k, void *context)
{
    struct key_list *list = context;
    struct jwk *key;
    if (!slice_is(slice_of(k->use), "sig") || (k->expires_at != 0 && list->now >= k->expires_at) ||
        jwk_parse(slice_of(k->public_jwk), &key) != ERR_OK)
        return true;
    buf_puts(&list->text, list->count > 0 ? "," : "");
    if (jwk_write_public(key, &list->text) != ERR_OK)
        list->text.overflowed = true;
    list->count++;
    jwk_free(key);
    return list->count < JWK_SET_MAX_KEYS;
}

static enum err reply_document(struct endpoint *ep, const struct buf *text, unsigned max_age_s,
                               struct response *out)
{
    if (text->overflowed)
        return ERR_INTERNAL;
    reply_public_json(out, buf_slice(text), max_age_s, ep->arena);
    return ERR_OK;
}

enum err endpoint_jwks(struct endpoint *ep, struct response *out)
{
    struct key_list list = {.text = buf_in(ep->arena, MAX_DOCUMENT), .now = ep->now};
    buf_puts(&list.text, "{\"keys\":[");
    enum err e = store_key_list(ep->store, put_key, &list);
    if (e != ERR_OK)
        return e;
    buf_puts(&list.text, "]}\n");
    /* Whoever keeps it has asked anew before a key that came meanwhile signs. */
    unsigned before_use = ep->conf->publish_before_use_s;
    return reply_document(ep, &list.text, before_use < KEPT_S ? before_use : KEPT_S, out);
}

enum err endpoint_oauth_metadata(struct endpoint *ep, struct response *out)
{
    struct buf text = buf_in(ep->arena, MAX_DOCUMENT);
    metadata_oauth(ep->conf, &text);
    return reply_document(ep, &text, KEPT_S, out);
}

enum err endpoint_smart_configuration(struct endpoint *ep, struct response *out)
{
    struct buf text = buf_in(ep->arena, MAX_DOCUMENT);
    metadata_smart(ep->conf, &text);
    return reply_document(ep, &text, KEPT_S, out);
}

/* What the store has on the key sets of other issuers, in the order of the configuration. */
struct key_sets {
    const struct config *conf;
    struct store_fetch rows[CONFIG_MAX_ISSUERS]; /* numbers only; all zero when there is no row */
};

static bool note_key_set(const struct store_fetch *row, void *context)
{
    struct key_sets *all = context;
    for (size_t i = 0; i < all->conf->issuer_count; i++) {
        char text[CONFIG_MAX_TEXT + 16];
        struct buf name = BUF(text);
        if (!issuer_keys_document(&all->conf->issuers[i], &name) || strcmp(row->url, text) != 0)
            continue;
        all->rows[i] = *row;
        all->rows[i].url = all->rows[i].fault = NULL; /* gone with the row */
    }
    return true;
}

static const char *key_set_state(const struct config *conf, const struct store_fetch *row,
                                 int64_t now)
{
    if (row->fetched_at != 0 && now < row->fresh_until)
        return "fresh";
    if (row->fetched_at != 0 && now < row->fresh_until + (int64_t)conf->jwks_stale_if_error_s)
        return "stale";
    return row->failed_since != 0 ? "failing" : "none";
}

static void put_time(const char *name, int64_t at, struct buf *out)
{
    if (at != 0)
        buf_printf(out, ",\"%s\":%lld", name, (long long)at);
    else
        buf_printf(out, ",\"%s\":null", name);
}

/* A member, unless no keys are fetched.  Why a fetch failed is for the log. */
static enum err put_key_sets(struct endpoint *ep, struct buf *out)
{
    struct key_sets all = {.conf = ep->conf};
    size_t written = 0;
    enum err e = store_fetch_list(ep->store, note_key_set, &all);
    for (size_t i = 0; e == ERR_OK && i < ep->conf->issuer_count; i++) {
        char text[CONFIG_MAX_TEXT + 16];
        struct buf name = BUF(text);
        if (!issuer_keys_document(&ep->conf->issuers[i], &name))
            continue;
        struct slice source = buf_slice(&name), kind;
        slice_cut(&source, ':', &kind);
        buf_puts(out, written++ == 0 ? ",\"key_sets\":[{\"source\":" : ",{\"source\":");
        buf_json(out, source);
        buf_printf(out, ",\"state\":\"%s\"", key_set_state(ep->conf, &all.rows[i], ep->now));
        put_time("fetched_at", all.rows[i].fetched_at, out);
        put_time("failed_since", all.rows[i].failed_since, out);
        buf_putc(out, '}');
    }
    buf_puts(out, written > 0 ? "]" : "");
    return e;
}

enum err endpoint_health(struct endpoint *ep, struct response *out)
{
    const struct jwk *key;
    struct buf text = buf_in(ep->arena, MAX_HEALTH + 256), sets = buf_in(ep->arena, MAX_HEALTH);
    enum err store = ep->store != NULL ? put_key_sets(ep, &sets) : ERR_STORE;
    enum err keys = store == ERR_OK ? endpoint_signing_key(ep, &key) : ERR_KEYS;
    /* Opaque tokens need no key. */
    bool able = keys == ERR_OK || (keys == ERR_KEYS && ep->conf->token_format == TOKEN_OPAQUE);
    bool well = store == ERR_OK && able;
    buf_printf(&text, "{\"status\":\"%s\",\"store\":\"%s\",\"signing_key\":\"%s\"",
               well ? "ok" : "unavailable",
               store == ERR_OK && keys != ERR_STORE ? "ok" : "unreachable",
               keys == ERR_OK ? "ok" : "none");
    /* Another issuer's trouble is no trouble of this endpoint: it changes no status. */
    buf_put(&text, store == ERR_OK ? buf_slice(&sets) : SLICE(""));
    buf_puts(&text, "}\n");
    if (text.overflowed || sets.overflowed)
        return ERR_INTERNAL;
    reply_json(out, well ? 200 : 503, buf_slice(&text));
    if (!well)
        response_header(out, "Retry-After", SLICE("5"));
    return ERR_OK;
}
