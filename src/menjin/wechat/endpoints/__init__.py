"""One file an endpoint: `build()` makes the request, `read()` the typed answer; both pure."""
