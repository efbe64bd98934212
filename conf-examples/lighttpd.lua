-- Runs twice for a request to /fhir: before the authorizer is asked, and again after it granted.
-- Then, and only then, the environment holds FHIR_AUTH=granted and the facts about the token.
local r = lighty.r

local identity = {
    ["X-Fhir-Auth"] = "FHIR_AUTH",
    ["X-Fhir-Auth-Client-Id"] = "FHIR_AUTH_CLIENT_ID",
    ["X-Fhir-Auth-Scope"] = "FHIR_AUTH_SCOPE",
    ["X-Fhir-Auth-Subject"] = "FHIR_AUTH_SUBJECT",
    ["X-Fhir-Auth-Jti"] = "FHIR_AUTH_JTI",
    ["X-Fhir-Auth-Issuer"] = "FHIR_AUTH_ISSUER",
    ["X-Fhir-Auth-Patient"] = "FHIR_AUTH_PATIENT",
    ["X-Fhir-Auth-User"] = "FHIR_AUTH_USER",
    ["X-Fhir-Auth-Limit"] = "FHIR_AUTH_LIMIT",
}

-- A header with an empty value is not sent on.  Names with anything but letters, digits and "-" go
-- too: to servers that make variables of headers, X_Fhir_Auth or If_None_Exist is the same as with
-- "-", while the authorizer may have read only one of them.
local unwanted = {}
for name in pairs(r.req_header) do
    if name:lower():find("^x%-fhir%-auth") or name:find("[^%w%-]") then
        unwanted[#unwanted + 1] = name
    end
end
for _, name in ipairs(unwanted) do
    r.req_header[name] = ""
end

if r.req_env["FHIR_AUTH"] == "granted" then
    for name, variable in pairs(identity) do
        r.req_header[name] = r.req_env[variable] or ""
    end
    -- The token and its proof are none of the FHIR server's business; without these lines they go on.
    r.req_header["Authorization"] = ""
    r.req_header["DPoP"] = ""
end
return 0
