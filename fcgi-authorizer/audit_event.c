#include "audit_event.h"

#include "base64url.h"
#include "instant.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BALP         "https://profiles.ihe.net/ITI/BALP/"
#define HL7          "http://terminology.hl7.org/CodeSystem/"
#define DCM          "http://dicom.nema.org/resources/ontology/DCM"

struct coding {
    const char *system, *code, *display; /* display NULL: none */
};

/* Who is called what: of a query and a write the client is the source, of a read the server is. */
enum side { CLIENT, SERVER };
enum roles { TO_SERVER, FROM_SERVER, DELETION };
static const struct coding sides[][2] = {
    [TO_SERVER] = {{DCM, "110153", "Source Role ID"}, {DCM, "110152", "Destination Role ID"}},
    [FROM_SERVER] = {{DCM, "110152", "Destination Role ID"}, {DCM, "110153", "Source Role ID"}},
    [DELETION] = {{DCM, "110150", "Application"},
                  {HL7 "provenance-participant-type", "custodian", "Custodian"}},
};

static const struct coding application = {DCM, "110150", "Application"};
static const struct coding recipient = {HL7 "v3-ParticipationType", "IRCP",
                                        "information recipient"};
static const struct coding oauth_user = {BALP "CodeSystem/UserAgentTypes", "UserOauthAgent", NULL};

enum object { NO_OBJECT, DATA, QUERY, PLACE };

/* subtype: of http://hl7.org/fhir/restful-interaction; profile: IHE.BasicAudit.X; or NULL. */
static const struct row {
    const char *subtype, *action, *profile;
    enum roles roles;
    enum object object;
} rows[] = {
    [FHIR_NONE] = {NULL, "E", NULL, TO_SERVER, NO_OBJECT},
    [FHIR_READ] = {"read", "R", "Read", FROM_SERVER, DATA},
    [FHIR_VREAD] = {"vread", "R", "Read", FROM_SERVER, DATA},
    [FHIR_HISTORY_INSTANCE] = {"history-instance", "R", NULL, FROM_SERVER, DATA},
    [FHIR_HISTORY_TYPE] = {"history-type", "R", NULL, FROM_SERVER, DATA},
    [FHIR_HISTORY_SYSTEM] = {"history-system", "R", NULL, FROM_SERVER, NO_OBJECT},
    [FHIR_SEARCH_TYPE] = {"search-type", "E", "Query", TO_SERVER, QUERY},
    [FHIR_SEARCH_COMPARTMENT] = {"search", "E", "Query", TO_SERVER, QUERY},
    [FHIR_SEARCH_SYSTEM] = {"search-system", "E", "Query", TO_SERVER, QUERY},
    [FHIR_CREATE] = {"create", "C", "Create", TO_SERVER, DATA},
    [FHIR_UPDATE] = {"update", "U", "Update", TO_SERVER, DATA},
    [FHIR_PATCH] = {"patch", "U", "Update", TO_SERVER, DATA},
    [FHIR_DELETE] = {"delete", "D", "Delete", DELETION, DATA},
    [FHIR_DELETE_HISTORY] = {"delete", "D", NULL, DELETION, DATA},
    [FHIR_BATCH] = {"batch", "E", NULL, TO_SERVER, NO_OBJECT},
    [FHIR_OPERATION] = {"operation", "E", NULL, TO_SERVER, DATA},
    [FHIR_CAPABILITIES] = {"capabilities", "R", NULL, FROM_SERVER, NO_OBJECT},
    [FHIR_DISCOVERY] = {NULL, "R", NULL, FROM_SERVER, NO_OBJECT},
    [FHIR_PREFLIGHT] = {NULL, "E", NULL, TO_SERVER, NO_OBJECT},
    [FHIR_PATH] = {NULL, "E", NULL, TO_SERVER, PLACE},
};

static const struct row *row_of(const struct audit_decision *d)
{
    return &rows[(size_t)d->asked->interaction < COUNT(rows) ? d->asked->interaction : FHIR_NONE];
}

