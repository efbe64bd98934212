#include "decision_rows.h"

/*
 * What must hold for every request, tried on those that can be made from the rows of
 * tests/decisions: by more parameters, by other spellings, by fewer scopes.  The generator is the
 * same in every run.
 */

#define TRIES 12 /* for each row */

struct world {
    struct config conf;
    uint64_t state;
    size_t tried;
};

static size_t below(struct world *w, size_t n)
{
    w->state ^= w->state << 13;
    w->state ^= w->state >> 7;
    w->state ^= w->state << 17;
    return (size_t)((w->state >> 16) % n);
}

/* A request made from a row; its texts must live as long as what is asked. */
struct made {
    const struct decision_row *row;
    char space[8192];
    struct slice target;
    struct fhir_request asked;
};

static struct decision ask(struct world *w, struct made *m, struct slice scopes)
{
    w->tried++;
    return decision_make(&w->conf, m->row, m->target, scopes, &m->asked);
}

#define REFUTED(m, what, scopes)                                                                   \
    fail_msg("%s:%d: %.*s %.*s: %s; scopes %s", (m)->row->file, (m)->row->line,                    \
             SLICE_FMT((m)->row->method), SLICE_FMT((m)->target), what, scopes)

static unsigned actions_on(const struct needs *needs, int type)
{
    unsigned actions = 0;
    for (size_t i = 0; i < needs->count; i++)
        if (needs->list[i].type == type)
            actions |= needs->list[i].actions;
    return actions;
}

/* Scopes for all that is needed but `less` on the type `without`. */
static void put_scopes(const struct needs *needs, int without, unsigned less, struct buf *out)
{
    unsigned of_all = actions_on(needs, FHIR_TYPE_ANY);
    for (size_t i = 0; i < needs->count; i++) {
        int type = needs->list[i].type;
        char letters[6];
        unsigned actions = actions_on(needs, type) & ~(type == FHIR_TYPE_ANY ? 0 : of_all);
        if (type == without)
            actions &= ~less;
        scope_letters(actions, letters);
        if (letters[0] != '\0')
            buf_printf(out, "%ssystem/%s.%s", out->n > 0 ? " " : "", fhir_type_name(type), letters);
    }
    assert_false(out->overflowed);
}

/* Is it decided by the needs alone: no open path, no rule with words of its own? */
static bool by_needs(const struct decision *d, const struct fhir_request *asked)
{
    return !asked->open && asked->rule == NULL && asked->needs.count > 0 && !asked->token &&
           (d->why == ERR_OK || d->why == ERR_SCOPE);
}

/* Just what is needed is enough, and without any letter of it, it is not. */
static void check_needs(struct world *w, struct made *m)
{
    char list[4096], fewer[4096];
    struct buf text = BUF(list);
    struct decision d = ask(w, m, SLICE("-"));
    if (!by_needs(&d, &m->asked))
        return;
    const struct needs needs = m->asked.needs;
    unsigned of_all = actions_on(&needs, FHIR_TYPE_ANY);
    put_scopes(&needs, FHIR_TYPE_UNKNOWN, 0, &text);
    if (!ask(w, m, buf_slice(&text)).allow)
        REFUTED(m, "all that is needed is not enough", list);
    for (size_t i = 0; i < needs.count; i++)
        for (unsigned action = 1; action <= SCOPE_S; action <<= 1) {
            int type = needs.list[i].type;
            if (!(needs.list[i].actions & action) || (type != FHIR_TYPE_ANY && (of_all & action)))
                continue;
            struct buf less = BUF(fewer);
            put_scopes(&needs, type, action, &less);
            buf_puts(&less, " system/Slot.cruds"); /* of a type that no row is about */
            if (ask(w, m, buf_slice(&less)).allow)
                REFUTED(m, "allowed with less than it needs", fewer);
        }
}

/* ---- more parameters ---- */

/* None that a constraint of a row asks for, nor one that names its patient. */
static const char *const parameters[] = {
    "_include=Patient:organization",
    "_include=*",
    "_include:iterate=Observation:encounter",
    "_revinclude=Observation:subject",
    "_has:Observation:patient:code=1",
    "_has:Encounter:patient:_has:Condition:encounter:code=1",
    "organization.name=x",
    "subject:Patient.name=x",
    "_type=Observation",
    "_filter=name",
    "_list=1",
    "_in=Group/1",
    "_contained=true",
    "_query=x",
    "_sort=name",
    "_sort=subject.name",
    "code:in=http://vs",
    "_unknown=1",
    "_cascade=delete",
    "_count=1",
    "_format=json",
    "name=x",
    "_typeFilter=Observation?code=x",
};

