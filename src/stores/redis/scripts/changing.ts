import { script } from "../script.js";
import { LIMITS } from "./limits.js";
import { PRELUDE } from "./prelude.js";
import { CHANGING_ROWS, FORGETTING, ROWS } from "./rows.js";

/**
 * ARGV: 3 to 5 which, 6 revision, 7 delivery, 8 the methods of its codes, 9 whether it never left, 10 recipient, 11 event
 * and 12 its JSON, 13 digest of the change, 14 the caller's instant, 15 call, 16 how many charges, 17.. each.
 */
export const AMEND = script(
  `${PRELUDE}${ROWS}${CHANGING_ROWS}${LIMITS}
local row = find(ARGV[3], ARGV[4], ARGV[5])
local why = row and ended(row)
if not row or why then return { why or 'missing' } end
local tenant, owner, purpose, subject, service, to, digest = namesOf(row)
if row.revision ~= ARGV[6] then
  -- The reply to this very change may have been lost.
  return { ARGV[13] ~= '-' and digest == ARGV[13] and 'amended' or 'changed', unpack(row.packed) }
end
local charges = tonumber(ARGV[16])
local refused = refusal(17, charges)
if refused then return refused end

row.revision, row.lost = text(tonumber(row.revision) + 1), ARGV[9]
local names = table.concat({ tenant, owner, purpose, subject, service, ARGV[10], ARGV[13] }, ' ')
local base, lines = string.match(row.packed[2], '^[^\\n]*\\n[^\\n]*\\n([^\\n]*)\\n[^\\n]*(.*)$')
if ARGV[11] ~= '' then
  local beginning = '\\ne' .. ARGV[11] .. ' '
  local event = beginning .. ARGV[12]
  local others = replaced(lines, beginning, event)
  lines = others or lines .. event
  -- What was told of the one before.
  while others do
    others = replaced(lines, '\\np' .. ARGV[11] .. ':', '')
    lines = others or lines
  end
end
row.packed[2] = table.concat({ ARGV[8], names, base, ARGV[7] }, '\\n') .. lines
saveAll(row)
if to ~= ARGV[10] then
  if to ~= '-' then redis.call('ZREM', key('n', to), row.name) end
  if ARGV[10] ~= '-' then
    redis.call('ZADD', key('n', ARGV[10]), text(row.created), row.name)
    keep(key('n', ARGV[10]), redis.call('PTTL', row.key))
  end
end
refresh(row.name, row.owner)
charge(17, charges, ARGV[14], ARGV[15])
return { 'amended', unpack(row.packed) }
`,
);

/** ARGV: 3 to 5 which, 6 event, 7 what is told of it, 8 its JSON. */
export const NOTE = script(
  `${PRELUDE}${ROWS}${CHANGING_ROWS}
local row = find(ARGV[3], ARGV[4], ARGV[5])
if not row or not string.find(row.packed[2], '\\ne' .. ARGV[6] .. ' ', 1, true) then return { '0' } end
-- A later word about the same things takes the place of an earlier one, so that no number of them makes a row grow.
local beginning = '\\np' .. ARGV[6] .. ':' .. ARGV[7] .. ' '
row.packed[2] = (replaced(row.packed[2], beginning, '') or row.packed[2]) .. beginning .. ARGV[8]
saveAll(row)
return { '1' }
`,
);

/** KEYS: 2 the account. */
export const UNLOCK = script(
  `${PRELUDE}
redis.call('DEL', KEYS[2])
return { '1' }
`,
  "allow-oom",
);

/** KEYS: 3 the account. ARGV: 3 subject, 4 how many at a time. Answers with how many there were. */
export const ERASE = script(
  `${PRELUDE}${ROWS}${FORGETTING}
local names = redis.call('ZRANGE', key('j', ARGV[3]), 0, tonumber(ARGV[4]) - 1)
for _, name in ipairs(names) do
  forget(name)
  redis.call('ZREM', key('j', ARGV[3]), name)
end
redis.call('DEL', KEYS[3])
return { text(#names) }
`,
  "allow-oom",
);