/* ---- JSON ---- */

static void put_member(struct buf *b, const char *name, struct slice value)
{
    buf_printf(b, "\"%s\":", name);
    buf_json(b, value);
}

static void put_coding(struct buf *b, const struct coding *c)
{
    buf_printf(b, "{\"system\":\"%s\",\"code\":\"%s\"", c->system, c->code);
    if (c->display != NULL)
        buf_printf(b, ",\"display\":\"%s\"", c->display);
    buf_puts(b, "}");
}

static void put_identifier(struct buf *b, struct slice system, struct slice value)
{
    buf_puts(b, "{\"identifier\":{");
    if (system.n > 0) {
        put_member(b, "system", system);
        buf_puts(b, ",");
    }
    put_member(b, "value", value);
    buf_puts(b, "}}");
}

static void put_url(struct buf *b, struct slice url)
{
    put_identifier(b, SLICE("urn:ietf:rfc:3986"), url);
}

static void begin_agent(struct buf *b, const struct coding *type, const struct coding *also)
{
    buf_puts(b, "{\"type\":{\"coding\":[");
    put_coding(b, type);
    if (also != NULL) {
        buf_puts(b, ",");
        put_coding(b, also);
    }
    buf_puts(b, "]}");
}

/* kind: of http://hl7.org/fhir/network-type, "2" an IP address, "5" a URI. */
static void put_network(struct buf *b, struct slice address, const char *kind)
{
    if (address.n == 0)
        return;
    buf_puts(b, ",\"network\":{");
    put_member(b, "address", address);
    buf_printf(b, ",\"type\":\"%s\"}", kind);
}

static void put_client(const struct audit_decision *d, const struct coding *type, bool requestor,
                       struct buf *b)
{
    begin_agent(b, type, NULL);
    if (audit_client(d).n > 0) {
        buf_puts(b, ",\"who\":");
        put_identifier(b, d->token->issuer, audit_client(d));
    }
    buf_printf(b, ",\"requestor\":%s", requestor ? "true" : "false");
    put_network(b, d->request->remote_addr, "2");
    buf_puts(b, "}");
}

/* Whom the token speaks for, and which token it was. */
static void put_user(const struct token *t, struct buf *b)
{
    begin_agent(b, &recipient, &oauth_user);
    buf_puts(b, ",\"who\":");
    put_identifier(b, t->issuer, t->subject.n > 0 ? t->subject : t->client_id);
    if (t->fhir_user.n > 0) {
        buf_puts(b, ",");
        put_member(b, "name", t->fhir_user);
    }
    buf_puts(b, ",\"requestor\":true,\"policy\":[");
    char urn[512]; /* a longer jti is cut: it would be no good name anyway */
    struct buf text = BUF(urn);
    buf_printf(&text, "urn:ietf:params:oauth:jti:%.*s", (int)(t->jti.n < 400 ? t->jti.n : 400),
               t->jti.p);
    buf_json(b, buf_slice(&text));
    buf_puts(b, "]}");
}

/* One agent alone is the requestor: the user, else the client. */
static bool has_user(const struct audit_decision *d)
{
    return audit_client(d).n > 0 && d->token->jti.n > 0;
}

static void put_agents(const struct audit_decision *d, const struct row *row, struct buf *b)
{
    buf_puts(b, ",\"agent\":[");
    put_client(d, &sides[row->roles][CLIENT], !has_user(d), b);
    if (row->roles != DELETION && audit_client(d).n > 0) {
        buf_puts(b, ",");
        put_client(d, &application, false, b);
    }
    if (d->asked->path.base != NULL) {
        struct slice base = slice_of(d->asked->path.base->base);
        buf_puts(b, ",");
        begin_agent(b, &sides[row->roles][SERVER], NULL);
        buf_puts(b, ",\"who\":");
        put_url(b, base);
        buf_puts(b, ",\"requestor\":false");
        put_network(b, base, "5");
        buf_puts(b, "}");
    }
    if (has_user(d)) {
        buf_puts(b, ",");
        put_user(d->token, b);
    }
    buf_puts(b, "]");
}

