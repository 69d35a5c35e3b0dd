"""Certificates for tests, made by openssl: an authority, and a server certificate that it signed."""

import subprocess
from pathlib import Path

_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def authority(folder: Path, name: str) -> Path:
    """A self-signed authority; its key lies beside it."""
    path = folder / f"{name}.pem"
    _openssl(
        "req",
        "-x509",
        *_NEW_KEY,
        "-keyout",
        path.with_suffix(".key"),
        "-out",
        path,
        "-days",
        "2",
        "-subj",
        f"/CN={name}",
    )
    return path


def server(folder: Path, signed_by: Path, host: str) -> tuple[Path, Path]:
    """(certificate, key) of a server that is called `host`, a DNS name or an IP address."""
    names = folder / f"{host}.ext"
    names.write_text(f"subjectAltName={'IP' if host[0].isdigit() else 'DNS'}:{host}\n")
    certificate, key, request = (folder / f"{host}.{suffix}" for suffix in ("pem", "key", "csr"))
    _openssl("req", *_NEW_KEY, "-keyout", key, "-out", request, "-subj", f"/CN={host}")
    signer = ("-CA", signed_by, "-CAkey", signed_by.with_suffix(".key"), "-CAcreateserial")
    _openssl("x509", "-req", "-in", request, *signer, "-out", certificate, "-days", "2", "-extfile", names)
    key.chmod(0o644)  # mosquitto may run as a user of its own
    return certificate, key


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
