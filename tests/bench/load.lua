-- For wrk: sends the requests of a file one after the other, again and again, and tells its figures as
-- JSON.  The file holds whole requests, each after a line with its length.
local requests, at = {}, 0

function init(args)
    local file = assert(io.open(args[1], "rb"))
    for length in file:lines() do
        requests[#requests + 1] = file:read(tonumber(length))
    end
    file:close()
end

function request()
    at = at % #requests + 1
    return requests[at]
end

function done(summary, latency)
    local e = summary.errors
    print(string.format(
        'JSON {"requests":%d,"us":%d,"refused":%d,"broken":%d,"p50_us":%d,"p99_us":%d}',
        summary.requests, summary.duration, e.status, e.connect + e.read + e.write + e.timeout,
        latency:percentile(50), latency:percentile(99)))
end
