import { PRELUDE, ONCE } from "./prelude.js";
import { script } from "../script.js";

/**
 * Exact sliding logs: a sorted set of the instants at which something was let through. A member says when that was by
 * the caller's clock, which is how it is taken back, and which call it was, so that no call is counted twice.
 */
export const LIMITS = `
local FIELDS = 5

-- The charges of a call stand from ARGV[first] on: key, max, interval, waits, peek.
local function chargeAt(first, index)
  local at = first + index * FIELDS
  return {
    log = key('l', ARGV[at]), max = tonumber(ARGV[at + 1]), interval = tonumber(ARGV[at + 2]),
    waits = ARGV[at + 3], peek = ARGV[at + 4] == '1',
  }
end

-- When the next one may pass, given those that did.
local function nextAllowed(charge)
  if charge.max <= 0 then return math.huge end
  local log = charge.log
  local count = redis.call('ZCOUNT', log, '(' .. text(now - charge.interval), '+inf')
  local at = 0
  if count == 0 then return at end
  if count >= charge.max then
    local place = text(-charge.max)
    at = tonumber(redis.call('ZRANGE', log, place, place, 'WITHSCORES')[2]) + charge.interval
  end
  if charge.waits ~= '' then
    local wait, index = 0, 0
    for each in string.gmatch(charge.waits, '[^,]+') do
      if index < count then wait = tonumber(each) end
      index = index + 1
    end
    at = math.max(at, tonumber(redis.call('ZRANGE', log, -1, -1, 'WITHSCORES')[2]) + wait)
  end
  return at
end

-- The refusal that lasts longest, so that waiting for it is enough.
local function refusal(first, count)
  local worst, worstAt = nil, 0
  for index = 0, count - 1 do
    local at = nextAllowed(chargeAt(first, index))
    if at > now and at > worstAt then worst, worstAt = index, at end
  end
  return worst and { 'limited', text(worst), text(worstAt) }
end

local function member(by, call, index)
  return by .. ':' .. call .. ':' .. text(index)
end

local function charge(first, count, by, call)
  for index = 0, count - 1 do
    local each = chargeAt(first, index)
    if not each.peek then
      redis.call('ZADD', each.log, text(now), member(by, call, index))
      redis.call('ZREMRANGEBYSCORE', each.log, '-inf', text(now - each.interval))
      keep(each.log, each.interval)
    end
  end
end
`;

/** ARGV: 3 the caller's instant, 4 call, 5 how many, 6.. charges. */
export const CHARGE = script(
  `${PRELUDE}${LIMITS}
local by, call, count = ARGV[3], ARGV[4], tonumber(ARGV[5])
for index = 0, count - 1 do
  if redis.call('ZSCORE', chargeAt(6, index).log, member(by, call, index)) then return { 'charged' } end
end
local refused = refusal(6, count)
if refused then return refused end
charge(6, count, by, call)
return { 'charged' }
`,
);

/**
 * ARGV: 3 the instant, 4 call, 5.. keys. The instant is one that this store told (of a verification it opened), or that
 * of the caller when it charged; one entry is taken out, the newest that fits.
 */
export const REFUND = script(
  `${PRELUDE}${ONCE}
local at, call = ARGV[3], ARGV[4]
if before(call) then return { '1' } end

local function entryOf(log)
  local exact = redis.call('ZREVRANGEBYSCORE', log, at, at, 'LIMIT', 0, 1)[1]
  if exact then return exact end
  for _, entry in ipairs(redis.call('ZREVRANGE', log, 0, 499)) do
    if string.sub(entry, 1, #at + 1) == at .. ':' then return entry end
  end
end

for index = 5, #ARGV do
  local log = key('l', ARGV[index])
  local entry = entryOf(log)
  if entry then redis.call('ZREM', log, entry) end
end
return once(call, '1')
`,
);
