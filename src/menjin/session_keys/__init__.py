"""The keyring: WeChat's session_keys, the current and the one before, sealed at rest.

Knows no session and no WeChat call; the key goes in after a login and comes out to open data.
"""
