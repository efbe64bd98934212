#include "token_record.h"

#define ABSENT UINT16_MAX /* the length of a slice that is not there */

enum { ANY_AUDIENCE = 1, INTROSPECTED = 2 };

/* text_bytes has been checked. */
static bool checksum(const struct token_record *r, struct secret *out)
{
    struct slice head = {(const char *)r, offsetof(struct token_record, sum)};
    struct slice rest = {(const char *)&r->text_bytes,
                         offsetof(struct token_record, text) -
                             offsetof(struct token_record, text_bytes) + r->text_bytes};
    return secret_digest(head, rest, out);
}

/* False when they do not fit. */
static bool write_slices(struct token *t, struct token_record *out)
{
    struct slice *fields[TOKEN_SLICES];
    size_t n = token_slices(t, fields), at = 0;
    for (size_t i = 0; i < n; i++) {
        const struct slice *s = fields[i];
        if (s->n > sizeof out->text - at)
            return false;
        if (s->n > 0)
            memcpy(out->text + at, s->p, s->n);
        out->lengths[i] = s->p != NULL ? (uint16_t)s->n : ABSENT;
        at += s->n;
    }
    out->text_bytes = (uint16_t)at;
    return true;
}

bool token_record_write(const struct token *t, const struct secret *digest, uint64_t stamp,
                        int64_t now, struct token_record *out)
{
    struct token copy = *t;
    *out = (struct token_record){
        .digest = *digest,
        .stamp = stamp,
        .verified_at = now,
        .expires_at = t->expires_at,
        .verify_at = t->verify_at,
        .audiences = (uint8_t)t->audience_count,
        .flags =
            (uint8_t)((t->any_audience ? ANY_AUDIENCE : 0) | (t->introspected ? INTROSPECTED : 0)),
    };
    return write_slices(&copy, out) && checksum(out, &out->sum);
}

bool token_record_is_void(uint64_t stamp, int64_t verified_at, int64_t expires_at,
                          uint64_t wanted_stamp, int64_t now)
{
    return stamp != wanted_stamp || now >= expires_at ||
           (verified_at > now && verified_at - now > TOKEN_RECORD_AHEAD_S);
}

/* The checksum was right; still no length may lead out of the text. */
static bool read_slices(const struct token_record *r, struct arena *a, struct token *t)
{
    struct slice *fields[TOKEN_SLICES];
    size_t n = token_slices(t, fields), at = 0;
    char *text = arena_alloc(a, r->text_bytes);
    if (text == NULL)
        return false;
    memcpy(text, r->text, r->text_bytes);
    for (size_t i = 0; i < n; i++) {
        size_t length = r->lengths[i] != ABSENT ? r->lengths[i] : 0;
        if (length > r->text_bytes - at)
            return false;
        if (r->lengths[i] != ABSENT)
            *fields[i] = (struct slice){text + at, length};
        at += length;
    }
    return at == r->text_bytes;
}

bool token_record_read(const struct token_record *r, const struct secret *digest, uint64_t stamp,
                       int64_t now, struct arena *a, struct token *out)
{
    struct secret sum;
    struct token t = {.audience_count = r->audiences,
                      .any_audience = (r->flags & ANY_AUDIENCE) != 0,
                      .introspected = (r->flags & INTROSPECTED) != 0,
                      .expires_at = r->expires_at,
                      .verify_at = r->verify_at};
    if (!secret_eq(&r->digest, digest) || token_is_over(&t, now) ||
        token_record_is_void(r->stamp, r->verified_at, r->expires_at, stamp, now))
        return false;
    if (r->text_bytes > sizeof r->text || r->audiences > JWT_MAX_AUDIENCES || !checksum(r, &sum) ||
        !secret_eq(&r->sum, &sum) || !read_slices(r, a, &t))
        return false;
    token_set_scope(&t, t.scope);
    *out = t;
    return true;
}
