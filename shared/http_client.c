#include "http_client.h"

#include "address.h"
#include "buf.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROBE_MAX_HEAD 32768 /* what is beyond is not looked at */

/* What is used of libcurl; filled once, never unloaded. */
static struct curl {
    __typeof__(curl_global_init) *global_init;
    __typeof__(curl_easy_init) *easy_init;
    __typeof__(curl_easy_setopt) *setopt;
    __typeof__(curl_easy_perform) *perform;
    __typeof__(curl_easy_reset) *reset;
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
    {"curl_easy_reset", offsetof(struct curl, reset)},
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
    const struct http_probe *probe; /* NULL: none */
    struct buf head;                /* of a probe: header lines */
    char *body;                     /* owned; room for max bytes */
    size_t n, max;
    bool too_long;
    int64_t max_age_s;
};

static size_t take_body(char *data, size_t one, size_t n, void *user)
{
    struct transfer *t = user;
    (void)one;           /* always 1 */
    if (t->body == NULL) /* it is of no interest */
        return n;
    size_t room = t->max - t->n, taken = n < room ? n : room;
    if (n > room && t->probe == NULL) {
        t->too_long = true;
        return CURL_WRITEFUNC_ERROR;
    }
    memcpy(t->body + t->n, data, taken);
    t->n += taken;
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
    if (slice_starts(value, "HTTP/")) { /* of the last answer only: 1xx may come before it */
        t->max_age_s = -1;
        t->head.n = 0;
        return n;
    }
    if (t->probe != NULL)
        buf_put(&t->head, (struct slice){data, n});
    if (slice_cut(&value, ':', &name) && slice_is_nocase(name, "cache-control"))
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
static const char *protocols(const struct http_get *what, const struct http_probe *probe)
{
    bool http = what->http_loopback && url_is_loopback(slice_of(what->url));
    return http || (probe != NULL && probe->plain) ? "https,http" : "https";
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
        {CURLOPT_PROTOCOLS_STR, protocols(what, t->probe)},
        {CURLOPT_NOPROXY, "*"},
        {CURLOPT_USERAGENT, "fhir-auth"},
    };
    bool ok = true;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        ok &= curl.setopt(h, numbers[i].option, numbers[i].value) == CURLE_OK;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ok &= curl.setopt(h, texts[i].option, texts[i].value) == CURLE_OK;
    if (what->max_bytes > 0 && t->probe == NULL)
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

/* The body is not copied: it must last until the exchange has ended. */
static bool set_post(CURL *h, const struct http_post *post)
{
    return post == NULL ||
           (curl.setopt(h, CURLOPT_POST, 1L) == CURLE_OK &&
            curl.setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->body.n) == CURLE_OK &&
            curl.setopt(h, CURLOPT_POSTFIELDS, post->body.p) == CURLE_OK);
}

/* The method and the target as they are; what body there is, set_post has set. */
static bool set_probe(CURL *h, const struct http_probe *probe)
{
    long no_body = probe != NULL && strcmp(probe->method, "HEAD") == 0;
    return probe == NULL || (curl.setopt(h, CURLOPT_NOBODY, no_body) == CURLE_OK &&
                             curl.setopt(h, CURLOPT_CUSTOMREQUEST, probe->method) == CURLE_OK &&
                             curl.setopt(h, CURLOPT_REQUEST_TARGET, probe->target) == CURLE_OK);
}

static bool is_success(long status, const struct http_post *post, const struct http_probe *probe)
{
    return status == 200 || (probe != NULL && status > 0) ||
           (post != NULL && post->any_success && status > 200 && status < 300);
}

/* *fault says what went wrong; *status is 0 when no answer came. */
static enum err exchange(CURL *h, const struct http_get *what, const struct http_post *post,
                         struct curl_slist *headers, struct transfer *t, long *status,
                         struct buf *fault)
{
    char detail[CURL_ERROR_SIZE] = "";
    bool bodyless = t->probe != NULL && t->probe->form == NULL;
    if (!set_options(h, what, headers, t) || !(bodyless || set_post(h, post)) ||
        !set_probe(h, t->probe) || curl.setopt(h, CURLOPT_ERRORBUFFER, detail) != CURLE_OK) {
        buf_puts(fault, "libcurl refuses an option");
        return ERR_HTTP;
    }
    CURLcode code = curl.perform(h);
    curl.getinfo(h, CURLINFO_RESPONSE_CODE, status);
    if (t->too_long || code == CURLE_FILESIZE_EXCEEDED)
        buf_printf(fault, "the answer is longer than %zu bytes", what->max_bytes);
    else if (code != CURLE_OK)
        buf_printf(fault, "%.200s", detail[0] != '\0' ? detail : curl.strerror(code));
    else if (!is_success(*status, post, t->probe))
        buf_printf(fault, "answered with status %ld, not 200", *status);
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
    out->head = buf_slice(&t->head);
    out->max_age_s = t->max_age_s;
    return ERR_OK;
}

