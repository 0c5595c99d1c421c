import { script } from "../script.js";
import { ACCOUNTS } from "./accounts.js";
import { ONCE, PRELUDE } from "./prelude.js";
import { ROWS } from "./rows.js";

/** A day: longer than any step can matter, in milliseconds. */
const STEP_LIFE = 24 * 3_600_000;

/** In all of these, ARGV 3 to 5 say which one is meant: id, owner, tenant. */
const FOUND = `
local row = find(ARGV[3], ARGV[4], ARGV[5])
`;
/** The same with the nonce in ARGV 6: `row.has` says whether it was counted. */
const COUNTED = `
local nonce = ARGV[6]
local check = 'c:' .. nonce
local row = find(ARGV[3], ARGV[4], ARGV[5], check)
`;

export const FIND = script(
  `${PRELUDE}${ROWS}${FOUND}return row and { 'found', whole(row) } or { 'missing' }`,
  "no-writes",
);

/** ARGV: 6 nonce, 7 account, 8 lock after, 9 first, 10 longest, 11 and 12 the check around its instant, 13 epoch. */
export const ATTEMPT = script(
  `${PRELUDE}${ROWS}${ACCOUNTS}${COUNTED}
local who = account(ARGV[7])
if row and row.has then return { 'counted', text(ownLock(who, nonce)), whole(row) } end
if not row then return { 'missing' } end
local why = ended(row)
if why then return { why } end
local till = lockedOut(who, nonce)
if till > 0 then return { 'locked', text(till) } end

local after, closed = tonumber(ARGV[8]), 0
-- Who can never be locked needs no memory.
if after < ${Number.MAX_SAFE_INTEGER} then
  closed = countFailure(who, nonce, lockAfter(after, ARGV[13]), tonumber(ARGV[9]), tonumber(ARGV[10]))
end
local place = text(row.sequence + 1)
redis.call('HSET', row.key, 'at', text(row.attempts + 1), 'up', text(now), 'sq', place,
  check, place .. ' ' .. ARGV[11] .. text(now) .. ARGV[12])
return { 'counted', text(closed), whole(row) }
`,
);

/** ARGV: 6 nonce, 7 account, 8 lock after, 9 epoch. */
export const FORGIVE = script(
  `${PRELUDE}${ROWS}${ACCOUNTS}${COUNTED}
if not row or row.state ~= 'p' or not row.has then return { '0' } end
redis.call('HDEL', row.key, check)
redis.call('HSET', row.key, 'at', text(row.attempts - 1), 'up', text(now))
forgiveFailure(account(ARGV[7]), nonce, lockAfter(tonumber(ARGV[8]), ARGV[9]))
return { '1' }
`,
);

/** ARGV: 6 nonce, 7 account, 8 step, 9 its value. */
export const CONSUME = script(
  `${PRELUDE}${ROWS}${ACCOUNTS}${COUNTED}
local step = ARGV[8]
if not row or not row.has then return { 'missing' } end
if row.state == 'v' then
  local used = redis.call('HMGET', row.key, 'ub', 'ua')
  if used[1] == nonce then return { 'consumed', used[2] } end
  return { 'used' }
end
if row.state == 'c' then return { 'canceled' } end
local who = account(ARGV[7])
local till = lockedOut(who, nonce)
if till > 0 then return { 'locked', text(till) } end
if step ~= '' then
  local id = key('s', step)
  local last = redis.call('HMGET', id, 'value', 'dead')
  if last[1] and now < tonumber(last[2]) and tonumber(ARGV[9]) <= tonumber(last[1]) then return { 'replayed' } end
  redis.call('HSET', id, 'value', ARGV[9], 'dead', text(now + ${STEP_LIFE}))
  keep(id, ${STEP_LIFE})
end
clearFailures(who, nonce)
redis.call('HSET', row.key, 'st', 'v', 'ub', nonce, 'ua', text(now), 'up', text(now))
return { 'consumed', text(now) }
`,
);

/** ARGV: 6 call. */
export const CANCEL = script(
  `${PRELUDE}${ONCE}${ROWS}${FOUND}
local told = before(ARGV[6])
if told then return { told } end
local why = row and ended(row)
-- Out of attempts, but one of them may still be on its way to be consumed.
if not row or (why and why ~= 'spent') or now >= row.expires then return { '0' } end
redis.call('HSET', row.key, 'st', 'c', 'up', text(now))
return once(ARGV[6], '1')
`,
);
