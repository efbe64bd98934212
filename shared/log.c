#include "log.h"

#include "append_file.h"
#include "buf.h"
#include "clock.h"
#include "instant.h"
#include "utf8.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

/* Behind a value that was cut: U+2026. */
#define CUT_MARK "\xe2\x80\xa6"

/* Set by log_open before there are threads, constant after that. */
static struct {
    char program[32];
    struct append_file file; /* not open: to standard error */
    bool to_syslog;
} sink = {.file.fd = -1};

static const struct {
    const char *name;
    int priority;
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", LOG_ERR},
    [LOG_LEVEL_WARNING] = {"warning", LOG_WARNING},
    [LOG_LEVEL_INFO] = {"info", LOG_INFO},
};

enum err log_open(const char *program, const char *target)
{
    struct append_file file = {.fd = -1};
    if (target[0] == '/') {
        enum err e = append_file_open(&file, target);
        if (e != ERR_OK)
            return e;
    } else if (strcmp(target, "stderr") != 0 && strcmp(target, "syslog") != 0) {
        return ERR_FILE;
    }
    append_file_close(&sink.file);
    sink.file = file;
    sink.to_syslog = strcmp(target, "syslog") == 0;
    snprintf(sink.program, sizeof sink.program, "%s", program);
    if (sink.to_syslog)
        openlog(sink.program, LOG_PID | LOG_NDELAY, LOG_DAEMON);
    return ERR_OK;
}

/* At most LOG_MAX_VALUE bytes, no character cut in two. */
static void put_text(struct buf *b, struct slice text)
{
    if (text.n <= LOG_MAX_VALUE) {
        buf_json(b, text);
        return;
    }
    char cut[LOG_MAX_VALUE + sizeof CUT_MARK];
    struct buf c = BUF(cut);
    size_t n = LOG_MAX_VALUE;
    for (size_t back = 1; back < 4 && back <= n; back++) {
        size_t whole = utf8_length(slice_skip(text, n - back));
        if (whole > back) {
            n -= back;
            break;
        }
    }
    buf_put(&c, (struct slice){text.p, n});
    buf_puts(&c, CUT_MARK);
    buf_json(b, buf_slice(&c));
}

static void put_field(struct buf *b, const struct log_field *f)
{
    buf_puts(b, ",\"");
    buf_puts(b, f->name);
    buf_puts(b, "\":");
    if (f->is_number)
        buf_number(b, f->number);
    else
        put_text(b, f->text);
}

static void put_fields(struct buf *b, const struct log_field *fields, size_t count)
{
    static const char note[] = ",\"cut\":true}\n"; /* its room is kept free */
    size_t cap = b->cap;
    b->cap = cap - (sizeof note - 1);
    for (size_t i = 0; i < count; i++) {
        if (fields[i].name == NULL || (!fields[i].is_number && fields[i].text.p == NULL))
            continue;
        size_t before = b->n;
        put_field(b, &fields[i]);
        if (b->overflowed) { /* the line stays JSON: this field and what follows is left out */
            b->overflowed = false;
            b->n = before;
            b->cap = cap;
            buf_puts(b, note);
            return;
        }
    }
    b->cap = cap;
    buf_puts(b, "}\n");
}

void log_event(enum log_level level, const char *event, const struct log_field *fields,
               size_t count)
{
    char line[LOG_MAX_LINE] __attribute__((uninitialized)); /* no need to touch all of it */
    struct buf b = BUF(line);
    buf_puts(&b, "{\"time\":\"");
    instant_put(&b, clock_today_ms());
    buf_puts(&b, "\",\"level\":\"");
    buf_puts(&b, levels[level].name);
    buf_puts(&b, "\",\"program\":");
    buf_json(&b, slice_of(sink.program));
    buf_puts(&b, ",\"event\":");
    put_text(&b, slice_of(event));
    put_fields(&b, fields, count);

    if (sink.to_syslog) {
        syslog(levels[level].priority, "%.*s", (int)(b.n - 1), line);
        return;
    }
    /* What cannot be written is lost: there is nowhere left to say so. */
    if (sink.file.fd >= 0)
        append_file_write(&sink.file, buf_slice(&b));
    else
        while (write(STDERR_FILENO, line, b.n) < 0 && errno == EINTR)
            continue;
}
