"""The README's short configurations are loaded as they stand, in the frame of a plain server."""
import re

import pytest
import requests

import render
from gateway import ROOT, Gateway
from test_doctor import doctor

LIGHTTPD_FRAME = """server.modules = ()
server.bind = "127.0.0.1"
server.port = {port}
server.document-root = "{run}/www"
server.errorlog = "{run}/log/error.log"
{user}
"""

OPEN = ("/fhir/metadata", "/fhir/.well-known/smart-configuration")


def block(language: str) -> str:
    (text,) = re.findall(rf"^```{language}\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    return text


def values(gw) -> dict[str, str]:
    return {
        "127.0.0.1:8080": f"127.0.0.1:{gw.upstream_port}",
        '"port" => 8080': f'"port" => {gw.upstream_port}',
        "listen 8000;": f"listen 127.0.0.1:{gw.port};",
        "include fastcgi_params;": "include /etc/nginx/fastcgi_params;",  # the frame lies elsewhere
        "/usr/local/lib/fhir-auth": f"{gw.dir}/bin",
        "/run/lighttpd": f"{gw.dir}/run",
        "/run/fhir-auth": f"{gw.dir}/run",
        "/etc/fhir-auth": f"{gw.dir}/etc",
    }


def filled(gw, text: str) -> str:
    return render.substitute(text, {k: v for k, v in values(gw).items() if k in text})


def put_lighttpd(gw):
    user = 'server.username = "www-data"\nserver.groupname = "www-data"'
    frame = LIGHTTPD_FRAME.format(port=gw.port, run=gw.dir, user=user if render.as_root() else "")
    (gw.dir / "etc" / "lighttpd.conf").write_text(frame + filled(gw, block("lighttpd")))


def put_apache(gw):
    text = filled(gw, block("apache"))
    (gw.dir / "etc" / "apache.conf").write_text(render.apache_base(gw.dir, gw.port, text))
    conf = f"FcgidInitialEnv FHIR_AUTH_CONF {gw.dir}/etc/fhir-auth.conf\n"
    (gw.dir / "etc" / "apache-site.conf").write_text(conf + text)


def put_nginx(gw):
    (gw.dir / "etc" / "nginx-site.conf").write_text(filled(gw, block("nginx")))


@pytest.mark.parametrize("server, put", (
    ("lighttpd", put_lighttpd), ("apache", put_apache), ("nginx", put_nginx)))
def test_short_configuration(server, put, monkeypatch):
    with Gateway(server) as gw:
        conf = gw.dir / "etc" / "fhir-auth.conf"
        conf.write_text(conf.read_text().replace("keys =", "require_https = no\nkeys ="))
        monkeypatch.setenv("FHIR_AUTH_CONF", str(conf))
        put(gw)
        gw.start()
        http = f"http://127.0.0.1:{gw.port}"

        def fhir(path, token=None, method="GET"):
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            return requests.request(method, f"{http}/fhir{path}", headers=headers, timeout=10)

        status, text = doctor(gw, url=f"{http}/fhir")
        assert (status, "FAULT" in text) == (0, False), text
        assert not [seen for seen in gw.upstream_requests() if seen["target"] not in OPEN]
        asked = len(gw.upstream_requests())

        form = {"grant_type": "client_credentials", "scope": "system/Patient.rs"}
        client = gw.add_client(form["scope"])
        answer = requests.post(f"{http}/oauth/token", data=form, auth=client, timeout=10)
        assert answer.status_code == 200, answer.text
        token = answer.json()["access_token"]
        gw.secrets.add(token)

        assert fhir("/Patient/pat-1", token).json()["id"] == "pat-1"
        (seen,) = gw.upstream_requests()[asked:]
        assert "authorization" not in {name.lower() for name, _ in seen["headers"]}
        for path, by, method, status in (("/Patient", None, "GET", 401), ("/Patient", "a", "GET", 401),
                                         ("/Observation", token, "GET", 403),
                                         ("/Patient/x", token, "POST", 405),
                                         ("/Patient?access_token=x", None, "GET", 400)):
            refused = fhir(path, by, method)
            assert refused.status_code == status
            assert refused.json()["resourceType"] == "OperationOutcome"
            assert len(refused.raw.headers.getlist("WWW-Authenticate")) == 1
        assert len(gw.upstream_requests()) == asked + 1
