import { FAILURES_KEPT, NEVER } from "../../store.js";

/**
 * Failures in a row by each method of an account: of each how many, and the request that reached the ceiling, which
 * disables it. Apart from the lock, which is forgotten sooner.
 */
export const METHODS = `
-- Out of what is kept under its key.
local function methodsOf(id, kept)
  local known = { key = id, all = {} }
  if kept then
    local touched, all = string.match(kept, '^(%S+) (.*)$')
    if now < tonumber(touched) + ${FAILURES_KEPT} then known.all = cjson.decode(all) end
  end
  return known
end

local function saveMethods(known)
  if next(known.all) == nil then return redis.call('DEL', known.key) end
  redis.call('SET', known.key, instant .. ' ' .. cjson.encode(known.all), 'PX', life(${FAILURES_KEPT}))
end

-- But not by this very request.
local function isDisabled(known, method, nonce)
  local m = known.all[method]
  return m ~= nil and m.by ~= '' and m.by ~= nonce
end

local function enabled(known, methods, nonce)
  local left = {}
  for _, method in ipairs(methods) do
    if not isDisabled(known, method, nonce) then left[#left + 1] = method end
  end
  return left
end

-- An empty table would be an object.
local function list(methods)
  return #methods == 0 and '[]' or cjson.encode(methods)
end

local function reachedBy(known, nonce)
  local reached = {}
  for method, m in pairs(known.all) do
    if m.by == nonce then reached[#reached + 1] = method end
  end
  return reached
end

-- Ahead of the compare.
local function countMethods(known, methods, nonce, ceiling)
  if ceiling >= ${NEVER} then return end
  for _, method in ipairs(methods) do
    local m = known.all[method] or { count = 0 }
    m.count = m.count + 1
    m.by = m.count >= ceiling and nonce or ''
    known.all[method] = m
  end
  saveMethods(known)
end

-- Failures that were none; what another request has disabled stays so.
local function takeBack(known, methods, nonce)
  for _, method in ipairs(methods) do
    local m = known.all[method]
    if m and (m.by == '' or m.by == nonce) then
      m.count, m.by = m.count - 1, ''
      if m.count == 0 then known.all[method] = nil end
    end
  end
end

-- A right answer: only the method that was proved starts anew, and whatever had been disabled beside it.
local function clearMethods(known, methods, nonce, proved)
  if next(known.all) == nil then return end
  takeBack(known, methods, nonce)
  known.all[proved] = nil
  for method, m in pairs(known.all) do
    if m.by ~= '' then known.all[method] = nil end
  end
  saveMethods(known)
end
`;
