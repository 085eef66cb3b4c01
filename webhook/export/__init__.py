"""Policies as one MutatingAdmissionPolicy, which the API server itself applies. Pure."""
