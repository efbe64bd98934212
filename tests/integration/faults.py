"""
What can be wrong with a gateway, and what holds then: the rows of test_nothing_fails_open.py.

A row says for each server what a client gets: without a token, with one that is too small, and with a
good one.  0 is no answer, and a server that does not start gives none at all.
"""
import dataclasses
import re

from everywhere import EVERYWHERE

FIRST = "the authorizer is asked all the same"
SECOND = "the second lock holds"
OPEN = "OPEN: only a probe without a token shows it"

LIGHTTPD = ("lighttpd", "lighttpd-forwarded")
FCGID = ("apache", "apache-htaccess")
APACHE = ("apache", "apache-authnz")
STARTED = ("apache-authnz", "nginx")  # where the web server does not start the programs

FILES = {
    "lighttpd": "lighttpd.conf", "lighttpd-forwarded": "lighttpd.conf",
    "apache": "apache-site.conf", "apache-authnz": "apache-site.conf",
    "apache-htaccess": "../www/fhir/.htaccess", "nginx": "nginx-site.conf",
}

# What takes the second lock away.  lighttpd-forwarded has none.
UNLOCK = {
    "lighttpd": (r'\$REQUEST_HEADER\["X-Fhir-Auth"\] == "granted"', r'$HTTP["url"] =^ "/"'),
    "apache": (r"Require expr .*", "Require all granted"),
    "apache-authnz": (r"Require user granted|RewriteRule \^ - \[F\]", "Require all granted"),
    "apache-htaccess": (r"Require expr .*", "Require all granted"),
    "nginx": (r"proxy_pass http://\$fhir_target", "proxy_pass http://fhir_server"),
}


@dataclasses.dataclass(frozen=True)
class Mistake:
    """One that an administrator makes, on some servers: a pattern, and what stands in its place."""

    name: str
    servers: tuple[str, ...]
    pattern: str
    instead: str
    gets: dict[str, tuple] | tuple  # for each server, or the same for all
    holds: str = FIRST
    file: str = ""  # that of the server, else this one
    why: str = ""

    def expected(self, server: str) -> tuple:
        return self.gets[server] if isinstance(self.gets, dict) else self.gets

    def held(self, server: str) -> str:
        """Where there is no second lock, what it would hold is open."""
        return OPEN if self.holds == SECOND and server not in UNLOCK else self.holds

    def changed(self, text: str) -> str:
        text, count = re.subn(self.pattern, self.instead, text)
        assert count, f"{self.name}: not in the example"
        return text


REFUSED = (401, 403, 200)  # as if nothing were wrong
NONE = (401, 401, 401)  # no token arrives
CLOSED = (403, 403, 403)
NO_WAY = (404, 404, 404)
BROKEN = (500, 500, 500)
AJAR = (200, 200, 200)
DOWN = (503, 503, 503)
UNABLE = (frozenset({500, 503}),) * 3  # lighttpd may also see at its start that the program ends
WAITS = (frozenset({0, 500, 503}),) * 3  # mod_fcgid tries to start the program for up to a minute
DEAD = ()  # it does not start

_COMPAT = "/usr/lib/apache2/modules/mod_access_compat.so"
_LOCATION = r"(?s)<Location /fhir>(.*?)</Location>"
_UP = r"( *ProxyPass /fhir (http://[^/]+)/fhir\n)"
_FCGI = r"(?s)\n(fastcgi\.server = \(.*?\n\)\n)"
_ONE = r'(?s),\n    "/fhir" => \(\(.*?\n    \)\)\n\)'
_PROXY = r'(?m)^ *proxy\.server *= \( "/fhir" => (.*?) \)$'

