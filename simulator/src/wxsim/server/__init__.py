"""WeChat's server API: what a developer's back end calls."""
