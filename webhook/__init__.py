"""podtailor: a mutating admission webhook that adds to Pods what they left open."""

__version__ = "0.2.0"
