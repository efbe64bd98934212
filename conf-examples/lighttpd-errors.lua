-- What lighttpd answers itself is an HTML page; clients of these paths expect JSON.  When the request
-- was too long or malformed its path is not known, so the one body suits both kinds of client: it is
-- a FHIR OperationOutcome and an OAuth error (RFC 6749 section 5.2) at once.
local r = lighty.r
local status = r.req_item["http_status"]

-- The HTML of lighttpd begins so; an answer of the FHIR server or of the two programs stays.
local own_page = '<?xml version="1.0" encoding="iso-8859-1"?>'
if status < 400 or r.resp_header["Content-Type"] ~= "text/html" then
    return 0
end
if r.resp_body.len > 1024 or r.resp_body.get:sub(1, #own_page) ~= own_page then
    return 0
end

local kinds = {
    [403] = { "forbidden", "access_denied", "The request is refused" },
    [404] = { "not-found", "not_found", "There is nothing at this URL" },
    [405] = { "not-supported", "invalid_request", "This HTTP method is not allowed here" },
    [413] = { "too-long", "invalid_request", "The request body is too large" },
    [414] = { "too-long", "invalid_request", "The request URL is too long" },
    [431] = { "too-long", "invalid_request", "The request URL or its headers are too long" },
    [501] = { "not-supported", "invalid_request", "This HTTP method is not known here" },
}
local kind = kinds[status]
if not kind and status < 500 then
    kind = { "structure", "invalid_request", "The request is malformed" }
elseif not kind then
    kind = { "transient", "temporarily_unavailable", "The service is temporarily unavailable" }
end

r.resp_header["Content-Type"] = "application/json"
r.resp_header["Cache-Control"] = "no-store"
if status == 405 then
    r.resp_header["Allow"] = "GET, HEAD, POST, OPTIONS"
elseif status == 503 then
    r.resp_header["Retry-After"] = "5"
end
r.resp_body.set(string.format(
    '{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"%s","diagnostics":"%s"}],'
        .. '"error":"%s","error_description":"%s"}\n',
    kind[1], kind[3], kind[2], kind[3]))
return status -- the body is complete: with 0 lighttpd would wait for more
