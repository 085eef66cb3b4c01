"""Settings of the server, from the command line. Nothing else here reads flags or the environment."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = ""
    """Address to listen on; empty for all, IPv4 and IPv6."""
    port: int = Field(9443, ge=0, le=65535)
    health_port: int = Field(8080, ge=0, le=65535)
    tls_cert_file: Path
    tls_private_key_file: Path
    client_ca_file: Path | None = None
    shutdown_delay: float = Field(10.0, ge=0)
    """Seconds from SIGTERM, when readiness fails, to the last answer: kube-proxies need time to see it."""
