"""The access_token of each app: WeChat's credential for calling its API. Knows no person and no session."""
