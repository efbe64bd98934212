#include "outcome.h"

#include "accept.h"

static bool has_word(struct slice text, const char *word)
{
    size_t n = slice_of(word).n;
    for (; text.n >= n; text = slice_skip(text, 1))
        if (slice_is_nocase((struct slice){text.p, n}, word))
            return true;
    return false;
}

static bool is_xml(struct slice media_type)
{
    return has_word(media_type, "xml") && !has_word(media_type, "html");
}

static bool is_json(struct slice media_type)
{
    return has_word(media_type, "json");
}

static bool is_language(struct slice tag, const char *language)
{
    struct slice primary;
    return slice_cut(&tag, '-', &primary) && slice_is_nocase(primary, language);
}

static bool is_spanish(struct slice tag)
{
    return is_language(tag, "es");
}

static bool is_english(struct slice tag)
{
    return is_language(tag, "en");
}

struct outcome_form outcome_negotiate(struct slice format, struct slice accept,
                                      struct slice accept_language)
{
    struct outcome_form form = {0};
    if (is_xml(format) || is_json(format)) {
        form.xml = is_xml(format);
    } else {
        int xml = accept_best(accept, is_xml);
        form.xml = xml > 0 && xml > accept_best(accept, is_json);
    }
    int spanish = accept_best(accept_language, is_spanish);
    form.spanish = spanish > 0 && spanish > accept_best(accept_language, is_english);
    return form;
}

const char *outcome_content_type(struct outcome_form form)
{
    return form.xml ? "application/fhir+xml; charset=utf-8"
                    : "application/fhir+json; charset=utf-8";
}

static void write_json(const struct err_row *row, struct slice text, struct slice diagnostics,
                       struct buf *out)
{
    buf_puts(out,
             "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"error\",\"code\":");
    buf_json(out, slice_of(row->issue));
    buf_puts(out, ",\"details\":{\"text\":");
    buf_json(out, text);
    buf_puts(out, "},\"diagnostics\":");
    buf_json(out, diagnostics);
    buf_puts(out, "}]}\n");
}

static void write_xml(const struct err_row *row, struct slice text, struct slice diagnostics,
                      struct buf *out)
{
    buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                  "<OperationOutcome xmlns=\"http://hl7.org/fhir\"><issue>"
                  "<severity value=\"error\"/><code value=\"");
    buf_xml(out, slice_of(row->issue));
    buf_puts(out, "\"/><details><text value=\"");
    buf_xml(out, text);
    buf_puts(out, "\"/></details><diagnostics value=\"");
    buf_xml(out, diagnostics);
    buf_puts(out, "\"/></issue></OperationOutcome>\n");
}

void outcome_write(enum err why, struct outcome_form form, struct slice detail,
                   struct slice request_id, struct buf *out)
{
    const struct err_row *row = err_row(why);
    char text_space[1024], diagnostics_space[256];
    struct buf text = BUF(text_space), diagnostics = BUF(diagnostics_space);
    buf_puts(&text, form.spanish ? row->text_es : row->text);
    if (detail.n > 0)
        buf_printf(&text, ": %.*s", SLICE_FMT(detail));
    buf_printf(&diagnostics, "request-id: %.*s", SLICE_FMT(request_id));
    if (form.xml)
        write_xml(row, buf_slice(&text), buf_slice(&diagnostics), out);
    else
        write_json(row, buf_slice(&text), buf_slice(&diagnostics), out);
}