static void put_encoded(struct world *w, struct slice plain, size_t one_in, struct buf *out)
{
    for (size_t i = 0; i < plain.n; i++) {
        bool value = slice_has_char((struct slice){plain.p, i}, '=');
        bool encodes = one_in > 0 && below(w, one_in) == 0 && (plain.p[i] != '=' || value);
        buf_printf(out, encodes ? (below(w, 2) ? "%%%02X" : "%%%02x") : "%c",
                   (unsigned)(unsigned char)plain.p[i]);
    }
}

/* The target with a parameter before or behind the others; written twice now and then. */
static void add_parameter(struct world *w, struct slice target, const char *parameter,
                          size_t one_in, char separator, struct made *out)
{
    struct buf text = BUF(out->space);
    struct slice query = target, path;
    slice_cut(&query, '?', &path);
    /* Drawn before all else, so that another spelling stands in the same place. */
    bool before = below(w, 2) == 0, twice = below(w, 4) == 0;
    buf_put(&text, path);
    buf_putc(&text, '?');
    if (!before && query.n > 0) {
        buf_put(&text, query);
        buf_putc(&text, separator);
    }
    put_encoded(w, slice_of(parameter), one_in, &text);
    if (before && query.n > 0) {
        buf_putc(&text, separator);
        buf_put(&text, query);
    }
    if (twice) {
        buf_putc(&text, '&');
        put_encoded(w, slice_of(parameter), one_in, &text);
    }
    assert_false(text.overflowed);
    out->target = buf_slice(&text);
}

/* Where several types are searched _type narrows; without a query some changes are nothing at all.
 */
static bool may_change_all(const struct fhir_request *asked, const struct decision *d,
                           const char *parameter)
{
    bool narrows = asked->path.searched == FHIR_TYPE_ANY || asked->interaction == FHIR_OPERATION;
    return d->why == ERR_METHOD || (narrows && strncmp(parameter, "_type=", 6) == 0);
}

static void more_parameters_give_nothing(const struct decision_row *row, void *to)
{
    struct world *w = to;
    static struct made plain, more;
    plain.row = more.row = row;
    plain.target = decision_target(row, plain.space, sizeof plain.space);
    check_needs(w, &plain);
    for (size_t i = 0; i < TRIES; i++) {
        const char *parameter = parameters[below(w, COUNT(parameters))];
        struct decision d = ask(w, &plain, row->scopes);
        char separator = below(w, 3) ? '&' : ';';
        add_parameter(w, plain.target, parameter, below(w, 4), separator, &more);
        if (plain.asked.open || may_change_all(&plain.asked, &d, parameter))
            continue;
        if (!d.allow && ask(w, &more, row->scopes).allow)
            REFUTED(&more, "one more parameter opened it", "of the row");
        check_needs(w, &more);
        /* Who may have more may have less; but a ';' makes the field beside it another one. */
        char list[4096];
        struct buf text = BUF(list);
        struct decision bare = ask(w, &more, SLICE("-"));
        if (separator == ';' || !by_needs(&bare, &more.asked))
            continue;
        put_scopes(&more.asked.needs, FHIR_TYPE_UNKNOWN, 0, &text);
        if (!ask(w, &plain, buf_slice(&text)).allow)
            REFUTED(&more, "one more parameter lowered what is needed", list);
    }
}

/* ---- other spellings ---- */

/* What a parameter reveals does not depend on how it is written. */
static void spelling_hides_nothing(const struct decision_row *row, void *to)
{
    struct world *w = to;
    static struct made plain, spelt;
    static char space[8192];
    struct slice target = decision_target(row, space, sizeof space);
    plain.row = spelt.row = row;
    for (size_t i = 0; i < TRIES; i++) {
        const char *parameter = parameters[below(w, COUNT(parameters))];
        char list[4096];
        struct buf text = BUF(list);
        size_t one_in = 1 + below(w, 3);
        uint64_t state = w->state; /* the same place for both */
        add_parameter(w, target, parameter, 0, '&', &plain);
        w->state = state;
        add_parameter(w, target, parameter, one_in, '&', &spelt);
        struct decision d = ask(w, &spelt, SLICE("-"));
        if (!by_needs(&d, &spelt.asked))
            continue;
        put_scopes(&spelt.asked.needs, FHIR_TYPE_UNKNOWN, 0, &text);
        if (!ask(w, &plain, buf_slice(&text)).allow)
            REFUTED(&spelt, "another spelling lowered what is needed", list);
    }
}

