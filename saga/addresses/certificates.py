"""TLS settings of an address. The files are read for each connection, so renewed certificates need no restart."""

import os
import ssl
from dataclasses import dataclass, field

from saga.addresses.parts import AddressError


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """The certificates to trust and our own; without ``authorities`` and ``folder`` the system's authorities count."""

    verify: bool = True
    check_host: bool = True
    authorities: str | None = None
    folder: str | None = None
    revoked: str | None = None
    certificate: str | None = None
    key: str | None = None
    key_password: str = field(default="", repr=False)
    oldest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED

    def context(self) -> ssl.SSLContext:
        """Read all files. Raises AddressError, which names the file that can't be used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version, context.maximum_version = self.oldest, self.newest
        context.check_hostname = self.verify and self.check_host
        context.verify_mode = ssl.CERT_REQUIRED if self.verify else ssl.CERT_NONE
        if self.verify:
            self._trust(context)
        if self.certificate:
            self._introduce(context, self.certificate)
        elif self.key:
            raise AddressError("names a key and no certificate")
        return context

    def _trust(self, context: ssl.SSLContext) -> None:
        if self.authorities or self.folder:
            _load(context, self.authorities)
            _use_folder(context, self.folder)
        else:
            context.load_default_certs()
        if self.revoked:
            _load(context, self.revoked)
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN

    def _introduce(self, context: ssl.SSLContext, certificate: str) -> None:
        _require_readable(certificate)
        if self.key:
            _require_readable(self.key)
        try:
            # Without a password callback, OpenSSL would ask for the password at the terminal.
            context.load_cert_chain(certificate, self.key, password=lambda: self.key_password)
        except (OSError, ValueError):
            raise AddressError(
                f"names a certificate and a key that can't be used ({certificate}): they must be PEM files that belong"
                " together, and a key that is encrypted needs its password"
            ) from None


def _load(context: ssl.SSLContext, file: str | None) -> None:
    if file is None:
        return
    _require_readable(file)
    try:
        context.load_verify_locations(cafile=file)
    except OSError:
        raise AddressError(f"names a file that holds no certificates in the form PEM: {file}") from None


def _use_folder(context: ssl.SSLContext, folder: str | None) -> None:
    if folder is None:
        return
    try:
        os.listdir(folder)  # noqa: PTH208 -- nothing is done with the names
    except OSError as error:
        raise AddressError(f"names a folder that can't be read: {folder} ({error.strerror})") from None
    context.load_verify_locations(capath=folder)


def _require_readable(file: str) -> None:
    try:
        with open(file, "rb") as opened:  # noqa: PTH123 -- a path as OpenSSL takes it
            opened.read(1)
    except OSError as error:
        raise AddressError(f"names a file that can't be read: {file} ({error.strerror})") from None
