import { CLOCK_SKEW } from "../../../core/clock.js";

/**
 * A verification is one hash. Scripts move its JSON about without reading it (`base` what never changes, `dl` delivery,
 * `c:` checks, `e:` events, `p:` what became known of an event later), and decide by the rest: `im` what never changes
 * (see `immutable`), `st` state, `at` attempts, `rv` revision, `ad` digest of the last amendment, `up` last change, `ub`
 * and `ua` who used it up and when, `to` recipient, `nl` whether it never left, `sq` the number of what was added last.
 */
export const ROWS = `
-- Tenant, owner, purpose, subject, service, hashed, or '-'; attempts; the instants of birth, end, guard and burial.
local function immutable(packed)
  return string.match(packed, '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)')
end

-- 'more' names fields to be told as well: asked for with the others, they take no call of their own.
local function load(name, more)
  local id = key('v', name)
  local f = redis.call('HMGET', id, 'im', 'st', 'at', 'rv', 'sq', 'to', 'nl', unpack(more or {}))
  if not f[1] then return nil end
  local tenant, owner, purpose, subject, service, max, created, expires, guard, dead = immutable(f[1])
  if now >= tonumber(dead) then return nil end
  return {
    key = id, name = name, tenant = tenant, owner = owner, purpose = purpose, subject = subject, service = service,
    max = tonumber(max), created = tonumber(created), expires = tonumber(expires), guard = tonumber(guard) or 0,
    state = f[2], attempts = tonumber(f[3]), revision = f[4], sequence = tonumber(f[5]),
    to = f[6], neverLeft = f[7] == '1', more = { unpack(f, 8) },
  }
end

local function ended(row)
  if row.state == 'v' then return 'used' end
  if row.state == 'c' then return 'canceled' end
  if row.attempts >= row.max then return 'spent' end
  if now >= row.expires or now < row.created - ${CLOCK_SKEW} then return 'expired' end
  return nil
end

-- An owner's, in the order in which they were last met.
local function ofOwner(owner, more)
  local rows = {}
  for _, name in ipairs(redis.call('ZRANGE', key('o', owner), 0, -1)) do
    local row = load(name, more)
    if row then rows[#rows + 1] = row end
  end
  return rows
end

local function newestOf(owner, tenant, more)
  local rows = ofOwner(owner, more)
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
local function find(name, owner, tenant, more)
  if name == '' then
    if owner == '' then return nil end
    return newestOf(owner, tenant, more)
  end
  local row = load(name, more)
  local theirs = row and (owner == '' or row.owner == owner) and (tenant == '' or row.tenant == tenant)
  return theirs and row or nil
end

local function whole(row)
  return redis.call('HGETALL', row.key)
end
`;

/** For scripts that write rows. */
export const CHANGING_ROWS = `
-- Whoever is met again is the one meant from now on.
local function refresh(name, owner)
  local list = key('o', owner)
  local last = redis.call('ZRANGE', list, -1, -1, 'WITHSCORES')
  if last[1] ~= name then redis.call('ZADD', list, text((tonumber(last[2]) or 0) + 1), name) end
end

-- Instead of the one with the same id, or after all the others.
local function putEvent(id, sequence, event, json)
  local before = redis.call('HGET', id, 'e:' .. event)
  local place = before and string.match(before, '^%d+') or text(sequence)
  redis.call('HSET', id, 'e:' .. event, place .. ' ' .. text(sequence) .. ' ' .. json, 'sq', text(sequence))
end
`;

/** Needs `ROWS`. */
export const FORGETTING = `
local function forget(name)
  local id = key('v', name)
  local f = redis.call('HMGET', id, 'im', 'to')
  redis.call('ZREM', key('i', 'dead'), name)
  redis.call('ZREM', key('i', 'all'), name)
  if not f[1] then return end
  local tenant, owner, _, subject = immutable(f[1])
  redis.call('ZREM', key('t', tenant), name)
  redis.call('ZREM', key('o', owner), name)
  if subject ~= '-' then redis.call('ZREM', key('j', subject), name) end
  if f[2] ~= '' then redis.call('ZREM', key('n', f[2]), name) end
  redis.call('DEL', id)
end

-- Buries what has been dead for longer than it is to be remembered.
local function sweep(most)
  local due = redis.call('ZRANGEBYSCORE', key('i', 'dead'), '-inf', text(now), 'LIMIT', 0, most)
  for _, name in ipairs(due) do forget(name) end
  return #due
end
`;
