/** A level, and a failure that led to nothing, are forgotten after a quiet day. */
const MEMORY = 24 * 3_600_000;
/** How many failures in a row lock an account while locks may have been lost. */
const CAUTIOUS_AFTER = 3;

/** Failures in a row over all verifications of one account, and the lock that follows. */
export const ACCOUNTS = `
-- Out of what is kept under its key.
local function account(id, kept)
  if kept then
    local failures, level, locked, touched, by = string.match(kept, '^(%S+) (%S+) (%S+) (%S+) (.*)$')
    local a = {
      key = id, known = true, failures = tonumber(failures), level = tonumber(level), locked = tonumber(locked),
      touched = tonumber(touched), by = by,
    }
    if now < math.max(a.touched, a.locked) + ${MEMORY} then return a end
  end
  return { key = id, known = false, failures = 0, level = 0, locked = 0, touched = 0, by = '' }
end

local function saveAccount(a)
  local kept = string.format('%.0f %.0f %.0f %.0f %s', a.failures, a.level, a.locked, a.touched, a.by)
  redis.call('SET', a.key, kept, 'PX', life(math.max(a.touched, a.locked) + ${MEMORY} - now))
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
  a.failures = a.failures + 1
  a.touched = now
  local closed = a.failures >= after
  if closed then
    a.locked = now + math.min(longest, first * 2 ^ math.min(a.level, 30))
    a.failures, a.level, a.by = 0, a.level + 1, nonce
  end
  saveAccount(a)
  return closed and a.locked or 0
end

-- A failure that was none: the lock it closed opens again, the failures that led up to it stand.
local function forgiveFailure(a, nonce, after)
  if not a.known then return end
  if ownLock(a, nonce) > 0 then
    a.failures, a.level, a.locked, a.by = after - 1, a.level - 1, 0, ''
  elseif a.by ~= nonce and a.failures > 0 then
    a.failures = a.failures - 1
  end
  saveAccount(a)
end

-- A right answer: the row of failures is broken, and a lock closed by this very request opens.
local function clearFailures(a, nonce)
  if not a.known then return end
  if a.by == nonce then a.level, a.locked = a.level - 1, 0 end
  a.failures, a.touched = 0, now
  saveAccount(a)
end
`;
