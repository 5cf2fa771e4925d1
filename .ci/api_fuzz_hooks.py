"""For .ci/api-fuzz: who asks, and ids that exist.

Accounts send the tokens of their login. Coordinator and node send what their servers send each
other: a token for one request, signed by their roster key.
"""

import base64
import glob
import json
import os
import random
import time
import tomllib

import schemathesis
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HOMES = os.environ["GAVEL_FUZZ_HOMES"]
SESSIONS = os.environ["GAVEL_FUZZ_SESSIONS"].split()
WHO = os.environ["GAVEL_FUZZ_WHO"]

with open(f"{HOMES}/north/roster.json", encoding="utf-8") as file:
    ROSTER = json.load(file)["body"]
COORDINATOR = ROSTER["coordinator"]["key"]
NODE = ROSTER["nodes"][0]["key"]


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def roster_key(public):
    """The private key to a public one, from the key files of the net."""
    for path in glob.glob(f"{HOMES}/*/*.key"):
        with open(path, "rb") as file:
            held = tomllib.load(file)
        if held["public_key"] != public:
            continue
        record = decode(held["keys"])
        for start in range(len(record) - 31):
            key = Ed25519PrivateKey.from_private_bytes(record[start : start + 32])
            raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
            if encode(raw) == public:
                return key
    raise LookupError(f"no key file for {public}")


def single_use(key, issuer, audience):
    now = int(time.time())
    payload = {
        "iss": issuer,
        "aud": audience,
        "iat": now,
        "exp": now + 60,
        "jti": encode(os.urandom(16)),
    }
    parts = [{"typ": "JWT", "alg": "EdDSA", "kid": issuer}, payload]
    text = ".".join(encode(json.dumps(part).encode()) for part in parts)
    return f"{text}.{encode(key.sign(text.encode()))}"


def login_of(name):
    with open(f"{HOMES}/{name}/login.json", encoding="utf-8") as file:
        return json.load(file)


ACCOUNTS = {name: login_of(name)["account"]["account"] for name in ("ada", "olga")}

if WHO in ("bidder", "operator"):
    LINES = login_of({"bidder": "ada", "operator": "olga"}[WHO])["tokens"]
    LOGIN = {line["server"]: line["token"] for line in LINES}

    def token(server):
        return LOGIN[server]

elif WHO in ("coordinator", "node"):
    ISSUER = COORDINATOR if WHO == "coordinator" else ROSTER["nodes"][1]["key"]
    KEY = roster_key(ISSUER)

    def token(server):
        return single_use(KEY, ISSUER, server)


if WHO != "nobody":

    @schemathesis.auth(refresh_interval=None)
    class Caller:
        """A token for the server that has the path."""

        def get(self, case, context):
            return token(NODE if case.path.startswith("/v1/node/") else COORDINATOR)

        def set(self, case, data, context):
            case.headers = case.headers or {}
            case.headers["Authorization"] = f"Bearer {data}"


HEX = set("0123456789abcdef")


def is_id(value):
    return isinstance(value, str) and len(value) == 32 and set(value) <= HEX


@schemathesis.hook
def before_call(context, case, kwargs):
    """Ids of the right form are mostly of sessions and accounts that exist.

    But not of the operator's own account: who disables himself is refused from then on.
    """
    values = case.path_parameters or {}
    if is_id(values.get("session")) and random.random() < 0.8:
        values["session"] = random.choice(SESSIONS)
    if is_id(values.get("account")):
        if values["account"] == ACCOUNTS["olga"] or random.random() < 0.5:
            values["account"] = ACCOUNTS["ada"]
