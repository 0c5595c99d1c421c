import { CLOCK_SKEW } from "../../../core/clock.js";
import { NAME_LENGTH } from "../names.js";

/**
 * State, attempts, revision, last change, whether it never left, use; as one and each by itself attempts allowed, birth,
 * end, guard, burial; user; checks.
 */
const HEAD = `^${"(%S+) ".repeat(6)}(${Array(5).fill("(%S+)").join(" ")}) ([^\\n]*)(.*)$`;

/**
 * A verification is a hash of two texts, so that one command reads it and another writes it. `m` is what scripts decide by
 * and change: a first line (see `HEAD`), then each check as JSON, in the order in which they came. `r` is the rest, moved
 * about and seldom changed: a line of the methods whose code an answer may be, as JSON; one of names (tenant and owner, all
 * of one length; purpose; subject, service, recipient, or '-'; the digest of the last amendment); the JSON of what never
 * changes, and that of the delivery; then lines that begin with `e`, an event, or `p`, what became known of one since it
 * was put there.
 */
export const ROWS = `
local function read(name)
  local id = key('v', name)
  local f = redis.call('HMGET', id, 'm', 'r')
  if not f[1] then return nil end
  local state, attempts, revision, _, lost, usedAt, limits, max, created, expires, guard, dead, usedBy, checks =
    string.match(f[1], '${HEAD}')
  local fence = string.find(f[2], '\\n', 1, true)
  return {
    key = id, name = name, packed = f, checks = checks,
    state = state, attempts = tonumber(attempts), revision = revision, lost = lost, usedAt = usedAt, usedBy = usedBy,
    max = tonumber(max), created = tonumber(created), expires = tonumber(expires), guard = tonumber(guard) or 0,
    dead = tonumber(dead), limits = limits,
    tried = string.sub(f[2], 1, fence - 1),
    tenant = string.sub(f[2], fence + 1, fence + ${NAME_LENGTH}),
    owner = string.sub(f[2], fence + ${NAME_LENGTH + 2}, fence + ${2 * NAME_LENGTH + 1}),
  }
end

local function load(name)
  local row = read(name)
  return row and now < row.dead and row or nil
end

-- What it is found by: tenant, owner, purpose, subject, service, recipient; and the digest of the last amendment.
local function namesOf(row)
  return string.match(row.packed[2], '^[^\\n]*\\n(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)')
end

local function ended(row)
  if row.state == 'v' then return 'used' end
  if row.state == 'c' then return 'canceled' end
  if row.attempts >= row.max then return 'spent' end
  if now >= row.expires or now < row.created - ${CLOCK_SKEW} then return 'expired' end
  return nil
end

-- An owner's, in the order in which they were last met.
local function ofOwner(owner)
  local rows = {}
  for _, name in ipairs(redis.call('ZRANGE', key('o', owner), 0, -1)) do
    local row = load(name)
    if row then rows[#rows + 1] = row end
  end
  return rows
end

local function newestOf(owner, tenant)
  local rows = ofOwner(owner)
  local newest
  for i = #rows, 1, -1 do
    if tenant == '' or rows[i].tenant == tenant then
      if not ended(rows[i]) then return rows[i] end
      newest = newest or rows[i]
    end
  end
  return newest
end

-- By id, by owner, or both; '' is for what was not given.
local function find(name, owner, tenant)
  if name == '' then
    if owner == '' then return nil end
    return newestOf(owner, tenant)
  end
  local row = load(name)
  local theirs = row and (owner == '' or row.owner == owner) and (tenant == '' or row.tenant == tenant)
  return theirs and row or nil
end
`;

/** For scripts that write rows. */
export const CHANGING_ROWS = `
local function pack(row)
  local head = { row.state, text(row.attempts), row.revision, instant, row.lost, row.usedAt, row.limits, row.usedBy }
  return table.concat(head, ' ') .. row.checks
end

local function save(row)
  row.packed[1] = pack(row)
  redis.call('HSET', row.key, 'm', row.packed[1])
end

local function saveAll(row)
  row.packed[1] = pack(row)
  redis.call('HSET', row.key, 'm', row.packed[1], 'r', row.packed[2])
end

-- A text with other lines in the place of the one that begins so, line end ahead; nothing where there is none.
local function replaced(whole, beginning, lines)
  local from = string.find(whole, beginning, 1, true)
  if not from then return nil end
  local fence = string.find(whole, '\\n', from + 1, true) or #whole + 1
  return string.sub(whole, 1, from - 1) .. lines .. string.sub(whole, fence)
end

-- Whoever is met again is the one meant from now on.
local function refresh(name, owner)
  local list = key('o', owner)
  local last = redis.call('ZRANGE', list, -1, -1, 'WITHSCORES')
  if last[1] ~= name then redis.call('ZADD', list, text((tonumber(last[2]) or 0) + 1), name) end
end
`;

/** Needs `ROWS`. */
export const FORGETTING = `
local function forget(name)
  redis.call('ZREM', key('i', 'dead'), name)
  redis.call('ZREM', key('i', 'all'), name)
  local row = read(name)
  if not row then return end
  local tenant, owner, _, subject, _, to = namesOf(row)
  redis.call('ZREM', key('t', tenant), name)
  redis.call('ZREM', key('o', owner), name)
  if subject ~= '-' then redis.call('ZREM', key('j', subject), name) end
  if to ~= '-' then redis.call('ZREM', key('n', to), name) end
  redis.call('DEL', row.key)
end

-- Buries what has been dead for longer than it is to be remembered.
local function sweep(most)
  local due = redis.call('ZRANGEBYSCORE', key('i', 'dead'), '-inf', text(now), 'LIMIT', 0, most)
  for _, name in ipairs(due) do forget(name) end
  return #due
end
`;
