"""fhir-authctl doctor: it calls the shipped configurations well, and finds what is wrong in spoilt ones."""
import json
import os
import re
import subprocess

import pytest

from everywhere import EVERYWHERE
from gateway import BUILD, Gateway


def doctor(gw, *options: str, url: str = "", conf: str = "", stdin: str = ""):
    """Exit status and everything that was said."""
    env = {**os.environ, **gw.sanitizer_options(),
           "FHIR_AUTH_CONF": conf or str(gw.dir / "etc" / "fhir-auth.conf")}
    done = subprocess.run(
        [str(BUILD / "fhir-authctl"), "doctor", url or gw.base, "--ca", gw.ca, *options],
        input=stdin, env=env, capture_output=True, text=True, timeout=60, check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("server", EVERYWHERE)
def test_shipped_configuration_is_well(server):
    with Gateway(server) as gw:
        gw.start()
        token = gw.token("system/Patient.rs")
        gw.secrets.add(token)
        status, text = doctor(gw, "--token-file", "-", stdin=token + "\n")
        lines = text.splitlines()
        assert (status, [line for line in lines if not line.startswith("ok  ")]) == (0, [])
        assert len(lines) == 26
        assert token not in text
        # Nothing that it asked without the token has reached the FHIR server, but metadata.
        seen = {request["target"] for request in gw.upstream_requests()}
        assert seen == {"/fhir/metadata", "/fhir/Patient?_count=1"}

        # From elsewhere, without the configuration, the token endpoint is found by discovery.
        status, text = doctor(gw, "--json", conf="/nonexistent")
        report = json.loads(text)
        assert (status, report["well"], report["url"]) == (0, True, gw.base)
        assert report["server"] == server.partition("-")[0].replace("apache", "Apache")
        found = {probe["name"]: probe["status"] for probe in report["probes"]}
        assert found["health"] == 200
        assert found["token in header and query"] == 400


@pytest.mark.parametrize("server", ("lighttpd-cgi", "apache-cgi", "nginx"))
def test_token_endpoint_without_a_fhir_server(server):
    with Gateway(server) as gw:
        gw.start()
        status, text = doctor(gw, url=gw.issuer)
        lines = text.splitlines()
        assert (status, [line for line in lines if not line.startswith("ok  ")]) == (0, [])
        assert lines[0] == f"ok      configuration: {gw.issuer}"
        assert [line for line in lines if "token endpoint without credentials: 401" in line]
        assert [line for line in lines if "authorization server metadata: 200" in line]
        assert len(lines) == 8
        assert gw.upstream_requests() == []
        status, text = doctor(gw, "--token-file", "-", url=gw.issuer, stdin="secret")
        assert (status, text) == (2, "fhir-authctl: --token-file needs a FHIR base, and "
                                     f"{gw.issuer} is the token endpoint\n")


# ---- mistakes ----

LOCKS = {
    "apache": ("apache-site.conf", r"\n *Require expr .*", ""),
    "nginx": ("nginx-site.conf", r"http://\$fhir_target", "http://fhir_server"),
    "lighttpd": ("lighttpd.conf", r'\$REQUEST_HEADER\["X-Fhir-Auth"\] == "granted"',
                 '$HTTP["url"] =^ "/"'),
}
FORGOTTEN = ("apache-site.conf", r"\n *FcgidAccessChecker .*", "")
MODULES = ("lighttpd.conf", r'"mod_fastcgi",(.*\n)*? *"mod_proxy"', '"mod_proxy", "mod_fastcgi"')
AUTH_REQUEST = ("nginx-site.conf", r"\n *auth_request /fhir-auth;", "")

MISTAKES = (  # name, server, what is spoilt, what the doctor must say
    ("forgotten", "apache", [FORGOTTEN], ("not asked", "FcgidAccessChecker", "<Location /fhir>")),
    ("forgotten, no lock", "apache", [FORGOTTEN, LOCKS["apache"]], ("OPEN", "FcgidAccessChecker")),
    ("in a Directory", "apache",
     [LOCKS["apache"], ("apache-site.conf", r"\n *(FcgidAccessChecker .*)",
                        r"\n</Location>\n<Directory /fhir>\n\1\n</Directory>\n<Location /fhir>")],
     ("OPEN", "not in a <Directory>")),
    ("as FcgidAuthorizer", "apache",
     [LOCKS["apache"], ("apache-site.conf", "FcgidAccessChecker ", "FcgidAuthorizer ")],
     ("OPEN", "FcgidAuthorizer")),
    ("header", "apache", [("apache-site.conf", r"\n *FcgidPassHeader .*", "")],
     ("does not reach", "FcgidPassHeader Authorization")),
    ("ErrorDocument", "apache", [("apache-site.conf", r"\n *ErrorDocument 401 .*", "")],
     ("no OperationOutcome", "ErrorDocument 401 /fhir-auth-deny")),
    ("variables", "apache", [("apache-site.conf", r"\n *Header always unset Variable-FHIR_AUTH\n", "\n")],
     ("Variable-", "Header always unset Variable-FHIR_AUTH")),
    ("no token endpoint", "apache", [("apache-site.conf", r'\n *AliasMatch "\^/oauth.*', "")],
     ("token endpoint is not there", 'AliasMatch "^/oauth(/|$)"')),
    ("no metadata of the server", "apache", [
        ("apache-site.conf", r'\n *AliasMatch "\^/\\.well-known/oauth-authorization-server.*', ""),
        ("fhir-auth.conf", r"/oauth\n", "/OAUTH\n")],
     ("there are no authorization server metadata", "oauth-authorization-server(/|$)")),
    ("FHIR server", "apache", [("apache-site.conf", r"(ProxyPass /fhir http://127.0.0.1):\d+", r"\1:9")],
     ("FHIR server cannot be reached", "ProxyPass /fhir")),
    ("order of modules, no lock", "lighttpd", [MODULES, LOCKS["lighttpd"]],
     ("OPEN", "mod_fastcgi must stand before mod_proxy")),
    ("check-local", "lighttpd",
     [LOCKS["lighttpd"], ("lighttpd.conf", r'("mode" +=> "authorizer"(.*\n)*?.*"check-local" +=> )"disable"(\n)',
                          r'\1"enable"\3')], ("OPEN", '"check-local" => "disable"')),
    ("regular expression", "lighttpd",
     [LOCKS["lighttpd"], ("lighttpd.conf", r"server.http-parseopts = \((.*\n)*?\)", ""),
      ("lighttpd.conf", r'\nfastcgi.server = \(', '\n$HTTP["url"] =~ "^/.+" {\nfastcgi.server = ('),
      ("lighttpd.conf", r'\n    \)\)\n\)\n', '\n    ))\n)\n}\n')],
     ("goes round the authorizer", '$HTTP["url"] =~')),
    ("auth_request", "nginx", [AUTH_REQUEST], ("auth_request /fhir-auth;",)),
    ("auth_request, no lock", "nginx", [AUTH_REQUEST, LOCKS["nginx"]], ("OPEN", "auth_request /fhir-auth;")),
    ("error_page", "nginx", [("nginx-site.conf", r"error_page 401 403 500 = @fhir_deny;", "")],
     ("error_page 401 403 500 = @fhir_deny;",)),
    ("pass_request_headers", "nginx",
     [("nginx-site.conf", r"(fastcgi_param FHIR_AUTH_MODE \w+;)", r"\1 fastcgi_pass_request_headers off;"),
      ("nginx-site.conf", r"(fastcgi_param FHIR_AUTH_MODE   deny;)", r"\1 fastcgi_pass_request_headers off;")],
     ("does not reach", "fastcgi_pass_request_headers off")),
    ("other base", "apache", [("fhir-auth.conf", r"/fhir\n", "/r4\n")],
     ("no base in the configuration", "base in a [fhir] section")),
)


@pytest.mark.parametrize("server, spoilt, said", [row[1:] for row in MISTAKES],
                         ids=[f"{row[1]}: {row[0]}" for row in MISTAKES])
def test_mistake_is_found(server, spoilt, said):
    with Gateway(server) as gw:
        for name, pattern, replacement in spoilt:
            path = gw.dir / "etc" / name
            text, count = re.subn(pattern, replacement, path.read_text())
            assert count >= 1, pattern
            path.write_text(text)
        gw.start()
        status, text = doctor(gw)
        assert status == 1
        assert "FAULT" in text
        for words in said:
            assert words in text, text


@pytest.mark.parametrize("url", ("fhir.example.org", "ftp://h/fhir", "https:///fhir", "https://h/fhir?x",
                                 "https://h/fh ir", "https://u@h/fhir", "https://h/" + "x" * 600))
def test_url_that_is_none(gw, url):
    status, text = doctor(gw, url=url)
    assert status == 2
    assert "is no URL of a FHIR base" in text


def test_nobody_answers_for_the_token_endpoint(gw):
    gw.stop()
    status, text = doctor(gw, url=gw.issuer)
    assert (status, text.count("FAULT")) == (1, 1)
    assert "there is no answer" in text
    gw.start()


def test_nobody_answers(gw):
    status, text = doctor(gw, url="https://127.0.0.1:9/fhir", conf="/nonexistent")
    assert (status, text.count("FAULT")) == (1, 1)
    assert "there is no answer" in text


def test_token_is_not_sent_without_tls_and_not_shown(gw):
    status, text = doctor(gw, "--token-file", "-", url="http://h.example/fhir", stdin="secret")
    assert (status, "a token is not sent without TLS" in text) == (2, True)
    status, text = doctor(gw, "--token-file", "-", stdin="secret-that-is-no-token")
    assert (status, "secret" in text) == (1, False)
    assert "the token was not accepted" in text
