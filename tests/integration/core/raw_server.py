# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers for what the emulator does not do: TLS, answers that are not even HTTP, and a proxy."""

from __future__ import annotations

import datetime
import ipaddress
import re
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO, Callable
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    @contextmanager
    def serving(self) -> Iterator[None]:
        with self:
            threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
            try:
                yield
            finally:
                self.shutdown()


class RawServer(_Server):
    """`heads` are the request lines and headers that came in; `answer` is what is sent to each, or finds it for a request.

    While `hangs_up`, connections are closed in mid-handshake.
    """

    hangs_up = False

    def __init__(self, answer: bytes | Callable[[bytes], bytes], context: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.heads: list[str] = []
        self.context = context

    @property
    def base_url(self) -> str:
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.server_address[1]}/v1"

    def finish_request(self, request, client_address) -> None:  # type: ignore[no-untyped-def]
        try:
            if self.hangs_up:
                request.recv(1000)
                return
            if self.context:
                request = self.context.wrap_socket(request, server_side=True)
            super().finish_request(request, client_address)
            request.close()
        except OSError:
            pass  # a client that does not trust the certificate hangs up


class _Handler(socketserver.StreamRequestHandler):
    server: RawServer

    def handle(self) -> None:
        head = _head(self.rfile)
        if not head:
            return
        self.server.heads.append(head.decode().replace("\r\n", "\n").strip())
        length = re.search(rb"(?i)content-length: (\d+)", head)
        body = self.rfile.read(int(length[1])) if length else b""
        answer = self.server.answer
        self.wfile.write(answer if isinstance(answer, bytes) else answer(head + b"\r\n" + body))


def _head(file: BinaryIO) -> bytes:
    """A request's first lines, without the empty one; nothing where the client hangs up."""
    head = b""
    while (line := file.readline()) != b"\r\n":
        if not line:
            return b""
        head += line
    return head


@contextmanager
def raw_server(answer: bytes | Callable[[bytes], bytes], context: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    server = RawServer(answer, context)
    with server.serving():
        yield server


def answer_of(base_url: str) -> Callable[[bytes], bytes]:
    """An `answer` that asks the server at `base_url`."""
    where = urlsplit(base_url)

    def ask(request: bytes) -> bytes:
        with socket.create_connection((where.hostname, where.port)) as connection:
            connection.sendall(re.sub(rb"(?i)\r\nconnection: [^\r]*", b"", request).replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            return b"".join(iter(partial(connection.recv, 65536), b""))

    return ask


class Proxy(_Server):
    """A proxy for https. `heads` are the requests for a tunnel, `seen` what went through them.

    It answers with `status`; anything but 200 ends it there, and so does not `passing` on what comes then.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _ProxyHandler)
        self.status = 200
        self.passing = True
        self.heads: list[str] = []
        self.seen: list[bytes] = []

    def url(self, credentials: str = "") -> str:
        return f"http://{credentials and credentials + '@'}127.0.0.1:{self.server_address[1]}"


class _ProxyHandler(socketserver.StreamRequestHandler):
    server: Proxy
    rbufsize = 0  # what follows the head belongs into the tunnel

    def handle(self) -> None:
        head = _head(self.rfile).decode()
        if not head:
            return
        self.server.heads.append(head)
        self.wfile.write(b"HTTP/1.1 %d Something\r\n\r\n" % self.server.status)
        if self.server.status != 200:
            return
        if not self.server.passing:
            self.connection.recv(1000)
            return
        host, port = head.split()[1].split(":")
        with socket.create_connection((host, int(port))) as server:
            back = threading.Thread(target=self._pass_on, args=(server, self.connection), daemon=True)
            back.start()
            self._pass_on(self.connection, server)
            back.join()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):  # either side may hang up
            while data := source.recv(65536):
                self.server.seen.append(data)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


def http(body: bytes, headers: bytes = b"", status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nConnection: close\r\n%sContent-Length: %d\r\n\r\n%s" % (
        status,
        headers,
        len(body),
        body,
    )


def self_signed(folder: Path, begins: int = -1, ends: int = 1) -> tuple[ssl.SSLContext, Path]:
    """A server's context for 127.0.0.1, and the file that a client has to trust. Valid between two days, counted from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "emulator")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=begins))
        .not_valid_after(now + datetime.timedelta(days=ends))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "certificate.pem", folder / "key.pem"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public
