#include "cover.h"

/* ---- which patient ---- */

enum tri { NO, UNKNOWN, YES };

/* Does the request itself limit the need to the token's patient? */
static enum tri is_of_patient(const struct token *t, const struct fhir_request *r,
                              const struct need *need)
{
    const struct fhir_path *p = &r->path;
    bool patient_path = p->id.p != NULL && slice_is(slice_of(fhir_type_name(p->type)), "Patient");
    if (need->cause.p != NULL)
        return UNKNOWN; /* what an _include brings may be of anybody */
    if (patient_path)
        return slice_eq(p->id, t->patient) ? YES : NO;
    if (r->searches && p->searched >= 0 && p->id.p == NULL)
        return query_is_of_patient(p->query, p->searched, p->base->version, t->patient) ? YES : NO;
    return UNKNOWN;
}

/* ---- constraints ---- */

/* Does the request itself stay within the constraint?  *missing: what it lacks. */
static enum tri is_within(const struct fhir_request *r, const struct need *need,
                          struct slice constraint, struct slice *missing)
{
    if (need->cause.p != NULL || !r->searches || need->type != r->path.searched)
        return UNKNOWN;
    return query_implies(r->path.query, constraint, missing) ? YES : NO;
}

/* ---- one action ---- */

struct search {
    const struct token *token;
    const struct fhir_request *request;
    const struct need *need;
    unsigned action;
    enum cover best;
    struct slice limit; /* the scope that leaves a limit to the FHIR server */
    enum err why;       /* the most telling reason so far */
    struct slice hint;
};

static void note_reason(struct search *s, enum err why, struct slice hint)
{
    /* What the request could add tells more than that nothing was granted. */
    if (s->why == ERR_SCOPE || why == ERR_SCOPE_CONSTRAINT) {
        s->why = why;
        s->hint = hint;
    }
}

static void note_undecided(struct search *s, struct slice word, enum err why)
{
    if (!s->request->path.base->limits_to_backend) {
        note_reason(s, why, word);
    } else if (s->best == COVER_NO) {
        s->best = COVER_BACKEND;
        s->limit = word;
    }
}

/* May a scope of this context count at all? */
static bool context_counts(struct search *s, enum scope_context context)
{
    if (context == SCOPE_SYSTEM)
        return true;
    if (s->request->system_only) {
        note_reason(s, ERR_SCOPE_SYSTEM_ONLY, SLICE_NONE);
        return false;
    }
    struct slice claim = context == SCOPE_USER ? s->token->fhir_user : s->token->patient;
    if (claim.n == 0)
        note_reason(s, ERR_SCOPE_CONTEXT, SLICE_NONE);
    return claim.n > 0;
}

/* One scope, parsed, that grants the action on the type. */
static void try_scope(struct search *s, const struct scope *scope, struct slice word)
{
    enum tri patient = YES, within = YES;
    struct slice missing = SLICE_NONE;
    if (!context_counts(s, scope->context))
        return;
    if (scope->context == SCOPE_PATIENT)
        patient = is_of_patient(s->token, s->request, s->need);
    if (scope->constraint.p != NULL && s->request->system_only) {
        note_reason(s, ERR_SCOPE_SYSTEM_ONLY, SLICE_NONE);
        return;
    }
    if (scope->constraint.p != NULL)
        within = is_within(s->request, s->need, scope->constraint, &missing);
    if (patient == NO)
        note_reason(s, ERR_SCOPE_PATIENT, SLICE_NONE);
    else if (within == NO)
        note_reason(s, ERR_SCOPE_CONSTRAINT, missing);
    else if (patient == YES && within == YES)
        s->best = COVER_YES;
    else
        note_undecided(s, word, patient == UNKNOWN ? ERR_SCOPE_PATIENT : ERR_SCOPE_CONSTRAINT);
}

/* The quick way: unconstrained scopes, folded together when the token was verified. */
static bool covered_at_once(const struct search *s)
{
    const struct scope_set *granted = s->token->granted;
    if (scope_set_allows(&granted[SCOPE_SYSTEM], s->need->type, s->action))
        return true;
    return !s->request->system_only && s->token->fhir_user.n > 0 &&
           scope_set_allows(&granted[SCOPE_USER], s->need->type, s->action);
}

/* The long way: every scope for itself. */
static void look_at_all(struct search *s)
{
    struct slice rest = s->token->scope, word;
    struct scope scope;
    while (s->best != COVER_YES && scope_next(&rest, &word))
        if (scope_parse(word, &scope) && (scope.actions & s->action) != 0 &&
            (scope.type == FHIR_TYPE_ANY || scope.type == s->need->type))
            try_scope(s, &scope, word);
}

/* False when the list is full: then the limit could not be handed on. */
static bool add_limit(struct coverage *c, struct slice word)
{
    size_t n = slice_of(c->limits).n;
    struct buf text = {.p = c->limits, .n = n, .cap = sizeof c->limits};
    if (slice_list_has((struct slice){c->limits, n}, word))
        return true;
    buf_puts(&text, n > 0 ? " " : "");
    buf_put(&text, word);
    if (text.overflowed)
        c->limits[n] = '\0';
    return !text.overflowed;
}

enum cover cover_need(const struct token *t, const struct fhir_request *r, const struct need *need,
                      struct coverage *c)
{
    enum cover all = COVER_YES;
    for (unsigned action = 1; action <= SCOPE_S; action <<= 1) {
        struct search s = {
            .token = t, .request = r, .need = need, .action = action, .why = ERR_SCOPE};
        if (!(need->actions & action) || covered_at_once(&s))
            continue;
        look_at_all(&s);
        if (s.best == COVER_BACKEND && !add_limit(c, s.limit))
            s.best = COVER_NO;
        if (s.best == COVER_NO) {
            struct buf hint = BUF(c->hint);
            c->why = s.why;
            buf_put(&hint, s.hint);
            return COVER_NO;
        }
        if (s.best < all)
            all = s.best;
    }
    return all;
}
