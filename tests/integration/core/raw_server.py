# Copyright: Contributors to the medstack.control project
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server for what the emulator does not do: TLS, and answers that are not even HTTP. It gives every request the same bytes."""

from __future__ import annotations

import datetime
import ipaddress
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class RawServer(socketserver.ThreadingTCPServer):
    """`heads` are the request lines and headers that came in; `answer` is what is sent to each."""

    daemon_threads = True

    def __init__(self, answer: bytes, context: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.heads: list[str] = []
        self._context = context

    @property
    def base_url(self) -> str:
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.server_address[1]}/v1"

    def finish_request(self, request, client_address) -> None:  # type: ignore[no-untyped-def]
        try:
            if self._context:
                request = self._context.wrap_socket(request, server_side=True)
            super().finish_request(request, client_address)
            request.close()
        except OSError:
            pass  # a client that does not trust the certificate hangs up


class _Handler(socketserver.StreamRequestHandler):
    server: RawServer

    def handle(self) -> None:
        head = []
        while (line := self.rfile.readline().decode().strip()) != "":
            head.append(line)
        if head:
            self.server.heads.append("\n".join(head))
            self.wfile.write(self.server.answer)


@contextmanager
def raw_server(answer: bytes, context: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    with RawServer(answer, context) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def http(body: bytes, headers: bytes = b"", status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nConnection: close\r\n%sContent-Length: %d\r\n\r\n%s" % (
        status,
        headers,
        len(body),
        body,
    )


def self_signed(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context for 127.0.0.1, and the file that a client has to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "emulator")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
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
