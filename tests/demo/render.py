#!/usr/bin/python3
"""Make loadable files of conf-examples/: the values of a production host become those of a folder.

The examples stay what an administrator copies; the demo and the tests load the very same lines.
"""
import argparse
import dataclasses
import os
import pathlib
import re
import socket
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "conf-examples"
BASE = ROOT / "tests" / "demo" / "apache-base.conf"
SHARED_HOST = ROOT / "tests" / "demo" / "shared-host.conf"
NGINX_BASE = ROOT / "tests" / "demo" / "nginx-base.conf"
USER = "www-data"

LUA = ("lighttpd.lua", "lighttpd-methods.lua", "lighttpd-errors.lua")


def substitute(text: str, values: dict[str, str]) -> str:
    """Replace each key; one that does not occur is an error: the example was changed."""
    missing = [key for key in values if key not in text]
    if missing:
        raise ValueError(f"not in the example: {', '.join(missing)}")
    longest_first = sorted(values, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)))
    return pattern.sub(lambda match: values[match[0]], text)


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def upstream_parts(url: str) -> tuple[str, int, str]:
    """Host, port and path of the FHIR server; without a path the path stays as it is."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "http" or not parts.hostname or parts.query:
        raise ValueError(f"the upstream must be http://HOST[:PORT][/PATH]: {url}")
    return parts.hostname, parts.port or 80, parts.path.rstrip("/") or "/fhir"


def lighttpd_files(run: pathlib.Path, port: int) -> dict[str, str]:
    """What all examples for lighttpd name."""
    return {
        'server.bind          = "0.0.0.0"': 'server.bind = "127.0.0.1"',
        "server.port          = 443": f"server.port = {port}",
        "/run/lighttpd.pid": f"{run}/run/lighttpd.pid",
        "/run/lighttpd/": f"{run}/run/",
        "/var/log/lighttpd/": f"{run}/log/",
        "/var/www/html": f"{run}/www",
        "/etc/ssl/certs/fhir.example.org.pem": f"{run}/etc/server.pem",
        "/etc/ssl/private/fhir.example.org.key": f"{run}/etc/server.key",
        "/etc/fhir-auth/": f"{run}/etc/",
        "/usr/local/lib/fhir-auth/": f"{run}/bin/",
    }


def lighttpd(example: str, run: pathlib.Path, port: int, upstream: str) -> str:
    host, upstream_port, path = upstream_parts(upstream)
    return substitute(
        (EXAMPLES / example).read_text(),
        {
            **lighttpd_files(run, port),
            "/srv/fhir-export": f"{run}/export",
            '"host" => "127.0.0.1"': f'"host" => "{host}"',
            '"port" => 8080': f'"port" => {upstream_port}',
            '"/fhir" => "/fhir"': f'"/fhir" => "{path}"',
        },
    )


def apache_files(run: pathlib.Path, port: int) -> dict[str, str]:
    """What all sites for Apache name."""
    return {
        "<VirtualHost *:443>": f"<VirtualHost 127.0.0.1:{port}>",
        "fhir.example.org\n": "127.0.0.1\n",
        "/etc/ssl/certs/fhir.example.org.pem": f"{run}/etc/server.pem",
        "/etc/ssl/private/fhir.example.org.key": f"{run}/etc/server.key",
        "/var/log/apache2/": f"{run}/log/",
    }


def apache(
    example: str, run: pathlib.Path, port: int, upstream: str, more: dict[str, str]
) -> str:
    host, upstream_port, path = upstream_parts(upstream)
    return substitute(
        (EXAMPLES / example).read_text(),
        {
            **apache_files(run, port),
            "/usr/local/lib/fhir-auth": f"{run}/bin",
            "/srv/fhir-export": f"{run}/export",
            "http://127.0.0.1:8080/": f"http://{host}:{upstream_port}/",
            "http://127.0.0.1:8080/fhir": f"http://{host}:{upstream_port}{path}",
            **more,
        },
    )


def apache_modules(site: str) -> str:
    """What the example tells its reader to switch on."""
    (line,) = re.findall(r"^# +a2enmod (.*)$", site, re.MULTILINE)
    return "\n".join(f"Include /etc/apache2/mods-available/{name}.load" for name in line.split())


def apache_base(run: pathlib.Path, port: int, site: str) -> str:
    return substitute(
        BASE.read_text(),
        {
            "Listen 0.0.0.0:443": f"Listen 127.0.0.1:{port}",
            "ServerName fhir.example.org": "ServerName 127.0.0.1",
            "/run/apache2": f"{run}/run",
            "/var/log/apache2/": f"{run}/log/",
            "/var/www/html": f"{run}/www",
            "Include /etc/apache2/mods-enabled/*.load": apache_modules(site),
            "/etc/apache2/conf-enabled": f"{run}/etc/conf-enabled",
            "/etc/apache2/sites-enabled/fhir.conf": f"{run}/etc/apache-site.conf",
        },
    )


def nginx(run: pathlib.Path, port: int, upstream: str) -> str:
    host, upstream_port, path = upstream_parts(upstream)
    return substitute(
        (EXAMPLES / "nginx.conf").read_text(),
        {
            "listen 0.0.0.0:443 ssl": f"listen 127.0.0.1:{port} ssl",
            "server_name fhir.example.org": "server_name 127.0.0.1",
            "/etc/ssl/certs/fhir.example.org.pem": f"{run}/etc/server.pem",
            "/etc/ssl/private/fhir.example.org.key": f"{run}/etc/server.key",
            "/var/log/nginx/": f"{run}/log/",
            "/run/fhir-auth/": f"{run}/run/",
            "/srv/fhir-export/": f"{run}/export/",
            "server 127.0.0.1:8080": f"server {host}:{upstream_port}",
            " fhir_server/fhir$fhir_rest": f" fhir_server{path}$fhir_rest",
        },
    )


def nginx_base(run: pathlib.Path) -> str:
    return substitute(
        NGINX_BASE.read_text(),
        {
            "/run/nginx.pid": f"{run}/run/nginx.pid",
            "/var/log/nginx/": f"{run}/log/",
            "/var/lib/nginx/": f"{run}/run/",
            "/etc/nginx/conf.d/fhir.conf": f"{run}/etc/nginx-site.conf",
        },
    )


def as_root() -> bool:
    return os.geteuid() == 0


def spawned(run: pathlib.Path, program: str, *where: str) -> list[str]:
    """The command for a program that its web server does not start."""
    user = ["-U", USER, "-G", USER, "-u", USER, "-g", USER] if as_root() else []
    return ["/usr/bin/spawn-fcgi", "-n", *where, *user, "--", f"{run}/bin/{program}"]


def on_socket(run: pathlib.Path, program: str) -> list[str]:
    return spawned(run, program, "-s", f"{run}/run/{program}.sock", "-M", "0660")


@dataclasses.dataclass
class Setup:
    command: list[str]  # runs the web server in the foreground
    files: dict[str, str]  # below run/etc
    programs: list[list[str]] = dataclasses.field(default_factory=list)


def lighttpd_command(run: pathlib.Path, text: str) -> Setup:
    files = {"lighttpd.conf": text}
    files |= {name: (EXAMPLES / name).read_text() for name in LUA}
    return Setup(["/usr/sbin/lighttpd", "-D", "-f", f"{run}/etc/lighttpd.conf"], files)


def lighttpd_setup(run: pathlib.Path, port: int, upstream: str) -> Setup:
    return lighttpd_command(run, lighttpd("lighttpd.conf", run, port, upstream))


def lighttpd_forwarded_setup(run: pathlib.Path, port: int, upstream: str) -> Setup:
    return lighttpd_command(run, lighttpd("lighttpd-forwarded.conf", run, port, upstream))


def lighttpd_cgi_setup(run: pathlib.Path, port: int, _upstream: str) -> Setup:
    text = (EXAMPLES / "lighttpd-cgi.conf").read_text()
    values = lighttpd_files(run, port)
    del values["/run/lighttpd/"]  # it has no sockets
    return lighttpd_command(run, substitute(text, values))


def apache_command(run: pathlib.Path, port: int, site: str) -> Setup:
    files = {"apache.conf": apache_base(run, port, site), "apache-site.conf": site}
    return Setup(["/usr/sbin/apache2", "-DFOREGROUND", "-f", f"{run}/etc/apache.conf"], files)


def apache_setup(run: pathlib.Path, port: int, upstream: str) -> Setup:
    more = {"/etc/fhir-auth/": f"{run}/etc/"}
    return apache_command(run, port, apache("apache.conf", run, port, upstream, more))


def apache_authnz_setup(run: pathlib.Path, port: int, upstream: str) -> Setup:
    authorizer = free_port()
    more = {
        "fcgi://127.0.0.1:9001/": f"fcgi://127.0.0.1:{authorizer}/",
        "/run/fhir-auth/": f"{run}/run/",
    }
    site = apache("apache-authnz-fcgi.conf", run, port, upstream, more)
    setup = apache_command(run, port, site)
    where = ("-a", "127.0.0.1", "-p", str(authorizer))
    setup.programs = [spawned(run, "fcgi-authorizer", *where), on_socket(run, "token-endpoint")]
    return setup


def apache_cgi_setup(run: pathlib.Path, port: int, _upstream: str) -> Setup:
    more = {"/usr/local/lib/fhir-auth": f"{run}/bin", "/etc/fhir-auth/": f"{run}/etc/"}
    text = (EXAMPLES / "apache-cgi.conf").read_text()
    return apache_command(run, port, substitute(text, apache_files(run, port) | more))


def apache_htaccess_setup(run: pathlib.Path, port: int, upstream: str) -> Setup:
    """A shared host, and what one of its users has put below public_html."""
    host, upstream_port, path = upstream_parts(upstream)
    text, web = SHARED_HOST.read_text(), {"/home/fhir/public_html": f"{run}/www"}
    setup = apache_command(run, port, substitute(text, apache_files(run, port) | web))
    folder, homes = EXAMPLES / "shared-hosting", {
        "/home/fhir/fhir-auth/fhir-auth.conf": f"{run}/etc/fhir-auth.conf",
        "/home/fhir/fhir-auth/": f"{run}/bin/",
    }
    fhir = web | {"http://127.0.0.1:8080/fhir/": f"http://{host}:{upstream_port}{path}/"}
    setup.files |= {
        "../www/fhir/.htaccess": substitute((folder / "fhir.htaccess").read_text(), fhir),
        "../www/oauth/.htaccess": (folder / "oauth.htaccess").read_text(),
        "../www/.well-known/.htaccess": (folder / "well-known.htaccess").read_text(),
    }
    for name in ("fcgi-authorizer.fcgi", "token-endpoint.fcgi"):
        setup.files[f"../www/oauth/{name}"] = substitute((folder / name).read_text(), homes)
    return setup


def nginx_setup(run: pathlib.Path, port: int, upstream: str) -> Setup:
    files = {"nginx.conf": nginx_base(run), "nginx-site.conf": nginx(run, port, upstream)}
    command = ["/usr/sbin/nginx", "-c", f"{run}/etc/nginx.conf", "-e", f"{run}/log/error.log"]
    programs = [on_socket(run, "fcgi-authorizer"), on_socket(run, "token-endpoint")]
    return Setup(command, files, programs)


SETUPS = {
    "lighttpd": lighttpd_setup,
    "lighttpd-forwarded": lighttpd_forwarded_setup,
    "lighttpd-cgi": lighttpd_cgi_setup,
    "apache": apache_setup,
    "apache-authnz": apache_authnz_setup,
    "apache-htaccess": apache_htaccess_setup,
    "apache-cgi": apache_cgi_setup,
    "nginx": nginx_setup,
}


def render(server: str, run: pathlib.Path, port: int, upstream: str) -> list[list[str]]:
    """
    Write a server's files below run/etc; return the commands that run in the foreground: those of the
    programs that the web server does not start, if any, and at last its own.
    """
    setup = SETUPS[server](run, port, upstream)
    for name, text in setup.files.items():
        path = run / "etc" / name
        path.parent.mkdir(exist_ok=True)
        path.parent.chmod(0o755)  # the web server reads most of them as its own user
        path.write_text(text)
        path.chmod(0o755 if path.suffix == ".fcgi" else 0o644)
    return [*setup.programs, setup.command]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("server", choices=tuple(SETUPS))
    parser.add_argument("--run", type=pathlib.Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream", required=True, metavar="URL")
    args = parser.parse_args()
    try:
        for command in render(args.server, args.run, args.port, args.upstream):
            print(" ".join(command))
    except ValueError as fault:
        parser.error(str(fault))


if __name__ == "__main__":
    main()
