"""Fixtures of the cluster: an API server that answers as a test says."""

from tests.cluster.fake_api import fake_cluster

__all__ = ["fake_cluster"]
