"""Service clients: the business's own services, each with a credential, for the apps and scopes it was given."""
