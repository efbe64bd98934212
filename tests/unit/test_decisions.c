#include "decision_rows.h"

/* Every row of tests/decisions through fhir_request_parse() and authorize(). */

struct tally {
    struct config conf;
    size_t faults;
};

static void fault(struct tally *t, const struct decision_row *row, const char *what,
                  struct slice have, struct slice want)
{
    t->faults++;
    print_message("%s:%d: %.*s %.*s: %s is \"%.*s\" rather than \"%.*s\"\n", row->file, row->line,
                  SLICE_FMT(row->method), SLICE_FMT(row->target), what, SLICE_FMT(have),
                  SLICE_FMT(want));
}

static struct decision decide(const struct tally *t, const struct decision_row *row,
                              struct slice scopes, struct fhir_request *asked)
{
    static char space[8192]; /* asked borrows from it */
    struct slice target = decision_target(row, space, sizeof space);
    return decision_make(&t->conf, row, target, scopes, asked);
}

/* "allow", "allow+limits" or the status. */
static struct slice verdict_of(const struct decision *d, char space[16])
{
    if (d->allow)
        return d->limits[0] != '\0' ? SLICE("allow+limits") : SLICE("allow");
    struct buf text = buf_over(space, 16);
    buf_printf(&text, "%d", err_row(d->why)->bearer_status);
    return buf_slice(&text);
}

/* The scopes are enough, and without any one letter of them they are not. */
static void check_smallest(struct tally *t, const struct decision_row *row)
{
    struct fhir_request asked;
    struct slice rest = row->told, word;
    if (!decide(t, row, row->told, &asked).allow)
        fault(t, row, "what the smallest scope gives", SLICE("refused"), SLICE("allowed"));
    while (scope_next(&rest, &word)) {
        struct scope s;
        if (!scope_parse(word, &s))
            continue;
        for (unsigned action = 1; action <= SCOPE_S; action <<= 1) {
            char list[1024], letters[6];
            struct buf text = BUF(list);
            if (!(s.actions & action))
                continue;
            scope_letters(s.actions & ~action, letters);
            buf_put(&text, (struct slice){row->told.p, (size_t)(word.p - row->told.p)});
            if (letters[0] != '\0')
                buf_printf(&text, "%s/%s.%s", scope_context_name(s.context), fhir_type_name(s.type),
                           letters);
            buf_put(&text, (struct slice){word.p + word.n,
                                          row->told.n - (size_t)(word.p - row->told.p) - word.n});
            if (decide(t, row, buf_slice(&text), &asked).allow)
                fault(t, row, "a letter less", buf_slice(&text), SLICE("refused"));
        }
    }
}

static void check_told(struct tally *t, const struct decision_row *row, const struct decision *d,
                       const struct fhir_request *asked)
{
    struct slice told = slice_of(d->allow ? d->limits : d->scope);
    bool is_scopes = slice_starts(row->told, "system/");
    if (d->why == ERR_METHOD)
        told = slice_of(asked->allow != NULL ? asked->allow : "");
    if (d->allow && d->limits[0] == '\0') {
        if (is_scopes)
            check_smallest(t, row);
    } else if (!decision_same_words(told, slice_is(row->told, "-") ? SLICE("") : row->told)) {
        fault(t, row, "what is told", told, row->told);
    } else if (!d->allow && is_scopes) {
        check_smallest(t, row);
    }
}

static void check_row(const struct decision_row *row, void *to)
{
    struct tally *t = to;
    struct fhir_request asked;
    char space[16];
    struct decision d = decide(t, row, row->scopes, &asked);
    struct slice verdict = verdict_of(&d, space);
    const char *why = d.why == ERR_OK ? "ok" : err_row(d.why)->name;
    if (!slice_eq(verdict, row->verdict))
        fault(t, row, "the verdict", verdict, row->verdict);
    else if (!slice_is(row->why, why))
        fault(t, row, "the reason", slice_of(why), row->why);
    else
        check_told(t, row, &d, &asked);
}

static void every_row_is_decided_as_it_says(void **state)
{
    (void)state;
    static struct tally t;
    decision_config(&t.conf);
    size_t count = decision_rows(check_row, &t);
    print_message("%zu rows\n", count);
    assert_true(count >= 600);
    if (t.faults > 0)
        fail_msg("%zu rows disagree", t.faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_decided_as_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
