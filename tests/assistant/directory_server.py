"""A real slapd with people and groups, started for a test on ports of its own."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

import trustme

SLAPD = Path("/usr/sbin/slapd")
SCHEMAS = Path("/etc/ldap/schema")
MISSING = "slapd is not installed: apt-get install slapd ldap-utils"
BASE = "dc=konkyo,dc=test"
SERVICE, SERVICE_PASSWORD = f"cn=service,{BASE}", "service 秘密"
PASSWORD = "correct horse 馬"

PEOPLE = f"""
dn: {BASE}
objectClass: dcObject
objectClass: organization
o: Konkyo
dc: konkyo

dn: ou=people,{BASE}
objectClass: organizationalUnit
ou: people

dn: ou=others,{BASE}
objectClass: organizationalUnit
ou: others

dn: ou=groups,{BASE}
objectClass: organizationalUnit
ou: groups

dn: {SERVICE}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: service
userPassword: {SERVICE_PASSWORD}
"""


def person(uid: str, where: str = "people", rdn: str = "", **more: str) -> str:
    lines = [f"{key}: {value}" for key, value in more.items()]
    return "\n".join(
        [
            f"\ndn: uid={rdn or uid},ou={where},{BASE}", "objectClass: inetOrgPerson",
            "objectClass: extensibleObject", f"uid: {uid}", f"cn: {uid}", "sn: x",
            f"userPassword: {PASSWORD}", *lines, "",
        ]
    )  # fmt: skip


def group(
    cn: str, *members: str, kind: str = "groupOfNames", attribute: str = "member", rdn: str = ""
) -> str:
    lines = [
        f"\ndn: cn={rdn or cn},ou=groups,{BASE}",
        f"objectClass: {kind}",
        f"cn: {cn}",
    ]
    lines += ["gidNumber: 100"] if kind == "posixGroup" else []
    return "\n".join([*lines, *(f"{attribute}: {member}" for member in members), ""])


def dn_of(uid: str) -> str:
    return f"uid={uid},ou=people,{BASE}"


def group_dn(cn: str) -> str:
    return f"cn={cn},ou=groups,{BASE}"


class Recorder:
    """Passes one connection on to a port of this machine and keeps what the client says."""

    def __init__(self, port: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.said = b""
        self._target = port
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                back = threading.Thread(target=self._carry, args=(server, client, False), daemon=True)
                back.start()
                self._carry(client, server, True)
                back.join(10)
                client.close()
                server.close()

    def _carry(self, source: socket.socket, target: socket.socket, keep: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self.said += data if keep else b""
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)


class DirectoryServer:
    """`url` speaks StartTLS, `tls_url` TLS; `ca_file` has signed for localhost and 127.0.0.1."""

    def __init__(self, folder: Path, ldif: str, *, with_tls: bool = True) -> None:
        self.folder = folder
        self.port, self.tls_port = _free_port(), _free_port()
        self.url = f"ldap://127.0.0.1:{self.port}"
        self.tls_url = f"ldaps://127.0.0.1:{self.tls_port}"
        self.ca_file = folder / "ca.pem"
        (folder / "db").mkdir()
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.ca_file))
        issued = authority.issue_cert("localhost", "127.0.0.1")
        issued.private_key_pem.write_to_path(str(folder / "key.pem"))
        issued.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
        self._configuration(with_tls)
        self.log = folder / "slapd.log"
        self._start(with_tls)
        self._add(PEOPLE + ldif)

    def _configuration(self, with_tls: bool) -> None:
        schemas = ("core", "cosine", "nis", "inetorgperson")
        tls = [
            f"TLSCACertificateFile {self.ca_file}", f"TLSCertificateFile {self.folder}/cert.pem",
            f"TLSCertificateKeyFile {self.folder}/key.pem",
        ]  # fmt: skip
        lines = [
            *(f"include {SCHEMAS}/{name}.schema" for name in schemas),
            "modulepath /usr/lib/ldap", "moduleload back_mdb", "moduleload memberof",
            # Active Directory's flags; its schema as Debian ships it knows no way to compare memberOf.
            "attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' "
            "SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )",
            f"pidfile {self.folder}/slapd.pid", *(tls if with_tls else []),
            # What a careless directory does: a name without a password is let in as nobody.
            "allow bind_anon_cred bind_anon_dn",
            "database mdb", f'suffix "{BASE}"', f"directory {self.folder}/db", "maxsize 33554432",
            f'rootdn "cn=root,{BASE}"', "rootpw root",
            "access to attrs=userPassword by anonymous auth by * none", "access to * by users read by * none",
            "overlay memberof", "memberof-group-oc groupOfNames", "memberof-dangling ignore",
        ]  # fmt: skip
        (self.folder / "slapd.conf").write_text("\n".join(lines) + "\n", "utf-8")

    def _start(self, with_tls: bool) -> None:
        urls = f"{self.url} {self.tls_url}" if with_tls else self.url
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(SLAPD), "-f", str(self.folder / "slapd.conf"), "-h", urls, "-d", "256"],
                stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self._process.poll() is None, self.log.read_text("utf-8", "replace")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(self.log.read_text("utf-8", "replace"))

    def _add(self, ldif: str) -> None:
        self._tool("ldapadd", ldif)

    def change(self, ldif: str) -> None:
        self._tool("ldapmodify", ldif)

    def _tool(self, name: str, ldif: str) -> None:
        command = [name, "-x", "-H", self.url, "-D", f"cn=root,{BASE}", "-w", "root"]
        done = subprocess.run(command, input=ldif.encode(), capture_output=True)
        assert done.returncode == 0, done.stderr.decode()

    def logged(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
