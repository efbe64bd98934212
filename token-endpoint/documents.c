/* What anybody may read: the key set, the metadata, the state of health. */
#include "endpoint.h"
#include "metadata.h"
#include "reply.h"

#define MAX_DOCUMENT (64 * 1024)

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

static enum err reply_document(struct response *out, const struct buf *text)
{
    if (text->overflowed)
        return ERR_INTERNAL;
    reply_public_json(out, buf_slice(text));
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
    return reply_document(out, &list.text);
}

enum err endpoint_oauth_metadata(struct endpoint *ep, struct response *out)
{
    struct buf text = buf_in(ep->arena, MAX_DOCUMENT);
    metadata_oauth(ep->conf, &text);
    return reply_document(out, &text);
}

enum err endpoint_smart_configuration(struct endpoint *ep, struct response *out)
{
    struct buf text = buf_in(ep->arena, MAX_DOCUMENT);
    metadata_smart(ep->conf, &text);
    return reply_document(out, &text);
}

enum err endpoint_health(struct endpoint *ep, struct response *out)
{
    const struct jwk *key;
    enum err store = ep->store != NULL ? ERR_OK : ERR_STORE;
    enum err keys = store == ERR_OK ? endpoint_signing_key(ep, &key) : ERR_KEYS;
    bool well = store == ERR_OK && keys == ERR_OK;
    struct buf text = buf_in(ep->arena, 256);
    buf_printf(&text, "{\"status\":\"%s\",\"store\":\"%s\",\"signing_key\":\"%s\"}\n",
               well ? "ok" : "unavailable",
               store == ERR_OK && keys != ERR_STORE ? "ok" : "unreachable",
               keys == ERR_OK ? "ok" : "none");
    if (text.overflowed)
        return ERR_INTERNAL;
    reply_json(out, well ? 200 : 503, buf_slice(&text));
    if (!well)
        response_header(out, "Retry-After", SLICE("5"));
    return ERR_OK;
}