static void put_source(const struct audit_decision *d, struct buf *b)
{
    static const struct coding security_server = {HL7 "security-source-type", "6",
                                                  "Security Server"};
    buf_puts(b, ",\"source\":{\"observer\":");
    put_url(b, d->gateway);
    buf_puts(b, ",\"type\":[");
    put_coding(b, &security_server);
    buf_puts(b, "]}");
}

/* The URL as the FHIR server has it, with its query when that may be told. */
static void put_url_base64(const struct audit_decision *d, struct buf *b)
{
    char url[16384];
    struct buf text = BUF(url);
    buf_puts(&text, d->asked->path.base->base);
    buf_put(&text, d->asked->path.below);
    size_t bare = text.n;
    if (audit_query_may_be_told(d)) {
        buf_puts(&text, "?");
        buf_put(&text, d->asked->path.query);
    }
    if (text.overflowed)
        text.n = bare;
    buf_puts(b, ",\"query\":\"");
    base64_encode((struct slice){url, text.n}, b);
    buf_puts(b, "\"");
}

/* What is read or changed.  Of what is created only the type is known yet. */
static void put_what(const struct fhir_path *p, struct buf *b)
{
    struct slice type = slice_of(p->type >= 0 ? fhir_type_name(p->type) : "");
    if (p->shape == SHAPE_VERSION) {
        struct slice below = slice_skip(p->below, 1);
        below.n -= slice_ends(below, "/");
        put_member(b, "reference", below);
    } else if (p->id.n > 0) {
        buf_printf(b, "\"reference\":\"%.*s/%.*s\"", SLICE_FMT(type), SLICE_FMT(p->id));
    } else if (type.n > 0) {
        put_member(b, "type", type);
        buf_puts(b, ",");
        put_member(b, "display", type);
    } else {
        put_member(b, "display", p->operation.n > 0 ? p->operation : SLICE("system"));
    }
}

static void put_data(const struct audit_decision *d, struct buf *b)
{
    const struct fhir_path *p = &d->asked->path;
    bool conditional = p->id.n == 0 && p->query.n > 0;
    buf_puts(b, ",{\"what\":{");
    put_what(p, b);
    buf_puts(b, "},\"type\":{\"system\":\"" HL7 "audit-entity-type\",\"code\":\"2\"},"
                "\"role\":{\"system\":\"" HL7 "object-role\",\"code\":\"4\"}");
    if (p->operation.n > 0) {
        buf_puts(b, ",");
        put_member(b, "description", p->operation);
    }
    if (conditional && audit_query_may_be_told(d))
        put_url_base64(d, b);
    buf_puts(b, "}");
}

static void put_object(const struct audit_decision *d, enum object object, struct buf *b)
{
    if (d->asked->path.base == NULL)
        return;
    if (object == DATA)
        put_data(d, b);
    if (object == QUERY) {
        buf_puts(b, ",{\"type\":{\"system\":\"" HL7 "audit-entity-type\",\"code\":\"2\"},"
                    "\"role\":{\"system\":\"" HL7 "object-role\",\"code\":\"24\"}");
        put_url_base64(d, b);
        buf_puts(b, "}");
    }
    if (object == PLACE) {
        buf_puts(b, ",{\"what\":{");
        put_member(b, "display", d->asked->path.below.n > 0 ? d->asked->path.below : SLICE("/"));
        buf_puts(b, "},\"type\":{\"system\":\"" HL7 "audit-entity-type\",\"code\":\"2\"}}");
    }
}

