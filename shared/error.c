#include "error.h"

#define ERR_ROW(symbol, ...) {#symbol, __VA_ARGS__},
static const struct err_row rows[] = {ERR_LIST(ERR_ROW)};
#undef ERR_ROW

const struct err_row *err_row(enum err e)
{
    return &rows[(unsigned)e < ERR_COUNT ? e : ERR_INTERNAL];
}

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
};

const char *http_reason(int status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Error";
}
