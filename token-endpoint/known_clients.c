#include "known_clients.h"

struct known {
    struct client client; /* its texts lie behind; without its key set */
    struct secret proof;  /* digest of its secret, unless it has a key */
    int64_t good_until;   /* of the secret */
    struct jwk *key;      /* owned */
    char texts[];
};

struct known_clients {
    int64_t epoch;
    struct secret salt; /* of the proofs */
    struct known *places[KNOWN_CLIENTS];
};

struct known_clients *known_clients_new(void)
{
    struct known_clients *k = calloc(1, sizeof *k);
    if (k != NULL && !secret_random(&k->salt)) {
        free(k);
        k = NULL;
    }
    return k;
}

static void forget(struct known **place)
{
    if (*place == NULL)
        return;
    secret_wipe(&(*place)->proof);
    jwk_free((*place)->key);
    free(*place);
    *place = NULL;
}

static void forget_all(struct known_clients *k)
{
    for (size_t i = 0; i < KNOWN_CLIENTS; i++)
        forget(&k->places[i]);
}

void known_clients_free(struct known_clients *k)
{
    if (k == NULL)
        return;
    forget_all(k);
    secret_wipe(&k->salt);
    free(k);
}

void known_clients_at(struct known_clients *k, int64_t epoch)
{
    if (k->epoch != epoch)
        forget_all(k);
    k->epoch = epoch;
}

/* FNV-1a.  Only clients that have authenticated take places, so nobody else can crowd them out. */
static size_t place_of(struct slice id)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < id.n; i++)
        hash = (hash ^ (unsigned char)id.p[i]) * 16777619U;
    return hash % KNOWN_CLIENTS;
}

static struct known *find(const struct known_clients *k, struct slice id)
{
    struct known *found = k->places[place_of(id)];
    return found != NULL && slice_is(id, found->client.id) ? found : NULL;
}

static bool proof_of(const struct known_clients *k, struct slice secret, struct secret *out)
{
    struct slice salt = {(const char *)k->salt.b, sizeof k->salt.b};
    return secret_digest(salt, secret, out);
}

static bool give(const struct known *found, struct arena *a, struct client *out)
{
    return store_client_copy(&found->client, a, out) == ERR_OK;
}

bool known_client_secret(const struct known_clients *k, struct slice id, struct slice secret,
                         int64_t now, struct arena *a, struct client *out)
{
    struct secret proof;
    if (!proof_of(k, secret, &proof))
        return false;
    const struct known *found = find(k, id);
    bool good = found != NULL && found->key == NULL && now < found->good_until &&
                secret_eq(&proof, &found->proof) && give(found, a, out);
    secret_wipe(&proof);
    return good;
}

bool known_client_key(struct known_clients *k, struct slice id, const struct jws *jws,
                      struct arena *a, struct client *out)
{
    struct known *found = find(k, id);
    return found != NULL && found->key != NULL && jws->jku.p == NULL &&
           slice_is(jws->kid, found->key->kid) && jws_verify(jws, found->key) == ERR_OK &&
           give(found, a, out);
}

static const char *put(char **to, const char *text)
{
    size_t n = strlen(text) + 1;
    char *at = memcpy(*to, text, n);
    *to += n;
    return at;
}

/* In the place of whoever has it. */
static struct known *keep(struct known_clients *k, const struct client *c)
{
    struct known **place = &k->places[place_of(slice_of(c->id))];
    size_t texts = strlen(c->id) + strlen(c->name) + strlen(c->scope) + strlen(c->jwks_uri) +
                   strlen(c->tls_name) + 6;
    forget(place);
    struct known *made = *place = calloc(1, sizeof *made + texts);
    if (made == NULL)
        return NULL;
    char *to = made->texts;
    made->client = *c;
    made->client.id = put(&to, c->id);
    made->client.name = put(&to, c->name);
    made->client.scope = put(&to, c->scope);
    made->client.jwks_uri = put(&to, c->jwks_uri);
    made->client.tls_name = put(&to, c->tls_name);
    made->client.jwks = put(&to, "");
    return made;
}

void known_clients_keep_secret(struct known_clients *k, const struct client *c, struct slice secret,
                               int64_t good_until)
{
    struct known *made = keep(k, c);
    if (made == NULL || !proof_of(k, secret, &made->proof))
        return; /* good_until is 0: it proves nothing */
    made->good_until = good_until;
}

void known_clients_keep_key(struct known_clients *k, const struct client *c, struct jwk *key)
{
    struct known *made = keep(k, c);
    if (made != NULL)
        made->key = key;
    else
        jwk_free(key);
}
