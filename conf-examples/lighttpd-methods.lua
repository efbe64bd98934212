-- At the token endpoint: refuse other methods at once, without waiting for a small body.  Larger ones
-- are left to the program: lighttpd would close while the client still sends, and the answer be lost.
local known = { GET = true, HEAD = true, POST = true, OPTIONS = true }
local r = lighty.r
local length = tonumber(r.req_header["Content-Length"] or "0") or 0
if known[r.req_attr["request.method"]] or length > 16384 then
    return 0
end
return 405
