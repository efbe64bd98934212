#include "http_client.h"

#include "address.h"
#include "buf.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

/* What is used of libcurl; filled once, never unloaded. */
static struct curl {
    __typeof__(curl_global_init) *global_init;
    __typeof__(curl_easy_init) *easy_init;
    __typeof__(curl_easy_setopt) *setopt;
    __typeof__(curl_easy_perform) *perform;
    __typeof__(curl_easy_getinfo) *getinfo;
    __typeof__(curl_easy_strerror) *strerror;
    __typeof__(curl_easy_cleanup) *cleanup;
    __typeof__(curl_slist_append) *slist_append;
    __typeof__(curl_slist_free_all) *slist_free_all;
    bool usable;
} curl;
static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static const struct {
    const char *name;
    size_t offset;
} symbols[] = {
    {"curl_global_init", offsetof(struct curl, global_init)},
    {"curl_easy_init", offsetof(struct curl, easy_init)},
    {"curl_easy_setopt", offsetof(struct curl, setopt)},
    {"curl_easy_perform", offsetof(struct curl, perform)},
    {"curl_easy_getinfo", offsetof(struct curl, getinfo)},
    {"curl_easy_strerror", offsetof(struct curl, strerror)},
    {"curl_easy_cleanup", offsetof(struct curl, cleanup)},
    {"curl_slist_append", offsetof(struct curl, slist_append)},
    {"curl_slist_free_all", offsetof(struct curl, slist_free_all)},
};

static void load_curl(void)
{
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return;
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (symbol == NULL)
            return;
        /* Copied, as C has no cast from an object pointer to a function pointer. */
        memcpy((char *)&curl + symbols[i].offset, &symbol, sizeof symbol);
    }
    curl.usable = curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

/* An answer as it comes in. */
struct transfer {
    char *body; /* owned; room for max bytes */
    size_t n, max;
    bool too_long;
    int64_t max_age_s;
};

static size_t take_body(char *data, size_t one, size_t n, void *user)
{
    struct transfer *t = user;
    (void)one; /* always 1 */
    if (n > t->max - t->n) {
        t->too_long = true;
        return CURL_WRITEFUNC_ERROR;
    }
    memcpy(t->body + t->n, data, n);
    t->n += n;
    return n;
}

/*
 * One Cache-Control field (RFC 9111 section 5.2).  Of several statements the strictest counts, and
 * a max-age that cannot be read counts as 0 (section 4.2.1).
 */
static void take_cache_control(struct slice value, int64_t *max_age_s)
{
    struct slice part, name;
    while (slice_cut(&value, ',', &part)) {
        struct slice argument = slice_trim(part);
        uint64_t age = 0;
        if (!slice_cut(&argument, '=', &name))
            continue;
        if (slice_is_nocase(name, "max-age")) {
            if (!slice_to_u64(argument, INT64_MAX, &age))
                age = 0;
        } else if (!slice_is_nocase(name, "no-store") && !slice_is_nocase(name, "no-cache")) {
            continue;
        }
        if (*max_age_s < 0 || (int64_t)age < *max_age_s)
            *max_age_s = (int64_t)age;
    }
}

/* The type is libcurl's. */
/* NOLINTNEXTLINE(readability-non-const-parameter) */
static size_t take_header(char *data, size_t one, size_t n, void *user)
{
    struct transfer *t = user;
    struct slice value = {data, n};
    struct slice name;
    (void)one;
    while (value.n > 0 && (value.p[value.n - 1] == '\r' || value.p[value.n - 1] == '\n'))
        value.n--;
    if (slice_starts(value, "HTTP/")) /* of the last answer only: 1xx may come before it */
        t->max_age_s = -1;
    else if (slice_cut(&value, ':', &name) && slice_is_nocase(name, "cache-control"))
        take_cache_control(value, &t->max_age_s);
    return n;
}

/* libcurl has resolved the name: what it is about to connect to is looked at, whatever DNS says. */
static curl_socket_t open_public(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)user;
    (void)purpose;
    if (!address_is_public(&address->addr))
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* http only where it is allowed and for this machine only. */
static const char *protocols(const struct http_get *what)
{
    return what->http_loopback && url_is_loopback(slice_of(what->url)) ? "https,http" : "https";
}

