"""The installation's own certificates: the Secret, the caBundle, rotation and probing. `certs` does the X.509."""
