import { script } from "../script.js";
import { PRELUDE } from "./prelude.js";
import { FORGETTING, ROWS } from "./rows.js";

/**
 * For what an index answers alone. ARGV: 3 and 4 the index, 5 earliest, 6 latest, 7 offset, 8 how many. Answers: how
 * many dead ones there are, how many that fit, and rows.
 */
export const PAGE = script(
  `${PRELUDE}${ROWS}
local due = text(redis.call('ZCOUNT', key('i', 'dead'), '-inf', text(now)))
local index = key(ARGV[3], ARGV[4])
local total = redis.call('ZCOUNT', index, ARGV[5], ARGV[6])
local rows = {}
for _, name in ipairs(redis.call('ZREVRANGEBYSCORE', index, ARGV[6], ARGV[5], 'LIMIT', ARGV[7], ARGV[8])) do
  local row = load(name)
  if row then rows[#rows + 1] = row.packed end
end
return { due, text(total), rows }
`,
  "no-writes",
);

/**
 * One batch of an index, filtered. ARGV: 3 to 8 as above, 9 tenant, 10 service, 11 recipient, 12 subject, 13 status, 14 how many that fit
 * to leave out, 15 how many to answer with. Answers: how many were looked at, the last one's instant, how many at the
 * end share it, how many fit, and rows.
 */
export const SCAN = script(
  `${PRELUDE}${ROWS}
local function status(row)
  local why = ended(row)
  if why == 'used' then return 'verified' end
  if why == 'spent' then return 'failed' end
  if why == 'canceled' then return why end
  if row.lost == '1' then return 'undeliverable' end
  return why or 'pending'
end

local function fits(row)
  local _, _, _, subject, service, to = namesOf(row)
  return (ARGV[9] == '' or row.tenant == ARGV[9]) and (ARGV[10] == '' or service == ARGV[10])
    and (ARGV[11] == '' or to == ARGV[11]) and (ARGV[12] == '' or subject == ARGV[12])
    and (ARGV[13] == '' or status(row) == ARGV[13])
end

local found = redis.call('ZREVRANGEBYSCORE', key(ARGV[3], ARGV[4]), ARGV[6], ARGV[5], 'WITHSCORES', 'LIMIT', ARGV[7],
  ARGV[8])
local last = found[#found] or ''
local from, most = tonumber(ARGV[14]), tonumber(ARGV[15])
local same, fitting, rows = 0, 0, {}
for index = 1, #found, 2 do
  same = found[index + 1] == last and same + 1 or 0
  local row = load(found[index])
  if row and fits(row) then
    fitting = fitting + 1
    if fitting > from and #rows < most then rows[#rows + 1] = row.packed end
  end
end
return { text(#found / 2), last, text(same), text(fitting), rows }
`,
  "no-writes",
);

/** ARGV: 3 how many. */
export const SWEEP = script(`${PRELUDE}${ROWS}${FORGETTING}return { text(sweep(tonumber(ARGV[3]))) }`, "allow-oom");
