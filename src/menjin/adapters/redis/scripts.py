"""The scripts. Each touches its one key, takes every time from its arguments, and may run twice without harm."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script and the name Redis caches it under."""

    text: str
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha", hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest())


# Arguments: milliseconds to keep, then field and value in turn.
PUT = Script("""
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return 1
""")

# Arguments: last_seen_at.
TOUCH = Script("""
local seen = redis.call('HGET', KEYS[1], 's')
if seen and tonumber(seen) < tonumber(ARGV[1]) then redis.call('HSET', KEYS[1], 's', ARGV[1]) end
return 1
""")

# Arguments: authenticated_at.
CONFIRM = Script("""
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'c', ARGV[1]) end
return 1
""")

# Arguments: the current hash, the new one, the account, now, how many former hashes are kept.
# The second run of one rotation (its first answer was lost) finds its work done.
ROTATE = Script("""
local found = redis.call('HMGET', KEYS[1], 'h', 'e')
if found[2] then return 0 end
if found[1] == ARGV[2] then return 1 end
if found[1] ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'h', ARGV[2], 'a', ARGV[3], 's', ARGV[4], 't:' .. ARGV[1], ARGV[4])
local most = tonumber(ARGV[5])
if redis.call('HLEN', KEYS[1]) > most then
  local all, former = redis.call('HGETALL', KEYS[1]), {}
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 2) == 't:' then former[#former + 1] = {all[i], tonumber(all[i + 1])} end
  end
  table.sort(former, function(one, other) return one[2] > other[2] end)
  for i = most + 1, #former do redis.call('HDEL', KEYS[1], former[i][1]) end
end
return 1
""")

# Arguments: the reason, now, milliseconds to keep the fact that it ended.
END = Script("""
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if redis.call('HSETNX', KEYS[1], 'e', ARGV[1]) == 1 then redis.call('HSET', KEYS[1], 'x', ARGV[2]) end
local left = redis.call('PTTL', KEYS[1])
if left < 0 or left > tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 1
""")
