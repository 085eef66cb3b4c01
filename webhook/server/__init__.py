"""The shell: AdmissionReviews in, decisions out, over TLS."""
