import { script } from "../script.js";
import { PRELUDE } from "./prelude.js";
import { FORGETTING, ROWS } from "./rows.js";

/** How long locks are stricter after Redis has lost what it knew, in milliseconds. */
const CAUTION = 24 * 3_600_000;

/**
 * Revocations: `list` by their number, `ends` by when they are over, `info` what each says. Numbers are microseconds of
 * Redis' clock, so that they go on growing where all of this was lost.
 */
const REVOCATIONS = `
local list, ends, info = key('r', 'list'), key('r', 'ends'), key('r', 'info')

local function bury(most)
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', ends, '-inf', text(now), 'LIMIT', 0, most)) do
    redis.call('ZREM', list, name)
    redis.call('ZREM', ends, name)
    redis.call('HDEL', info, name)
  end
end
`;

/** ARGV: 3 subject, 4 its JSON, 5 ttl. Answers with its instant and its end. */
export const REVOKE = script(
  `${PRELUDE}${REVOCATIONS}
local name, ttl = ARGV[3], tonumber(ARGV[5])
local at, dead = string.match(redis.call('HGET', info, name) or '0:0:', '^(.-):(.-):')
-- A clock that went back must not take back what was revoked.
at = math.max(now, tonumber(at))
dead = math.max(at + ttl, tonumber(dead))
local number = math.max(tonumber(redis.call('HGET', info, '#') or 0) + 1, time[1] * 1000000 + time[2])
redis.call('HSET', info, name, text(at) .. ':' .. text(dead) .. ':' .. ARGV[4], '#', text(number))
redis.call('ZADD', list, text(number), name)
redis.call('ZADD', ends, text(dead), name)
for _, each in ipairs({ list, ends, info }) do keep(each, dead - now) end
bury(10)
return { text(at), text(dead) }
`,
);

/**
 * What a process must know, learned at a beat. ARGV: 3 the last number it has seen, 4 the epoch it knows, 5 one to begin
 * with, 6 how many revocations, 7 how many dead rows to bury, 8 whether to look at the server's settings.
 */
export const PULSE = script(
  `${PRELUDE}${ROWS}${FORGETTING}${REVOCATIONS}
local place, known = key('e', 'epoch'), ARGV[4]
local function begin(name, caution)
  redis.call('SET', place, name .. ':' .. text(caution))
  return name
end

local epoch, cautious = string.match(redis.call('GET', place) or '', '^(.-):(.*)$')
local lost = known ~= '' and epoch ~= known
-- Whoever knew another epoch knows that locks are gone; a first start knows of none, and nothing is lost.
if not epoch then
  epoch = begin(ARGV[5], lost and now + ${CAUTION} or 0)
elseif lost and now >= tonumber(cautious) then
  begin(epoch, now + ${CAUTION})
end

bury(100)
sweep(tonumber(ARGV[7]))
local seen = lost and '0' or ARGV[3]
local names = redis.call('ZRANGEBYSCORE', list, '(' .. seen, '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[6])
local facts = {}
for index = 1, #names, 2 do
  seen = names[index + 1]
  facts[#facts + 1] = redis.call('HGET', info, names[index]) or ''
end

local policy = ''
if ARGV[8] == '1' then
  local memory = redis.pcall('INFO', 'memory')
  policy = type(memory) == 'string' and string.match(memory, 'maxmemory_policy:([%w-]+)') or 'unknown'
end
return { text(real), text(now), epoch, lost and '1' or '0', seen, policy, facts }
`,
  "allow-oom",
);
