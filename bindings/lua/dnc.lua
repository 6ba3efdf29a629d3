-- libdnc in LuaJIT: require "dnc" gives the functions of dnc.h, with their numbers and types, and `check` for statuses.
--
-- DNC_LIBRARY names the library, otherwise the loader finds it; DNC_FFI_HEADER names dnc_ffi.h, otherwise it is beside
-- this file or in ../../include.
local ffi = require "ffi"

local here = debug.getinfo(1, "S").source:match "^@(.*/)" or "./"

local function text()
  for _, path in ipairs { os.getenv "DNC_FFI_HEADER" or "", here .. "dnc_ffi.h", here .. "../../include/dnc_ffi.h" } do
    local file = io.open(path)
    if file then
      local found = file:read "*a"
      file:close()
      return found
    end
  end
  error "dnc_ffi.h is not beside dnc.lua: set DNC_FFI_HEADER"
end

ffi.cdef(text())
local library = ffi.load(os.getenv "DNC_LIBRARY" or "dnc")

-- Raises what dnc_last_error says, unless the status is DNC_OK.
local function check(status)
  if status ~= library.DNC_OK then error(ffi.string(library.dnc_last_error()), 2) end
end

-- A configuration with its defaults: new("dnc_config", library.dnc_config_init).
local function new(type, init)
  local value = ffi.new(type)
  check(init(value, ffi.sizeof(type)))
  return value
end

-- What a function hands out through its last argument, freed with Lua's value: made("dnc", free, function(out) ... end).
local function made(type, free, make)
  local out = ffi.new(type .. "*[1]")
  check(make(out))
  return ffi.gc(out[0], free)
end

local module = { check = check, new = new, made = made, library = library }
return setmetatable(module, { __index = function(_, name) return library["dnc_" .. name] end })
