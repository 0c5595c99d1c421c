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
local check = 'c{"nonce":' .. nonce .. ',"at":'
local row = find(ARGV[3], ARGV[4], ARGV[5])
local counted = row and string.find(row.rest, '\\n' .. check, 1, true) ~= nil
`;

export const FIND = script(
  `${PRELUDE}${ROWS}${FOUND}return row and { 'found', row.packed } or { 'missing' }`,
  "no-writes",
);

/**
 * ARGV: 6 nonce, 7 account, 8 lock after, 9 first, 10 longest, 11 ceiling, 12 the check from its instant on, 13 epoch.
 */
export const ATTEMPT = script(
  `${PRELUDE}${ROWS}${CHANGING_ROWS}${ACCOUNTS}${METHODS}${COUNTED}
if not row then return { 'missing' } end
local who, failed = account(ARGV[7]), methodsOf(ARGV[7])
local tried = cjson.decode(row.tried)
local methods = enabled(failed, tried, nonce)
if counted then
  return { 'counted', text(ownLock(who, nonce)), row.packed, methods, reachedBy(failed, nonce) }
end
local why = ended(row)
if why then return { why } end
local till = lockedOut(who, nonce)
if till > 0 then return { 'locked', text(till) } end
if methods[1] ~= tried[1] then return { 'disabled' } end

countMethods(failed, methods, nonce, tonumber(ARGV[11]))
local after, closed = tonumber(ARGV[8]), 0
if after < ${NEVER} then
  closed = countFailure(who, nonce, lockAfter(after, ARGV[13]), tonumber(ARGV[9]), tonumber(ARGV[10]))
end
row.attempts = row.attempts + 1
append(row, check .. text(now) .. ARGV[12])
save(row)
return { 'counted', text(closed), row.packed, methods, reachedBy(failed, nonce) }
`,
);

/** ARGV: 6 nonce, 7 account, 8 lock after, 9 epoch; from 10 on the methods that it was counted for. */
export const FORGIVE = script(
  `${PRELUDE}${ROWS}${CHANGING_ROWS}${ACCOUNTS}${METHODS}${COUNTED}
if not counted or row.state ~= 'p' then return { '0' } end
replace(row, check, '')
row.attempts = row.attempts - 1
save(row)
forgiveFailure(account(ARGV[7]), nonce, lockAfter(tonumber(ARGV[8]), ARGV[9]))
local failed = methodsOf(ARGV[7])
if next(failed.all) ~= nil then
  takeBack(failed, { unpack(ARGV, 10) }, nonce)
  saveMethods(failed)
end
return { '1' }
`,
);

/** ARGV: 6 nonce, 7 account, 8 step, 9 its value, 10 the method that was proved; from 11 on all that it was counted for. */
export const CONSUME = script(
  `${PRELUDE}${ROWS}${CHANGING_ROWS}${ACCOUNTS}${METHODS}${COUNTED}
local step = ARGV[8]
if not counted then return { 'missing' } end
if row.state == 'v' then
  if row.usedBy == nonce then return { 'consumed', row.usedAt } end
  return { 'used' }
end
if row.state == 'c' then return { 'canceled' } end
local who, failed = account(ARGV[7]), methodsOf(ARGV[7])
local till = lockedOut(who, nonce)
if till > 0 then return { 'locked', text(till) } end
if isDisabled(failed, ARGV[10], nonce) then return { 'disabled' } end
if step ~= '' then
  local id = key('s', step)
  local last = redis.call('HMGET', id, 'value', 'dead')
  if last[1] and now < tonumber(last[2]) and tonumber(ARGV[9]) <= tonumber(last[1]) then return { 'replayed' } end
  redis.call('HSET', id, 'value', ARGV[9], 'dead', text(now + ${STEP_LIFE}))
  keep(id, ${STEP_LIFE})
end
clearFailures(who, nonce)
clearMethods(failed, { unpack(ARGV, 11) }, nonce, ARGV[10])
row.state, row.usedBy, row.usedAt = 'v', nonce, text(now)
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
