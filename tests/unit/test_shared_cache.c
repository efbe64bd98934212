/* Verified tokens in memory that processes share: whole and right, or not at all. */
#include "record_fixture.h"

#include "shared_cache.c" /* for its slots */

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

struct place {
    char path[64];
    struct shared_cache *one, *two; /* as two processes have it */
};

static struct shared_cache *open_it(const struct place *p)
{
    const char *why;
    struct shared_cache *c = shared_cache_open(p->path, &why);
    if (c == NULL)
        fail_msg("%s", why);
    return c;
}

static int up(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    assert_non_null(p);
    snprintf(p->path, sizeof p->path, "/tmp/fhir-auth-verified-%d", (int)getpid());
    unlink(p->path);
    p->one = open_it(p);
    p->two = open_it(p);
    *state = p;
    return 0;
}

static int down(void **state)
{
    struct place *p = *state;
    shared_cache_close(p->one);
    shared_cache_close(p->two);
    unlink(p->path);
    free(p);
    return 0;
}

static bool has(const struct shared_cache *c, struct secret digest, uint64_t stamp, int64_t now,
                const char *client_id)
{
    ARENA(a, 4096);
    struct token out;
    bool hit = shared_cache_get(c, &digest, stamp, now, &a, &out);
    if (hit && !record_is_right(&out, client_id))
        fail_msg("another token than %s came back", client_id);
    return hit;
}

static void put(struct shared_cache *c, struct secret digest, uint64_t stamp, int64_t now,
                const char *client_id)
{
    struct token t = record_token(client_id);
    shared_cache_put(c, &digest, stamp, now, &t);
}

static void what_one_knows_the_other_knows(void **state)
{
    struct place *p = *state;
    struct secret digest = record_digest(3, 1);
    assert_false(has(p->two, digest, STAMP, NOW, "client"));
    put(p->one, digest, STAMP, NOW, "client");
    assert_true(has(p->two, digest, STAMP, NOW, "client"));
    assert_true(has(p->one, digest, STAMP, NOW, "client"));
    assert_false(has(p->two, digest, STAMP + 1, NOW, "client"));
    assert_false(has(p->two, digest, STAMP, NOW + 50, "client"));
    for (unsigned i = 0; i < sizeof digest.b * 8; i++) {
        struct secret other = digest;
        other.b[i / 8] ^= (unsigned char)(1U << i % 8);
        assert_false(has(p->two, other, STAMP, NOW, "client"));
    }
    put(p->two, digest, STAMP + 1, NOW, "again"); /* in its place */
    assert_false(has(p->one, digest, STAMP, NOW, "client"));
    assert_true(has(p->one, digest, STAMP + 1, NOW, "again"));
    shared_cache_close(p->one);
    shared_cache_close(p->two); /* it outlives them */
    p->one = open_it(p);
    p->two = open_it(p);
    assert_true(has(p->one, digest, STAMP + 1, NOW, "again"));
}

static void a_full_set_drops_what_is_void_and_then_the_oldest(void **state)
{
    struct place *p = *state;
    for (unsigned i = 0; i < SHARED_CACHE_WAYS; i++)
        put(p->one, record_digest(1, i), STAMP, NOW + i, "client");
    for (unsigned i = 0; i < SHARED_CACHE_WAYS; i++)
        assert_true(has(p->one, record_digest(1, i), STAMP, NOW + 8, "client"));
    put(p->one, record_digest(1, 100), STAMP, NOW + 8, "client");
    for (unsigned i = 0; i < SHARED_CACHE_WAYS; i++)
        assert_int_equal(has(p->one, record_digest(1, i), STAMP, NOW + 8, "client"), i > 0);
    put(p->one, record_digest(1, 5), STAMP + 1, NOW + 8, "client");
    put(p->one, record_digest(1, 101), STAMP, NOW + 9, "client");
    for (unsigned i = 1; i < SHARED_CACHE_WAYS; i++)
        assert_int_equal(has(p->one, record_digest(1, i), STAMP, NOW + 9, "client"), i != 5);
    assert_true(has(p->one, record_digest(1, 100), STAMP, NOW + 9, "client"));
    assert_true(has(p->one, record_digest(1, 101), STAMP, NOW + 9, "client"));
}

