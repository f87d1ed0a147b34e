"""The types of all kinds: from the documents of generated packages and from CRDs."""
