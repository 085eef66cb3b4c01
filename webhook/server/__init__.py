"""The HTTP server: AdmissionReviews in, answers out, over TLS."""
