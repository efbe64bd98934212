/* What processes hand to each other of a token. */
#include "record_fixture.h"

static const struct secret digest = {{1, 2, 3}};

static struct token_record record_of(const struct token *t)
{
    struct token_record r;
    assert_true(token_record_write(t, &digest, STAMP, NOW, &r));
    return r;
}

/* In a block of exactly its size. */
static bool reads(const struct token_record *r, uint64_t stamp, int64_t now, struct token *out)
{
    ARENA(a, 4096);
    EXACT(block, ((struct slice){(const char *)r, sizeof *r}));
    return token_record_read((const void *)block.p, &digest, stamp, now, &a, out);
}

static void a_token_comes_back_as_it_was_written(void **state)
{
    (void)state;
    ARENA(a, 4096);
    struct token t = record_token("client"), out;
    struct token_record r = record_of(&t);
    assert_true(token_record_read(&r, &digest, STAMP, NOW, &a, &out));
    memset(&r, 0, sizeof r); /* what was handed out is a copy */
    assert_true(record_is_right(&out, "client"));
    t.any_audience = true;
    t.introspected = false;
    t.audience_count = 0;
    r = record_of(&t);
    assert_true(token_record_read(&r, &digest, STAMP, NOW, &a, &out));
    assert_true(out.any_audience && !out.introspected && out.audience_count == 0);
}

/* Whatever bit is wrong: no token, and never another one. */
static void one_wrong_bit_and_it_is_none(void **state)
{
    (void)state;
    struct token t = record_token("client"), out;
    struct token_record good = record_of(&t);
    size_t used = offsetof(struct token_record, text) + good.text_bytes;
    for (size_t i = 0; i < used * 8; i++) {
        struct token_record r = good;
        ((unsigned char *)&r)[i / 8] ^= (unsigned char)(1U << i % 8);
        if (reads(&r, STAMP, NOW, &out))
            fail_msg("byte %zu", i / 8);
    }
    assert_true(reads(&good, STAMP, NOW, &out));
    memset(&good, 0, sizeof good);
    assert_false(reads(&good, 0, NOW, &out));
}

static void it_counts_in_its_time_and_state_only(void **state)
{
    (void)state;
    struct token t = record_token("client"), out;
    struct token_record r = record_of(&t);
    const struct {
        int line;
        uint64_t stamp;
        int64_t now;
        bool counts;
    } rows[] = {
        {__LINE__, STAMP, NOW - 2, true},      {__LINE__, STAMP, NOW - 3, false},
        {__LINE__, STAMP, NOW + 49, true},     {__LINE__, STAMP, NOW + 50, false}, /* verify_at */
        {__LINE__, STAMP + 1, NOW, false},     {__LINE__, 0, NOW, false},
        {__LINE__, STAMP, NOW - 86400, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        check_true(rows[i].line, reads(&r, rows[i].stamp, rows[i].now, &out) == rows[i].counts,
                   "it counts");
    t.verify_at = 0;
    r = record_of(&t);
    assert_true(reads(&r, STAMP, NOW + 59, &out));
    assert_false(reads(&r, STAMP, NOW + 60, &out));
}

/* With the right checksum: as somebody would make it who can write to the file. */
static void seal(struct token_record *r)
{
    size_t n = offsetof(struct token_record, text) - offsetof(struct token_record, text_bytes) +
               r->text_bytes;
    assert_true(secret_digest((struct slice){(const char *)r, offsetof(struct token_record, sum)},
                              (struct slice){(const char *)&r->text_bytes, n}, &r->sum));
}

static void no_length_is_believed(void **state)
{
    (void)state;
    struct token t = record_token("client"), out;
    struct token_record good = record_of(&t), r = good;
    seal(&r);
    assert_true(reads(&r, STAMP, NOW, &out));
    for (size_t i = 0; i < TOKEN_SLICES; i++) {
        static const uint16_t lengths[] = {0,         1, 300, TOKEN_RECORD_TEXT, UINT16_MAX - 1,
                                           UINT16_MAX};
        for (size_t k = 0; k < COUNT(lengths); k++) {
            r = good;
            r.lengths[i] = lengths[k];
            seal(&r);
            bool same = r.lengths[i] == good.lengths[i] || i >= 9U + t.audience_count ||
                        (good.lengths[i] == 0 && lengths[k] == UINT16_MAX) ||
                        (good.lengths[i] == UINT16_MAX && lengths[k] == 0);
            assert_int_equal(reads(&r, STAMP, NOW, &out), same);
        }
    }
    r = good;
    r.text_bytes = TOKEN_RECORD_TEXT + 1;
    assert_false(reads(&r, STAMP, NOW, &out));
    r.text_bytes = UINT16_MAX;
    assert_false(reads(&r, STAMP, NOW, &out));
    r = good;
    r.audiences = JWT_MAX_AUDIENCES + 1;
    seal(&r);
    assert_false(reads(&r, STAMP, NOW, &out));
}

static void what_is_too_large_is_not_written(void **state)
{
    (void)state;
    static char text[70000];
    struct token t = token_of(""), out;
    struct token_record r;
    memset(text, 'x', sizeof text);
    size_t other = t.client_id.n + strlen(AUDIENCE);
    t.subject = (struct slice){text, TOKEN_RECORD_TEXT - other};
    r = record_of(&t);
    assert_int_equal(r.text_bytes, TOKEN_RECORD_TEXT);
    ARENA(a, 4096);
    assert_true(token_record_read(&r, &digest, STAMP, NOW, &a, &out));
    assert_int_equal(out.subject.n, t.subject.n);
    for (size_t n = t.subject.n + 1; n < sizeof text; n += 9973) {
        t.subject.n = n;
        assert_false(token_record_write(&t, &digest, STAMP, NOW, &r));
    }
}

static void a_full_arena_is_a_miss(void **state)
{
    (void)state;
    struct token t = record_token("client"), out = {.client_id = SLICE("untouched")};
    struct token_record r = record_of(&t);
    ARENA(small, 16);
    assert_false(token_record_read(&r, &digest, STAMP, NOW, &small, &out));
    check_slice(__LINE__, out.client_id, "untouched");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_comes_back_as_it_was_written),
        cmocka_unit_test(one_wrong_bit_and_it_is_none),
        cmocka_unit_test(it_counts_in_its_time_and_state_only),
        cmocka_unit_test(no_length_is_believed),
        cmocka_unit_test(what_is_too_large_is_not_written),
        cmocka_unit_test(a_full_arena_is_a_miss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
