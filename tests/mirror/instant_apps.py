"""The apps that the contract of InstantDB is held against: the stand-in, and a real one if named.

    INSTANT_CONTRACT_APP_ID=…
    INSTANT_CONTRACT_ADMIN_TOKEN=…
    INSTANT_CONTRACT_API_URI=https://api.instantdb.com

The real app must be there for nothing else: our schema and permissions are pushed to it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from eduhu.mirror.client import InstantClient
from eduhu.mirror.schema import permissions, schema
from tests.fakes.instant_server import APP_ID, TOKEN, InstantServer, instant_server

VARIABLES = tuple(f"INSTANT_CONTRACT_{name}" for name in ("APP_ID", "ADMIN_TOKEN", "API_URI"))
REAL = tuple(os.environ[name] for name in VARIABLES if name in os.environ)


@dataclass(frozen=True)
class ContractApp:
    """Where an app is, and who may do everything in it."""

    app_id: str
    admin_token: str
    api_uri: str

    @property
    def websocket_uri(self) -> str:
        """Where browsers connect."""
        return self.api_uri.replace("http", "ws", 1) + "/runtime/session"

    @property
    def for_browsers(self) -> dict[str, str]:
        """What `init` of `@instantdb/core` takes."""
        addresses = {"apiURI": self.api_uri, "websocketURI": self.websocket_uri}
        return {"appId": self.app_id, **addresses}

    def prepare(self) -> None:
        """Push our schema and permissions."""
        with InstantClient(
            app_id=self.app_id, admin_token=self.admin_token, api_uri=self.api_uri
        ) as client:
            client.push_permissions(permissions())
            client.push_schema(schema())


def stand_in(server: InstantServer) -> ContractApp:
    """Return the app of a stand-in."""
    return ContractApp(APP_ID, TOKEN, server.url)


@contextmanager
def contract_app(which: str) -> Iterator[ContractApp]:
    """One of `contract_apps()`, with our schema and permissions."""
    if which == "real app":
        app = ContractApp(*REAL)
        app.prepare()
        yield app
        return
    with instant_server() as server:
        app = stand_in(server)
        app.prepare()
        yield app


def contract_apps() -> list[str]:
    """Return what there is; nothing stands for an app that nobody named."""
    return ["stand-in", *(["real app"] if len(REAL) == len(VARIABLES) else [])]
