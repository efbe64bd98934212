#include "doctor_probes.h"

#define ALL(text)                                                                                  \
    {                                                                                              \
        text, text, text, text                                                                     \
    }

static const char *const names[WEB_COUNT] = {"", "Apache", "lighttpd", "nginx"};

static const struct {
    enum doctor_level level;
    const char *meaning;
    const char *remedy[WEB_COUNT]; /* that of WEB_UNKNOWN is for any server */
} rows[MISTAKE_COUNT] = {
    [MISTAKE_NONE] = {DOCTOR_OK, "", {"", "", "", ""}},
    [MISTAKE_NO_ANSWER] = {DOCTOR_FAULT, "there is no answer",
                           ALL("is the web server running, is the host's name right, is its "
                               "certificate signed by an authority known here (--ca FILE)?")},
    [MISTAKE_OPEN] =
        {DOCTOR_FAULT,
         "OPEN: the request goes to the FHIR server without a token",
         {"the authorizer must guard all of the FHIR base",
          "FcgidAccessChecker must stand in <Location /fhir>, not in a <Directory>, and neither as "
          "FcgidAuthorizer nor with FcgidAccessCheckerAuthoritative Off; with mod_authnz_fcgi, "
          "Require valid-user and AuthnzFcgiCheckAuthnProvider in <Location /fhir>; keep the "
          "second lock, Require expr",
          "in server.modules mod_fastcgi must stand before mod_proxy; in fastcgi.server \"/fhir\" "
          "needs \"mode\" => \"authorizer\" and \"check-local\" => \"disable\"; keep proxy.server "
          "within $REQUEST_HEADER[\"X-Fhir-Auth\"]",
          "auth_request /fhir-auth; must stand in location /fhir, and proxy_pass "
          "http://$fhir_target; with its map, the second lock"}},
    [MISTAKE_BYPASS] =
        {DOCTOR_FAULT,
         "OPEN: written this way the request goes round the authorizer to the FHIR server",
         {"the authorizer must guard each spelling of the path that reaches the FHIR server",
          "FcgidAccessChecker must stand in <Location /fhir>, not in <LocationMatch>, <Files> or "
          "<Directory>",
          "use the plain prefix \"/fhir\" as key of fastcgi.server and proxy.server, not "
          "$HTTP[\"url\"] =~, which does not match a path that is not UTF-8; take "
          "server.http-parseopts from lighttpd.conf",
          "use location /fhir, not a regular expression, and proxy_pass within it only"}},
    [MISTAKE_ELSEWHERE] = {DOCTOR_NOTE, "something else than the FHIR server answers here",
                           ALL("make sure that it is none of the FHIR server's data")},
    [MISTAKE_NOT_ASKED] =
        {DOCTOR_FAULT,
         "refused, but not by the authorizer: it is not asked, and only the second lock holds",
         {"the web server must ask the authorizer for all of the FHIR base",
          "FcgidAccessChecker /usr/local/lib/fhir-auth/fcgi-authorizer must stand in <Location "
          "/fhir>; with mod_authnz_fcgi, AuthnzFcgiCheckAuthnProvider",
          "in server.modules mod_fastcgi must stand before mod_proxy; in fastcgi.server \"/fhir\" "
          "needs \"mode\" => \"authorizer\" and \"check-local\" => \"disable\"",
          "auth_request /fhir-auth; must stand in location /fhir, and location = /fhir-auth as in "
          "nginx.conf"}},
    [MISTAKE_NOT_FOUND] = {DOCTOR_FAULT,
                           "the web server knows no such place: is this URL the FHIR base?",
                           {"the FHIR base is what stands as base in fhir-auth.conf",
                            "compare with <Location /fhir> and ProxyPass /fhir",
                            "compare with the key \"/fhir\" of fastcgi.server and proxy.server; "
                            "with mod_fastcgi behind mod_proxy in server.modules or check-local "
                            "enabled the authorizer is not asked, which gives 404 too",
                            "compare with location /fhir"}},
    [MISTAKE_PROGRAM] =
        {DOCTOR_FAULT,
         "the web server failed to ask the authorizer, or it was not asked at all",
         {"does the program start?  fhir-authctl config check and the web server's error log tell",
          "does the program start?  fhir-authctl config check and the error log tell; "
          "FcgidInitialEnv FHIR_AUTH_CONF must name the configuration",
          "does the program start?  fhir-authctl config check and server.errorlog tell; "
          "\"bin-path\" and \"bin-environment\" of fastcgi.server must be right",
          "auth_request /fhir-auth; must stand in location /fhir; the socket of fastcgi_pass must "
          "be there: systemctl status fcgi-authorizer.socket; see error_log"}},
    [MISTAKE_UNAVAILABLE] =
        {DOCTOR_FAULT, "503: the program does not run, or its store is out of reach",
         ALL("fhir-authctl config check as the web server's user, and the log, tell why")},
    [MISTAKE_THROTTLED] = {DOCTOR_NOTE, "429: this address was refused too often",
                           ALL("wait for a minute")},
    [MISTAKE_NO_HEADER] =
        {DOCTOR_FAULT,
         "a token was sent, and the authorizer has seen none: the Authorization header does not "
         "reach it",
         {"the web server must hand the Authorization header to the program",
          "FcgidPassHeader Authorization for mod_fcgid; CGIPassAuth On in <Location /fhir> for "
          "mod_authnz_fcgi and in .htaccess",
          "do not remove Authorization before the authorizer is asked: not by "
          "setenv.set-request-header",
          "the location of auth_request must not set fastcgi_pass_request_headers off"}},
    [MISTAKE_CHALLENGE] =
        {DOCTOR_FAULT,
         "there must be exactly one challenge (WWW-Authenticate), Bearer or DPoP",
         {"the authorizer's challenge must reach the client as it is, once",
          "no AuthType Basic in <Location /fhir>; ErrorDocument 401 /fhir-auth-deny; no Header "
          "unset WWW-Authenticate",
          "no auth.require for the FHIR base; no setenv.add-response-header for WWW-Authenticate",
          "error_page 401 403 500 = @fhir_deny; with fastcgi_param FHIR_AUTH_MODE deny and "
          "FHIR_AUTH_STATUS $fhir_auth_status; no auth_basic"}},
    [MISTAKE_STATUS] = {DOCTOR_FAULT,
                        "the refusal has lost its true status on the way",
                        {"the authorizer's refusal must reach the client as it is",
                         "mod_fcgid makes 401 of each refusal: ErrorDocument 401 /fhir-auth-deny "
                         "in <Location /fhir>, with its Alias and SetHandler fcgid-script",
                         "no server.error-handler for the FHIR base",
                         "nginx keeps 401 and 403 only: error_page 401 403 500 = @fhir_deny;"}},
    [MISTAKE_BODY] = {DOCTOR_FAULT,
                      "the refusal has no OperationOutcome: the web server has put its own page "
                      "(HTML) in its place",
                      {"the authorizer's refusal must reach the client as it is",
                       "mod_fcgid drops the body of a refusal: ErrorDocument 401 /fhir-auth-deny "
                       "in <Location /fhir>, with its Alias and SetHandler fcgid-script",
                       "no server.error-handler and no server.errorfile-prefix for the FHIR base",
                       "nginx drops the body of a refusal: error_page 401 403 500 = @fhir_deny;"}},
    [MISTAKE_VARIABLES] = {DOCTOR_FAULT,
                           "the authorizer's variables (Variable-…) are sent to the client: its "
                           "identity and scopes show",
                           {"remove headers that begin with Variable- from answers",
                            "mod_fcgid sends them on: Header always unset Variable-FHIR_AUTH and "
                            "the other such lines of apache.conf",
                            "", ""}},
    [MISTAKE_FHIR_SERVER] =
        {DOCTOR_FAULT,
         "the FHIR server cannot be reached, or not at that path",
         {"the way to the FHIR server is not right",
          "does it run?  ProxyPass /fhir http://HOST:PORT/PATH must name it; a2enmod proxy_http",
          "does it run?  \"host\" and \"port\" in proxy.server must name it, map-urlpath in "
          "proxy.header its path",
          "does it run?  upstream fhir_server and the path behind it in map $fhir_target must name "
          "it; with 503 it may be auth_request /fhir-auth; that lacks in location /fhir"}},
    [MISTAKE_METADATA] = {DOCTOR_NOTE, "there is no CapabilityStatement at metadata",
                          ALL("is this URL the FHIR base, and the FHIR server's path right?")},
    [MISTAKE_METADATA_CLOSED] =
        {DOCTOR_NOTE, "metadata needs a token",
         ALL("metadata = open in fhir-auth.conf lets clients read it before they have one; if it "
             "is open there, this URL is not the base that stands there")},
    [MISTAKE_NO_DISCOVERY] =
        {DOCTOR_NOTE,
         "there is no smart-configuration: clients that look for the token endpoint there do not "
         "find it",
         {"hand .well-known/smart-configuration below the FHIR base to token-endpoint",
          "AliasMatch \"^(/fhir)?/\\.well-known/smart-configuration$\" in apache.conf, and "
          "ProxyPass … ! for it",
          "\"/fhir/.well-known/smart-configuration\" in fastcgi.server, before \"/fhir\"",
          "location = /fhir/.well-known/smart-configuration"}},
    [MISTAKE_NO_SERVER_METADATA] =
        {DOCTOR_NOTE,
         "there are no authorization server metadata: clients that know the issuer only do not "
         "find the token endpoint",
         {"hand .well-known/oauth-authorization-server to token-endpoint",
          "AliasMatch, ScriptAliasMatch or ProxyPassMatch "
          "\"^/\\.well-known/oauth-authorization-server(/|$)\"",
          "\"/.well-known/oauth-authorization-server\" in fastcgi.server or alias.url",
          "location ^~ /.well-known/oauth-authorization-server"}},
    [MISTAKE_DISCOVERY] =
        {DOCTOR_FAULT, "discovery names another token endpoint than the configuration here",
         ALL("set issuer and url of [token-endpoint] in fhir-auth.conf to what clients see; is it "
             "this program that answers there?")},
    [MISTAKE_TOKEN_ENDPOINT] =
        {DOCTOR_FAULT,
         "the token endpoint is not there, or something else answers",
         {"hand the path of issuer and url in fhir-auth.conf to token-endpoint",
          "AliasMatch \"^/oauth(/|$)\" and SetHandler fcgid-script, or ProxyPassMatch "
          "\"^/oauth(/|$)\"; does the program start?  See the error log",
          "\"/oauth\" in fastcgi.server with \"check-local\" => \"disable\"; does the program "
          "start?  See server.errorlog",
          "location ^~ /oauth/ with fastcgi_pass to its socket; does the program run?  systemctl "
          "status token-endpoint.socket"}},
    [MISTAKE_TOKEN_HEADER] = {DOCTOR_FAULT,
                              "the Authorization header does not reach the token endpoint: clients "
                              "with a secret cannot log in",
                              {"the web server must hand the Authorization header to the program",
                               "FcgidPassHeader Authorization for mod_fcgid; CGIPassAuth On for "
                               "mod_proxy_fcgi, CGI and in .htaccess",
                               "do not remove Authorization: not by setenv.set-request-header",
                               "no fastcgi_pass_request_headers off in location ^~ /oauth/"}},
    [MISTAKE_TOKEN_CACHE] =
        {DOCTOR_FAULT, "answers of the token endpoint may be kept: no Cache-Control: no-store",
         ALL("the web server, or a cache before it, must leave the header as it is")},
    [MISTAKE_KEYS] = {DOCTOR_FAULT, "the key set (jwks) is not one of public keys",
                      ALL("it must come from token-endpoint; have the keys replaced if private "
                          "parts were published: fhir-authctl key rotate --now")},
    [MISTAKE_HEALTH] = {DOCTOR_FAULT, "the token endpoint says that it is not well",
                        ALL("fhir-authctl config check as the web server's user tells why")},
    [MISTAKE_PLAIN] =
        {DOCTOR_FAULT,
         "the API is served without TLS too, on port 80",
         {"let port 80 redirect to https, or refuse",
          "the site must stand in <VirtualHost *:443> only",
          "server.port 80 must not have the API: put it into $SERVER[\"socket\"] of port 443",
          "the server with location /fhir must listen 443 ssl only"}},
    [MISTAKE_TOKEN] = {DOCTOR_FAULT, "the token was not accepted",
                       ALL("fhir-authctl explain GET URL < TOKEN tells why")},
    [MISTAKE_UNSTEADY] = {DOCTOR_FAULT, "asked again, the answer is another",
                          ALL("do several hosts or old processes answer?  Restart the web server; "
                              "all hosts need the same configuration")},
    [MISTAKE_BASE] =
        {DOCTOR_FAULT, "no base in the configuration here fits this URL",
         ALL("base in a [fhir] section of fhir-auth.conf must be the URL that clients use")},
    [MISTAKE_OTHER_NAME] = {DOCTOR_NOTE,
                            "the base in the configuration here has another host or port",
                            ALL("that is well if this URL is another way to the same server; "
                                "clients must use the base")},
    [MISTAKE_NO_TLS] = {DOCTOR_FAULT, "tokens and records travel without TLS",
                        ALL("serve the API by https only")},
    [MISTAKE_NOT_OURS] = {DOCTOR_NOTE,
                          "the token endpoint is on another host, or unknown: it was not looked at",
                          ALL("")},
    [MISTAKE_CONFIG] =
        {DOCTOR_NOTE, "the configuration here has faults, so that the URL is not compared with it",
         ALL("fhir-authctl config check shows them")},
};

enum doctor_level doctor_level(enum mistake m)
{
    return rows[m].level;
}

const char *doctor_meaning(enum mistake m)
{
    return rows[m].meaning;
}

const char *doctor_remedy(enum mistake m, enum web_server server)
{
    return rows[m].remedy[server];
}

const char *doctor_server_name(enum web_server server)
{
    return names[server];
}