/* What was in them may be a secret. */
static void free_headers(struct curl_slist *headers)
{
    for (struct curl_slist *each = headers; each != NULL; each = each->next)
        OPENSSL_cleanse(each->data, strlen(each->data));
    curl.slist_free_all(headers);
}

/* One more line; NULL, and all freed, when memory is out. */
static struct curl_slist *add_header(struct curl_slist *headers, const char *name,
                                     const char *value)
{
    char line[HTTP_MAX_HEADER];
    struct buf text = BUF(line);
    buf_printf(&text, "%s: %s", name, value);
    struct curl_slist *all = text.overflowed ? NULL : curl.slist_append(headers, line);
    OPENSSL_cleanse(line, sizeof line);
    if (all == NULL)
        free_headers(headers);
    return all;
}

static struct curl_slist *headers_of(const struct http_get *what, const struct http_post *post)
{
    const struct {
        const char *name, *value; /* value NULL: not sent */
    } lines[] = {
        {"Accept", what->accept},
        {"Content-Type", post != NULL ? post->content_type : NULL},
        {"Authorization", post != NULL ? post->authorization : NULL},
        {"Prefer", post != NULL && what->max_bytes == 0 ? "return=minimal" : NULL},
        {"Expect", post != NULL ? "" : NULL}, /* no pause before the body */
    };
    struct curl_slist *headers = NULL;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (lines[i].value == NULL)
            continue;
        headers = add_header(headers, lines[i].name, lines[i].value);
        if (headers == NULL)
            return NULL;
    }
    return headers;
}

/* With a handle of libcurl, which keeps nothing of it but the connection. */
static enum err run(CURL *h, const struct http_get *what, const struct http_post *post,
                    const struct http_probe *probe, struct arena *a, struct http_answer *out,
                    struct buf *fault)
{
    bool keeps = post == NULL || what->max_bytes > 0;
    long status = 0;
    struct transfer t = {.probe = probe,
                         .head = probe != NULL ? buf_in(a, PROBE_MAX_HEAD) : (struct buf){0},
                         .body = keeps ? malloc(what->max_bytes + 1) : NULL,
                         .max = what->max_bytes,
                         .max_age_s = -1};
    struct curl_slist *headers = headers_of(what, post);
    enum err e = ERR_MEMORY;
    if ((keeps && t.body == NULL) || headers == NULL)
        buf_puts(fault, "memory is out");
    else
        e = exchange(h, what, post, headers, &t, &status, fault);
    if (e == ERR_OK && keeps)
        e = to_arena(&t, a, out, fault);
    out->status = (int)status;
    curl.reset(h);
    free_headers(headers);
    free(t.body);
    return e;
}

/* NULL when there is no libcurl, or no memory. */
static CURL *new_handle(struct buf *fault)
{
    pthread_once(&curl_once, load_curl);
    CURL *h = curl.usable ? curl.easy_init() : NULL;
    if (h == NULL)
        buf_puts(fault, curl.usable ? "memory is out" : "libcurl.so.4 cannot be loaded");
    return h;
}

enum err http_get(const struct http_get *what, struct arena *a, struct http_answer *out)
{
    struct buf fault = BUF(out->fault);
    CURL *h = new_handle(&fault);
    if (h == NULL)
        return curl.usable ? ERR_MEMORY : ERR_HTTP;
    enum err e = run(h, what, NULL, NULL, a, out, &fault);
    curl.cleanup(h);
    return e;
}

struct http_session {
    CURL *handle; /* NULL until it is first used */
};

struct http_session *http_session_new(void)
{
    return calloc(1, sizeof(struct http_session));
}

void http_session_free(struct http_session *s)
{
    if (s != NULL && s->handle != NULL)
        curl.cleanup(s->handle);
    free(s);
}

static enum err run_in(struct http_session *s, const struct http_get *what,
                       const struct http_post *post, const struct http_probe *probe,
                       struct arena *a, struct http_answer *out)
{
    struct buf fault = BUF(out->fault);
    out->status = 0;
    if (s->handle == NULL)
        s->handle = new_handle(&fault);
    if (s->handle == NULL)
        return curl.usable ? ERR_MEMORY : ERR_HTTP;
    return run(s->handle, what, post, probe, a, out, &fault);
}

enum err http_post(struct http_session *s, const struct http_get *what,
                   const struct http_post *post, struct arena *a, struct http_answer *out)
{
    return run_in(s, what, post, NULL, a, out);
}

enum err http_ask(struct http_session *s, const struct http_get *what,
                  const struct http_probe *probe, struct arena *a, struct http_answer *out)
{
    const struct http_post post = {
        .body = slice_of(probe->form),
        .content_type = probe->form != NULL ? "application/x-www-form-urlencoded" : NULL,
        .authorization = probe->authorization};
    return run_in(s, what, &post, probe, a, out);
}
