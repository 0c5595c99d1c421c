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
 * KEYS: 2 the account. ARGV: 3 name, 4 owner, 5 tenant, 6 purpose, 7 supersede, 8 ttl, 9 guard time,
 * 10 retention, 11 the caller's instant, 12 call, 13 subject, 14 recipient, 15 whether it never left, 16 attempts, 17 the
 * rest of the row, 18 how many charges, then each; the methods on offer.
 */
export const OPEN = script(
  `${PRELUDE}${ROWS}${CHANGING_ROWS}${FORGETTING}${ACCOUNTS}${METHODS}${LIMITS}
local name, owner, tenant, purpose, supersede = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local charges = tonumber(ARGV[18])

local known = find(name, '', tenant)
if known then return { 'opened', unpack(known.packed) } end
-- Another tenant's: neither told of nor written over.
if load(name) then return { 'taken' } end
local who = account(KEYS[2], redis.call('GET', KEYS[2]))
local till = lockedOut(who, '')
if till > 0 then return { 'locked', text(till) } end
local off = {}
for index = 19 + charges * FIELDS, #ARGV do
  if isDisabled(who, ARGV[index], '') then off[#off + 1] = ARGV[index] end
end
if #off > 0 then return { 'disabled', off } end

local rows = ofOwner(owner)
local live = {}
for _, row in ipairs(rows) do
  if row.tenant == tenant and not ended(row) then
    local _, _, its = namesOf(row)
    if supersede == 'return' and its == purpose then
      refresh(row.name, owner)
      return { 'exists', unpack(row.packed) }
    end
    live[#live + 1] = row
  end
end

local refused = refusal(19, charges)
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
  local expires = now + tonumber(ARGV[8])
  local dead = expires + tonumber(ARGV[10])
  local guard = ARGV[9] == '' and '-' or text(now + tonumber(ARGV[9]))
  local row = {
    key = id, packed = { '', ARGV[17] }, checks = '',
    state = 'p', attempts = 0, revision = '0', lost = ARGV[15], usedAt = '-', usedBy = '',
    limits = table.concat({ ARGV[16], instant, text(expires), guard, text(dead) }, ' '),
  }
  if redis.call('EXISTS', id) == 1 then forget(name) end
  saveAll(row)
  keep(id, dead - now + ${ROW_SLACK})

  local lists = { key('i', 'all'), key('t', tenant) }
  if ARGV[14] ~= '-' then lists[#lists + 1] = key('n', ARGV[14]) end
  if ARGV[13] ~= '-' then lists[#lists + 1] = key('j', ARGV[13]) end
  for _, list in ipairs(lists) do
    redis.call('ZADD', list, text(now), name)
    keep(list, dead - now + ${ROW_SLACK})
  end
  redis.call('ZADD', key('i', 'dead'), text(dead), name)
  keep(key('i', 'dead'), dead - now + ${ROW_SLACK})
  refresh(name, owner)
  keep(key('o', owner), dead - now)
  return row
end

local opened = write()
charge(19, charges, ARGV[11], ARGV[12])
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
return { 'opened', unpack(opened.packed) }
`,
);
