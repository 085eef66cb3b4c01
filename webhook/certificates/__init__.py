"""The certificates of an installation: Secret, caBundle, rotation, probes. `certs` does the X.509."""
