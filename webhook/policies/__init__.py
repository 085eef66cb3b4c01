"""Policy documents: their schema, where they come from, and how they become the engine's frozen policies."""
