"""A soak of the whole programme: random valid commands, and what is required of every answer."""
