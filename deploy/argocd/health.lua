-- What Argo CD shows of an object of privatelink.dev. Healthy: Azure is as this generation of spec wants it. Degraded: a
-- user must act. Suspended: it is paused, and nothing happens until the annotation goes. Progressing: all else.
local metadata = obj.metadata or {}
local status = obj.status or {}
local found = {}
for _, condition in ipairs(status.conditions or {}) do
  found[condition.type] = condition
end

-- What a condition says of this generation of spec; of an earlier one it says nothing.
local function holds(condition)
  return condition ~= nil and condition.status == "True"
    and status.observedGeneration == metadata.generation
    and condition.observedGeneration == metadata.generation
end

local function says(condition)
  return condition.reason .. ": " .. condition.message
end

local ready = found["Ready"]
local paused = (metadata.annotations or {})["privatelink.dev/paused"] == "true"
local health = { status = "Progressing", message = "The controller has not looked at this generation yet" }
if holds(found["Stalled"]) then
  health.status = "Degraded"
  health.message = says(found["Stalled"])
elseif paused and ready ~= nil and ready.reason == "Paused" then
  health.status = "Suspended"
  health.message = says(ready)
elseif holds(ready) and metadata.deletionTimestamp == nil then
  health.status = "Healthy"
  health.message = says(ready)
elseif ready ~= nil and status.observedGeneration == metadata.generation then
  health.message = says(ready)
end

-- Argo CD 3.6 and newer show this of an object under deletion; older ones say no more than that it is deleted.
if metadata.deletionTimestamp ~= nil then
  health.deletionMessage = health.message
end
return health
