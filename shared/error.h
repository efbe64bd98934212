/*
 * Every reason why something is refused or fails, in one list.
 *
 * Inside, the reason is precise and goes to the log; outside, each of the two programs may say only
 * what its protocol allows: column 2-3 is the authorizer's answer (RFC 6750 section 3.1), column
 * 4-5 the token endpoint's (RFC 6749 section 5.2), column 6 the FHIR issue type
 * (http://hl7.org/fhir/issue-type).  Status 0 means: cannot happen there, answered with 500.
 * The English text doubles as error_description, so it holds no '"' and no '\', and only ASCII.
 */
#ifndef FHIR_AUTH_ERROR_H
#define FHIR_AUTH_ERROR_H

#include "slice.h"

/* clang-format off */
#define ERR_LIST(X)                                                                                \
    X(ERR_OK, 200, "", 200, "", "informational", "Success", "Correcto")                            \
    /* how the token is presented */                                                               \
    X(ERR_NO_TOKEN, 401, "", 0, "", "login",                                                       \
      "An access token is needed: send it as Authorization: Bearer",                               \
      "Hace falta un token de acceso: env\303\255elo como Authorization: Bearer")                  \
    X(ERR_AUTH_HEADER, 400, "invalid_request", 400, "invalid_request", "structure",                \
      "The Authorization header is malformed",                                                     \
      "La cabecera Authorization est\303\241 mal formada")                                         \
    X(ERR_TWO_TOKENS, 400, "invalid_request", 0, "", "structure",                                  \
      "More than one access token was sent",                                                       \
      "Se ha enviado m\303\241s de un token de acceso")                                            \
    X(ERR_TOKEN_IN_QUERY, 400, "invalid_request", 0, "", "structure",                              \
      "The access token must be sent in the Authorization header, not in the URL",                 \
      "El token de acceso debe ir en la cabecera Authorization, no en la URL")                     \
    /* what is asked */                                                                            \
    X(ERR_TARGET, 400, "invalid_request", 0, "", "structure",                                      \
      "The request URL is not in canonical form",                                                  \
      "La URL de la petici\303\263n no est\303\241 en forma can\303\263nica")                      \
    X(ERR_QUERY, 400, "invalid_request", 0, "", "structure",                                       \
      "The query of the request URL is malformed",                                                 \
      "Los par\303\241metros de la URL est\303\241n mal formados")                                 \
    X(ERR_OUTSIDE_BASE, 400, "invalid_request", 0, "", "not-found",                                \
      "The request URL is below no configured FHIR base",                                          \
      "La URL no est\303\241 bajo ninguna base FHIR configurada")                                  \
    X(ERR_NOT_FHIR, 400, "invalid_request", 0, "", "not-supported",                                \
      "The request URL is not a FHIR interaction",                                                 \
      "La URL no corresponde a ninguna interacci\303\263n FHIR")                                   \
    X(ERR_METHOD, 405, "invalid_request", 0, "", "not-supported",                                  \
      "This HTTP method is not a FHIR interaction at this URL",                                    \
      "Este m\303\251todo HTTP no es una interacci\303\263n FHIR en esta URL")                     \
    X(ERR_METHOD_OVERRIDE, 400, "invalid_request", 0, "", "not-supported",                         \
      "Overriding the HTTP method or the URL is not allowed",                                      \
      "No se permite sustituir el m\303\251todo HTTP ni la URL")                                   \
    X(ERR_INTERACTION, 403, "insufficient_scope", 0, "", "not-supported",                          \
      "This FHIR operation is not known here: the administrator must allow it by a rule",          \
      "Esta operaci\303\263n FHIR no se conoce aqu\303\255: el administrador debe permitirla")       \
    X(ERR_RULE, 403, "insufficient_scope", 0, "", "forbidden",                                     \
      "A rule of this server refuses this request",                                                \
      "Una regla de este servidor rechaza esta petici\303\263n")                                   \
    X(ERR_SCOPE_PATIENT, 403, "insufficient_scope", 0, "", "forbidden",                            \
      "The granted scopes are limited to one patient, and this request does not show that it is",  \
      "Los permisos (scopes) se limitan a un paciente y la petici\303\263n no muestra que tambi\303\251n") \
    X(ERR_SCOPE_CONSTRAINT, 403, "insufficient_scope", 0, "", "forbidden",                         \
      "The granted scopes are limited by a search parameter that this request lacks",              \
      "Los permisos (scopes) se limitan por un par\303\241metro de b\303\272squeda que falta aqu\303\255") \
    X(ERR_SCOPE_CONTEXT, 403, "insufficient_scope", 0, "", "forbidden",                            \
      "The token has user or patient scopes, but names no user (fhirUser) or patient",             \
      "El token tiene permisos user o patient, pero no nombra usuario (fhirUser) ni paciente")     \
    X(ERR_SCOPE_SYSTEM_ONLY, 403, "insufficient_scope", 0, "", "forbidden",                        \
      "Only system scopes without a constraint permit bulk data",                                  \
      "Solo los permisos (scopes) system sin restricci\303\263n permiten datos masivos")           \
    X(ERR_SCOPE, 403, "insufficient_scope", 400, "invalid_scope", "forbidden",                     \
      "The granted scopes do not cover this request",                                              \
      "Los permisos (scopes) concedidos no cubren esta petici\303\263n")                           \
    /* JOSE and tokens */                                                                          \
    X(ERR_BASE64, 401, "invalid_token", 401, "invalid_client", "security",                         \
      "The token is not canonical base64url",                                                      \
      "El token no es base64url can\303\263nico")                                                  \
    X(ERR_JSON, 401, "invalid_token", 401, "invalid_client", "security",                           \
      "The token holds malformed JSON",                                                            \
      "El token contiene JSON mal formado")                                                        \
    X(ERR_JWT_FORM, 401, "invalid_token", 401, "invalid_client", "security",                       \
      "The token is not a compact signed JWT",                                                     \
      "El token no es un JWT firmado compacto")                                                    \
    X(ERR_JWT_ALG, 401, "invalid_token", 401, "invalid_client", "security",                        \
      "The signature algorithm of the token is not accepted",                                      \
      "El algoritmo de firma del token no se acepta")                                              \
    X(ERR_JWT_CRIT, 401, "invalid_token", 401, "invalid_client", "security",                       \
      "The token header demands an extension that is not supported",                               \
      "La cabecera del token exige una extensi\303\263n no admitida")                              \
    X(ERR_JWT_TYP, 401, "invalid_token", 401, "invalid_client", "security",                        \
      "The token is of another type (typ)",                                                        \
      "El token es de otro tipo (typ)")                                                            \
    X(ERR_JWT_KEY, 401, "invalid_token", 401, "invalid_client", "security",                        \
      "The token names no known signing key (kid)",                                                \
      "El token no nombra ninguna clave de firma conocida (kid)")                                  \
    X(ERR_JWT_SIGNATURE, 401, "invalid_token", 401, "invalid_client", "security",                  \
      "The signature of the token is wrong",                                                       \
      "La firma del token no es correcta")                                                         \
    X(ERR_JWE_FORM, 401, "invalid_token", 401, "invalid_client", "security",                       \
      "The token is not a compact encrypted token (JWE)",                                          \
      "El token no es un token cifrado compacto (JWE)")                                            \
    X(ERR_JWE_ALG, 401, "invalid_token", 401, "invalid_client", "security",                        \
      "The encryption algorithm of the token (alg or enc) is not accepted",                        \
      "El algoritmo de cifrado del token (alg o enc) no se acepta")                                \
    X(ERR_JWE_ZIP, 401, "invalid_token", 401, "invalid_client", "security",                        \
      "A compressed token is not accepted (zip)",                                                  \
      "No se acepta un token comprimido (zip)")                                                    \
    X(ERR_JWE_KEY, 401, "invalid_token", 401, "invalid_client", "security",                        \
      "The token names no known decryption key (kid)",                                             \
      "El token no nombra ninguna clave de descifrado conocida (kid)")                             \
    X(ERR_JWE, 401, "invalid_token", 401, "invalid_client", "security",                            \
      "The token cannot be decrypted",                                                             \
      "El token no se puede descifrar")                                                            \
    X(ERR_JWT_CLAIM, 401, "invalid_token", 401, "invalid_client", "security",                      \
      "The token lacks a required claim, or a claim has the wrong type",                           \
      "Al token le falta un campo obligatorio o un campo tiene un tipo err\303\263neo")            \
    X(ERR_JWT_EXPIRED, 401, "invalid_token", 401, "invalid_client", "expired",                     \
      "The token has expired",                                                                     \
      "El token ha caducado")                                                                      \
    X(ERR_JWT_NOT_YET, 401, "invalid_token", 401, "invalid_client", "security",                    \
      "The token is not valid yet (nbf or iat)",                                                   \
      "El token todav\303\255a no es v\303\241lido (nbf o iat)")                                   \
    X(ERR_JWT_ISSUER, 401, "invalid_token", 401, "invalid_client", "security",                     \
      "The issuer of the token (iss) is not trusted here",                                         \
      "El emisor del token (iss) no es de confianza aqu\303\255")                                  \
    X(ERR_JWT_AUDIENCE, 401, "invalid_token", 401, "invalid_client", "security",                   \
      "The token is meant for another audience (aud)",                                             \
      "El token est\303\241 destinado a otra audiencia (aud)")                                     \
    X(ERR_JWT_LIFETIME, 401, "invalid_token", 401, "invalid_client", "security",                   \
      "The token lives too long: exp may be at most 5 minutes ahead",                              \
      "El token dura demasiado: exp puede estar como m\303\241ximo 5 minutos adelante")            \
    X(ERR_JWT_SUBJECT, 0, "", 401, "invalid_client", "security",                                   \
      "In a client assertion iss and sub must both be the client id",                              \
      "En una aserci\303\263n de cliente, iss y sub deben ser el identificador del cliente")       \
    X(ERR_JWT_REPLAY, 0, "", 401, "invalid_client", "duplicate",                                   \
      "This assertion was used before (jti)",                                                      \
      "Esta aserci\303\263n ya se ha usado (jti)")                                                 \
    X(ERR_NOT_ENCRYPTED, 401, "invalid_token", 0, "", "security",                                  \
      "The token must be encrypted",                                                               \
      "El token debe estar cifrado")                                                               \
    X(ERR_TOKEN_REVOKED, 401, "invalid_token", 0, "", "expired",                                   \
      "The token has been revoked",                                                                \
      "El token ha sido revocado")                                                                 \
    X(ERR_TOKEN_INACTIVE, 401, "invalid_token", 0, "", "security",                                 \
      "The token is unknown to its issuer, has expired or was revoked",                            \
      "El emisor no conoce el token, o ha caducado o ha sido revocado")                            \
    X(ERR_TOO_LARGE, 401, "invalid_token", 413, "invalid_request", "too-long",                     \
      "The request is larger than this server accepts",                                            \
      "La petici\303\263n es mayor de lo que este servidor acepta")                                \
    /* proofs of possession (RFC 9449); the authorizer names them with the scheme DPoP */          \
    X(ERR_DPOP_MISSING, 401, "invalid_dpop_proof", 400, "invalid_dpop_proof", "required",          \
      "A DPoP proof is needed: send it in the DPoP header",                                        \
      "Hace falta una prueba DPoP: env\303\255ela en la cabecera DPoP")                            \
    X(ERR_DPOP_TWO, 401, "invalid_dpop_proof", 400, "invalid_dpop_proof", "structure",             \
      "More than one DPoP proof was sent",                                                         \
      "Se ha enviado m\303\241s de una prueba DPoP")                                               \
    X(ERR_DPOP_FORM, 401, "invalid_dpop_proof", 400, "invalid_dpop_proof", "structure",            \
      "The DPoP proof is no well-formed JWT of the type dpop+jwt, or lacks a claim",               \
      "La prueba DPoP no es un JWT bien formado de tipo dpop+jwt, o le falta un campo")            \
    X(ERR_DPOP_KEY, 401, "invalid_dpop_proof", 400, "invalid_dpop_proof", "security",              \
      "The DPoP proof holds no acceptable public key for its algorithm (jwk, alg)",                \
      "La prueba DPoP no lleva una clave p\303\272blica aceptable para su algoritmo (jwk, alg)")   \
    X(ERR_DPOP_SIGNATURE, 401, "invalid_dpop_proof", 400, "invalid_dpop_proof", "security",        \
      "The signature of the DPoP proof is wrong",                                                  \
      "La firma de la prueba DPoP no es correcta")                                                 \
    X(ERR_DPOP_METHOD, 401, "invalid_dpop_proof", 400, "invalid_dpop_proof", "security",           \
      "The DPoP proof is for another HTTP method (htm)",                                           \
      "La prueba DPoP es para otro m\303\251todo HTTP (htm)")                                      \
    X(ERR_DPOP_URL, 401, "invalid_dpop_proof", 400, "invalid_dpop_proof", "security",              \
      "The DPoP proof is for another URL (htu)",                                                   \
      "La prueba DPoP es para otra URL (htu)")                                                     \
    X(ERR_DPOP_TIME, 401, "invalid_dpop_proof", 400, "invalid_dpop_proof", "expired",              \
      "The DPoP proof is too old, or from the future (iat)",                                       \
      "La prueba DPoP es demasiado antigua, o del futuro (iat)")                                   \
    X(ERR_DPOP_TOKEN, 401, "invalid_dpop_proof", 0, "", "security",                                \
      "The DPoP proof is for another access token (ath)",                                          \
      "La prueba DPoP es para otro token de acceso (ath)")                                         \
    X(ERR_DPOP_NONCE, 401, "use_dpop_nonce", 400, "use_dpop_nonce", "security",                    \
      "The DPoP proof must hold the nonce of the DPoP-Nonce header",                               \
      "La prueba DPoP debe llevar el nonce de la cabecera DPoP-Nonce")                             \
    X(ERR_DPOP_REPLAY, 401, "invalid_dpop_proof", 400, "invalid_dpop_proof", "duplicate",          \
      "This DPoP proof was used before (jti)",                                                     \
      "Esta prueba DPoP ya se ha usado (jti)")                                                     \
    X(ERR_DPOP_BINDING, 401, "invalid_token", 0, "", "security",                                   \
      "The access token is bound to another key than that of the DPoP proof",                      \
      "El token de acceso est\303\241 ligado a otra clave que la de la prueba DPoP")               \
    X(ERR_DPOP_BEARER, 401, "invalid_token", 0, "", "security",                                    \
      "The access token is bound to a key: send it as Authorization: DPoP, with a proof",          \
      "El token de acceso est\303\241 ligado a una clave: env\303\255elo como Authorization: DPoP, con una prueba") \
    X(ERR_DPOP_UNBOUND, 401, "invalid_token", 0, "", "security",                                   \
      "The access token is not bound to a key: send it as Authorization: Bearer",                  \
      "El token de acceso no est\303\241 ligado a una clave: env\303\255elo como Authorization: Bearer") \
    X(ERR_DPOP_REQUIRED, 401, "invalid_token", 0, "", "security",                                  \
      "Only access tokens that are bound to a key are taken here (DPoP)",                          \
      "Aqu\303\255 solo se aceptan tokens de acceso ligados a una clave (DPoP)")                   \
    X(ERR_DPOP_NO_TOKEN, 401, "", 0, "", "login",                                                  \
      "An access token is needed: send it as Authorization: DPoP, with a proof",                   \
      "Hace falta un token de acceso: env\303\255elo como Authorization: DPoP, con una prueba")    \
    /* certificates of clients (RFC 8705) */                                                       \
    X(ERR_TLS_OFF, 401, "invalid_token", 400, "invalid_request", "security",                       \
      "Client certificates are not taken here",                                                    \
      "Aqu\303\255 no se aceptan certificados de cliente")                                         \
    X(ERR_TLS_MISSING, 401, "invalid_token", 400, "invalid_request", "security",                   \
      "A client certificate is needed: present it in the TLS handshake",                           \
      "Hace falta un certificado de cliente: pres\303\251ntelo al establecer la conexi\303\263n TLS") \
    X(ERR_TLS_FORM, 401, "invalid_token", 400, "invalid_request", "structure",                     \
      "The client certificate cannot be read",                                                     \
      "No se puede leer el certificado de cliente")                                                \
    X(ERR_TLS_BINDING, 401, "invalid_token", 0, "", "security",                                    \
      "The access token is bound to another client certificate",                                   \
      "El token de acceso est\303\241 ligado a otro certificado de cliente")                       \
    X(ERR_TLS_UNVERIFIED, 0, "", 401, "invalid_client", "security",                                \
      "The web server has not verified the client certificate",                                    \
      "El servidor web no ha verificado el certificado de cliente")                                \
    X(ERR_TLS_NAME, 0, "", 401, "invalid_client", "security",                                      \
      "The client certificate is not the one that is registered",                                  \
      "El certificado de cliente no es el registrado")                                             \
    /* keys */                                                                                     \
    X(ERR_JWK_FORM, 0, "", 401, "invalid_client", "security",                                      \
      "The key is not a well-formed JWK",                                                          \
      "La clave no es un JWK bien formado")                                                        \
    X(ERR_JWK_TYPE, 0, "", 401, "invalid_client", "security",                                      \
      "The type or curve of the key (kty, crv) is not supported",                                  \
      "El tipo o la curva de la clave (kty, crv) no se admite")                                    \
    X(ERR_JWK_WEAK, 0, "", 401, "invalid_client", "security",                                      \
      "The key is too weak or its parameters are invalid",                                         \
      "La clave es demasiado d\303\251bil o sus par\303\241metros no son v\303\241lidos")          \
    X(ERR_JWK_USE, 401, "invalid_token", 401, "invalid_client", "security",                        \
      "The key may not be used for this (use, key_ops or alg)",                                    \
      "La clave no se puede usar para esto (use, key_ops o alg)")                                  \
    X(ERR_JWK_DUPLICATE, 0, "", 401, "invalid_client", "security",                                 \
      "The key set holds two keys with the same kid",                                              \
      "El conjunto de claves tiene dos claves con el mismo kid")                                   \
    /* token endpoint */                                                                           \
    X(ERR_FORM, 0, "", 400, "invalid_request", "structure",                                        \
      "The form in the request body is malformed",                                                 \
      "El formulario de la petici\303\263n est\303\241 mal formado")                               \
    X(ERR_FORM_DUPLICATE, 0, "", 400, "invalid_request", "structure",                              \
      "A form parameter is repeated",                                                              \
      "Un par\303\241metro del formulario est\303\241 repetido")                                   \
    X(ERR_FORM_MISSING, 0, "", 400, "invalid_request", "required",                                 \
      "A required form parameter is missing",                                                      \
      "Falta un par\303\241metro obligatorio del formulario")                                      \
    X(ERR_FORM_TYPE, 0, "", 415, "invalid_request", "structure",                                   \
      "The body must be application/x-www-form-urlencoded",                                        \
      "El cuerpo debe ser application/x-www-form-urlencoded")                                      \
    X(ERR_POST_ONLY, 0, "", 405, "invalid_request", "not-supported",                               \
      "This endpoint takes POST only",                                                             \
      "Este punto de acceso solo admite POST")                                                     \
    X(ERR_GET_ONLY, 0, "", 405, "invalid_request", "not-supported",                                \
      "This endpoint takes GET only",                                                              \
      "Este punto de acceso solo admite GET")                                                      \
    X(ERR_NOT_HTTPS, 0, "", 400, "invalid_request", "security",                                    \
      "This endpoint must be called over HTTPS",                                                   \
      "A este punto de acceso hay que llamar por HTTPS")                                           \
    X(ERR_NO_ROUTE, 404, "", 404, "not_found", "not-found",                                        \
      "There is no such endpoint",                                                                 \
      "No existe tal punto de acceso")                                                             \
    X(ERR_QUERY_PARAMETER, 0, "", 400, "invalid_request", "structure",                             \
      "Parameters must be sent in the body, not in the URL",                                       \
      "Los par\303\241metros deben ir en el cuerpo, no en la URL")                                 \
    X(ERR_GRANT_TYPE, 0, "", 400, "unsupported_grant_type", "not-supported",                       \
      "Only grant_type=client_credentials is supported",                                           \
      "Solo se admite grant_type=client_credentials")                                              \
    X(ERR_SCOPE_MISSING, 0, "", 400, "invalid_scope", "required",                                  \
      "The scope parameter is required",                                                           \
      "El par\303\241metro scope es obligatorio")                                                  \
    X(ERR_SCOPE_UNKNOWN, 0, "", 400, "invalid_scope", "invalid",                                   \
      "The requested scope is unknown or malformed",                                               \
      "El permiso (scope) pedido es desconocido o est\303\241 mal formado")                        \
    X(ERR_AUDIENCE_UNKNOWN, 0, "", 400, "invalid_target", "invalid",                               \
      "The resource parameter names no FHIR base of this server",                                  \
      "El par\303\241metro resource no nombra ninguna base FHIR de este servidor")                 \
    X(ERR_CLIENT_TWO_METHODS, 0, "", 400, "invalid_request", "structure",                          \
      "More than one way of client authentication was used",                                       \
      "Se ha usado m\303\241s de una forma de autenticaci\303\263n de cliente")                    \
    X(ERR_CLIENT_NONE, 0, "", 401, "invalid_client", "login",                                      \
      "Client authentication is required",                                                         \
      "Hace falta la autenticaci\303\263n del cliente")                                            \
    X(ERR_CLIENT_AUTH, 0, "", 401, "invalid_client", "login",                                      \
      "Client authentication failed: unknown client, or wrong credentials",                        \
      "La autenticaci\303\263n ha fallado: cliente desconocido o credenciales err\303\263neas")    \
    X(ERR_CLIENT_ASSERTION_TYPE, 0, "", 400, "invalid_request", "structure",                       \
      "client_assertion_type must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer",      \
      "client_assertion_type debe ser urn:ietf:params:oauth:client-assertion-type:jwt-bearer")     \
    X(ERR_CLIENT_MISMATCH, 0, "", 401, "invalid_client", "structure",                              \
      "client_id differs from the authenticated client",                                           \
      "client_id no coincide con el cliente autenticado")                                          \
    X(ERR_CALLER_TOKEN, 0, "", 401, "invalid_token", "login",                                      \
      "The access token of the caller is not valid",                                               \
      "El token de acceso de quien llama no es v\303\241lido")                                     \
    X(ERR_CALLER_SCOPE, 0, "", 401, "insufficient_scope", "forbidden",                             \
      "The access token of the caller lacks the scope introspect",                                 \
      "Al token de acceso de quien llama le falta el permiso (scope) introspect")                  \
    /* too much */                                                                                 \
    X(ERR_LOCKED, 0, "", 429, "temporarily_unavailable", "throttled",                              \
      "Too many failed logins from this address: wait and try again",                              \
      "Demasiados intentos fallidos desde esta direcci\303\263n: espere e int\303\251ntelo de nuevo") \
    X(ERR_THROTTLED, 429, "", 429, "temporarily_unavailable", "throttled",                         \
      "Too many requests: wait and try again",                                                     \
      "Demasiadas peticiones: espere e int\303\251ntelo de nuevo")                                 \
    /* refusals that only the log and the administrator see in full */                             \
    X(ERR_NOT_FOUND, 0, "", 0, "", "not-found", "No such entry", "No existe esa entrada")          \
    X(ERR_EXISTS, 0, "", 0, "", "duplicate", "The entry exists", "La entrada ya existe")           \
    X(ERR_CONFIG, 0, "", 0, "", "exception", "The configuration is invalid",                       \
      "La configuraci\303\263n no es v\303\241lida")                                               \
    X(ERR_FILE, 0, "", 0, "", "exception", "A file cannot be used", "Un archivo no se puede usar") \
    /* out of reach: always closed */                                                              \
    X(ERR_STORE, 503, "", 503, "temporarily_unavailable", "transient",                             \
      "The service is temporarily unavailable: its store is out of reach",                         \
      "El servicio no est\303\241 disponible: no se puede acceder a su almac\303\251n")            \
    X(ERR_KEYS, 503, "", 503, "temporarily_unavailable", "transient",                              \
      "The service is temporarily unavailable: no usable key",                                     \
      "El servicio no est\303\241 disponible: no hay ninguna clave utilizable")                    \
    X(ERR_HTTP, 503, "", 401, "invalid_client", "transient",                                       \
      "A remote document could not be fetched",                                                    \
      "No se ha podido obtener un documento remoto")                                               \
    X(ERR_INTROSPECTION, 503, "", 0, "", "transient",                                              \
      "The token could not be examined: introspection is out of reach",                            \
      "No se ha podido examinar el token: la introspecci\303\263n no responde")                    \
    X(ERR_DENY_DISAGREES, 503, "", 0, "", "transient",                                             \
      "The request could not be decided: try again",                                               \
      "No se ha podido decidir la petici\303\263n: int\303\251ntelo de nuevo")                     \
    X(ERR_MEMORY, 503, "", 503, "temporarily_unavailable", "transient",                            \
      "The service is temporarily unavailable: out of memory",                                     \
      "El servicio no est\303\241 disponible: falta memoria")                                      \
    X(ERR_INTERNAL, 500, "", 500, "server_error", "exception",                                     \
      "Internal error",                                                                            \
      "Error interno")
/* clang-format on */

#define ERR_ENUM(symbol, ...) symbol,
enum err { ERR_LIST(ERR_ENUM) ERR_COUNT };
#undef ERR_ENUM

struct err_row {
    const char *name;          /* "ERR_JWT_EXPIRED" */
    int bearer_status;         /* HTTP status of the authorizer's answer */
    const char *bearer_code;   /* RFC 6750 error code; "" for none */
    int endpoint_status;       /* HTTP status of the token endpoint's answer */
    const char *endpoint_code; /* RFC 6749 error code; "" for none */
    const char *issue;         /* FHIR issue type */
    const char *text;          /* English, ASCII */
    const char *text_es;       /* Spanish, UTF-8 */
};

/* The row of e; ERR_INTERNAL's for a value outside the list. */
const struct err_row *err_row(enum err e);

/* Reason phrase of an HTTP status that the list uses (RFC 9110 section 15). */
const char *http_reason(int status);

#endif
