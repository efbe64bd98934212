#!/usr/bin/python3
"""A client that signs its assertions (private_key_jwt): make its key pair, sign one assertion."""
import argparse
import json
import pathlib
import time
import uuid

from jwcrypto import jwk, jwt

MAKE = {"ES384": {"kty": "EC", "crv": "P-384"}, "RS384": {"kty": "RSA", "size": 2048}}


def new_key(args: argparse.Namespace) -> None:
    key = jwk.JWK.generate(**MAKE[args.alg], use="sig", alg=args.alg)
    key["kid"] = key.thumbprint()
    args.private.touch(mode=0o600)
    args.private.write_text(key.export_private() + "\n")
    args.public.write_text(json.dumps({"keys": [key.export_public(as_dict=True)]}) + "\n")


def sign(args: argparse.Namespace) -> None:
    key = jwk.JWK.from_json(args.private.read_text())
    claims = {
        "iss": args.client_id,
        "sub": args.client_id,
        "aud": args.audience,
        "exp": int(time.time()) + 120,
        "jti": str(uuid.uuid4()),
    }
    token = jwt.JWT({"alg": key["alg"], "kid": key["kid"], "typ": "JWT"}, claims)
    token.make_signed_token(key)
    print(token.serialize())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("new-key")
    command.add_argument("alg", choices=MAKE)
    command.add_argument("private", type=pathlib.Path, help="private JWK, written")
    command.add_argument("public", type=pathlib.Path, help="public JWK Set, written")
    command.set_defaults(run=new_key)
    command = commands.add_parser("sign")
    command.add_argument("private", type=pathlib.Path)
    command.add_argument("client_id")
    command.add_argument("audience", help="the token endpoint's URL")
    command.set_defaults(run=sign)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
