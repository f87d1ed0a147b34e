"""Files to and from containers, as kubectl cp transfers them."""
