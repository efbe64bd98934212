-- At the token endpoint: refuse other methods at once, without waiting for a body.
local known = { GET = true, HEAD = true, POST = true, OPTIONS = true }
local r = lighty.r
if known[r.req_attr["request.method"]] then
    return 0
end
return 405
