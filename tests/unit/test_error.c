#include "fixture.h"

#include "error.h"
#include "utf8.h"

static bool is_one_of(int status, const int *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == status)
            return true;
    return false;
}

static bool is_one_of_names(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], name) == 0)
            return true;
    return false;
}

/* What the authorizer may answer, with the codes of RFC 6750 section 3.1. */
static void the_authorizers_answers_are_those_of_the_design(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *codes[4];
    } allowed[] = {
        {200, {""}},
        {400, {"invalid_request"}},
        {401, {"", "invalid_token", "invalid_dpop_proof", "use_dpop_nonce"}}, /* RFC 9449 */
        {403, {"insufficient_scope"}},
        {405, {"invalid_request"}},
        {404, {""}},
        {429, {""}},
        {500, {""}},
        {503, {""}},
        {0, {""}},
    };
    for (int e = 0; e < ERR_COUNT; e++) {
        const struct err_row *row = err_row((enum err)e);
        bool good = false;
        for (size_t i = 0; i < COUNT(allowed); i++)
            for (size_t k = 0; k < 4 && allowed[i].codes[k] != NULL; k++)
                good = good || (row->bearer_status == allowed[i].status &&
                                strcmp(row->bearer_code, allowed[i].codes[k]) == 0);
        if (!good)
            fail_msg("%s: %d %s", row->name, row->bearer_status, row->bearer_code);
        /* Only a request that sent no token gets a 401 without a code. */
        if (row->bearer_status == 401 && row->bearer_code[0] == '\0')
            assert_true(e == ERR_NO_TOKEN || e == ERR_DPOP_NO_TOKEN);
    }
}

/* RFC 6749 section 5.2, RFC 8707 section 2, RFC 7009 section 2.2.1. */
static void the_endpoints_answers_have_registered_codes(void **state)
{
    (void)state;
    static const int statuses[] = {0, 200, 400, 401, 404, 405, 413, 415, 429, 500, 503};
    static const char *const codes[] = {
        "",
        "invalid_request",
        "invalid_client",
        "invalid_scope",
        "invalid_target",
        "unsupported_grant_type",
        "unauthorized_client",
        "temporarily_unavailable",
        "server_error",
        "not_found",
        "invalid_token", /* RFC 6750 section 3.1: of who calls with a token */
        "insufficient_scope",
        "invalid_dpop_proof", /* RFC 9449 sections 5 and 8 */
        "use_dpop_nonce",
    };
    for (int e = 0; e < ERR_COUNT; e++) {
        const struct err_row *row = err_row((enum err)e);
        bool silent = row->endpoint_status == 0 || row->endpoint_status == 200;
        if (!is_one_of(row->endpoint_status, statuses, COUNT(statuses)) ||
            !is_one_of_names(row->endpoint_code, codes, COUNT(codes)) ||
            silent != (row->endpoint_code[0] == '\0'))
            fail_msg("%s: %d %s", row->name, row->endpoint_status, row->endpoint_code);
        /* 401 is for failed authentication, of a client or by a token, and for nothing else. */
        assert_int_equal(row->endpoint_status == 401,
                         strcmp(row->endpoint_code, "invalid_client") == 0 ||
                             e == ERR_CALLER_TOKEN || e == ERR_CALLER_SCOPE);
    }
}

static void only_success_is_200(void **state)
{
    (void)state;
    for (int e = 0; e < ERR_COUNT; e++) {
        const struct err_row *row = err_row((enum err)e);
        assert_int_equal(row->bearer_status == 200, e == ERR_OK);
        assert_int_equal(row->endpoint_status == 200, e == ERR_OK);
    }
}

/* The value sets of the list: http://hl7.org/fhir/R4/valueset-issue-type.html. */
static void issue_types_are_fhirs(void **state)
{
    (void)state;
    static const char *const types[] = {
        "invalid",       "structure", "required",  "value",     "security",
        "login",         "unknown",   "expired",   "forbidden", "processing",
        "not-supported", "duplicate", "not-found", "too-long",  "conflict",
        "exception",     "timeout",   "throttled", "transient", "informational",
    };
    for (int e = 0; e < ERR_COUNT; e++)
        if (!is_one_of_names(err_row((enum err)e)->issue, types, COUNT(types)))
            fail_msg("%s: %s", err_row((enum err)e)->name, err_row((enum err)e)->issue);
}

/* RFC 6750 section 3 and RFC 6749 section 5.2: %x20-21 / %x23-5B / %x5D-7E. */
static void texts_can_stand_in_a_quoted_string(void **state)
{
    (void)state;
    for (int e = 0; e < ERR_COUNT; e++) {
        const struct err_row *row = err_row((enum err)e);
        struct slice text = slice_of(row->text), spanish = slice_of(row->text_es);
        if (text.n == 0 || text.n > 120 || !slice_is_printable(text) || slice_has_char(text, '"') ||
            slice_has_char(text, '\\'))
            fail_msg("%s: %s", row->name, row->text);
        if (spanish.n == 0 || !utf8_valid(spanish) || slice_has_char(spanish, '"') ||
            slice_has_char(spanish, '\\'))
            fail_msg("%s: %s", row->name, row->text_es);
    }
}

static void names_are_those_of_the_enum_and_texts_differ(void **state)
{
    (void)state;
    assert_string_equal(err_row(ERR_OK)->name, "ERR_OK");
    assert_string_equal(err_row(ERR_JWT_EXPIRED)->name, "ERR_JWT_EXPIRED");
    assert_string_equal(err_row(ERR_INTERNAL)->name, "ERR_INTERNAL");
    for (int e = 0; e < ERR_COUNT; e++)
        for (int k = 0; k < e; k++) {
            assert_string_not_equal(err_row((enum err)e)->text, err_row((enum err)k)->text);
            assert_string_not_equal(err_row((enum err)e)->text_es, err_row((enum err)k)->text_es);
        }
}

static void a_value_outside_the_list_is_internal(void **state)
{
    (void)state;
    assert_ptr_equal(err_row(ERR_COUNT), err_row(ERR_INTERNAL));
    assert_ptr_equal(err_row((enum err)(ERR_COUNT + 1000)), err_row(ERR_INTERNAL));
    assert_int_equal(err_row(ERR_INTERNAL)->bearer_status, 500);
}

static void every_status_has_a_reason_phrase(void **state)
{
    (void)state;
    for (int e = 0; e < ERR_COUNT; e++) {
        const struct err_row *row = err_row((enum err)e);
        if (row->bearer_status != 0)
            assert_string_not_equal(http_reason(row->bearer_status), "Error");
        if (row->endpoint_status != 0)
            assert_string_not_equal(http_reason(row->endpoint_status), "Error");
    }
    assert_string_equal(http_reason(403), "Forbidden");
    assert_string_equal(http_reason(299), "Error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_authorizers_answers_are_those_of_the_design),
        cmocka_unit_test(the_endpoints_answers_have_registered_codes),
        cmocka_unit_test(only_success_is_200),
        cmocka_unit_test(issue_types_are_fhirs),
        cmocka_unit_test(texts_can_stand_in_a_quoted_string),
        cmocka_unit_test(names_are_those_of_the_enum_and_texts_differ),
        cmocka_unit_test(a_value_outside_the_list_is_internal),
        cmocka_unit_test(every_status_has_a_reason_phrase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