MISTAKES = (
    # ---- lighttpd ----
    Mistake("mod_proxy before mod_fastcgi", LIGHTTPD, r'"mod_fastcgi", "mod_proxy"',
            '"mod_proxy", "mod_fastcgi"', {"lighttpd": REFUSED, "lighttpd-forwarded": AJAR}, SECOND,
            why="mod_proxy is offered a request only when the word is there"),
    Mistake("check-local enabled", LIGHTTPD, r'"check-local"( *)=> "disable"',
            r'"check-local"\1=> "enable"', {"lighttpd": NO_WAY, "lighttpd-forwarded": AJAR}, SECOND),
    Mistake("authorizer in a regular expression", LIGHTTPD, _FCGI,
            r'\n$HTTP["url"] =~ "^/(fhir|oauth|\\.well-known)" {\n\1}\n', REFUSED, SECOND,
            why="/fhir/Patient/%e9 is not UTF-8, so it does not match: the authorizer is not asked"),
    Mistake("authorizer forgotten", LIGHTTPD, _ONE, "\n)",
            {"lighttpd": NO_WAY, "lighttpd-forwarded": AJAR}, SECOND),
    Mistake("authorizer at /fhir/ only", LIGHTTPD, r'"/fhir" => \(\(\n', '"/fhir/" => ((\n',
            REFUSED, SECOND, why="batches go to /fhir"),
    Mistake("mode forgotten", LIGHTTPD, r' *"mode" +=> "authorizer",\n', "", (401, 403, 503),
            why="as a responder the program never grants"),
    Mistake("lighttpd.lua forgotten", ("lighttpd",), r"\n.*/lighttpd\.lua.*", "", (401, 403, 404),
            why="nobody says the word for the second lock"),
    Mistake("mod_magnet last", ("lighttpd",), r'"mod_magnet", (.*?) \)', r'\1, "mod_magnet" )',
            (401, 403, 404), why="the word comes too late for the second lock"),
    Mistake("second lock forgotten", ("lighttpd",), *UNLOCK["lighttpd"], REFUSED),
    Mistake("wider proxy", LIGHTTPD, _PROXY, r'proxy.server = ( "/" => \1 )', REFUSED),
    Mistake("a second proxy without the lock", ("lighttpd",),
            r'(?s)(\$REQUEST_HEADER\["X-Fhir-Auth"\][^\n]*\n *)(proxy\.server = [^\n]*\n)',
            r"\2\1\2", REFUSED),
    # ---- Apache ----
    Mistake("checker forgotten", FCGID, r"(?m)^ *FcgidAccessChecker .*\n", "", CLOSED, SECOND),
    Mistake("FcgidAuthorizer in its place", FCGID, r"FcgidAccessChecker", "FcgidAuthorizer",
            CLOSED, SECOND),
    Mistake("FcgidAccessCheckerAuthoritative Off", FCGID, r"(?m)^( *FcgidAccessChecker .*\n)",
            r"\1FcgidAccessCheckerAuthoritative Off\n", (403, 403, 200), SECOND),
    Mistake("provider forgotten", ("apache-authnz",), r" *AuthnzFcgiCheckAuthnProvider.*\n", "",
            BROKEN, SECOND),
    Mistake("Authoritative Off", ("apache-authnz",), r"Authoritative On", "Authoritative Off",
            (500, 500, 200), SECOND),
    Mistake("UserExpr forgotten", ("apache-authnz",), r" UserExpr .*", "", (401, 403, 500)),
    Mistake("<Directory> in place of <Location>", APACHE, _LOCATION,
            r"<Directory /fhir>\1</Directory>", {"apache": CLOSED, "apache-authnz": BROKEN}, SECOND),
    Mistake("<Location /fhir/>", APACHE, r"<Location /fhir>", "<Location /fhir/>", REFUSED, SECOND,
            why="batches go to /fhir"),
    Mistake("Authorization is not passed", ("apache",), r" *FcgidPassHeader Authorization\n", "", NONE),
    Mistake("Authorization is not passed to the authorizer", ("apache-authnz",),
            r"AuthType None\n *CGIPassAuth On", "AuthType None", NONE),
    Mistake("Authorization is not passed by .htaccess", ("apache-htaccess",), r"CGIPassAuth On\n", "",
            (401, 403, 503), why="the second pass has the token, and never grants"),
    Mistake("ErrorDocument forgotten", FCGID, r" *ErrorDocument 401 .*\n", "", (401, 401, 200)),
    Mistake("Require all granted in its place", ("apache", "apache-authnz", "apache-htaccess"),
            r"Require (user granted|expr .*)(\n *# mod_fcgid makes|\n\n)", r"Require all granted\2",
            REFUSED),
    Mistake("second lock forgotten", FCGID, r"Require expr .*", "Require all granted", REFUSED),
    Mistake("wider ProxyPass before", APACHE, _UP, r"ProxyPass / \2/\n\1", REFUSED),
    Mistake("proxying RewriteRule before", APACHE, _UP, r'RewriteRule "^/fhir/(.*)" \2/fhir/$1 [P]\n\1',
            REFUSED),
    Mistake("Satisfy Any", APACHE, r"(?s)(<VirtualHost .*?<Location /fhir>\n)",
            f"LoadModule access_compat_module {_COMPAT}\n\\1Satisfy Any\n",
            {"apache": (403, 403, 200), "apache-authnz": CLOSED}, SECOND),
    # ---- nginx ----
    Mistake("auth_request forgotten", ("nginx",), r" *auth_request /fhir-auth;\n", "",
            (401, 403, 503), SECOND, why="the second pass still says why"),
    Mistake("auth_request off", ("nginx",), r"auth_request /fhir-auth;", "auth_request off;",
            (401, 403, 503), SECOND),
    Mistake("satisfy any", ("nginx",), r"auth_request /fhir-auth;",
            "satisfy any; allow all; auth_request /fhir-auth;", (401, 403, 503), SECOND),
    Mistake("auth_request_set forgotten", ("nginx",), r" *auth_request_set \$fhir_auth  .*\n", "",
            DEAD),
    Mistake("error_page forgotten", ("nginx",), r" *error_page .*@fhir_deny;\n", "", REFUSED),
    Mistake("internal forgotten", ("nginx",), r" *internal;\n", "", REFUSED),
    Mistake("second lock forgotten", ("nginx",), *UNLOCK["nginx"], REFUSED),
    Mistake("FHIR_AUTH_MODE forgotten", ("nginx",), r".*FHIR_AUTH_MODE authorizer;\n", "",
            (401, 403, 503)),
    Mistake("location for a regular expression beside", ("nginx",), r"( *# ---- everything else)",
            r"location ~ \\.json$ { proxy_pass http://fhir_server; }\n\1", REFUSED),
    Mistake("location for all beside", ("nginx",), r"location / \{\n *return 404;",
            "location / { proxy_pass http://fhir_server;", REFUSED),
    # ---- all ----
    Mistake("nobody listens", LIGHTTPD, r' *"bin-path" +=> "[^"]*fcgi-authorizer",\n.*\n', "", DOWN),
    Mistake("nobody listens", ("apache-authnz",), r"fcgi://127\.0\.0\.1:\d+/", "fcgi://127.0.0.1:1/",
            BROKEN),
    Mistake("nobody listens", ("nginx",), r"/fcgi-authorizer\.sock", "/nosuch.sock", DOWN),
    Mistake("fhir-auth.conf is faulty", EVERYWHERE, r"\[store\]", "[stroe]",
            {"lighttpd": UNABLE, "lighttpd-forwarded": UNABLE, "apache": BROKEN,
             "apache-htaccess": BROKEN, "apache-authnz": BROKEN, "nginx": DOWN},
            file="fhir-auth.conf"),
    Mistake("FHIR_AUTH_CONF forgotten", ("lighttpd", "lighttpd-forwarded"),
            r' *"bin-environment" .*\n', "", UNABLE),
    Mistake("FHIR_AUTH_CONF forgotten", ("apache",), r" *FcgidInitialEnv FHIR_AUTH_CONF.*\n", "",
            BROKEN),
    Mistake("FHIR_AUTH_CONF names no file", LIGHTTPD, r"/fhir-auth\.conf", "/nosuch.conf", UNABLE),
    Mistake("FHIR_AUTH_CONF names no file", ("apache",), r"/fhir-auth\.conf", "/nosuch.conf", BROKEN),
)

