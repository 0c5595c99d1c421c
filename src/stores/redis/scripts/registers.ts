import { script } from "../script.js";
import { ONCE, PRELUDE } from "./prelude.js";

/** Small facts: `<instant at which it is dead>:<value>`. */
const FACTS = `
local function get(id)
  local fact = redis.call('GET', id)
  if not fact then return nil end
  local fence = string.find(fact, ':', 1, true)
  if now >= tonumber(string.sub(fact, 1, fence - 1)) then return nil end
  return string.sub(fact, fence + 1)
end

local function set(id, value, ttl)
  redis.call('SET', id, text(now + ttl) .. ':' .. value)
  keep(id, ttl)
end
`;

/** ARGV: 3 name, 4 value, 5 ttl. */
export const CLAIM = script(
  `${PRELUDE}${FACTS}
local first = get(key('k', ARGV[3]))
if first then return { first } end
set(key('k', ARGV[3]), ARGV[4], tonumber(ARGV[5]))
return { ARGV[4] }
`,
);

export const PUT = script(
  `${PRELUDE}${FACTS}
set(key('k', ARGV[3]), ARGV[4], tonumber(ARGV[5]))
return { '1' }
`,
);

/** ARGV: 3 name. */
export const GET = script(
  `${PRELUDE}${FACTS}
local value = get(key('k', ARGV[3]))
return value and { '1', value } or { '0' }
`,
  "no-writes",
);

/** ARGV: 3 name, 4 call. */
export const TAKE = script(
  `${PRELUDE}${ONCE}${FACTS}
local told = before(ARGV[4])
if told then return { '1', told } end
local value = get(key('k', ARGV[3]))
if not value then return { '0' } end
once(ARGV[4], value)
redis.call('DEL', key('k', ARGV[3]))
return { '1', value }
`,
);

/** ARGV: 3 name, 4 since, 5 idle, 6 only look. */
export const TOUCH = script(
  `${PRELUDE}${FACTS}
local last = math.max(tonumber(ARGV[4]), tonumber(get(key('u', ARGV[3])) or 0))
local idle = tonumber(ARGV[5])
if now - last > idle then return { '0' } end
if ARGV[6] ~= '1' then set(key('u', ARGV[3]), text(now), idle + 1) end
return { '1' }
`,
);

/**
 * A list is one hash: `#` counts, a name leads to `<place> <document>`. ARGV: 3 list, 4 name, 5 document, 6 call; each
 * script takes what it needs.
 */
export const ADD_DOCUMENT = script(
  `${PRELUDE}${ONCE}
local told = before(ARGV[6])
if told then return { told } end
local list = key('d', ARGV[3])
if redis.call('HEXISTS', list, ARGV[4]) == 1 then return { '0' } end
redis.call('HSET', list, ARGV[4], text(redis.call('HINCRBY', list, '#', 1)) .. ' ' .. ARGV[5])
return once(ARGV[6], '1')
`,
);

export const REPLACE_DOCUMENT = script(
  `${PRELUDE}
local list = key('d', ARGV[3])
local before = redis.call('HGET', list, ARGV[4])
if not before then return { '0' } end
redis.call('HSET', list, ARGV[4], string.match(before, '^%d+') .. ' ' .. ARGV[5])
return { '1' }
`,
);

export const REMOVE_DOCUMENT = script(
  `${PRELUDE}${ONCE}
local told = before(ARGV[6])
if told then return { told } end
local list = key('d', ARGV[3])
if redis.call('HDEL', list, ARGV[4]) == 0 then return { '0' } end
if redis.call('HLEN', list) == 1 then redis.call('DEL', list) end
return once(ARGV[6], '1')
`,
);

export const DOCUMENTS = script(
  `${PRELUDE}
local fields = redis.call('HGETALL', key('d', ARGV[3]))
local documents = {}
for index = 1, #fields, 2 do
  if fields[index] ~= '#' then documents[#documents + 1] = fields[index + 1] end
end
return documents
`,
  "no-writes",
);
