import { PER_OWNER } from "../../store.js";
import { script } from "../script.js";
import { ACCOUNTS } from "./accounts.js";
import { LIMITS } from "./limits.js";
import { METHODS } from "./methods.js";
import { PRELUDE } from "./prelude.js";
import { CHANGING_ROWS, FORGETTING, ROWS } from "./rows.js";

/** A row is cleared away by whoever opens another; this is for when nobody does, in milliseconds. */
const ROW_SLACK = 7 * 24 * 3_600_000;
/** More than one, so that what is dead becomes less with everything that is opened. */
const SWEPT = 3;

/**
 * ARGV: 3 name, 4 owner, 5 tenant, 6 purpose, 7 account, 8 supersede, 9 ttl, 10 guard time, 11 retention, 12 the
 * caller's instant, 13 call, 14 subject, 15 recipient, 16 whether it never left, 17 attempts, 18 all of the row that
 * scripts do not read, 19 how many charges, then each; the methods on offer.
 */
export const OPEN = script(
  `${PRELUDE}${ROWS}${CHANGING_ROWS}${FORGETTING}${ACCOUNTS}${METHODS}${LIMITS}
local name, owner, tenant, purpose, supersede = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[8]
local charges = tonumber(ARGV[19])

local known = find(name, '', tenant)
if known then return { 'opened', known.packed } end
-- Another tenant's: neither told of nor written over.
if load(name) then return { 'taken' } end
local till = lockedOut(account(ARGV[7]), '')
if till > 0 then return { 'locked', text(till) } end
local failed, off = methodsOf(ARGV[7]), {}
for index = 20 + charges * FIELDS, #ARGV do
  if isDisabled(failed, ARGV[index], '') then off[#off + 1] = ARGV[index] end
end
if #off > 0 then return { 'disabled', off } end

local rows = ofOwner(owner)
local live = {}
for _, row in ipairs(rows) do
  if row.tenant == tenant and not ended(row) then
    local _, _, its = namesOf(row)
    if supersede == 'return' and its == purpose then
      refresh(row.name, owner)
      return { 'exists', row.packed }
    end
    live[#live + 1] = row
  end
end

local refused = refusal(20, charges)
if refused then return refused end

local staying, leaving, room = 0, {}, math.huge
for _, row in ipairs(live) do
  if supersede ~= 'cancel' or now < row.guard then
    staying = staying + 1
    room = math.min(room, row.expires)
  else
    leaving[#leaving + 1] = row
  end
end
if staying >= ${PER_OWNER} then return { 'full', text(room) } end

local function write()
  local id = key('v', name)
  local expires = now + tonumber(ARGV[9])
  local dead = expires + tonumber(ARGV[11])
  local guard = ARGV[10] == '' and '-' or text(now + tonumber(ARGV[10]))
  local limits = table.concat({ ARGV[17], text(now), text(expires), guard, text(dead) }, ' ')
  local row = {
    state = 'p', attempts = 0, revision = '0', lost = ARGV[16], usedAt = '-', usedBy = '',
    rest = '\\n' .. limits .. '\\n' .. ARGV[18],
  }
  if redis.call('EXISTS', id) == 1 then forget(name) end
  redis.call('SET', id, pack(row), 'PX', life(dead - now + ${ROW_SLACK}))

  local lists = { key('i', 'all'), key('t', tenant) }
  if ARGV[15] ~= '-' then lists[#lists + 1] = key('n', ARGV[15]) end
  if ARGV[14] ~= '-' then lists[#lists + 1] = key('j', ARGV[14]) end
  for _, list in ipairs(lists) do
    redis.call('ZADD', list, text(now), name)
    keep(list, dead - now + ${ROW_SLACK})
  end
  redis.call('ZADD', key('i', 'dead'), text(dead), name)
  keep(key('i', 'dead'), dead - now + ${ROW_SLACK})
  refresh(name, owner)
  keep(key('o', owner), dead - now)
  return row.packed
end

local packed = write()
charge(20, charges, ARGV[12], ARGV[13])
for _, row in ipairs(leaving) do
  row.state = 'c'
  save(row)
end
-- Of those that have ended, an owner's list keeps a few; they are still found by their id.
local surplus = #rows + 1 - ${PER_OWNER}
for _, row in ipairs(rows) do
  if surplus > 0 and ended(row) then
    redis.call('ZREM', key('o', owner), row.name)
    surplus = surplus - 1
  end
end
sweep(${SWEPT})
return { 'opened', packed }
`,
);