# All that nothing here can prevent: fhir-authctl doctor, or curl without a token, finds it.
CANNOT_BE_PREVENTED = [
    ("lighttpd-forwarded", name) for name in (
        "mod_proxy before mod_fastcgi", "check-local enabled", "authorizer in a regular expression",
        "authorizer forgotten", "authorizer at /fhir/ only",
        # of the program
        "is silent", "sends an empty line", "sends garbage", "sends a long header",
        "sends a header without a status", "sends a Location alone", "says 200 and not the word",
        "says 200 and another word", "says 200 and an empty word",
        "says 200 and the word as a plain header",
    )
]


@dataclasses.dataclass(frozen=True)
class Fault:
    """Of the program: a stub does this in its place, whoever asks."""

    name: str
    does: bytes
    gets: dict[str, int]  # for each server: what a client gets, with a token or without
    passes: tuple[str, ...] = ()  # where that is a grant
    why: str = ""

    def opens(self, server: str) -> bool:
        """lighttpd takes silence for a grant; then it is the second lock that holds."""
        silent = server not in UNLOCK and self.gets[server] == 200 and self.does.startswith(b"end")
        return silent or server in self.passes


# What the program's file is like, and what clients get.  Apache looks at its start whether it is there.
PROGRAM = {
    "missing": {"lighttpd": UNABLE, "lighttpd-forwarded": UNABLE, "apache": DEAD, "apache-htaccess": WAITS,
                "apache-authnz": BROKEN, "nginx": DOWN},
    "not executable": {"lighttpd": UNABLE, "lighttpd-forwarded": UNABLE, "apache": WAITS,
                       "apache-htaccess": WAITS, "apache-authnz": BROKEN, "nginx": DOWN},
    "killed and gone": {"lighttpd": UNABLE, "lighttpd-forwarded": UNABLE, "apache": WAITS,
                        "apache-htaccess": WAITS, "apache-authnz": BROKEN, "nginx": DOWN},
}

