from __future__ import annotations

import pytest

from webhook.images.registry.addresses import is_public, permitted, resolve
from webhook.images.registry.image import RegistryError


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1"),  # noqa: S104
        *(
            "169.254.169.254",
            "168.63.129.16",
            "100.100.100.200",
            "192.0.0.192",
            "224.0.0.1",
            "255.255.255.255",
        ),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:10.0.0.1"),
        *("::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "2001:db8::1"),
    ],
)
def test_private_address(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]
)
def test_public_address(address: str) -> None:
    assert is_public(address)


def test_public_addresses_alone_are_permitted() -> None:
    assert permitted("r.example", ["10.0.0.1", "8.8.8.8", "::1"]) == ["8.8.8.8"]
    with pytest.raises(RegistryError, match=r"^r\.example is at the private address 10\.0\.0\.1$"):
        permitted("r.example", ["10.0.0.1", "::1"])
    with pytest.raises(RegistryError, match="has no address"):
        permitted("r.example", [])


def test_addresses_are_those_of_this_machine() -> None:
    assert resolve("127.0.0.1", 443) == ["127.0.0.1"]
