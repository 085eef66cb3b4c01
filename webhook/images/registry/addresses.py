"""Addresses that may be connected to: an image's host is a tenant's text, and may lead inside."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from webhook.images.registry.image import RegistryError

Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of a host. Raises OSError."""

# Of the metadata of machines on Azure and Oracle: those that not every Python takes for private.
_METADATA = {ip_address("168.63.129.16"), ip_address("192.0.0.192")}
# Gateways translate these to the IPv4 address in the last 32 bits (RFC 6052).
_NAT64 = IPv6Network("64:ff9b::/96")
_LAST_32 = 0xFFFF_FFFF


def resolve(host: str, port: int) -> list[str]:
    """By the resolver of this machine, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def permitted(host: str, addresses: Sequence[str]) -> list[str]:
    """Those of the internet. Raises RegistryError if there are none."""
    if not addresses:
        raise RegistryError(f"{host} has no address")
    public = [each for each in addresses if is_public(each)]
    if not public:
        raise RegistryError(f"{host} is at the private address {addresses[0]}")
    return public


def is_public(address: str) -> bool:
    """Whether it is neither private, loopback or link-local, nor that of a machine's metadata."""
    found = _embedded(ip_address(address.partition("%")[0]))
    return found.is_global and not found.is_multicast and found not in _METADATA


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that packets to it go to, if that is what it stands for."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & _LAST_32)
    return address.ipv4_mapped or address.sixtofour or address
