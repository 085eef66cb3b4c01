"""The certificates of an installation: Secret, caBundle, rotation and probing. `certs` does the X.509."""
