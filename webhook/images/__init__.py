"""Which platforms images run on: by what ran, and by what registries say. Never in the request path."""
