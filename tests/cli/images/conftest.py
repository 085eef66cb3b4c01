"""An API server and a registry that answer as a test says."""

from tests.cluster.fake_api import fake_cluster
from tests.images.registry.conftest import certificates

__all__ = ["certificates", "fake_cluster"]