/* False when any option is refused: an older library, or no memory. */
static bool set_options(CURL *h, const struct http_get *what, struct curl_slist *headers,
                        struct transfer *t)
{
    long timeout = what->timeout_ms > 1 ? (long)what->timeout_ms : 2; /* 0 would be without end */
    const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
        {CURLOPT_FOLLOWLOCATION, 0},
        {CURLOPT_NETRC, CURL_NETRC_IGNORED},
        {CURLOPT_DISALLOW_USERNAME_IN_URL, 1},
        {CURLOPT_NOSIGNAL, 1},
        {CURLOPT_TIMEOUT_MS, timeout},
        {CURLOPT_CONNECTTIMEOUT_MS, timeout / 2},
        {CURLOPT_SSL_VERIFYPEER, 1},
        {CURLOPT_SSL_VERIFYHOST, 2},
        {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    };
    const struct {
        CURLoption option;
        const char *value;
    } texts[] = {
        {CURLOPT_URL, what->url},
        {CURLOPT_PROTOCOLS_STR, protocols(what)},
        {CURLOPT_NOPROXY, "*"},
        {CURLOPT_USERAGENT, "fhir-auth"},
    };
    bool ok = true;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        ok &= curl.setopt(h, numbers[i].option, numbers[i].value) == CURLE_OK;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ok &= curl.setopt(h, texts[i].option, texts[i].value) == CURLE_OK;
    ok &= curl.setopt(h, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)what->max_bytes) == CURLE_OK;
    ok &= curl.setopt(h, CURLOPT_HTTPHEADER, headers) == CURLE_OK;
    ok &= curl.setopt(h, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK;
    ok &= curl.setopt(h, CURLOPT_WRITEDATA, t) == CURLE_OK;
    ok &= curl.setopt(h, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK;
    ok &= curl.setopt(h, CURLOPT_HEADERDATA, t) == CURLE_OK;
    if (what->public_only)
        ok &= curl.setopt(h, CURLOPT_OPENSOCKETFUNCTION, open_public) == CURLE_OK;
    if (what->ca_file[0] != '\0') {
        ok &= curl.setopt(h, CURLOPT_CAINFO, what->ca_file) == CURLE_OK;
        ok &= curl.setopt(h, CURLOPT_CAPATH, NULL) == CURLE_OK; /* else the system's count too */
    }
    return ok;
}

/* *fault says what went wrong. */
static enum err fetch(CURL *h, const struct http_get *what, struct curl_slist *headers,
                      struct transfer *t, struct buf *fault)
{
    char detail[CURL_ERROR_SIZE] = "";
    long status = 0;
    if (!set_options(h, what, headers, t) ||
        curl.setopt(h, CURLOPT_ERRORBUFFER, detail) != CURLE_OK) {
        buf_puts(fault, "libcurl refuses an option");
        return ERR_HTTP;
    }
    CURLcode code = curl.perform(h);
    curl.getinfo(h, CURLINFO_RESPONSE_CODE, &status);
    if (t->too_long || code == CURLE_FILESIZE_EXCEEDED)
        buf_printf(fault, "the answer is longer than %zu bytes", what->max_bytes);
    else if (code != CURLE_OK)
        buf_printf(fault, "%.200s", detail[0] != '\0' ? detail : curl.strerror(code));
    else if (status != 200)
        buf_printf(fault, "answered with status %ld, not 200", status);
    else
        return ERR_OK;
    return ERR_HTTP;
}

static enum err to_arena(const struct transfer *t, struct arena *a, struct http_answer *out,
                         struct buf *fault)
{
    const char *body = arena_dup(a, (struct slice){t->body, t->n});
    if (body == NULL) {
        buf_puts(fault, "memory is out");
        return ERR_MEMORY;
    }
    out->body = (struct slice){body, t->n};
    out->max_age_s = t->max_age_s;
    return ERR_OK;
}

enum err http_get(const struct http_get *what, struct arena *a, struct http_answer *out)
{
    struct buf fault = BUF(out->fault);
    pthread_once(&curl_once, load_curl);
    if (!curl.usable) {
        buf_puts(&fault, "libcurl.so.4 cannot be loaded");
        return ERR_HTTP;
    }
    char accept[256];
    struct buf header = BUF(accept);
    buf_printf(&header, "Accept: %s", what->accept);
    struct transfer t = {
        .body = malloc(what->max_bytes + 1), .max = what->max_bytes, .max_age_s = -1};
    struct curl_slist *headers = header.overflowed ? NULL : curl.slist_append(NULL, accept);
    CURL *h = curl.easy_init();
    enum err e = ERR_MEMORY;
    if (t.body == NULL || headers == NULL || h == NULL)
        buf_puts(&fault, "memory is out");
    else
        e = fetch(h, what, headers, &t, &fault);
    if (e == ERR_OK)
        e = to_arena(&t, a, out, &fault);
    curl.cleanup(h);
    curl.slist_free_all(headers);
    free(t.body);
    return e;
}

/* ---- POST ---- */

struct http_json_poster {
    struct http_get what;       /* what a POST has in common with a GET */
    CURL *handle;               /* owned; keeps its connection */
    struct curl_slist *headers; /* owned */
};

/* The type is libcurl's. */
/* NOLINTNEXTLINE(readability-non-const-parameter) */
static size_t drop_body(char *data, size_t one, size_t n, void *user)
{
    (void)data, (void)user;
    return one * n;
}

/* False when memory is out. */
static bool add_header(struct curl_slist **list, const char *name, const char *value)
{
    char text[256];
    struct buf header = BUF(text);
    buf_printf(&header, "%s: %s", name, value);
    struct curl_slist *more = header.overflowed ? NULL : curl.slist_append(*list, text);
    if (more == NULL)
        return false;
    *list = more;
    return true;
}

struct http_json_poster *http_json_poster_new(const char *url, const char *content_type,
                                              const char *ca_file, unsigned timeout_ms)
{
    struct http_json_poster *p = calloc(1, sizeof *p);
    pthread_once(&curl_once, load_curl);
    if (p == NULL || !curl.usable) {
        free(p);
        return NULL;
    }
    p->what = (struct http_get){
        .url = url, .http_loopback = true, .ca_file = ca_file, .timeout_ms = timeout_ms};
    p->handle = curl.easy_init();
    bool ok = p->handle != NULL && add_header(&p->headers, "Content-Type", content_type) &&
              add_header(&p->headers, "Accept", content_type) &&
              add_header(&p->headers, "Prefer", "return=minimal") &&
              add_header(&p->headers, "Expect", ""); /* no pause before the body */
    if (ok && set_options(p->handle, &p->what, p->headers, NULL) &&
        curl.setopt(p->handle, CURLOPT_WRITEFUNCTION, drop_body) == CURLE_OK &&
        curl.setopt(p->handle, CURLOPT_HEADERFUNCTION, drop_body) == CURLE_OK &&
        curl.setopt(p->handle, CURLOPT_POST, 1L) == CURLE_OK)
        return p;
    http_json_poster_free(p);
    return NULL;
}

void http_json_poster_free(struct http_json_poster *p)
{
    if (p == NULL)
        return;
    curl.cleanup(p->handle);
    curl.slist_free_all(p->headers);
    free(p);
}

enum err http_json_post(struct http_json_poster *p, struct slice body, struct http_json_posted *out)
{
    char detail[CURL_ERROR_SIZE] = "";
    long status = 0;
    struct buf fault = BUF(out->fault);
    CURL *h = p->handle;
    out->status = 0;
    if (curl.setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n) != CURLE_OK ||
        curl.setopt(h, CURLOPT_POSTFIELDS, body.p) != CURLE_OK ||
        curl.setopt(h, CURLOPT_ERRORBUFFER, detail) != CURLE_OK) {
        buf_puts(&fault, "libcurl refuses an option");
        return ERR_HTTP;
    }
    CURLcode code = curl.perform(h);
    curl.getinfo(h, CURLINFO_RESPONSE_CODE, &status);
    curl.setopt(h, CURLOPT_ERRORBUFFER, NULL); /* it does not outlive this call */
    if (code != CURLE_OK) {
        buf_printf(&fault, "%.200s", detail[0] != '\0' ? detail : curl.strerror(code));
        return ERR_HTTP;
    }
    out->status = (int)status;
    if (status >= 200 && status < 300)
        return ERR_OK;
    buf_printf(&fault, "answered with status %ld", status);
    return ERR_HTTP;
}
