/*
 * SMART on FHIR scopes, versions 1 and 2 (SMART App Launch 2.2, "Scopes for requesting FHIR
 * Resources").  Pure, no allocation.
 */
#ifndef FHIR_AUTH_SCOPE_H
#define FHIR_AUTH_SCOPE_H

#include "error.h"
#include "fhir_types.h"

/* The letters of version 2, as bits in their fixed order. */
enum scope_action {
    SCOPE_C = 1,  /* create */
    SCOPE_R = 2,  /* read an instance, its versions and its history */
    SCOPE_U = 4,  /* update, patch */
    SCOPE_D = 8,  /* delete */
    SCOPE_S = 16, /* search, history of a type or the system */
    SCOPE_ALL = 31
};

enum scope_context { SCOPE_SYSTEM, SCOPE_USER, SCOPE_PATIENT };

struct scope {
    enum scope_context context;
    int type;                /* see fhir_types.h; FHIR_TYPE_ANY for "*" */
    unsigned actions;        /* SCOPE_* bits, never 0 */
    struct slice constraint; /* search parameters behind '?'; SLICE_NONE when there are none */
    bool v1;                 /* written as .read, .write or .* */
};

/* One scope of FHIR form.  False for all else, e.g. "openid" or letters out of order. */
MUST_USE bool scope_parse(struct slice text, struct scope *out);

/*
 * Next scope of a space-separated list (RFC 6749 section 3.3) into *word.  False at the end.  Empty
 * words are skipped.
 */
bool scope_next(struct slice *list, struct slice *word);

/* The character set of RFC 6749 section 3.3: %x21 / %x23-5B / %x5D-7E, not empty. */
bool scope_valid_word(struct slice word);

/*
 * Whether holding `have` means holding `want`: same context, type within, actions within, and
 * have unconstrained or both constraints the same to the letter.
 */
bool scope_covers(const struct scope *have, const struct scope *want);

/*
 * What the unconstrained scopes of one context grant together: for each type, and for every type,
 * the union of their actions.
 */
struct scope_set {
    unsigned char all_types;            /* SCOPE_* bits granted on every type */
    unsigned char types[FHIR_TYPE_MAX]; /* on one type */
    bool has_constrained; /* some scope of the context had a constraint, and grants nothing */
    bool has_other;       /* some word was no scope of this context, and grants nothing */
};

/* Never fails: what is not understood grants nothing. */
void scope_set_compile(struct slice list, enum scope_context context, struct scope_set *out);

/* "system", "user", "patient" */
const char *scope_context_name(enum scope_context context);

/* All of `actions` on the type; FHIR_TYPE_ANY asks for every type. */
bool scope_set_allows(const struct scope_set *set, int type, unsigned actions);

/* Letters of a set of actions in their order: "rs".  out: at least 6 bytes. */
void scope_letters(unsigned actions, char out[6]);

#endif
