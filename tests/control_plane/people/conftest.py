"""An OpenID provider of our own that does as it is told, also what no provider should."""

import base64
import functools
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT, SECRET = "signalbox", "a client's secret"


class BadProvider(ThreadingHTTPServer):
    """Right until a test changes something of it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.issuer = f"http://127.0.0.1:{self.server_address[1]}"
        self.key = _key()
        self.published = [self.key]
        self.codes: dict[str, dict[str, str]] = {}
        self.claims: dict[str, Any] = {}
        self.user_info: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "one"}
        self.signing_key: Any = self.key
        self.raw_token: str | None = None
        self.asked: list[str] = []
        self.broken = False

    def describe(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            **self.metadata,
        }

    def token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "subject-1",
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(self.header, claims, self.signing_key, algorithms=[self.header["alg"]])

    def sign_with_the_public_key(self) -> None:
        """The confusion of HMAC with RSA: everybody knows that key."""
        self.header = {"alg": "HS256", "kid": "one"}
        text = self.key.as_pem(private=False)
        self.signing_key = OctKey.import_key(base64.urlsafe_b64encode(text).decode())

    def authorize(self, url: str) -> dict[str, str]:
        """What the browser brings back after signing in there."""
        query = {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return {"code": code, "state": query["state"]}


@functools.cache
def _key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})


class _Handler(BaseHTTPRequestHandler):
    server: BadProvider

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.server.asked.append(url.path)
        if self.server.broken:
            self._send(500, {"error": "broken"})
        elif url.path == "/.well-known/openid-configuration":
            self._send(200, self.server.describe())
        elif url.path == "/keys":
            keys = [key.as_dict(private=False) for key in self.server.published]
            self._send(200, {"keys": keys})
        elif url.path == "/userinfo":
            assert self.headers["authorization"] == "Bearer access"
            self._send(200, {"sub": "subject-1", **self.server.user_info})
        elif url.path == "/authorize":
            back = self.server.authorize(self.path)
            where = parse_qs(url.query)["redirect_uri"][0]
            self.send_response(302)
            self.send_header("Location", f"{where}?{urlencode(back)}")
            self.end_headers()

    def do_POST(self) -> None:
        self.server.asked.append("/token")
        text = self.rfile.read(int(self.headers["content-length"])).decode()
        form = {name: value[0] for name, value in parse_qs(text).items()}
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        known = self.server.codes.pop(form["code"], None)
        challenge = hashlib.sha256(form["code_verifier"].encode()).digest()
        proof = base64.urlsafe_b64encode(challenge).decode().rstrip("=")
        if self.headers["authorization"] != f"Basic {basic}":
            self._send(401, {"error": "invalid_client"})
            return
        good = (
            known is not None
            and known["redirect_uri"] == form["redirect_uri"]
            and known["code_challenge"] == proof
        )
        if not good:
            self._send(400, {"error": "invalid_grant"})
            return
        token = self.server.raw_token or self.server.token(known["nonce"])
        self._send(200, {"id_token": token, "access_token": "access", "token_type": "Bearer"})

    def _send(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def bad_provider() -> Iterator[BadProvider]:
    with BadProvider() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
