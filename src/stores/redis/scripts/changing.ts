import { script } from "../script.js";
import { LIMITS } from "./limits.js";
import { PRELUDE } from "./prelude.js";
import { CHANGING_ROWS, FORGETTING, ROWS } from "./rows.js";

/**
 * ARGV: 3 to 5 which, 6 revision, 7 delivery, 8 whether it never left, 9 recipient, 10 event and 11 its JSON, 12 digest
 * of the change, 13 the caller's instant, 14 call, 15 how many charges, 16.. each.
 */
export const AMEND = script(
  `${PRELUDE}${ROWS}${CHANGING_ROWS}${LIMITS}
local row = find(ARGV[3], ARGV[4], ARGV[5])
local why = row and ended(row)
if not row or why then return { why or 'missing' } end
if row.revision ~= ARGV[6] then
  -- The reply to this very change may have been lost.
  local mine = ARGV[12] ~= '' and redis.call('HGET', row.key, 'ad') == ARGV[12]
  return { mine and 'amended' or 'changed', whole(row) }
end
local charges = tonumber(ARGV[15])
local refused = refusal(16, charges)
if refused then return refused end

redis.call('HSET', row.key, 'dl', ARGV[7], 'nl', ARGV[8], 'to', ARGV[9], 'rv', text(tonumber(row.revision) + 1),
  'up', text(now), 'ad', ARGV[12])
if ARGV[10] ~= '' then putEvent(row.key, row.sequence + 1, ARGV[10], ARGV[11]) end
if row.to ~= ARGV[9] then
  if row.to ~= '' then redis.call('ZREM', key('n', row.to), row.name) end
  if ARGV[9] ~= '' then
    redis.call('ZADD', key('n', ARGV[9]), text(row.created), row.name)
    keep(key('n', ARGV[9]), redis.call('PTTL', row.key))
  end
end
refresh(row.name, row.owner)
charge(16, charges, ARGV[13], ARGV[14])
return { 'amended', whole(row) }
`,
);

/** ARGV: 3 to 5 which, 6 event, 7 what is told of it, 8 its JSON. */
export const NOTE = script(
  `${PRELUDE}${ROWS}
local row = find(ARGV[3], ARGV[4], ARGV[5])
if not row or redis.call('HEXISTS', row.key, 'e:' .. ARGV[6]) == 0 then return { '0' } end
local place = text(row.sequence + 1)
-- A later word about the same things takes the place of an earlier one, so that no number of them makes a row grow.
redis.call('HSET', row.key, 'p:' .. ARGV[6] .. ':' .. ARGV[7], place .. ' ' .. ARGV[8], 'sq', place, 'up', text(now))
return { '1' }
`,
);

/** ARGV: 3 account. */
export const UNLOCK = script(
  `${PRELUDE}
redis.call('DEL', key('a', ARGV[3]), key('f', ARGV[3]))
return { '1' }
`,
  "allow-oom",
);

/** ARGV: 3 subject (and account), 4 how many at a time. Answers with how many there were. */
export const ERASE = script(
  `${PRELUDE}${ROWS}${FORGETTING}
local names = redis.call('ZRANGE', key('j', ARGV[3]), 0, tonumber(ARGV[4]) - 1)
for _, name in ipairs(names) do
  forget(name)
  redis.call('ZREM', key('j', ARGV[3]), name)
end
redis.call('DEL', key('a', ARGV[3]), key('f', ARGV[3]))
return { text(#names) }
`,
  "allow-oom",
);
