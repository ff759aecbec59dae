"""The sections `[internal]` and `[[service_clients]]`: the services' own listener, and who may use it."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from menjin.clients.credential import hash_credential, is_credential_hash
from menjin.clients.model import Scope, ServiceClient
from menjin.errors import ClientInvalid, Fault
from menjin.service.hosts import find_reach
from menjin.service.section import Section
from menjin.values import ClientId, Secret, parse_appid

_ALL_APPS = ["*"]


class InternalSection(Section):
    """`[internal]`: the listener for the business's own services; none without a port. docs/access-tokens.md.

    `tls_proxy`: something in front of it encrypts, so that it may listen on an address that others can reach.
    `wechat_compatible`: it also answers the shape of WeChat's /cgi-bin/token and /cgi-bin/stable_token.
    """

    host: str = "127.0.0.1"
    port: int | None = Field(default=None, ge=1, le=65535)
    tls_proxy: bool = False
    wechat_compatible: bool = False

    def find_faults(self, *, is_dev: bool) -> list[Fault]:
        """Return what a production start refuses: credentials and tokens in clear on a public address."""
        if self.port is None or is_dev or self.tls_proxy or find_reach(self.host) != "public":
            return []
        said = (
            "can be reached from outside, in clear; bind 127.0.0.1, or set tls_proxy = true behind one 公网可明文访问"
        )
        return [Fault("internal.host", said)]

    @property
    def is_exposed(self) -> bool:
        """Whether others on the network can reach it in clear."""
        return self.port is not None and not self.tls_proxy and find_reach(self.host) != "loopback"


class ServiceClientSection(Section):
    """`[[service_clients]]`: one service, known without the database.

    `credential_hash` is what `menjin clients new` prints beside the credential; or `credential_file` holds it.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    credential_hash: SecretStr | None = None
    credential_file: Path | None = None
    apps: list[str] = Field(min_length=1)
    scopes: list[Scope] = Field(min_length=1)

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if (self.credential_hash is None) == (self.credential_file is None):
            raise ValueError("needs either credential_hash or credential_file 二者须填其一")
        if self.credential_hash is not None and not is_credential_hash(self.credential_hash.get_secret_value()):
            raise ValueError("credential_hash is not 64 hex digits 不是 64 位十六进制数")
        if self.apps != _ALL_APPS:
            for appid in self.apps:
                parse_appid(appid)
        return self

    def to_client(self) -> ServiceClient:
        """Return the client.

        Raises:
            ValueError: The file holds no credential.
            OSError: The file cannot be read.
        """
        return ServiceClient(
            client_id=ClientId(f"cfg_{self.name}"),
            name=self.name,
            credential_hash=self._read_hash(),
            appids=None if self.apps == _ALL_APPS else frozenset(parse_appid(appid) for appid in self.apps),
            scopes=frozenset(self.scopes),
        )

    def _read_hash(self) -> str:
        if self.credential_file is None:
            return self.credential_hash.get_secret_value() if self.credential_hash is not None else ""
        try:
            return hash_credential(Secret(self.credential_file.read_text("utf-8").strip()))
        except ClientInvalid:
            raise ValueError("credential_file holds no credential: mjc_ and 43 characters 文件里没有凭证") from None


def to_clients(sections: list[ServiceClientSection]) -> tuple[ServiceClient, ...]:
    """Return the clients.

    Raises:
        ValueError: Two share a name or a credential, or a file holds none.
        OSError: A file cannot be read.
    """
    clients = tuple(section.to_client() for section in sections)
    if len({one.client_id for one in clients}) < len(clients):
        raise ValueError("two have the same name 名称重复")
    if len({one.credential_hash for one in clients}) < len(clients):
        raise ValueError("two have the same credential 凭证重复")
    return clients
