/* An issuer that is asked about tokens, and one process of the gateway that asks. */
#ifndef FHIR_AUTH_INTROSPECTION_FIXTURE_H
#define FHIR_AUTH_INTROSPECTION_FIXTURE_H

#include "issuer_fixture.h"

#include "envelope.h"
#include "form.h"
#include "issuers.h"
#include "jwe.h"
#include "jwt.h"
#include "verifier.h"

#include "flights.c" /* for who waits */
#include "introspection.c"

#define NOW    1800000000
#define ACTIVE "{\"active\":true,\"client_id\":\"c\",\"aud\":\"" SITE_FHIR "\",\"exp\":1800000300}"
#define ISSUER                                                                                     \
    "[issuer \"x\"]\nissuer = https://x.example\nkeys = introspection\n"                           \
    "introspection = @/i\nintrospection_client_id = ga te:1\n"

struct scene {
    struct trust *t;
    struct gate *gate;
    struct introspection *in;
};

static inline void put_file(struct trust *t, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", t->site->directory, name);
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
}

static inline void restart(struct scene *s)
{
    introspection_free(s->in);
    gate_free(s->gate);
    char path[128];
    snprintf(path, sizeof path, "%s/gate", s->t->site->directory);
    s->gate = gate_new(path, s->t->site->conf.store_path, 16, 60000);
    s->in = introspection_new(&s->t->site->conf, &s->t->site->conf.issuers[0], s->gate);
    assert_non_null(s->in);
}

/* settings: of the issuer; "@" stands for the server's URL, "%" for the site's directory. */
static inline void configure(struct scene *s, const char *settings)
{
    char sections[2048];
    struct buf b = BUF(sections);
    struct slice rest = slice_of(settings), part;
    buf_puts(&b, ISSUER);
    for (size_t i = 0; slice_cut(&rest, '%', &part); i++) {
        buf_puts(&b, i > 0 ? s->t->site->directory : "");
        buf_put(&b, part);
    }
    trust_configure(s->t, "", sections);
    restart(s);
}

#define SECRET "introspection_secret_file = %/secret\n"

static inline void begin(struct scene *s, void **state, const char *settings)
{
    *s = (struct scene){.t = *state};
    put_file(s->t, "secret", "p w+%\n");
    configure(s, settings);
    web_put(s->t->web, "/i", 200, "", ACTIVE);
}

static inline void end(struct scene *s)
{
    introspection_free(s->in);
    gate_free(s->gate);
}

/* One request; text of *out in the site's arena. */
static inline enum err check(struct scene *s, const char *token, int64_t now, struct token *out)
{
    *out = (struct token){0};
    EXACT(text, slice_of(token));
    return introspection_check(s->in, s->t->site->st, text, now, &s->t->site->arena, out);
}

#define CHECK(s, text, now, want)                                                                  \
    do {                                                                                           \
        struct token got;                                                                          \
        check_err(__LINE__, check((s), (text), (now), &got), (want));                              \
    } while (0)

static inline unsigned asked(struct scene *s)
{
    return web_asked(s->t->web, "/i");
}

#endif
