"""The HTTP service: settings, bodies, routes, app."""