GRANT = b"Status: 200 OK\r\nVariable-FHIR_AUTH: granted\r\n"
END = b"\r\n"


def _gets(fcgid: int, authnz: int, lighttpd: int, forwarded: int, nginx: int) -> dict[str, int]:
    return {"apache": fcgid, "apache-htaccess": fcgid, "apache-authnz": authnz,
            "lighttpd": lighttpd, "lighttpd-forwarded": forwarded, "nginx": nginx}


FAULTS = (
    Fault("exits before it answers", b"exit ", _gets(500, 500, 500, 500, 503)),
    Fault("is killed before it answers", b"kill ", _gets(500, 500, 500, 500, 503)),
    Fault("is killed within the status", b"kill Status: 200", _gets(500, 500, 500, 500, 503)),
    Fault("is killed within the header", b"kill " + GRANT[:-4], _gets(500, 500, 500, 500, 503)),
    Fault("is killed before the header ends", b"kill " + GRANT, _gets(500, 500, 500, 500, 503)),
    Fault("hangs within the header", b"hang " + GRANT, _gets(500, 0, 504, 504, 503)),
    Fault("is silent", b"end  ", _gets(500, 500, 404, 200, 503)),
    Fault("sends an empty line", b"end  " + END, _gets(403, 500, 404, 200, 200)),
    Fault("sends garbage", b"end  garbage", _gets(500, 500, 404, 200, 503)),
    Fault("sends binary garbage", b"end  " + bytes(range(256)) * 4, _gets(403, 500, 502, 502, 503)),
    Fault("sends a long header", b"end  X-A: " + b"a" * 40000 + END + END,
          _gets(500, 500, 404, 200, 503)),
    Fault("sends a header without a status", b"end  X-Some: header\r\n\r\n",
          _gets(403, 500, 404, 200, 200)),
    Fault("sends a Location alone", b"end  Location: /x\r\n\r\n", _gets(401, 500, 404, 200, 302)),
    Fault("says 200 and not the word", b"end  Status: 200 OK\r\n\r\n", _gets(403, 500, 404, 200, 200)),
    Fault("says 200 and another word", b"end  Status: 200 OK\r\nVariable-FHIR_AUTH: refused\r\n\r\n",
          _gets(403, 403, 404, 200, 200)),
    Fault("says 200 and an empty word", b"end  Status: 200 OK\r\nVariable-FHIR_AUTH:\r\n\r\n",
          _gets(403, 500, 404, 200, 200)),
    Fault("says 200 and the word as a plain header", b"end  Status: 200 OK\r\nFHIR_AUTH: granted\r\n"
          b"X-Fhir-Auth: granted\r\n\r\n", _gets(403, 500, 404, 200, 200)),
    Fault("says 200 and not the word, and exits", b"exit Status: 200 OK\r\n\r\n",
          _gets(500, 500, 200, 200, 503)),
    Fault("says 204", b"end  Status: 204 No Content\r\n\r\n", _gets(204, 204, 204, 204, 204)),
    Fault("says 302", b"end  Status: 302 Found\r\nLocation: /fhir/Patient/pat-1\r\n\r\n",
          _gets(302, 302, 302, 302, 302)),
    Fault("says 999", b"end  Status: 999 Odd\r\n\r\n", _gets(999, 500, 999, 999, 999)),
    Fault("says 204 and the word", b"end  Status: 204 No Content\r\nVariable-FHIR_AUTH: granted\r\n\r\n",
          _gets(204, 204, 204, 204, 200), ("nginx",), "any 2xx with the word is a grant for nginx"),
    Fault("grants, and exits before the request ends", b"exit " + GRANT + END,
          _gets(500, 500, 200, 200, 200), ("nginx",),
          "the answer is whole: the program has decided; nginx does not wait for the end"),
)
