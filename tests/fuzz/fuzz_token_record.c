#include "fuzz.h"
#include "token_record.h"

#define NOW 1000000

/* As whoever can write to the file would make it: with the right checksum. */
static void seal(struct token_record *r)
{
    struct slice head = {(const char *)r, offsetof(struct token_record, sum)};
    size_t n = offsetof(struct token_record, text) - offsetof(struct token_record, text_bytes) +
               r->text_bytes;
    if (r->text_bytes <= sizeof r->text)
        CHECK(secret_digest(head, (struct slice){(const char *)&r->text_bytes, n}, &r->sum));
}

static void check_within(const struct slice *s, const struct arena *a)
{
    CHECK(s->p == NULL ? s->n == 0 : s->p >= a->base && s->p + s->n <= a->base + a->used);
}

/* What is taken can be written, and is taken again and the same. */
static void write_then_read(const struct token *t, const struct secret *digest, struct arena *a)
{
    struct token copy = *t, again;
    struct slice *ours[TOKEN_SLICES], *its[TOKEN_SLICES];
    struct token_record r;
    CHECK(token_record_write(t, digest, 7, NOW, &r));
    CHECK(token_record_read(&r, digest, 7, NOW, a, &again));
    size_t n = token_slices(&copy, ours);
    CHECK(token_slices(&again, its) == n);
    for (size_t i = 0; i < n; i++)
        CHECK(slice_eq(*ours[i], *its[i]) && (ours[i]->p == NULL) == (its[i]->p == NULL));
    CHECK(again.expires_at == t->expires_at && again.verify_at == t->verify_at);
    CHECK(again.any_audience == t->any_audience && again.introspected == t->introspected);
}

/* A record as it may lie in the file; one that is short ends with zeros. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct token_record r = {0};
    struct token t;
    struct slice *fields[TOKEN_SLICES];
    struct arena a = fuzz_arena(8192);
    if (n > 0)
        memcpy(&r, data, n < sizeof r ? n : sizeof r);
    struct secret digest = r.digest;
    bool whole = token_record_read(&r, &digest, r.stamp, NOW, &a, &t);
    r.expires_at = r.expires_at > NOW ? r.expires_at : NOW + 1;
    r.verify_at = r.verify_at > NOW ? r.verify_at : 0;
    r.verified_at = NOW;
    seal(&r);
    CHECK(!token_record_read(&r, &digest, r.stamp + 1, NOW, &a, &t));
    if (token_record_read(&r, &digest, r.stamp, NOW, &a, &t)) {
        size_t count = token_slices(&t, fields);
        CHECK(count <= TOKEN_SLICES && t.audience_count <= JWT_MAX_AUDIENCES);
        for (size_t i = 0; i < count; i++)
            check_within(fields[i], &a);
        write_then_read(&t, &digest, &a);
    } else {
        CHECK(!whole);
    }
    arena_free(&a);
    return 0;
}
