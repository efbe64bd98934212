#include "fuzz.h"
#include "outcome.h"
#include "server_env.h"

#include <string.h>

#define MAX_VARIABLES 64

/* JSON that says what it is to say; XML without a character that it cannot hold. */
static void check_outcome(const struct request *rq, struct slice detail, struct outcome_form form)
{
    char space[16384];
    struct buf body = BUF(space);
    struct json *document;
    struct slice type;
    outcome_write(ERR_SCOPE, form, detail, rq->request_id, &body);
    CHECK(!body.overflowed);
    if (form.xml) {
        for (size_t i = 0; i < body.n; i++)
            CHECK((unsigned char)body.p[i] >= 0x20 || body.p[i] == '\n' || body.p[i] == '\t');
        return;
    }
    CHECK(json_parse(buf_slice(&body), &document) == ERR_OK);
    CHECK(json_member_string(document, "resourceType", &type));
    CHECK(slice_is(type, "OperationOutcome"));
    json_free(document);
}

/* No value of a client's own gets into another line. */
static void check_headers(struct slice value)
{
    struct response r = {.status = 401};
    char space[65536 + 1024];
    struct buf text = BUF(space);
    response_header(&r, "WWW-Authenticate", value);
    CHECK(response_text(&r, &text) || text.overflowed);
    if (!slice_is_printable(value))
        CHECK(slice_starts(buf_slice(&text), "Status: 500 "));
}

static void check_wiped(char *const *envp)
{
    for (size_t i = 0; envp[i] != NULL; i++)
        CHECK(strncmp(envp[i], "HTTP_AUTHORIZATION=", 19) != 0 || envp[i][19] == '\0');
}

/* Variables of a request, a line each: what comes of them, and the refusal of such a request. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = malloc(n + 1), *envp[MAX_VARIABLES + 1] = {NULL};
    size_t count = 0, length;
    struct request rq;
    CHECK(text != NULL);
    if (n > 0)
        memcpy(text, data, n);
    text[n] = '\0';
    for (char *line = text; line != NULL && count < MAX_VARIABLES; count++) {
        char *end = strchr(line, '\n');
        envp[count] = line;
        if (end != NULL)
            *end = '\0';
        line = end != NULL ? end + 1 : NULL;
    }
    for (int role = ROLE_RESPONDER; role <= ROLE_CGI; role++) {
        request_from_env(envp, (enum role)role, &rq, &length);
        CHECK(role != ROLE_AUTHORIZER || rq.pass == PASS_DECIDE || rq.pass == PASS_DECIDE_AUTHNZ);
        CHECK(role == ROLE_AUTHORIZER || rq.pass != PASS_DECIDE);
        check_outcome(&rq, rq.uri, outcome_negotiate(rq.method, rq.accept, rq.accept_language));
        check_headers(rq.request_id);
    }
    request_wipe_env(envp);
    check_wiped(envp);
    free(text);
    return 0;
}