static void put_entities(const struct audit_decision *d, const struct row *row, struct buf *b)
{
    struct slice patient = audit_patient(d);
    buf_puts(b, ",\"entity\":[{\"what\":");
    put_identifier(b, SLICE_NONE, d->request_id.n > 0 ? d->request_id : SLICE("none"));
    buf_puts(b, ",\"type\":{\"system\":\"" BALP "CodeSystem/BasicAuditEntityType\","
                "\"code\":\"XrequestId\"}}");
    put_object(d, row->object, b);
    if (patient.n > 0)
        buf_printf(b,
                   ",{\"what\":{\"reference\":\"Patient/%.*s\"},"
                   "\"type\":{\"system\":\"" HL7 "audit-entity-type\",\"code\":\"1\"},"
                   "\"role\":{\"system\":\"" HL7 "object-role\",\"code\":\"1\"}}",
                   SLICE_FMT(patient));
    if (!d->decision->allow)
        buf_puts(b, ",{\"what\":{\"reference\":\"#outcome\"},"
                    "\"type\":{\"system\":\"http://hl7.org/fhir/resource-types\","
                    "\"code\":\"OperationOutcome\"}}");
    buf_puts(b, "]");
}

/* Only what the event satisfies; IHE.BasicAudit.Read and its like are for what was let through. */
static void put_meta(const struct audit_decision *d, const struct row *row, struct buf *b)
{
    bool known = audit_client(d).n > 0;
    const char *comma = "";
    buf_puts(b, "\"meta\":{\"profile\":[");
    if (d->decision->allow && row->profile != NULL && known && d->request->remote_addr.n > 0) {
        buf_printf(b, "\"" BALP "StructureDefinition/IHE.BasicAudit.%s%s\"",
                   audit_patient(d).n > 0 ? "Patient" : "", row->profile);
        comma = ",";
    }
    buf_printf(b, "%s\"" BALP "StructureDefinition/IHE.BasicAudit.OAUTHaccessTokenUse.%s\"", comma,
               has_user(d) ? "Minimal" : "Comprehensive");
    if (has_user(d))
        buf_puts(b, ",\"" BALP
                    "StructureDefinition/IHE.BasicAudit.OAUTHaccessTokenUse.Comprehensive\"");
    buf_puts(b, "]},");
}

/* BALP: a failure should have an OperationOutcome. */
static void put_outcome_resource(const struct audit_decision *d, const struct err_row *why,
                                 struct buf *b)
{
    buf_puts(b, "\"contained\":[{\"resourceType\":\"OperationOutcome\",\"id\":\"outcome\","
                "\"issue\":[{\"severity\":\"error\",");
    put_member(b, "code", slice_of(why->issue));
    buf_puts(b, ",\"details\":{");
    put_member(b, "text", slice_of(why->text));
    buf_puts(b, "}");
    if (d->decision->scope[0] != '\0') {
        buf_puts(b, ",");
        put_member(b, "diagnostics", slice_of(d->decision->scope));
    }
    buf_puts(b, "}]}],");
}

size_t audit_event_room(const struct audit_decision *d)
{
    return 16384 + 2 * d->request->uri.n;
}

void audit_event_write(const struct audit_decision *d, struct buf *b)
{
    const struct row *row = row_of(d);
    const struct err_row *why = err_row(d->decision->why);
    buf_puts(b, "{\"resourceType\":\"AuditEvent\",");
    if (audit_client(d).n > 0)
        put_meta(d, row, b);
    if (!d->decision->allow)
        put_outcome_resource(d, why, b);
    buf_puts(b, "\"type\":{\"system\":\"" HL7 "audit-event-type\",\"code\":\"rest\"}");
    if (row->subtype != NULL)
        buf_printf(b,
                   ",\"subtype\":[{\"system\":\"http://hl7.org/fhir/restful-interaction\","
                   "\"code\":\"%s\"}]",
                   row->subtype);
    buf_printf(b, ",\"action\":\"%s\",\"recorded\":\"", row->action);
    instant_put(b, d->at_ms);
    if (d->decision->allow)
        buf_puts(b, "\",\"outcome\":\"0\"");
    else
        buf_printf(b, "\",\"outcome\":\"%s\",\"outcomeDesc\":\"%s\"",
                   why->bearer_status >= 500 ? "8" : "4", why->name);
    put_agents(d, row, b);
    put_source(d, b);
    put_entities(d, row, b);
    buf_puts(b, "}\n");
}
