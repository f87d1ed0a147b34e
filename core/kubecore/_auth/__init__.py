"""Credentials of requests: tokens, certificates, plugins, OpenID Connect."""