static void what_is_too_large_is_not_kept(void **state)
{
    struct place *p = *state;
    static char text[TOKEN_RECORD_TEXT];
    struct token t = record_token("client");
    struct secret digest = record_digest(1, 1);
    memset(text, 'x', sizeof text);
    t.subject = (struct slice){text, sizeof text};
    shared_cache_put(p->one, &digest, STAMP, NOW, &t);
    assert_false(has(p->one, digest, STAMP, NOW, "client"));
}

static struct slot *slot_of(struct shared_cache *c, unsigned set, unsigned way)
{
    return &c->area->slots[(size_t)set * SHARED_CACHE_WAYS + way];
}

/* As it stands when a writer died after `words` of its words. */
static void die_writing(struct slot *s, struct secret digest, int64_t now, size_t words)
{
    union image image;
    struct token t = record_token("dead");
    assert_true(token_record_write(&t, &digest, STAMP, now, &image.record));
    uint32_t count = (uint32_t)atomic_load(&s->sequence) | 1;
    atomic_store(&s->sequence, (uint64_t)now << 32 | count);
    for (size_t i = 0; i < words; i++)
        atomic_store(&s->words[i], image.words[i]);
}

static void what_a_dead_writer_left_is_no_token_and_is_taken_over(void **state)
{
    struct place *p = *state;
    for (size_t words = 0; words <= WORDS; words++) {
        struct secret digest = record_digest(1, (unsigned)words);
        for (unsigned way = 0; way < SHARED_CACHE_WAYS; way++)
            die_writing(slot_of(p->one, 1, way), digest, NOW, words);
        assert_false(has(p->two, digest, STAMP, NOW, "dead"));
        put(p->two, digest, STAMP, NOW + 2, "client"); /* it may still live */
        assert_false(has(p->two, digest, STAMP, NOW + 2, "client"));
        assert_false(has(p->two, digest, STAMP, NOW + 3, "dead"));
        put(p->two, digest, STAMP, NOW + 3, "client");
        assert_true(has(p->one, digest, STAMP, NOW + 3, "client"));
    }
    /* Also after a clock that was ahead. */
    struct secret digest = record_digest(2, 1);
    for (unsigned way = 0; way < SHARED_CACHE_WAYS; way++)
        die_writing(slot_of(p->one, 2, way), digest, NOW + 86400, 10);
    put(p->two, digest, STAMP, NOW, "client");
    assert_true(has(p->one, digest, STAMP, NOW, "client"));
}

/* A writer that was stopped for long, whose slot another took, goes on: what results is checked. */
static void what_two_writers_made_together_is_no_token(void **state)
{
    struct place *p = *state;
    struct secret digest = record_digest(1, 1), other = record_digest(1, 2);
    for (size_t words = 3; words < WORDS; words++) { /* the third tells the digests apart */
        union image image;
        struct slot *s = slot_of(p->one, 1, 0);
        struct token t = record_token("other");
        put(p->one, digest, STAMP, NOW, "client");
        assert_true(has(p->two, digest, STAMP, NOW, "client"));
        assert_true(token_record_write(&t, &other, STAMP, NOW, &image.record));
        for (size_t i = 0; i < words; i++)
            atomic_store(&s->words[i], image.words[i]);
        assert_false(has(p->two, digest, STAMP, NOW, "client"));
        has(p->two, other, STAMP, NOW, "other"); /* only if it is all there by chance */
        memset(s, 0, sizeof *s);
    }
}

/* Whatever lies in the file: no crash, no hit, and it can be used again. */
static void a_file_full_of_rubbish_grants_nothing(void **state)
{
    struct place *p = *state;
    unsigned random = 1;
    struct secret digest = record_digest(1, 1);
    unsigned char *bytes = (unsigned char *)p->one->area->slots;
    for (int round = 0; round < 200; round++) {
        size_t n = sizeof(struct slot) * SHARED_CACHE_WAYS;
        for (size_t i = 0; i < n; i++) {
            random = random * 1103515245U + 12345U;
            bytes[n + i] = (unsigned char)(random >> 16);
        }
        for (unsigned way = 0; way < SHARED_CACHE_WAYS; way++) {
            struct slot *s = slot_of(p->one, 1, way);
            if (way % 2 == 0) /* found, at least */
                memcpy(s->words, &digest, sizeof digest);
            if (way % 4 != 3)
                atomic_store(&s->sequence, atomic_load(&s->sequence) & ~(uint64_t)1);
        }
        assert_false(has(p->two, digest, STAMP, NOW, "client"));
        put(p->two, digest, STAMP, NOW, "client");
        assert_true(has(p->one, digest, STAMP, NOW, "client"));
    }
}

