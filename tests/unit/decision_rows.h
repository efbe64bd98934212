/* The rows of tests/decisions: reading them, and the request and token that a row describes. */
#ifndef FHIR_AUTH_DECISION_ROWS_H
#define FHIR_AUTH_DECISION_ROWS_H

#include "fixture.h"

#include "authorize.h"

#include <glob.h>

#define NOW          1000000
#define DECISION_DIR "tests/decisions"

struct decision_row {
    const char *file;
    int line;
    struct slice method, target, scopes, context, policy, verdict, why, told;
};

static inline char *decision_text(const char *path)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    size_t n = (size_t)ftell(f);
    char *text = malloc(n + 1);
    assert_non_null(text);
    rewind(f);
    assert_int_equal(fread(text, 1, n, f), n);
    text[n] = '\0';
    fclose(f);
    return text;
}

static inline void decision_row_read(struct slice line, struct decision_row *row)
{
    struct slice *const columns[] = {&row->method, &row->target,  &row->scopes, &row->context,
                                     &row->policy, &row->verdict, &row->why,    &row->told};
    for (size_t i = 0; i < COUNT(columns); i++)
        if (!slice_cut(&line, '\t', columns[i]) || columns[i]->n == 0)
            fail_msg("%s:%d: %zu columns rather than 8", row->file, row->line, i);
    if (line.p != NULL)
        fail_msg("%s:%d: more than 8 columns", row->file, row->line);
}

/* Every row of every file to `each`.  Returns how many there were. */
static inline size_t decision_rows(void (*each)(const struct decision_row *row, void *to), void *to)
{
    size_t count = 0;
    glob_t found;
    assert_int_equal(glob(DECISION_DIR "/*.tsv", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char *text = decision_text(found.gl_pathv[i]);
        struct slice rest = slice_of(text), line;
        struct decision_row row = {.file = found.gl_pathv[i]};
        while (slice_cut(&rest, '\n', &line)) {
            row.line++;
            if (line.n == 0 || line.p[0] == '#')
                continue;
            decision_row_read(line, &row);
            each(&row, to);
            count++;
        }
        free(text);
    }
    globfree(&found);
    return count;
}

static inline void decision_config(struct config *conf)
{
    char faults[4096];
    struct buf b = BUF(faults);
    char *text = decision_text(DECISION_DIR "/policies.conf");
    if (config_parse(slice_of(text), "policies.conf", conf, &b) != ERR_OK)
        fail_msg("%s", faults);
    free(text);
}

/* The whole target of a row. */
static inline struct slice decision_target(const struct decision_row *row, char *space, size_t cap)
{
    struct buf text = buf_over(space, cap);
    if (slice_starts(row->target, "="))
        return slice_skip(row->target, 1);
    buf_printf(&text, "/%.*s", SLICE_FMT(row->policy));
    if (!slice_is(row->target, "-"))
        buf_put(&text, row->target);
    assert_false(text.overflowed);
    return buf_slice(&text);
}

static inline void decision_context(const struct decision_row *row, struct request *rq,
                                    struct token *token)
{
    struct slice rest = row->context, word, name;
    while (scope_next(&rest, &word)) {
        slice_cut(&word, '=', &name);
        struct slice value = word.p != NULL ? word : SLICE("");
        if (slice_is(name, "patient"))
            token->patient = value;
        else if (slice_is(name, "fhirUser"))
            token->fhir_user = value;
        else if (slice_is(name, "If-None-Exist"))
            rq->if_none_exist = value;
        else if (slice_is(name, "X-Provenance"))
            rq->provenance = value;
        else if (slice_is(name, "X-Cascade"))
            rq->cascade = value;
        else if (slice_is(name, "override"))
            rq->method_override = true;
        else if (!slice_is(name, "-"))
            fail_msg("%s:%d: context %.*s", row->file, row->line, SLICE_FMT(name));
    }
}

static inline struct token decision_token(struct slice scopes)
{
    struct token token = {
        .client_id = SLICE("client"),
        .audience = {SLICE("https://fhir.example.org")},
        .audience_count = 1,
        .expires_at = NOW + 60,
    };
    token_set_scope(&token, slice_is(scopes, "-") ? SLICE("") : scopes);
    return token;
}

/* What becomes of a row's request with this target and these scopes.  *asked borrows from both. */
static inline struct decision decision_make(const struct config *conf,
                                            const struct decision_row *row, struct slice target,
                                            struct slice scopes, struct fhir_request *asked)
{
    struct request rq = {.method = row->method, .uri = target};
    struct token token = decision_token(scopes);
    const struct possession bearer = {.scheme = AUTH_BEARER};
    decision_context(row, &rq, &token);
    enum err presented = slice_is(scopes, "none") ? ERR_NO_TOKEN : ERR_OK;
    enum err e = fhir_request_parse(&rq, conf, asked);
    return authorize(asked, e, presented, presented == ERR_OK ? &token : NULL, presented, &bearer,
                     NOW);
}

/* Do two lists hold the same words? */
static inline bool decision_same_words(struct slice a, struct slice b)
{
    const struct slice lists[] = {a, b};
    for (size_t i = 0; i < 2; i++) {
        struct slice rest = lists[i], word, other;
        while (scope_next(&rest, &word)) {
            struct slice among = lists[1 - i];
            bool is_there = false;
            while (scope_next(&among, &other))
                is_there = is_there || slice_eq(word, other);
            if (!is_there)
                return false;
        }
    }
    return true;
}

#endif
