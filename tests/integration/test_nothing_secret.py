"""Whatever clients do with tokens, secrets and assertions: none of them gets into a file."""
import base64
import itertools
import secrets

import keys

FORM = {"grant_type": "client_credentials", "scope": "system/*.rs"}


def configure(gw):
    gw.edit(
        "fhir-auth.conf",
        "[store]",
        f"[server]\nlog = {gw.dir}/log/fhir-auth.log\n"
        f"[audit]\nevents = {gw.dir}/log/events.ndjson\n[store]",
    )


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def longest(text):
    """What fits into a request id of the longest part."""
    return max(text.split("."), key=len)[:64]


def tokens_of_all_kinds(gw):
    """Good and bad ones, and what only looks like one."""
    good = gw.token("system/*.rs")
    head, body, signature = good.split(".")
    key = keys.new_key("ES256")
    claims = {"iss": gw.issuer, "sub": secrets.token_urlsafe(32), "aud": gw.base}
    foreign = keys.sign({"alg": "ES256", "typ": "at+jwt", "kid": "k"}, claims, key)
    unsigned = keys.b64(b'{"alg":"none"}') + "." + body + "."
    return [
        good,
        f"{head}.{body}.{signature[::-1]}",
        f"{head}.{body}",
        foreign,
        unsigned,
        secrets.token_urlsafe(32),
        "a.b." + secrets.token_urlsafe(9000),  # over-long
    ]


def use_at_fhir(gw, token):
    other = secrets.token_urlsafe(32)
    gw.secrets.update((token, other))
    for value in (
        f"Bearer {token}",
        f"bearer  {token}",
        f"Bearer {token} {other}",
        f"Bearer {token}, Bearer {other}",
        f"Bearer {token}\t",
        f"Token {token}",
        token,
        basic("client", token),
        basic(token, other),
        f'Bearer token="{token}"',
    ):
        gw.fhir("GET", "/Patient?name=x", headers={"Authorization": value})
    short = token[:4000]
    for query in (
        f"access_token={short}",
        f"access%5Ftoken={short}",
        f"token={short}",
        f"name={short}",
        f"name=%zz{short}",
        f"{short}=1",
        f"name=x&client_secret={other}",
        f"client_assertion={short}",
    ):
        gw.fhir("GET", f"/Patient?{query}")
        gw.fhir("GET", f"/Patient?{query}", token[:7000])
    gw.fhir("POST", "/Patient/_search", token[:7000], data={"access_token": short})
    gw.fhir("GET", "/Patient", headers={"X-Request-Id": longest(token)})
    gw.fhir("GET", "/Patient", headers={"X-Request-Id": other})
    gw.fhir("GET", "/Patient", headers={"Accept": short[:2000], "Accept-Language": other})


def use_at_token_endpoint(gw, text):
    """The text wherever a client may put it by mistake."""
    wide = text[:4000]
    for path, name in itertools.product(
        ("/token", "/introspect", "/revoke"),
        ("client_id", "client_secret", "client_assertion", "token", "scope", "grant_type",
         "resource", "client_assertion_type", "unknown"),
    ):
        gw.oauth("POST", path, data={**FORM, "client_id": "x", name: wide})
    for path in ("/token", "/introspect", "/revoke"):
        gw.oauth("POST", f"{path}?client_secret={wide}", data=FORM)
        gw.oauth("POST", path, data=wide)
        for value in (basic("x", wide), basic(wide, "x"), f"Bearer {wide}", wide, f"Basic {wide}"):
            gw.oauth("POST", path, data={"token": wide}, headers={"Authorization": value})
        gw.oauth("POST", path, data={"token": wide}, headers={"X-Request-Id": longest(text)})


def test_nothing_secret_is_written(own_gw, tmp_path):
    gw = own_gw
    configure(gw)
    gw.start()
    client = gw.add_client("system/*.rs")
    key = keys.new_key("ES384")
    (tmp_path / "jwks.json").write_text(keys.key_set(key))
    by_key = gw.add_client("system/*.rs", "--jwks", str(tmp_path / "jwks.json"))
    head = {"alg": "ES384", "kid": key["kid"], "typ": "JWT"}
    good = keys.sign(head, keys.assertion_claims(by_key[0], gw.token_url), key)
    forged = keys.sign(head, keys.assertion_claims(by_key[0], gw.token_url, exp=1), key)

    for token in tokens_of_all_kinds(gw):
        use_at_fhir(gw, token)
        use_at_token_endpoint(gw, token)
    for assertion in (good, good, forged, good[:-8] + "AAAAAAAA"):
        gw.post_token(keys.assertion_form(assertion))
    for text in (good, client[1]):
        gw.secrets.add(text)
        use_at_fhir(gw, text)
        use_at_token_endpoint(gw, text)
    for auth in (client, client[::-1], (client[0], secrets.token_urlsafe(32))):
        gw.secrets.update(auth[1:] if auth[1] != client[0] else ())
        answer = gw.post_token(FORM, auth=auth)
    introspector = gw.add_client("introspect")
    for token in list(gw.secrets):
        gw.oauth("POST", "/introspect", data={"token": token[:4000]}, auth=introspector)
        gw.oauth("POST", "/revoke", data={"token": token[:4000]}, auth=client)
    assert answer.status_code == 401

    names = {event["event"] for event in gw.events()}
    assert {"granted", "refused", "token-issued", "token-introspected", "token-revoked"} <= names
    events = (gw.dir / "log" / "events.ndjson").read_text().splitlines()
    assert len(events) > 100
    gw.upstream_log.unlink()  # what a good token lets through arrives there as it was sent
    gw.assert_nothing_secret_logged()
