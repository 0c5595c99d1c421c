/** Keys outlive what they hold by up to this much, in milliseconds, so that not every use must lengthen their life. */
const SLACK = 60_000;

/**
 * What every script begins with. `KEYS[1]` is the root of all names. `ARGV[1]`: the instant, in Redis time, after which
 * the caller has gone away and nothing may be done any more. `ARGV[2]`: the time in a test that owns it.
 */
export const PRELUDE = `
local root = KEYS[1]
local time = redis.call('TIME')
local real = time[1] * 1000 + math.floor(time[2] / 1000)

-- Lua gives large numbers an exponent, unless it is told not to.
local function text(number)
  if number == math.floor(number) then return string.format('%.0f', number) end
  return string.format('%.17g', number)
end

if ARGV[1] ~= '' and real > tonumber(ARGV[1]) then return { 'late', text(real) } end
local now = tonumber(ARGV[2]) or real
local instant = text(now)

local function key(kind, name)
  return root .. ':' .. kind .. ':' .. name
end

-- Only clears away what is long dead: what counts is the instant kept in the data.
local function life(ms)
  return text(math.min(math.ceil(ms), 1e14) + ${SLACK})
end

local function keep(name, ms)
  if redis.call('PTTL', name) < ms then redis.call('PEXPIRE', name, life(ms)) end
end
`;

/** For steps that are not idempotent: a driver that sends a call again is told what the first one was told. */
export const ONCE = `
local function before(call)
  return redis.call('GET', key('x', call))
end

local function once(call, answer)
  redis.call('SET', key('x', call), answer, 'PX', 10000)
  return { answer }
end
`;
