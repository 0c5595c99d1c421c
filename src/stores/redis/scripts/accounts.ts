import { FAILURES_KEPT } from "../../store.js";

/** A level, and a failure that led to nothing, are forgotten after a quiet day. */
const MEMORY = 24 * 3_600_000;
/** How many failures in a row lock an account while locks may have been lost. */
const CAUTIOUS_AFTER = 3;

/**
 * An account is a text of two lines, so that one command reads it and another writes it: failures in a row over all its
 * verifications and the lock that follows; and when a failure was last counted by a method, with what `METHODS` knows of
 * each, which is remembered for longer.
 */
export const ACCOUNTS = `
-- Out of what is kept under its key.
local function account(id, kept)
  local a = { key = id, known = false, failures = 0, level = 0, locked = 0, touched = 0, by = '', counted = 0, methods = {} }
  if not kept then return a end
  local failures, level, locked, touched, by, counted, methods =
    string.match(kept, '^(%S+) (%S+) (%S+) (%S+) ([^\\n]*)\\n(%S+) (.*)$')
  locked, touched, counted = tonumber(locked), tonumber(touched), tonumber(counted)
  if now < math.max(touched, locked) + ${MEMORY} then
    a.known, a.failures, a.level = true, tonumber(failures), tonumber(level)
    a.locked, a.touched, a.by = locked, touched, by
  end
  if methods ~= '{}' and now < counted + ${FAILURES_KEPT} then a.counted, a.methods = counted, cjson.decode(methods) end
  return a
end

local function saveAccount(a)
  local dead = math.max(a.touched, a.locked) + ${MEMORY}
  if next(a.methods) ~= nil then dead = math.max(dead, a.counted + ${FAILURES_KEPT}) end
  if dead <= now then return redis.call('DEL', a.key) end
  local kept = string.format('%.0f %.0f %.0f %.0f %s\\n%.0f %s',
    a.failures, a.level, a.locked, a.touched, a.by, a.counted, cjson.encode(a.methods))
  redis.call('SET', a.key, kept, 'PX', life(dead - now))
end

-- Until when this request is locked out, or 0.
local function lockedOut(a, nonce)
  return now < a.locked and a.by ~= nonce and a.locked or 0
end

-- The end of the lock that this very request closed, as long as it lasts, or 0.
local function ownLock(a, nonce)
  return now < a.locked and a.by == nonce and a.locked or 0
end

-- The lock rule, stricter for a while after Redis has lost what it knew.
local function lockAfter(after, epoch, kept)
  local known, cautious = string.match(kept or '', '^(.-):(.*)$')
  if known == epoch and now >= tonumber(cautious) then return after end
  return math.min(after, ${CAUTIOUS_AFTER})
end

-- Ahead of the compare; answers with the end of the lock that this one closed, or 0.
local function countFailure(a, nonce, after, first, longest)
  a.known, a.failures, a.touched = true, a.failures + 1, now
  if a.failures < after then return 0 end
  a.locked = now + math.min(longest, first * 2 ^ math.min(a.level, 30))
  a.failures, a.level, a.by = 0, a.level + 1, nonce
  return a.locked
end

-- A failure that was none: the lock it closed opens again, the failures that led up to it stand.
local function forgiveFailure(a, nonce, after)
  if not a.known then return end
  if ownLock(a, nonce) > 0 then
    a.failures, a.level, a.locked, a.by = after - 1, a.level - 1, 0, ''
  elseif a.by ~= nonce and a.failures > 0 then
    a.failures = a.failures - 1
  end
end

-- A right answer: the row of failures is broken, and a lock closed by this very request opens.
local function clearFailures(a, nonce)
  if not a.known then return end
  if a.by == nonce then a.level, a.locked = a.level - 1, 0 end
  a.failures, a.touched = 0, now
end
`;
