"""The nouns that every room shares: Pod, policy, quantity, selector, patch. Pure values."""