static void the_era_ends_when_the_clock_is_set_back(void **state)
{
    struct place *p = *state;
    uint64_t era = shared_cache_era(p->one, NOW);
    assert_int_equal(shared_cache_era(p->two, NOW + 100), era);
    assert_int_equal(shared_cache_era(p->one, NOW + 98), era); /* a moment late */
    assert_int_equal(shared_cache_era(p->one, NOW + 97), era + 1);
    assert_int_equal(shared_cache_era(p->two, NOW + 97), era + 1);
    assert_int_equal(shared_cache_era(p->two, NOW + 200), era + 1);
    assert_int_equal(shared_cache_era(p->two, 0), era + 2);
    atomic_store(&p->one->area->latest, INT64_MAX);
    assert_int_equal(shared_cache_era(p->two, NOW), era + 3);
    atomic_store(&p->one->area->latest, INT64_MIN);
    assert_int_equal(shared_cache_era(p->two, NOW), era + 3);
}

/* ---- many processes ---- */

#define WRITERS 6
#define ROUNDS  20000
#define SETS    2
#define TOKENS  30 /* more than these sets hold */

/* 0: some hits, each whole and right. */
static int use_it(const struct place *p, unsigned seed)
{
    struct shared_cache *c = open_it(p);
    unsigned random = seed, hits = 0;
    for (int i = 0; i < ROUNDS; i++) {
        random = random * 1103515245U + 12345U;
        unsigned n = (random >> 16) % TOKENS;
        uint64_t stamp = 1 + (random >> 24) % 2;
        struct secret digest = record_digest(n % SETS, n);
        char name[32];
        snprintf(name, sizeof name, "%u-%u", n, (unsigned)stamp);
        ARENA(a, 4096);
        struct token out;
        if (shared_cache_get(c, &digest, stamp, NOW, &a, &out)) {
            hits++;
            if (!record_is_right(&out, name))
                return 1;
        } else {
            put(c, digest, stamp, NOW, name);
        }
    }
    shared_cache_close(c);
    return hits > 0 ? 0 : 2;
}

/* Some are killed in the middle; nobody else is held up by that, nor gets what they left. */
static void processes_get_whole_tokens_only(void **state)
{
    struct place *p = *state;
    pid_t children[WRITERS], victims[WRITERS];
    for (unsigned i = 0; i < WRITERS; i++) {
        victims[i] = fork();
        assert_true(victims[i] >= 0);
        if (victims[i] == 0)
            for (unsigned seed = 100 + i;; seed += 100)
                if (use_it(p, seed) == 1)
                    _exit(1);
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            _exit(use_it(p, i + 1));
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
        assert_int_equal(kill(victims[i], SIGKILL), 0);
        assert_int_equal(waitpid(victims[i], &status, 0), victims[i]);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
    /* All slots can be used again, the killed ones' after a moment. */
    for (unsigned n = 0; n < SETS * SHARED_CACHE_WAYS; n++) {
        struct secret digest = record_digest(n % SETS, 1000 + n);
        put(p->one, digest, 9, NOW + 3, "after");
        assert_true(has(p->two, digest, 9, NOW + 3, "after"));
    }
}

#define PLACE(test) cmocka_unit_test_setup_teardown(test, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE(what_one_knows_the_other_knows),
        PLACE(a_full_set_drops_what_is_void_and_then_the_oldest),
        PLACE(what_is_too_large_is_not_kept),
        PLACE(what_a_dead_writer_left_is_no_token_and_is_taken_over),
        PLACE(what_two_writers_made_together_is_no_token),
        PLACE(a_file_full_of_rubbish_grants_nothing),
        PLACE(the_era_ends_when_the_clock_is_set_back),
        PLACE(processes_get_whole_tokens_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
