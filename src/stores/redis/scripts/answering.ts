import { script } from "../script.js";
import { NEVER } from "../../store.js";
import { ACCOUNTS } from "./accounts.js";
import { METHODS } from "./methods.js";
import { ONCE, PRELUDE } from "./prelude.js";
import { CHANGING_ROWS, ROWS } from "./rows.js";

/** A day: longer than any step can matter, in milliseconds. */
const STEP_LIFE = 24 * 3_600_000;

/** In all of these, ARGV 3 to 5 say which one is meant: id, owner, tenant. */
const FOUND = `
local row = find(ARGV[3], ARGV[4], ARGV[5])
`;
/** The same with the nonce in ARGV 6, as JSON, and whether that was counted. */
const COUNTED = `
local nonce = ARGV[6]
local check = '\\n{"nonce":' .. nonce .. ',"at":'
local row = find(ARGV[3], ARGV[4], ARGV[5])
local counted = row and string.find(row.checks, check, 1, true) ~= nil
`;

export const FIND = script(
  `${PRELUDE}${ROWS}${FOUND}return row and { 'found', unpack(row.packed) } or { 'missing' }`,
  "no-writes",
);

/**
 * KEYS: 2 the account, 3 the epoch. ARGV: 6 nonce, 7 lock after, 8 first, 9 longest, 10 ceiling, 11 the
 * check from its instant on, 12 the epoch that is known.
 */
export const ATTEMPT = script(
  `${PRELUDE}${ROWS}${CHANGING_ROWS}${ACCOUNTS}${METHODS}${COUNTED}
if not row then return { 'missing' } end
local kept = redis.call('MGET', KEYS[2], KEYS[3])
local who = account(KEYS[2], kept[1])
local tried = cjson.decode(row.tried)
local methods = enabled(who, tried, nonce)
local function counting(locked)
  return { 'counted', text(locked), list(methods), list(reachedBy(who, nonce)), unpack(row.packed) }
end

if counted then
  return counting(ownLock(who, nonce))
end
local why = ended(row)
if why then return { why } end
local till = lockedOut(who, nonce)
if till > 0 then return { 'locked', text(till) } end
if methods[1] ~= tried[1] then return { 'disabled' } end

countMethods(who, methods, nonce, tonumber(ARGV[10]))
local after, closed = tonumber(ARGV[7]), 0
if after < ${NEVER} then
  closed = countFailure(who, nonce, lockAfter(after, ARGV[12], kept[2]), tonumber(ARGV[8]), tonumber(ARGV[9]))
end
saveAccount(who)
row.attempts = row.attempts + 1
row.checks = row.checks .. check .. instant .. ARGV[11]
save(row)
return counting(closed)
`,
);

/** KEYS as above. ARGV: 6 nonce, 7 lock after, 8 the epoch that is known; from 9 on the methods that it was counted for. */
export const FORGIVE = script(
  `${PRELUDE}${ROWS}${CHANGING_ROWS}${ACCOUNTS}${METHODS}${COUNTED}
if not counted or row.state ~= 'p' then return { '0' } end
local kept = redis.call('MGET', KEYS[2], KEYS[3])
local who = account(KEYS[2], kept[1])
row.attempts, row.checks = row.attempts - 1, replaced(row.checks, check, '')
save(row)
forgiveFailure(who, nonce, lockAfter(tonumber(ARGV[7]), ARGV[8], kept[2]))
takeBack(who, { unpack(ARGV, 9) }, nonce)
saveAccount(who)
return { '1' }
`,
);

/**
 * KEYS: 2 the account. ARGV: 6 nonce, 7 step, 8 its value, 9 the method that was proved; from 10 on all that
 * it was counted for.
 */
export const CONSUME = script(
  `${PRELUDE}${ROWS}${CHANGING_ROWS}${ACCOUNTS}${METHODS}${COUNTED}
local step = ARGV[7]
if not counted then return { 'missing' } end
if row.state == 'v' then
  if row.usedBy == nonce then return { 'consumed', row.usedAt } end
  return { 'used' }
end
if row.state == 'c' then return { 'canceled' } end
local who = account(KEYS[2], redis.call('GET', KEYS[2]))
local till = lockedOut(who, nonce)
if till > 0 then return { 'locked', text(till) } end
if isDisabled(who, ARGV[9], nonce) then return { 'disabled' } end
if step ~= '' then
  local id = key('s', step)
  local last = redis.call('HMGET', id, 'value', 'dead')
  if last[1] and now < tonumber(last[2]) and tonumber(ARGV[8]) <= tonumber(last[1]) then return { 'replayed' } end
  redis.call('HSET', id, 'value', ARGV[8], 'dead', text(now + ${STEP_LIFE}))
  keep(id, ${STEP_LIFE})
end
clearFailures(who, nonce)
clearMethods(who, { unpack(ARGV, 10) }, nonce, ARGV[9])
saveAccount(who)
row.state, row.usedBy, row.usedAt = 'v', nonce, instant
save(row)
return { 'consumed', row.usedAt }
`,
);

/** ARGV: 6 call. */
export const CANCEL = script(
  `${PRELUDE}${ONCE}${ROWS}${CHANGING_ROWS}${FOUND}
local told = before(ARGV[6])
if told then return { told } end
local why = row and ended(row)
-- Out of attempts, but one of them may still be on its way to be consumed.
if not row or (why and why ~= 'spent') or now >= row.expires then return { '0' } end
row.state = 'c'
save(row)
return once(ARGV[6], '1')
`,
);
