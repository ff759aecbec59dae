"""The stores on Redis or Valkey, by redis-py; needs the extra `menjin[redis]`."""
