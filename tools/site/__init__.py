"""Build the site of the documentation: pages of docs/ and of the repository, examples, and the generated reference."""