/* Spellings of a path that two servers may read in two ways. */
static void respell(struct world *w, struct slice path, size_t way, struct buf *out)
{
    static const char *const inserted[] = {"/",   "/.",  "/..", "/x/..", ";", ";a=b",
                                           "%2f", "%00", "%2e", "%3F",   "%"};
    size_t at = way < 4 ? 0 : below(w, path.n + 1);
    if (way < 4) { /* before a slash */
        do
            at = below(w, path.n);
        while (path.p[at] != '/');
    }
    buf_put(out, (struct slice){path.p, at});
    if (way < COUNT(inserted)) {
        buf_puts(out, inserted[way]);
        buf_put(out, slice_skip(path, at));
        return;
    }
    at = at < path.n ? at : path.n - 1;
    out->n = at; /* a byte of it is percent-encoded */
    buf_printf(out, "%%%02X", (unsigned)(unsigned char)path.p[at]);
    buf_put(out, slice_skip(path, at + 1));
}

static void ambiguous_paths_are_refused(const struct decision_row *row, void *to)
{
    struct world *w = to;
    static struct made m;
    static char space[8192];
    struct slice query = decision_target(row, space, sizeof space), path;
    m.row = row;
    slice_cut(&query, '?', &path);
    if (!slice_starts(path, "/"))
        return;
    for (size_t way = 0; way < 12; way++) {
        struct buf text = BUF(m.space);
        respell(w, path, way, &text);
        if (query.p != NULL) {
            buf_putc(&text, '?');
            buf_put(&text, query);
        }
        m.target = buf_slice(&text);
        if (ask(w, &m, SLICE("system/*.cruds")).allow && m.asked.interaction != FHIR_PREFLIGHT)
            REFUTED(&m, "an ambiguous path is allowed", "system/*.cruds");
    }
}

/* Another case of a letter is another type or nothing; it never makes less of what is needed. */
static void case_matters(const struct decision_row *row, void *to)
{
    struct world *w = to;
    static struct made plain, other;
    plain.row = other.row = row;
    plain.target = decision_target(row, plain.space, sizeof plain.space);
    struct decision d = ask(w, &plain, SLICE("-"));
    if (!by_needs(&d, &plain.asked))
        return;
    const struct fhir_request was = plain.asked;
    for (size_t i = 0; i < was.path.below.n; i++) {
        size_t at = (size_t)(was.path.below.p - plain.target.p) + i;
        struct buf text = BUF(other.space);
        buf_put(&text, plain.target);
        char *c = &other.space[at];
        if ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z'))
            *c = (char)(*c ^ 0x20);
        other.target = buf_slice(&text);
        d = ask(w, &other, SLICE("-"));
        if (by_needs(&d, &other.asked) &&
            (other.asked.path.type != was.path.type || other.asked.interaction != was.interaction ||
             other.asked.needs.count != was.needs.count))
            REFUTED(&other, "another case is another interaction", "-");
    }
}

/* What replaces the method, or brings a token in the URL, is refused in every spelling. */
static void overrides_are_refused(const struct decision_row *row, void *to)
{
    static const char *const refused[] = {"_method=DELETE", "_METHOD=put", "access_token=a",
                                          "x-http-method-override=DELETE", "Access_Token="};
    struct world *w = to;
    static struct made m;
    static char space[8192];
    struct slice target = decision_target(row, space, sizeof space);
    m.row = row;
    for (size_t i = 0; i < COUNT(refused); i++) {
        add_parameter(w, target, refused[i], below(w, 3), below(w, 2) ? '&' : ';', &m);
        if (ask(w, &m, SLICE("system/*.cruds")).allow)
            REFUTED(&m, "allowed", "system/*.cruds");
    }
}

/* ---- */

static void try_all(void (*property)(const struct decision_row *row, void *to))
{
    static struct world w;
    w = (struct world){.state = 88172645463325252u};
    decision_config(&w.conf);
    size_t rows = decision_rows(property, &w);
    print_message("%zu decisions on %zu rows\n", w.tried, rows);
    assert_true(rows >= 600 && w.tried >= 5 * rows);
}

#define PROPERTY(name)                                                                             \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        try_all(name);                                                                             \
    }

PROPERTY(more_parameters_give_nothing)
PROPERTY(spelling_hides_nothing)
PROPERTY(ambiguous_paths_are_refused)
PROPERTY(case_matters)
PROPERTY(overrides_are_refused)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_more_parameters_give_nothing),
        cmocka_unit_test(test_spelling_hides_nothing),
        cmocka_unit_test(test_ambiguous_paths_are_refused),
        cmocka_unit_test(test_case_matters),
        cmocka_unit_test(test_overrides_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
