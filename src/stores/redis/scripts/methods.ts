import { NEVER } from "../../store.js";

/**
 * Failures in a row by each method of an account: of each how many, and the request that reached the ceiling, which
 * disables it. Needs `ACCOUNTS`, and whoever changes something saves the account.
 */
export const METHODS = `
-- But not by this very request.
local function isDisabled(a, method, nonce)
  local m = a.methods[method]
  return m ~= nil and m.by ~= '' and m.by ~= nonce
end

local function enabled(a, methods, nonce)
  local left = {}
  for _, method in ipairs(methods) do
    if not isDisabled(a, method, nonce) then left[#left + 1] = method end
  end
  return left
end

-- An empty table would be an object.
local function list(methods)
  return #methods == 0 and '[]' or cjson.encode(methods)
end

local function reachedBy(a, nonce)
  local reached = {}
  for method, m in pairs(a.methods) do
    if m.by == nonce then reached[#reached + 1] = method end
  end
  return reached
end

-- Ahead of the compare.
local function countMethods(a, methods, nonce, ceiling)
  if ceiling >= ${NEVER} then return end
  a.counted = now
  for _, method in ipairs(methods) do
    local count = (a.methods[method] and a.methods[method].count or 0) + 1
    a.methods[method] = { count = count, by = count >= ceiling and nonce or '' }
  end
end

-- Failures that were none; what another request has disabled stays so.
local function takeBack(a, methods, nonce)
  for _, method in ipairs(methods) do
    local m = a.methods[method]
    if m and (m.by == '' or m.by == nonce) then
      m.count, m.by = m.count - 1, ''
      if m.count == 0 then a.methods[method] = nil end
    end
  end
end

-- A right answer: only the method that was proved starts anew, and whatever had been disabled beside it.
local function clearMethods(a, methods, nonce, proved)
  takeBack(a, methods, nonce)
  a.methods[proved] = nil
  for method, m in pairs(a.methods) do
    if m.by ~= '' then a.methods[method] = nil end
  end
end
`;
