"""Accounts, their WeChat identities, and the business's own directory. Knows no session and no WeChat call."""
