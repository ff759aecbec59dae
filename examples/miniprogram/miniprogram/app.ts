// Nothing to do for the login here: the first request does it.
App({});
